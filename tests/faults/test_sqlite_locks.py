"""Another program that keeps SQLite's write lock: reads go on, and no write waits for ever."""

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import httpx2

from tests.faults.outside import assert_whole, titles, write_lock
from tests.faults.program import CREATE, WAIT_SECONDS, Answer, Program, serving
from tests.sql import Address

BUSY = "another program is writing to the database; try again"
PATIENCE_SECONDS = 5.0
WRITERS = 8


def test_a_lock_held_three_seconds(store_file: Path) -> None:
    """Writes wait and are done, each once; reads are answered meanwhile."""
    with serving(store_file) as program, ThreadPoolExecutor(WRITERS) as threads:
        with write_lock(store_file):
            start = time.monotonic()
            writing = [threads.submit(program.create, f"w{n}") for n in range(WRITERS)]
            while time.monotonic() - start < 3:
                assert_answering(program)
                time.sleep(0.1)
            assert not any(write.done() for write in writing)
        assert all(write.result().body["data"] for write in writing)
        assert program.logged() == []
    assert sorted(titles(store_file)) == [f"w{n}" for n in range(WRITERS)]
    assert_whole(store_file)


NESTED = """mutation ($title: String!) {
  createTask(input: {title: $title, subtasks: [{title: $title}]}) { task { id title } syncToken }
}"""
UNDO = "mutation ($token: SyncToken!) { undo(token: $token) { problems { message } } }"


def test_two_workers_and_another_program(store_file: Path) -> None:
    """Whoever writes in between, each mutation's changes are its own, and it alone is undone."""
    stop = threading.Event()

    def write_outside() -> int:
        count = 0
        while not stop.wait(0.01):
            Address(store_file).execute("INSERT INTO tasks (title) VALUES ('theirs')")
            count += 1
        return count

    def write(writer: int) -> list[tuple[str, str]]:
        """Write through a worker, whichever takes the connection, every other write nested."""
        tokens = []
        with httpx2.Client(base_url=program.url, timeout=WAIT_SECONDS) as http:
            for n in range(10):
                query, title = (NESTED, CREATE)[n % 2], f"w{writer} {n}"
                body = {"query": query, "variables": {"title": title}}
                data = http.post("/graphql", json=body).json()["data"]["createTask"]
                assert data["task"]["title"] == title
                tokens.append((title, data.get("syncToken", "")))
        return tokens

    with serving(store_file, "--workers", "2") as program, ThreadPoolExecutor(9) as threads:
        outside = threads.submit(write_outside)
        tokens = dict(chain(*threads.map(write, range(8))))
        stop.set()
        assert program.graphql(UNDO, {"token": tokens["w3 4"]}).body["data"]["undo"] == {
            "problems": []
        }
        assert program.logged() == []
    written = Counter(titles(store_file))
    assert written.pop("theirs") == outside.result()
    assert written == {
        title: 1 + (token != "") for title, token in tokens.items() if title != "w3 4"
    }
    logged = Address(store_file).fetch(
        "SELECT mutation_id, json_group_array(after ->> '$.title') FROM changes"
        " WHERE before IS NULL GROUP BY mutation_id ORDER BY mutation_id"
    )
    (nobody, theirs), *ours = logged
    assert (nobody, set(json.loads(theirs))) == (None, {"theirs"})
    assert sorted(json.loads(made) for _, made in ours) == sorted(
        [title] * (1 + (token != "")) for title, token in tokens.items()
    )
    assert_whole(store_file)


def test_a_lock_held_twenty_seconds(store_file: Path) -> None:
    """Writes are SERVICE_UNAVAILABLE after their patience, retryable and not done; later they are.

    How many wait makes no difference.
    """
    refused = 0
    with serving(store_file) as program, ThreadPoolExecutor(WRITERS) as threads:
        with write_lock(store_file):
            start = time.monotonic()
            while time.monotonic() - start < 20:
                writing = [threads.submit(program.create, f"r{n}") for n in range(WRITERS)]
                while not all(write.done() for write in writing):
                    assert_answering(program)
                    time.sleep(0.1)
                for write in writing:
                    assert_refused(write.result())
                    refused += 1
        assert program.create("after").body["data"]
        assert len(program.logged()) == refused
        assert all(BUSY in line for line in program.logged())
    assert titles(store_file) == ["after"]
    assert_whole(store_file)


def assert_refused(answer: Answer) -> None:
    assert answer.body["data"] is None
    assert answer.error["message"] == BUSY
    assert answer.error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryable": True}
    assert answer.seconds < PATIENCE_SECONDS + 2


def assert_answering(program: Program) -> None:
    assert program.is_alive()
    tasks = program.graphql("{ tasks { id } }")
    assert (tasks.body, tasks.seconds < 1) == ({"data": {"tasks": []}}, True)
