"""PostgreSQL: the same sessions on asyncpg's connections, many processes at once."""

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from functools import partial
from math import inf
from time import monotonic
from typing import TypeAlias, cast

import asyncpg
import orjson
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from gql_tasks.domain.errors import (
    StatementTimeout,
    StoreUnavailable,
    StoreUnusable,
    WritersCollided,
)
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.store import migrate, mutations
from gql_tasks.store.checks import check_server
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
from gql_tasks.store.postgresql_connections import CONNECT_SECONDS, connect, patient, pooled
from gql_tasks.store.postgresql_errors import (
    BROKEN,
    is_broken,
    is_silent,
    reason,
    taken_id,
    translated,
)
from gql_tasks.store.postgresql_sql import POSTGRESQL
from gql_tasks.store.timings import Timings

logger = logging.getLogger("gql_tasks.store")

RECONNECT_SECONDS = 1.0
"""How long a listener whose connection broke waits before it tries again."""

LISTEN_SECONDS = 15.0
"""How long a listener that hears nothing waits before it asks whether the server is there."""

SILENCE_SECONDS = 1.0
"""How long a server that did not answer in time is not asked again."""

WRITE_ATTEMPTS = 5
"""How often a transaction is tried that PostgreSQL ends so that another may go on."""

UNCERTAIN = "the connection to the database broke during the commit; the write may have been done"

LAST_COUNTED = 2**62
"""Ids beyond it are not counted on from: the last one that there is would leave none."""

_COUNT_ON = """
    SELECT setval(counter, greatest(nextval(counter), (SELECT max(id) FROM {table} WHERE id < {last})))
    FROM pg_get_serial_sequence('{table}', 'id') AS counter
"""  # noqa: E501

Translated: TypeAlias = Callable[[], AbstractContextManager[None]]


class PostgresqlDatabase(Database):
    """A database of PostgreSQL 14 or later.

    The URL is the driver's to read, so that it means what it means to psql: `sslmode`, several
    hosts, a socket's directory, PGPASSWORD. Whatever happens to the server, an operation ends: it
    is done, or raises StoreUnavailable or StatementTimeout.
    """

    def __init__(
        self, url: str, *, statement_seconds: float = inf, timings: Timings | None = None
    ) -> None:
        self._url = url
        self._timings = timings or Timings()
        self._statement_seconds = statement_seconds
        self._statements = statement_cache(POSTGRESQL)
        self._silent_until = -inf
        self._writers = pooled(url, statement_seconds)
        # The same pool, other transactions: one snapshot an operation, and no writing.
        self._readers = self._writers.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @property
    def name(self) -> str:
        """Name the server and the database, without what may hold a password."""
        return re.sub(r"(?<=://)([^:@/?]*):.*@", r"\1@", self._url).partition("?")[0]

    async def open(self) -> None:
        """Migrate, which may take longer than a statement does."""
        engine = patient(self._url)
        async with self._connected(engine) as connection:
            await connection.run_sync(migrate.upgrade, self.name)

    async def pending_migrations(self) -> list[str]:
        """List what is pending."""
        async with self._connected(self._readers) as connection:
            return await connection.run_sync(migrate.pending, self.name)

    async def close(self) -> None:
        """Close the pool."""
        await self._writers.dispose()

    async def check(self, *, seconds: float) -> Mapping[str, str]:
        """Ask the server, on a connection of its own."""
        return await check_server(self._url, seconds=seconds)

    def session(self) -> "PostgresqlOperationSession":
        """Begin an operation."""
        return PostgresqlOperationSession(
            self._readers, self._statements, self._translated, self._timings
        )

    async def answer(self, reads: Sequence[PreparedRead]) -> list[Document]:
        """Read in a greenlet."""

        def read_all(session: ReadSession) -> list[Document]:
            found = [session.execute_prepared(read) for read in reads]
            return [None if document is None else orjson.dumps(document) for document in found]

        return await self.read(read_all)

    async def read(self, work: Callable[[ReadSession], T]) -> T:
        """Read in a greenlet."""
        session = self.session()
        with self._timings.reading():
            try:
                with self._translated():
                    return await session.run_sync(cast("Callable[[Session], T]", work))
            finally:
                await session.finish()

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:  # noqa: ARG002  # all the same here
        """Run the work in a greenlet, and again if PostgreSQL ended it in favour of another."""
        with self._timings.writing():
            for attempt in range(1, WRITE_ATTEMPTS + 1):
                try:
                    async with self._begin() as transaction:
                        return await transaction.write(work)
                except WritersCollided:
                    if attempt == WRITE_ATTEMPTS:
                        raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction."""
        with self._timings.writing():
            async with self._begin() as transaction:
                yield transaction

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator["PostgresqlTransaction"]:
        session = AsyncSession(
            self._writers, sync_session_class=WriteSession, statements=self._statements
        )
        transaction = PostgresqlTransaction(session, self._translated)
        committing = False
        try:
            with self._translated():
                async with session.begin():
                    yield transaction
                    committing = True
        except StoreUnavailable as error:
            if committing and is_broken(error):
                raise StoreUnavailable(UNCERTAIN) from error.__cause__
            raise
        finally:
            await _end(session)
            if transaction.outrun is not None:
                await self._count_on(transaction.outrun)

    async def commits(self) -> AsyncGenerator[None, None]:
        """Listen for what every transaction that writes to the log sends as it commits."""
        heard, said = asyncio.Event(), ""
        while True:
            try:
                listener = await connect(self._url, self._statement_seconds)
                try:
                    listener.add_termination_listener(lambda _: heard.set())
                    await listener.add_listener("gql_tasks", lambda *_: heard.set())
                    said = ""
                    while True:
                        heard.clear()
                        yield
                        await _heard(heard, listener)
                finally:
                    listener.terminate()
            except BROKEN as error:
                if said != (said := reason(error)):
                    logger.warning("commits are not heard: %s", said)
            await asyncio.sleep(RECONNECT_SECONDS)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Say what an error means, and keep from asking a server that does not answer."""
        if monotonic() < self._silent_until:
            raise StoreUnavailable("the database does not answer; try again")
        try:
            yield
        except (SQLAlchemyError, *BROKEN) as error:
            if is_silent(error):
                self._silent_until = monotonic() + SILENCE_SECONDS
            raise translated(error, self._statement_seconds)  # noqa: B904  # it has its cause

    async def _count_on(self, table: str) -> None:
        """Count on from ids that another program has given, so that they are not met again."""
        with self._translated():
            async with self._writers.begin() as connection:
                await connection.exec_driver_sql(_COUNT_ON.format(table=table, last=LAST_COUNTED))

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.begin() as connection:
                yield connection
        except (OSError, DBAPIError) as error:
            raise StoreUnusable(f"{self.name} cannot be used: {reason(error)}") from error
        except ValueError as error:
            # The driver repeats what it cannot read, which may be a piece of a password.
            raise StoreUnusable(
                f"{self.name} is not a URL; in a password, / is written as %2F and # as %23"
            ) from error


class PostgresqlTransaction:
    """Units of work on one session. `outrun` is the table whose next id was taken."""

    outrun: str | None = None

    def __init__(self, session: AsyncSession, translated: Translated) -> None:
        self._session = session
        self._translated = translated

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work in a greenlet."""
        # The session is of the class that was asked for; SQLAlchemy's types do not say so.
        run = partial(mutations.run, work=work)
        try:
            with self._translated():
                return await self._session.run_sync(cast("Callable[[Session], T]", run))
        except WritersCollided as error:
            self.outrun = taken_id(error)
            raise


class PostgresqlOperationSession(AsyncSession):
    """The session of one operation; its reads take turns on one connection."""

    def __init__(
        self,
        engine: AsyncEngine,
        statements: Statements,
        translated: Translated,
        timings: Timings,
    ) -> None:
        super().__init__(engine, sync_session_class=ReadSession, statements=statements)
        self._session = cast("ReadSession", self.sync_session)
        self._translated = translated
        self._timings = timings
        self._turn = asyncio.Lock()
        self._failure: Exception | None = None

    async def read(self, plan: ReadPlan) -> Answer:
        """Read in turn. With a read that failed its snapshot is gone: what follows fails too."""
        with self._timings.reading():
            async with self._turn:
                if self._failure is not None:
                    raise self._failure
                try:
                    with self._translated():
                        return await self.run_sync(lambda _: self._session.execute_plan(plan))
                except (StatementTimeout, StoreUnavailable, StoreUnusable) as error:
                    self._failure = error
                    raise

    async def finish(self) -> None:
        """End the snapshot and give the connection back to the pool."""
        async with self._turn:
            await _end(self)


async def _end(session: AsyncSession) -> None:
    """Give a session's connection back. One that breaks meanwhile is given up; all was said."""
    # Not by `async with`: it closes in a task whose error nobody hears when this one is cancelled.
    try:
        await session.close()
    except (SQLAlchemyError, *BROKEN) as error:
        if not is_broken(error):
            raise
        await session.invalidate()


async def _heard(heard: asyncio.Event, listener: asyncpg.Connection) -> None:
    """Wait for a commit; ask now and then, as a connection may break without a word."""
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN_SECONDS):
            await heard.wait()
    if not heard.is_set() or listener.is_closed():
        await listener.execute("SELECT 1", timeout=CONNECT_SECONDS)
