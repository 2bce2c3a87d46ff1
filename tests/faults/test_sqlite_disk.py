"""SQLite on a disk that fails: full, read-only, unable to sync, gone bad."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gql_tasks.store.sqlite_driver import sqlite3
from tests.faults.outside import assert_whole, damage, titles
from tests.faults.program import (
    DISK_FULL,
    READ_ONLY,
    SYNC_FAILS,
    SYNC_TAKES,
    Faults,
    Program,
    serving,
)

FULL = "the database's disk is full; nothing was written"
UNREADABLE = "the database's file cannot be read or written now; try again"
UNCONFIRMED = "the disk did not confirm the write, which may be there after a restart; try again"
DAMAGED = "the database is damaged, and this cannot be read or written"

TITLES = "{ tasks { title } }"
FIRST = {"data": {"task": {"title": "fast 0"}}}


def titled(*names: str) -> dict[str, Any]:
    """Shape the answer of TITLES."""
    return {"data": {"tasks": [{"title": name} for name in names]}}


def assert_told(program: Program, messages: list[str]) -> None:
    """Check that each failure has one line of log, with its message and none of the SQL."""
    lines = program.logged()
    assert len(lines) == len(messages), lines
    for line, message in zip(lines, messages, strict=True):
        assert message in line
        assert "INSERT" not in line
        assert "SELECT" not in line


@pytest.mark.parametrize(
    ("fault", "code", "message", "status"),
    [
        (DISK_FULL, "STORE_FULL", FULL, 507),
        (READ_ONLY, "SERVICE_UNAVAILABLE", UNREADABLE, 503),
        (SYNC_FAILS, "SERVICE_UNAVAILABLE", UNCONFIRMED, 503),
    ],
    ids=["full", "read-only", "sync"],
)
def test_a_disk_that_takes_no_writes(
    store_file: Path, faults: Faults, fault: dict[str, int], code: str, message: str, status: int
) -> None:
    """Writes are refused with a code, and not done; reads go on; then all is as it was."""
    with serving(store_file, faults=faults) as program:
        program.create("before")
        for _ in range(3):  # on a thread, and on the loop
            program.graphql(TITLES)
        descriptors = program.descriptors()
        with faults.injected(**fault):
            for n in range(20):
                refused = program.create(f"refused {n}")
                assert refused.body["data"] is None
                assert refused.error["message"] == message
                assert refused.error["path"] == ["createTask"]
                assert refused.error["extensions"] == {"code": code, "retryable": True}
            rest = program.request("POST", "/tasks/", json={"title": "refused"})
            assert (rest.status, rest.body) == (status, {"detail": message, "code": code})
            assert rest.headers["retry-after"] == "1"
            assert program.graphql(TITLES).body == titled("before")
            assert program.is_alive()
        assert program.create("after").body["data"]["createTask"]["task"]["title"] == "after"
        assert program.graphql(TITLES).body == titled("before", "after")
        assert program.descriptors() == descriptors
        assert_told(program, [message] * 21)
        program.kill()
    assert titles(store_file) == ["before", "after"]
    assert_whole(store_file)


def test_a_disk_that_is_full_for_many(store_file: Path, faults: Faults) -> None:
    """Of those that are committed together each is told, and none is done."""
    with serving(store_file, faults=faults) as program, ThreadPoolExecutor(16) as threads:
        for n in range(3):
            program.create(f"before {n}")
        with faults.injected(**DISK_FULL):
            for refused in threads.map(program.create, ["refused"] * 48):
                assert refused.error["message"] == FULL
        made = [answer.body["data"] for answer in threads.map(program.create, ["after"] * 48)]
        ids = sorted(int(data["createTask"]["task"]["id"]) for data in made)
        assert ids == list(range(4, 52))
        assert_told(program, [FULL] * 48)
        program.kill()
    assert titles(store_file) == ["before 0", "before 1", "before 2", *["after"] * 48]
    assert_whole(store_file)


def test_a_disk_that_is_slow(store_file: Path, faults: Faults) -> None:
    """Commits wait for it where nobody waits for them, but for the one that shows that it is slow.

    Whoever writes meanwhile is in the next commit, each once.
    """
    with serving(store_file, faults=faults) as program, ThreadPoolExecutor(8) as threads:
        for n in range(3):  # whose commits are fast, the last on the loop
            program.create(f"fast {n}")
            program.graphql(TITLES)
        with faults.injected(**SYNC_TAKES):
            program.create("shows")
            writes = [threads.submit(program.create, "slow") for _ in range(8)]
            answered = 0
            while not all(write.done() for write in writes):
                assert program.graphql("{ task(id: 1) { title } }").body == FIRST
                answered += 1
        assert answered > 20
        ids = sorted(
            int(write.result().body["data"]["createTask"]["task"]["id"]) for write in writes
        )
        assert ids == list(range(5, 13))
        assert program.logged() == []
        program.kill()
    assert titles(store_file) == ["fast 0", "fast 1", "fast 2", "shows", *["slow"] * 8]
    assert_whole(store_file)


def test_a_write_that_was_not_confirmed(store_file: Path, faults: Faults) -> None:
    """Sent again with its clientMutationId after a failed sync and a kill, it is there once."""
    named = CREATE_NAMED.format(title="unconfirmed", name="once")
    with serving(store_file, faults=faults) as program, faults.injected(**SYNC_FAILS):
        assert program.graphql(named).error["message"] == UNCONFIRMED
        assert program.graphql(TITLES).body == titled()
        program.kill()
    with serving(store_file) as program:
        answer = program.graphql(named)
        assert answer.body["data"]["createTask"]["task"] == {"title": "unconfirmed"}
    assert titles(store_file) == ["unconfirmed"]
    assert_whole(store_file)


CREATE_NAMED = (
    'mutation {{ createTask(clientMutationId: "{name}", input: {{title: "{title}"}})'
    " {{ task {{ title }} }} }}"
)


def test_a_damaged_table(store_file: Path) -> None:
    """What stands in damaged pages is STORE_DAMAGED; other tables are read and written."""
    with serving(store_file) as program:
        program.create("lost")
        program.graphql('mutation { createProject(input: {name: "kept"}) { project { id } } }')
    damage(store_file, "tasks")
    with serving(store_file) as program:
        for _ in range(3):
            for answer in (program.graphql(TITLES), program.create("refused")):
                assert answer.error["message"] == DAMAGED
                assert answer.error["extensions"] == {"code": "STORE_DAMAGED"}
        rest = program.request("GET", "/tasks/")
        assert (rest.status, rest.body) == (500, {"detail": DAMAGED, "code": "STORE_DAMAGED"})
        assert "retry-after" not in rest.headers
        made = program.graphql('mutation { createLabel(input: {name: "new"}) { label { name } } }')
        assert made.body == {"data": {"createLabel": {"label": {"name": "new"}}}}
        projects = program.graphql("{ projects { name } labels { name } }")
        assert projects.body["data"] == {
            "projects": [{"name": "kept"}],
            "labels": [{"name": "new"}],
        }
        assert program.is_alive()
        assert_told(program, [DAMAGED] * 7)


def test_a_damaged_search_index(store_file: Path) -> None:
    """A search in a damaged index is STORE_DAMAGED; all else is read."""
    with serving(store_file) as program:
        program.create("found by id")
    damage(store_file, "tasks_search_data")
    with serving(store_file) as program:
        found = program.graphql('{ tasksConnection(search: "found") { totalCount } }')
        assert found.error["extensions"] == {"code": "STORE_DAMAGED"}
        assert program.graphql(TITLES).body == titled("found by id")
        assert_told(program, [DAMAGED])


def test_a_damaged_header(store_file: Path) -> None:
    """A file whose first page was overwritten while it is served is told of, and not written."""
    with serving(store_file) as program:
        program.create("before")
        with closing(sqlite3.connect(store_file)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with store_file.open("r+b") as file:
            file.write(b"not a database at all")
        stored = store_file.read_bytes()
        for answer in (program.graphql("{ labels { name } }"), program.create("refused")):
            assert answer.error["extensions"]["code"] in {"STORE_DAMAGED", "SERVICE_UNAVAILABLE"}
        assert program.is_alive()
        program.kill()
    assert store_file.read_bytes() == stored
