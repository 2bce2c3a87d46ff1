"""Shapes to SQL: the text that is said, and what the stores make of it."""

from collections.abc import AsyncIterator
from contextlib import closing
from inspect import isawaitable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gql_tasks.domain.filters import Compare, Operator, Related
from gql_tasks.domain.page import Direction, Nulls, Order, OrderField
from gql_tasks.domain.plan import (
    UNLIMITED,
    Column,
    Constant,
    Count,
    Many,
    One,
    ReadPlan,
    Row,
    Rows,
    Selected,
)
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.search import read_search
from gql_tasks.domain.values import Slot, Value
from gql_tasks.store.address import open_database
from gql_tasks.store.columns import COLUMNS
from gql_tasks.store.compile import compile_statement
from gql_tasks.store.database import MAX_STATEMENTS, Database, statement_cache
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.postgresql_sql import POSTGRESQL
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_sql import SQLITE
from tests.sql import Address
from tests.statements import statements_run

ID = (Column("id", "id"),)
NAMES = sorted(COLUMNS[Entity.TASK])
LIMIT, OFFSET = Slot(0), Slot(1)


def rows(entity: Entity, fields: tuple[Selected, ...], **options: Any) -> Rows:
    """Shape a list whose limit and offset are the first two values."""
    return Rows(entity, fields, LIMIT, OFFSET, **options)


def deep(subtasks: Rows) -> Rows:
    """Shape tasks with rows of every relation, lists in lists and a count."""
    labels = Many("labels", Relation.TASK_LABELS, rows(Entity.LABEL, (Column("name", "name"),)))
    tasks = Many("tasks", Relation.PROJECT_TASKS, rows(Entity.TASK, (*ID, labels)))
    project = One("project", Relation.TASK_PROJECT, (*ID, tasks))
    parent = One("parent", Relation.TASK_PARENT, (*ID, labels))
    count = Count("count", Relation.TASK_SUBTASKS)
    subtask = Many("subtasks", Relation.TASK_SUBTASKS, subtasks)
    return rows(Entity.TASK, (*ID, project, parent, count, subtask))


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    database = open_database(address)
    await database.open()
    yield database
    await database.close()


async def answer(database: Database, plan: ReadPlan) -> Any:
    session = database.session()
    try:
        reading = session.read(plan)
        fragment = await reading if isawaitable(reading) else reading
    finally:
        await session.finish()
    return orjson.loads(orjson.dumps(fragment))


def order_by(*orders: Order) -> str:
    """Compile a list's order for SQLite."""
    text = compile_statement(rows(Entity.TASK, ID, order_by=orders), SQLITE).text
    return text.partition("ORDER BY ")[2].partition("\n")[0].replace("tasks_1.", "")


F = OrderField


@pytest.mark.parametrize(
    ("orders", "text"),
    [
        ((), "id ASC"),
        ((Order(F.ID, Direction.DESC),), "id DESC"),
        ((Order(F.ID), Order(F.ID, Direction.DESC), Order(F.TITLE)), "id ASC"),
        ((Order(F.CREATED_AT),), "created_at ASC, id ASC"),
        (
            (Order(F.CREATED_AT), Order(F.CREATED_AT, Direction.DESC), Order(F.UPDATED_AT)),
            "created_at ASC, updated_at ASC, id ASC",
        ),
        ((Order(F.COMPLETED_AT),), "completed_at ASC NULLS LAST, id ASC"),
        (
            (Order(F.COMPLETED_AT, Direction.DESC, Nulls.FIRST), Order(F.ID, Direction.DESC)),
            "completed_at DESC NULLS FIRST, id DESC",
        ),
        (tuple(Order(F.UPDATED_AT) for _ in range(1000)), "updated_at ASC, id ASC"),
    ],
)
def test_order(orders: tuple[Order, ...], text: str) -> None:
    """What decides nothing is left out; the id comes last."""
    assert order_by(*orders) == text


DIALECTS = pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])


@pytest.mark.parametrize("field", [field for field in F if field is not F.NAME])
@DIALECTS
def test_the_text_has_no_values(field: OrderField, dialect: Dialect) -> None:
    """All values are bound, in the order in which the text takes them."""
    search = Slot(2) if field is F.RELEVANCE else None
    listing = rows(Entity.TASK, ID, order_by=(Order(field),), search=search)
    statement = compile_statement(listing, dialect)
    assert set(statement.parameters) == {0, 1, *([2] if search else [])}
    assert statement.parameters[-2:] == (0, 1)
    assert len(statement.bind((7, 8, read_search("milk")))) == len(statement.parameters)
    assert compile_statement(Row(Entity.TASK, ID, Slot(0)), dialect).bind((7,)) == (7,)


@DIALECTS
def test_values_of_nested_lists_are_bound(dialect: Dialect) -> None:
    """A value deep inside has its own place: the text takes each slot that the shape names."""
    where = Related(Relation.TASK_LABELS, Compare("name", Operator.EQ, Slot(4)))
    shape = deep(Rows(Entity.TASK, ID, Slot(2), Slot(3), where=where))
    statement = compile_statement(shape, dialect)
    assert set(statement.parameters) == {0, 1, 2, 3, 4}
    values: tuple[Value, ...] = (10, 0, 20, 1, "home")
    assert statement.bind(values) == tuple(values[index] for index in statement.parameters)


@DIALECTS
@pytest.mark.parametrize("entity", Entity)
def test_by_id_and_listing(entity: Entity, dialect: Dialect) -> None:
    """Plans made without a client have all the values that their statements take."""
    by_id = ReadPlan.by_id(entity, ID, 7)
    assert compile_statement(by_id.shape, dialect).bind(by_id.values) == (7,)
    listing = ReadPlan.listing(entity, ID)
    assert compile_statement(listing.shape, dialect).bind(listing.values) == (UNLIMITED, 0)


def test_statements_are_compiled_once() -> None:
    """Equal shapes have one statement."""
    statements = statement_cache(SQLITE)
    where = Related(Relation.TASK_LABELS, Compare("name", Operator.EQ, Slot(4)))
    first, second = (
        deep(Rows(Entity.TASK, (Column("id", "id"),), Slot(2), Slot(3), where=where))
        for _ in range(2)
    )
    assert first is not second
    assert statements(first) is statements(second)


def test_the_statement_cache_is_bounded() -> None:
    """Shapes that clients invent do not add up: those used last are kept."""
    statements = statement_cache(SQLITE)
    shapes = [
        Row(Entity.TASK, (Constant(f"k{i}", "Task"),), Slot(0)) for i in range(MAX_STATEMENTS + 1)
    ]
    kept = [statements(shape) for shape in shapes]
    assert statements(shapes[1]) is kept[1]
    assert statements(shapes[-1]) is kept[-1]
    assert statements(shapes[0]) is not kept[0]


async def test_the_same_shape_with_other_values(database: Database, address: Address) -> None:
    """Lists inside a list take their values when they run; the statement stays the same."""
    address.execute(
        "INSERT INTO tasks (id, title) VALUES (1, 'parent')",
        "INSERT INTO tasks (id, title, parent_id) VALUES (2, 'a', 1), (3, 'b', 1), (4, 'c', 1)",
    )
    where = Compare("title", Operator.GTE, Slot(4))
    titles = (Column("title", "title"),)
    subtasks = Rows(Entity.TASK, titles, Slot(2), Slot(3), where=where)
    shape = deep(subtasks)
    with statements_run() as statements:
        first = await answer(database, ReadPlan(shape, (1, 0, 1, 1, "a")))
        second = await answer(database, ReadPlan(shape, (1, 0, 5, 0, "b")))
    assert [task["title"] for task in first[0]["subtasks"]] == ["b"]
    assert [task["title"] for task in second[0]["subtasks"]] == ["b", "c"]
    reads = [statement.text for statement in statements if statement.text.startswith("SELECT")]
    assert len(reads) == 2
    assert reads[0] == reads[1]


@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
@pytest.mark.parametrize("length", [0, 1, 50, 51, 63, 64, 100, 101, 126, 127, 150, 151, 1000])
async def test_wide_objects(database: Database, address: Address, length: int, many: bool) -> None:
    """An object has as many keys as are asked for, past what one SQL function takes."""
    address.execute("INSERT INTO tasks (title, completed) VALUES ('}\",{', true)")
    values = {
        name: (await answer(database, ReadPlan.by_id(Entity.TASK, (Column("x", name),), 1)))["x"]
        for name in NAMES
    }
    names = [NAMES[i % len(NAMES)] for i in range(length)]
    fields = [Column(f"k{i}", name) for i, name in enumerate(names)]
    plan = (
        ReadPlan.listing(Entity.TASK, tuple(fields))
        if many
        else ReadPlan.by_id(Entity.TASK, tuple(fields), 1)
    )
    found = await answer(database, plan)
    document = found[0] if many else found
    assert list(document.items()) == [(f"k{i}", values[name]) for i, name in enumerate(names)]


async def test_nulls(database: Database, address: Address) -> None:
    """A row of NULLs is shown as the schema promises; a moment that is not known is null."""
    address.execute("INSERT INTO tasks (title) VALUES (NULL)")
    names = ("title", "description", "completed", "completed_at", "version", "id_number")
    plan = ReadPlan.by_id(Entity.TASK, tuple(Column(name, name) for name in names), 1)
    assert await answer(database, plan) == {
        "title": "",
        "description": "",
        "completed": False,
        "completed_at": None,
        "version": 1,
        "id_number": 1,
    }


async def test_no_rows(database: Database) -> None:
    """A list of nothing is empty, and a row that is not there is null."""
    assert await answer(database, ReadPlan.listing(Entity.TASK, ID)) == []
    assert await answer(database, ReadPlan.by_id(Entity.TASK, ID, 1)) is None


@pytest.mark.parametrize(
    ("column", "stored", "shown"),
    [
        ("title", "x'4344'", "CD"),
        ("title", "x''", ""),
        ("title", "x'00ff22'", '\0\ufffd"'),
        ("title", "CAST(x'41FF42' AS TEXT)", "A\ufffdB"),
        ("title", "CAST(x'F0' AS TEXT)", "\ufffd"),  # the first byte of four, before a quote
        ("title", "CAST(x'EDA080' AS TEXT)", "\ufffd" * 3),  # a surrogate
        ("title", "'a' || char(0) || 'b'", "a\0b"),
        ("title", "42", "42"),
        ("title", "json('{\"a\":1}')", '{"a":1}'),
        ("description", "x'4344'", "CD"),
        ("description", "1.5", "1.5"),
        ("completed", "2", True),
        ("completed", "-1", True),
        ("completed", "0.5", True),
        ("completed", "9e999", True),
        ("completed", "0.0", False),
        ("completed", "'true'", False),  # as SQLite's own WHERE takes it
        ("completed", "'1'", True),
        ("completed", "''", False),
        ("completed", "x'31'", True),
        ("completed_at", "x'4344'", "CD"),
        ("updated_at", "5", "5"),
        ("version", "'7'", 7),
        ("version", "'seven'", 0),
        ("version", "x'37'", 7),
        ("version", "1.5", 1),
        ("version", "9e999", 2**63 - 1),
    ],
)
async def test_odd_values(tmp_path: Path, column: str, stored: str, shown: Any) -> None:
    """SQLite keeps anything in any column; the list it stands in is JSON of the right types."""
    path = tmp_path / "tasks.db"
    database = open_database(str(path))
    await database.open()
    with closing(sqlite3.connect(path)) as connection:
        # The triggers are set aside: they would take the value for a change and stamp the row.
        connection.executescript("DROP TRIGGER tasks_stamp_insert; DROP TRIGGER tasks_stamp_update")
        connection.execute("INSERT INTO tasks (title) VALUES ('a'), ('b')")
        connection.execute(f"UPDATE tasks SET {column} = {stored} WHERE id = 1")
        connection.commit()
    plan = ReadPlan.listing(Entity.TASK, (Column("id", "id"), Column("value", column)))
    rows = await answer(database, plan)
    await database.close()
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rows[0]["value"] == shown
    assert type(rows[0]["value"]) is type(shown)
