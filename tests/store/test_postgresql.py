"""What is PostgreSQL's own: retries, connections that break, addresses and their passwords."""

import asyncio
import gc
import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gql_tasks.domain.errors import StoreUnavailable, StoreUnusable
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask
from gql_tasks.services import pruning, tasks
from gql_tasks.store import postgresql as postgresql_store
from gql_tasks.store import postgresql_connections
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, WriteSession
from gql_tasks.store.migrate import ADVISORY_LOCK
from gql_tasks.store.postgresql import WRITE_ATTEMPTS
from gql_tasks.store.postgresql_connections import POOL_SIZE
from tests import postgresql
from tests.conftest import running_app

SESSIONS = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
CUT = SESSIONS.replace("pid", "pg_terminate_backend(pid, 5000)", 1)

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
                CUT,
            )
            broken = await client.graphql(document)
            if "errors" in broken:  # the driver may have noticed before
                assert [error["extensions"] for error in broken["errors"]] == [
                    {"code": "SERVICE_UNAVAILABLE", "retryable": True}
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
    with pytest.raises(
        StoreUnavailable, match=r"^the database has no connection or memory left; try again$"
    ):
        await database.write(create("refused"))
    await session.finish()
    assert await database.write(create("done")) == 1
    await database.close()


async def test_every_connection_in_use(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who waits too long for one of the pool's connections is StoreUnavailable."""
    monkeypatch.setattr(postgresql_connections, "POOL_SECONDS", 0.2)
    database = open_database(url)
    await database.open()
    sessions = [database.session() for _ in range(POOL_SIZE)]
    for session in sessions:
        await session.read(TITLES)  # type: ignore[misc]
    with pytest.raises(StoreUnavailable, match=r"^the database has no connection or memory left"):
        await titles(database)
    for session in sessions:
        await session.finish()
    assert await titles(database) == []
    await database.close()


@pytest.mark.parametrize(
    ("seconds", "limits"), [(2, ("2s", "1s", "1min")), (60, ("1min", "5s", "1min"))]
)
async def test_limits_of_a_session(url: str, seconds: float, limits: tuple[str, ...]) -> None:
    """Sessions have the time that was set, whatever the address says."""
    database = open_database(f"{url}&statement_timeout=7", statement_seconds=seconds)
    names = "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"
    found = text("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
    assert await database.read(lambda session: tuple(session.execute(found).one())) == limits
    await database.close()


async def test_migrations_take_their_time(url: str) -> None:
    """A process that waits for another's migration waits for longer than a statement may take."""
    database = open_database(url, statement_seconds=0.1)
    other = await asyncpg.connect(url)
    await other.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    opening = asyncio.create_task(database.open())
    waited, _ = await asyncio.wait([opening], timeout=1)
    assert not waited
    await other.close()
    await opening
    assert await titles(database) == []
    await database.close()


async def test_a_transaction_left_alone(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction that nobody goes on with is ended by the server, and writes nothing."""
    monkeypatch.setattr(postgresql_connections, "IDLE_SECONDS", 0.2)
    database = open_database(url)
    await database.open()
    with pytest.raises(StoreUnavailable, match=r"^the database is away; try again$"):  # noqa: PT012  # in the block or at its end
        async with database.transaction() as transaction:
            await transaction.write(create("first"))
            await postgresql.until(url, SESSIONS, found=False)
            await transaction.write(create("second"))
    assert await titles(database) == []
    await database.close()


async def test_a_read_that_is_cancelled(url: str) -> None:
    """A read that is cancelled is stopped in the server too, and its connection is given up."""
    database = open_database(url)
    await database.open()
    slow = text("SELECT pg_sleep(60)")
    reading = asyncio.create_task(database.read(lambda session: session.execute(slow).one()))
    busy = f"{SESSIONS} AND state = 'active'"
    await postgresql.until(url, busy, found=True)
    reading.cancel()
    await asyncio.wait([reading])
    await postgresql.until(url, busy, found=False)
    assert reading.cancelled()
    assert await titles(database) == []
    await database.close()


async def test_reads_after_one_that_failed(database: Database, url: str) -> None:
    """Reads of an operation whose snapshot is gone fail as the one that lost it did."""
    session = database.session()
    await session.read(TITLES)  # type: ignore[misc]
    await postgresql.execute(url, CUT)
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"^the database is away; try again$"):
            await session.read(TITLES)  # type: ignore[misc]
    await session.finish()
    assert await titles(database) == []


async def test_nobody_misses_an_error(url: str) -> None:
    """Whatever fields fail at once, no error is left that nobody has heard of."""
    unheard: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unheard.append(context))
    try:
        async with running_app(url) as client:
            await postgresql.execute(url, "ALTER TABLE tasks RENAME TO elsewhere")
            for query in (
                "{ tasks { id } task(id: 1) { id } }",
                "{ a: task(id: 1) { id } b: task(id: 2) { id } c: tasks { id } }",
                'mutation { createTask(input: {title: "x"}) { task { id } } }',
            ):
                for _ in range(3):
                    assert "errors" in await client.graphql(query)
            await postgresql.execute(url, "ALTER TABLE elsewhere RENAME TO tasks")
            for _ in range(3):
                queries = [client.graphql("{ tasks { id } task(id: 1) { id } }") for _ in range(30)]
                answers = asyncio.gather(*queries)
                await postgresql.execute(url, CUT)
                await answers
        gc.collect()
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert unheard == []


IDS = """mutation {
  createTask(input: {title: "a"}) { task { id } }
  createTasks(input: [{title: "b"}, {title: "c", subtasks: [{title: "d"}]}]) { tasks { id } }
  createProject(input: {name: "p"}) { project { id } }
  createLabel(input: {name: "l"}) { label { id } }
}"""


@pytest.mark.parametrize(
    ("document", "ids"),
    [
        (IDS, ("8", "9", "10", "8", "8")),
        (IDS.replace("{", "@atomic {", 1), ("16", "17", "18", "9", "8")),
    ],
    ids=["apart", "atomic"],
)
async def test_ids_that_others_gave(url: str, document: str, ids: tuple[str, ...]) -> None:
    """Ids that another program gave to its rows are passed over, also if one is the last of all."""
    async with running_app(url) as client:
        for table, name in (("tasks", "title"), ("projects", "name"), ("labels", "name")):
            rows = ", ".join(f"({row_id}, '{row_id}')" for row_id in (1, 2, 3, 7, 2**63 - 1))
            await postgresql.execute(url, f"INSERT INTO {table} (id, {name}) VALUES {rows}")
        task, *tasks, project, label = ({"id": row_id} for row_id in ids)
        assert await client.data(document) == {
            "createTask": {"task": task},
            "createTasks": {"tasks": tasks},
            "createProject": {"project": project},
            "createLabel": {"label": label},
        }


async def test_ids_that_others_gave_meanwhile(database: Database, url: str) -> None:
    """Writers that all meet ids that another program gave get over it together."""
    await postgresql.execute(
        url, "INSERT INTO tasks (id, title) SELECT n, 'x' FROM generate_series(1, 100) AS n"
    )
    await asyncio.gather(*(database.write(create(f"y{number}")) for number in range(30)))
    assert await postgresql.fetch(
        url, "SELECT count(*), count(DISTINCT title) FROM tasks WHERE title <> 'x'"
    ) == [(30, 30)]


async def test_a_listener_that_is_deaf(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commits are heard although the session that should tell of them has stood still."""
    monkeypatch.setattr(postgresql_store, "LISTEN_SECONDS", 0.2)
    monkeypatch.setattr(postgresql_store, "CONNECT_SECONDS", 0.2)
    database = open_database(url)
    await database.open()
    commits = database.commits()
    await anext(commits)
    [(pid,)] = await postgresql.fetch(url, f"{SESSIONS} AND query LIKE 'LISTEN%'")
    os.kill(pid, signal.SIGSTOP)
    try:
        await postgresql.execute(url, "INSERT INTO tasks (title) VALUES ('unheard')")
        async with asyncio.timeout(10):
            await anext(commits)
    finally:
        os.kill(pid, signal.SIGCONT)
        await commits.aclose()
        await database.close()


async def test_pruning_goes_on(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that prunes the log gets over sessions that are cut off."""
    monkeypatch.setattr(pruning, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(pruning, "EVERY_SECONDS", 0.01)
    later = datetime.now(UTC) + timedelta(days=2)
    task = asyncio.create_task(
        pruning.keep_pruned(database, days=1, rows=1_000_000, clock=lambda: later)
    )
    for number in range(10):
        await postgresql.execute(url, CUT)
        await postgresql.execute(url, f"INSERT INTO tasks (title) VALUES ('{number}')")
        await postgresql.until(url, "SELECT id FROM changes", found=False)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])


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
