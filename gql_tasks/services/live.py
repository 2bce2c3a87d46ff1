"""Events of tasks, told to whoever watches: each commit is read once, however many watch.

    commit -> the database tells of it -> the log is read from where the last reading ended
           -> events by watch -> the tasks in them, by one statement a watch -> every subscriber

Subscribers with the same watch share their events to the byte; what the events are is found out in
`watches.py`. What was missed before a subscription is read from the same log in the same way,
until the subscriber has caught up with the feed and joins it.
"""

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

import orjson

from gql_tasks.domain.changes import Log, SyncToken
from gql_tasks.domain.errors import StoreUnavailable, TooSlow
from gql_tasks.domain.events import EventKind
from gql_tasks.services.watches import Reading, Told, Watch, document, mark, read
from gql_tasks.store.changes import read_log
from gql_tasks.store.database import Database

logger = logging.getLogger("gql_tasks.live")

MAX_BACKLOG = 2_000
"""Events that wait for one subscriber. More, and it is cut off: it can go on from its last one."""

RETRY_SECONDS = 0.5
"""How long the feed waits for a database that is away."""

DRAIN_SECONDS = 1.0
"""How long the feed waits, within a long row of changes, for subscribers to take what they have."""


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
        if self.error is not None:
            return
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
        self._log = Log("", 0, 0)
        self._position = 0
        self._feed: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()

    @property
    def subscriber_count(self) -> int:
        """How many are subscribed."""
        return sum(map(len, self._subscribers.values()))

    async def lag(self) -> tuple[int, int]:
        """Count the changes in the log, and those of them that subscribers wait for.

        Raises StoreUnavailable.
        """
        log = await self._database.read(read_log)
        told = self._position if self._subscribers else log.head
        return log.head - log.pruned_through, max(0, log.head - told)

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
            yield document(watch, mark(EventKind.RESYNC_REQUIRED, log.head), log, {})
        position = log.head if since is None else since.position
        subscriber: Subscriber | None = None
        while subscriber is None:
            reading = await self._database.read(partial(read, [watch], position, log))
            for told in reading.events[watch]:
                yield told.document
            log, position = reading.log, reading.position
            if not reading.more:
                subscriber = await self._join(watch, position, log)
        try:
            if since is not None:
                yield document(watch, mark(EventKind.CAUGHT_UP, position), log, {})
            async for told in subscriber.events():
                yield told.document
        finally:
            self._leave(subscriber)

    async def _join(self, watch: Watch, position: int, log: Log) -> Subscriber | None:
        """Join the feed, unless it is ahead already, or one of the two missed a new log."""
        async with self._reading:
            if self._feed is None or self._feed.done():
                self._log, self._position = log, position
                self._feed = asyncio.create_task(self._follow(), name="gql_tasks-live")
            elif self._position > position or self._log.epoch != log.epoch:
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

    async def _follow(self) -> None:
        """Tell what is committed from now on, for as long as somebody is subscribed."""
        try:
            async with aclosing(self._database.commits()) as commits:
                async for _ in commits:
                    while not await self._tell():
                        pass
        except Exception as error:  # a bug: nobody is to wait for ever
            logger.exception("the feed of events ended")
            for watch in [*self._subscribers]:
                self._fail(watch, error)

    async def _tell(self) -> bool:
        """Read what is new and tell it, and whether that was all of it."""
        async with self._reading:
            watches = [*self._subscribers]
            try:
                reading = await self._read(watches)
            except StoreUnavailable as error:
                logger.warning("the change log cannot be read: %s", error)
                await asyncio.sleep(RETRY_SECONDS)
                return False
            self._log, self._position = reading.log, reading.position
            for watch in watches:
                for subscriber in self._subscribers.get(watch, ()):
                    if reading.anew:
                        subscriber.position = -1
                    subscriber.tell(reading.events[watch])
        if reading.more:
            await self._drained()
        return not reading.more

    async def _read(self, watches: list[Watch]) -> Reading:
        """Read what is new; a watch that cannot be read is taken out, and its subscribers end."""
        reading = partial(self._database.read, partial(read, watches, self._position, self._log))
        try:
            return await reading()
        except StoreUnavailable:
            raise
        except Exception:  # noqa: BLE001  # whose it is shows when each is read by itself
            for watch in [*watches]:
                try:
                    await self._database.read(partial(read, [watch], self._position, self._log))
                except StoreUnavailable:
                    raise
                except Exception as error:  # noqa: BLE001  # its subscribers are told
                    self._fail(watch, error)
                    watches.remove(watch)
            return await reading()

    def _fail(self, watch: Watch, error: Exception) -> None:
        for subscriber in self._subscribers.pop(watch, ()):
            subscriber.fail(error)

    async def _drained(self) -> None:
        """Give subscribers the time to take what they have."""
        deadline = asyncio.get_running_loop().time() + DRAIN_SECONDS
        while asyncio.get_running_loop().time() < deadline and any(  # noqa: ASYNC110  # of many
            len(subscriber.waiting) > MAX_BACKLOG // 4
            for group in self._subscribers.values()
            for subscriber in group
        ):
            await asyncio.sleep(0.01)
