"""Read shapes to SQL: one statement whose result is already the JSON of the answer. Pure.

    one row    SELECT json_object(...) FROM tasks WHERE id = :id
    a list     SELECT count(*), json_group_array(json_object(...))
               FROM (SELECT ... FROM tasks ORDER BY ... LIMIT :limit OFFSET :offset) AS tasks

The count beside a list tells a list that is whole from one that was cut off at the limit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    UnaryExpression,
    bindparam,
    func,
    select,
)

from gql_tasks.domain.page import Order, OrderField
from gql_tasks.domain.plan import Column, Constant, Entity, ReadShape, Selected
from gql_tasks.store.dialects import Dialect, Expression, quoted
from gql_tasks.store.tables import TaskRow

Writer = Callable[[Dialect, Expression], Expression]


@dataclass(frozen=True, slots=True)
class ColumnSql:
    """How a field is read: its column, and how the column becomes JSON."""

    column: str
    write: Writer


COLUMNS: Mapping[Entity, Mapping[str, ColumnSql]] = {
    Entity.TASK: {
        "id": ColumnSql("id", lambda sql, column: sql.id(column)),
        "id_number": ColumnSql("id", lambda sql, column: sql.number(column)),
        "title": ColumnSql("title", lambda sql, column: sql.text(column)),
        "description": ColumnSql("description", lambda sql, column: sql.text(column)),
        "completed": ColumnSql("completed", lambda sql, column: sql.boolean(column)),
        "completed_at": ColumnSql("completed_at", lambda sql, column: sql.instant(column)),
        "version": ColumnSql("version", lambda sql, column: sql.number(column)),
        "created_at": ColumnSql("created_at", lambda sql, column: sql.instant(column)),
        "updated_at": ColumnSql("updated_at", lambda sql, column: sql.instant(column)),
    }
}

TABLES: Mapping[Entity, FromClause] = {Entity.TASK: TaskRow.__table__}

NULLABLE = frozenset({OrderField.COMPLETED_AT})
"""Sort keys that can be NULL. To place the NULLs of the others would cost them their index."""


@dataclass(slots=True)
class Statement:
    """A compiled shape: text for the driver, and the order in which it takes its values.

    `proven_fast` is what `store/sqlite.py` has learnt of it: where its next run belongs.
    """

    text: str
    parameters: tuple[str, ...]
    many: bool
    proven_fast: bool = field(default=False, compare=False)

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """Put the values in the text's order."""
        return tuple(values[name] for name in self.parameters)


def compile_statement(shape: ReadShape, dialect: Dialect) -> Statement:
    """Compile a shape to a dialect's text."""
    compiled = compile_shape(shape, dialect).compile(dialect=dialect.sqlalchemy)
    return Statement(str(compiled), tuple(compiled.positiontup or ()), shape.many)


def compile_shape(shape: ReadShape, dialect: Dialect) -> Select[*tuple[Any, ...]]:
    """Build the statement of a shape."""
    table = TABLES[shape.entity]
    if not shape.many:
        document = dialect.json_to_text(_document(shape, table, dialect))
        return select(document).where(table.c.id == bindparam("id", type_=BigInteger))
    rows = (
        select(*_columns(shape, table))
        .order_by(*_order_by(shape.order_by, table, dialect))
        .limit(bindparam("limit", type_=BigInteger))
        .offset(bindparam("offset", type_=BigInteger))
        .subquery(table.name)  # type: ignore[attr-defined]  # a table has a name, a FROM may not
    )
    array = dialect.json_array(_document(shape, rows, dialect))
    return select(func.count(), dialect.json_to_text(array)).select_from(rows)


def _columns(shape: ReadShape, table: FromClause) -> list[ColumnElement[Any]]:
    """Pick the columns that the fields read; the id stands in where all of them are constants."""
    sources = COLUMNS[shape.entity]
    names = {
        sources[selected.name].column: None
        for selected in shape.fields
        if isinstance(selected, Column)
    }
    return [table.c[name] for name in names or ("id",)]


def _document(shape: ReadShape, rows: FromClause, dialect: Dialect) -> Expression:
    return dialect.json_object(
        [(selected.key, _value(shape.entity, selected, rows, dialect)) for selected in shape.fields]
    )


def _value(entity: Entity, selected: Selected, rows: FromClause, dialect: Dialect) -> Expression:
    match selected:
        case Constant():
            return quoted(selected.text)
        case Column():
            source = COLUMNS[entity][selected.name]
            return source.write(dialect, rows.c[source.column])


def _order_by(
    order_by: tuple[Order, ...], table: FromClause, dialect: Dialect
) -> list[UnaryExpression[Any]]:
    """Sort by what was asked, and last by id, so that every order is total and pages never overlap.

    What comes after the id, or sorts by a field again, decides nothing and is left out.
    """
    keys: dict[OrderField, UnaryExpression[Any]] = {}
    for order in (*order_by, Order(OrderField.ID)):
        if order.field not in keys:
            key = _key(order.field, table, dialect)
            nulls = order.nulls if order.field in NULLABLE else None
            keys[order.field] = dialect.ordered(key, order.direction, nulls)
        if order.field is OrderField.ID:
            break
    return list(keys.values())


def _key(order_field: OrderField, table: FromClause, dialect: Dialect) -> Expression:
    """Sort by what is shown: a NULL title is an empty one, a NULL flag is false."""
    column = table.c[order_field.value]
    match order_field:
        case OrderField.TITLE:
            return dialect.by_code_point(dialect.text(column))
        case OrderField.COMPLETED:
            return dialect.truth(column)
        case (
            OrderField.ID | OrderField.COMPLETED_AT | OrderField.CREATED_AT | OrderField.UPDATED_AT
        ):
            return column
