"""What is SQLite's own: pragmas, a file shared with other programs, reads that never wait."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.exc import OperationalError

from gql_tasks.domain.errors import StoreFull, StoreReadOnly, StoreUnavailable, StoreUnusable
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store import sqlite_writer
from gql_tasks.store.address import open_database
from gql_tasks.store.database import WriteSession
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import running_app

PATIENCE_SECONDS = 0.2


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    """A new file, opened with little patience for the locks of others."""
    database = SqliteDatabase(tmp_path / "tasks.db", busy_timeout_seconds=PATIENCE_SECONDS)
    await database.open()
    yield database
    await database.close()


def create(title: str) -> Callable[[WriteSession], int]:
    """Make the work of creating a task."""
    return lambda session: tasks.create_task(session, NewTask(title))


async def titles(database: SqliteDatabase) -> list[str]:
    """Read the titles of all tasks, as an operation does."""
    session = database.session()
    try:
        reading = session.read(ReadPlan.listing(Entity.TASK, (Column("title", "title"),)))
        answer = await reading if asyncio.iscoroutine(reading) else reading
    finally:
        await session.finish()
    return [task["title"] for task in orjson.loads(orjson.dumps(answer))]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock, as another program in the middle of its transaction does."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("INSERT INTO tasks (title) VALUES ('never committed')")
    yield
    other.rollback()
    other.close()


PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "query_only")


def pragmas(session: Any) -> dict[str, Any]:
    connection = session.connection()
    connection.exec_driver_sql("SELECT 1 FROM tasks")  # from here on the mode is known
    return {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}


async def test_pragmas(database: SqliteDatabase) -> None:
    """Commits are synced, foreign keys hold, the log is ahead, and readers cannot write."""
    full = 2
    shared = {"journal_mode": "wal", "synchronous": full, "foreign_keys": 1}
    assert await database.write(pragmas) == shared | {"query_only": 0}
    session = database.session()
    try:
        assert pragmas(session) == shared | {"query_only": 1}
        with pytest.raises(OperationalError, match="attempt to write a readonly database"):
            session.connection().exec_driver_sql("DELETE FROM tasks")
    finally:
        await session.finish()


async def test_a_lock_held_too_long(database: SqliteDatabase) -> None:
    """A write gives up on a lock after its patience; reads go on, and writes do afterwards."""
    await database.write(create("before"))
    with locked(database.path):
        with pytest.raises(StoreUnavailable) as unavailable:
            await database.write(create("refused"))
        assert await titles(database) == ["before"]
    assert str(unavailable.value) == "another program is writing to the database; try again"
    await database.write(create("after"))
    assert await titles(database) == ["before", "after"]


async def test_a_lock_held_a_moment(database: SqliteDatabase) -> None:
    """A write waits for a lock that is let go in time."""
    with locked(database.path):
        writing = asyncio.ensure_future(database.write(create("waits")))
        await asyncio.sleep(PATIENCE_SECONDS / 4)
        assert not writing.done()
    assert await writing == 1


async def test_writes_in_line_wait_for_a_lock_together(database: SqliteDatabase) -> None:
    """The patience of writes in line runs at once: the last gives up no later than the first."""
    start = time.monotonic()
    with locked(database.path):
        results = await asyncio.gather(
            *(database.write(create(f"refused {n}")) for n in range(20)), return_exceptions=True
        )
    assert [type(result) for result in results] == [StoreUnavailable] * 20
    assert time.monotonic() - start < 10 * PATIENCE_SECONDS
    assert await titles(database) == []


async def test_a_lock_at_the_front_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked store is SERVICE_UNAVAILABLE, and 503 with Retry-After; reads are answered."""
    path = tmp_path / "tasks.db"
    monkeypatch.setattr(
        "gql_tasks.app.open_database",
        lambda address, **_: SqliteDatabase(Path(address), busy_timeout_seconds=PATIENCE_SECONDS),
    )
    async with running_app(str(path)) as client:
        with locked(path):
            rest = await client.http.post("/tasks/", json={"title": "refused"})
            graphql = await client.graphql(
                'mutation { createTask(input: {title: "refused"}) { task { id } } }'
            )
            assert (await client.http.get("/tasks/")).json() == []
            assert await client.data("{ tasks { id } }") == {"tasks": []}
        message = "another program is writing to the database; try again"
        assert (rest.status_code, rest.json()) == (
            503,
            {"detail": message, "code": "SERVICE_UNAVAILABLE"},
        )
        assert rest.headers["retry-after"] == "1"
        assert graphql["data"] is None
        (error,) = graphql["errors"]
        assert error["message"] == message
        assert error["path"] == ["createTask"]
        assert error["extensions"] == {"code": "SERVICE_UNAVAILABLE", "retryable": True}
        assert await client.data("{ tasks { id } }") == {"tasks": []}


async def test_opening_a_locked_file(tmp_path: Path) -> None:
    """A file that another program keeps locked is one clear line at the start."""
    path = tmp_path / "tasks.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE theirs (id)")
    other.execute("BEGIN EXCLUSIVE")
    database = SqliteDatabase(path, busy_timeout_seconds=PATIENCE_SECONDS)
    with pytest.raises(StoreUnusable) as unusable:
        await database.open()
    assert str(unusable.value) == f"{path} is locked by another program; stop it and try again"
    other.close()
    await database.open()
    await database.close()


@pytest.mark.parametrize(
    ("pragma", "usual", "error"),
    [
        pytest.param("max_page_count=1", "max_page_count=1000000", StoreFull, id="full"),
        pytest.param("query_only=ON", "query_only=OFF", StoreReadOnly, id="read-only"),
    ],
)
async def test_a_write_that_fails_half_way(
    database: SqliteDatabase, pragma: str, usual: str, error: type[StoreUnavailable]
) -> None:
    """A write is told why it fails, nothing of it is done, and the next one is."""

    def work(session: WriteSession) -> None:
        tasks.create_task(session, NewTask("half"))
        driver = session.connection()
        driver.exec_driver_sql(f"PRAGMA {pragma}")
        try:
            tasks.create_task(session, NewTask("x" * 1000, description="words " * 50_000))
        finally:
            driver.exec_driver_sql(f"PRAGMA {usual}")

    with pytest.raises(error):
        await database.write(work)
    await database.write(create("after"))
    assert await titles(database) == ["after"]


@pytest.mark.parametrize("short", [False, True])
async def test_writes_beside_one_that_fails(database: SqliteDatabase, *, short: bool) -> None:
    """Whatever one write raises, those that wait with it are done, on the loop and off it."""
    write = partial(database.write, short=short)
    await write(create("zeroth"))

    def failing(error: Exception) -> Callable[[WriteSession], int]:
        def work(session: WriteSession) -> int:
            tasks.create_task(session, NewTask("never"))
            raise error

        return work

    errors = (ValueError("odd"), MemoryError(), RecursionError(), StopIteration(1))
    async with asyncio.timeout(20):
        results = await asyncio.gather(
            write(create("first")),
            *(write(failing(error)) for error in errors),
            write(create("last")),
            return_exceptions=True,
        )
    kinds = [type(result) for result in results]
    assert kinds == [int, ValueError, StoreUnavailable, RecursionError, RuntimeError, int]
    assert await titles(database) == ["zeroth", "first", "last"]


COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000)"


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("SELECT count(*) FROM n", ["short", "short", "before", "after", "long"]),
        # SQLite takes the whole transaction back where it stops what writes.
        ("UPDATE tasks SET title = (SELECT count(*) FROM n)", [*["300000"] * 4, "long"]),
    ],
)
async def test_a_short_write_that_is_not(
    statement: str,
    expected: list[str],
    database: SqliteDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It leaves the event loop before long, and is done in the thread, like those beside it."""
    monkeypatch.setattr(sqlite_writer, "LOOP_SECONDS", 0.0)
    threads: list[str] = []

    def work(session: WriteSession) -> int:
        threads.append(threading.current_thread().name)
        session.rows(f"{COUNT} {statement}")
        return tasks.create_task(session, NewTask("long"))

    for _ in range(2):  # the first shows that short ones are fast
        await database.write(create("short"), short=True)
    await asyncio.gather(
        database.write(create("before"), short=True),
        database.write(work, short=True),
        database.write(create("after"), short=True),
    )
    assert threads == ["MainThread", "gql_tasks-writer_0"]
    assert await titles(database) == expected


async def test_a_writer_that_is_gone(database: SqliteDatabase) -> None:
    """Without the writer's thread a write is an error, not a wait."""
    database._writer._thread.shutdown()
    async with asyncio.timeout(20):
        with pytest.raises(RuntimeError):
            await database.write(create("never"))
    assert await titles(database) == []


async def test_odd_values_of_other_programs(database: SqliteDatabase) -> None:
    """Bytes that are not UTF-8 and BLOBs do not make a list unreadable, and are not rewritten."""
    other = sqlite3.connect(database.path)
    other.execute("INSERT INTO tasks (id, title) VALUES (1, CAST(x'41FF42' AS TEXT))")
    other.execute("INSERT INTO tasks (id, title) VALUES (2, x'4344')")
    other.execute("INSERT INTO tasks (id, title) VALUES (3, 42)")
    other.commit()
    assert await titles(database) == ["A\ufffdB", "CD", "42"]
    await database.write(lambda session: tasks.update_task(session, "1", {"completed": True}))
    stored = other.execute("SELECT CAST(title AS BLOB), completed FROM tasks WHERE id = 1")
    assert stored.fetchall() == [(b"A\xffB", 1)]
    other.close()


async def test_url(tmp_path: Path) -> None:
    """A sqlite:/// URL names a file, whichever driver it asks for."""
    path = tmp_path / "tasks.db"
    for scheme in ("sqlite", "sqlite+aiosqlite"):
        database = open_database(f"{scheme}:///{path}")
        assert database.name == str(path)
        await database.close()


@pytest.mark.parametrize(
    "address", [":memory:", "sqlite://", "sqlite:///:memory:", "sqlite+aiosqlite://"]
)
def test_memory_is_refused(address: str) -> None:
    """A database in memory is refused: its writer and its readers would not see each other."""
    with pytest.raises(
        StoreUnusable, match=r"^a database in memory cannot be shared; name a file$"
    ):
        open_database(address)
