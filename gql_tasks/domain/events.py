"""What a change of a task is to somebody who watches the tasks that match a filter."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import Any

from gql_tasks.domain.changes import Change, State
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.values import Scalar


class EventKind(Enum):
    """The kinds of events."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    ENTERED = "ENTERED"
    LEFT = "LEFT"
    DELETED = "DELETED"
    CAUGHT_UP = "CAUGHT_UP"
    RESYNC_REQUIRED = "RESYNC_REQUIRED"


@dataclass(frozen=True, slots=True)
class Event:
    """Something to tell. `position` is that after its change; CAUGHT_UP is of no task.

    From `resume` on nothing is missed that comes after this event: where more events of the same
    change follow, that is the position before it.
    """

    kind: EventKind
    position: int
    resume: int
    task_id: int | None = None
    changed_fields: tuple[str, ...] = ()
    client_mutation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Changes that one mutation made to a row one right after the other, taken as one.

    It leads from the position `start`, before the first, to that of the last.
    """

    start: int
    change: Change


def steps(changes: Iterable[Change]) -> Iterator[Step]:
    """Take the changes together that belong together: a task is created, then given its labels."""
    step: Step | None = None
    for change in changes:
        if step is not None and _goes_on(step.change, change):
            step = Step(step.start, replace(change, before=step.change.before))
            continue
        if step is not None:
            yield step
        step = Step(change.position - 1, change)
    if step is not None:
        yield step


def _goes_on(last: Change, change: Change) -> bool:
    return (
        change.mutation is not None
        and (last.mutation, last.entity, last.row_id)
        == (change.mutation, change.entity, change.row_id)
        and last.after is not None
        and change.before is not None
    )


def kind_of(change: Change, *, matched: bool, matches: bool) -> EventKind | None:
    """Say what a task's change is, where it matched before it and matches after it, or not."""
    if change.before is None:
        return EventKind.CREATED if matches else None
    if change.after is None:
        return EventKind.DELETED if matched else None
    match matched, matches:
        case True, True:
            return EventKind.UPDATED
        case False, True:
            return EventKind.ENTERED
        case True, False:
            return EventKind.LEFT
        case _:
            return None


_IDS = {"id": "id", "project_id": "projectId", "parent_id": "parentId"}
_INSTANTS = {
    "completed_at": "completedAt",
    "due_at": "dueAt",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "archived_at": "archivedAt",
}
_DAYS = {"due_on": "dueOn", "start_on": "startOn"}


def value_of(state: State, field: str) -> Scalar | None:
    """Read a field of a state, as filters compare it.

    A day or an instant that Python cannot read, which another program wrote, is none.
    """
    member = _IDS.get(field) or _INSTANTS.get(field) or _DAYS.get(field) or field
    value: Any = state[member]
    if value is None:
        return None
    if field in _IDS:
        return int(value)
    if field in _INSTANTS or field in _DAYS:
        with suppress(ValueError):
            return (datetime if field in _INSTANTS else date).fromisoformat(value)
        return None
    if field == "priority":
        return int(Priority[value])
    scalar: Scalar = value
    return scalar
