"""Writing SQLite: one transaction at a time, as many writes in it as are waiting.

A commit waits for the disk, and writes each page once however many writes have changed it. So those
that come together are done in one transaction, each in a savepoint of its own, and are answered
when it is on disk. One that fails takes back its own work and nobody else's.

Short writes are done where reads are, on the event loop, for the same reason: two threads that take
turns at the interpreter take longer than the writes. So is their commit, where the disk is fast.
Long writes, and any while another program writes, are in the writer's thread.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import takewhile
from math import inf
from time import monotonic, perf_counter
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StatementTimeout, StoreUnavailable
from gql_tasks.store import mutations
from gql_tasks.store.database import Statements, T, Transaction, WriteSession
from gql_tasks.store.sqlite_budget import budget_of
from gql_tasks.store.sqlite_checkpoints import Checkpoints
from gql_tasks.store.sqlite_errors import is_busy, translated
from gql_tasks.store.sqlite_files import driver
from gql_tasks.store.sqlite_reader import FAST_SECONDS, LOOP_SECONDS
from gql_tasks.store.sqlite_search import index_pending
from gql_tasks.store.sqlite_write_session import SqliteTransaction, SqliteWriteSession
from gql_tasks.store.threads import to_the_end

AT_ONCE = 32
"""Writes that one commit takes."""

GROUP_SECONDS = 0.05
"""After this no other short write is begun on the event loop; those left of a group leave it."""

COMMIT_SECONDS = 0.003
"""Where the last commit took longer, the next waits for the disk in the thread."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A unit of work, until when it waits for other programs, and what came of it."""

    work: Callable[[WriteSession], Any]
    short: bool
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

    def __init__(
        self,
        engine: Engine,
        statements: Statements,
        busy_timeout_seconds: float,
        checkpoints: Checkpoints,
    ) -> None:
        self._engine = engine
        self._statements = statements
        self._busy_timeout_seconds = busy_timeout_seconds
        self._turn = asyncio.Lock()
        self._waiting: deque[Waiting] = deque()
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "gql_tasks-writer")
        self._checkpoints = checkpoints
        self._short_is_fast = False
        self._commit_is_fast = False

    async def write(self, work: Callable[[WriteSession], T], *, short: bool) -> T:
        """Do a unit of work in the next transaction."""
        loop = asyncio.get_running_loop()
        deadline = monotonic() + self._busy_timeout_seconds
        waiting = Waiting(work, short, deadline, loop.create_future())
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
            opening = self._opened(deadline)
            try:
                connection = await self._whole(opening.__enter__)
                session = SqliteWriteSession(connection, self._statements)
                yield SqliteTransaction(session, self.in_thread)
            except BaseException as error:
                # A block that was cancelled ends its transaction all the same.
                await self._whole(opening.__exit__, type(error), error, None)
                raise
            await self._whole(opening.__exit__, None, None, None)

    async def in_thread(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the writer's thread, after those that came before."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, function, *arguments)

    async def _whole(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run a function in the thread, and wait for its end even where the caller is cancelled.

        Otherwise the next write would find the one connection taken, and hold the event loop up.
        """
        return await to_the_end(asyncio.ensure_future(self.in_thread(function, *arguments)))

    def close(self) -> None:
        """Wait for the writes that are running. Those that wait for them are not done."""
        for waiting in self._waiting:
            waiting.error = StoreUnavailable("the database is being closed; try again")
            waiting.settle()
        self._waiting.clear()
        self._thread.shutdown()
        self._checkpoints.close()
        self._engine.dispose()

    async def _write_all(self) -> None:
        """Write until nobody waits. Those who come meanwhile are in the next transaction."""
        try:
            while self._waiting:
                await self._gathered()
                async with self._turn:
                    if not self._waiting:
                        break  # closed meanwhile
                    group = self._next()
                    try:
                        await self._write_group(group)
                    except BaseException as error:  # the loop ends: nobody is left waiting
                        for waiting in group:
                            waiting.error = error
                        raise
                    finally:
                        for waiting in group:
                            waiting.settle()
                    self._checkpoints.committed(len(group), short=group[0].short)
        finally:
            self._writing = None

    async def _gathered(self) -> None:
        """Wait as long as others come: who was answered together asks again together."""
        seen = 0
        while seen < len(self._waiting) < AT_ONCE:
            seen = len(self._waiting)
            await asyncio.sleep(0)

    def _next(self) -> list[Waiting]:
        """Take those who have waited longest, as far as they are of one kind."""
        short = self._waiting[0].short
        group = [*takewhile(lambda waiting: waiting.short is short, self._waiting)][:AT_ONCE]
        for _ in group:
            self._waiting.popleft()
        return group

    async def _write_group(self, group: Sequence[Waiting]) -> None:
        """Do units of work and commit them together."""
        try:
            if group[0].short and self._short_is_fast:
                group = await self._write_here(group)
            if group:
                await self.in_thread(self._write_there, group)
        except Exception as error:  # noqa: BLE001  # each one's caller is told
            for waiting in group:
                waiting.error = waiting.error or translated(error)

    async def _write_here(self, group: Sequence[Waiting]) -> Sequence[Waiting]:
        """Do short units of work at once, and return those that are left for the thread."""
        opening = self._begin(monotonic(), temporary="MEMORY")
        try:
            connection = opening.__enter__()
        except Exception as error:
            if is_busy(error):
                return group  # another program is writing
            raise
        try:
            budget = budget_of(connection)
            with budget.of(min(LOOP_SECONDS, budget.seconds)):
                left = self._do(connection, group, until=perf_counter() + GROUP_SECONDS)
        except Exception as error:  # noqa: BLE001  # each one's caller is told
            opening.__exit__(type(error), error, None)
            left = _blameless(group, error)
        else:
            if self._commit_is_fast:
                self._commit(opening)
            else:
                await self.in_thread(self._commit, opening)
        slow = [waiting for waiting in group if isinstance(waiting.error, StatementTimeout)]
        for waiting in slow:
            waiting.error = None  # the thread has the time to do it
        return [*left, *slow]

    def _commit(self, opening: AbstractContextManager[Connection]) -> None:
        start = perf_counter()
        try:
            opening.__exit__(None, None, None)
        finally:
            self._commit_is_fast = perf_counter() - start < COMMIT_SECONDS

    def _write_there(self, group: Sequence[Waiting]) -> None:
        """Do units of work in the writer's thread, and wait for other programs there."""
        while group:
            begun = False
            try:
                with self._begin(min(waiting.deadline for waiting in group)) as connection:
                    begun = True
                    self._do(connection, group)
            except Exception as error:  # noqa: BLE001  # each one's caller is told
                if not begun and is_busy(error):
                    # The first have waited long enough, and the others no longer than they may.
                    now = monotonic()
                    for waiting in group:
                        waiting.error = translated(error) if waiting.deadline <= now else None
                    group = [waiting for waiting in group if waiting.error is None]
                else:
                    group = _blameless(group, error)
            else:
                return

    def _do(
        self, connection: Connection, group: Sequence[Waiting], *, until: float = inf
    ) -> Sequence[Waiting]:
        """Do units of work one after the other, and return those that were not begun in time."""
        session = SqliteWriteSession(connection, self._statements)
        begun = 0
        for waiting in group:
            start = perf_counter()
            if start > until:
                break
            begun += 1
            try:
                waiting.result = session.do(waiting.work, indexed=not waiting.short)
            except Exception as error:
                waiting.error = translated(error)
                if not session.is_whole:
                    raise  # SQLite has taken all of it back, as it does where the disk is full
            if waiting.short:
                self._short_is_fast = perf_counter() - start < FAST_SECONDS
        start = perf_counter()
        index_pending(driver(connection))
        if perf_counter() - start >= FAST_SECONDS:
            self._short_is_fast = False
        return group[begun:]

    @contextmanager
    def _begin(self, deadline: float, *, temporary: str = "FILE") -> Iterator[Connection]:
        """Open a transaction, which takes the write lock, or finds it taken.

        What savepoints keep, each page as it was, is in memory or in a temporary file.
        """
        with self._engine.connect() as connection:
            # The wait for other programs began with the wait for this turn: otherwise each of
            # those in line would wait as long again as the one before.
            patience = max(0, round(1000 * (deadline - monotonic())))
            opened = driver(connection)
            opened.execute(f"PRAGMA busy_timeout={patience}").close()
            opened.execute(f"PRAGMA temp_store={temporary}").close()
            with connection.begin():
                yield connection
                opened.execute(mutations.END).close()

    @contextmanager
    def _opened(self, deadline: float) -> Iterator[Connection]:
        """Open a transaction for callers, who are told what they can understand."""
        try:
            with self._begin(deadline) as connection:
                yield connection
        except DatabaseError as error:
            raise translated(error) from error


def _blameless(group: Sequence[Waiting], error: Exception) -> Sequence[Waiting]:
    """Tell who of a group whose transaction is gone may be done again: all but who ended it.

    Where nobody in the group did, nobody may.
    """
    rest = [waiting for waiting in group if waiting.error is None]
    if len(rest) < len(group):
        return rest
    for waiting in group:
        waiting.error = translated(error)
    return ()
