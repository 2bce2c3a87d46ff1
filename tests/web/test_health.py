"""The probes tell an orchestrator the truth, and answer whatever the database does."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from gql_tasks.store import checks
from gql_tasks.store.database import Database
from gql_tasks.store.postgresql import PostgresqlDatabase
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.web.health import CHECK_SECONDS, Health
from gql_tasks.web.stopping import Stopping
from tests.conftest import Client, Server, running_app, serve
from tests.sql import Address

READY = {"database": "ok", "migrations": "ok", "disk": "ok", "process": "ok"}


async def readiness(client: Client) -> tuple[int, Any]:
    response = await client.http.get("/readyz")
    body = response.json()
    assert body["status"] == ("ready" if response.status_code == 200 else "not ready")
    assert response.headers["cache-control"] == "no-store"
    return response.status_code, body["checks"]


@pytest.fixture
def tasks_file(tmp_path: Path) -> Path:
    return tmp_path / "tasks.db"


async def test_a_new_store_is_ready(client: Client, store: str) -> None:
    """Both probes answer 200 over a store that is migrated."""
    disk = "ok" if store == "sqlite" else "n/a"
    assert await readiness(client) == (200, READY | {"disk": disk})
    alive = await client.http.get("/livez")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})


def test_served(served: Server) -> None:
    """The program answers both probes."""
    assert httpx2.get(f"{served.url}/livez").json() == {"status": "alive"}
    assert httpx2.get(f"{served.url}/readyz").json() == {"status": "ready", "checks": READY}


async def test_another_program_writes(tasks_file: Path) -> None:
    """A write lock that another program holds leaves the server ready: reads go on."""
    async with running_app(str(tasks_file)) as client:
        with closing(sqlite3.connect(tasks_file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert await readiness(client) == (200, READY)


async def test_a_file_that_is_gone(tasks_file: Path) -> None:
    """A file that was deleted, or replaced by another task store, is not ready; life goes on."""
    async with running_app(str(tasks_file)) as client:
        moved = tasks_file.with_name("moved.db")
        os.rename(tasks_file, moved)  # noqa: PTH104
        unknown = {"migrations": "unknown", "disk": "unknown", "process": "ok"}
        assert await readiness(client) == (503, {"database": "unreachable", **unknown})
        other = SqliteDatabase(tasks_file)
        await other.open()
        await other.close()
        assert await readiness(client) == (503, {"database": "replaced", **unknown})
        assert (await client.http.get("/livez")).status_code == 200


async def test_a_file_that_is_damaged(tasks_file: Path) -> None:
    """A file that is no database any more is not ready, and the answer says nothing of SQLite."""
    async with running_app(str(tasks_file)) as client:
        with closing(sqlite3.connect(tasks_file)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with closing(os.fdopen(os.open(tasks_file, os.O_RDWR), "r+b")) as file:
            file.write(b"x" * 200)
        status, checked = await readiness(client)
        assert (status, checked["database"]) == (503, "unreachable")


async def test_another_version(tasks_file: Path) -> None:
    """A store that another version has migrated meanwhile is not ready."""
    async with running_app(str(tasks_file)) as client:
        Address(tasks_file).execute("UPDATE gql_tasks_version SET version_num = '9999'")
        assert await readiness(client) == (503, READY | {"migrations": "another version's"})


@pytest.fixture
def database_of_its_own(empty_database: Callable[[], str]) -> Address:
    return Address(empty_database())


async def test_another_version_on_postgresql(database_of_its_own: Address) -> None:
    """The same on PostgreSQL, and for one whose tables are gone."""
    address = database_of_its_own
    async with running_app(str(address)) as client:
        other = READY | {"migrations": "another version's", "disk": "n/a"}
        address.execute("UPDATE gql_tasks_version SET version_num = '9999'")
        assert await readiness(client) == (503, other)
        address.execute("DROP TABLE gql_tasks_version")
        assert await readiness(client) == (503, other)


async def test_a_full_disk(tasks_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less room than a checkpoint may need is not ready."""
    async with running_app(str(tasks_file)) as client:
        free = os.statvfs(tasks_file)
        monkeypatch.setattr(checks, "MIN_FREE_BYTES", 2 * free.f_blocks * free.f_frsize)
        assert await readiness(client) == (503, READY | {"disk": "full"})


async def test_a_file_that_takes_no_writes(tasks_file: Path, tmp_path: Path) -> None:
    """A file that may only be read, as on a read-only file system, is not ready."""
    database = SqliteDatabase(tasks_file)
    await database.open()
    with closing(sqlite3.connect(f"file:{tasks_file}?mode=ro", uri=True)) as connection:
        assert checks._disk(tasks_file, connection) == "not writable"
    await database.close()


async def test_stopping(tasks_file: Path) -> None:
    """A process that was asked to stop is not ready, so that nobody new is sent to it."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        async with running_app(str(tasks_file)) as client:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)  # the signal is heard in this thread, the loop told of it
            assert await readiness(client) == (503, READY | {"process": "stopping"})
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def silent_server() -> Iterator[int]:
    """A server that takes connections and says nothing, as one does that is frozen."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def probed(database: Database) -> httpx2.AsyncClient:
    app = Starlette(routes=Health(database, Stopping()).routes())
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://testserver")


async def test_a_database_that_stands_still() -> None:
    """Readiness is refused within its time, and life is answered meanwhile."""
    with silent_server() as port:
        database = PostgresqlDatabase(f"postgresql://nobody@127.0.0.1:{port}/none")
        async with probed(database) as http:
            start = monotonic()
            asked = [asyncio.create_task(http.get("/readyz")) for _ in range(5)]
            alive = await http.get("/livez")
            assert alive.status_code == 200
            assert monotonic() - start < CHECK_SECONDS / 2
            for answer in await asyncio.gather(*asked):
                assert answer.status_code == 503
                assert answer.json()["checks"]["database"] in {"no answer", "unreachable"}
            assert monotonic() - start < 3 * CHECK_SECONDS
        await database.close()


def test_life_while_the_store_is_locked(tmp_path: Path) -> None:
    """The program lives and is ready while another program holds the lock and a write waits."""
    path = tmp_path / "tasks.db"
    with serve("--database", str(path)) as server, closing(sqlite3.connect(path)) as other:
        other.isolation_level = None
        other.execute("BEGIN IMMEDIATE")
        with httpx2.Client(base_url=server.url) as http:
            for probe in ("/livez", "/readyz"):
                assert http.get(probe).status_code == 200
