"""Whether the change log is true: its one row makes sense, and its newest entries are the rows."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import String, Text, cast, func, insert, literal, select, text

from gql_tasks.domain.changes import State as RowState
from gql_tasks.domain.finding import Finding, State, some
from gql_tasks.domain.relations import Entity
from gql_tasks.store.changes import current_states, last_states
from gql_tasks.store.database import ReadSession, WriteSession
from gql_tasks.store.listed import dialect_of, listed
from gql_tasks.store.scope import TABLES
from gql_tasks.store.tables import ChangeLogRow, ChangeRow, TaskLabelRow

ROWS_AT_ONCE = 1_000

BEGINNING = -(2**62)
"""A position before every entry, numbered or not."""

ENTITIES = (Entity.TASK, Entity.PROJECT, Entity.LABEL)

EPOCH = re.compile("[0-9a-f]{6}")

FIX = "`gql-tasks doctor --fix` writes what is missing into the log"

_changes: Any = ChangeRow.__table__
_log: Any = ChangeLogRow.__table__
_pairs: Any = TaskLabelRow.__table__

_NUMBERED = {
    "sqlite": "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'changes'), 0)",
    "postgresql": "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM changes_numbered",
}
"""The number that was given to an entry last."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A row that is not what the log says it was last; None where it is not there."""

    entity: Entity
    row_id: int
    logged: RowState | None
    actual: RowState | None

    def __str__(self) -> str:
        """Name the row."""
        return f"{self.entity.name.lower()} {self.row_id}"


def check_log(session: ReadSession) -> Finding:
    """Look at which log this is, and where it begins and ends."""
    rows = session.execute(select(_log.c.epoch, _log.c.pruned_through)).all()
    if len(rows) != 1 or not EPOCH.fullmatch(str(rows[0].epoch)):
        return _wrong_log("change_log has not the one row that names the log")
    pruned_through = rows[0].pruned_through
    first, last, entries = session.execute(
        select(func.min(_changes.c.id), func.max(_changes.c.id), func.count())
    ).one()
    if entries and first <= 0:
        return _wrong_log("there are entries without a number, which nobody will read")
    if entries and first <= pruned_through:
        return _wrong_log(f"entry {first} is there, and the log says it was pruned")
    numbered = session.scalar(text(_NUMBERED[session.get_bind().dialect.name])) or 0
    if numbered < max(last or 0, pruned_through):
        return _wrong_log(f"the next entry would be {numbered + 1}, behind those that are there")
    return Finding("log", State.OK, f"{entries:,} changes, epoch {rows[0].epoch}")


def _wrong_log(problem: str) -> Finding:
    return Finding("log", State.WRONG, problem, "restore a backup")


def check_rows(session: ReadSession) -> Finding:
    """Compare the newest entry of every row with the row. Rows without an entry are older."""
    found = [str(departure) for departure in departures(session)]
    if not found:
        return Finding("changes", State.OK, "the log and the rows agree")
    count = "1 row is" if len(found) == 1 else f"{len(found):,} rows are"
    return Finding("changes", State.WRONG, f"{count} not what the log says: {some(found)}", FIX)


def departures(session: ReadSession) -> Iterator[Departure]:
    """Find the rows that are not what the log says."""
    for entity in ENTITIES:
        table = TABLES[entity]
        last = None
        while True:
            page = select(table.c.id).order_by(table.c.id).limit(ROWS_AT_ONCE)
            ids = [*session.scalars(page if last is None else page.where(table.c.id > last))]
            if not ids:
                break
            actual = _as_logged(session, entity, ids)
            for row_id, logged in last_states(session, BEGINNING, entity, ids).items():
                if logged != actual[row_id]:
                    yield Departure(entity, row_id, logged, actual[row_id])
            last = ids[-1]
        gone = [*session.scalars(_GONE[entity])]
        for row_id, logged in last_states(session, BEGINNING, entity, gone).items():
            yield Departure(entity, row_id, logged, None)


def _as_logged(session: ReadSession, entity: Entity, ids: Sequence[int]) -> Mapping[int, RowState]:
    """Read rows as triggers log them: with ids that lead nowhere, and stamps that are not shown."""
    states = {row_id: dict(row) for row_id, row in current_states(session, entity, ids).items()}
    among = listed(session, ids)
    table = TABLES[entity]
    if entity is Entity.TASK:
        references = select(table.c.id, _text(table.c.project_id), _text(table.c.parent_id))
        for row_id, *led_to in session.execute(references.where(table.c.id.in_(among))):
            states[row_id] |= zip(("projectId", "parentId"), led_to, strict=True)
            states[row_id]["labelIds"] = []
        pairs = select(_pairs.c.task_id, _text(_pairs.c.label_id)).order_by(_pairs.c.label_id)
        for row_id, label_id in session.execute(pairs.where(_pairs.c.task_id.in_(among))):
            states[row_id]["labelIds"].append(label_id)
    elif entity is Entity.LABEL:
        instant = dialect_of(session).instant
        stamps = select(table.c.id, instant(table.c.created_at), instant(table.c.updated_at))
        for row_id, *stamped in session.execute(stamps.where(table.c.id.in_(among))):
            states[row_id] |= zip(("createdAt", "updatedAt"), stamped, strict=True)
    return states


def _text(column: Any) -> Any:
    return cast(column, Text)


def _gone(entity: Entity) -> Any:
    """Select the rows that the log has and the table has not."""
    later = _changes.alias("later")
    table = TABLES[entity]
    newer = select(later.c.id).where(
        later.c.row_id == _changes.c.row_id,
        later.c.entity == entity.name,
        later.c.id > _changes.c.id,
    )
    return (
        select(_changes.c.row_id)
        .where(_changes.c.entity == entity.name, _changes.c.after.is_not(None))
        .where(~select(table.c.id).where(table.c.id == _changes.c.row_id).exists())
        .where(~newer.exists())
        .order_by(_changes.c.row_id)
    )


_GONE = {entity: _gone(entity) for entity in ENTITIES}


def repair_log(session: WriteSession) -> list[str]:
    """Log what is missing, so that whoever follows the log hears of it. Names the rows."""
    found = [*departures(session)]
    for departure in found:
        session.execute(
            insert(_changes).values(
                entity=departure.entity.name,
                row_id=departure.row_id,
                before=_written(departure.logged),
                after=_written(departure.actual),
            )
        )
    return [str(departure) for departure in found]


def _written(state: RowState | None) -> Any:
    document = None if state is None else orjson.dumps(state).decode()
    return cast(literal(document, String()), _changes.c.after.type)
