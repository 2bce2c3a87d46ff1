"""Lists of ids as one parameter, so that no statement's text depends on how many there are."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import TextualSelect, column, text

from gql_tasks.store.database import ReadSession
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.postgresql_sql import POSTGRESQL
from gql_tasks.store.sqlite_sql import SQLITE
from gql_tasks.store.tables import RowId

_DIALECTS: Mapping[str, Dialect] = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
_UNFOLDED: Mapping[str, str] = {
    "sqlite": "SELECT value FROM json_each(:{})",
    "postgresql": "SELECT unnest(CAST(:{} AS bigint[])) AS value",
}


def dialect_of(session: ReadSession) -> Dialect:
    """Tell how the store of a session writes SQL."""
    return _DIALECTS[session.store]


def unfolded(session: ReadSession, parameter: str) -> str:
    """Write the SELECT of a list's ids, one a row, in a column called `value`."""
    return _UNFOLDED[session.store].format(parameter)


def bound(session: ReadSession, ids: Iterable[int]) -> Any:  # whatever the driver takes
    """Hand a list of ids to the driver."""
    return dialect_of(session).bind_value(tuple(ids))


def listed(session: ReadSession, ids: Iterable[int]) -> TextualSelect:
    """Select ids. A statement takes one such list: the parameter is always called `ids`."""
    # Written as text: SQLAlchemy takes longer to put the expression together than SQLite to run it.
    statement = text(unfolded(session, "ids")).bindparams(ids=bound(session, ids))
    return statement.columns(column("value", RowId))
