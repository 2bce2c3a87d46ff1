"""Connections to PostgreSQL: how they are made, how long they wait, and when they are given up.

What takes too long is ended by whoever can: a statement, a wait for a lock and a transaction that
nobody goes on with by PostgreSQL; an answer that does not come by the driver, which then gives the
connection up. The pool replaces what is given up, and what was made before it.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from math import isinf
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from gql_tasks.store.postgresql_errors import is_broken

POOL_SIZE = 10

POOL_SECONDS = 5.0
"""How long an operation waits for one of the connections."""

CONNECT_SECONDS = 5.0
"""How long a new connection may take."""

LOCK_SECONDS = 5.0
"""How long a statement waits for a lock that another session holds; at most half its own time."""

SILENT_SECONDS = 3.0
"""How long after a statement should have been stopped the server is taken for dead."""

IDLE_SECONDS = 60.0
"""How long PostgreSQL keeps a transaction open that nobody goes on with."""

RECYCLE_SECONDS = 1_800.0
"""How old a connection gets, so that a server behind a changed name is found."""

PREPARED_STATEMENTS = 500
"""How many each connection keeps: about as many as there are compiled shapes."""


def pooled(url: str, statement_seconds: float) -> AsyncEngine:
    """Make the engine that serves."""
    return _engine(
        partial(connect, url, statement_seconds),
        pool_size=POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_recycle=RECYCLE_SECONDS,
    )


def patient(url: str) -> AsyncEngine:
    """Make an engine for what takes as long as it takes."""
    return _engine(partial(_connect, url), poolclass=NullPool)


async def connect(url: str, statement_seconds: float) -> asyncpg.Connection:
    """Open a connection whose statements have a time."""
    unlimited = isinf(statement_seconds)
    return await _connect(
        url,
        command_timeout=None if unlimited else statement_seconds + SILENT_SECONDS,
        server_settings={
            "statement_timeout": "0" if unlimited else _milliseconds(statement_seconds),
            "lock_timeout": _milliseconds(min(LOCK_SECONDS, statement_seconds / 2)),
            "idle_in_transaction_session_timeout": _milliseconds(IDLE_SECONDS),
        },
    )


async def _connect(url: str, **options: Any) -> asyncpg.Connection:
    connection = await asyncpg.connect(url, timeout=CONNECT_SECONDS, **options)
    try:
        await _keep_every_date(connection)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _milliseconds(seconds: float) -> str:
    return str(max(1, round(seconds * 1000)))  # 0 is without end


def _engine(creator: Any, **pool: Any) -> AsyncEngine:
    engine = create_async_engine(
        "postgresql+asyncpg://",
        connect_args={
            "async_creator_fn": creator,
            "prepared_statement_cache_size": PREPARED_STATEMENTS,
        },
        hide_parameters=True,  # errors are logged, and values are nobody's business
        **pool,
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    event.listen(engine.sync_engine, "handle_error", _give_up)
    return engine


def _refuse_closed(connection: Any, *_: object) -> None:
    """Have the pool replace a connection that broke while it was idle. It costs no round trip."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _give_up(context: ExceptionContext) -> None:
    """Cut a connection that is in an unknown state; the pool replaces all that are as old."""
    if context.connection is None or not is_broken(context.original_exception):
        return
    context.is_disconnect = True
    if not context.connection.invalidated:
        driver: Any = context.connection.connection.driver_connection
        driver.terminate()  # a goodbye would wait for an answer


DAY_0 = date(2000, 1, 1).toordinal()
INSTANT_0 = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST = (datetime.min.replace(tzinfo=UTC) - INSTANT_0) // MICROSECOND
LAST = (datetime.max.replace(tzinfo=UTC) - INSTANT_0) // MICROSECOND


async def _keep_every_date(connection: asyncpg.Connection) -> None:
    """Keep the first and the last date that Python knows: asyncpg makes infinities of them.

    Infinities that another program wrote are read as the nearest date there is.
    """
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
