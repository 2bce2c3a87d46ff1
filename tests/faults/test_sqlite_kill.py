"""kill -9 under concurrent writers, again and again."""

import os
import random
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.faults.outside import assert_whole
from tests.faults.program import Program, serving, until
from tests.sql import Address

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "5"))
"""A longer run is FAULT_ROUNDS=500 pytest tests/faults/test_sqlite_kill.py."""

WRITERS = 8

UPDATE = "mutation($id: ID!, $title: String!) { updateTask(id: $id, input: {title: $title}) %s }"
DELETE = "mutation($id: ID!) { deleteTask(id: $id) { problems { message } } }"
CREATE = "mutation($tasks: [CreateTaskInput!]!) { createTasks(input: $tasks) %s }"
SHOWN = {"updateTask": "{ task { id title } }", "createTasks": "{ tasks { id title } }"}


@dataclass
class Writer:
    """Writes tasks of its own, and knows what was acknowledged, and what perhaps was done."""

    name: str
    random: random.Random
    acknowledged: dict[str, str | None] = field(default_factory=dict)
    """For each id its title, None where it is deleted."""
    doubtful: tuple[str | None, str | None] | None = None
    """The id and title of a write that was not answered; an id of None is one that is not known."""
    attempts: int = 0

    def write_until_gone(self, url: str) -> None:
        """Write until the server is there no more."""
        with httpx2.Client(timeout=20) as http:
            while True:
                try:
                    self._write(http, url)
                except httpx2.TransportError:
                    return

    def _write(self, http: httpx2.Client, url: str) -> None:
        self.attempts += 1
        title = f"{self.name} {self.attempts}"
        alive = [row_id for row_id, stored in self.acknowledged.items() if stored is not None]
        kind = self.random.choice(("create", "rest", "update", "delete")) if alive else "create"
        row_id = self.random.choice(alive) if kind in {"update", "delete"} else None
        self.doubtful = (row_id, None if kind == "delete" else title)
        if kind == "rest":
            created = http.post(f"{url}/tasks/", json={"title": title}).json()
            self.acknowledged[str(created["id"])] = title
        elif kind == "create":
            inputs = [{"title": title, "subtasks": [{"title": f"under {title}"}]}]
            answer = self._post(http, url, CREATE % SHOWN["createTasks"], {"tasks": inputs})
            (task,) = answer["createTasks"]["tasks"]
            self.acknowledged[task["id"]] = title
        elif kind == "update":
            answer = self._post(
                http, url, UPDATE % SHOWN["updateTask"], {"id": row_id, "title": title}
            )
            self.acknowledged[str(row_id)] = answer["updateTask"]["task"]["title"]
        else:
            self._post(http, url, DELETE, {"id": row_id})
            self.acknowledged[str(row_id)] = None
        self.doubtful = None

    def _post(
        self, http: httpx2.Client, url: str, query: str, variables: dict[str, Any]
    ) -> dict[str, Any]:
        body = http.post(f"{url}/graphql", json={"query": query, "variables": variables}).json()
        assert "errors" not in body, body
        return dict(body["data"])

    def check(self, stored: dict[str, str]) -> None:
        """Compare what was acknowledged with what is there; what was in doubt is settled."""
        expected = {row_id: title for row_id, title in self.acknowledged.items() if title}
        found = {
            row_id: title for row_id, title in stored.items() if title.startswith(f"{self.name} ")
        }
        if self.doubtful is not None and found != expected:
            row_id, title = self.doubtful
            if row_id is None:
                (row_id,) = found.keys() - expected.keys()
            self.acknowledged[row_id] = title
            expected = {row_id: title for row_id, title in self.acknowledged.items() if title}
        self.doubtful = None
        assert found == expected


def write_outside(address: Address, stop: threading.Event) -> None:
    """Write as another program does, until told to stop."""
    while not stop.wait(0.005):
        address.execute("INSERT INTO tasks (title) VALUES ('outside')")


TITLE = "coalesce(after, before) ->> '$.title'"


def assert_told_apart(address: Address) -> None:
    """Check whose each change is: the other program's nobody's, and one create's one mutation's."""
    theirs = f"{TITLE} = 'outside'"
    assert address.fetch(f"SELECT id FROM changes WHERE {theirs} <> (mutation_id IS NULL)") == []
    created = (
        f"SELECT mutation_id, {TITLE} FROM changes"
        " WHERE before IS NULL AND mutation_id IS NOT NULL ORDER BY id"
    )
    mutations: dict[int, list[str]] = {}
    for mutation, title in address.fetch(created):
        mutations.setdefault(mutation, []).append(title)
    assert mutations
    for title, *others in mutations.values():
        assert others in ([], [f"under {title}"])


def kill_under_writers(program: Program, writers: list[Writer], enough: int) -> None:
    """Let everybody write, and kill the server when they have begun so many writes."""
    before = sum(writer.attempts for writer in writers)
    stop = threading.Event()
    threads = [
        threading.Thread(target=writer.write_until_gone, args=(program.url,)) for writer in writers
    ]
    threads.append(threading.Thread(target=write_outside, args=(Address(program.path), stop)))
    for thread in threads:
        thread.start()
    until(lambda: sum(writer.attempts for writer in writers) - before >= enough)
    program.kill()
    stop.set()
    for thread in threads:
        thread.join()


def test_every_acknowledged_write_is_there(store_file: Path) -> None:
    """After each kill what was acknowledged is there, the file whole, log and index are right."""
    chance = random.Random(7)
    writers = [Writer(f"w{n}", random.Random(n)) for n in range(WRITERS)]
    for _ in range(ROUNDS):
        with serving(store_file) as program:
            kill_under_writers(program, writers, enough=chance.randint(20, 150))
        assert_whole(store_file)  # before any server has it open again
        assert_told_apart(Address(store_file))
        rows = Address(store_file).fetch("SELECT CAST(id AS TEXT), title FROM tasks")
        for writer in writers:
            writer.check(dict(rows))
    assert sum(len(writer.acknowledged) for writer in writers) > ROUNDS * WRITERS
