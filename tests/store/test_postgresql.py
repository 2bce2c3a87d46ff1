"""What is PostgreSQL's own: retries, connections that break, addresses and their passwords."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gql_tasks.domain.errors import StoreUnavailable, StoreUnusable
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, WriteSession
from gql_tasks.store.postgresql import WRITE_ATTEMPTS
from tests import postgresql
from tests.conftest import running_app

TITLES = ReadPlan.listing(Entity.TASK, (Column("title", "title"),))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leave these out of a run on SQLite alone."""
    if "url" in metafunc.fixturenames:
        run = metafunc.config.getoption("--db") != "sqlite"
        metafunc.parametrize("url", ["postgresql"] if run else [], indirect=True)


@pytest.fixture
def url(empty_database: Callable[[], str], request: pytest.FixtureRequest) -> str:
    return empty_database()


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    database = open_database(url)
    await database.open()
    yield database
    await database.close()


async def titles(database: Database) -> list[str]:
    session = database.session()
    try:
        answer = await session.read(TITLES)  # type: ignore[misc]  # PostgreSQL's is always awaited
    finally:
        await session.finish()
    return [task["title"] for task in orjson.loads(orjson.dumps(answer))]


def create(title: str) -> Callable[[WriteSession], int]:
    return lambda session: tasks.create_task(session, NewTask(title))


async def test_a_deadlock_is_retried(database: Database, url: str) -> None:
    """A write that PostgreSQL ends to break a deadlock runs again, and is done once."""
    await database.write(lambda session: [create(title)(session) for title in ("one", "two")])
    other = await asyncpg.connect(url)
    await other.execute("SET deadlock_timeout = '1min'")  # so that it is never the one to be ended
    attempts = 0
    has_first_row = asyncio.Event()

    def work(session: WriteSession) -> None:
        nonlocal attempts
        attempts += 1
        session.execute(text("SET LOCAL deadlock_timeout = '10ms'"))
        tasks.update_task(session, "1", {"title": f"one {attempts}"})
        has_first_row.set()
        tasks.update_task(session, "2", {"title": f"two {attempts}"})

    async with asyncio.timeout(20):
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE tasks SET description = 'other' WHERE id = 2")
        writing = asyncio.create_task(database.write(work))
        await has_first_row.wait()
        await other.execute("UPDATE tasks SET description = 'other' WHERE id = 1")
        await transaction.commit()
        await writing
    await other.close()
    assert attempts == 2
    assert await postgresql.fetch(url, "SELECT title, description FROM tasks ORDER BY id") == [
        ("one 2", "other"),
        ("two 2", "other"),
    ]


@pytest.mark.parametrize("failures", [0, 1, WRITE_ATTEMPTS - 1, WRITE_ATTEMPTS])
async def test_serialization_failures_are_retried(database: Database, failures: int) -> None:
    """A write is tried five times; then it is StoreUnavailable, and nothing was written."""
    attempts = 0

    def work(session: WriteSession) -> int:
        nonlocal attempts
        attempts += 1
        row_id = tasks.create_task(session, NewTask("once"))
        if attempts <= failures:
            session.execute(text("DO 'BEGIN RAISE serialization_failure; END'"))
        return row_id

    if failures < WRITE_ATTEMPTS:
        await database.write(work)
        assert (attempts, await titles(database)) == (failures + 1, ["once"])
    else:
        with pytest.raises(StoreUnavailable, match=r"^too many writers at once; try again$"):
            await database.write(work)
        assert (attempts, await titles(database)) == (WRITE_ATTEMPTS, [])


async def test_connections_that_break(url: str) -> None:
    """After the server ends every connection, what follows works again without a restart."""
    query, mutation = (
        "{ tasks { id } }",
        'mutation { createTask(input: {title: "x"}) { task { id } } }',
    )
    async with running_app(url) as client:
        await asyncio.gather(*(client.data(query) for _ in range(10)))
        for document in (query, mutation):
            await postgresql.execute(
                url,
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            broken = await client.graphql(document)
            if "errors" in broken:  # the driver may have noticed before
                assert [error["extensions"] for error in broken["errors"]] == [
                    {"code": "SERVICE_UNAVAILABLE"}
                ]
            answers = await asyncio.gather(*(client.graphql(document) for _ in range(20)))
            assert [answer.get("errors") for answer in answers] == [None] * 20


async def test_connections_that_break_within_a_write(database: Database, url: str) -> None:
    """A write whose connection is ended half-way is StoreUnavailable and leaves nothing."""

    def work(session: WriteSession) -> None:
        tasks.create_task(session, NewTask("undone"))
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(StoreUnavailable, match=r"^the database is away; try again$"):
        await database.write(work)
    assert await titles(database) == []
    await database.write(create("done"))
    assert await titles(database) == ["done"]


async def test_no_connection_left(url: str) -> None:
    """A server that takes no more connections is StoreUnavailable until it does."""
    role = url.rpartition("/test")[2].partition("?")[0]
    await postgresql.execute(
        url,
        f"CREATE ROLE limited{role} LOGIN CONNECTION LIMIT 1",
        f"GRANT CREATE ON SCHEMA public TO limited{role}",
    )
    limited = url.replace("postgres@", f"limited{role}@")
    database = open_database(limited)
    await database.open()
    session = database.session()
    await session.read(TITLES)  # type: ignore[misc]
    with pytest.raises(StoreUnavailable, match=r"^the database is away; try again$"):
        await database.write(create("refused"))
    await session.finish()
    assert await database.write(create("done")) == 1
    await database.close()


async def test_reads_cannot_write(database: Database) -> None:
    """The session of an operation is kept from writing by the database itself."""
    session = database.session()
    with pytest.raises(DBAPIError, match="cannot execute DELETE in a read-only transaction"):
        await session.execute(text("DELETE FROM tasks"))  # type: ignore[attr-defined]
    await session.finish()


async def test_missing_rights_are_one_line(url: str) -> None:
    """A user who may not create tables is told so at the start."""
    role = url.rpartition("/test")[2].partition("?")[0]
    await postgresql.execute(url, f"CREATE ROLE reader{role} LOGIN")
    database = open_database(url.replace("postgres@", f"reader{role}@"))
    with pytest.raises(StoreUnusable) as unusable:
        await database.open()
    assert str(unusable.value) == (
        f"{database.name} cannot be used: permission denied for schema public"
    )
    await database.close()


async def test_missing_database_is_one_line(url: str) -> None:
    """A database that does not exist is told at the start."""
    database = open_database(url.replace("/test", "/nowhere"))
    with pytest.raises(StoreUnusable) as unusable:
        await database.open()
    missing = database.name.rpartition("/")[2]
    assert (
        str(unusable.value)
        == f'{database.name} cannot be used: database "{missing}" does not exist'
    )
    await database.close()


async def test_urls_as_psql_takes_them(url: str) -> None:
    """The URL may say what psql's may: sslmode, application_name, and any of the schemes."""
    base = url.removeprefix("postgresql://")
    for address in (
        f"postgres://{base}",
        f"postgresql+asyncpg://{base}",
        f"postgresql+psycopg2://{base}",
        f"postgresql://{base}&sslmode=disable&application_name=mine",
    ):
        database = open_database(address)
        await database.open()
        assert await titles(database) == []
        await database.close()


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://u@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgres://u:secret@h:5432/d", "postgresql://u@h:5432/d"),
        ("postgresql+asyncpg://u:secret@h/d", "postgresql://u@h/d"),
        ("postgresql://u:s:e@c/r?e#t@h/d", "postgresql://u@h/d"),
        ("postgresql://u:secret@h1:1,h2:2/d", "postgresql://u@h1:1,h2:2/d"),
        ("postgresql://h/d?user=u&password=secret", "postgresql://h/d"),
        ("postgresql://u@/d?host=/run/postgresql", "postgresql://u@/d"),
    ],
)
async def test_names_have_no_password(address: str, name: str) -> None:
    """A database's name is its address without what may be a password."""
    database = open_database(address)
    assert database.name == name
    await database.close()
