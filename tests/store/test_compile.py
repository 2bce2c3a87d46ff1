"""Shapes to SQL: the text that is said, and what the stores make of it."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from inspect import isawaitable
from pathlib import Path
from typing import Any

import orjson
import pytest

from gql_tasks.domain.page import Direction, Nulls, Order, OrderField
from gql_tasks.domain.plan import Column, Constant, Entity, ReadPlan, ReadShape
from gql_tasks.store.address import open_database
from gql_tasks.store.compile import COLUMNS, compile_statement
from gql_tasks.store.database import MAX_STATEMENTS, Database, statement_cache
from gql_tasks.store.dialects import POSTGRESQL, SQLITE
from tests.sql import Address

ID = (Column("id", "id"),)
NAMES = sorted(COLUMNS[Entity.TASK])


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
    text = compile_statement(ReadShape(Entity.TASK, ID, many=True, order_by=orders), SQLITE).text
    return text.partition("ORDER BY ")[2].partition("\n")[0].replace("tasks.", "")


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


@pytest.mark.parametrize("field", OrderField)
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_the_text_has_no_values(field: OrderField, dialect: Any) -> None:
    """All values are bound, in the order in which the text takes them."""
    listing = ReadShape(Entity.TASK, ID, many=True, order_by=(Order(field),))
    assert compile_statement(listing, dialect).parameters == ("limit", "offset")
    statement = compile_statement(ReadShape(Entity.TASK, ID, many=False), dialect)
    assert statement.bind({"id": 7}) == (7,)


def test_statements_are_compiled_once() -> None:
    """Equal shapes have one statement."""
    statements = statement_cache(SQLITE)
    assert statements(ReadShape(Entity.TASK, ID, many=True)) is statements(
        ReadShape(Entity.TASK, (Column("id", "id"),), many=True)
    )


def test_the_statement_cache_is_bounded() -> None:
    """Shapes that clients invent do not add up: those used last are kept."""
    statements = statement_cache(SQLITE)
    shapes = [
        ReadShape(Entity.TASK, (Constant(f"k{i}", "Task"),), many=False)
        for i in range(MAX_STATEMENTS + 1)
    ]
    kept = [statements(shape) for shape in shapes]
    assert statements(shapes[1]) is kept[1]
    assert statements(shapes[-1]) is kept[-1]
    assert statements(shapes[0]) is not kept[0]


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
