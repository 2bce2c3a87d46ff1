"""Fixtures: both stores, the application in process, and the program as a process of its own."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gql_tasks.app import create_app, utc_now
from gql_tasks.config import Settings
from gql_tasks.store.address import open_database
from tests import postgresql, sql
from tests.sql import Address

STORES = {"sqlite": ["sqlite"], "postgresql": ["postgresql"], "both": ["sqlite", "postgresql"]}
SEED = Path(__file__).parent / "seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        choices=STORES,
        default="both",
        help="the stores that the tests of store, services and front doors run on",
    )
    parser.addoption(
        "--update-snapshots",
        action="store_true",
        help="write the answers and the SQL beside tests/queries/*.graphql anew",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store" in metafunc.fixturenames:
        metafunc.parametrize("store", STORES[metafunc.config.getoption("--db")], scope="session")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Fail a skipped test where CI=true: there nothing may be missing."""
    report: pytest.TestReport = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped under CI=true: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgresql.Cluster]:
    cluster = postgresql.Cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def empty_database(cluster: postgresql.Cluster) -> Callable[[], str]:
    """Make PostgreSQL databases that nothing has touched."""
    return cluster.create_database


@pytest.fixture(scope="session")
def shared_database(request: pytest.FixtureRequest) -> str:
    """One PostgreSQL database, migrated by the first test that uses it, emptied before each."""
    cluster: postgresql.Cluster = request.getfixturevalue("cluster")
    return cluster.create_database()


@pytest.fixture
def address(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> Address:
    """Where an empty, migrated store is, on each database that the run asks for."""
    if store == "sqlite":
        path = tmp_path / "tasks.db"
        sql.run(_migrate, str(path))
        return Address(str(path))
    url = request.getfixturevalue("shared_database")
    sql.run(_migrate, url)
    sql.run(postgresql.execute, url, postgresql.TRUNCATE_ALL)
    return Address(url)


async def _migrate(address: str) -> None:
    database = open_database(address)
    await database.open()
    await database.close()


@dataclass
class Client:
    """The application in process, as an HTTP client sees it."""

    http: httpx2.AsyncClient

    async def graphql(
        self, query: str, variables: dict[str, Any] | None = None, **request: Any
    ) -> Any:
        """Post an operation and return the response's JSON."""
        body = {"query": query, "variables": variables, **request}
        response = await self.http.post("/graphql", json=body)
        return response.json()

    async def data(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Post an operation that must succeed and return its data."""
        body = await self.graphql(query, variables)
        assert "errors" not in body, body["errors"]
        return body["data"]


@pytest.fixture
async def client(address: Address) -> AsyncIterator[Client]:
    """A client of the application over an empty store."""
    async with running_app(str(address)) as client:
        yield client


class running_app:  # noqa: N801  # used as a function
    """Run the application in process over a store, within its lifespan."""

    def __init__(
        self, database: str, *, clock: Callable[[], datetime] = utc_now, **settings: Any
    ) -> None:
        settings = {"hosts": "testserver"} | settings
        self._app = create_app(Settings(database=database, **settings), clock=clock)

    async def __aenter__(self) -> Client:
        self._lifespan = self._app.router.lifespan_context(self._app)
        await self._lifespan.__aenter__()
        self._http = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self._app), base_url="http://testserver"
        )
        return Client(self._http)

    async def __aexit__(self, *exception: object) -> None:
        await self._http.aclose()
        await self._lifespan.__aexit__(None, None, None)


@dataclass
class Server:
    """The program as a process."""

    process: subprocess.Popen[str]
    url: str


@contextmanager
def serve(*arguments: str, start_seconds: float = 30, port: int | None = None) -> Iterator[Server]:
    """Run `gql-tasks serve` on a port, a free one by default, until the block ends."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gql_tasks", "serve", "--port", str(port), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(process, f"http://127.0.0.1:{port}")
    try:
        _await_answer(server, start_seconds)
        yield server
    finally:
        process.terminate()
        process.communicate(timeout=30)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_answer(server: Server, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while server.process.poll() is None and time.monotonic() < deadline:
        try:
            httpx2.get(f"{server.url}/graphql?query={{__typename}}")
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    server.process.kill()
    raise AssertionError(f"the server did not start:\n{server.process.communicate()[0]}")


@pytest.fixture
def tutorial_file(tmp_path: Path) -> Path:
    """A copy of the file that the tutorial's program left."""
    return Path(shutil.copy(SEED / "tutorial_tasks.db", tmp_path / "tasks.db"))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Server]:
    """The program over a new SQLite file."""
    with serve("--database", str(tmp_path / "served.db")) as server:
        yield server
