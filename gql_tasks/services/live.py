"""Events of tasks, told to whoever watches: each commit is read once, however many watch.

    commit -> the database tells of it -> the log is read from where the last reading ended
           -> events by watch -> the tasks in them, by one statement a watch -> every subscriber

A watch is a filter and what its subscribers want to see; subscribers with the same watch share
their events to the byte. What was missed before a subscription is read from the same log in the
same way, until the subscriber has caught up with the feed and joins it.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

import orjson

from gql_tasks.domain.changes import Change, Log, SyncToken
from gql_tasks.domain.errors import StoreUnavailable, TooSlow
from gql_tasks.domain.events import Event, EventKind, Step, kind_of, steps
from gql_tasks.domain.filters import Filter, matches
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.values import Value, Values
from gql_tasks.services.as_of import AsOf, RelationPath, relations_of
from gql_tasks.store.changes import read_changes, read_log
from gql_tasks.store.database import Database, ReadSession

logger = logging.getLogger("gql_tasks.live")

CHANGES_AT_ONCE = 500
"""Changes that are read and told before the next are read."""

MAX_BACKLOG = 2_000
"""Events that wait for one subscriber. More, and it is cut off: it can go on from its last one."""

MAX_REPLAYED = 10_000
"""Changes that are replayed to a filter that asks about related rows' fields."""

MAX_AFFECTED = 1_000
"""Tasks that the change of a row they lead to is told of one by one."""

RETRY_SECONDS = 0.5
"""How long the feed waits for a database that is away."""

DRAIN_SECONDS = 1.0
"""How long the feed waits, within a long row of changes, for subscribers to take what they have."""


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
    """What was read of the log: where it ended, whether there is more, and the events by watch."""

    log: Log
    position: int
    more: bool
    events: Mapping[Watch, Sequence[Told] | Exception]


@dataclass(slots=True, eq=False)
class Subscriber:
    """One subscription that follows the feed, from the position where it joined."""

    watch: Watch
    position: int
    waiting: deque[Told] = field(default_factory=deque)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    def tell(self, events: Iterable[Told]) -> None:
        """Hand over events, of which it may have some already."""
        self.waiting.extend(told for told in events if told.position > self.position)
        if len(self.waiting) > MAX_BACKLOG:
            self.fail(TooSlow())
        self.wake.set()

    def fail(self, error: Exception) -> None:
        """End it with an error."""
        self.error = error
        self.waiting.clear()
        self.wake.set()

    async def events(self) -> AsyncIterator[Told]:
        """Take what comes."""
        while True:
            if self.error is not None:
                raise self.error
            while self.waiting:
                yield self.waiting.popleft()
            self.wake.clear()
            if not self.waiting and self.error is None:
                await self.wake.wait()


class Live:
    """The feed of one process. It reads the log only while somebody is subscribed."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._subscribers: defaultdict[Watch, set[Subscriber]] = defaultdict(set)
        self._log: Log | None = None
        self._position = 0
        self._feed: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    @property
    def subscriber_count(self) -> int:
        """How many are subscribed."""
        return sum(map(len, self._subscribers.values()))

    async def close(self) -> None:
        """Stop the feed."""
        if self._feed is not None:
            self._feed.cancel()
            await asyncio.wait([self._feed])
            self._feed = None

    async def events(
        self, watch: Watch, since: SyncToken | None
    ) -> AsyncGenerator[orjson.Fragment, None]:
        """Tell the events after a token, or from now on, each once, in the order of commits.

        Raises TooSlow where events come faster than they are taken, and StoreUnavailable.
        """
        log = await self._database.read(read_log)
        if since is not None and not log.holds(since):
            since = None
            yield _document(watch, _mark(EventKind.RESYNC_REQUIRED, log.head), log, {})
        position = log.head if since is None else since.position
        subscriber: Subscriber | None = None
        while subscriber is None:
            reading = await self._database.read(partial(read, [watch], position))
            for told in _told(reading, watch):
                yield told.document
            position = reading.position
            if not reading.more:
                subscriber = await self._join(watch, position)
        try:
            if since is not None:
                yield _document(watch, _mark(EventKind.CAUGHT_UP, position), reading.log, {})
            async for told in subscriber.events():
                yield told.document
        finally:
            self._leave(subscriber)

    async def _join(self, watch: Watch, position: int) -> Subscriber | None:
        """Join the feed, unless it is ahead already."""
        async with self._reading:
            if self._feed is None or self._feed.done():
                self._log = None
                self._feed = asyncio.create_task(self._follow(position), name="gql_tasks-live")
                self._position = position
            elif self._position > position:
                return None
            subscriber = Subscriber(watch, position)
            self._subscribers[watch].add(subscriber)
            return subscriber

    def _leave(self, subscriber: Subscriber) -> None:
        others = self._subscribers[subscriber.watch]
        others.discard(subscriber)
        if not others:
            del self._subscribers[subscriber.watch]
        if not self._subscribers and self._feed is not None:
            self._feed.cancel()
            self._feed = None

    async def _follow(self, position: int) -> None:
        """Tell what is committed from a position on, for as long as somebody is subscribed."""
        self._position = position
        try:
            async with aclosing(self._database.commits()) as commits:
                async for _ in commits:
                    while not await self._tell():
                        pass
        except Exception as error:  # a bug: nobody is to wait for ever
            logger.exception("the feed of events ended")
            for group in [*self._subscribers.values()]:
                for subscriber in group:
                    subscriber.fail(error)

    async def _tell(self) -> bool:
        """Read what is new and tell it, and whether that was all of it."""
        async with self._reading:
            watches = [*self._subscribers]
            try:
                reading = await self._database.read(
                    partial(read, watches, self._position, known=self._log)
                )
            except StoreUnavailable as error:
                logger.warning("the change log cannot be read: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                return False
            self._log, self._position = reading.log, reading.position
            for watch in watches:
                events = reading.events[watch]
                for subscriber in [*self._subscribers.get(watch, ())]:
                    if isinstance(events, Exception):
                        subscriber.fail(events)
                    else:
                        subscriber.tell(events)
        if reading.more:
            await self._drained()
        return not reading.more

    async def _drained(self) -> None:
        """Give subscribers the time to take what they have."""
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while asyncio.get_running_loop().time() < deadline and any(  # noqa: ASYNC110  # of many
            len(subscriber.waiting) > MAX_BACKLOG // 4
            for group in self._subscribers.values()
            for subscriber in group
        ):
            await asyncio.sleep(0.01)


def read(
    watches: Sequence[Watch], start: int, session: ReadSession, known: Log | None = None
) -> Reading:
    """Read what was changed after a position, in one snapshot, and what it is to each watch.

    `known` is the log as it was: where it has been begun anew since, all have to read again.
    """
    log = read_log(session)
    if (known is not None and known.epoch != log.epoch) or not log.holds(log.token(start)):
        resync = _mark(EventKind.RESYNC_REQUIRED, log.head)
        everyone = {watch: _documents(session, watch, [resync], log) for watch in watches}
        return Reading(log, log.head, more=False, events=everyone)
    changes = read_changes(session, start, limit=CHANGES_AT_ONCE, through=log.head)
    position = changes[-1].position if changes else start
    more = position < log.head and len(changes) == CHANGES_AT_ONCE
    events: dict[Watch, Sequence[Told] | Exception] = {}
    for watch in watches:
        try:
            found = _events_of(session, watch, changes, log)
            events[watch] = _documents(session, watch, found, log)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  # one watch's; its subscribers are told
            events[watch] = error
    return Reading(log, position if more else max(position, log.head), more=more, events=events)


def _events_of(
    session: ReadSession, watch: Watch, changes: Sequence[Change], log: Log
) -> list[Event]:
    """Say what changes are to a watch."""
    paths = relations_of(watch.where)
    known = changes
    if paths and changes and changes[-1].position < log.head:
        rest = read_changes(session, changes[-1].position, limit=MAX_REPLAYED + 1)
        if len(rest) > MAX_REPLAYED:
            return [_mark(EventKind.RESYNC_REQUIRED, changes[-1].position)]
        known = [*changes, *rest]
    return [*_Watching(watch, paths, AsOf(session, known)).events(changes)]


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
            if step.change.entity is Entity.TASK:
                yield from self._of_task(step, step.change.row_id)
            affected = self._affected(step)
            if len(affected) > MAX_AFFECTED:
                yield _mark(EventKind.RESYNC_REQUIRED, step.change.position)
                continue
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
            yield Event(kind, change.position, task_id, fields, change.client_mutation_id)

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


def _mark(kind: EventKind, position: int) -> Event:
    return Event(kind, position)


def _told(reading: Reading, watch: Watch) -> Sequence[Told]:
    events = reading.events[watch]
    if isinstance(events, Exception):
        raise events
    return events


def _documents(session: ReadSession, watch: Watch, events: Sequence[Event], log: Log) -> list[Told]:
    """Write events, with their tasks as they are now: one statement for all of them."""
    ids = tuple(
        {event.task_id for event in events if event.task_id is not None}
        if any(event.kind is not EventKind.DELETED for event in events)
        else ()
    )
    tasks = {
        member.key: session.execute_by_id(
            replace(member.task, values=(ids, *member.task.values[1:]))
        )
        for member in watch.members
        if member.task is not None
    }
    return [Told(event.position, _document(watch, event, log, tasks)) for event in events]


def _document(
    watch: Watch, event: Event, log: Log, tasks: Mapping[str, Mapping[int, orjson.Fragment]]
) -> orjson.Fragment:
    """Write an event, its members in the order in which they were asked for."""
    known = {
        "kind": event.kind.value,
        "sync_token": str(log.token(event.position)),
        "id": None if event.task_id is None else str(event.task_id),
        "changed_fields": event.changed_fields,
        "client_mutation_id": event.client_mutation_id,
    }
    members: dict[str, object] = {}
    for member in watch.members:
        if member.text:
            members[member.key] = member.text
        elif member.task is not None:
            found = tasks.get(member.key, {})
            members[member.key] = None if event.task_id is None else found.get(event.task_id)
        else:
            members[member.key] = known[member.name]
    return orjson.Fragment(orjson.dumps(members))
