"""One row written by one statement, without the ORM's unit of work around it.

The statements are few, and always the same ones; their texts are kept, their values are bound.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.listed import dialect_of
from gql_tasks.store.migrations.change_log_sqlite import NOW
from gql_tasks.store.scope import TABLES

PLACEHOLDERS = {"sqlite": "?{}", "postgresql": "${}"}


def insert_row(session: WriteSession, entity: Entity, columns: Mapping[str, Any]) -> int:
    """Write a new row and tell its id."""
    [row] = _run(session, _insert(session.store, entity, tuple(columns)), [*columns.values()])
    row_id: int = row[0]
    return row_id


def update_row(
    session: WriteSession, entity: Entity, row_id: int, columns: Mapping[str, Any]
) -> None:
    """Set columns of a row. One that has all of them already is not written."""
    if columns:
        text = _update(session.store, entity, tuple(columns))
        _run(session, text, [*columns.values(), row_id, *columns.values()])


def lock_row(session: WriteSession, entity: Entity, row_id: int) -> int | None:
    """Tell a row's version, None where there is none, and keep others from changing it."""
    rows = _run(session, _lock(session.store, entity), [row_id])
    return rows[0][0] if rows else None


def sqlite_stamps(completed: str) -> dict[str, str]:
    """Write what triggers stamp on a new task, as they do: it has the moment that they have.

    They stamp what other programs write; for each such row its indexes are written twice.
    """
    completed_at = f"iif({completed}, {NOW}, NULL)"
    return {"created_at": NOW, "updated_at": NOW, "completed_at": completed_at}


@lru_cache(256)
def _insert(store: str, entity: Entity, names: tuple[str, ...]) -> str:
    values = dict(zip(names, _placeholders(store, len(names)), strict=True))
    if store == "sqlite" and entity is Entity.TASK:
        values |= sqlite_stamps(values["completed"])
    table, columns = TABLES[entity].name, ", ".join(values)
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join(values.values())}) RETURNING id"  # noqa: S608  # constants


@lru_cache(256)
def _update(store: str, entity: Entity, names: tuple[str, ...]) -> str:
    marks = _placeholders(store, 2 * len(names) + 1)
    table, count = TABLES[entity].name, len(names)
    # SQLAlchemy wants rows, and SQLite takes some time to return them.
    returning = "" if store == "sqlite" else " RETURNING id"
    new = ", ".join(f"{name} = {mark}" for name, mark in zip(names, marks, strict=False))
    different = " OR ".join(
        f"{name} IS DISTINCT FROM {mark}"
        for name, mark in zip(names, marks[count + 1 :], strict=True)
    )
    if store == "sqlite":  # before 3.39 it has no IS DISTINCT FROM
        different = different.replace("IS DISTINCT FROM", "IS NOT")
    return f"UPDATE {table} SET {new} WHERE id = {marks[count]} AND ({different}){returning}"  # noqa: S608  # constants


@lru_cache(16)
def _lock(store: str, entity: Entity) -> str:
    mark, suffix = ("?", "") if store == "sqlite" else ("$1", " FOR NO KEY UPDATE")
    return f"SELECT version FROM {TABLES[entity].name} WHERE id = {mark}{suffix}"  # noqa: S608  # constants


def _placeholders(store: str, count: int) -> list[str]:
    return [PLACEHOLDERS[store].format(number) for number in range(1, count + 1)]


def _run(session: WriteSession, text: str, values: list[Any]) -> Any:  # rows of the driver's
    bind = dialect_of(session).bind_value
    return session.rows(text, [None if value is None else bind(value) for value in values])
