"""The use cases on both stores: what each writes, and that a refusal writes nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gql_tasks.domain.errors import Invalid, NotFound, Problem, Refused
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.services import tasks
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database
from tests.sql import Address

ODD_IDS = ["2", "01", " 1", "1e0", "\u0661", "", "9223372036854775808"]


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    """A store with one task, the id 1."""
    address.execute("INSERT INTO tasks (title, description, completed) VALUES ('a', 'b', false)")
    database = open_database(address)
    await database.open()
    yield database
    await database.close()


def stored(address: Address) -> list[tuple[Any, ...]]:
    rows = address.fetch("SELECT id, title, description, completed, version FROM tasks ORDER BY id")
    return [(*row[:3], None if row[3] is None else bool(row[3]), row[4]) for row in rows]


BEFORE = [(1, "a", "b", False, 1)]


async def test_create(database: Database, address: Address) -> None:
    """A new task is written as it is, and its id is returned."""
    task = NewTask(" \U0001f9f9 '\"\\ ", "two\nlines", completed=True)
    assert await database.write(lambda session: tasks.create_task(session, task)) == 2
    assert stored(address) == [*BEFORE, (2, " \U0001f9f9 '\"\\ ", "two\nlines", True, 1)]
    completed_at = address.fetch("SELECT completed_at = created_at FROM tasks WHERE id = 2")
    assert completed_at == [(True,)]


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        ({"title": "c"}, (1, "c", "b", False, 2)),
        ({"description": "c"}, (1, "a", "c", False, 2)),
        ({"description": None}, (1, "a", "", False, 2)),
        ({"completed": True}, (1, "a", "b", True, 2)),
        ({"title": "c", "description": "d", "completed": True}, (1, "c", "d", True, 2)),
        ({}, (1, "a", "b", False, 1)),
        ({"title": "a", "description": "b", "completed": False}, (1, "a", "b", False, 1)),
    ],
)
async def test_update(
    database: Database, address: Address, changes: TaskChanges, after: tuple[Any, ...]
) -> None:
    """What is named is changed, as one version; what is named and the same is not a change."""
    assert await database.write(lambda session: tasks.update_task(session, "1", changes)) == 1
    assert stored(address) == [after]


async def test_update_of_nulls(database: Database, address: Address) -> None:
    """A row of NULLs, which other programs leave, keeps those that an update does not name."""
    address.execute("INSERT INTO tasks (title) VALUES (NULL)")
    await database.write(lambda session: tasks.update_task(session, "2", {"description": ""}))
    assert stored(address) == [*BEFORE, (2, None, "", None, 2)]


async def test_delete(database: Database, address: Address) -> None:
    """The row is gone."""
    assert await database.write(lambda session: tasks.delete_task(session, "1")) == 1
    assert stored(address) == []


@pytest.mark.parametrize("task_id", ODD_IDS)
async def test_no_such_task(database: Database, address: Address, task_id: str) -> None:
    """An id that no row has, or can have, is refused as it was sent."""
    not_found = NotFound(f'no task has the id "{task_id}"', ("id",), task_id)
    with pytest.raises(Refused) as updating:
        await database.write(lambda session: tasks.update_task(session, task_id, {"title": "c"}))
    with pytest.raises(Refused) as deleting:
        await database.write(lambda session: tasks.delete_task(session, task_id))
    assert updating.value.problems == deleting.value.problems == (not_found,)
    assert stored(address) == BEFORE


@pytest.mark.parametrize("task_id", ["1", "2"])
async def test_refused_changes(database: Database, address: Address, task_id: str) -> None:
    """Changes that break a rule are refused before the row is looked for, with every problem."""
    problems: tuple[Problem, ...] = (
        Invalid('title " " is blank', ("input", "title")),
        Invalid("completed cannot be null", ("input", "completed")),
    )
    changes = TaskChanges(title=" ", description="kept", completed=None)
    with pytest.raises(Refused) as refused:
        await database.write(lambda session: tasks.update_task(session, task_id, changes))
    assert refused.value.problems == problems
    assert stored(address) == BEFORE
