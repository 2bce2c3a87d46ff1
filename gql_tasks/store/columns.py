"""What a field is in SQL: its column, and how that becomes JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import FromClause, case, select

from gql_tasks.domain.changes import STAMPS
from gql_tasks.domain.plan import Column, Connection, Constant, Count, Many, One, Selected
from gql_tasks.domain.relations import Entity
from gql_tasks.store.dialects import Dialect, Expression, quoted
from gql_tasks.store.scope import SOURCE_COLUMN
from gql_tasks.store.tables import ChangeLogRow, MutationRow

Writer = Callable[..., Expression]
"""Called with the dialect and the columns."""


@dataclass(frozen=True, slots=True)
class ColumnSql:
    """How a field is read: its column, and how the column becomes JSON.

    `also` is a second column, for a field that takes two.
    """

    column: str
    write: Writer
    also: str | None = None

    def value(self, sql: Dialect, row: FromClause) -> Expression:
        """Write the field of a row."""
        others = () if self.also is None else (row.c[self.also],)
        return self.write(sql, row.c[self.column], *others)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that are read."""
        return (self.column,) if self.also is None else (self.column, self.also)


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


def _json(sql: Dialect, column: Expression) -> Expression:
    return sql.json_value(column)


def _sync_token(sql: Dialect, position: Expression) -> Expression:
    return write_token(sql, position)


def write_token(sql: Dialect, position: Expression) -> Expression:
    """Name a position of the change log; `SyncToken` writes the same."""
    return sql.sync_token(select(ChangeLogRow.epoch).scalar_subquery(), position)


def _operation(_: Dialect, before: Expression, after: Expression) -> Expression:
    return case(
        (before.is_(None), quoted("CREATE")),
        (after.is_(None), quoted("DELETE")),
        else_=quoted("UPDATE"),
    )


def _changed_fields(sql: Dialect, before: Expression, after: Expression) -> Expression:
    return sql.changed_members(before, after, STAMPS)


def _client_mutation_id(sql: Dialect, mutation_id: Expression) -> Expression:
    mutation: Any = MutationRow.__table__.alias("mutation")
    found = select(sql.nullable_text(mutation.c.client_mutation_id))
    return found.where(mutation.c.id == mutation_id).scalar_subquery()


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
    Entity.CHANGE: {
        "sync_token": ColumnSql("id", _sync_token),
        "at": ColumnSql("at", write_instant),
        "entity": ColumnSql("entity", _text),
        "id": ColumnSql("row_id", _id),
        "operation": ColumnSql("before", _operation, also="after"),
        "changed_fields": ColumnSql("before", _changed_fields, also="after"),
        "before": ColumnSql("before", _json),
        "after": ColumnSql("after", _json),
        "client_mutation_id": ColumnSql("mutation_id", _client_mutation_id),
    },
}


def columns_read(entity: Entity, fields: tuple[Selected, ...]) -> list[str]:
    """List the columns that the fields read; the id stands in where none reads any."""
    names: dict[str, None] = {}
    for selected in fields:
        match selected:
            case Column():
                names |= dict.fromkeys(COLUMNS[entity][selected.name].columns)
            case One() | Many() | Count() | Connection():
                names[SOURCE_COLUMN[selected.relation]] = None
            case Constant():
                pass
    return list(names) or ["id"]
