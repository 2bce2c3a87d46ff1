"""PostgreSQL: the same sessions on asyncpg's connections, many processes at once."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, cast

import asyncpg
import orjson
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session

from gql_tasks.domain.errors import StoreUnavailable, StoreUnusable, WritersCollided
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.store import migrate, mutations
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
from gql_tasks.store.postgresql_sql import POSTGRESQL

POOL_SIZE = 10
CONNECT_TIMEOUT_SECONDS = 10

PREPARED_STATEMENTS = 500
"""How many each connection keeps: about as many as there are compiled shapes."""

RECONNECT_SECONDS = 1.0
"""How long a listener whose connection broke waits before it tries again."""

WRITE_ATTEMPTS = 5
"""How often a transaction is tried that PostgreSQL ends so that another may go on."""

_RETRYABLE = {"40001", "40P01"}  # serialization_failure, deadlock_detected

_BROKEN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # for one that is cut between two of its messages
)
"""What asyncpg raises of a connection that breaks."""

_AWAY = ("08", "53", "57P")
"""Classes of SQLSTATE: the connection broke, resources ran out, an operator intervened."""


class PostgresqlDatabase(Database):
    """A database of PostgreSQL 14 or later.

    The URL is the driver's to read, so that it means what it means to psql: `sslmode`, several
    hosts, a socket's directory, PGPASSWORD.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._statements = statement_cache(POSTGRESQL)
        self._writers = create_async_engine(
            "postgresql+asyncpg://",
            pool_size=POOL_SIZE,
            max_overflow=0,
            connect_args={
                "async_creator_fn": partial(asyncpg.connect, url, timeout=CONNECT_TIMEOUT_SECONDS),
                "prepared_statement_cache_size": PREPARED_STATEMENTS,
            },
        )
        event.listen(self._writers.sync_engine, "connect", _keep_every_date)
        # The same pool, other transactions: one snapshot an operation, and no writing.
        self._readers = self._writers.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    @property
    def name(self) -> str:
        """Name the server and the database, without what may hold a password."""
        return re.sub(r"(?<=://)([^:@/?]*):.*@", r"\1@", self._url).partition("?")[0]

    async def open(self) -> None:
        """Migrate."""
        async with self._connected(self._writers) as connection:
            await connection.run_sync(migrate.upgrade, self.name)

    async def pending_migrations(self) -> list[str]:
        """List what is pending."""
        async with self._connected(self._readers) as connection:
            return await connection.run_sync(migrate.pending, self.name)

    async def close(self) -> None:
        """Close the pool."""
        await self._writers.dispose()

    def session(self) -> "PostgresqlOperationSession":
        """Begin an operation."""
        return PostgresqlOperationSession(self._readers, self._statements)

    async def answer(self, reads: Sequence[PreparedRead]) -> Sequence[Document]:
        """Read in a greenlet."""

        def read_all(session: ReadSession) -> list[Document]:
            found = [session.execute_prepared(read) for read in reads]
            return [None if document is None else orjson.dumps(document) for document in found]

        return await self.read(read_all)

    async def read(self, work: Callable[[ReadSession], T]) -> T:
        """Read in a greenlet."""
        session = self.session()
        try:
            with _unavailable():
                return await session.run_sync(cast("Callable[[Session], T]", work))
        finally:
            await session.finish()

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Run the work in a greenlet, and again if PostgreSQL ended it in favour of another."""
        for attempt in range(1, WRITE_ATTEMPTS + 1):
            try:
                async with self.transaction() as transaction:
                    return await transaction.write(work)
            except WritersCollided:
                if attempt == WRITE_ATTEMPTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Begin a transaction."""
        with _unavailable():
            async with (
                AsyncSession(
                    self._writers, sync_session_class=WriteSession, statements=self._statements
                ) as session,
                session.begin(),
            ):
                yield PostgresqlTransaction(session)

    async def commits(self) -> AsyncGenerator[None, None]:
        """Listen for what every transaction that writes to the log sends as it commits."""
        heard = asyncio.Event()
        while True:
            with suppress(*_BROKEN):
                listener = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT_SECONDS)
                try:
                    listener.add_termination_listener(lambda _: heard.set())
                    await listener.add_listener("gql_tasks", lambda *_: heard.set())
                    while not listener.is_closed():
                        heard.clear()
                        yield
                        await heard.wait()
                finally:
                    listener.terminate()
            await asyncio.sleep(RECONNECT_SECONDS)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            async with engine.begin() as connection:
                yield connection
        except (OSError, DBAPIError) as error:
            raise StoreUnusable(f"{self.name} cannot be used: {_reason(error)}") from error
        except ValueError as error:
            # The driver repeats what it cannot read, which may be a piece of a password.
            raise StoreUnusable(
                f"{self.name} is not a URL; in a password, / is written as %2F and # as %23"
            ) from error


class PostgresqlTransaction:
    """Units of work on one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work in a greenlet."""
        # The session is of the class that was asked for; SQLAlchemy's types do not say so.
        run = partial(mutations.run, work=work)
        with _unavailable():
            return await self._session.run_sync(cast("Callable[[Session], T]", run))


class PostgresqlOperationSession(AsyncSession):
    """The session of one operation; its reads take turns on one connection."""

    def __init__(self, engine: AsyncEngine, statements: Statements) -> None:
        super().__init__(engine, sync_session_class=ReadSession, statements=statements)
        self._session = cast("ReadSession", self.sync_session)
        self._turn = asyncio.Lock()

    async def read(self, plan: ReadPlan) -> Answer:
        """Read in turn."""
        async with self._turn:
            with _unavailable():
                return await self.run_sync(lambda _: self._session.execute_plan(plan))

    async def finish(self) -> None:
        """End the snapshot and give the connection back to the pool."""
        async with self._turn:
            await self.close()


DAY_0 = date(2000, 1, 1).toordinal()
INSTANT_0 = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST = (datetime.min.replace(tzinfo=UTC) - INSTANT_0) // MICROSECOND
LAST = (datetime.max.replace(tzinfo=UTC) - INSTANT_0) // MICROSECOND


def _keep_every_date(connection: Any, _record: object) -> None:
    """Keep the first and the last date that Python knows: asyncpg makes infinities of them.

    Infinities that another program wrote are read as the nearest date there is.
    """
    connection.run_async(_set_codecs)


async def _set_codecs(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "date",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda day: (day.toordinal() - DAY_0,),
        decoder=lambda days: date.fromordinal(
            _within(days[0] + DAY_0, date.min.toordinal(), date.max.toordinal())
        ),
    )
    await connection.set_type_codec(
        "timestamptz",
        schema="pg_catalog",
        format="tuple",
        encoder=lambda instant: ((instant - INSTANT_0) // MICROSECOND,),
        decoder=lambda units: INSTANT_0 + _within(units[0], FIRST, LAST) * MICROSECOND,
    )


def _within(number: int, first: int, last: int) -> int:
    return max(first, min(number, last))


@contextmanager
def _unavailable() -> Iterator[None]:
    """Tell a database that is away, or too busy, from a statement that is wrong."""
    try:
        yield
    except DBAPIError as error:
        if _sqlstate(error) in _RETRYABLE:
            raise WritersCollided from error
        if not (error.connection_invalidated or (_sqlstate(error) or "").startswith(_AWAY)):
            raise
        raise StoreUnavailable("the database is away; try again") from error
    except (OSError, PoolTimeout) as error:
        raise StoreUnavailable("the database is away; try again") from error


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _reason(error: Exception) -> str:
    """Say in one line what the driver or the server said."""
    if isinstance(error, DBAPIError):
        error = getattr(error.orig, "driver_exception", error)
    return next(iter(str(error).splitlines()), "no answer")
