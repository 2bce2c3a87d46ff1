"""A SQLite file as an operator's tool opens it: without changing it, and on one snapshot."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, StaticPool, create_engine, event

from gql_tasks.store.sqlite_driver import sqlite3

SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file while it is open, and after a crash."""


def beside(path: Path, suffix: str) -> Path:
    """Name a file in the same directory; of a link, in that of what it leads to, as SQLite does."""
    found = path.resolve()
    return found.with_name(found.name + suffix)


def connect(path: Path, mode: str, busy_timeout_seconds: float) -> sqlite3.Connection:
    """Open a file; `mode` is SQLite's: `ro`, `rw`, or `rwc` to create it."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
    )
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    return connection


def connect_to_read(path: Path, busy_timeout_seconds: float) -> sqlite3.Connection:
    """Open a file that is not to be changed.

    One that was closed well is opened as if to write: only then SQLite takes the log that it makes
    for the time away again. One whose log is there is opened to read, so that the log stays; and
    one that may not be written is read without a log, which nobody could take away.
    """
    if beside(path, "-wal").exists():
        mode = "ro"
    elif os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK):
        mode = "rw"
    else:
        mode = "ro&immutable=1" if _is_in_wal_mode(path) else "ro"
    connection = connect(path, mode, busy_timeout_seconds)
    try:
        connection.execute("PRAGMA query_only=ON").close()
    except BaseException:
        connection.close()
        raise
    return connection


def _is_in_wal_mode(path: Path) -> bool:
    """Look into the header's two version numbers, at 18 and 19."""
    try:
        with path.open("rb") as file:
            return file.read(20)[18:] == b"\2\2"
    except OSError:
        return False


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str = "BEGIN") -> Iterator[Connection]:
    """Lend a driver's connection to SQLAlchemy for a transaction, which is committed."""
    engine = create_engine(
        "sqlite://",
        module=sqlite3,
        creator=lambda: connection,
        poolclass=StaticPool,
        pool_reset_on_return=None,
    )
    event.listen(engine, "begin", lambda opened: opened.exec_driver_sql(begin))
    with engine.connect() as opened, opened.begin():
        yield opened


@contextmanager
def snapshot(path: Path, busy_timeout_seconds: float) -> Iterator[Connection]:
    """Read a file as it is now, whoever writes to it meanwhile."""
    with (
        closing(connect_to_read(path, busy_timeout_seconds)) as connection,
        transaction(connection) as opened,
    ):
        yield opened


def driver(connection: Connection) -> sqlite3.Connection:
    """Find the driver's connection under SQLAlchemy's."""
    found = connection.connection.driver_connection
    if not isinstance(found, sqlite3.Connection):
        raise TypeError(f"{found!r} is not a connection of SQLite")
    return found
