"""Whoever writes, the change log says what became of every row, and nothing else."""

from contextlib import closing
from typing import Any

import asyncpg
import pytest

from gql_tasks.store.sqlite_driver import sqlite3
from tests import sql
from tests.change_log import Entry, log_of, replayed, undated, world_of
from tests.conftest import Client
from tests.sql import Address

TASK = {
    "id": "1",
    "title": "",
    "description": "",
    "completed": False,
    "completedAt": False,
    "priority": "NONE",
    "dueOn": None,
    "dueAt": None,
    "startOn": None,
    "position": "a1",
    "projectId": None,
    "parentId": None,
    "labelIds": [],
    "version": 1,
    "createdAt": True,
    "updatedAt": True,
}
PROJECT = {
    "id": "1",
    "name": "p",
    "color": None,
    "position": "a1",
    "archivedAt": None,
    "version": 1,
    "createdAt": True,
    "updatedAt": True,
}
LABEL = {
    "id": "1",
    "name": "a",
    "color": None,
    "version": 1,
    "createdAt": True,
    "updatedAt": True,
}

WORLD = (
    "INSERT INTO projects (id, name) VALUES (1, 'p'), (2, 'q')",
    "INSERT INTO labels (id, name) VALUES (1, 'a'), (2, 'b')",
    (
        "INSERT INTO tasks (id, title, description, completed, project_id, parent_id) VALUES"
        " (1, 'top', '', false, 1, NULL), (2, 'middle', '', false, 1, 1),"
        " (3, 'low', '', true, 2, 2), (4, NULL, NULL, NULL, NULL, NULL)"
    ),
    "INSERT INTO task_labels (task_id, label_id) VALUES (2, 1)",
    "INSERT INTO task_labels (task_id, label_id) VALUES (2, 2)",
    "INSERT INTO task_labels (task_id, label_id) VALUES (3, 2)",
)
"""Two projects, two labels, and four tasks: 3 is a subtask of 2, which is one of 1."""


def write(address: Address, *statements: str, pragmas: tuple[str, ...] = ()) -> None:
    """Write from outside, each statement in a transaction of its own."""
    if not address.is_sqlite:
        address.execute(*statements)
        return
    with closing(sqlite3.connect(address, isolation_level=None)) as connection:
        for statement in (*(f"PRAGMA {pragma}" for pragma in pragmas), *statements):
            connection.execute(statement)


def written(address: Address, *statements: str, pragmas: tuple[str, ...] = ()) -> list[Entry]:
    """Write, and read what that added to the log; the whole log must be true."""
    before = len(log_of(address))
    write(address, *statements, pragmas=pragmas)
    entries = log_of(address)
    assert replayed(entries) == world_of(address)
    return [undated(entry) for entry in entries[before:]]


def told(entries: list[Entry]) -> list[tuple[Any, ...]]:
    """Say of each entry what it is of, and what changed beside a version that grows by one."""
    found: list[tuple[Any, ...]] = []
    for entry in entries:
        if entry.before and entry.after:
            changes = {name: to for name, (_, to) in undated(entry).changes.items()}
            if changes["version"] == entry.before["version"] + 1:
                del changes["version"]
            found.append((entry.entity, entry.id, changes))
        else:
            found.append((entry.entity, entry.id, "+" if entry.after else "-"))
    return found


# On both stores


def test_whole_entries(address: Address) -> None:
    """An entry is the row as the API shows it, before and after, and the NULLs of before."""
    assert written(
        address,
        "INSERT INTO projects (id, name) VALUES (1, 'p')",
        "INSERT INTO labels (id, name) VALUES (1, 'a')",
        "INSERT INTO tasks (id) VALUES (1)",
        "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1)",
        "UPDATE tasks SET title = 'b', description = 'c', completed = true, priority = 4,"
        " due_on = '2026-01-31', start_on = '2026-01-30', project_id = 1, parent_id = 1,"
        " position = 'b1'",
        "UPDATE tasks SET due_on = NULL, due_at = '2026-01-31T08:00:00.125Z', completed = NULL,"
        " parent_id = NULL",
        "UPDATE projects SET name = 'q', color = '#aabbcc', archived_at ="
        " '2026-01-31T08:00:00.125Z'",
        "UPDATE labels SET color = '#112233'",
        "DELETE FROM task_labels",
        "DELETE FROM tasks",
        "DELETE FROM projects",
        "DELETE FROM labels",
    ) == [
        Entry("PROJECT", 1, None, PROJECT),
        Entry("LABEL", 1, None, LABEL),
        Entry("TASK", 1, None, TASK),
        Entry(
            "TASK",
            1,
            TASK,
            labelled := TASK | {"labelIds": ["1"], "version": 2},
            "title description completed",
        ),
        Entry(
            "TASK",
            1,
            labelled,
            full := labelled
            | {
                "title": "b",
                "description": "c",
                "completed": True,
                "completedAt": True,
                "priority": "URGENT",
                "dueOn": "2026-01-31",
                "startOn": "2026-01-30",
                "position": "b1",
                "projectId": "1",
                "parentId": "1",
                "version": 3,
            },
            "title description completed",
        ),
        Entry(
            "TASK",
            1,
            full,
            due := full
            | {
                "dueOn": None,
                "dueAt": "2026-01-31T08:00:00.125Z",
                "completed": False,
                "completedAt": False,
                "parentId": None,
                "version": 4,
            },
        ),
        Entry(
            "PROJECT",
            1,
            PROJECT,
            project := PROJECT
            | {
                "name": "q",
                "color": "#aabbcc",
                "archivedAt": "2026-01-31T08:00:00.125Z",
                "version": 2,
            },
        ),
        Entry("LABEL", 1, LABEL, label := LABEL | {"color": "#112233", "version": 2}),
        Entry("TASK", 1, due, bare := due | {"labelIds": [], "version": 5}, "completed"),
        Entry("TASK", 1, bare, None, "completed"),
        Entry("PROJECT", 1, project, None),
        Entry("LABEL", 1, label, None),
    ]


CASES: dict[str, tuple[tuple[str, ...], list[tuple[Any, ...]]]] = {
    "a row without anything": (("INSERT INTO tasks (id) VALUES (9)",), [("TASK", 9, "+")]),
    "rows of one statement, in the order of their ids": (
        ("UPDATE tasks SET priority = 1 WHERE id IN (3, 1, 2)",),
        [("TASK", row_id, {"priority": "LOW"}) for row_id in (1, 2, 3)],
    ),
    "an update that changes nothing": (
        (
            "UPDATE tasks SET title = title, project_id = project_id, completed = completed",
            "UPDATE projects SET name = name, position = position",
            "UPDATE labels SET name = name, color = NULL",
            "UPDATE task_labels SET label_id = label_id",
        ),
        [],
    ),
    "an update of no row": (("UPDATE tasks SET title = 'x' WHERE id = 99",), []),
    "some rows of a statement do not change": (
        ("UPDATE tasks SET title = 'low'",),
        [("TASK", row_id, {"title": "low"}) for row_id in (1, 2, 4)],
    ),
    "a NULL for an empty text": (
        ("UPDATE tasks SET description = NULL WHERE id = 1",),
        [("TASK", 1, {})],
    ),
    "completed and taken back": (
        (
            "UPDATE tasks SET completed = true WHERE id = 1",
            "UPDATE tasks SET completed = false WHERE id = 1",
        ),
        [
            ("TASK", 1, {"completed": True, "completedAt": True}),
            ("TASK", 1, {"completed": False, "completedAt": False}),
        ],
    ),
    "labels stay beside what changes": (
        ("UPDATE tasks SET completed = NOT completed WHERE id IN (2, 3)",),
        [
            ("TASK", 2, {"completed": True, "completedAt": True}),
            ("TASK", 3, {"completed": False, "completedAt": False}),
        ],
    ),
    "a project goes": (
        ("DELETE FROM projects WHERE id = 1",),
        [("PROJECT", 1, "-"), ("TASK", 1, {"projectId": None}), ("TASK", 2, {"projectId": None})],
    ),
    "a label goes": (
        ("DELETE FROM labels WHERE id = 2",),
        [("LABEL", 2, "-"), ("TASK", 2, {"labelIds": ["1"]}), ("TASK", 3, {"labelIds": []})],
    ),
    "a task goes, its labels with it, and its subtask moves up": (
        ("DELETE FROM tasks WHERE id = 2",),
        [("TASK", 2, "-"), ("TASK", 3, {"parentId": "1"})],
    ),
    "a pair names another label": (
        ("UPDATE task_labels SET label_id = 1 WHERE task_id = 3",),
        [("TASK", 3, {"labelIds": ["1"]})],
    ),
    "a pair names another task": (
        ("UPDATE task_labels SET task_id = 1 WHERE task_id = 3",),
        [("TASK", 3, {"labelIds": []}), ("TASK", 1, {"labelIds": ["2"]})],
    ),
    "an id changes": (
        ("UPDATE tasks SET id = 40 WHERE id = 4",),
        [("TASK", 4, "-"), ("TASK", 40, "+")],
    ),
    "an id changes, and more": (
        ("UPDATE tasks SET id = 40, title = 'x' WHERE id = 4",),
        [("TASK", 4, "-"), ("TASK", 40, "+")],
    ),
    "a label's id changes": (
        ("INSERT INTO labels (id, name) VALUES (7, 'x')", "UPDATE labels SET id = 8 WHERE id = 7"),
        [("LABEL", 7, "+"), ("LABEL", 7, "-"), ("LABEL", 8, "+")],
    ),
    "a row that is there already": (
        (
            "INSERT INTO tasks (id, title) VALUES (1, 'x') ON CONFLICT DO NOTHING",
            "INSERT INTO labels (id, name) VALUES (1, 'x') ON CONFLICT DO NOTHING",
            "INSERT INTO task_labels (task_id, label_id) VALUES (2, 1) ON CONFLICT DO NOTHING",
        ),
        [],
    ),
    "a row that is written or changed": (
        (
            (
                "INSERT INTO labels (id, name) VALUES (2, 'x'), (3, 'c')"
                " ON CONFLICT (id) DO UPDATE SET name = excluded.name"
            ),
        ),
        [("LABEL", 2, {"name": "x"}), ("LABEL", 3, "+")],
    ),
    "a created_at of its own": (
        ("UPDATE tasks SET created_at = '2001-01-01T00:00:00.000Z', version = 7 WHERE id = 1",),
        [("TASK", 1, {"version": 7})],
    ),
}
UNORDERED = {"a row that is written or changed", "a pair names another task"}
"""PostgreSQL tells of a statement's inserts before its updates; and of tasks by their ids."""


@pytest.mark.parametrize("case", CASES)
def test_what_a_statement_leaves(address: Address, case: str) -> None:
    """Both stores log the same entries for the same statements, in the same order."""
    statements, expected = CASES[case]
    write(address, *WORLD)
    found = told(written(address, *statements))
    if case in UNORDERED:
        assert sorted(found, key=repr) == sorted(expected, key=repr)
    else:
        assert found == expected


def test_pairs_of_one_statement(address: Address) -> None:
    """SQLite logs a statement's pairs one by one, PostgreSQL a task at once; versions agree."""
    write(address, *WORLD)
    entries = written(address, "DELETE FROM task_labels WHERE task_id = 2")
    if address.is_sqlite:
        assert told(entries) == [
            ("TASK", 2, {"labelIds": ["2"]}),
            ("TASK", 2, {"labelIds": []}),
        ]
    else:
        assert told(entries) == [("TASK", 2, {"labelIds": [], "version": 5})]
    assert entries[-1].after is not None
    assert entries[-1].after["version"] == 5


async def test_every_door(client: Client, address: Address) -> None:
    """GraphQL's and REST's writes leave their entries, and a refused one leaves none."""
    await client.data(
        """mutation {
            createLabel(input: {name: "a"}) { problems { message } }
            createTask(input: {title: "t", labelIds: ["1"], subtasks: [{title: "u"}]}) {
                problems { message }
            }
            refused: createTask(input: {title: ""}) { problems { message } }
            nothing: updateTask(id: 1, input: {title: "t"}) { problems { message } }
        }"""
    )
    await client.http.post("/tasks/", json={"title": "v", "description": ""})
    await client.http.put("/tasks/3", json={"title": "v", "description": "w"})
    await client.http.put("/tasks/3", json={"title": "v", "description": "w"})
    await client.http.delete("/tasks/3")
    entries = log_of(address)
    assert told(entries) == [
        ("LABEL", 1, "+"),
        ("TASK", 1, "+"),
        ("TASK", 2, "+"),
        ("TASK", 1, {"labelIds": ["1"]}),
        ("TASK", 3, "+"),
        ("TASK", 3, {"description": "w"}),
        ("TASK", 3, "-"),
    ]
    assert replayed(entries) == world_of(address)
    numbers = address.fetch("SELECT mutation_id FROM changes ORDER BY id")
    assert len({number for (number,) in numbers}) == 5  # one for each write that left something
    assert None not in {number for (number,) in numbers}


async def test_new_tasks_have_one_moment(client: Client, address: Address) -> None:
    """A task that is created is stamped like any row: created, updated and completed at once."""
    await client.data(
        """mutation {
            done: createTask(input: {title: "a", completed: true}) { problems { message } }
            open: createTask(input: {title: "b"}) { problems { message } }
            both: createTask(
                input: {title: "c", completed: true, subtasks: [{title: "d"}]}
            ) { problems { message } }
        }"""
    )
    rows = address.fetch(
        "SELECT title, version, created_at = updated_at, completed_at = created_at FROM tasks"
        " ORDER BY id"
    )
    same, none = (1, True, True), (1, True, None)
    assert rows == [("a", *same), ("b", *none), ("c", *same), ("d", *none)]
    if address.is_sqlite:  # PostgreSQL's log has the moment of the commit
        at = "SELECT created_at = at FROM tasks JOIN changes ON row_id = tasks.id"
        assert address.fetch(at) == [(True,)] * 4
    assert replayed(log_of(address)) == world_of(address)


def test_a_transaction_that_is_rolled_back(address: Address) -> None:
    """What is rolled back leaves nothing, neither in the log nor in the numbering."""
    write(address, *WORLD)
    before = log_of(address)
    if address.is_sqlite:
        with closing(sqlite3.connect(address)) as connection:
            connection.execute("UPDATE tasks SET title = 'x'")
            connection.rollback()
    else:
        sql.run(_rolled_back, str(address))
    assert log_of(address) == before
    last = address.fetch("SELECT max(id) FROM changes")[0][0]
    write(address, "UPDATE tasks SET title = 'y' WHERE id = 1")
    assert address.fetch("SELECT max(id) FROM changes") == [(last + 1,)]


async def _rolled_back(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("BEGIN; UPDATE tasks SET title = 'x'; ROLLBACK")
    await connection.close()


def test_savepoints(address: Address) -> None:
    """Of a transaction only what was kept is in the log."""
    statements = (
        "BEGIN",
        "INSERT INTO labels (id, name) VALUES (1, 'a')",
        "SAVEPOINT s",
        "INSERT INTO labels (id, name) VALUES (2, 'b')",
        "ROLLBACK TO SAVEPOINT s",
        "UPDATE labels SET name = 'c'",
        "COMMIT",
    )
    if address.is_sqlite:
        write(address, *statements)
    else:
        address.execute(";".join(statements))
    assert told([undated(entry) for entry in log_of(address)]) == [
        ("LABEL", 1, "+"),
        ("LABEL", 1, {"name": "c"}),
    ]


def test_what_was_there_before_the_log(address: Address) -> None:
    """A row that the log does not know is logged as it was when it changes or goes."""
    write(address, *WORLD, "DELETE FROM changes")
    before = world_of(address)
    write(
        address,
        "UPDATE tasks SET title = 'x' WHERE id = 2",
        "DELETE FROM labels WHERE id = 2",
        "DELETE FROM projects",
        "DELETE FROM tasks",
    )
    assert replayed(log_of(address), before) == world_of(address)
