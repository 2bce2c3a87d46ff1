"""What writes ask of rows beyond `session.get`: who is there, who stands beside whom, and locks.

On PostgreSQL every lock is held until the transaction ends. On SQLite there is one writer, and
nothing to lock.

Two writers that take locks in different orders may wait for each other. PostgreSQL then stops one,
and `database.write` runs it again. So that this stays rare: first `lock_order`, then `lock_tree`,
then the rows that are named, then the row that is written.
"""

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Select, bindparam, delete, select, text, tuple_, update

from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.listed import bound, listed, unfolded
from gql_tasks.store.scope import TABLES
from gql_tasks.store.tables import TaskRow

Positioned: TypeAlias = tuple[int, str]
"""A row's id and its position."""

_LOCKS = 0x67716C74
"""The first half of every advisory lock here: "gqlt"."""

_ORDER_LOCKS = {Entity.TASK: 1, Entity.PROJECT: 2}
_TREE_LOCK = 3


_LAST = {
    (entity, store): f"SELECT id, position FROM {table.name}"  # noqa: S608  # constants
    f" ORDER BY position DESC, id DESC LIMIT {mark}"
    for entity, table in TABLES.items()
    if "position" in table.c
    for store, mark in (("sqlite", "? + 0"), ("postgresql", "$1"))
}
"""The end of an order, which every new row asks for."""


def lock_order(session: WriteSession, entity: Entity, *, shared: bool = False) -> None:
    """Keep others from giving rows of this kind new positions.

    An advisory lock, because what has to stay as it was read is a gap between two rows: there is
    no row in it to lock, and who re-keys the rows around touches others than who reads them.
    Moves take it alone. Those who only add to the end share it: equal keys at the end do no harm.
    """
    _lock(session, _ORDER_LOCKS[entity], shared=shared)


def lock_tree(session: WriteSession) -> None:
    """Keep others from giving tasks new parents.

    Of two updates at once, A under B and B under A, each finds nothing wrong before the other
    commits; and the rows that decide about a cycle are not only those that are written.
    """
    _lock(session, _TREE_LOCK)


def lock_existing(session: WriteSession, entity: Entity, ids: Collection[int]) -> set[int]:
    """Tell which of these rows exist, and keep them from being deleted."""
    if not ids:
        return set()
    table = TABLES[entity]
    rows = select(table.c.id).where(table.c.id.in_(listed(session, ids))).order_by(table.c.id)
    return {*session.scalars(rows.with_for_update(read=True, key_share=True))}


def projects_of(session: WriteSession, task_ids: Collection[int]) -> dict[int, int]:
    """Tell which projects tasks are in, where they are in one; they stay until the commit."""
    if not task_ids:
        return {}
    table = TABLES[Entity.TASK]
    in_project = table.c.id.in_(listed(session, task_ids)), table.c.project_id.is_not(None)
    rows = session.execute(select(table.c.id, table.c.project_id).where(*in_project))
    projects = {row.id: row.project_id for row in rows}
    # Gone, if it was deleted since the task was read: then the task has none either.
    there = lock_existing(session, Entity.PROJECT, {*projects.values()})
    return {task_id: project for task_id, project in projects.items() if project in there}


def tasks_above(session: WriteSession, task_id: int) -> set[int]:
    """Find a task, the one it is a part of, the one that is a part of, and so on."""
    above = select(TaskRow.id, TaskRow.parent_id).where(TaskRow.id == task_id).cte(recursive=True)
    # UNION without ALL ends also where another program has tied a cycle.
    above = above.union(
        select(TaskRow.id, TaskRow.parent_id).join(above, TaskRow.id == above.c.parent_id)
    )
    return {*session.scalars(select(above.c.id))}


def rows_before(
    session: WriteSession,
    entity: Entity,
    row_id: int | None,
    limit: int,
    *,
    inclusive: bool,
    without: Collection[int],
) -> list[Positioned]:
    """Read the rows before a row, or before the end, the nearest first; never `without`."""
    if row_id is None and not without:
        return [tuple(row) for row in session.rows(_LAST[entity, session.store], (limit,))]
    table = TABLES[entity]
    rows = _rows(session, table, limit, without).order_by(
        table.c.position.desc(), table.c.id.desc()
    )
    if row_id is not None:
        place, bound = tuple_(table.c.position, table.c.id), _place_of(table, row_id)
        rows = rows.where(place <= bound if inclusive else place < bound)
    return [(row.id, row.position) for row in session.execute(rows)]


def rows_after(
    session: WriteSession,
    entity: Entity,
    row_id: int | None,
    limit: int,
    *,
    inclusive: bool,
    without: Collection[int],
) -> list[Positioned]:
    """Read the rows after a row, or after the start, the nearest first; never `without`."""
    table = TABLES[entity]
    rows = _rows(session, table, limit, without).order_by(table.c.position, table.c.id)
    if row_id is not None:
        place, bound = tuple_(table.c.position, table.c.id), _place_of(table, row_id)
        rows = rows.where(place >= bound if inclusive else place > bound)
    return [(row.id, row.position) for row in session.execute(rows)]


def in_order(session: WriteSession, entity: Entity, ids: Collection[int]) -> list[Positioned]:
    """Read where rows stand, in the order made by hand. One that is not there is left out."""
    table = TABLES[entity]
    rows = select(table.c.id, table.c.position).where(table.c.id.in_(listed(session, ids)))
    found = session.execute(rows.order_by(table.c.position, table.c.id))
    return [(row.id, row.position) for row in found]


def set_positions(session: WriteSession, entity: Entity, positions: Sequence[Positioned]) -> None:
    """Give rows new positions. A row that another program deletes meanwhile is none."""
    if not positions:  # SQLAlchemy takes an empty list as no values at all
        return
    table = TABLES[entity]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(position=bindparam("new_position"))
    )
    session.execute(
        statement, [{"row_id": row_id, "new_position": key} for row_id, key in positions]
    )


def add_labels(
    session: WriteSession, task_ids: Collection[int], label_ids: Collection[int]
) -> None:
    """Give each of the tasks each of the labels; those it has stay."""
    _with_labels(
        session,
        "INSERT INTO task_labels (task_id, label_id)"  # constants
        " SELECT tasks.value, labels.value FROM ({tasks}) AS tasks CROSS JOIN ({labels}) AS labels"
        # SQLite would take ON CONFLICT for the join's ON.
        " WHERE true ON CONFLICT DO NOTHING",
        task_ids,
        label_ids,
    )


def remove_labels(
    session: WriteSession, task_ids: Collection[int], label_ids: Collection[int]
) -> None:
    """Take each of the labels from each of the tasks; those it has not are no matter."""
    _with_labels(
        session,
        "DELETE FROM task_labels WHERE task_id IN ({tasks}) AND label_id IN ({labels})",
        task_ids,
        label_ids,
    )


def delete_tasks_of(session: WriteSession, project_id: int) -> list[int]:
    """Delete a project's tasks and tell their ids, in their order."""
    table = TABLES[Entity.TASK]
    gone = delete(table).where(table.c.project_id == project_id).returning(table.c.id)
    return sorted(session.scalars(gone))


def _with_labels(
    session: WriteSession, statement: str, task_ids: Collection[int], label_ids: Collection[int]
) -> None:
    if task_ids and label_ids:
        lists = {name: unfolded(session, name) for name in ("tasks", "labels")}
        session.execute(
            text(statement.format(**lists)),
            {"tasks": bound(session, task_ids), "labels": bound(session, label_ids)},
        )


def _lock(session: WriteSession, number: int, *, shared: bool = False) -> None:
    if session.store == "postgresql":
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        session.execute(text(f"SELECT {function}({_LOCKS}, {number})"))


def _rows(session: WriteSession, table: Any, limit: int, without: Collection[int]) -> Select[Any]:
    rows = select(table.c.id, table.c.position).limit(limit)
    return rows.where(table.c.id.not_in(listed(session, without))) if without else rows


def _place_of(table: Any, row_id: int) -> Any:
    """Look up a row's place in the database: what a driver makes of odd bytes must not matter."""
    row = table.alias("neighbour")
    return select(row.c.position, row.c.id).where(row.c.id == row_id).scalar_subquery()
