"""Many tasks at once: which of them a filter matches, and the statements that change them."""

from collections.abc import Collection, Mapping
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    FromClause,
    Select,
    column,
    delete,
    func,
    or_,
    select,
    text,
    update,
)

from gql_tasks.domain.filters import Filter
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.values import Slot, Value
from gql_tasks.store.bulk import rows_in_json
from gql_tasks.store.compile import compile_select
from gql_tasks.store.database import WriteSession
from gql_tasks.store.listed import dialect_of, listed
from gql_tasks.store.matching import conditions
from gql_tasks.store.scope import NONE_LEFT_OUT, TABLES, Scope
from gql_tasks.store.tables import Position, RowId

_tasks: Any = TABLES[Entity.TASK]


def lock_matching(
    session: WriteSession,
    where: Filter,
    values: tuple[Value, ...],
    limit: int,
    *,
    to_delete: bool,
) -> list[int]:
    """Find tasks that a filter matches, in the order of their ids, and lock them in it."""
    scope = Scope(dialect_of(session))
    task = scope.alias(Entity.TASK)
    found = (
        select(task.c.id)
        .where(*conditions(where, None, task, scope))
        .order_by(task.c.id)
        .limit(scope.dialect.at_most(scope.bind(Slot(len(values)), BigInteger())))
        .offset(NONE_LEFT_OUT)
        .with_for_update(key_share=not to_delete)
    )
    return _numbers(session, found, (*values, limit))


def count_matching(session: WriteSession, where: Filter, values: tuple[Value, ...]) -> int:
    """Count the tasks that a filter matches."""
    scope = Scope(dialect_of(session))
    task = scope.alias(Entity.TASK)
    counted = select(func.count()).select_from(task).where(*conditions(where, None, task, scope))
    (count,) = _numbers(session, counted, values)
    return count


def update_tasks(
    session: WriteSession,
    ids: Collection[int],
    columns: Mapping[str, Any],
    positions: Mapping[int, str] | None,
) -> None:
    """Set columns of tasks to the same values, and where it is given, each one's position.

    A task that has all of them already is not written.
    """
    new: dict[Any, Any] = {_tasks.c[name]: value for name, value in columns.items()}
    chosen = _tasks.c.id.in_(listed(session, ids))
    if positions is not None:
        moved = _in_json(
            session,
            ("id", "position"),
            [{"id": row_id, "position": key} for row_id, key in positions.items()],
        )
        new[_tasks.c.position] = moved.c.position
        chosen = _tasks.c.id == moved.c.id
    if new:
        differs = or_(*(old.is_distinct_from(value) for old, value in new.items()))
        session.execute(update(_tasks).where(chosen, differs).values(new))


def parents_of(session: WriteSession, ids: Collection[int]) -> dict[int, int | None]:
    """Read which tasks are above tasks."""
    rows = select(_tasks.c.id, _tasks.c.parent_id).where(_tasks.c.id.in_(listed(session, ids)))
    return {row.id: row.parent_id for row in session.execute(rows.order_by(_tasks.c.id))}


def move_subtasks(session: WriteSession, parents: Mapping[int, int | None]) -> None:
    """Give the subtasks of tasks, by their ids, another parent; not those that are among these."""
    left = _in_json(
        session,
        ("id", "parent_id"),
        [{"id": row_id, "parent_id": parent_id} for row_id, parent_id in parents.items()],
    )
    session.execute(
        update(_tasks)
        .where(_tasks.c.parent_id == left.c.id, _tasks.c.id.not_in(listed(session, parents)))
        .values(parent_id=left.c.parent_id)
    )


def delete_tasks(session: WriteSession, ids: Collection[int]) -> None:
    """Delete tasks."""
    session.execute(delete(_tasks).where(_tasks.c.id.in_(listed(session, ids))))


def _numbers(session: WriteSession, statement: Select[Any], values: tuple[Value, ...]) -> list[int]:
    compiled = compile_select(statement, dialect_of(session), many=False)
    rows = session.connection().exec_driver_sql(compiled.text, compiled.bind(values))
    return [*rows.scalars()]


def _in_json(
    session: WriteSession, columns: tuple[str, ...], rows: list[dict[str, Any]]
) -> FromClause:
    """Hand rows of tasks over as one parameter."""
    types = {"position": Position}
    selected = text(rows_in_json(session, "tasks", columns)).bindparams(
        rows=orjson.dumps(rows).decode()
    )
    return selected.columns(*(column(name, types.get(name, RowId)) for name in columns)).cte(
        "given"
    )
