"""SQLite: one writer thread, readers where they are.

SQLite is driven by the synchronous driver. A short read runs on the event loop, because a hop to a
thread costs more than the read and, under load, waits for the interpreter lock. A statement earns
that place: its first run, and every run after it has shown itself slow, is on a reader thread.
"""

import asyncio
import logging
import threading
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from functools import partial
from math import inf
from pathlib import Path
from time import perf_counter

from sqlalchemy import Engine
from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StatementTimeout, StoreUnusable
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.store import migrate
from gql_tasks.store.checks import Identity, check_file, identity_of
from gql_tasks.store.compile import Statement
from gql_tasks.store.database import (
    Answer,
    Database,
    Document,
    PreparedRead,
    ReadSession,
    Statements,
    T,
    Transaction,
    WriteSession,
    statement_cache,
)
from gql_tasks.store.sqlite_budget import UNLIMITED, budget_of
from gql_tasks.store.sqlite_checkpoints import Checkpoints
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_engine import reading_engine, writing_engine
from gql_tasks.store.sqlite_errors import is_busy, translated
from gql_tasks.store.sqlite_reader import FAST_SECONDS, LOOP_SECONDS, SqliteReader
from gql_tasks.store.sqlite_sql import SQLITE
from gql_tasks.store.sqlite_writer import SqliteWriter
from gql_tasks.store.threads import to_the_end
from gql_tasks.store.timings import Timings

MINIMUM_VERSION = (3, 38, 0)

BUSY_TIMEOUT_SECONDS = 5.0
"""How long a statement waits for a lock that another process holds."""

ROWS_ON_LOOP = 2_000
"""More rows than this are not read on the event loop, however fast the statement was with fewer."""

READER_THREADS = 4

POLL_SECONDS = 0.01
"""How often a listener looks for commits."""

RETRY_SECONDS = 0.5
"""How long a listener waits for a file that cannot be read."""

logger = logging.getLogger("gql_tasks.store")


class SqliteDatabase(Database):
    """A file. Several processes, and programs that know nothing of this one, may share it."""

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS,
        statement_seconds: float = UNLIMITED,
        timings: Timings | None = None,
    ) -> None:
        self.path = path
        self._busy_timeout_seconds = busy_timeout_seconds
        self._statement_seconds = statement_seconds
        self._statements = statement_cache(SQLITE)
        self._timings = timings or Timings()
        self._readers = reading_engine(
            path, busy_timeout_seconds, statement_seconds, connections=READER_THREADS
        )
        self._write_engine = writing_engine(path, busy_timeout_seconds, statement_seconds)
        self._writer = SqliteWriter(
            self._write_engine, self._statements, busy_timeout_seconds, Checkpoints(path)
        )
        self._direct = threading.local()  # one reader for the event loop, one for each thread
        self._direct_readers: list[SqliteReader] = []
        self._reader_threads = ThreadPoolExecutor(READER_THREADS, "gql_tasks-reader")
        self._check_thread = ThreadPoolExecutor(1, "gql_tasks-check")
        self._served: Identity | None = None

    @property
    def name(self) -> str:
        """Name the file."""
        return str(self.path.absolute())

    async def open(self) -> None:
        """Create the file if need be and migrate it."""
        await self._writer.in_thread(self._migrate)
        self._served = identity_of(self.path)

    async def check(self, *, seconds: float) -> Mapping[str, str]:
        """Look at the file, in a thread that nobody else needs."""
        look = partial(check_file, self.path, self._served, seconds=seconds)
        return await asyncio.get_running_loop().run_in_executor(self._check_thread, look)

    async def pending_migrations(self) -> list[str]:
        """List without creating the file."""
        if not self.path.exists():
            return migrate.every_migration()
        return await self._writer.in_thread(self._pending_migrations)

    async def close(self) -> None:
        """Wait for the write that is running; SQLite then tidies its log away."""
        self._reader_threads.shutdown()
        self._check_thread.shutdown(wait=False)  # what it looks at may stand still
        for reader in self._direct_readers:
            reader.close()
        self._writer.close()
        self._readers.dispose()

    def session(self) -> "SqliteOperationSession":
        """Begin an operation."""
        return SqliteOperationSession(
            self._readers,
            self._statements,
            self._reader_threads,
            self._statement_seconds,
            self._timings,
        )

    def answer(self, reads: Sequence[PreparedRead]) -> list[Document] | Awaitable[list[Document]]:
        """Read on the loop what has proved to be fast, all else on a thread."""
        start = perf_counter()
        if all(_belongs_on_loop(read.statement, read.plan) for read in reads):
            try:
                found = self._answer(reads, min(LOOP_SECONDS, self._statement_seconds))
            except StatementTimeout:
                pass  # a thread has the time to do it
            else:
                self._timings.read(perf_counter() - start)
                return found
        return self._answer_in_thread(reads, start)

    async def _answer_in_thread(
        self, reads: Sequence[PreparedRead], since: float
    ) -> list[Document]:
        loop = asyncio.get_running_loop()
        with self._timings.reading(since=since):
            return await loop.run_in_executor(
                self._reader_threads, self._answer, reads, self._statement_seconds
            )

    def _answer(self, reads: Sequence[PreparedRead], seconds: float) -> list[Document]:
        try:
            return self._reader().read(reads, seconds)
        except sqlite3.DatabaseError as error:
            raise translated(error, seconds) from error

    def version(self) -> int:
        """Ask for `data_version`, on the loop: it differs from one connection to another."""
        return self._reader().version()

    def _reader(self) -> SqliteReader:
        """Find this thread's own reader."""
        reader: SqliteReader | None = getattr(self._direct, "reader", None)
        if reader is None:
            reader = self._direct.reader = SqliteReader(self.path, self._busy_timeout_seconds)
            self._direct_readers.append(reader)
        return reader

    async def read(self, work: Callable[[ReadSession], T]) -> T:
        """Read on a reader thread."""
        loop = asyncio.get_running_loop()
        with self._timings.reading():
            return await loop.run_in_executor(self._reader_threads, self._read, work)

    def _read(self, work: Callable[[ReadSession], T]) -> T:
        try:
            with ReadSession(self._readers, statements=self._statements) as session:
                return work(session)
        except DatabaseError as error:
            raise translated(error, self._statement_seconds) from error

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Wait for the writer's turn, then for its commit to be on disk."""
        with self._timings.writing(), self._told():
            return await self._writer.write(work, short=short)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Keep the writer's turn until the end of the block."""
        with self._timings.writing(), self._told():
            async with self._writer.transaction() as transaction:
                yield ToldTransaction(transaction, self._told)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what the errors of the writer mean, and how long it was allowed to take."""
        try:
            yield
        except StatementTimeout as error:
            raise StatementTimeout(self._statement_seconds) from error.__cause__
        except (DatabaseError, sqlite3.DatabaseError) as error:
            raise translated(error, self._statement_seconds) from error

    async def commits(self) -> AsyncGenerator[None, None]:
        """Look at `data_version`, which any commit of another connection changes, whoever's it is.

        It is a look into shared memory, 100 times a second.
        """
        while True:
            try:
                connection = sqlite3.connect(
                    self.path, isolation_level=None, check_same_thread=False
                )
                with closing(connection):
                    seen: object = None
                    while True:
                        version = connection.execute("PRAGMA data_version").fetchone()
                        if version == seen:
                            await asyncio.sleep(POLL_SECONDS)
                        else:
                            seen = version
                            yield
            except sqlite3.DatabaseError as error:
                logger.warning("commits cannot be seen: %s", error)
                await asyncio.sleep(RETRY_SECONDS)

    def _migrate(self) -> None:
        # A reader looks first: a file that is not a task store is left as it was, to the byte, and
        # one that is migrated is opened while another program writes.
        if not self._pending_migrations():
            with self._usable(), self._write_engine.connect():  # which switches to WAL
                return
        with (
            self._usable(),
            self._write_engine.begin() as connection,
            budget_of(connection).of(UNLIMITED),  # an index over a million rows takes its time
        ):
            migrate.upgrade(connection, self.name)

    def _pending_migrations(self) -> list[str]:
        self._check_place()
        with self._usable(), self._readers.begin() as connection:
            return migrate.pending(connection, self.name)

    def _check_place(self) -> None:
        if sqlite3.sqlite_version_info < MINIMUM_VERSION:
            needed = ".".join(map(str, MINIMUM_VERSION))
            raise StoreUnusable(
                f"Python's SQLite is {sqlite3.sqlite_version}; {needed} or later is needed"
            )
        if not self.path.parent.is_dir():
            raise StoreUnusable(f"{self.path}: there is no directory {self.path.parent}")
        if self.path.is_dir():
            raise StoreUnusable(f"{self.path} is a directory, not a database file")

    @contextmanager
    def _usable(self) -> Iterator[None]:
        """Say in one line why the file cannot be opened or migrated."""
        try:
            yield
        except DatabaseError as error:
            if is_busy(error):
                reason = "is locked by another program; stop it and try again"
            else:
                reason = f"cannot be used: {error.orig}"
            raise StoreUnusable(f"{self.path} {reason}") from error


class ToldTransaction:
    """A transaction of the writer, whose errors are told as the database's are."""

    def __init__(
        self, transaction: Transaction, told: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._transaction = transaction
        self._told = told

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work."""
        with self._told():
            return await self._transaction.write(work)


class SqliteOperationSession(ReadSession):
    """The session of one operation; never used by two threads at once."""

    def __init__(
        self,
        engine: Engine,
        statements: Statements,
        threads: ThreadPoolExecutor,
        statement_seconds: float,
        timings: Timings,
    ) -> None:
        super().__init__(engine, statements=statements)
        self._threads = threads
        self._statement_seconds = statement_seconds
        self._timings = timings
        self._turn = asyncio.Lock()
        self._seconds_left = statement_seconds

    def read(self, plan: ReadPlan) -> Answer | Awaitable[Answer]:
        """Read on the loop what has proved to be fast, all else on a thread."""
        start = perf_counter()
        statement = self.statements(plan.shape)
        if _belongs_on_loop(statement, plan) and not self._turn.locked():
            try:
                answer = self._timed_read(statement, plan, LOOP_SECONDS)
            except StatementTimeout:
                pass  # a thread has the time to do it
            else:
                self._timings.read(perf_counter() - start)
                return answer
        return self._read_in_thread(statement, plan, start)

    async def _read_in_thread(self, statement: Statement, plan: ReadPlan, since: float) -> Answer:
        loop = asyncio.get_running_loop()
        with self._timings.reading(since=since):
            async with self._turn:
                reading = loop.run_in_executor(self._threads, self._timed_read, statement, plan)
                return await to_the_end(reading)

    def _timed_read(self, statement: Statement, plan: ReadPlan, most: float = inf) -> Answer:
        """Read in what is left of the operation's time, or at most in so much of it."""
        start = perf_counter()
        try:
            if self._seconds_left <= 0:
                raise StatementTimeout(self._statement_seconds)
            with budget_of(self.connection()).of(min(most, self._seconds_left)):
                return self.execute_statement(statement, plan)
        except DatabaseError as error:
            raise translated(error, self._statement_seconds) from error
        finally:
            seconds = perf_counter() - start
            self._seconds_left -= seconds
            statement.proven_fast = seconds < FAST_SECONDS

    async def finish(self) -> None:
        """End the snapshot."""
        async with self._turn:
            self.close()


def _belongs_on_loop(statement: Statement, plan: ReadPlan) -> bool:
    """Tell whether a read is worth less than a hop to a thread."""
    return statement.proven_fast and plan.rows_visited <= ROWS_ON_LOOP
