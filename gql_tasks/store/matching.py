"""Which rows match: a filter and a search, where there are any."""

from sqlalchemy import ColumnElement, FromClause

from gql_tasks.domain.filters import Filter
from gql_tasks.domain.values import Slot
from gql_tasks.store.filters import condition
from gql_tasks.store.scope import Scope
from gql_tasks.store.search import matches_search


def conditions(
    where: Filter | None, search: Slot | None, row: FromClause, scope: Scope
) -> list[ColumnElement[bool]]:
    """List what must hold of a row."""
    held: list[ColumnElement[bool]] = []
    if where is not None:
        held.append(condition(where, row, scope))
    if search is not None:
        held.append(matches_search(row, search, scope))
    return held
