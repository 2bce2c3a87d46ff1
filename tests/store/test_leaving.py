"""What other programs delete lets go of the rest as it should, with foreign keys on or off."""

import pytest

from tests.sql import Address

PARENTS = "SELECT id, parent_id FROM tasks ORDER BY id"


def add_tasks(address: Address, *parents: int | None) -> None:
    """Write tasks with these parents, the first with the id 1."""
    for row_id, parent_id in enumerate(parents, 1):
        parent = "NULL" if parent_id is None else parent_id
        address.execute(
            f"INSERT INTO tasks (id, title, parent_id) VALUES ({row_id}, 't', {parent})"
        )


@pytest.mark.parametrize(
    ("gone", "left"),
    [
        ("2", [(1, None), (3, 1), (4, 3), (5, 4)]),
        ("2, 3", [(1, None), (4, 1), (5, 4)]),
        ("2, 4", [(1, None), (3, 1), (5, 3)]),
        ("1, 2, 3, 4", [(5, None)]),
        ("1, 3, 5", [(2, None), (4, 2)]),
        ("1, 2, 3, 4, 5", []),
    ],
)
def test_subtasks_move_up(address: Address, gone: str, left: list[tuple[int, int | None]]) -> None:
    """Subtasks move up to the nearest task that stays, however many go in one statement."""
    add_tasks(address, None, 1, 2, 3, 4)
    address.execute(f"DELETE FROM tasks WHERE id IN ({gone})")
    assert address.fetch(PARENTS) == left


def test_cycles(address: Address) -> None:
    """A task that is its own parent, and a cycle, can be deleted like others."""
    add_tasks(address, None, 1, None, 3, 4)
    address.execute(
        "UPDATE tasks SET parent_id = 1 WHERE id = 1",
        "UPDATE tasks SET parent_id = 4 WHERE id = 3",
    )
    address.execute("DELETE FROM tasks WHERE id = 1")
    assert address.fetch(PARENTS) == [(2, None), (3, 4), (4, 3), (5, 4)]
    address.execute("DELETE FROM tasks WHERE id IN (3, 4)")
    assert address.fetch(PARENTS) == [(2, None), (5, None)]


def test_projects_and_labels(address: Address) -> None:
    """A project's tasks stay without it, a label's tasks without that, a task's labels let go."""
    address.execute(
        "INSERT INTO projects (id, name) VALUES (1, 'p')",
        "INSERT INTO labels (id, name) VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO tasks (id, title, project_id) VALUES (1, 't', 1), (2, 'u', 1)",
        "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (1, 2), (2, 2)",
        "DELETE FROM projects",
        "DELETE FROM labels WHERE id = 1",
        "DELETE FROM tasks WHERE id = 2",
    )
    # A task changes with each of its two labels, with the project, and with the label that goes.
    assert address.fetch("SELECT id, project_id, version FROM tasks") == [(1, None, 5)]
    assert address.fetch("SELECT task_id, label_id FROM task_labels") == [(1, 2)]


def test_a_position_taken_away(address: Address) -> None:
    """A row whose position was emptied is stamped like any other when it changes."""
    address.execute(
        "INSERT INTO projects (id, name) VALUES (1, 'p')",
        "INSERT INTO tasks (id, title) VALUES (1, 't')",
        "UPDATE tasks SET position = ''",
        "UPDATE projects SET position = ''",
        "UPDATE tasks SET completed = (1 = 1)",
        "UPDATE projects SET name = 'q'",
    )
    assert address.fetch("SELECT version, completed_at IS NOT NULL FROM tasks") == [(3, 1)]
    assert address.fetch("SELECT version FROM projects") == [(3,)]
