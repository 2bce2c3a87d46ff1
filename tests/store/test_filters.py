"""One truth: SQLite, PostgreSQL and Python find the same rows, whatever the rows and the filter."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from gql_tasks.domain.filters import (
    Compare,
    Filter,
    Is,
    IsNull,
    Operator,
    Related,
    RelatedCount,
    every,
    fold_case,
    matches,
    negated,
    some,
)
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Scalar, Value, Values
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.filters import condition
from gql_tasks.store.postgresql_sql import POSTGRESQL
from gql_tasks.store.scope import Scope, slot_index
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_sql import SQLITE
from tests.sql import Address

# Letters in both cases, letters whose case folding is odd, wildcards, quotes, and what takes more
# than one unit in some encoding.
TEXTS = st.text(alphabet="aAbBäÄßkK\u212aİ%_\\*'\"😀", max_size=3)
CHANGES: Sequence[Callable[[str], str]] = (
    *(str, str.lower, str.upper, fold_case),
    *(lambda text: text[:0], lambda text: text[:1], lambda text: text[:2]),
    *(lambda text: text[1:], lambda text: text[-1:], lambda text: f"{text[:1]}%"),
)
IDS = (-7, 0, 1, 2, 3, 2**63 - 1)
DAYS = st.sampled_from(
    [date(1, 1, 1), date(2024, 2, 29), date(2026, 1, 31), date(2026, 2, 1), date(9999, 12, 31)]
)
MIDNIGHT = datetime(2026, 2, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
INSTANTS = st.sampled_from(
    [
        datetime(987, 1, 1, tzinfo=UTC),
        MIDNIGHT - MILLISECOND,
        MIDNIGHT,
        MIDNIGHT + MILLISECOND,
        datetime(9999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
    ]
)
RANKS = st.integers(0, 4)
ORDERED = (Operator.LT, Operator.LTE, Operator.GT, Operator.GTE)
TEXT_OPERATORS = (
    Operator.EQ,
    Operator.IN,
    Operator.CONTAINS,
    Operator.STARTS_WITH,
    Operator.ENDS_WITH,
)
FILTERS_A_WORLD = 12

Fields = dict[str, Any]


@dataclass
class World:
    """Rows of every table, by id."""

    projects: Mapping[int, Fields]
    labels: Mapping[int, Fields]
    tasks: Mapping[int, Fields]
    pairs: Sequence[Fields]

    def row(self, entity: Entity, row_id: int) -> "WorldRow":
        tables = {
            Entity.TASK: self.tasks,
            Entity.PROJECT: self.projects,
            Entity.LABEL: self.labels,
        }
        return WorldRow(self, row_id, tables[entity][row_id])


@dataclass
class WorldRow:
    """A row as `matches` sees one."""

    world: World
    id: int
    fields: Fields

    def value(self, field: str) -> Scalar | None:
        value: Scalar | None = self.fields[field]
        return value

    def related(self, relation: Relation) -> Iterable["WorldRow"]:
        return [self.world.row(relation.value.target, found) for found in self._ids(relation)]

    def _ids(self, relation: Relation) -> list[int]:
        tasks, pairs = self.world.tasks, self.world.pairs
        match relation:
            case Relation.TASK_PROJECT:
                return [key] if (key := self.fields["project_id"]) is not None else []
            case Relation.TASK_PARENT:
                return [key] if (key := self.fields["parent_id"]) is not None else []
            case Relation.TASK_SUBTASKS:
                return [key for key, task in tasks.items() if task["parent_id"] == self.id]
            case Relation.PROJECT_TASKS:
                return [key for key, task in tasks.items() if task["project_id"] == self.id]
            case Relation.TASK_LABELS:
                return [pair["label_id"] for pair in pairs if pair["task_id"] == self.id]
            case Relation.LABEL_TASKS:
                return [pair["task_id"] for pair in pairs if pair["label_id"] == self.id]
            case Relation.TASK_HISTORY:
                raise AssertionError("no filter asks about changes")


def _world(draw: st.DrawFn, texts: st.SearchStrategy[str]) -> World:
    """Generate rows; a task's parent is one before it."""
    ids = st.lists(st.sampled_from(IDS), unique=True, max_size=3)
    projects = {
        key: {"id": key, "name": draw(texts), "archived_at": draw(st.none() | INSTANTS)}
        for key in draw(ids)
    }
    labels = {key: {"id": key, "name": draw(texts)} for key in draw(ids)}
    tasks: dict[int, Fields] = {}
    for key in draw(st.lists(st.sampled_from(IDS), unique=True, min_size=1)):
        due = draw(st.sampled_from(["due_on", "due_at", None]))
        tasks[key] = {
            "id": key,
            "title": draw(st.none() | texts),
            "description": draw(st.none() | texts),
            "completed": draw(st.sampled_from([None, False, True])),
            "completed_at": draw(st.none() | INSTANTS),
            "priority": draw(RANKS),
            "due_on": draw(DAYS) if due == "due_on" else None,
            "due_at": draw(INSTANTS) if due == "due_at" else None,
            "start_on": draw(st.none() | DAYS),
            "created_at": draw(INSTANTS),
            "updated_at": draw(INSTANTS),
            "project_id": draw(st.sampled_from([None, *projects])),
            "parent_id": draw(st.sampled_from([None, *tasks])),
        }
    pairs = [
        {"task_id": task, "label_id": label}
        for task in tasks
        for label in (draw(st.lists(st.sampled_from([*labels]), unique=True)) if labels else [])
    ]
    return World(projects, labels, tasks, pairs)


FIELDS: Mapping[Entity, Sequence[str]] = {
    Entity.TASK: (
        *("id", "title", "description", "completed", "completed_at", "priority", "due_on"),
        *("due_at", "start_on", "created_at", "updated_at", "project_id", "parent_id"),
    ),
    Entity.PROJECT: ("id", "name", "archived_at"),
    Entity.LABEL: ("id", "name"),
}


@dataclass
class Case:
    """A filter with its values."""

    filter: Filter
    values: Values


@dataclass
class Writer:
    """Writes a filter and binds its values."""

    draw: st.DrawFn
    texts: st.SearchStrategy[str]
    values: Values

    def filter(self, entity: Entity, depth: int) -> Filter:
        """Write a filter of an entity's rows, at most so deep."""
        kinds = ("compare", "compare", "null", "all", "some", "not", "related", "related", "count")
        match self.draw(st.sampled_from(kinds[:3] if depth == 0 else kinds)):
            case "null":
                return IsNull(self.draw(st.sampled_from(FIELDS[entity])), self.draw(st.booleans()))
            case "all":
                return every(self.filters(entity, depth - 1))
            case "some":
                return some(self.filters(entity, depth - 1))
            case "not":
                return negated(self.filter(entity, depth - 1))
            case "related":
                relation = self.relation(entity)
                return Related(relation, self.part(relation.value.target, depth - 1))
            case "count":
                operator = self.draw(st.sampled_from([Operator.EQ, *ORDERED]))
                number = self.values.bind(self.draw(st.integers(-1, 3)))
                return RelatedCount(self.relation(entity), operator, number)
        return self.comparison(self.draw(st.sampled_from(FIELDS[entity])))

    def filters(self, entity: Entity, depth: int) -> list[Filter]:
        return [self.filter(entity, depth) for _ in range(self.draw(st.integers(0, 3)))]

    def relation(self, entity: Entity) -> Relation:
        ways = [
            relation
            for relation in Relation
            if relation.value.source is entity and relation.value.target is not Entity.CHANGE
        ]
        return self.draw(st.sampled_from(ways))

    def part(self, entity: Entity, depth: int) -> Filter:
        """Write what is asked of related rows: often of their ids, which SQL does otherwise."""
        match self.draw(st.integers(0, 5)):
            case 0:
                return every([])
            case 1:
                return self.comparison("id")
            case 2:
                return every([self.comparison("id"), self.filter(entity, depth)])
        return self.filter(entity, depth)

    def comparison(self, field: str) -> Filter:
        """Write a comparison of a field with a value that its rows may have."""
        match field:
            case "title" | "description" | "name":
                ignore_case = self.draw(st.booleans())
                texts = self.texts.map(fold_case) if ignore_case else self.texts
                return self.compare(field, texts, TEXT_OPERATORS, ignore_case)
            case "completed":
                return Is(field, self.draw(st.booleans()))
            case "priority":
                return self.compare(field, RANKS, (Operator.EQ, Operator.IN, *ORDERED))
            case "due_on" | "start_on":
                return self.compare(field, DAYS, (Operator.EQ, *ORDERED))
            case "id" | "project_id" | "parent_id":
                return self.compare(field, st.sampled_from([*IDS, 77]), (Operator.EQ, Operator.IN))
        return self.compare(field, INSTANTS, ORDERED)

    def compare(
        self,
        field: str,
        items: st.SearchStrategy[Any],
        operators: Sequence[Operator],
        ignore_case: bool = False,
    ) -> Filter:
        operator = self.draw(st.sampled_from(operators))
        drawn = st.lists(items, max_size=3).map(tuple) if operator is Operator.IN else items
        return Compare(field, operator, self.values.bind(self.draw(drawn)), ignore_case)


@st.composite
def worlds_and_filters(draw: st.DrawFn) -> tuple[World, list[Case]]:
    """Generate rows and what is asked of them, with few texts, so that they meet."""
    few = draw(st.lists(TEXTS, min_size=1, max_size=3))
    texts = st.sampled_from([*few, *{change(text) for change in CHANGES for text in few}])
    world = _world(draw, texts)
    cases = []
    for _ in range(FILTERS_A_WORLD):
        values = Values()
        cases.append(Case(Writer(draw, texts, values).filter(Entity.TASK, depth=3), values))
    return world, cases


class Connection(Protocol):
    """A driver's connection, driven alike for both stores."""

    dialect: Dialect

    def run(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]: ...

    def run_many(self, statement: str, rows: list[tuple[Any, ...]]) -> None: ...


class Sqlite:
    dialect = SQLITE

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = None
        self.connection = connection

    def run(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement, parameters).fetchall()

    def run_many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self.connection.executemany(statement, rows)


class Postgresql:
    dialect = POSTGRESQL

    def __init__(self, runner: asyncio.Runner, connection: "asyncpg.Connection") -> None:
        self.runner, self.connection = runner, connection

    def run(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        rows = self.runner.run(self.connection.fetch(statement, *parameters))
        return [tuple(row) for row in rows]

    def run_many(self, statement: str, rows: list[tuple[Any, ...]]) -> None:
        self.runner.run(self.connection.executemany(statement, rows))


@pytest.fixture
def connection(address: Address) -> Iterator[Connection]:
    """A connection to an empty store, by its driver alone."""
    if address.is_sqlite:
        with closing(sqlite3.connect(address)) as sqlite:
            yield Sqlite(sqlite)
        return
    with asyncio.Runner() as runner:
        postgresql = runner.run(asyncpg.connect(str(address)))
        yield Postgresql(runner, postgresql)
        runner.run(postgresql.close())


@contextmanager
def rows_in(connection: Connection, world: World) -> Iterator[None]:
    """Have a world's rows in the store until the block ends."""
    connection.run("BEGIN")
    try:
        _insert(connection, "projects", world.projects.values())
        _insert(connection, "labels", world.labels.values())
        _insert(connection, "tasks", world.tasks.values())
        _insert(connection, "task_labels", world.pairs)
        # Triggers have stamped what a person does not write.
        for task in world.tasks.values():
            stamps = {name: task[name] for name in ("completed_at", "created_at", "updated_at")}
            _update_task(connection, task["id"], stamps)
        yield
    finally:
        connection.run("ROLLBACK")


def _insert(connection: Connection, table: str, rows: Iterable[Fields]) -> None:
    for row in rows:
        marks = ", ".join(_marks(connection, len(row)))
        statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"
        connection.run_many(statement, [_parameters(connection, row.values())])


def _update_task(connection: Connection, task_id: int, fields: Fields) -> None:
    *marks, last = _marks(connection, len(fields) + 1)
    setters = ", ".join(f"{name} = {mark}" for name, mark in zip(fields, marks, strict=True))
    parameters = _parameters(connection, [*fields.values(), task_id])
    connection.run_many(f"UPDATE tasks SET {setters} WHERE id = {last}", [parameters])


def _marks(connection: Connection, number: int) -> list[str]:
    positions = range(1, number + 1)
    return ["?" if connection.dialect is SQLITE else f"${position}" for position in positions]


def _parameters(connection: Connection, values: Iterable[Value | None]) -> tuple[Any, ...]:
    return tuple(
        None if value is None else connection.dialect.bind_value(value) for value in values
    )


def found(connection: Connection, case: Case) -> list[int]:
    """Ask the store which tasks meet a filter."""
    scope = Scope(connection.dialect)
    tasks = scope.alias(Entity.TASK)
    statement = select(tasks.c.id).where(condition(case.filter, tasks, scope)).order_by(tasks.c.id)
    compiled = statement.compile(dialect=connection.dialect.sqlalchemy)
    indexes = map(slot_index, compiled.positiontup or ())
    parameters = _parameters(connection, [case.values.items[index] for index in indexes])
    return [row[0] for row in connection.run(str(compiled), *parameters)]


@settings(
    max_examples=120,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(worlds_and_filters())
def test_the_stores_and_python_agree(
    connection: Connection, asked: tuple[World, list[Case]]
) -> None:
    """A filter finds the same tasks in the store as in Python."""
    world, cases = asked
    with rows_in(connection, world):
        for case in cases:
            expected = [
                task
                for task in sorted(world.tasks)
                if matches(case.filter, world.row(Entity.TASK, task), case.values)
            ]
            assert found(connection, case) == expected, case
