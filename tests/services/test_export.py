"""Export: every task, exactly, from one snapshot, in a file that is whole or not there."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from gql_tasks.services import exporting
from gql_tasks.store import postgresql_connections, whole_rows
from gql_tasks.store.address import open_database
from gql_tasks.store.sqlite_driver import sqlite3
from tests import sql
from tests.conftest import SEED
from tests.services.moving import exported, gql_tasks, imported
from tests.sql import Address
from tests.test_cli import ENVIRONMENT

T = "2026-01-31T08:00:00.000Z"
ROWS = (
    f"""
    INSERT INTO projects
        (id, name, color, position, archived_at, version, created_at, updated_at)
    VALUES (3, 'House', '#ff8800', 'a1', '{T}', 4, '{T}', '{T}')
    """,
    f"""
    INSERT INTO labels (id, name, version, created_at, updated_at)
    VALUES (7, 'a, b', 1, '{T}', '{T}')
    """,
    f"""
    INSERT INTO tasks (id, title, description, completed, completed_at, priority, due_on, start_on,
        position, project_id, created_at, updated_at)
    VALUES (5, 'Fence', 'Two\nlines', true, '{T}', 4, '2026-02-03', '2026-02-01',
        'a2', 3, '{T}', '{T}')
    """,
    f"""
    INSERT INTO tasks (id, title, due_at, position, parent_id, created_at, updated_at)
    VALUES (6, '=1+1, "x"', '{T}', 'a1', 5, '{T}', '{T}')
    """,
    "INSERT INTO task_labels (task_id, label_id) VALUES (6, 7)",
    f"UPDATE tasks SET updated_at = '{T}' WHERE id = 6",
)
JSON_LINES = (SEED / "export.jsonl").read_bytes()
CSV = (SEED / "export.csv").read_bytes()


def test_json_lines(address: Address) -> None:
    """A header, then projects, labels and tasks by id, every member in its order, NULL as null."""
    address.execute(*ROWS)
    assert exported(address) == JSON_LINES


def test_csv(address: Address) -> None:
    """A table has a row a task, in the order made by hand, with names; texts are as they are."""
    address.execute(*ROWS)
    assert exported(address, "--format", "csv") == CSV


def test_nothing_to_export(address: Address) -> None:
    """An empty store is a header."""
    header = b'{"format":"gql_tasks","version":1,"projects":0,"labels":0,"tasks":0}\n'
    assert exported(address) == header


def test_file(address: Address, tmp_path: Path) -> None:
    """A file takes the place of the one before it, and the command says what is in it."""
    address.execute(*ROWS)
    file = tmp_path / "tasks.jsonl"
    file.write_text("before")
    done = gql_tasks("export", address, str(file))
    assert done.output == f"Wrote 1 project, 1 label and 2 tasks to {file}.\n"
    assert file.read_bytes() == JSON_LINES
    assert not [*tmp_path.glob("*.part")]


def test_file_that_cannot_be_written(address: Address, tmp_path: Path) -> None:
    """Where a file cannot be written, one line says why."""
    done = gql_tasks("export", address, str(tmp_path / "none" / "tasks.jsonl"))
    message = f"gql-tasks: {tmp_path}/none/tasks.jsonl: No such file or directory"
    assert (done.code, done.output, done.errors) == (1, "", [message])


def test_link(address: Address, tmp_path: Path) -> None:
    """A link stays a link, and the file that it leads to is written."""
    (tmp_path / "there").mkdir()
    link = tmp_path / "link.jsonl"
    link.symlink_to("there/tasks.jsonl")
    address.execute(*ROWS)
    assert gql_tasks("export", address, str(link)).code == 0
    assert link.is_symlink()
    assert (tmp_path / "there" / "tasks.jsonl").read_bytes() == JSON_LINES
    assert [*(tmp_path / "there").iterdir()] == [tmp_path / "there" / "tasks.jsonl"]


def test_pipe_with_a_name(address: Address, tmp_path: Path) -> None:
    """A pipe, as a device would, gets what is written, and is not replaced by a file."""
    address.execute(*ROWS)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with command(address, str(pipe)) as process:
        assert pipe.read_bytes() == JSON_LINES
        said = b"Wrote 1 project, 1 label and 2 tasks to %b.\n" % bytes(pipe)
        assert process.communicate() == (said, b"Exporting\n")
    assert pipe.is_fifo()
    assert not [*tmp_path.glob("*.part")]


def command(
    address: Address, *arguments: str, stdout: int | IO[bytes] = subprocess.PIPE, **options: Any
) -> subprocess.Popen[bytes]:
    """Start an export as a process of its own."""
    words = [sys.executable, "-m", "gql_tasks", "export", "--database", address, *arguments]
    return subprocess.Popen(
        words, stdout=stdout, stderr=subprocess.PIPE, env=ENVIRONMENT, **options
    )


def test_reader_that_goes_away(address: Address) -> None:
    """Whoever has read enough, as `head` has, ends an export without a word."""
    address.execute(f"INSERT INTO tasks (title, description) VALUES ('x', '{'x' * 1_000_000}')")
    with command(address) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b'{"format":"gql_tasks"')
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_stdout_that_takes_nothing(address: Address) -> None:
    """Where stdout is full, or closed, one line says so."""
    with Path("/dev/full").open("wb") as full, command(address, stdout=full) as process:
        ended = process.communicate()
        assert ended == (None, b"gql-tasks: stdout: No space left on device\n")
    assert process.returncode == 1
    with command(address, preexec_fn=partial(os.close, 1)) as process:
        assert process.communicate() == (b"", b"gql-tasks: stdout is closed\n")
    assert process.returncode == 1


def test_reader_who_takes_his_time(
    address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An export waits for its reader for longer than a transaction may otherwise be idle."""
    monkeypatch.setattr(postgresql_connections, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(whole_rows, "PAGE", 1)
    # More than fits into a pipe that nobody reads.
    long = f"INSERT INTO tasks (title, description) VALUES ('x', '{'x' * 100_000}')"
    address.execute(long, long, long)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    def read_late() -> bytes:
        with pipe.open("rb") as file:
            time.sleep(0.5)
            return file.read()

    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(read_late)
        done = gql_tasks("export", address, str(pipe))
    assert (done.code, done.errors) == (0, [])
    assert reading.result() == exported(address)


def test_file_stays_where_an_export_fails(
    address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task too long to be read again is told, and what was in the file before stays."""
    address.execute(
        "INSERT INTO tasks (id, title) VALUES (1, 'short')",
        f"INSERT INTO tasks (id, title) VALUES (2, '{'x' * 500}')",
    )
    monkeypatch.setattr(exporting, "MAX_BYTES", 500)
    file = tmp_path / "tasks.jsonl"
    file.write_text("before")
    done = gql_tasks("export", address, str(file))
    assert done.code == 1
    (error,) = done.errors
    assert error.startswith("gql-tasks: task 2 would be a line of ")
    assert error.endswith(" bytes, and 500 are as many as can be read")
    assert file.read_text() == "before"
    assert not [*tmp_path.glob("*.part")]


def test_store_that_is_not_there(tmp_path: Path) -> None:
    """An export makes no store, and migrates none."""
    missing = tmp_path / "missing.db"
    done = gql_tasks("export", str(missing))
    assert (done.code, done.output, len(done.errors)) == (1, "", 1)
    assert not missing.exists()


def test_tutorial_file_is_left_as_it_was(tutorial_file: Path) -> None:
    """A store that has to be migrated is not exported, and stays as it was to the byte."""
    before = tutorial_file.read_bytes()
    assert gql_tasks("export", str(tutorial_file)).code == 1
    assert tutorial_file.read_bytes() == before


def test_is_one_snapshot(address: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others write while an export is under way is not in it, and they do not wait for it."""
    monkeypatch.setattr(whole_rows, "PAGE", 100)
    titles = ", ".join(f"('task {number}')" for number in range(1200))
    address.execute(f"INSERT INTO tasks (title) VALUES {titles}")
    told: list[int] = []

    def write(done: int, total: int) -> None:
        told.append(done)
        assert total == 1200
        address.execute("UPDATE tasks SET title = 'x'", "INSERT INTO tasks (title) VALUES ('new')")

    async def export() -> None:
        database = open_database(str(address))
        try:
            await exporting.export(database, str(tmp_path / "tasks.jsonl"), "jsonl", write)
        finally:
            await database.close()

    sql.run(export)
    rows = [json.loads(line) for line in (tmp_path / "tasks.jsonl").read_text().splitlines()]
    assert told == [0, 500, 1000, 1200]
    assert [row["title"] for row in rows[1:]] == [f"task {number}" for number in range(1200)]
    assert address.fetch("SELECT count(*) FROM tasks") == [(1204,)]


ODD = {
    "title = x'4344'": {"title": "CD"},
    "title = CAST(x'41FF42' AS TEXT)": {"title": "A\ufffdB"},
    "title = 'a' || char(0) || 'b'": {"title": "a\0b"},
    "title = ''": {"title": ""},
    "title = NULL": {"title": None},
    "description = '\\u0000'": {"description": "\\u0000"},
    "completed = 2": {"completed": True},
    "completed = 'yes'": {"completed": False},
    "completed = NULL": {"completed": None},
    "version = 'seven'": {"version": 0},
    "version = 9e999": {"version": 2**63 - 1},
    "priority = 2.5": {"priority": "MEDIUM"},
    "created_at = '2026-01-31 08:00:00'": {"createdAt": T},
    "created_at = '2026-01-31T09:00:00.0009+01:00'": {"createdAt": T},
    "created_at = '1970-01-01T00:00:00.000Z'": {"createdAt": "1970-01-01T00:00:00.000Z"},
    "updated_at = 'lately'": {"updatedAt": "lately"},
    "completed_at = '20260131T080000Z'": {"completedAt": T},
    "due_on = '20260131'": {"dueOn": "2026-01-31"},
    "due_on = 'tomorrow'": {"dueOn": "tomorrow"},
    "due_at = '2026-01-31'": {"dueAt": "2026-01-31T00:00:00.000Z"},
    "start_on = '0000-00-00'": {"startOn": "0000-00-00"},
    "position = x'6131'": {"position": "a1"},
    "position = 'not an index'": {"position": "not an index"},
    "project_id = 99": {"projectId": None},
    "project_id = 'x'": {"projectId": None},
    "parent_id = 99": {"parentId": None},
    "parent_id = 1": {"parentId": "1"},
    "parent_id = 2": {"parentId": "2"},
}


@pytest.mark.parametrize("change", ODD)
def test_odd_values_of_other_programs(tmp_path: Path, change: str) -> None:
    """SQLite keeps anything anywhere; it is written as the API shows it, and imported it stays so.

    NULLs stay NULL, and moments that can be read are spelled in one way.
    """
    path = Address(str(tmp_path / "odd.db"))
    assert gql_tasks("import", path, "-", given=NOTHING).code == 0
    with closing(sqlite3.connect(path)) as connection:
        # The triggers are set aside: they would take the value for a change and stamp the row.
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(
            f"INSERT INTO tasks (id, title, position, created_at, updated_at)"
            f" VALUES (1, 'a', 'a1', '{T}', '{T}'), (2, 'b', 'a2', '{T}', '{T}')"
        )
        connection.execute(f"UPDATE tasks SET {change} WHERE id = 1")
        connection.execute("INSERT INTO task_labels (task_id, label_id) VALUES (1, 99), (99, 1)")
        connection.commit()
    first = exported(path)
    task = json.loads(first.splitlines()[1])
    assert {name: task[name] for name in ODD[change]} == ODD[change]
    assert task["labelIds"] == []
    (tmp_path / "odd.jsonl").write_bytes(first)
    imported(tmp_path / "other.db", tmp_path / "odd.jsonl")
    assert exported(tmp_path / "other.db") == first


NOTHING = b'{"format":"gql_tasks","version":1,"projects":0,"labels":0,"tasks":0}\n'


def test_what_could_not_be_written_is_told(tmp_path: Path) -> None:
    """Bytes that are no text, and what leads nowhere, are counted on stderr."""
    path = Address(str(tmp_path / "odd.db"))
    assert gql_tasks("import", path, "-", given=NOTHING).code == 0
    path.execute(
        "INSERT INTO tasks (title, project_id) VALUES (CAST(x'41FF42' AS TEXT), 99)",
        "INSERT INTO tasks (title, project_id) VALUES ('b', 99)",
    )
    done = gql_tasks("export", path, str(tmp_path / "odd.jsonl"))
    assert (done.code, done.errors) == (
        0,
        [
            "  references to rows that are not there, left out: 2",
            "  texts with U+FFFD, which is written for bytes that are no text: 1",
        ],
    )


def test_position_that_is_empty(address: Address) -> None:
    """A position that another program emptied is the one that a row gets which is given none."""
    address.execute("INSERT INTO tasks (id, title) VALUES (12, 'a')")
    address.execute("UPDATE tasks SET position = '' WHERE id = 12")
    assert json.loads(exported(address).splitlines()[1])["position"] == "b12"
