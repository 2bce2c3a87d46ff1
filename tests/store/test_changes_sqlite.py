"""What SQLite's own ways of writing leave in the change log, whichever pragmas are on."""

import pytest

from gql_tasks.store.sqlite_driver import sqlite3
from tests.change_log import log_of
from tests.sql import Address
from tests.store.test_changes import WORLD, told, write, written

PRAGMAS = [
    (),
    ("foreign_keys = ON",),
    ("recursive_triggers = ON",),
    ("foreign_keys = ON", "recursive_triggers = ON"),
]

REPLACING = [
    "INSERT OR REPLACE INTO tasks (id, title) VALUES (2, 'again')",
    "INSERT OR REPLACE INTO tasks (id, title) VALUES (2, 'again'), (3, 'again'), (9, 'new')",
    "REPLACE INTO tasks (id, title, description, completed) VALUES (4, NULL, NULL, NULL)",
    "INSERT OR REPLACE INTO labels (id, name) VALUES (2, 'again')",
    "INSERT OR REPLACE INTO projects (id, name) VALUES (1, 'again')",
    "INSERT OR REPLACE INTO task_labels (task_id, label_id) VALUES (2, 1)",
    "INSERT OR REPLACE INTO task_labels (task_id, label_id) VALUES (2, 1), (1, 1)",
    "INSERT OR IGNORE INTO tasks (id, title) VALUES (2, 'again'), (9, 'new')",
    "INSERT OR IGNORE INTO task_labels (task_id, label_id) VALUES (2, 1), (1, 1)",
    "UPDATE OR REPLACE task_labels SET label_id = 2 WHERE task_id = 2",
    "UPDATE OR REPLACE task_labels SET label_id = 1 WHERE task_id = 2",
    "UPDATE OR REPLACE task_labels SET task_id = 2",
    "UPDATE OR REPLACE task_labels SET task_id = 3",
    "UPDATE OR REPLACE labels SET id = 1 WHERE id = 2",
    "UPDATE OR IGNORE tasks SET id = 2",
    "UPDATE OR REPLACE tasks SET id = 4 WHERE id = 3",
    "UPDATE OR REPLACE tasks SET id = 3 WHERE id = 4",
    "UPDATE OR REPLACE projects SET id = 2 WHERE id = 1",
    "UPDATE tasks SET id = id + 10",
    "UPDATE labels SET id = -id",
    "UPDATE projects SET id = id + 10",
    "INSERT INTO tasks (id, title) VALUES (2, 'x') ON CONFLICT (id) DO UPDATE SET title = 'y'",
    "DELETE FROM tasks",
    "DELETE FROM task_labels",
    "DELETE FROM labels",
    "DELETE FROM tasks WHERE id IN (1, 2)",
    "INSERT INTO task_labels (task_id, label_id) SELECT id, 1 FROM tasks WHERE id <> 2",
]


@pytest.mark.parametrize("statement", REPLACING)
@pytest.mark.parametrize("pragmas", PRAGMAS, ids=lambda pragmas: " ".join(pragmas) or "none")
def test_sqlite_replaces(file: Address, statement: str, pragmas: tuple[str, ...]) -> None:
    """Rows that are replaced without a word are in the log, whichever pragmas are on."""
    write(file, *WORLD)
    try:
        written(file, statement, pragmas=pragmas)
    except sqlite3.IntegrityError as error:
        assert "FOREIGN KEY" in str(error)  # noqa: PT017  # else the log was looked at
        assert "foreign_keys = ON" in pragmas


def test_a_position_is_left_alone(file: Address) -> None:
    """A stamp is no change of the position: no trigger of it is set off, and bytes stay bytes."""
    write(
        file,
        *WORLD,
        "UPDATE tasks SET position = x'6231' WHERE id = 2",
        "CREATE TABLE moved (id)",
        "CREATE TRIGGER moves AFTER UPDATE OF position ON tasks"
        " BEGIN INSERT INTO moved VALUES (NEW.id); END",
        "UPDATE tasks SET title = x'C3A9' WHERE id = 2",
        "UPDATE tasks SET completed = NULL WHERE id = 3",
    )
    assert file.fetch("SELECT id FROM moved") == []
    row = "SELECT typeof(title), typeof(position), hex(position) FROM tasks WHERE id = 2"
    assert file.fetch(row) == [("blob", "blob", "6231")]
    *_, titled, reopened = log_of(file)
    assert told([titled, reopened]) == [
        ("TASK", 2, {"title": "é"}),
        ("TASK", 3, {"completed": False, "completedAt": False}),
    ]
    assert titled.after is not None
    assert (titled.after["position"], titled.after["labelIds"]) == ("b1", ["1", "2"])


def test_a_position_is_given(file: Address) -> None:
    """A row whose position is taken away is given one in the one stamp that its change gets."""
    write(
        file,
        *WORLD,
        "UPDATE tasks SET position = 'b12' WHERE id IN (1, 2)",
        "CREATE TABLE moved (id, position)",
        "CREATE TRIGGER moves AFTER UPDATE ON tasks"
        " BEGIN INSERT INTO moved VALUES (NEW.id, NEW.position); END",
    )
    entries = written(
        file,
        "UPDATE tasks SET position = '', title = 'x' WHERE id IN (1, 2)",
        "UPDATE projects SET position = '' WHERE id = 2",
    )
    assert told(entries) == [
        ("TASK", 1, {"position": "a1", "title": "x"}),
        ("TASK", 2, {"position": "a2", "title": "x"}),
        ("PROJECT", 2, {}),
    ]
    assert sorted(file.fetch("SELECT * FROM moved")) == [(1, ""), (1, "a1"), (2, ""), (2, "a2")]
