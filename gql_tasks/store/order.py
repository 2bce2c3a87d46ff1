"""What rows are sorted by, and how a sort key is written into a cursor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Boolean, FromClause, String, UnaryExpression
from sqlalchemy.types import TypeEngine

from gql_tasks.domain.page import NULLABLE, Direction, Order, OrderField, total_order
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.values import Slot
from gql_tasks.store.columns import Writer, write_day, write_instant
from gql_tasks.store.dialects import Expression
from gql_tasks.store.scope import Scope
from gql_tasks.store.search import relevance
from gql_tasks.store.tables import Day, Instant

DEFAULT_ORDER: Mapping[Entity, tuple[Order, ...]] = {
    Entity.TASK: (),
    Entity.PROJECT: (Order(OrderField.POSITION),),
    Entity.LABEL: (Order(OrderField.NAME),),
    Entity.CHANGE: (Order(OrderField.ID, Direction.DESC),),
}


@dataclass(frozen=True, slots=True)
class KeySql:
    """A sort key in a cursor: its type, and how it is written."""

    type_: TypeEngine[Any]
    write: Writer


_INTEGER = KeySql(BigInteger(), lambda dialect, key: dialect.number(key))
_TEXT = KeySql(String(), lambda dialect, key: dialect.nullable_text(key))
_INSTANT = KeySql(Instant(), write_instant)

KEY_TYPES: Mapping[OrderField, KeySql] = {
    OrderField.ID: _INTEGER,
    OrderField.POSITION: _TEXT,
    OrderField.TITLE: _TEXT,
    OrderField.COMPLETED: KeySql(Boolean(), lambda _, key: key),
    OrderField.COMPLETED_AT: _INSTANT,
    OrderField.PRIORITY: _INTEGER,
    OrderField.DUE: _INSTANT,
    OrderField.START_ON: KeySql(Day(), write_day),
    OrderField.CREATED_AT: _INSTANT,
    OrderField.UPDATED_AT: _INSTANT,
    OrderField.RELEVANCE: _INTEGER,
}


def order_key(
    order_field: OrderField, row: FromClause, search: Slot | None, scope: Scope
) -> Expression:
    """Find what a row is sorted by, which is what is shown: a NULL title is an empty one."""
    match order_field:
        case OrderField.TITLE:
            return scope.dialect.by_code_point(scope.dialect.text(row.c.title))
        case OrderField.NAME:
            return scope.dialect.by_code_point(row.c.name)
        case OrderField.COMPLETED:
            return row.c.is_completed
        case OrderField.RELEVANCE:
            if search is None:
                raise ValueError("the door refuses RELEVANCE without a search")
            return relevance(row, search, scope)
        case _:
            key: Expression = row.c[order_field.value]
            return key


def sorting(
    order_by: tuple[Order, ...], row: FromClause, search: Slot | None, scope: Scope
) -> list[UnaryExpression[Any]]:
    """Sort by what was asked, and last by id."""
    # To say where the NULLs of a key go that has none would cost it its index.
    return [
        scope.dialect.ordered(
            order_key(order.field, row, search, scope),
            order.direction,
            order.nulls if order.field in NULLABLE else None,
        )
        for order in total_order(order_by)
    ]
