"""Rows land where they are asked to go, whatever other programs wrote among them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gql_tasks.domain.position import MAX_LENGTH, Place, is_position
from gql_tasks.domain.project import NewProject, ProjectChanges
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.services import projects, tasks
from gql_tasks.services.order import key_for
from gql_tasks.store.database import WriteSession
from tests.services.conftest import Store

POSITIONS = st.one_of(
    st.sampled_from(
        ["", "a0", "a1", "a0V", "b10", "Zz", "A" + "0" * 26, "~", "é", "a0" + "V" * 98]
    ),
    st.text("0Vaz!~", max_size=4),
)
"""What other programs may write: good keys, the same twice, and no keys at all."""

PLACES = st.sampled_from(["before", "after", "at_start", "at_end"])
NUMBERS = st.integers(0, 100)
STEPS = st.one_of(
    st.tuples(st.just("create"), st.none() | PLACES, NUMBERS, NUMBERS),
    st.tuples(st.just("move"), PLACES, NUMBERS, NUMBERS),
    st.tuples(st.just("insert"), POSITIONS, NUMBERS, NUMBERS),
    st.tuples(st.just("position"), POSITIONS, NUMBERS, NUMBERS),
    st.tuples(st.just("level"), POSITIONS, NUMBERS, NUMBERS),
    st.tuples(st.just("delete"), st.none(), NUMBERS, NUMBERS),
)


class RollBack(Exception):
    """Ends an example; the next one finds the store as it was."""


class Model:
    """A list of ids beside a table, which must keep the same order."""

    def __init__(self, session: WriteSession, table: str) -> None:
        self.session = session
        self.table = table
        self.ids: list[int] = []

    def stored(self) -> list[int]:
        rows = self.session.execute(text(f"SELECT id FROM {self.table} ORDER BY position, id"))
        return [row_id for (row_id,) in rows]

    def run(self, step: tuple[str, Any, int, int]) -> None:
        """Take a step through the services or, as another program, in SQL."""
        kind, value, first, second = step
        if kind == "create":
            place, at = self.place(value or "at_end", second, self.ids)
            self.ids.insert(at, self.create(None if value is None else place))
        elif kind == "insert":
            self.foreign(f"INSERT INTO {self.table} ({self.name}) VALUES ('foreign')")
        elif not self.ids:
            return
        elif kind == "move":
            row_id = self.ids[first % len(self.ids)]
            others = [other for other in self.ids if other != row_id]
            place, at = self.place(value, second, others)
            self.move(row_id, place)
            self.ids = [*others[:at], row_id, *others[at:]]
        elif kind == "position":
            row_id = self.ids[first % len(self.ids)]
            self.foreign(f"UPDATE {self.table} SET position = :value WHERE id = {row_id}", value)
        elif kind == "level":
            self.foreign(f"UPDATE {self.table} SET position = :value", value)
        elif kind == "delete":
            row_id = self.ids[first % len(self.ids)]
            self.foreign(f"DELETE FROM {self.table} WHERE id = {row_id}")
        assert self.stored() == self.ids

    def place(self, name: str, number: int, others: list[int]) -> tuple[Place, int]:
        """Choose a place among rows, and say at which index of a list that is."""
        if name == "at_end" or (not others and name != "at_start"):
            return Place(at_end=True), len(others)
        if name == "at_start":
            return Place(at_start=True), 0
        index = number % len(others)
        return Place(**{name: str(others[index])}), index + (name == "after")

    def foreign(self, statement: str, value: str | None = None) -> None:
        """Write as another program does, and take the order that comes of it."""
        self.session.execute(text(statement), {} if value is None else {"value": value})
        self.ids = self.stored()


class Tasks(Model):
    name = "title"

    def create(self, place: Place | None) -> int:
        return tasks.create_task(self.session, NewTask("own", place=place))

    def move(self, row_id: int, place: Place) -> None:
        tasks.update_task(self.session, str(row_id), TaskChanges(place=place))


class Projects(Model):
    name = "name"

    def create(self, place: Place | None) -> int:
        return projects.create_project(self.session, NewProject("own", place=place))

    def move(self, row_id: int, place: Place) -> None:
        projects.update_project(self.session, str(row_id), ProjectChanges(place=place))


@pytest.mark.parametrize(("model", "table"), [(Tasks, "tasks"), (Projects, "projects")])
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, max_size=15))
async def test_order_is_that_of_a_list(
    store_of_tasks: Store,
    model: Callable[[WriteSession, str], Model],
    table: str,
    steps: list[tuple[str, Any, int, int]],
) -> None:
    """After any steps, rows stand as the items of a list would."""

    def example(session: WriteSession) -> None:
        rows = model(session, table)
        for step in steps:
            rows.run(step)
        raise RollBack

    with pytest.raises(RollBack):
        await store_of_tasks.write(example)


async def create(store: Store, count: int) -> None:
    """Write tasks, one after the other."""
    for number in range(1, count + 1):
        await store.write(lambda s, n=number: tasks.create_task(s, NewTask(str(n))))


async def move(store: Store, row_id: int, place: Place) -> None:
    """Move a task."""
    await store.write(lambda s: tasks.update_task(s, str(row_id), TaskChanges(place=place)))


def positions(store: Store) -> list[str]:
    """Read all positions in their order."""
    return [text for (text,) in store.fetch("SELECT position FROM tasks ORDER BY position, id")]


async def test_a_move_writes_one_row(store_of_tasks: Store) -> None:
    """Where there is room no other row changes, and none at all where the row stands there."""
    await create(store_of_tasks, 4)
    await move(store_of_tasks, 4, Place(after="1"))
    await move(store_of_tasks, 4, Place(before="2"))
    await move(store_of_tasks, 3, Place(at_end=True))
    await move(store_of_tasks, 1, Place(at_start=True))
    assert store_of_tasks.in_order() == [1, 4, 2, 3]
    assert store_of_tasks.fetch("SELECT version FROM tasks ORDER BY id") == [(1,), (1,), (1,), (2,)]


async def test_keys_stay_short(store_of_tasks: Store) -> None:
    """Keys that have grown too long are given anew, and the move lands."""
    await create(store_of_tasks, 6)
    long = "a1" + "V" * (MAX_LENGTH - 3)
    store_of_tasks.execute(
        f"UPDATE tasks SET position = '{long}1' WHERE id = 3",
        f"UPDATE tasks SET position = '{long}2' WHERE id = 4",
    )
    assert store_of_tasks.in_order() == [1, 2, 3, 4, 5, 6]
    await move(store_of_tasks, 1, Place(after="3"))
    assert store_of_tasks.in_order() == [2, 3, 1, 4, 5, 6]
    assert max(map(len, positions(store_of_tasks))) < 10


async def test_rows_without_order(store_of_tasks: Store) -> None:
    """A thousand rows at one position are put in order by the one move that needs it."""
    await create(store_of_tasks, 1)
    tree = NewTask("t", subtasks=(NewTask("s"),) * 999)
    await store_of_tasks.write(lambda s: tasks.create_task(s, tree))
    store_of_tasks.execute("UPDATE tasks SET position = 'same'")
    await move(store_of_tasks, 1, Place(after="500"))
    assert store_of_tasks.in_order() == [*range(2, 501), 1, *range(501, 1002)]
    assert all(map(is_position, positions(store_of_tasks)))


async def test_moves_at_once(store_of_tasks: Store) -> None:
    """Moves at once leave every row with a position of its own, where it was asked to go."""
    await create(store_of_tasks, 10)
    await asyncio.gather(
        *(move(store_of_tasks, row_id, Place(after="1")) for row_id in range(3, 11))
    )
    order = store_of_tasks.in_order()
    assert (order[0], order[-1], sorted(order)) == (1, 2, [*range(1, 11)])
    assert len({*positions(store_of_tasks)}) == 10


async def test_new_tasks_at_once(store_of_tasks: Store) -> None:
    """Tasks written at once all go to the end; a later move lands between any two of them."""
    await create(store_of_tasks, 2)
    new = NewTask("new")
    await asyncio.gather(
        *(store_of_tasks.write(lambda s: tasks.create_task(s, new)) for _ in range(8))
    )
    order = store_of_tasks.in_order()
    assert (order[:2], sorted(order)) == ([1, 2], [*range(1, 11)])
    for index in range(3, 10):
        await move(store_of_tasks, 1, Place(before=str(order[index])))
        assert store_of_tasks.in_order() == [*order[1:index], 1, *order[index:]]


async def test_bytes_that_are_no_text(store_of_tasks: Store) -> None:
    """SQLite keeps any bytes as a position; rows find their place among them."""
    if not store_of_tasks.address.is_sqlite:
        return
    await create(store_of_tasks, 4)
    store_of_tasks.execute(
        "UPDATE tasks SET position = CAST(x'61ff' AS TEXT) WHERE id = 3",
        "UPDATE tasks SET position = x'6130' WHERE id = 4",
    )
    assert store_of_tasks.in_order() == [1, 2, 3, 4]
    await move(store_of_tasks, 1, Place(before="4"))
    assert store_of_tasks.in_order() == [2, 3, 1, 4]
    await move(store_of_tasks, 2, Place(after="4"))
    assert store_of_tasks.in_order() == [3, 1, 4, 2]


async def test_key_for_a_new_row(store_of_tasks: Store) -> None:
    """The first row's key is in the middle of all there can be."""
    assert await store_of_tasks.write(lambda s: key_for(s, Entity.PROJECT, None)) == "a0"
