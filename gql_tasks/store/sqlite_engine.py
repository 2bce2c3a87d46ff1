"""Engines over a file: what every connection of theirs is told, and how its transactions begin."""

from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from gql_tasks.store.database import MAX_ANSWER_BYTES
from gql_tasks.store.sqlite_budget import LimitedConnection, limit_statements
from gql_tasks.store.sqlite_driver import limit_length, sqlite3
from gql_tasks.store.sqlite_errors import is_busy

MAX_LOG_PAGES = 10_000
"""The log's length from which a commit makes a checkpoint itself, whatever the writer does."""


def reading_engine(
    path: Path, busy_timeout_seconds: float, statement_seconds: float, *, connections: int
) -> Engine:
    """Make an engine whose transactions are snapshots; it keeps so many connections.

    Readers are not limited by the pool: waiting for one would stop the event loop, and with it
    whoever should hand one back.
    """
    engine = _engine(path, "BEGIN", busy_timeout_seconds, pool_size=connections, max_overflow=-1)
    limit_statements(engine, statement_seconds)
    event.listen(engine, "connect", _refuse_writes)
    return engine


def writing_engine(path: Path, busy_timeout_seconds: float, statement_seconds: float) -> Engine:
    """Make an engine of one connection, whose transactions begin with the write lock."""
    engine = _engine(path, "BEGIN IMMEDIATE", busy_timeout_seconds, pool_size=1, max_overflow=0)
    limit_statements(engine, statement_seconds)
    event.listen(engine, "do_execute", _is_taken_back)
    event.listen(
        engine,
        "connect",
        lambda connection, _record: _log_ahead(connection, busy_timeout_seconds),
    )
    return engine


def _engine(path: Path, begin: str, busy_timeout_seconds: float, **pool: int) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        module=sqlite3,
        connect_args={
            "check_same_thread": False,
            "timeout": busy_timeout_seconds,
            "factory": LimitedConnection,
        },
        hide_parameters=True,  # errors are logged, and values are nobody's business
        **pool,
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _configure(connection: sqlite3.Connection, _record: object) -> None:
    # The driver must not begin transactions by itself: it would leave reads without a snapshot and
    # schema changes outside of the transaction.
    connection.isolation_level = None
    # Other programs may have stored bytes that are not UTF-8; they must not make a list unreadable.
    connection.text_factory = lambda data: data.decode("utf-8", "replace")
    for pragma in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _log_ahead(connection: sqlite3.Connection, busy_timeout_seconds: float) -> None:
    """Switch the file to WAL, where readers and the writer do not wait for each other.

    SQLite does not always wait for the lock that this takes, so of several processes that open a
    new file at once all but one would fail.
    """
    # A commit may be on the event loop; checkpoints are made beside it.
    connection.execute(f"PRAGMA wal_autocheckpoint={MAX_LOG_PAGES}").close()
    deadline = monotonic() + busy_timeout_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or monotonic() >= deadline:
                raise
            sleep(0.01)
        else:
            return


def _refuse_writes(connection: sqlite3.Connection, _record: object) -> None:
    limit_length(connection, MAX_ANSWER_BYTES)
    connection.execute("PRAGMA query_only=ON").close()


def _is_taken_back(
    cursor: sqlite3.Cursor, statement: str, _parameters: object, _context: object
) -> bool:
    """Tell whether a savepoint needs no rollback, SQLite having rolled back all there was.

    It does so where the disk is full, and where a statement that writes is stopped.
    """
    return statement.startswith("ROLLBACK TO") and not cursor.connection.in_transaction
