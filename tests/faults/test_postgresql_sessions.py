"""PostgreSQL goes on, and its sessions fail: cut off, kept waiting, refused, out of room."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests import postgresql
from tests.faults.postgresql_program import (
    AWAY,
    LOCKED,
    OVERLOADED,
    READ,
    STATEMENT_SECONDS,
    UNAVAILABLE,
    Outcome,
    becomes,
    served,
)
from tests.postgresql import Cluster

WRITE = 'mutation { createTask(input: {title: "refused"}) { task { id } } }'
CUT = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
TITLES = "SELECT title FROM tasks ORDER BY id"


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server of its own, that takes few connections."""
    cluster = Cluster(max_connections="30")
    yield cluster
    cluster.stop()


@asynccontextmanager
async def session(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Be another program."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_connections_cut(database: str, tmp_path: Path) -> None:
    """Whatever sessions are cut off in, each write is done once, or not and said to be not."""
    async with served(tmp_path, database) as program:
        async with program.writers(), session(database) as other:
            for _ in range(10):
                await program.writes_done(10)
                await other.execute(CUT)
                await program.assert_alive()
        assert program.outcomes[Outcome.REFUSED] > 0
        await program.assert_healed()


async def test_a_table_locked(database: str, tmp_path: Path) -> None:
    """What needs a table that another session keeps locked is told so in time, and not done."""
    async with served(tmp_path, database) as program:
        async with session(database) as other:
            locking = other.transaction()
            await locking.start()
            await other.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
            for document in (READ, WRITE, "{ tasks { id } task(id: 1) { id } }"):
                assert await program.error(document) == (LOCKED, UNAVAILABLE)
            await program.assert_alive()
            many = await asyncio.gather(*(program.error(READ) for _ in range(30)))
            assert {message for message, _ in many} <= {LOCKED, OVERLOADED}
            rest = await program.http.post("/tasks/", json={"title": "refused"})
            assert (rest.status_code, rest.json()["detail"]) == (503, LOCKED)
            assert rest.headers["retry-after"] == "1"
            writing = asyncio.create_task(program.write("waited"))
            await asyncio.sleep(STATEMENT_SECONDS / 8)
            await locking.rollback()
            assert await writing is Outcome.DONE
        await program.assert_healed()
    rows = await postgresql.fetch(database, "SELECT DISTINCT title FROM tasks ORDER BY title")
    assert rows == [("healed",), ("waited",)]


async def test_slow_statements(database: str, tmp_path: Path) -> None:
    """A statement that takes too long is stopped; a write is then not done."""
    async with served(tmp_path, database) as program:
        await postgresql.execute(
            database,
            "INSERT INTO projects (name) VALUES ('p')",
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_sleep(60); RETURN NEW; END'",
            "CREATE TRIGGER slow BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION slow()",
            "ALTER TABLE projects RENAME TO projects_table",
            "CREATE VIEW projects AS SELECT * FROM projects_table WHERE pg_sleep(60) IS NOT NULL",
        )
        message = f"the database took longer than {STATEMENT_SECONDS:g} seconds; ask for less"
        for document in (WRITE, "{ projects { id } }"):
            assert await program.error(document) == (message, {"code": "STATEMENT_TIMEOUT"})
        rest = await program.http.post("/tasks/", json={"title": "refused"})
        assert (rest.status_code, rest.json()["detail"]) == (503, message)
        await postgresql.execute(
            database,
            "DROP TRIGGER slow ON tasks",
            "DROP VIEW projects",
            "ALTER TABLE projects_table RENAME TO projects",
        )
        assert await program.graphql("{ projects { name } }") == {
            "data": {"projects": [{"name": "p"}]}
        }
        await program.assert_healed()
    assert await postgresql.fetch(database, "SELECT DISTINCT title FROM tasks") == [("healed",)]


async def test_too_many_connections(database: str, tmp_path: Path) -> None:
    """A server that has no connection left is SERVICE_UNAVAILABLE until it has."""
    async with served(tmp_path, database) as program, AsyncExitStack() as others:
        await postgresql.execute(database, CUT)
        with suppress(asyncpg.TooManyConnectionsError):
            while True:
                await others.enter_async_context(session(database))
        for document in (READ, WRITE):
            assert await program.error(document) == (OVERLOADED, UNAVAILABLE)
        await program.assert_alive()
        await others.aclose()
        await program.assert_healed()
    assert await postgresql.fetch(database, "SELECT DISTINCT title FROM tasks") == [("healed",)]


async def test_a_database_renamed(server: Cluster, database: str, tmp_path: Path) -> None:
    """A database that is not there under its name is away until it is."""
    name = database.partition("@/")[2].partition("?")[0]
    async with served(tmp_path, database) as program:
        await postgresql.execute(
            server.url("postgres"),
            f"ALTER DATABASE {name} ALLOW_CONNECTIONS false",
            CUT.replace("current_database()", f"'{name}'"),
            f"ALTER DATABASE {name} RENAME TO elsewhere",
        )
        for document in (READ, WRITE):
            assert await program.error(document) == (AWAY, UNAVAILABLE)
        await program.assert_alive()
        await postgresql.execute(
            server.url("postgres"), f"ALTER DATABASE elsewhere RENAME TO {name}"
        )
        assert await program.error(READ) == (AWAY, UNAVAILABLE)  # it takes no connections
        await postgresql.execute(
            server.url("postgres"), f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"
        )
        await program.assert_healed()


async def test_a_database_that_is_read_only(database: str, tmp_path: Path) -> None:
    """Of a database that takes no writes, as a standby takes none, reads are served."""
    async with served(tmp_path, database) as program:
        await program.write("before")
        async with session(database) as other:
            await other.execute("ALTER ROLE postgres SET default_transaction_read_only = on")
            await other.execute(CUT)
            try:
                await becomes(program.answers)
                body = await program.graphql("{ tasks { title } }")
                assert body == {"data": {"tasks": [{"title": "before"}]}}
                assert await program.error(WRITE) == (
                    "the database is read-only; nothing was written",
                    {"code": "STORE_READ_ONLY", "retryable": True},
                )
            finally:
                await other.execute("ALTER ROLE postgres RESET default_transaction_read_only")
            await other.execute(CUT)
        await program.assert_healed()


FAILURES: dict[str, tuple[str, Any]] = {
    "53100": (
        "the database's disk is full; nothing was written",
        {"code": "STORE_FULL", "retryable": True},
    ),
    "53200": (OVERLOADED, UNAVAILABLE),
    "58030": (AWAY, UNAVAILABLE),
    "40001": ("too many writers at once; try again", UNAVAILABLE),
    "XX001": (
        "the database is damaged, and this cannot be read or written",
        {"code": "STORE_DAMAGED"},
    ),
}


async def test_failures_of_a_server(database: str, tmp_path: Path) -> None:
    """A write that the server fails is told by what failed, in the write and in its commit."""
    async with served(tmp_path, database) as program:
        for sqlstate, failure in FAILURES.items():
            await postgresql.execute(
                database,
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN RAISE 'it failed' USING ERRCODE = '{sqlstate}'; END $$",
                "CREATE TRIGGER fail BEFORE INSERT ON tasks FOR EACH ROW EXECUTE FUNCTION fail()",
            )
            assert await program.error(WRITE) == failure
            await postgresql.execute(
                database,
                "DROP TRIGGER fail ON tasks",
                "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED"
                " FOR EACH ROW EXECUTE FUNCTION fail()",
            )
            assert await program.error(WRITE) == failure
            await postgresql.execute(database, "DROP FUNCTION fail CASCADE")
        await program.assert_healed()
    assert await postgresql.fetch(database, "SELECT DISTINCT title FROM tasks") == [("healed",)]


async def test_a_commit_that_breaks(database: str, tmp_path: Path) -> None:
    """A write whose connection breaks as it commits may be done, and is done once if repeated."""
    async with served(tmp_path, database) as program:
        await postgresql.execute(
            database,
            "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'",
            "CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION cut()",
        )
        assert await program.write("once", "once") is Outcome.UNCERTAIN
        assert await postgresql.fetch(database, TITLES) == []
        await postgresql.execute(database, "DROP TRIGGER cut ON tasks")
        for _ in range(2):
            assert await program.write("once", "once") is Outcome.DONE
        assert await postgresql.fetch(database, TITLES) == [("once",)]
        await program.assert_healed()
