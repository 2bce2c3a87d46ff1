"""Many tasks are written at once as they would be one by one, all of them or none."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from gql_tasks.domain.errors import Invalid, NotFound, Problem, Refused, TooMany
from gql_tasks.domain.filters import All, Compare, Either, Filter, Operator, Related
from gql_tasks.domain.label import NewLabel
from gql_tasks.domain.position import Place
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.project import NewProject
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.task import MAX_AT_ONCE, Due, FromParent, NewTask, TaskChanges
from gql_tasks.domain.values import Slot, Value, Values
from gql_tasks.services import labels, many_tasks, projects, tasks
from gql_tasks.store.database import WriteSession
from tests.services.conftest import Store
from tests.statements import statements_run
from tests.store.test_filters import Writer

BY_ID = Compare("id", Operator.IN, Slot(0))
EVERY = All()

CONTENT = (
    "SELECT id, title, description, is_completed, priority, CAST(due_on AS VARCHAR),"
    " CAST(due_at AS VARCHAR), CAST(start_on AS VARCHAR), project_id, parent_id, version"
    " FROM tasks ORDER BY id"
)
TITLES = "SELECT id, title, version FROM tasks ORDER BY id"
PARENTS = "SELECT id, parent_id FROM tasks ORDER BY id"
LABELS = "SELECT task_id, label_id FROM task_labels ORDER BY task_id, label_id"


async def create(store: Store, *new: NewTask) -> list[int]:
    """Write tasks."""
    return await store.write(lambda s: many_tasks.create_tasks(s, new))


async def update(
    store: Store, changes: TaskChanges, *ids: int, at_most: int = MAX_AT_ONCE
) -> list[int]:
    """Change tasks."""
    return await store.write(
        lambda s: many_tasks.update_tasks(s, BY_ID, (ids,), changes, at_most=at_most)
    )


async def delete(store: Store, *ids: int) -> list[int]:
    """Delete tasks."""
    return await store.write(
        lambda s: many_tasks.delete_tasks(s, BY_ID, (ids,), at_most=MAX_AT_ONCE)
    )


async def refused_update(store: Store, changes: TaskChanges, *ids: int) -> list[Problem]:
    """Try a change that must be refused."""
    return await store.refused(
        lambda s: many_tasks.update_tasks(s, BY_ID, (ids,), changes, at_most=MAX_AT_ONCE)
    )


async def add_rows(store: Store) -> None:
    """Write two projects and three labels."""
    for name in "ab":
        await store.write(lambda s, n=name: projects.create_project(s, NewProject(n)))
    for name in "abc":
        await store.write(lambda s, n=name: labels.create_label(s, NewLabel(n)))


async def test_create(store_of_tasks: Store) -> None:
    """Inputs are written in their order with every field, and each one's subtasks behind it."""
    await add_rows(store_of_tasks)
    assert await create(store_of_tasks, NewTask("parent", project_id="2")) == [1]
    moment = datetime(2026, 1, 31, 8, 30, tzinfo=UTC)
    full = NewTask(
        'full "\\ é😀\u2028',
        description="more\n",
        completed=True,
        priority=Priority.URGENT,
        due=Due(on=date(2026, 2, 1)),
        start_on=date(1, 1, 1),
        project_id="1",
        label_ids=("3", "1", "3"),
        subtasks=(NewTask("s", subtasks=(NewTask("t", project_id=None),)), NewTask("u")),
    )
    under = NewTask("under", parent_id="1", due=Due(at=moment), subtasks=(NewTask("v"),))
    assert await create(store_of_tasks, full, under, NewTask("last")) == [2, 6, 8]
    at = (
        "2026-01-31T08:30:00.000Z" if store_of_tasks.address.is_sqlite else "2026-01-31 08:30:00+00"
    )
    none = (None, None, None)
    assert store_of_tasks.fetch(CONTENT) == [
        (1, "parent", "", 0, 0, *none, 2, None, 1),
        (2, full.title, "more\n", 1, 4, "2026-02-01", None, "0001-01-01", 1, None, 3),
        (3, "s", "", 0, 0, *none, 1, 2, 1),
        (4, "t", "", 0, 0, *none, None, 3, 1),
        (5, "u", "", 0, 0, *none, 1, 2, 1),
        (6, "under", "", 0, 0, None, at, None, 2, 1, 1),
        (7, "v", "", 0, 0, *none, 2, 6, 1),
        (8, "last", "", 0, 0, *none, None, None, 1),
    ]
    assert store_of_tasks.fetch(LABELS) == [(2, 1), (2, 3)]
    assert store_of_tasks.in_order() == [*range(1, 9)]
    stamps = "created_at = (SELECT min(created_at) FROM tasks)"
    assert store_of_tasks.fetch(f"SELECT count(*) FROM tasks WHERE {stamps}") == [(1,)]
    assert store_of_tasks.fetch("SELECT id FROM tasks WHERE completed_at IS NOT NULL") == [(2,)]
    await store_of_tasks.write(lambda s: tasks.create_task(s, NewTask("next")))
    assert store_of_tasks.in_order()[-1] == 9


async def test_create_none(store_of_tasks: Store) -> None:
    """No input is nothing to write."""
    assert await create(store_of_tasks) == []
    assert store_of_tasks.fetch(TITLES) == []


async def test_create_refused(store_of_tasks: Store) -> None:
    """What is wrong with any input is told with its number, and none is written."""
    await add_rows(store_of_tasks)
    new = [
        NewTask("fine"),
        NewTask("fine", label_ids=("1", "4"), subtasks=(NewTask(" "),)),
        NewTask("fine", place=Place(after="1"), parent_id="x"),
        NewTask("", project_id="3"),
    ]
    assert await store_of_tasks.refused(lambda s: many_tasks.create_tasks(s, new)) == [
        Invalid('title " " is blank', ("input", "1", "subtasks", "0", "title")),
        Invalid('title "" is blank', ("input", "3", "title")),
        NotFound('no label has the id "4"', ("input", "1", "label_ids", "1"), "4"),
        NotFound('no task has the id "x"', ("input", "2", "parent_id"), "x"),
        NotFound('no task has the id "1"', ("input", "2", "place", "after"), "1"),
        NotFound('no project has the id "3"', ("input", "3", "project_id"), "3"),
    ]


async def test_places_beside_rows_without_room(store_of_tasks: Store) -> None:
    """Where room has to be made at one place, what goes to another still lands there."""
    await create(store_of_tasks, *map(NewTask, "123"))
    store_of_tasks.execute("UPDATE tasks SET position = 'a0'")
    await create(
        store_of_tasks,
        NewTask("4", place=Place(after="3")),
        NewTask("5", place=Place(before="1")),
        NewTask("6", place=Place(after="1")),
        NewTask("7", place=Place(after="2")),
        NewTask("8", place=Place(before="3")),
        NewTask("9", place=Place(after="2")),
    )
    assert store_of_tasks.in_order() == [5, 1, 6, 2, 9, 7, 8, 3, 4]


async def test_update(store_of_tasks: Store) -> None:
    """What is sent changes in all tasks in one step; what it does not change keeps its version."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, *map(NewTask, "1234"))
    assert await update(store_of_tasks, TaskChanges(title="1"), 3, 1) == [1, 3]
    assert store_of_tasks.fetch(TITLES) == [(1, "1", 1), (2, "2", 1), (3, "1", 2), (4, "4", 1)]
    everything = TaskChanges(
        title="t",
        description="more",
        completed=True,
        priority=Priority.HIGH,
        due=Due(on=date(2026, 2, 1)),
        start_on=date(2026, 1, 1),
        project_id="2",
        parent_id="4",
        place=Place(after="4"),
    )
    row = ("t", "more", 1, 3, "2026-02-01", None, "2026-01-01", 2, 4)
    for _ in range(2):
        assert await update(store_of_tasks, everything, 1, 2) == [1, 2]
        assert store_of_tasks.fetch(CONTENT)[:2] == [(1, *row, 2), (2, *row, 2)]
    assert store_of_tasks.in_order() == [3, 4, 1, 2]
    cleared = TaskChanges(
        description=None, due=None, start_on=None, project_id=None, parent_id=None
    )
    assert await update(store_of_tasks, cleared, 1, 4) == [1, 4]
    bare = ("", 1, 3, None, None, None, None, None, 3)
    assert store_of_tasks.fetch(CONTENT)[0] == (1, "t", *bare)
    assert store_of_tasks.fetch(TITLES)[3] == (4, "4", 1)
    assert await update(store_of_tasks, TaskChanges(), 1, 2, 77) == [1, 2]
    assert await update(store_of_tasks, TaskChanges(title="no"), 77) == []
    assert store_of_tasks.fetch(TITLES) == [(1, "t", 3), (2, "t", 2), (3, "1", 2), (4, "4", 1)]


async def test_update_labels(store_of_tasks: Store) -> None:
    """Labels are given to all and taken from all; who has them already, or not, is left alone."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1", label_ids=("1", "2")), NewTask("2"), NewTask("3"))
    changes = TaskChanges(add_label_ids=("2", "3", "3"), remove_label_ids=("1",))
    for _ in range(2):
        assert await update(store_of_tasks, changes, 1, 2) == [1, 2]
        assert store_of_tasks.fetch(LABELS) == [(1, 2), (1, 3), (2, 2), (2, 3)]
        assert store_of_tasks.fetch(TITLES) == [(1, "1", 5), (2, "2", 3), (3, "3", 1)]


async def test_update_refused(store_of_tasks: Store) -> None:
    """Broken rules, missing rows, own places and cycles of all tasks are told together."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1", subtasks=(NewTask("2"),)), NewTask("3"))
    changes = TaskChanges(
        title=None, project_id="7", parent_id="2", add_label_ids=("8",), place=Place(before="3")
    )
    own = [
        Invalid("title cannot be null", ("input", "title")),
        NotFound('no project has the id "7"', ("input", "project_id"), "7"),
        NotFound('no label has the id "8"', ("input", "add_label_ids", "0"), "8"),
    ]
    assert await refused_update(store_of_tasks, changes, 77) == own
    assert await refused_update(store_of_tasks, changes, 3, 2, 1) == [
        *own,
        Invalid("task 3 cannot be placed before itself", ("input", "place", "before")),
        Invalid("task 2 is a subtask of task 1 and cannot be its parent", ("input", "parent_id")),
        Invalid("task 2 cannot be its own parent", ("input", "parent_id")),
    ]
    assert await update(store_of_tasks, TaskChanges(parent_id="2"), 3) == [3]
    assert store_of_tasks.fetch(PARENTS) == [(1, None), (2, 1), (3, 2)]


async def test_too_many_labels(store_of_tasks: Store) -> None:
    """Labels are counted once for each task."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, *[NewTask("t")] * 5001)
    for _ in range(8):
        await store_of_tasks.write(lambda s: labels.create_label(s, NewLabel("l")))
    ten = tuple(str(number) for number in range(1, 11))
    changes = TaskChanges(add_label_ids=ten)
    assert await refused_update(store_of_tasks, changes, *range(1, 5002)) == [
        TooMany(
            "50010 labels are more than the 50000 that one write gives or takes",
            ("input",),
            50000,
            50010,
        )
    ]


async def test_at_most(store_of_tasks: Store) -> None:
    """A filter that matches more than it may is refused with how many it matches."""
    await create(store_of_tasks, *map(NewTask, "12345"))
    where = Compare("id", Operator.GT, Slot(0))
    problem = TooMany(
        "the filter matches 4 tasks, more than the 2 that may be written", ("at_most",), 2, 4
    )

    def changing(at_most: int, **changes: Any) -> Callable[[WriteSession], list[int]]:
        new = TaskChanges(**changes)
        return lambda s: many_tasks.update_tasks(s, where, (1,), new, at_most=at_most)

    def deleting(at_most: int) -> Callable[[WriteSession], list[int]]:
        return lambda s: many_tasks.delete_tasks(s, where, (1,), at_most=at_most)

    assert await store_of_tasks.refused(changing(2, title="no")) == [problem]
    assert await store_of_tasks.refused(deleting(2)) == [problem]
    blank = Invalid('title " " is blank', ("input", "title"))
    assert await store_of_tasks.refused(changing(2, title=" ")) == [problem, blank]
    for wrong in (-1, 10001):
        message = f"at most {wrong} is not between 0 and 10000"
        invalid = [Invalid(message, ("at_most",))]
        assert await store_of_tasks.refused(changing(wrong, title=" ")) == invalid
        assert await store_of_tasks.refused(deleting(wrong)) == invalid
    assert await store_of_tasks.write(changing(4, title="yes")) == [2, 3, 4, 5]
    assert await store_of_tasks.write(deleting(4)) == [2, 3, 4, 5]
    assert await store_of_tasks.write(deleting(0)) == []
    assert store_of_tasks.fetch(TITLES) == [(1, "1", 1)]


async def test_filters_with_values(store_of_tasks: Store) -> None:
    """Which tasks are written is the filter's to say, whatever it asks and leads to."""
    await add_rows(store_of_tasks)
    await create(
        store_of_tasks,
        NewTask("a", project_id="1", due=Due(at=datetime(2026, 1, 1, tzinfo=UTC))),
        NewTask("b", project_id="2", label_ids=("1",)),
        NewTask("c"),
    )
    where = Either(
        (
            Related(Relation.TASK_PROJECT, Compare("name", Operator.EQ, Slot(1))),
            Compare("due_at", Operator.LT, Slot(2)),
            Related(Relation.TASK_LABELS, Compare("id", Operator.IN, Slot(0))),
        )
    )
    values: tuple[Value, ...] = ((1, 2), "none", datetime(2026, 1, 2, tzinfo=UTC))
    changes = TaskChanges(title="x")
    ids = await store_of_tasks.write(
        lambda s: many_tasks.update_tasks(s, where, values, changes, at_most=2)
    )
    assert ids == [1, 2]
    assert store_of_tasks.fetch(TITLES) == [(1, "x", 2), (2, "x", 3), (3, "c", 1)]


async def test_delete(store_of_tasks: Store) -> None:
    """Subtasks that stay move up to the nearest task that does, in one step."""
    await add_rows(store_of_tasks)
    below = NewTask("4", label_ids=("1",), subtasks=(NewTask("5"),))
    tree = NewTask("1", subtasks=(NewTask("2", subtasks=(NewTask("3", subtasks=(below,)),)),))
    await create(store_of_tasks, tree, NewTask("6", label_ids=("1",)))
    assert await delete(store_of_tasks, 4, 3, 2, 77) == [2, 3, 4]
    assert store_of_tasks.fetch(PARENTS) == [(1, None), (5, 1), (6, None)]
    assert store_of_tasks.fetch(TITLES) == [(1, "1", 1), (5, "5", 2), (6, "6", 2)]
    assert store_of_tasks.fetch(LABELS) == [(6, 1)]
    assert await delete(store_of_tasks) == []


async def test_delete_circles(store_of_tasks: Store) -> None:
    """Tasks that another program tied to a circle go like others."""
    await create(store_of_tasks, *map(NewTask, "1234"))
    store_of_tasks.execute(
        "UPDATE tasks SET parent_id = CASE id WHEN 1 THEN 2 WHEN 2 THEN 1 WHEN 3 THEN 2 ELSE 4 END"
    )
    assert await delete(store_of_tasks, 1, 2, 4) == [1, 2, 4]
    assert store_of_tasks.fetch(PARENTS) == [(3, None)]


def watch(store: Store) -> Callable[[], list[int]]:
    """Note the ids of tasks that are updated, whether that changes them or not."""
    store.execute(
        "CREATE TABLE seen (id INTEGER)",
        "CREATE TRIGGER see AFTER UPDATE OF title, parent_id, position ON tasks"
        " BEGIN INSERT INTO seen VALUES (NEW.id); END",
    )
    return lambda: [row_id for (row_id,) in store.fetch("SELECT DISTINCT id FROM seen ORDER BY id")]


async def test_who_stays_is_not_written(store_of_tasks: Store) -> None:
    """A task that has what it is to get is not written, nor is one that stands where it is put."""
    if not store_of_tasks.address.is_sqlite:
        return
    await create(store_of_tasks, *map(NewTask, "123456"))
    await delete(store_of_tasks, 2, 4)
    seen = watch(store_of_tasks)
    assert await update(store_of_tasks, TaskChanges(place=Place(after="1")), 3, 5) == [3, 5]
    assert await update(store_of_tasks, TaskChanges(place=Place(before="6")), 5, 3) == [3, 5]
    assert seen() == []
    assert await update(store_of_tasks, TaskChanges(title="3"), 3, 5) == [3, 5]
    assert seen() == [5]


async def test_many_subtasks_under_many_levels(store_of_tasks: Store) -> None:
    """No subtask climbs level by level: who goes is not moved, who stays is moved once."""
    if not store_of_tasks.address.is_sqlite:
        return
    await create(store_of_tasks, *[NewTask("t")] * 1000)
    store_of_tasks.execute(
        "UPDATE tasks SET parent_id = CASE WHEN id < 300 THEN id + 1 WHEN id > 300 THEN 1 END"
    )
    seen = watch(store_of_tasks)
    ids = [*range(1, 901)]
    assert await delete(store_of_tasks, *ids) == ids
    stayed = [*range(901, 1001)]
    assert store_of_tasks.fetch(PARENTS) == [(number, None) for number in stayed]
    assert seen() == stayed


async def test_ten_thousand(store_of_tasks: Store) -> None:
    """Ten thousand tasks are written, changed, moved and deleted at once, and not one more."""
    await add_rows(store_of_tasks)
    new = [NewTask(str(number), label_ids=("1",)) for number in range(1, 10_001)]
    ids = [*range(1, 10_001)]
    assert await create(store_of_tasks, *new) == ids
    message = "10001 tasks are more than the 10000 that one write may create"
    assert await store_of_tasks.refused(
        lambda s: many_tasks.create_tasks(s, [*new, NewTask("one more")])
    ) == [TooMany(message, ("input",), 10_000, 10_001)]
    moving = TaskChanges(
        title="t", add_label_ids=("2",), remove_label_ids=("1",), place=Place(at_start=True)
    )
    await create(store_of_tasks, NewTask("first", place=Place(at_start=True)))
    assert store_of_tasks.in_order() == [10_001, *ids]
    assert await update(store_of_tasks, moving, *ids) == ids
    assert store_of_tasks.in_order() == [*ids, 10_001]
    assert store_of_tasks.fetch("SELECT title, version, count(*) FROM tasks GROUP BY 1, 2") in (
        [("first", 1, 1), ("t", 5, 10_000)],
        [("t", 5, 10_000), ("first", 1, 1)],
    )
    assert store_of_tasks.fetch("SELECT label_id, count(*) FROM task_labels GROUP BY 1") == [
        (2, 10_000)
    ]
    too_many = TooMany(
        "the filter matches 10001 tasks, more than the 10000 that may be written",
        ("at_most",),
        10_000,
        10_001,
    )
    assert await store_of_tasks.refused(
        lambda s: many_tasks.delete_tasks(s, EVERY, (), at_most=MAX_AT_ONCE)
    ) == [too_many]
    assert await delete(store_of_tasks, *ids) == ids
    assert store_of_tasks.fetch(TITLES) == [(10_001, "first", 1)]


async def test_statements_do_not_grow(store_of_tasks: Store) -> None:
    """One task and fifty take the same statements."""
    await add_rows(store_of_tasks)
    changes = TaskChanges(
        title="t", parent_id="1", add_label_ids=("1",), remove_label_ids=("2",),
        place=Place(at_start=True),
    )  # fmt: skip
    await create(store_of_tasks, NewTask("parent"))
    run = []
    for number in (1, 50):
        with statements_run() as statements:
            new = NewTask("t", parent_id="1", label_ids=("1",), place=Place(before="1"))
            ids = await create(store_of_tasks, *[new] * number)
            await update(store_of_tasks, changes, *ids)
            await delete(store_of_tasks, *ids)
        run.append([statement.text for statement in statements])
    assert run[0] == run[1]


async def test_writers_at_once(store_of_tasks: Store) -> None:
    """Bulk writes of the same tasks at once all land, one after the other."""
    await create(store_of_tasks, *[NewTask("t")] * 30)
    results = await asyncio.gather(
        *(update(store_of_tasks, TaskChanges(title=str(n)), *range(1, 31)) for n in range(8)),
        *(update(store_of_tasks, TaskChanges(place=Place(at_end=True)), n) for n in range(1, 9)),
        delete(store_of_tasks, *range(25, 31)),
    )
    assert results[-1] == [*range(25, 31)]
    assert all(set(ids) >= {*range(1, 25)} for ids in results[:8])
    titles = {(title, version >= 9) for _, title, version in store_of_tasks.fetch(TITLES)}
    assert len(titles) == 1
    assert next(iter(titles))[1]


class RollBack(Exception):
    """Ends an example; the next one finds the store as it was."""


TEXTS = st.sampled_from(["a", "b", "A"])
ROW_IDS = st.sampled_from(["1", "2", "3", "4"])
PLACES = st.one_of(
    st.builds(Place, before=ROW_IDS),
    st.builds(Place, after=ROW_IDS),
    st.just(Place(at_start=True)),
    st.just(Place(at_end=True)),
)
DUES = st.sampled_from([None, Due(on=date(2026, 2, 1)), Due(at=datetime(2026, 2, 1, tzinfo=UTC))])
LABEL_IDS = st.sets(st.sampled_from(["1", "2"])).map(sorted).map(tuple)
NEW = st.recursive(
    st.builds(
        NewTask,
        title=TEXTS,
        completed=st.booleans(),
        priority=st.sampled_from(Priority),
        due=DUES,
        project_id=st.sampled_from([None, "1", "2"]),
        label_ids=LABEL_IDS,
    ),
    lambda inner: st.builds(NewTask, title=TEXTS, subtasks=st.lists(inner, max_size=2).map(tuple)),
    max_leaves=4,
)
POSITIONS = st.lists(st.sampled_from(["a0", "a1", "a1V", "b", "~"]), min_size=4, max_size=4)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "description": st.none() | TEXTS,
        "completed": st.booleans(),
        "priority": st.sampled_from(Priority),
        "due": DUES,
        "start_on": st.none() | st.just(date(2026, 1, 1)),
        "project_id": st.sampled_from([None, "1", "2"]),
        "parent_id": st.none() | ROW_IDS,
        "add_label_ids": st.just(("1",)),
        "remove_label_ids": st.just(("2",)),
        "place": PLACES,
    },
)
PROPERTY = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def filters(draw: st.DrawFn) -> tuple[Filter, tuple[Value, ...]]:
    """Write a filter of tasks, with its values."""
    values = Values()
    found = Writer(draw, TEXTS, values).filter(Entity.TASK, depth=2)
    return found, tuple(values.items)


def content(session: WriteSession, *, by_title: bool = False) -> list[list[Any]]:
    """Read all that people write, and the order by hand."""
    key = "(SELECT title FROM tasks t WHERE t.id = {})" if by_title else "{}"
    rows = (
        f"SELECT {key.format('tasks.id')}, title, description, is_completed, priority, due_on,"
        f" due_at, start_on, project_id, {key.format('tasks.parent_id')} FROM tasks ORDER BY 1"
    )
    pairs = f"SELECT {key.format('task_id')}, label_id FROM task_labels ORDER BY 1, 2"
    order = f"SELECT {key.format('tasks.id')} FROM tasks ORDER BY position, id"
    return [[*map(tuple, session.execute(text(query)))] for query in (rows, pairs, order)]


def attempt(session: WriteSession, work: Callable[[], object]) -> list[Problem]:
    """Do what may be refused."""
    try:
        work()
    except Refused as refused:
        return [*refused.problems]
    return []


def begin(session: WriteSession, positions: Iterable[str]) -> None:
    """Write projects and labels, and four tasks, the second and the third below the first."""
    if session.get_bind().dialect.name == "postgresql":  # a roll-back leaves the sequences
        for table in ("projects", "labels", "tasks"):
            session.execute(text(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 1"))
    for name in "ab":
        projects.create_project(session, NewProject(name))
        labels.create_label(session, NewLabel(name))
    first = NewTask("a", subtasks=(NewTask("b", subtasks=(NewTask("A", label_ids=("2",)),)),))
    many_tasks.create_tasks(session, [first, NewTask("b", project_id="1")])
    for number, position in enumerate(positions, 1):
        session.execute(text(f"UPDATE tasks SET position = '{position}' WHERE id = {number}"))


@PROPERTY
@given(positions=POSITIONS, new=st.lists(NEW, max_size=3), found=filters(), changes=CHANGES)
async def test_update_as_one_by_one(
    store_of_tasks: Store,
    positions: list[str],
    new: list[NewTask],
    found: tuple[Filter, tuple[Value, ...]],
    changes: TaskChanges,
) -> None:
    """Tasks change, or are refused, as they would one after the other."""

    def example(session: WriteSession) -> None:
        begin(session, positions)
        many_tasks.create_tasks(session, new)
        ids = many_tasks.update_tasks(session, *found, TaskChanges(), at_most=100)
        with session.begin_nested() as savepoint:
            problems = attempt(
                session, lambda: many_tasks.update_tasks(session, *found, changes, at_most=100)
            )
            changed = content(session)
            savepoint.rollback()
        if problems:
            assert sorted(map(repr, problems)) == sorted(
                repr(problem)
                for row_id in ids
                for problem in attempt(
                    session, lambda r=row_id: tasks.update_task(session, str(r), changes)
                )
            )
        else:
            place = changes.get("place") or Place(at_end=True)
            in_order = [row_id for (row_id,) in content(session)[2] if row_id in ids]
            if place.at_start or place.after is not None:
                in_order.reverse()
            for row_id in in_order:
                tasks.update_task(session, str(row_id), changes)
            assert content(session) == changed
        raise RollBack

    with pytest.raises(RollBack):
        await store_of_tasks.write(example)


PLACED = st.recursive(
    st.builds(NewTask, title=st.just(""), place=st.none() | PLACES, parent_id=st.none() | ROW_IDS),
    lambda inner: st.builds(
        NewTask,
        title=st.just(""),
        project_id=st.sampled_from([FromParent.PROJECT, None, "1"]),
        place=st.none() | PLACES,
        subtasks=st.lists(inner.map(lambda task: replace(task, parent_id=None)), max_size=2).map(
            tuple
        ),
    ),
    max_leaves=5,
)


def numbered(task: NewTask, numbers: Iterator[int]) -> NewTask:
    """Give a task and its subtasks titles that no other has."""
    title = str(next(numbers))
    return replace(
        task, title=title, subtasks=tuple(numbered(subtask, numbers) for subtask in task.subtasks)
    )


@PROPERTY
@given(positions=POSITIONS, new=st.lists(PLACED, max_size=5))
async def test_create_as_one_by_one(
    store_of_tasks: Store, positions: list[str], new: list[NewTask]
) -> None:
    """Tasks are written where they would be one after the other."""
    numbers = count()
    inputs = [numbered(task, numbers) for task in new]

    def example(session: WriteSession) -> None:
        begin(session, positions)
        session.execute(text("UPDATE tasks SET title = 'task ' || id"))
        with session.begin_nested() as savepoint:
            many_tasks.create_tasks(session, inputs)
            written = content(session, by_title=True)
            savepoint.rollback()
        for task in inputs:
            tasks.create_task(session, task)
        assert content(session, by_title=True) == written
        raise RollBack

    with pytest.raises(RollBack):
        await store_of_tasks.write(example)


@PROPERTY
@given(
    parents=st.lists(st.none() | st.integers(1, 6), min_size=6, max_size=6),
    gone=st.sets(st.integers(1, 6)),
)
async def test_delete_as_one_by_one(
    store_of_tasks: Store, parents: list[int | None], gone: set[int]
) -> None:
    """Tasks that stay hang where they would if the others were deleted one after the other."""
    above = [
        parent if parent is None or parent < number else None  # no circles
        for number, parent in enumerate(parents, 1)
    ]

    def example(session: WriteSession) -> None:
        begin(session, ["a0"] * 4)
        many_tasks.create_tasks(session, [NewTask("5"), NewTask("6", label_ids=("1",))])
        for number, parent in enumerate(above, 1):
            session.execute(
                text("UPDATE tasks SET parent_id = :parent WHERE id = :id"),
                {"id": number, "parent": parent},
            )
        with session.begin_nested() as savepoint:
            found = many_tasks.delete_tasks(session, BY_ID, (tuple(gone),), at_most=6)
            assert found == sorted(gone)
            left = content(session)
            savepoint.rollback()
        for number in gone:
            tasks.delete_task(session, str(number))
        assert content(session) == left
        raise RollBack

    with pytest.raises(RollBack):
        await store_of_tasks.write(example)
