"""What SQLite's errors mean to callers."""

from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from gql_tasks.domain.errors import (
    AnswerTooLarge,
    InvalidArgument,
    StatementTimeout,
    StoreDamaged,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
    TasksError,
)
from gql_tasks.store.database import MAX_ANSWER_BYTES
from gql_tasks.store.sqlite_budget import UNLIMITED

_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"}

_MEANINGS: dict[str, Callable[[], TasksError]] = {
    **dict.fromkeys(
        _BUSY,
        lambda: StoreUnavailable("another program is writing to the database; try again"),
    ),
    "SQLITE_FULL": StoreFull,
    "SQLITE_READONLY": StoreReadOnly,
    "SQLITE_CORRUPT": StoreDamaged,
    "SQLITE_NOTADB": StoreDamaged,
    **dict.fromkeys(
        ("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_NOLFS"),
        lambda: StoreUnavailable("the database's file cannot be read or written now; try again"),
    ),
    # The write is in the log all the same, and SQLite finds it there when the log is read anew.
    "SQLITE_IOERR_FSYNC": lambda: StoreUnavailable(
        "the disk did not confirm the write, which may be there after a restart; try again"
    ),
    "SQLITE_TOOBIG": lambda: AnswerTooLarge(MAX_ANSWER_BYTES),
    "SQLITE_NOMEM": lambda: StoreUnavailable("there is no memory left; try again"),
}

_TOO_DEEP = {"parser stack overflow", "Expression tree is too large (maximum depth 1000)"}
"""What SQLite says of a statement that nests too deeply. Before 3.46 its parser's stack has 100."""


def is_busy(error: BaseException | None) -> bool:
    """Tell whether another program kept a lock. The error is the driver's, or stands for it."""
    return _result_code(_drivers(error)) in _BUSY


def translated(error: Exception, seconds: float = UNLIMITED) -> Exception:
    """Say what an error means to callers; one that means nothing to them is a bug, as it is.

    `seconds` is how long the statement was allowed to take.
    """
    if isinstance(error, TasksError):
        return error
    found = _drivers(error)
    code = _result_code(found)
    meaning = _MEANINGS.get(_name(found)) or _MEANINGS.get(code)
    meant: Exception
    if code == "SQLITE_INTERRUPT":
        meant = StatementTimeout(seconds)
    elif meaning is not None:
        meant = meaning()
    elif str(found) in _TOO_DEEP:
        meant = InvalidArgument("the selection nests lists or filters deeper than SQLite can read")
    elif isinstance(error, StopIteration):
        meant = RuntimeError("a unit of work raised StopIteration")  # which no future takes
    else:
        return error
    meant.__cause__ = found
    return meant


def reason(error: Exception) -> str:
    """Say in one line what SQLite said."""
    return str(_drivers(error))


def _drivers(error: BaseException | None) -> BaseException | None:
    """Find the driver's error behind SQLAlchemy's, or behind what it means."""
    found = error.__cause__ if isinstance(error, TasksError) else error
    return found.orig if isinstance(found, DBAPIError) else found


def _result_code(error: BaseException | None) -> str:
    """Name the primary result code: SQLITE_BUSY_SNAPSHOT is SQLITE_BUSY."""
    return "_".join(_name(error).split("_")[:2])


def _name(error: BaseException | None) -> str:
    name: str = getattr(error, "sqlite_errorname", "")
    return "SQLITE_NOMEM" if isinstance(error, MemoryError) else name
