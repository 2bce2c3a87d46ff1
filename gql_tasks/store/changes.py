"""Reading the change log, which triggers write (migration 0004)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Select, Text, bindparam, cast, func, select

from gql_tasks.domain.changes import Change, Log, State
from gql_tasks.domain.plan import UNLIMITED, ById, Column, Many, One, ReadPlan, Rows, Selected
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Slot
from gql_tasks.store.database import ReadSession
from gql_tasks.store.listed import listed
from gql_tasks.store.tables import ChangeLogRow, ChangeRow, MutationRow, TaskLabelRow, TaskRow

_changes: Any = ChangeRow.__table__
_mutations: Any = MutationRow.__table__
_log: Any = ChangeLogRow.__table__

_HEAD = select(
    _log.c.epoch,
    _log.c.pruned_through,
    func.coalesce(select(func.max(_changes.c.id)).scalar_subquery(), _log.c.pruned_through).label(
        "head"
    ),
)

_ENTRIES = select(
    _changes.c.id,
    _changes.c.at,
    _changes.c.entity,
    _changes.c.row_id,
    cast(_changes.c.before, Text).label("before"),
    cast(_changes.c.after, Text).label("after"),
    _changes.c.nulls,
    _changes.c.mutation_id,
    select(_mutations.c.client_mutation_id)
    .where(_mutations.c.id == _changes.c.mutation_id)
    .scalar_subquery()
    .label("client_mutation_id"),
)

_ID = (Column("id", "id"),)

_STAMPS = (
    Column("version", "version"),
    Column("createdAt", "created_at"),
    Column("updatedAt", "updated_at"),
)

_STATES: Mapping[Entity, tuple[Selected, ...]] = {
    Entity.TASK: (
        *_ID,
        Column("title", "title"),
        Column("description", "description"),
        Column("completed", "completed"),
        Column("completedAt", "completed_at"),
        Column("priority", "priority"),
        Column("dueOn", "due_on"),
        Column("dueAt", "due_at"),
        Column("startOn", "start_on"),
        Column("position", "position"),
        One("project", Relation.TASK_PROJECT, _ID),
        One("parent", Relation.TASK_PARENT, _ID),
        Many("labels", Relation.TASK_LABELS, Rows(Entity.LABEL, _ID, Slot(1), Slot(2))),
        *_STAMPS,
    ),
    Entity.PROJECT: (
        *_ID,
        Column("name", "name"),
        Column("color", "color"),
        Column("position", "position"),
        Column("archivedAt", "archived_at"),
        *_STAMPS,
    ),
    Entity.LABEL: (*_ID, Column("name", "name"), Column("color", "color"), _STAMPS[0]),
}
"""What a state is made from. Of what it leads to only the ids are read."""

_AFTER = (
    _ENTRIES.where(_changes.c.id > bindparam("after"), _changes.c.id <= bindparam("through"))
    .order_by(_changes.c.id)
    .limit(bindparam("limit"))
)


def read_log(session: ReadSession) -> Log:
    """Tell which log this is and how far it goes."""
    row = session.execute(_HEAD).one()
    return Log(row.epoch, row.pruned_through, row.head)


def read_changes(
    session: ReadSession, after: int, *, limit: int, through: int = 2**62
) -> list[Change]:
    """Read the entries after a position, the oldest first."""
    rows = session.execute(_AFTER, {"after": after, "through": through, "limit": limit})
    return _changes_of(rows)


def last_states(
    session: ReadSession, position: int, entity: Entity, ids: Collection[int]
) -> dict[int, State | None]:
    """Tell what became of those of these rows that have changed after a position."""
    last = select(func.max(_changes.c.id)).where(
        _changes.c.row_id.in_(listed(session, ids)),
        _changes.c.entity == entity.name,
        _changes.c.id > position,
    )
    entries = select(_changes.c.row_id, cast(_changes.c.after, Text).label("after"))
    rows = session.execute(entries.where(_changes.c.id.in_(last.group_by(_changes.c.row_id))))
    return {row.row_id: _state(row.after) for row in rows}


def current_states(session: ReadSession, entity: Entity, ids: Sequence[int]) -> dict[int, State]:
    """Read the rows that exist as the log would have them."""
    values = (tuple(ids), UNLIMITED, 0)[: 3 if entity is Entity.TASK else 1]
    plan = ReadPlan(ById(entity, _STATES[entity], Slot(0)), values)
    states: dict[int, State] = {}
    for row_id, document in session.execute_by_id(plan).items():
        state = orjson.loads(orjson.dumps(document))
        for relation in state.keys() & {"project", "parent"}:
            led_to = state.pop(relation)
            state[f"{relation}Id"] = None if led_to is None else led_to["id"]
        if "labels" in state:
            state["labelIds"] = [label["id"] for label in state.pop("labels")]
        states[row_id] = state
    return states


def ids_leading_to(session: ReadSession, relation: Relation, row_id: int) -> set[int]:
    """Find the tasks that a relation leads from to a row."""
    task: Any = TaskRow.__table__
    pair: Any = TaskLabelRow.__table__
    found: Select[tuple[int]]
    match relation:
        case Relation.TASK_PROJECT:
            found = select(task.c.id).where(task.c.project_id == row_id)
        case Relation.TASK_PARENT:
            found = select(task.c.id).where(task.c.parent_id == row_id)
        case Relation.TASK_LABELS:
            found = select(pair.c.task_id).where(pair.c.label_id == row_id)
        case _:
            raise AssertionError(f"{relation} leads from no task")
    return set(session.scalars(found))


def _changes_of(rows: Iterable[Any]) -> list[Change]:
    return [
        Change(
            position=row.id,
            at=row.at,
            entity=Entity[row.entity],
            row_id=row.row_id,
            before=_state(row.before),
            after=_state(row.after),
            nulls=tuple(row.nulls.split()),
            mutation=row.mutation_id,
            client_mutation_id=row.client_mutation_id,
        )
        for row in rows
    ]


def _state(text: str | None) -> State | None:
    return None if text is None else orjson.loads(text)
