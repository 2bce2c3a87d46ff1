"""Reading SQLite's JSON with nothing in between: a driver's connection, and bytes.

An operation whose reads are all planned needs no session around them: SQLAlchemy has compiled each
statement once, the driver keeps it prepared, and what it answers is sent as it is.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

from gql_tasks.store.database import (
    MAX_ANSWER_BYTES,
    Document,
    PreparedRead,
    Room,
    document_of,
)
from gql_tasks.store.sqlite_budget import UNLIMITED, Budget
from gql_tasks.store.sqlite_driver import limit_length, sqlite3

FAST_SECONDS = 0.005
"""A statement faster than this runs on the event loop, where everybody waits for it."""

LOOP_SECONDS = 0.05
"""A statement that proved to be fast, and with other values is not, leaves the loop after this."""

PREPARED_STATEMENTS = 256


class SqliteReader:
    """A connection that only reads; used by one thread at a time."""

    def __init__(self, path: Path, busy_timeout_seconds: float) -> None:
        self._connection = sqlite3.connect(
            path,
            timeout=busy_timeout_seconds,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=PREPARED_STATEMENTS,
        )
        self._connection.text_factory = bytes
        limit_length(self._connection, MAX_ANSWER_BYTES)
        self._connection.execute("PRAGMA query_only=ON").close()
        self._budget = Budget(self._connection, UNLIMITED)

    def read(self, reads: Sequence[PreparedRead], seconds: float) -> list[Document]:
        """Answer plans on one snapshot, in so many seconds, and learn how long each takes."""
        self._budget.seconds = seconds
        self._budget.begin(perf_counter())
        room = Room()
        if len(reads) == 1:
            return [room.take(self._read(reads[0]))]  # a statement is a snapshot of its own
        with self._snapshot():
            return [room.take(self._read(read)) for read in reads]

    def version(self) -> int:
        """Tell what every commit of another connection changes."""
        [version] = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def _read(self, read: PreparedRead) -> Document:
        start = perf_counter()
        try:
            values = read.statement.bind(read.values)
            row = self._connection.execute(read.statement.text, values).fetchone()
        finally:
            read.statement.proven_fast = perf_counter() - start < FAST_SECONDS
        return None if row is None else _valid(document_of(row, read.statement, read.plan))

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        self._connection.execute("BEGIN").close()
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK").close()


def _valid(document: bytes) -> bytes:
    """Keep what other programs stored, and is not UTF-8, from making the answer unreadable."""
    if not document.isascii():
        try:
            document.decode()
        except UnicodeDecodeError:
            return document.decode("utf-8", "replace").encode()
    return document
