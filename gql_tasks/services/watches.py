"""What the change log says to a watch: a filter, and what its subscribers want to see of events.

Reads a part of the log once for all watches, and writes each watch's events. Knows nothing of who
subscribes, or when there is something to read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import orjson

from gql_tasks.domain.changes import Change, Log
from gql_tasks.domain.events import Event, EventKind, Step, kind_of, steps
from gql_tasks.domain.filters import Filter, matches
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.values import Value, Values
from gql_tasks.services.as_of import AsOf, RelationPath, relations_of
from gql_tasks.store.changes import read_changes, read_log
from gql_tasks.store.database import ReadSession

CHANGES_AT_ONCE = 500
"""Changes that are read and told before the next are read."""

MAX_REPLAYED = 10_000
"""Changes that are replayed to a filter that asks about related rows' fields."""

MAX_AFFECTED = 1_000
"""Tasks that the change of a row they lead to is told of one by one."""

MAX_EVENTS = 1_500
"""Events of one reading; more are not told one by one, since no backlog has room for them."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an event as it is answered: `name` in the code's spelling, `text` a constant.

    `task` plans what is read of the task; its first value is the ids.
    """

    key: str
    name: str
    text: str = ""
    task: ReadPlan | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What a subscriber wants to be told: of which tasks, and what of each event."""

    where: Filter | None
    values: tuple[Value, ...]
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An event as it is sent, and the position after it."""

    position: int
    document: orjson.Fragment


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of the log: where it ended, whether there is more, and the events by watch.

    `anew` says that positions before it are of another log: everybody has to read again.
    """

    log: Log
    position: int
    more: bool
    anew: bool
    events: Mapping[Watch, Sequence[Told]]


def read(watches: Sequence[Watch], start: int, known: Log, session: ReadSession) -> Reading:
    """Read what was changed after a position, in one snapshot, and what it is to each watch.

    `known` is the log as it was: where it has been begun anew since, all have to read again.
    """
    log = read_log(session)
    if known.epoch != log.epoch or not log.holds(log.token(start)):
        resync = mark(EventKind.RESYNC_REQUIRED, log.head)
        everyone = {watch: documents(session, watch, [resync], log) for watch in watches}
        return Reading(log, log.head, more=False, anew=True, events=everyone)
    changes = read_changes(session, start, limit=CHANGES_AT_ONCE, through=log.head)
    position = changes[-1].position if len(changes) == CHANGES_AT_ONCE else log.head
    paths = {watch: relations_of(watch.where) for watch in watches}
    later = (
        read_changes(session, position, limit=MAX_REPLAYED + 1)
        if position < log.head and any(paths.values())
        else []
    )
    as_of = AsOf(session, [*changes, *later])
    events: dict[Watch, Sequence[Told]] = {}
    for watch in watches:
        untold = mark(EventKind.RESYNC_REQUIRED, position)
        if paths[watch] and len(later) > MAX_REPLAYED:
            found = [untold]
        else:
            found = [*islice(_Watching(watch, paths[watch], as_of).events(changes), MAX_EVENTS)]
            if len(found) == MAX_EVENTS:
                found = [untold]
        events[watch] = documents(session, watch, found, log)
    return Reading(log, position, more=position < log.head, anew=False, events=events)


class _Watching:
    """A watch that looks at changes."""

    def __init__(self, watch: Watch, paths: frozenset[RelationPath], as_of: AsOf) -> None:
        self._watch = watch
        self._values = Values([*watch.values])
        self._paths = paths
        self._as_of = as_of

    def events(self, changes: Iterable[Change]) -> Iterator[Event]:
        """Say what they are to it."""
        for step in steps(changes):
            # Until its last event is told, a subscriber has to go on from before the step.
            events = [*self._of(step)]
            yield from (replace(event, resume=step.start) for event in events[:-1])
            yield from events[-1:]

    def _of(self, step: Step) -> Iterator[Event]:
        if step.change.entity is Entity.TASK:
            yield from self._of_task(step, step.change.row_id)
        affected = self._affected(step)
        if len(affected) > MAX_AFFECTED:
            yield mark(EventKind.RESYNC_REQUIRED, step.change.position)
            return
        self._as_of.look_up(Entity.TASK, affected)
        for task_id in sorted(affected):
            yield from self._of_task(step, task_id)

    def _of_task(self, step: Step, task_id: int) -> Iterator[Event]:
        """Say what a step is to a task, which it changed, or whose filter asks what it changed."""
        change = step.change
        own = change.entity is Entity.TASK and change.row_id == task_id
        matched = self._matches(task_id, step.start)
        now = self._matches(task_id, change.position)
        kind = (
            kind_of(change, matched=matched, matches=now)
            if own
            else {(False, True): EventKind.ENTERED, (True, False): EventKind.LEFT}.get(
                (matched, now)
            )
        )
        if kind is not None:
            fields = tuple(change.changed_fields) if own else ()
            yield Event(
                kind,
                change.position,
                change.position,
                task_id,
                fields,
                change.client_mutation_id,
            )

    def _affected(self, step: Step) -> set[int]:
        """Find the other tasks whose filter asks about the row that a step changed."""
        change = step.change
        found: set[int] = set()
        for path in self._paths:
            if path[-1].value.target is change.entity:
                for position in (step.start, change.position):
                    found |= self._as_of.tasks_affected(path, change.row_id, position)
        if change.entity is Entity.TASK:
            found.discard(change.row_id)
        return found

    def _matches(self, task_id: int, position: int) -> bool:
        row = self._as_of.row(Entity.TASK, task_id, position)
        return row is not None and (
            self._watch.where is None or matches(self._watch.where, row, self._values)
        )


def mark(kind: EventKind, position: int) -> Event:
    """Make an event that is of no task."""
    return Event(kind, position, position)


def documents(session: ReadSession, watch: Watch, events: Sequence[Event], log: Log) -> list[Told]:
    """Write events, with their tasks as they are now: one statement for all of them."""
    ids = tuple({task_id for event in events if (task_id := _shown(event)) is not None})
    tasks = {
        member.key: session.execute_by_id(
            replace(member.task, values=(ids, *member.task.values[1:]))
        )
        for member in watch.members
        if ids and member.task is not None
    }
    return [Told(event.position, document(watch, event, log, tasks)) for event in events]


def _shown(event: Event) -> int | None:
    """Name the task that an event shows. A deleted task's id may be another's by now."""
    return None if event.kind is EventKind.DELETED else event.task_id


def document(
    watch: Watch, event: Event, log: Log, tasks: Mapping[str, Mapping[int, orjson.Fragment]]
) -> orjson.Fragment:
    """Write an event, its members in the order in which they were asked for."""
    known = {
        "kind": event.kind.value,
        "sync_token": str(log.token(event.resume)),
        "id": None if event.task_id is None else str(event.task_id),
        "changed_fields": event.changed_fields,
        "client_mutation_id": event.client_mutation_id,
    }
    members: dict[str, object] = {}
    for member in watch.members:
        if member.text:
            members[member.key] = member.text
        elif member.task is not None:
            task_id = _shown(event)
            found = tasks.get(member.key, {})
            members[member.key] = None if task_id is None else found.get(task_id)
        else:
            members[member.key] = known[member.name]
    return orjson.Fragment(orjson.dumps(members))
