"""A database whose reads and writes are timed, as those who wait for them see it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, cast

from gql_tasks.domain.plan import ReadPlan
from gql_tasks.store.database import (
    Answer,
    Database,
    Document,
    OperationSession,
    PreparedRead,
    ReadSession,
    T,
    Transaction,
    WriteSession,
)

Note = Callable[[float], None]
"""Takes the seconds that something took."""


class Timed:
    """Times what a database does; all else is the database's own, at its own price.

    A read is timed until its answer is there, a write or a transaction until it is committed or
    given up. All of it is noted on the event loop. `writes_waiting` counts those under way.
    """

    def __init__(self, database: Database, *, read: Note, write: Note) -> None:
        self._database = database
        self._read = read
        self._write = write
        self.writes_waiting = 0

    def __getattr__(self, name: str) -> Any:
        """Pass on what is not timed."""
        return getattr(self._database, name)

    def session(self) -> OperationSession:
        """Begin an operation."""
        return TimedSession(self._database.session(), self._read)

    def answer(
        self, reads: Sequence[PreparedRead]
    ) -> Sequence[Document] | Awaitable[Sequence[Document]]:
        """Time the reads of an operation as one."""
        start = perf_counter()
        found = self._database.answer(reads)
        if type(found) is list:
            self._read(perf_counter() - start)
            return found
        return _timed(cast("Awaitable[Sequence[Document]]", found), start, self._read)

    async def read(self, work: Callable[[ReadSession], T]) -> T:
        """Time a unit of work that only reads."""
        return await _timed(self._database.read(work), perf_counter(), self._read)

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Time a unit of work and its commit."""
        self.writes_waiting += 1
        start = perf_counter()
        try:
            return await self._database.write(work, short=short)
        finally:
            self.writes_waiting -= 1
            self._write(perf_counter() - start)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Time a transaction."""
        self.writes_waiting += 1
        start = perf_counter()
        try:
            async with self._database.transaction() as transaction:
                yield transaction
        finally:
            self.writes_waiting -= 1
            self._write(perf_counter() - start)


class TimedSession:
    """The session of one operation, its reads timed."""

    def __init__(self, session: OperationSession, note: Note) -> None:
        self._session = session
        self._note = note

    def __getattr__(self, name: str) -> Any:
        """Pass on what is not timed."""
        return getattr(self._session, name)

    def read(self, plan: ReadPlan) -> Answer | Awaitable[Answer]:
        """Time a read."""
        start = perf_counter()
        found = self._session.read(plan)
        if isinstance(found, Awaitable):
            return _timed(found, start, self._note)
        self._note(perf_counter() - start)
        return found

    async def finish(self) -> None:
        """Give the connection back."""
        await self._session.finish()


async def _timed(waiting: Awaitable[T], start: float, note: Note) -> T:
    try:
        return await waiting
    finally:
        note(perf_counter() - start)
