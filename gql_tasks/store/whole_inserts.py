"""Writing rows with all that they are: ids, positions, versions, moments.

The triggers stamp and log what is written as they do for everybody. A row that brings its stamps
keeps them: SQLite stamps an insert only where `created_at` was left to it, PostgreSQL only a
completion that has no moment. What they stamp all the same is put back by a second UPDATE, which
the log has as such.

On SQLite labels go first, before the tasks that have them: no task is there to be stamped, and the
log has one entry a task, labels and all. Foreign keys wait for the commit. PostgreSQL's do not, so
there the stamps are put back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from sqlalchemy import func, select, text

from gql_tasks.domain.relations import Entity
from gql_tasks.store.bulk import rows_in_json
from gql_tasks.store.database import Database, ReadSession, WriteSession
from gql_tasks.store.scope import TABLES
from gql_tasks.store.sqlite import SqliteDatabase

Columns: TypeAlias = Mapping[str, Any]
"""A row: its columns, with the values that JSON has for them. Moments are text, as SQLite's are."""

Pair: TypeAlias = tuple[int, int]
"""The id of a task and the id of a label that it has."""

UNSTAMPED = "1970-01-01T00:00:00.000Z"
"""A `created_at` that SQLite's triggers take for none."""

_KINDS = (Entity.PROJECT, Entity.LABEL, Entity.TASK)

_NUL = rb"\u0000"


@dataclass(frozen=True, slots=True)
class Target:
    """What matters of a store before rows are written to it.

    One that keeps any text keeps it in any column: a NUL character, a day that is none.
    """

    is_empty: bool
    keeps_any_text: bool
    project_names: frozenset[str] = frozenset()
    label_names: frozenset[str] = frozenset()


async def target_of(database: Database) -> Target:
    """Look at a store that need not be migrated, nor be there yet; it is left as it is.

    Raises StoreUnusable and StoreUnavailable.
    """
    await database.pending_migrations()  # raises for what is no store
    if isinstance(database, SqliteDatabase) and not database.path.exists():
        return Target(is_empty=True, keeps_any_text=True)
    return await database.read(target)


def target(session: ReadSession) -> Target:
    """Look at a store."""
    connection = session.connection()
    there = {
        entity for entity in _KINDS if connection.dialect.has_table(connection, TABLES[entity].name)
    }

    def names(entity: Entity) -> frozenset[str]:
        found = session.scalars(select(TABLES[entity].c.name)) if entity in there else ()
        return frozenset(found)

    return Target(
        is_empty=not any(
            session.execute(select(TABLES[entity].c.id).limit(1)).first() for entity in there
        ),
        keeps_any_text=connection.dialect.name == "sqlite",
        project_names=names(Entity.PROJECT),
        label_names=names(Entity.LABEL),
    )


def begin(session: WriteSession, *, alone: bool) -> None:
    """Make ready to write. Nobody else writes until the commit where it is to be done alone."""
    if session.connection().dialect.name == "sqlite":  # where nobody ever does
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
    elif alone:
        tables = ", ".join(TABLES[entity].name for entity in _KINDS)
        session.execute(text(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))


def reserve_ids(session: WriteSession, entity: Entity, count: int) -> Sequence[int]:
    """Take the ids of the next rows, so that no other writer is given them."""
    table = TABLES[entity]
    if session.connection().dialect.name == "postgresql":
        sequence = text(
            "SELECT nextval(pg_get_serial_sequence(:table, 'id')) FROM generate_series(1, :count)"
        )
        return session.scalars(sequence, {"table": table.name, "count": count}).all()
    last = session.scalar(select(func.max(table.c.id))) or 0
    given = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    last = max(last, 0, session.scalar(given, {"table": table.name}) or 0)
    return range(last + 1, last + 1 + count)


def insert_whole(
    session: WriteSession, entity: Entity, rows: Sequence[Columns], pairs: Sequence[Pair] = ()
) -> None:
    """Write rows, all of them with the same columns, and which labels tasks among them have."""
    is_sqlite = session.connection().dialect.name == "sqlite"
    if is_sqlite:
        _insert_pairs(session, pairs)
    _insert(session, entity, rows)
    if not is_sqlite:
        _insert_pairs(session, pairs)
    if entity is Entity.TASK:
        stamped = set() if is_sqlite else {task_id for task_id, _ in pairs}
        _restamp(session, [row for row in rows if row["id"] in stamped or _is_stamped(row)])


def end(session: WriteSession) -> None:
    """See to it that the next rows get the next ids. SQLite sees to it by itself."""
    if session.connection().dialect.name == "sqlite":
        return
    for entity in _KINDS:
        name = TABLES[entity].name
        session.execute(
            text(
                "SELECT setval(sequence, greatest(last, coalesce("  # noqa: S608  # constants
                "pg_sequence_last_value(sequence::regclass), 0)))"
                f" FROM (SELECT pg_get_serial_sequence('{name}', 'id') AS sequence, max(id) AS last"
                f" FROM {name}) AS used WHERE last > 0"
            )
        )


def _insert(session: WriteSession, entity: Entity, rows: Sequence[Columns]) -> None:
    if not rows:
        return
    table, columns = TABLES[entity].name, list(rows[0])
    names, document = ", ".join(columns), orjson.dumps(rows)
    # A NUL character ends a text to the JSON functions of SQLite before 3.45.
    if _NUL in document and session.connection().dialect.name == "sqlite":
        values = ", ".join(f":{name}" for name in columns)
        statement = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608  # constants
        session.execute(text(statement), [dict(row) for row in rows])
        return
    statement = f"INSERT INTO {table} ({names}) {rows_in_json(session, table, columns)}"
    session.execute(text(statement), {"rows": document.decode()})


def _insert_pairs(session: WriteSession, pairs: Sequence[Pair]) -> None:
    if pairs:
        rows = [{"task_id": task_id, "label_id": label_id} for task_id, label_id in pairs]
        document = orjson.dumps(rows).decode()
        values = rows_in_json(session, "task_labels", ("task_id", "label_id"))
        statement = text(f"INSERT INTO task_labels (task_id, label_id) {values}")
        session.execute(statement, {"rows": document})


def _is_stamped(row: Columns) -> bool:
    return row["created_at"] == UNSTAMPED or bool(row["completed"] and not row["completed_at"])


def _restamp(session: WriteSession, rows: Sequence[Columns]) -> None:
    """Put back what the triggers stamped."""
    if not rows:
        return
    stamps = ("version", "created_at", "updated_at", "completed_at")
    values = rows_in_json(session, "tasks", ("id", *stamps))
    changes = ", ".join(f"{name} = stamps.{name}" for name in stamps)
    statement = text(
        f"WITH stamps AS ({values})"  # noqa: S608  # constants
        f" UPDATE tasks SET {changes} FROM stamps WHERE tasks.id = stamps.id"
    )
    given = [{name: row[name] for name in ("id", *stamps)} for row in rows]
    session.execute(statement, {"rows": orjson.dumps(given).decode()})
