"""SQLite's checkpoints: what commits have left in the log is copied into the file, beside them.

A commit copies the log by itself once it has some length, and takes ten times as long as others do.
Here a thread does so long before, on a connection of its own, while others read and write.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from gql_tasks.store.sqlite_driver import sqlite3

PAGES = 800
"""Of the log between two checkpoints: some 10 milliseconds, in which a commit's own pages wait."""

FEWEST_WRITES, MOST_WRITES = 50, 400
"""Short writes between two: as many as fill so many pages, which the last one has shown."""


class Checkpoints:
    """The checkpoints of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, "gql_tasks-checkpoint")
        self._running: Future[None] | None = None
        self._connection: sqlite3.Connection | None = None
        self._writes = 0
        self._wanted = FEWEST_WRITES
        self._length = 0

    def committed(self, writes: int, *, short: bool) -> None:
        """Learn of writes, and copy when they are many, or long."""
        self._writes += writes if short else MOST_WRITES
        if self._writes >= self._wanted and (self._running is None or self._running.done()):
            with suppress(RuntimeError):  # it is closed, and so will the file be, which copies all
                self._running = self._thread.submit(self._copy, self._writes)
            self._writes = 0

    def close(self) -> None:
        """Wait for what is running."""
        self._thread.shutdown()
        if self._connection is not None:
            self._connection.close()

    def _copy(self, writes: int) -> None:
        """Copy all that no reader still needs in the log, without waiting for anybody."""
        # What it cannot do now, since the disk is full or a reader in the way, is done later.
        with suppress(sqlite3.DatabaseError):
            if self._connection is None:
                self._connection = sqlite3.connect(
                    self._path, isolation_level=None, check_same_thread=False
                )
            checkpoint = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            [(_, length, _)] = checkpoint.fetchall()
            # It has grown by so much, unless it was begun anew.
            pages = length - self._length if length > self._length else length
            self._length = length
            wanted = writes * PAGES // max(pages, 1)
            self._wanted = min(max(wanted, FEWEST_WRITES), MOST_WRITES)
