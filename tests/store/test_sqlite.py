"""What is SQLite's own: pragmas, a file shared with other programs, reads that never wait."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy.exc import OperationalError

from gql_tasks.domain.changes import SyncToken
from gql_tasks.domain.errors import StoreFull, StoreReadOnly, StoreUnavailable, StoreUnusable
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask
from gql_tasks.services import many_tasks, tasks
from gql_tasks.services.undo import undo
from gql_tasks.store import mutations, sqlite_writer
from gql_tasks.store.address import open_database
from gql_tasks.store.database import WriteSession
from gql_tasks.store.sqlite import BUSY_TIMEOUT_SECONDS, SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import running_app
from tests.faults.outside import assert_whole
from tests.faults.outside import titles as stored_titles
from tests.sql import Address

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


async def test_a_transaction_that_is_cancelled(tmp_path: Path) -> None:
    """One that still waits for a lock keeps its turn till it has left, and the loop goes on."""
    database = SqliteDatabase(tmp_path / "tasks.db")  # with more patience than the test has
    await database.open()
    for title in ("first", "second"):
        await database.write(create(title), short=True)

    async def in_a_block() -> None:
        async with database.transaction() as transaction:
            await transaction.write(create("never"))

    async with asyncio.timeout(BUSY_TIMEOUT_SECONDS - 1):
        with locked(database.path):
            block = asyncio.ensure_future(in_a_block())
            await asyncio.sleep(PATIENCE_SECONDS / 4)
            block.cancel()
            writing = asyncio.ensure_future(database.write(create("third"), short=True))
            await asyncio.sleep(PATIENCE_SECONDS / 4)
            assert await titles(database) == ["first", "second"]
            assert not writing.done()
        assert await writing == 3
        with pytest.raises(asyncio.CancelledError):
            await block
    assert await titles(database) == ["first", "second", "third"]
    await database.close()


async def test_a_group_that_takes_long(database: SqliteDatabase) -> None:
    """Short writes hold the event loop no longer together than they may; the rest leave it."""
    for number in range(2):  # the first shows that short ones are fast
        await database.write(create(f"{number}"), short=True)
    threads: list[str] = []

    def work(session: WriteSession) -> int:
        threads.append(threading.current_thread().name)
        time.sleep(0.004)  # which is fast
        return tasks.create_task(session, NewTask(f"{len(threads) + 1}"))

    await asyncio.gather(*(database.write(work, short=True) for _ in range(24)))
    here = threads.count("MainThread")
    assert 0 < here < 24
    assert threads == ["MainThread"] * here + ["gql_tasks-writer_0"] * (24 - here)
    assert await titles(database) == [f"{number}" for number in range(26)]


async def test_a_block_that_was_taken_back(database: SqliteDatabase) -> None:
    """Where SQLite has rolled a transaction back, nothing more is written in its block."""
    await database.write(
        lambda session: session.rows(
            "CREATE TRIGGER no AFTER INSERT ON tasks WHEN NEW.title = 'no'"
            " BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
        )
    )
    async with database.transaction() as transaction:
        await transaction.write(create("before"))
        with pytest.raises(sqlite3.IntegrityError):
            await transaction.write(create("no"))
        with pytest.raises(StoreUnavailable, match="nothing was written"):
            await transaction.write(create("after"))
    assert await titles(database) == []


async def test_writes_of_every_size(database: SqliteDatabase) -> None:
    """A thousand short writes at once, and long ones among them, are each done, in their order."""

    def many(session: WriteSession) -> list[int]:
        return many_tasks.create_tasks(session, [NewTask("one of many")] * 100)

    writes: list[Awaitable[object]] = []
    for number in range(1000):
        writes.append(database.write(create(f"short {number}"), short=True))
        if number % 200 == 50:
            writes.append(database.write(many))
    results = await asyncio.gather(*writes)
    ids = [result if isinstance(result, list) else [result] for result in results]
    assert [*chain(*ids)] == [*range(1, 1501)]
    address = Address(database.path)
    assert address.fetch("SELECT count(DISTINCT mutation_id), count(*) FROM changes") == [
        (1005, 1500)
    ]
    await asyncio.to_thread(assert_whole, database.path)


@pytest.mark.parametrize("short", [False, True])
async def test_a_write_whose_caller_has_left(database: SqliteDatabase, *, short: bool) -> None:
    """Once it waits for its turn it is done, like those beside it, and nobody is told."""
    await database.write(create("zeroth"), short=True)
    writes = [
        asyncio.ensure_future(database.write(create(title), short=short))
        for title in ("first", "left", "last")
    ]
    await asyncio.sleep(0)
    writes[1].cancel()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [type(result) for result in results] == [int, asyncio.CancelledError, int]
    assert await titles(database) == ["zeroth", "first", "left", "last"]


async def test_a_group_whose_words_are_many(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where indexing it takes long, the next is in the thread, and the one after a fast one not."""
    monkeypatch.setattr(sqlite_writer, "LOOP_SECONDS", 20.0)
    monkeypatch.setattr(sqlite_writer, "FAST_SECONDS", 0.02)
    words = " ".join(f"{number:x}" for number in range(20_000))
    threads: list[str] = []

    def work(session: WriteSession, description: str) -> None:
        threads.append(threading.current_thread().name)
        tasks.create_task(session, NewTask("task", description=description))

    for count in (0, 20, 0, 0):
        units = [*[partial(work, description=words)] * count, partial(work, description="few")]
        await asyncio.gather(*(database.write(unit, short=True) for unit in units))
    loop, thread = "MainThread", "gql_tasks-writer_0"
    assert threads == [thread, *[loop] * 21, thread, loop]


async def test_whose_a_change_is(database: SqliteDatabase) -> None:
    """Each of a group has a mutation of its own, one that failed none, another program's neither.

    A subtask is of its task's mutation; what is written right after a commit is nobody's.
    """
    other = sqlite3.connect(database.path, isolation_level=None)

    def work(title: str, session: WriteSession) -> SyncToken:
        task = NewTask(title, subtasks=(NewTask(f"under {title}"),))
        tasks.create_task(session, task)
        if title.startswith("never"):
            raise ValueError(title)
        return mutations.token_of(session)

    tokens: list[SyncToken] = []
    for group in ("a", "b"):  # in the thread, and on the loop
        writes = [
            asyncio.ensure_future(database.write(partial(work, f"{kind} {group}"), short=True))
            for kind in ("first", "never", "second")
        ]
        for writing in writes:
            writing.add_done_callback(
                lambda _: other.execute("INSERT INTO tasks (title) VALUES ('theirs')")
            )
        first, failed, second = await asyncio.gather(*writes, return_exceptions=True)
        assert isinstance(failed, ValueError)
        assert isinstance(first, SyncToken)
        assert isinstance(second, SyncToken)
        tokens += [first, second]
    logged = other.execute("SELECT after ->> '$.title', mutation_id FROM changes ORDER BY id")
    assert logged.fetchall() == [
        *[("first a", 1), ("under first a", 1), ("second a", 3), ("under second a", 3)],
        *[("theirs", None)] * 3,
        *[("first b", 4), ("under first b", 4), ("second b", 6), ("under second b", 6)],
        *[("theirs", None)] * 3,
    ]
    assert [(token.start, token.position) for token in tokens] == [(0, 2), (2, 4), (7, 9), (9, 11)]
    other.close()
    await database.write(lambda session: undo(session, tokens[1]), short=True)
    await database.write(lambda session: undo(session, tokens[2]))
    theirs = ["theirs"] * 3
    assert await titles(database) == [
        *("first a", "under first a"),
        *theirs,
        *("second b", "under second b"),
        *theirs,
    ]


async def test_a_close_with_writes_in_line(database: SqliteDatabase) -> None:
    """The group that is being written is done, the others are told that they are not."""
    writes = [asyncio.ensure_future(database.write(create(str(n)))) for n in range(100)]
    for _ in range(3):  # to be in line, to be in a group, to be in the thread
        await asyncio.sleep(0)
    await database.close()
    async with asyncio.timeout(20):
        results = await asyncio.gather(*writes, return_exceptions=True)
    first, others = results[: sqlite_writer.AT_ONCE], results[sqlite_writer.AT_ONCE :]
    assert first == [*range(1, len(first) + 1)]
    assert {str(error) for error in others} == {"the database is being closed; try again"}
    assert await asyncio.to_thread(stored_titles, database.path) == [str(n) for n in range(32)]


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
