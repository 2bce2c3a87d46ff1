"""Writing SQLite: one thread, one transaction at a time, as many writes in it as are waiting.

A commit waits for the disk, and that is most of what a write takes. While one is under way others
come in; they are done together in the next, each in a savepoint of its own, and are answered when
it is on disk. One that fails takes back its own work and nobody else's.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from gql_tasks.store import mutations
from gql_tasks.store.database import Statements, T, Transaction, WriteSession
from gql_tasks.store.sqlite_errors import is_busy, translated

AT_ONCE = 32
"""Writes that one commit takes."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A unit of work, until when it waits for other programs, and what came of it."""

    work: Callable[[WriteSession], Any]
    deadline: float
    answered: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Answer whoever waits, if anybody still does."""
        if self.answered.done():
            return
        if self.error is None:
            self.answered.set_result(self.result)
        else:
            self.answered.set_exception(self.error)


class SqliteWriter:
    """The one who writes; `busy_timeout_seconds` is how long a write waits for other programs."""

    def __init__(self, engine: Engine, statements: Statements, busy_timeout_seconds: float) -> None:
        self._engine = engine
        self._statements = statements
        self._busy_timeout_seconds = busy_timeout_seconds
        self._turn = asyncio.Lock()
        self._waiting: deque[Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "gql_tasks-writer")

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work in the next transaction."""
        loop = asyncio.get_running_loop()
        deadline = monotonic() + self._busy_timeout_seconds
        waiting = Waiting(work, deadline, loop.create_future())
        self._waiting.append(waiting)
        if self._writing is None:
            self._writing = loop.create_task(self._write_all(), name="gql_tasks-writing")
        result: T = await waiting.answered
        return result

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Keep the turn until the end of the block."""
        deadline = monotonic() + self._busy_timeout_seconds
        async with self._turn:
            opening = self._session(deadline)
            session = await self.in_thread(opening.__enter__)
            try:
                yield SqliteTransaction(session, self.in_thread)
            except BaseException as error:
                # A block that was cancelled ends its transaction all the same.
                await asyncio.shield(self.in_thread(opening.__exit__, type(error), error, None))
                raise
            await self.in_thread(opening.__exit__, None, None, None)

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the writer's thread, after those that came before."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    def close(self) -> None:
        """Wait for the write that is running."""
        self._thread.shutdown()
        self._engine.dispose()

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                async with self._turn:
                    group = [
                        self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))
                    ]
                    await self.in_thread(self._write_group, group)
                for waiting in group:
                    waiting.settle()
        finally:
            self._writing = None

    def _write_group(self, group: Sequence[Waiting]) -> None:
        """Do units of work and commit them together."""
        while group:
            begun = False
            try:
                with self._begin(min(waiting.deadline for waiting in group)) as connection:
                    begun = True
                    for waiting in group:
                        self._run(connection, waiting)
            except Exception as error:  # noqa: BLE001  # each one's caller is told
                failed = group
                if not begun and is_busy(error):
                    # The first have waited long enough, and the others no longer than they may.
                    failed = [waiting for waiting in group if waiting.deadline <= monotonic()]
                for waiting in failed:
                    waiting.error = waiting.error or translated(error)
                group = [waiting for waiting in group if waiting not in failed]
            else:
                return

    def _run(self, connection: Connection, waiting: Waiting) -> None:
        try:
            with self._unit(connection) as session:
                waiting.result = mutations.run(session, waiting.work)
        except Exception as error:
            waiting.error = translated(error)
            driver: Any = connection.connection.driver_connection
            if not driver.in_transaction:
                raise  # SQLite has taken all of it back, as it does where the disk is full

    @contextmanager
    def _begin(self, deadline: float) -> Iterator[Connection]:
        """Open a transaction, which takes the write lock, or finds it taken."""
        with self._engine.connect() as connection:
            # The wait for other programs began with the wait for this turn: otherwise each of
            # those in line would wait as long again as the one before.
            patience = max(0, round(1000 * (deadline - monotonic())))
            connection.connection.cursor().execute(f"PRAGMA busy_timeout={patience}").close()
            with connection.begin():
                yield connection

    @contextmanager
    def _session(self, deadline: float) -> Iterator[WriteSession]:
        """Open a transaction and a session in it."""
        try:
            with self._begin(deadline) as connection, self._unit(connection) as session:
                yield session
        except OperationalError as error:
            raise translated(error) from error

    @contextmanager
    def _unit(self, connection: Connection) -> Iterator[WriteSession]:
        """Open a session in a savepoint of a transaction."""
        with (
            WriteSession(
                connection,
                statements=self._statements,
                join_transaction_mode="create_savepoint",
            ) as session,
            session.begin(),
        ):
            yield session


class SqliteTransaction:
    """Units of work on one session of the writer's thread."""

    def __init__(self, session: WriteSession, in_thread: Callable[..., Awaitable[Any]]) -> None:
        self._session = session
        self._in_thread = in_thread

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work."""
        try:
            result: T = await self._in_thread(mutations.run, self._session, work)
        except OperationalError as error:
            raise translated(error) from error
        return result
