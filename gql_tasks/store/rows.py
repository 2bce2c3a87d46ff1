"""What writes ask of rows beyond `session.get`: who is there, who stands beside whom, and locks.

On PostgreSQL every lock is held until the transaction ends. On SQLite there is one writer, and
nothing to lock.

Two writers that take locks in different orders may wait for each other. PostgreSQL then stops one,
and `database.write` runs it again. So that this stays rare: first `lock_order`, then `lock_tree`,
then the rows that are named, then the row that is written.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Executable, Select, bindparam, delete, literal, select, text, tuple_, update

from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.scope import TABLES
from gql_tasks.store.tables import TaskLabelRow, TaskRow

Positioned: TypeAlias = tuple[int, str]
"""A row's id and its position."""

IDS_AT_ONCE = 10_000
"""Ids that one statement compares with; both drivers take some 32,000 values."""

_LOCKS = 0x67716C74
"""The first half of every advisory lock here: "gqlt"."""

_ORDER_LOCKS = {Entity.TASK: 1, Entity.PROJECT: 2}
_TREE_LOCK = 3


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
    table = TABLES[entity]
    wanted = sorted(ids)
    found: set[int] = set()
    for start in range(0, len(wanted), IDS_AT_ONCE):
        part = table.c.id.in_(wanted[start : start + IDS_AT_ONCE])
        rows = select(table.c.id).where(part).with_for_update(read=True, key_share=True)
        found.update(session.scalars(rows))
    return found


def is_under(session: WriteSession, task_id: int, ancestor_id: int) -> bool:
    """Tell whether a task is a subtask of another, on whichever level, or is that task."""
    above = select(TaskRow.id, TaskRow.parent_id).where(TaskRow.id == task_id).cte(recursive=True)
    # UNION without ALL ends also where another program has tied a cycle.
    above = above.union(
        select(TaskRow.id, TaskRow.parent_id).join(above, TaskRow.id == above.c.parent_id)
    )
    found = select(literal(1)).select_from(above).where(above.c.id == ancestor_id)
    return session.scalar(found) is not None


def rows_before(
    session: WriteSession,
    entity: Entity,
    row_id: int | None,
    limit: int,
    *,
    inclusive: bool,
    without: int | None,
) -> list[Positioned]:
    """Read the rows before a row, or before the end, the nearest first; never `without`."""
    table = TABLES[entity]
    rows = _rows(table, limit, without).order_by(table.c.position.desc(), table.c.id.desc())
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
    without: int | None,
) -> list[Positioned]:
    """Read the rows after a row, or after the start, the nearest first; never `without`."""
    table = TABLES[entity]
    rows = _rows(table, limit, without).order_by(table.c.position, table.c.id)
    if row_id is not None:
        place, bound = tuple_(table.c.position, table.c.id), _place_of(table, row_id)
        rows = rows.where(place >= bound if inclusive else place > bound)
    return [(row.id, row.position) for row in session.execute(rows)]


def position_of(session: WriteSession, entity: Entity, row_id: int) -> str | None:
    """Read where a row stands; None where there is no such row."""
    table = TABLES[entity]
    return session.scalar(select(table.c.position).where(table.c.id == row_id))


def set_positions(session: WriteSession, entity: Entity, positions: Sequence[Positioned]) -> None:
    """Give rows new positions. A row that another program deletes meanwhile is none."""
    table = TABLES[entity]
    statement = (
        update(table)
        .where(table.c.id == bindparam("row_id"))
        .values(position=bindparam("new_position"))
    )
    _for_each(session, statement, [{"row_id": id_, "new_position": key} for id_, key in positions])


def add_labels(session: WriteSession, pairs: Iterable[tuple[int, int]]) -> None:
    """Give labels to tasks, as pairs of a task's id and a label's; those it has stay."""
    statement = text(
        "INSERT INTO task_labels (task_id, label_id) VALUES (:task_id, :label_id)"
        " ON CONFLICT DO NOTHING"
    )
    _for_each(session, statement, [{"task_id": task, "label_id": label} for task, label in pairs])


def remove_labels(session: WriteSession, task_id: int, label_ids: Iterable[int]) -> None:
    """Take labels from a task; those it has not are no matter."""
    pairs: Any = TaskLabelRow.__table__
    statement = delete(pairs).where(
        pairs.c.task_id == task_id, pairs.c.label_id == bindparam("removed_id")
    )
    _for_each(session, statement, [{"removed_id": label_id} for label_id in label_ids])


def delete_tasks_of(session: WriteSession, project_id: int) -> list[int]:
    """Delete a project's tasks and tell their ids, in their order."""
    table = TABLES[Entity.TASK]
    gone = delete(table).where(table.c.project_id == project_id).returning(table.c.id)
    return sorted(session.scalars(gone))


def _for_each(session: WriteSession, statement: Executable, rows: list[dict[str, Any]]) -> None:
    if rows:  # SQLAlchemy takes an empty list as no values at all
        session.execute(statement, rows)


def _lock(session: WriteSession, number: int, *, shared: bool = False) -> None:
    if session.get_bind().dialect.name == "postgresql":
        function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        session.execute(text(f"SELECT {function}({_LOCKS}, {number})"))


def _rows(table: Any, limit: int, without: int | None) -> Select[Any]:
    rows = select(table.c.id, table.c.position).limit(limit)
    return rows if without is None else rows.where(table.c.id != without)


def _place_of(table: Any, row_id: int) -> Any:
    """Look up a row's place in the database: what a driver makes of odd bytes must not matter."""
    row = table.alias("neighbour")
    return select(row.c.position, row.c.id).where(row.c.id == row_id).scalar_subquery()
