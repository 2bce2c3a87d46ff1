"""Import: every format, all or nothing, and what comes of it is exactly what was in the file."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.services import import_writing, importing
from gql_tasks.services.formats import source
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from tests.change_log import log_of, replayed, world_of
from tests.conftest import SEED, Server, serve
from tests.services.moving import everything, exported, gql_tasks, imported, refused
from tests.sql import Address

T = "2026-01-31T08:00:00.000Z"
STAMPS = {"version": 1, "createdAt": T, "updatedAt": T}
PROJECT = {"type": "project", "id": "3", "name": "House", "color": None, "position": "a0"}
PROJECT |= {"archivedAt": None} | STAMPS
LABEL = {"type": "label", "id": "7", "name": "next", "color": None} | STAMPS
TASK = {
    "type": "task",
    "id": "5",
    "title": "Fence",
    "description": "",
    "completed": False,
    "completedAt": None,
    "priority": "NONE",
    "dueOn": None,
    "dueAt": None,
    "startOn": None,
    "position": "a0",
    "projectId": None,
    "parentId": None,
    "labelIds": [],
} | STAMPS


def json_lines(*rows: dict[str, Any]) -> bytes:
    """Write the file that an export of these rows would be."""
    kinds = [row["type"] for row in rows]
    header = {"format": "gql_tasks", "version": 1}
    header |= {f"{kind}s": kinds.count(kind) for kind in ("project", "label", "task")}
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in (header, *rows)]
    return "".join(f"{line}\n" for line in lines).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file to be imported."""
    return tmp_path / "tasks.jsonl"


@pytest.fixture
def other(tmp_path: Path) -> Address:
    """Another store, on SQLite, that is not there yet."""
    return Address(str(tmp_path / "other.db"))


# The same bytes again


def there_and_back(first: bytes, address: Address, tmp_path: Path) -> None:
    """Import an export, export that, import this to another store, and compare all the bytes."""
    (tmp_path / "first.jsonl").write_bytes(first)
    imported(address, tmp_path / "first.jsonl")
    second = exported(address)
    assert second == first
    assert replayed(log_of(address)) == world_of(address)
    (tmp_path / "second.jsonl").write_bytes(second)
    imported(tmp_path / "last.db", tmp_path / "second.jsonl")
    assert exported(str(tmp_path / "last.db")) == first


def test_demo_stays_the_same(address: Address, other: Address, tmp_path: Path) -> None:
    """Of a store with a bit of everything, an export imported on either database is the same."""
    assert gql_tasks("demo", other, "--tasks", "1200").code == 0
    # Ids with gaps, versions and moments that nobody would make up.
    other.execute(
        "DELETE FROM tasks WHERE id % 7 = 0",
        "UPDATE tasks SET title = title || '!' WHERE id % 5 = 0",
        "UPDATE tasks SET parent_id = id + 5 WHERE id % 31 = 1 AND id < 1000",
    )
    there_and_back(exported(other), address, tmp_path)


TUTORIAL_IDS = ["1", "2", "3", "4", "5", "7", "9", "12", "40", "41", "4294967296"]


def test_tutorial_file_stays_the_same(address: Address, tmp_path: Path) -> None:
    """NULLs, an empty title, 70,000 characters, a large id: the tutorial's rows, on either."""
    original = Address(shutil.copy(SEED / "tutorial_tasks.db", tmp_path / "tutorial.db"))
    assert gql_tasks("migrate", original).code == 0
    first = exported(original)
    rows = [json.loads(line) for line in first.splitlines()]
    assert [row["id"] for row in rows[1:]] == TUTORIAL_IDS
    assert (rows[6]["title"], rows[6]["description"], rows[6]["completed"]) == (None, None, None)
    assert [row["id"] for row in rows[1:] if row["completed"] and not row["completedAt"]] == [
        "2",
        "5",
        "9",
        "40",
    ]
    there_and_back(first, address, tmp_path)
    texts = "SELECT id, title, description FROM tasks ORDER BY id"
    assert address.fetch(texts) == original.fetch(texts)


IDS = st.integers(1, 2**63 - 2) | st.integers(1, 40) | st.integers(-5, -1)
TEXTS = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(timespec="milliseconds") + "Z")
MOMENTS |= st.just("1970-01-01T00:00:00.000Z")
DAYS = st.dates().map(str)
ALL_STAMPS = {"version": st.integers(1, 2**30), "createdAt": MOMENTS, "updatedAt": MOMENTS}
POSITIONS = TEXTS.filter(bool)


@st.composite
def stores(draw: st.DrawFn) -> bytes:
    """Make the export of a store with rows of every kind."""

    def rows(kind: str, size: int, **members: st.SearchStrategy[Any]) -> list[dict[str, Any]]:
        ids = sorted(draw(st.lists(IDS, unique=True, max_size=size)))
        drawn = [draw(st.fixed_dictionaries(members)) for _ in ids]
        return [
            {"type": kind, "id": str(row_id)} | {name: row[name] for name in members}
            for row_id, row in zip(ids, drawn, strict=True)
        ]

    named = {"name": TEXTS, "color": st.none() | TEXTS}
    placed = {"position": POSITIONS, "archivedAt": st.none() | MOMENTS}
    projects = rows("project", 3, **named, **placed, **ALL_STAMPS)
    labels = rows("label", 4, **named, **ALL_STAMPS)
    label_ids = st.lists(st.sampled_from([row["id"] for row in labels] or [""]), unique=True)
    tasks = rows(
        "task",
        8,
        title=st.none() | TEXTS,
        description=st.none() | TEXTS,
        completed=st.none() | st.booleans(),
        completedAt=st.none() | MOMENTS,
        priority=st.sampled_from(["NONE", "LOW", "MEDIUM", "HIGH", "URGENT"]),
        dueOn=st.none() | DAYS,
        dueAt=st.none() | MOMENTS,
        startOn=st.none() | DAYS,
        position=POSITIONS,
        projectId=st.sampled_from([None, *(row["id"] for row in projects)]),
        parentId=st.none(),
        labelIds=label_ids.map(lambda ids: sorted(ids, key=int)) if labels else st.just([]),
        **ALL_STAMPS,
    )
    for task in tasks:
        task["dueAt"] = None if task["dueOn"] else task["dueAt"]
        task["parentId"] = draw(st.sampled_from([None, *(row["id"] for row in tasks)]))
    return json_lines(*projects, *labels, *tasks)


EMPTY = tuple(
    f"DELETE FROM {table}" for table in ("task_labels", "tasks", "labels", "projects", "changes")
)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=stores())
def test_any_store_stays_the_same(address: Address, file: Path, content: bytes) -> None:
    """Whatever is in the columns, circles of subtasks too, it stays the same, and is logged."""
    address.execute("UPDATE tasks SET parent_id = NULL", *EMPTY)
    file.write_bytes(content)
    imported(address, file)
    assert exported(address) == content
    assert replayed(log_of(address)) == world_of(address)


def test_is_one_mutation(address: Address, file: Path) -> None:
    """The rows are in the log as inserts, all of one mutation; on SQLite an entry a row."""
    file.write_bytes(json_lines(PROJECT, LABEL, TASK | {"projectId": "3", "labelIds": ["7"]}))
    imported(address, file)
    assert address.fetch("SELECT count(DISTINCT mutation_id) FROM changes") == [(1,)]
    entries = [(entry.entity, entry.id) for entry in log_of(address) if entry.before is None]
    assert entries == [("PROJECT", 3), ("LABEL", 7), ("TASK", 5)]
    if address.is_sqlite:
        assert len(log_of(address)) == 3


def test_next_rows_get_the_next_ids(address: Address, file: Path) -> None:
    """What is written after an import gets ids after those of the file, and is found by search."""
    file.write_bytes(json_lines(PROJECT, LABEL, TASK, TASK | {"id": "-4"}))
    imported(address, file)
    address.execute(
        "INSERT INTO projects (name) VALUES ('b')",
        "INSERT INTO labels (name) VALUES ('b')",
        "INSERT INTO tasks (title) VALUES ('b')",
        "DELETE FROM labels WHERE id = 8",
        "INSERT INTO labels (name) VALUES ('c')",
    )
    newest = [address.fetch(f"SELECT max(id) FROM {name}")[0][0] for name in ("projects", "tasks")]
    assert newest == [4, 6]
    assert address.fetch("SELECT id FROM labels ORDER BY id") == [(7,), (9,)]


def test_nul_character(address: Address, file: Path) -> None:
    """SQLite keeps a NUL character that was in it; PostgreSQL has none, and says so by line."""
    file.write_bytes(json_lines(TASK | {"title": "a\0b", "description": "\\u0000"}))
    if address.is_sqlite:
        imported(address, file)
        assert json.loads(exported(address).splitlines()[1])["title"] == "a\0b"
    else:
        assert refused(address, file) == [
            'line 2: title "a\0b" holds a NUL character (U+0000), which PostgreSQL does not keep'
        ]


UNHELD = {
    'dueOn "tomorrow" is not a day such as 2026-01-31': {"dueOn": "tomorrow"},
    'dueAt "soon" is not a moment such as 2026-01-31T08:00:00.000Z': {"dueAt": "soon"},
    'createdAt "0000-00-00T00:00:00.000Z" is not a moment such as 2026-01-31T08:00:00.000Z': {
        "createdAt": "0000-00-00T00:00:00.000Z"
    },
    "version 2147483648 is not a number from -2147483648 to 2147483647": {"version": 2**31},
    f'position "{"a" * 57}..." is longer than the 2500 bytes that PostgreSQL sorts by': {
        "position": "a" * 2501
    },
}


@pytest.mark.parametrize("message", UNHELD)
def test_what_only_sqlite_holds(address: Address, file: Path, message: str) -> None:
    """What other programs may leave in SQLite alone is kept there, and refused by PostgreSQL."""
    file.write_bytes(task(**UNHELD[message]))
    if address.is_sqlite:
        imported(address, file)
        assert exported(address) == file.read_bytes()
    else:
        assert refused(address, file) == [f"line 2: {message}"]
        assert exported(address).count(b"\n") == 1


# All or nothing


def task(**members: Any) -> bytes:
    return json_lines(TASK | members)


WRONG: dict[str, tuple[str, bytes, list[str]]] = {
    "priority": (
        "jsonl",
        task(priority="SOON"),
        ['line 2: priority "SOON" is not one of NONE, LOW, MEDIUM, HIGH, URGENT'],
    ),
    "id": ("jsonl", task(id=5), ['line 2: id 5 is not an id such as "17"']),
    "flag": ("jsonl", task(completed=1), ["line 2: completed 1 is not true or false"]),
    "title": ("jsonl", task(title=7), ["line 2: title 7 is not a text"]),
    "no position": ("jsonl", task(position=""), ['line 2: position "" is empty']),
    "labels": ("jsonl", task(labelIds="7"), ['line 2: labelIds "7" is not a list of ids']),
    "label twice": (
        "jsonl",
        json_lines(LABEL, TASK | {"labelIds": ["7", "7"]}),
        [
            'line 3: labelIds ["7","7"] names an id twice',
        ],
    ),
    "two dues": (
        "jsonl",
        task(dueOn="2026-01-31", dueAt=T),
        ["line 2: dueOn and dueAt cannot both be given"],
    ),
    "unknown member": ("jsonl", task(color="red"), ['line 2: "color" is no member of a task']),
    "missing member": (
        "jsonl",
        json_lines({name: value for name, value in LABEL.items() if name != "color"}),
        ['line 2: the label has no member "color"'],
    ),
    "type": (
        "jsonl",
        json_lines(TASK) + b'{"type":"note"}\n',
        ['line 3: type "note" is not one of project, label, task'],
    ),
    "leads nowhere": (
        "jsonl",
        task(projectId="1", parentId="2", labelIds=["3"]),
        [
            "line 2: no project of the file has the id 1",
            "line 2: no label of the file has the id 3",
            "line 2: no task of the file has the id 2",
        ],
    ),
    "id twice": (
        "jsonl",
        json_lines(TASK, TASK),
        ["line 3: another task of the file has the id 5"],
    ),
    "label after tasks": (
        "jsonl",
        json_lines(TASK, LABEL),
        ["line 3: the label comes after tasks; it has to come before them"],
    ),
    "cut": (
        "jsonl",
        json_lines(TASK, TASK | {"id": "6"}, TASK | {"id": "7"}).rsplit(b"\n", 2)[0],
        ["line 3: the header says 3 tasks, and 2 are there: it is cut"],
    ),
    "cut in a line": ("jsonl", task()[:-9], ["line 2: is not a JSON object"]),
    "lone surrogate": (
        "jsonl",
        task(title="?").replace(b"?", rb"\ud800"),
        ["line 2: is not a JSON object"],
    ),
    "not UTF-8": ("jsonl", task(title="?").replace(b"?", b"\xff"), ["line 2: is not UTF-8"]),
    "empty": (
        "jsonl",
        b"",
        ['line 1: is not the header of an export: {"format":"gql_tasks",...}'],
    ),
    "later version": (
        "jsonl",
        b'{"format":"gql_tasks","version":2}',
        ["line 1: version 2 of the format is not 1"],
    ),
    "no counts": (
        "jsonl",
        b'{"format":"gql_tasks","version":1,"projects":0,"labels":true}',
        ["line 1: the header does not say how many labels there are"],
    ),
    "several": (
        "csv",
        (
            b"title,due,completed,labels,start,id\n"
            b',,,,,1\n"a\nb",soon,,,,2\nc,,yes,,,3\nd,,,"""",,4\ne,,,,31/01/2026,5\nf,,,,,x\n'
        ),
        [
            'line 2: title "" is blank',
            (
                'line 3: due "soon" is not a day such as 2026-01-31 or a moment such as '
                "2026-01-31T08:00:00Z"
            ),
            'line 5: completed "yes" is not true or false',
            'line 6: labels """ is not a list: unexpected end of data',
            'line 7: start "31/01/2026" is not a day such as 2026-01-31',
            'line 8: id "x" is not an id such as 17',
        ],
    ),
    "column": (
        "csv",
        b"title,colour\na,red\n",
        [
            (
                'line 1: "colour" is no column: id, title, description, completed, completed_at, '
                "priority, due, start, project, labels, parent, created_at, updated_at"
            )
        ],
    ),
    "no title": ("csv", b"id\n1\n", ["line 1: there is no column title"]),
    "column twice": ("csv", b"title,title\n", ['line 1: the column "title" is there twice']),
    "parent without ids": (
        "csv",
        b"title,parent\n",
        ["line 1: the column parent needs a column id"],
    ),
    "too many cells": (
        "csv",
        b"title\na,b\n",
        ["line 2: has 2 cells, and the first row has 1"],
    ),
    "open quote": ("csv", b'title\n"a\nb\n', ["line 2: is not CSV: unexpected end of data"]),
    "circle": (
        "csv",
        b"id,title,parent\n1,a,2\n2,b,1\n",
        ["line 2: task 1 is a subtask of itself", "line 3: task 2 is a subtask of itself"],
    ),
    "moment of an open task": (
        "csv",
        b"title,completed_at\na,2026-01-31T08:00:00Z\n",
        ["line 2: completed_at is given, and completed is not true"],
    ),
    "moment without an offset": (
        "csv",
        b"title,created_at\na,2026-01-31T08:00:00\n",
        ['line 2: created_at "2026-01-31T08:00:00" is not a moment such as 2026-01-31T08:00:00Z'],
    ),
    "NUL": ("csv", b"title\na\0b\n", ["line 2: title holds a NUL character (U+0000)"]),
    "todoist type": (
        "todoist",
        b"TYPE,CONTENT\nproject,a\n",
        ['line 2: TYPE "project" is not one of task, section, note, meta'],
    ),
    "todoist columns": (
        "todoist",
        b"title\na\n",
        ["line 1: there is no column TYPE: it is not a CSV file of Todoist"],
    ),
    "todoist numbers": (
        "todoist",
        b"TYPE,CONTENT,PRIORITY,INDENT\ntask,a,5,1\ntask,b,1,0\ntask,,1,1\n",
        [
            'line 2: PRIORITY "5" is not one of 1, 2, 3, 4',
            'line 3: INDENT "0" is not a number from 1 to 99',
            'line 4: title "" is blank',
        ],
    ),
    "taskwarrior": (
        "taskwarrior",
        (
            b'[{"description":"a","status":"done"},\n{"description":"","status":"pending"},\n'
            b'{"description":"c","status":"pending","due":"20260231T000000Z"},\n'
            b'{"description":"d","status":"pending","priority":"X"},'
            b'{"description":["e"],"status":"pending"},\n'
            b'{"description":"f","status":"pending","tags":"a"}]'
        ),
        [
            'line 1: status "done" is not one of pending, waiting, recurring, completed, deleted',
            'line 2: description "" is blank',
            'line 3: due "20260231T000000Z" is not a date such as 20260131T080000Z',
            'line 4: priority "X" is not one of H, M, L',
            'line 4: description ["e"] is not a text',
            "line 5: tags is not a list of texts",
        ],
    ),
    "taskwarrior cut": (
        "taskwarrior",
        b'[\n{"description":"a","status":"pending"},\n',
        ["line 2: the array does not end: the file is cut"],
    ),
    "taskwarrior syntax": ("taskwarrior", b'{"a":1}\n{"b":', ["line 2: is not JSON"]),
    "taskwarrior depth": ("taskwarrior", b'{"a":' + b"[" * 200_000, ["line 1: is not JSON"]),
    "taskwarrior number": ("taskwarrior", b"[\n1]", ['line 2: "1" is not a JSON object']),
    "taskwarrior surrogate": (
        "taskwarrior",
        rb'{"description":"a","status":"pending","tags":["\ud800"]}',
        ["line 1: label holds a lone surrogate, which is not Unicode text"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files(other: Address, file: Path, name: str) -> None:
    """What is wrong is told by line, also in a dry run; no store is made."""
    format_name, content, messages = WRONG[name]
    file.write_bytes(content)
    assert refused(other, file, "--format", format_name, "--dry-run") == messages
    assert refused(other, file, "--format", format_name) == messages
    assert not Path(other).exists()


def test_last_line_wrong(address: Address, file: Path) -> None:
    """A file whose last line is wrong leaves a store as it was, its log too."""
    address.execute("INSERT INTO tasks (title) VALUES ('mine')")
    before = everything(address)
    tasks = [TASK | {"id": str(number)} for number in range(1, 6_000)]
    file.write_bytes(json_lines(*tasks, TASK | {"id": "0", "version": None}))
    assert refused(address, file, "--add") == [
        "line 6001: version null is not a number from -9223372036854775808 to 9223372036854775807"
        if address.is_sqlite
        else "line 6001: version null is not a number from -2147483648 to 2147483647"
    ]
    assert everything(address) == before


def test_many_wrong_lines(other: Address, file: Path) -> None:
    """Of many lines that are wrong, the first hundred are told, and how many more there are."""
    file.write_bytes(json_lines(*[TASK | {"title": 1, "id": str(n)} for n in range(250)]))
    messages = refused(other, file)
    assert messages[0] == "line 2: title 1 is not a text"
    assert messages[99] == "line 101: title 1 is not a text"
    assert messages[100:] == [f"{file}: and 150 lines more are wrong"]


def test_long_lines(other: Address, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line, and a Taskwarrior file, longer than is read into memory, is refused."""
    monkeypatch.setattr(source, "MAX_BYTES", 400)
    file.write_bytes(task(title="x" * 400))
    assert refused(other, file) == ["line 2: is longer than 400 bytes"]
    message = "line 1: the file is longer than 400 bytes; part it"
    assert refused(other, file, "--format", "taskwarrior") == [message]


def test_fails_at_the_end(address: Address, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails after everything was written takes all of it back."""
    before = everything(address)

    def fail(_: object) -> None:
        raise import_writing.FileChanged

    monkeypatch.setattr(import_writing, "end", fail)
    file.write_bytes(json_lines(PROJECT, LABEL, TASK | {"labelIds": ["7"]}))
    assert refused(address, file) == ["was changed while it was read"]
    assert everything(address) == before


def test_file_that_is_not_there(other: Address, tmp_path: Path) -> None:
    """A missing file, and a directory, are one clear line."""
    missing = tmp_path / "missing.jsonl"
    assert gql_tasks("import", other, str(missing)).errors == [
        f"gql-tasks: {missing}: No such file or directory"
    ]
    assert gql_tasks("import", other, str(tmp_path)).errors == [
        f"gql-tasks: {tmp_path}: Is a directory"
    ]
    assert not Path(other).exists()


def test_dry_run(address: Address, file: Path) -> None:
    """A dry run says what would be written, and writes nothing."""
    file.write_bytes(json_lines(PROJECT, LABEL, TASK))
    before = everything(address)
    said = imported(address, file, "--dry-run")
    assert said.startswith("Would write 1 project, 1 label and 1 task to ")
    address.execute("INSERT INTO labels (name) VALUES ('next')")
    said = imported(address, file, "--dry-run", "--add")
    assert said.startswith("Would write 1 project, 0 labels and 1 task to ")
    address.execute("DELETE FROM labels", "DELETE FROM changes")
    assert everything(address) == before


def test_dry_run_makes_no_store(other: Address, tutorial_file: Path, file: Path) -> None:
    """A dry run makes no file and migrates none; a file that is not migrated is not empty."""
    file.write_bytes(task())
    imported(other, file, "--dry-run")
    assert not Path(other).exists()
    before = tutorial_file.read_bytes()
    message = f"gql-tasks: {tutorial_file} is not empty; --add adds to it"
    assert gql_tasks("import", str(tutorial_file), str(file), "--dry-run").errors == [message]
    imported(str(tutorial_file), file, "--dry-run", "--add")
    assert tutorial_file.read_bytes() == before


def test_stdin(address: Address) -> None:
    """What comes on stdin is taken over, without a bar."""
    done = gql_tasks("import", address, "-", given=b"\xef\xbb\xbf" + json_lines(TASK))
    assert (done.code, done.errors) == (0, [])
    assert exported(address) == json_lines(TASK)


# Adding


def test_store_that_is_not_empty(address: Address, file: Path) -> None:
    """A store with a row of any kind is left alone, unless it is to be added to."""
    file.write_bytes(task())
    address.execute("INSERT INTO labels (name) VALUES ('mine')")
    before = everything(address)
    (message,) = refused(address, file)
    assert message.endswith(" is not empty; --add adds to it")
    assert everything(address) == before


def test_add(address: Address, file: Path) -> None:
    """Added tasks get new ids at the end; projects and labels of one name become one."""
    address.execute(
        "INSERT INTO projects (name) VALUES ('Garden'), ('House')",
        "INSERT INTO tasks (title) VALUES ('mine')",
    )
    first = TASK | {"projectId": "3", "labelIds": ["7", "8"], "position": "a5", "parentId": "6"}
    file.write_bytes(
        json_lines(
            PROJECT,
            PROJECT | {"id": "4", "name": "Car", "color": "#ff8800"},
            LABEL,
            LABEL | {"id": "8"},
            first | {"completed": True, "completedAt": T, "version": 9},
            TASK | {"id": "6", "title": "Gate", "position": "a1", "projectId": "4"},
        )
    )
    said = imported(address, file, "--add")
    assert said.startswith("Wrote 1 project, 1 label and 2 tasks to ")
    assert address.fetch("SELECT id, name, color FROM projects ORDER BY position") == [
        (1, "Garden", None),
        (2, "House", None),
        (3, "Car", "#ff8800"),
    ]
    assert address.fetch(
        "SELECT id, title, project_id, parent_id, version FROM tasks ORDER BY position, id"
    ) == [(1, "mine", None, None, 1), (3, "Gate", 3, None, 1), (2, "Fence", 2, 3, 1)]
    assert address.fetch("SELECT task_id, label_id FROM task_labels") == [(2, 1)]
    stamps = "SELECT count(*) FROM tasks WHERE created_at = '{0}' AND updated_at = '{0}'"
    assert address.fetch(stamps.format(T)) == [(2,)]
    assert replayed(log_of(address)) == world_of(address)
    address.execute("INSERT INTO tasks (title) VALUES ('next')")
    assert address.fetch("SELECT max(id) FROM tasks") == [(4,)]
    imported(address, file, "--add")
    assert address.fetch("SELECT count(*) FROM tasks") == [(6,)]
    assert address.fetch("SELECT count(*) FROM projects") == [(3,)]


def test_file_that_changes(address: Address, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is another one when it is read again is refused, and nothing is written."""
    before = everything(address)
    check = importing.check

    def check_and_change(*arguments: Any, **options: Any) -> Any:
        contents = check(*arguments, **options)
        file.write_bytes(json_lines(TASK, TASK | {"id": "6"}))
        return contents

    monkeypatch.setattr(importing, "check", check_and_change)
    file.write_bytes(json_lines(TASK))
    assert refused(address, file) == ["was changed while it was read"]
    assert everything(address) == before


# Beside others


def many(count: int) -> bytes:
    """Make a file of so many tasks, in the order of their ids."""
    return json_lines(
        LABEL,
        *(
            TASK | {"id": str(number), "position": f"c{number:03}1", "labelIds": ["7"]}
            for number in range(1, count + 1)
        ),
    )


@pytest.mark.parametrize(
    ("ending", "code", "errors"),
    [
        (signal.SIGKILL, -signal.SIGKILL, b"Importing\n"),
        (signal.SIGINT, 1, b"Importing\n\nAborted!\n"),
    ],
)
def test_ended_in_the_middle(
    other: Address, file: Path, ending: signal.Signals, code: int, errors: bytes
) -> None:
    """An import that is killed or interrupted leaves a store without any of it."""
    file.write_bytes(many(15_000))
    assert gql_tasks("migrate", other).code == 0
    command = [sys.executable, "-m", "gql_tasks", "import", "--database", other, str(file)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    log = Path(f"{other}-wal")
    deadline = time.monotonic() + 60
    # What does not fit into memory is in SQLite's log before the commit.
    while not (log.exists() and log.stat().st_size > 4_000_000) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(ending)
    assert process.communicate() == (b"", errors)
    assert process.returncode == code
    for table in ("tasks", "labels", "changes"):
        assert other.fetch(f"SELECT count(*) FROM {table}") == [(0,)]
    assert other.fetch("PRAGMA integrity_check") == [("ok",)]
    imported(other, file)
    assert other.fetch("SELECT count(*) FROM tasks") == [(15_000,)]


SUBSCRIPTION = "subscription { taskEvents { kind id task { title labels { name } } } }"


@contextmanager
def events(server: Server) -> Iterator[Iterator[Any]]:
    """Subscribe; what happens from the start of the block on is told."""
    headers = {"accept": "text/event-stream"}
    body = {"query": SUBSCRIPTION}
    url = f"{server.url}/graphql"
    with httpx2.stream("POST", url, json=body, headers=headers, timeout=30) as response:
        lines = response.iter_lines()

        def told() -> Iterator[Any]:
            for line in lines:
                if line.startswith("data: {"):
                    yield json.loads(line.removeprefix("data: "))["data"]["taskEvents"]

        yield told()


def test_beside_a_server(address: Address, file: Path) -> None:
    """A server that runs serves what is imported at once, and its subscribers are told each task.

    What others write meanwhile waits and is written.
    """
    with serve("--database", address) as server, events(server) as told:
        # Events begin with the subscription, not with the answer's head: wait for one.
        first = {}
        while not first:
            httpx2.post(f"{server.url}/tasks/", json={"title": "before"}).raise_for_status()
            first = next(told)
        file.write_bytes(many(50))
        imported(address, file, "--add")
        seen = []
        while len(seen) < 50:
            event = next(told)
            if event["task"]["title"] == "Fence":
                seen.append(event)
        assert {event["kind"] for event in seen} <= {"CREATED", "UPDATED"}
        assert [event["kind"] for event in seen].count("CREATED") == 50
        added = httpx2.post(f"{server.url}/tasks/", json={"title": "after"}).json()["id"]
        query = {"query": "{ tasks(orderBy: [{field: POSITION}]) { title labels { name } } }"}
        tasks = httpx2.post(f"{server.url}/graphql", json=query).json()["data"]["tasks"]
        imported_tasks = [one for one in tasks if one["title"] == "Fence"]
        assert imported_tasks == [{"title": "Fence", "labels": [{"name": "next"}]}] * 50
        assert tasks[-1]["title"] == "after"
        assert address.fetch("SELECT max(id) FROM tasks") == [(added,)]


def test_waits_for_other_writers(
    other: Address, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An import waits for whoever holds the write lock, and says so where it waits in vain."""
    assert gql_tasks("migrate", other).code == 0
    file.write_bytes(task())
    with (
        monkeypatch.context() as impatient,
        closing(sqlite3.connect(other, isolation_level=None)) as holder,
    ):
        impatient.setattr(
            "gql_tasks.cli.open_database",
            lambda path: SqliteDatabase(Path(path), busy_timeout_seconds=0.1),
        )
        holder.execute("BEGIN IMMEDIATE")
        message = "gql-tasks: another program is writing to the database; try again"
        assert gql_tasks("import", other, str(file)).errors == [message]
    assert exported(other).count(b"\n") == 1
    with closing(sqlite3.connect(other, isolation_level=None, check_same_thread=False)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        lets_go = threading.Timer(1, holder.rollback)
        lets_go.start()
        imported(other, file)
        lets_go.join()
    assert other.fetch("SELECT count(*) FROM tasks") == [(1,)]
