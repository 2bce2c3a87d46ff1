"""The session of one operation: it reads only, in turn, and where nobody has to wait for it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from inspect import isawaitable
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from gql_tasks.app import create_app
from gql_tasks.config import Settings
from gql_tasks.domain.page import Slice
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.store import sqlite
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Answer, Database, OperationSession
from tests.sql import Address
from tests.statements import Statement, on_statement

FIELDS = (Column("id", "id"),)
IDS = ReadPlan.listing(Entity.TASK, FIELDS, part=Slice(None, 0, 100))

WRITES = (
    "INSERT INTO tasks (title) VALUES ('stray')",
    "UPDATE tasks SET title = 'stray'",
    "DELETE FROM tasks",
    "DROP TABLE tasks",
    "CREATE TABLE stray (id INTEGER)",
)


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    """A store with one task."""
    address.execute("INSERT INTO tasks (title) VALUES ('a')")
    database = open_database(address)
    await database.open()
    yield database
    await database.close()


async def maybe_awaited(value: Any) -> Any:
    return await value if isawaitable(value) else value


async def read(session: OperationSession, plan: ReadPlan) -> Answer:
    return await maybe_awaited(session.read(plan))


@pytest.mark.parametrize("write", WRITES)
async def test_reads_cannot_write(database: Database, address: Address, write: str) -> None:
    """The database itself refuses a write that comes through a session that reads."""
    session: Any = database.session()
    refused = "attempt to write a readonly database|in a read-only transaction"
    try:
        with pytest.raises(DBAPIError, match=refused):
            await maybe_awaited(session.execute(text(write)))
    finally:
        await session.finish()
    assert address.fetch("SELECT title FROM tasks") == [("a",)]


async def test_a_finished_session_reads_no_more(database: Database) -> None:
    """A read that outlives its operation begins no transaction that nobody would end.

    graphql-core answers at the first error that reaches the root and leaves the fields beside it
    to finish by themselves.
    """
    session = database.session()
    try:
        assert await read(session, IDS) is not None
        await session.finish()
        for _ in range(2):
            with pytest.raises(InvalidRequestError, match="permanently closed"):
                await read(session, IDS)
    finally:
        await session.finish()


async def test_reads_take_turns(database: Database) -> None:
    """Reads that are begun at once are answered, one after the other, in one snapshot."""
    session = database.session()
    plans = [ReadPlan.by_id(Entity.TASK, (Column(f"k{i}", "id"),), 1) for i in range(20)]
    answers = await asyncio.gather(*(read(session, plan) for plan in plans))
    await session.finish()
    assert [orjson.loads(orjson.dumps(answer)) for answer in answers] == [
        {f"k{i}": "1"} for i in range(20)
    ]


async def test_resolvers_get_sqlalchemys_session(address: Address) -> None:
    """In the running application a resolver's session is SQLAlchemy's, whichever way it came."""
    app: Any = create_app(Settings(database=str(address), hosts="testserver"))
    found: list[Any] = []
    for field in (
        app.direct.schema.query_type.fields["tasks"],
        app.direct.schema.mutation_type.fields["createTask"],
    ):

        def look(*arguments: Any, resolve: Any = field.resolve, **named: Any) -> Any:
            found.append(arguments[1].context.session)
            return resolve(*arguments, **named)

        field.resolve = look
    read = {"query": "{ tasks { title } }"}
    write = {"query": 'mutation { createTask(input: {title: "a"}) { task { title } } }'}
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://testserver"
        ) as http,
    ):
        events = {"accept": "text/event-stream"}
        await http.post("/graphql", json=read)
        await http.get("/graphql", params=read)
        await http.post("/graphql", json=read, headers=events)
        await http.post("/graphql", json=write)
        assert (await http.get("/graphql", params=read)).json()["data"] == {
            "tasks": [{"title": "a"}]
        }
    kind = AsyncSession if address.startswith("postgresql") else Session
    assert [isinstance(session, kind) for session in found] == [True] * 5


class Clock:
    """The time that reads take, as a test says."""

    def __init__(self) -> None:
        self.now = 0.0
        self.read_seconds = 0.0

    def __call__(self) -> float:
        self.now += self.read_seconds
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sqlite, "perf_counter", clock)
    return clock


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Database]:
    """An SQLite file, whichever store the run is for."""
    database = open_database(str(tmp_path / "tasks.db"))
    await database.open()
    yield database
    await database.close()


@pytest.fixture
def threads() -> Iterator[list[str]]:
    """The threads that statements ran on, one for each SELECT."""
    names: list[str] = []

    def note(statement: Statement) -> None:
        if statement.text.startswith("SELECT"):
            names.append(threading.current_thread().name.partition("_")[0])

    with on_statement("before_cursor_execute", note):
        yield names


LOOP, THREAD = "MainThread", "gql"


async def test_fast_statements_run_on_the_loop(
    file: Database, clock: Clock, threads: list[str]
) -> None:
    """A statement runs on a thread until it was fast, and again after it was slow."""
    for seconds in (0.0, 0.0, 2 * sqlite.FAST_SECONDS, 0.0, 0.0):
        clock.read_seconds = seconds
        session = file.session()
        await read(session, IDS)
        await session.finish()
    assert threads == [THREAD, LOOP, LOOP, THREAD, LOOP]


async def test_long_lists_run_on_a_thread(file: Database, clock: Clock, threads: list[str]) -> None:
    """More rows than a loop can wait for are read on a thread, however fast the statement was."""
    for limit in (1, sqlite.ROWS_ON_LOOP, sqlite.ROWS_ON_LOOP + 1, 1):
        session = file.session()
        await read(session, ReadPlan.listing(Entity.TASK, FIELDS, part=Slice(limit, 0, 10**6)))
        await session.finish()
    assert threads == [THREAD, LOOP, THREAD, LOOP]


async def test_a_slow_statement_does_not_hold_the_loop_up(file: Database) -> None:
    """While a statement runs, the loop goes on, and other operations are answered."""
    loop = asyncio.get_running_loop()
    started, may_end = asyncio.Event(), threading.Event()

    def hold(statement: Statement) -> None:
        if "slow" in statement.text:
            loop.call_soon_threadsafe(started.set)
            assert may_end.wait(30)

    slow, other = file.session(), file.session()
    with on_statement("before_cursor_execute", hold):
        plan = ReadPlan.by_id(Entity.TASK, (Column("slow", "id"),), 1)
        reading = asyncio.ensure_future(read(slow, plan))
        await started.wait()
        assert orjson.dumps(await read(other, IDS)) == b"[]"
        assert not reading.done()
        may_end.set()
        assert await reading is None
    await slow.finish()
    await other.finish()
