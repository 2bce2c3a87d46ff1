"""What a field is in SQL: its column, and how that becomes JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gql_tasks.domain.plan import Column, Connection, Constant, Count, Many, One, Selected
from gql_tasks.domain.relations import Entity
from gql_tasks.store.dialects import Dialect, Expression
from gql_tasks.store.scope import SOURCE_COLUMN

Writer = Callable[[Dialect, Expression], Expression]


@dataclass(frozen=True, slots=True)
class ColumnSql:
    """How a field is read: its column, and how the column becomes JSON."""

    column: str
    write: Writer


def _id(sql: Dialect, column: Expression) -> Expression:
    return sql.id(column)


def _number(sql: Dialect, column: Expression) -> Expression:
    return sql.number(column)


def _text(sql: Dialect, column: Expression) -> Expression:
    return sql.text(column)


def _nullable_text(sql: Dialect, column: Expression) -> Expression:
    return sql.nullable_text(column)


def _boolean(sql: Dialect, column: Expression) -> Expression:
    return sql.boolean(column)


def write_instant(sql: Dialect, column: Expression) -> Expression:
    """Write an instant."""
    return sql.instant(column)


def write_day(sql: Dialect, column: Expression) -> Expression:
    """Write a day."""
    return sql.day(column)


def _priority(sql: Dialect, column: Expression) -> Expression:
    return sql.priority(column)


_STAMPS = {
    "version": ColumnSql("version", _number),
    "created_at": ColumnSql("created_at", write_instant),
    "updated_at": ColumnSql("updated_at", write_instant),
}

COLUMNS: Mapping[Entity, Mapping[str, ColumnSql]] = {
    Entity.TASK: {
        "id": ColumnSql("id", _id),
        "id_number": ColumnSql("id", _number),
        "title": ColumnSql("title", _text),
        "description": ColumnSql("description", _text),
        "completed": ColumnSql("is_completed", _boolean),
        "completed_at": ColumnSql("completed_at", write_instant),
        "priority": ColumnSql("priority", _priority),
        "due_on": ColumnSql("due_on", write_day),
        "due_at": ColumnSql("due_at", write_instant),
        "start_on": ColumnSql("start_on", write_day),
        "position": ColumnSql("position", _text),
        **_STAMPS,
    },
    Entity.PROJECT: {
        "id": ColumnSql("id", _id),
        "name": ColumnSql("name", _text),
        "color": ColumnSql("color", _nullable_text),
        "position": ColumnSql("position", _text),
        "archived_at": ColumnSql("archived_at", write_instant),
        **_STAMPS,
    },
    Entity.LABEL: {
        "id": ColumnSql("id", _id),
        "name": ColumnSql("name", _text),
        "color": ColumnSql("color", _nullable_text),
        "version": ColumnSql("version", _number),
    },
}


def columns_read(entity: Entity, fields: tuple[Selected, ...]) -> list[str]:
    """List the columns that the fields read; the id stands in where none reads any."""
    names: dict[str, None] = {}
    for selected in fields:
        match selected:
            case Column():
                names[COLUMNS[entity][selected.name].column] = None
            case One() | Many() | Count() | Connection():
                names[SOURCE_COLUMN[selected.relation]] = None
            case Constant():
                pass
    return list(names) or ["id"]
