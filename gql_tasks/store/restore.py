"""Putting rows back to what the change log says they were."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, or_, select, update

from gql_tasks.domain.changes import State
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.listed import listed
from gql_tasks.store.scope import TABLES
from gql_tasks.store.tables import TaskLabelRow


def _same(value: Any) -> Any:
    return value


_CONTENT: Mapping[Entity, Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    Entity.TASK: {
        "title": ("title", _same),
        "description": ("description", _same),
        "completed": ("completed", _same),
        "priority": ("priority", lambda name: int(Priority[name])),
        "due_on": ("dueOn", date.fromisoformat),
        "due_at": ("dueAt", datetime.fromisoformat),
        "start_on": ("startOn", date.fromisoformat),
        "position": ("position", _same),
        "project_id": ("projectId", int),
        "parent_id": ("parentId", int),
    },
    Entity.PROJECT: {
        "name": ("name", _same),
        "color": ("color", _same),
        "position": ("position", _same),
        "archived_at": ("archivedAt", datetime.fromisoformat),
    },
    Entity.LABEL: {"name": ("name", _same), "color": ("color", _same)},
}
"""What is put back: the column, the member of the state, and how the one is read from the other."""

_AS_TEXT = (date.fromisoformat, datetime.fromisoformat)

_STAMPS: Mapping[str, str] = {"completed_at": "completedAt", "created_at": "createdAt"}
"""Stamps that are put back as they were. Others are of the putting back itself."""


def versions_of(session: WriteSession, entity: Entity, ids: Collection[int]) -> dict[int, int]:
    """Tell the versions of the rows that exist, and keep others from changing them."""
    table = TABLES[entity]
    rows = select(table.c.id, table.c.version).where(table.c.id.in_(listed(session, ids)))
    locked = session.execute(rows.order_by(table.c.id).with_for_update())
    return {row.id: row.version for row in locked}


def insert_rows(
    session: WriteSession, entity: Entity, rows: Iterable[tuple[State, Collection[str]]]
) -> None:
    """Write rows that are gone again, under their ids, each a version further.

    A row is its state and the columns that were NULL in it.
    """
    given = [*rows]
    values = [
        {
            "id": int(state["id"]),
            "version": state["version"] + 1,
            **_content(session, entity, state, nulls),
            **_stamps(session, entity, state),
        }
        for state, nulls in given
    ]
    if values:
        session.execute(insert(TABLES[entity]), values)
    # PostgreSQL stamps a row that is completed and has no moment of that.
    _restamp(session, entity, [state for state, _ in given if state.get("completed")])


def update_rows(
    session: WriteSession, entity: Entity, rows: Iterable[tuple[State, Collection[str]]]
) -> None:
    """Put rows that are there back to their states."""
    table = TABLES[entity]
    given = [*rows]
    if not given:
        return
    content = [
        {"row_id": int(state["id"])} | _content(session, entity, state, nulls)
        for state, nulls in given
    ]
    columns: dict[str, Any] = {name: bindparam(name) for name in _CONTENT[entity]}
    of_row = table.c.id == bindparam("row_id")
    session.execute(update(table).where(of_row).values(columns), content)
    # What triggers stamped meanwhile: it was completed when it was completed first.
    _restamp(session, entity, [state for state, _ in given])


def _restamp(session: WriteSession, entity: Entity, states: Sequence[State]) -> None:
    if not states:
        return
    table = TABLES[entity]
    stamps = [{"row_id": int(state["id"])} | _stamps(session, entity, state) for state in states]
    names = [name for name in _STAMPS if name in table.c]
    differ = or_(*(table.c[name].is_distinct_from(bindparam(name)) for name in names))
    statement = update(table).where(table.c.id == bindparam("row_id"), differ)
    session.execute(statement.values({name: bindparam(name) for name in names}), stamps)


def delete_rows(session: WriteSession, entity: Entity, ids: Collection[int]) -> None:
    """Delete rows."""
    if ids:
        table = TABLES[entity]
        session.execute(delete(table).where(table.c.id.in_(listed(session, ids))))


def label_tasks(
    session: WriteSession, added: Iterable[tuple[int, int]], removed: Iterable[tuple[int, int]]
) -> None:
    """Give labels to tasks and take labels from them, as pairs of a task's id and a label's."""
    pairs: Any = TaskLabelRow.__table__
    if gone := [{"task": task, "label": label} for task, label in removed]:
        of_pair = (pairs.c.task_id == bindparam("task"), pairs.c.label_id == bindparam("label"))
        session.execute(delete(pairs).where(*of_pair), gone)
    if new := [{"task_id": task, "label_id": label} for task, label in added]:
        session.execute(insert(pairs), new)


def tasks_that_use(
    session: WriteSession, entity: Entity, ids: Collection[int]
) -> set[tuple[int, int]]:
    """Find what leads to these rows: pairs of a task's id and the row's."""
    tasks, pairs = TABLES[Entity.TASK], TaskLabelRow.__table__
    users: Any = {
        Entity.TASK: (tasks.c.id, tasks.c.parent_id),
        Entity.PROJECT: (tasks.c.id, tasks.c.project_id),
        Entity.LABEL: (pairs.c.task_id, pairs.c.label_id),
    }[entity]
    leading = select(*users).where(users[1].in_(listed(session, ids)))
    return {(task, used) for task, used in session.execute(leading)}


def parents_above(session: WriteSession, ids: Collection[int]) -> dict[int, int | None]:
    """Tell the parents of tasks, of those, and so on."""
    task = TABLES[Entity.TASK]
    above = select(task.c.id, task.c.parent_id).where(task.c.id.in_(listed(session, ids)))
    # UNION without ALL ends also where another program has tied a cycle.
    cte = above.cte(recursive=True)
    cte = cte.union(select(task.c.id, task.c.parent_id).join(cte, task.c.id == cte.c.parent_id))
    return {row.id: row.parent_id for row in session.execute(select(cte.c.id, cte.c.parent_id))}


def _content(
    session: WriteSession, entity: Entity, state: State, nulls: Collection[str]
) -> dict[str, Any]:
    return {
        column: None if column in nulls else _value(session, state[member], read)
        for column, (member, read) in _CONTENT[entity].items()
    }


def _stamps(session: WriteSession, entity: Entity, state: State) -> dict[str, Any]:
    return {
        column: _value(session, state[member], datetime.fromisoformat)
        for column, member in _STAMPS.items()
        if column in TABLES[entity].c
    }


def _value(session: WriteSession, value: Any, read: Callable[[Any], Any]) -> Any:
    # The log of SQLite has days and moments as the row had them: other programs write odd ones.
    as_text = read in _AS_TEXT and session.store == "sqlite"
    return value if value is None or as_text else read(value)
