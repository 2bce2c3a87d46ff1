"""Writing many new tasks at once, with a past that they are given or as new as they are.

The rows go to the database as one JSON text and one statement: SQLite then brings its full-text
index up to date once and not for every row, PostgreSQL is asked once and not for every row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import func, select, text

from gql_tasks.domain.priority import Priority
from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.scope import TABLES
from gql_tasks.store.single import sqlite_stamps
from gql_tasks.store.tables import instant_text


@dataclass(slots=True, kw_only=True)
class BulkTask:
    """A task to be written. Its parent is one that is written before it, or with it, or there.

    Without `created_at` the database stamps it, as it does what other programs write; then
    `updated_at`, `completed_at` and `version` are not looked at.
    """

    title: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    description: str = ""
    completed: bool = False
    completed_at: datetime | None = None
    priority: Priority = Priority.NONE
    due_on: date | None = None
    due_at: datetime | None = None
    start_on: date | None = None
    project_id: int | None = None
    parent: "BulkTask | None" = None
    parent_id: int | None = None
    label_ids: Sequence[int] = ()
    version: int = 1
    id: int = field(default=0, init=False)


COLUMNS = (
    "id",
    "title",
    "description",
    "completed",
    "priority",
    "due_on",
    "due_at",
    "start_on",
    "position",
    "project_id",
    "parent_id",
)
STAMPS = ("version", "created_at", "updated_at", "completed_at")


def insert_tasks(
    session: WriteSession, tasks: Sequence[BulkTask], positions: Iterable[str]
) -> None:
    """Write tasks, all of them with a past or all without, and give each its id."""
    for task, task_id in zip(tasks, _reserve_ids(session, len(tasks)), strict=True):
        task.id = task_id
    rows = [_row(task, position) for task, position in zip(tasks, positions, strict=True)]
    labelled = [task for task in tasks if task.label_ids]
    pairs = [
        {"task_id": task.id, "label_id": label_id}
        for task in labelled
        for label_id in task.label_ids
    ]
    stamped = any(task.created_at for task in tasks)
    if stamped:
        _insert(session, "tasks", (*COLUMNS, *STAMPS), rows)
    else:
        stamps = {} if _is_postgresql(session) else sqlite_stamps("completed")
        _insert(session, "tasks", COLUMNS, rows, stamps)
    if pairs:
        _insert(session, "task_labels", ("task_id", "label_id"), pairs)
    if stamped:
        _restamp(session, [_row(task, "") for task in labelled])


def ids_by_name(session: WriteSession, entity: Entity) -> dict[str, int]:
    """Find the projects or the labels by their names; of several with one name, the last."""
    table = TABLES[entity]
    rows = session.execute(select(table.c.name, table.c.id).order_by(table.c.id))
    return {row.name: row.id for row in rows}


def _row(task: BulkTask, position: str) -> dict[str, Any]:
    """Write a row as JSON; both stores take instants as SQLite keeps them."""
    return {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "completed": task.completed,
        "completed_at": _instant(task.completed_at),
        "version": task.version,
        "created_at": _instant(task.created_at),
        "updated_at": _instant(task.updated_at),
        "priority": int(task.priority),
        "due_on": task.due_on,
        "due_at": _instant(task.due_at),
        "start_on": task.start_on,
        "position": position,
        "project_id": task.project_id,
        "parent_id": task.parent.id if task.parent else task.parent_id,
    }


def _instant(value: datetime | None) -> str | None:
    return None if value is None else instant_text(value)


def _reserve_ids(session: WriteSession, count: int) -> Sequence[int]:
    """Take the ids of the next rows, so that no other writer is given them."""
    if _is_postgresql(session):
        sequence = text(
            "SELECT nextval(pg_get_serial_sequence('tasks', 'id')) FROM generate_series(1, :count)"
        )
        return session.scalars(sequence, {"count": count}).all()
    last = session.scalar(select(func.max(TABLES[Entity.TASK].c.id))) or 0
    return range(last + 1, last + 1 + count)


def _insert(
    session: WriteSession,
    table: str,
    columns: Sequence[str],
    rows: list[dict[str, Any]],
    more: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write rows; `more` are columns that SQL works out from a row's others."""
    names = ", ".join((*columns, *more))
    values = ", ".join(("*", *more.values()))
    statement = text(
        f"INSERT INTO {table} ({names})"  # noqa: S608  # constants
        f" SELECT {values} FROM ({rows_in_json(session, table, columns)}) AS given"
    )
    session.execute(statement, {"rows": orjson.dumps(rows).decode()})


def _restamp(session: WriteSession, rows: list[dict[str, Any]]) -> None:
    """Put back what the triggers stamped on tasks that were given labels."""
    values = rows_in_json(session, "tasks", ("id", "version", "updated_at"))
    statement = text(
        f"WITH stamps AS ({values})"  # noqa: S608  # constants
        " UPDATE tasks SET version = stamps.version, updated_at = stamps.updated_at"
        " FROM stamps WHERE tasks.id = stamps.id"
    )
    session.execute(statement, {"rows": orjson.dumps(rows).decode()})


def rows_in_json(session: WriteSession, table: str, columns: Sequence[str]) -> str:
    """Write the SELECT of the columns of rows that the parameter `rows` holds as JSON."""
    if _is_postgresql(session):
        rows = f"json_populate_recordset(NULL::{table}, CAST(:rows AS json))"
        return f"SELECT {', '.join(columns)} FROM {rows}"  # noqa: S608  # constants
    members = ", ".join(f"value ->> '{name}' AS {name}" for name in columns)
    return f"SELECT {members} FROM json_each(:rows)"  # noqa: S608  # constants


def _is_postgresql(session: WriteSession) -> bool:
    return session.store == "postgresql"
