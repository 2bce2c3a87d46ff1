"""What SQLite's errors mean to callers."""

from sqlalchemy.exc import DBAPIError

from gql_tasks.domain.errors import InvalidArgument, StoreUnavailable

_BUSY = {"SQLITE_BUSY", "SQLITE_LOCKED"}

_TOO_DEEP = {"parser stack overflow", "Expression tree is too large (maximum depth 1000)"}
"""What SQLite says of a statement that nests too deeply. Before 3.46 its parser's stack has 100."""


def is_busy(error: BaseException | None) -> bool:
    """Tell whether another program kept a lock. The error is the driver's or SQLAlchemy's."""
    found = error.orig if isinstance(error, DBAPIError) else error
    # The primary result code: SQLITE_BUSY_SNAPSHOT is SQLITE_BUSY.
    return "_".join(getattr(found, "sqlite_errorname", "").split("_")[:2]) in _BUSY


def translated(error: Exception) -> Exception:
    """Say what an error means to callers; one that means nothing to them is a bug, as it is."""
    meant: Exception
    if is_busy(error):
        meant = StoreUnavailable("another program is writing to the database; try again")
    elif str(error.orig if isinstance(error, DBAPIError) else error) in _TOO_DEEP:
        meant = InvalidArgument("the selection nests lists or filters deeper than SQLite can read")
    else:
        return error
    meant.__cause__ = error
    return meant
