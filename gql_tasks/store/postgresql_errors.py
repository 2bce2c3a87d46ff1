"""What errors of PostgreSQL and of its driver mean to callers."""

from collections.abc import Callable

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from gql_tasks.domain.errors import (
    StatementTimeout,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TasksError,
    WritersCollided,
)

BROKEN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # for one that is cut between two of its messages
)
"""What asyncpg raises of a connection that breaks."""

_NUMBERED = ("tasks", "projects", "labels")
"""Tables whose ids PostgreSQL counts, and other programs may give."""


def _away() -> TasksError:
    return StoreUnavailable("the database is away; try again")


def _overloaded() -> TasksError:
    return StoreUnavailable("the database has no connection or memory left; try again")


def _locked() -> TasksError:
    return StoreUnavailable("another program keeps what this needs locked; try again")


_MEANINGS: dict[str, Callable[[], TasksError]] = {
    "08": _away,  # the connection broke, or was never made
    "25006": StoreReadOnly,
    "25P03": _away,  # a transaction that nobody went on with was ended
    "28": _away,  # the password was changed
    "3D": _away,  # the database was renamed or dropped
    "40001": WritersCollided,
    "40P01": WritersCollided,
    "53": _overloaded,
    "53100": StoreFull,
    "55000": _away,  # the database takes no connections
    "55P03": _locked,
    "57P": _away,  # an operator intervened: stopped, starting, cut off
    "58": _away,  # the server's system failed it
    "XX001": StoreDamaged,
    "XX002": StoreDamaged,
}
"""By SQLSTATE, or the beginning of one; the longest that fits counts."""


def translated(error: Exception, statement_seconds: float) -> Exception:
    """Say what an error means to callers; one that means nothing to them is a bug, as it is."""
    sqlstate = getattr(_drivers(error), "sqlstate", None) or ""
    meaning = next((_MEANINGS[key] for n in (5, 3, 2) if (key := sqlstate[:n]) in _MEANINGS), None)
    meant: TasksError
    if sqlstate == "57014":
        meant = StatementTimeout(statement_seconds)
    elif meaning is not None:
        meant = meaning()
    elif isinstance(error, PoolTimeout):
        meant = _overloaded()
    elif taken_id(error):
        meant = WritersCollided()
    elif is_broken(error):
        meant = _away()
    else:
        return error
    meant.__cause__ = error
    return meant


def is_broken(error: BaseException | None) -> bool:
    """Tell whether a connection cannot be used any more, and nobody knows what it did last."""
    found = _drivers(error)
    return (
        isinstance(found, OSError | asyncpg.InternalClientError | asyncpg.PostgresConnectionError)
        or type(found) is asyncpg.InterfaceError  # its subclasses are of values and options
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
    )


def is_silent(error: BaseException | None) -> bool:
    """Tell whether the server did not answer in time."""
    return isinstance(_drivers(error), TimeoutError)


def taken_id(error: BaseException | None) -> str | None:
    """Name the table whose next id another program has given to a row already."""
    found = _drivers(error)
    if isinstance(found, asyncpg.UniqueViolationError) and found.table_name in _NUMBERED:
        return found.table_name if "(id)=(" in (found.detail or "") else None
    return None


def reason(error: Exception) -> str:
    """Say in one line what the driver or the server said."""
    return next(iter(str(_drivers(error)).splitlines()), "") or "no answer"


def _drivers(error: BaseException | None) -> BaseException | None:
    """Find the driver's error behind SQLAlchemy's, or behind what it means."""
    if isinstance(error, TasksError):
        error = error.__cause__ or error
    if isinstance(error, DBAPIError):
        error = error.orig
    return getattr(error, "driver_exception", error)
