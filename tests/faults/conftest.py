"""Fixtures of the faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.program import Faults
from tests.postgresql import Cluster


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leave the tests of a PostgreSQL server out of a run on SQLite alone."""
    if "server" in metafunc.fixturenames:
        run = metafunc.config.getoption("--db") != "sqlite"
        metafunc.parametrize("server", ["postgresql"] if run else [], indirect=True, scope="module")


@pytest.fixture(scope="module")
def server() -> Iterator[Cluster]:
    """A server of its own, whose acknowledged commits survive its end."""
    cluster = Cluster(synchronous_commit="on")
    yield cluster
    cluster.stop()


@pytest.fixture
def database(server: Cluster) -> str:
    """An empty database of that server."""
    return server.create_database()


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """Where a store is to be, in a directory of its own."""
    directory = tmp_path / "store"
    directory.mkdir()
    return directory / "tasks.db"


@pytest.fixture
def faults(tmp_path: Path, store_file: Path) -> Faults:
    """The faults that can be injected into a program that serves `store_file`."""
    return Faults(tmp_path, store_file)
