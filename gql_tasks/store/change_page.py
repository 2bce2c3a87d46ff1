"""A part of the change log to SQL: the entries after a place, and where to go on from.

WITH log AS (which log this is, and whether it holds what comes after the place),
     page AS (SELECT ... FROM changes, log WHERE log.whole AND id > :position LIMIT :limit)
SELECT json_object('changes', ..., 'nextToken', ...)
"""

from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    FromClause,
    String,
    and_,
    case,
    func,
    not_,
    select,
    true,
)

from gql_tasks.domain.plan import Column, Constant, Entries, Selected, Since
from gql_tasks.domain.relations import Entity
from gql_tasks.store.columns import columns_read, write_token
from gql_tasks.store.dialects import Dialect, Expression, quoted
from gql_tasks.store.scope import NONE_LEFT_OUT, Scope
from gql_tasks.store.tables import ChangeLogRow, ChangeRow

_log: Any = ChangeLogRow.__table__


class WriteDocument(Protocol):
    """Write a row as an object."""

    def __call__(
        self, entity: Entity, fields: tuple[Selected, ...], row: FromClause, /
    ) -> Expression:
        """Write it."""


def head(log: Any = _log) -> Expression:
    """Find the position of the last entry, or up to which all were pruned."""
    last = select(func.max(ChangeRow.id)).scalar_subquery()
    return func.coalesce(last, log.c.pruned_through)


def write_head_token(dialect: Dialect) -> Expression:
    """Name the position of the last entry."""
    return write_token(dialect, select(head()).scalar_subquery())


def write_since(shape: Since, scope: Scope, document: WriteDocument) -> Expression:
    """Write the members that were asked for, in their order."""
    dialect = scope.dialect
    if shape.place is None:
        position: Expression = _log.c.pruned_through
        whole: Any = true()
    else:
        position = scope.bind(shape.place.position, BigInteger())
        epoch = scope.bind(shape.place.epoch, String())
        whole = and_(_log.c.epoch == epoch, position >= _log.c.pruned_through, position <= head())
    log = select(whole.label("whole"), position.label("position"), head().label("head")).cte("log")
    change = scope.alias(Entity.CHANGE)
    limit = scope.dialect.at_most(scope.bind(shape.limit, BigInteger()))
    fields = tuple(
        field
        for selected in shape.fields
        if isinstance(selected, Entries)
        for field in selected.fields
    )
    names = dict.fromkeys(["id", *columns_read(Entity.CHANGE, fields)])
    page = (
        select(*(change.c[name] for name in names))
        .select_from(change.join(log, true()))
        .where(log.c.whole, change.c.id > log.c.position)
        .order_by(change.c.id)
        .limit(limit)
        .offset(NONE_LEFT_OUT)
        .cte("page")
    )
    last = select(func.max(page.c.id)).scalar_subquery()
    # After the page; after the place where there is none; now, where the log is not whole.
    next_position = func.coalesce(last, case((log.c.whole, log.c.position), else_=log.c.head))

    def member(selected: Constant | Column | Entries) -> Expression:
        match selected:
            case Constant():
                return quoted(selected.text)
            case Entries():
                # The rows need no limit; it keeps SQLite from losing their order.
                rows = select(page).order_by(page.c.id).limit(limit).offset(NONE_LEFT_OUT)
                entries = rows.subquery(scope.name(Entity.CHANGE))
                written = document(Entity.CHANGE, selected.fields, entries)
                return select(dialect.json_array(written)).select_from(entries).scalar_subquery()
            case Column(name="next_token"):
                return write_token(dialect, next_position)
            case Column(name="has_more"):
                return dialect.boolean(log.c.head > next_position)
            case Column():
                return dialect.boolean(not_(log.c.whole))

    members = [(selected.key, member(selected)) for selected in shape.fields]
    return select(dialect.json_object(members)).select_from(log).scalar_subquery()
