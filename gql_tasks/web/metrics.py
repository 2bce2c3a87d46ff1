"""What the process has done and how it is, for Prometheus: GET /metrics.

    gql_tasks_operation_seconds{operation, type, outcome}   GraphQL operations; `_count` counts them
    gql_tasks_operation_cost{operation, type}               what they were priced at
    gql_tasks_errors_total{code}                            errors in their answers
    gql_tasks_http_seconds{method, route, status}           requests to all but /graphql
    gql_tasks_store_seconds{access}                         reads, and transactions that write
    gql_tasks_cache_total{cache, result}                    documents and plans: hits and misses
    gql_tasks_events_total                                  events sent to subscribers
    gql_tasks_requests                                      requests that are being answered
    gql_tasks_subscribers, gql_tasks_sockets                who is connected
    gql_tasks_writes_waiting                                writes that are not committed yet
    gql_tasks_log_changes, gql_tasks_log_lag_changes        the change log, and its untold part
    gql_tasks_info{version}, process_*                      the program and its process

Several workers share a directory, named by PROMETHEUS_MULTIPROC_DIR before the process began, and
each of them shows what all have counted; `process_*` then has a label `pid`. Names of operations
come from clients, so no more than `MAX_OPERATIONS` are told apart.
"""

import os
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Protocol

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector

from gql_tasks import __version__
from gql_tasks.web.workers import Workers

MAX_OPERATIONS = 200
"""Operations that are told apart; those that come later are counted together, as `(other)`."""

SECONDS: Final = (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
COSTS: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0)

# A second series for each, which says when it began, is of no use for these.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Cache(Protocol):
    """What counts itself."""

    hits: int
    misses: int


class Tally:
    """What a histogram is to be told. Noting a value costs a fifth of telling it."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_labels", "_sum")

    def __init__(self, histogram: Histogram, labels: tuple[str, ...]) -> None:
        self._histogram = histogram
        self._labels = labels
        self._bounds = histogram._upper_bounds  # noqa: SLF001  # the last one is infinite
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def note(self, value: float) -> None:
        """Count a value."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def tell(self) -> None:
        """Tell the histogram. Its `observe` takes one value at a time."""
        if not any(self._counts):
            return
        told = self._histogram.labels(*self._labels)
        for bucket, count in zip(told._buckets, self._counts, strict=True):  # noqa: SLF001
            bucket.inc(count)
        told._sum.inc(self._sum)  # noqa: SLF001
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0


class OperationMetrics:
    """The tallies of one operation, by outcome."""

    __slots__ = ("_labels", "_metrics", "_outcomes", "cost", "ok")

    def __init__(self, metrics: "Metrics", name: str, kind: str) -> None:
        self._metrics = metrics
        self._labels = (name, kind)
        self._outcomes: dict[str, Tally] = {}
        self.ok = self.outcome("ok")
        self.cost = metrics.tally(metrics.operation_cost, *self._labels)

    def outcome(self, outcome: str) -> Tally:
        """Find the times of an outcome."""
        tally = self._outcomes.get(outcome)
        if tally is None:
            seconds = self._metrics.operation_seconds
            tally = self._metrics.tally(seconds, *self._labels, outcome)
            self._outcomes[outcome] = tally
        return tally


class Metrics:
    """An application's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
        self._operations: dict[tuple[str, str], OperationMetrics] = {}
        self._tallies: dict[tuple[Histogram, tuple[str, ...]], Tally] = {}
        self._followed: list[tuple[Counter, Callable[[], int], list[int]]] = []
        self._watched: list[tuple[Gauge, Callable[[], float]]] = []
        self.events = 0

        own = self.registry if self.directory is None else None
        self.operation_seconds = Histogram(
            "gql_tasks_operation_seconds",
            "Time of GraphQL operations.",
            ("operation", "type", "outcome"),
            buckets=SECONDS,
            registry=own,
        )
        self.operation_cost = Histogram(
            "gql_tasks_operation_cost",
            "What GraphQL operations were priced at before they ran.",
            ("operation", "type"),
            buckets=COSTS,
            registry=own,
        )
        self._errors = Counter(
            "gql_tasks_errors", "Errors in answers of GraphQL.", ("code",), registry=own
        )
        self._http_seconds = Histogram(
            "gql_tasks_http_seconds",
            "Time of requests to everything but GraphQL.",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=own,
        )
        store_seconds = Histogram(
            "gql_tasks_store_seconds",
            "Time of reads, and of transactions that write, the wait for their turn included.",
            ("access",),
            buckets=SECONDS,
            registry=own,
        )
        self.reads = self.tally(store_seconds, "read")
        self.writes = self.tally(store_seconds, "write")
        self._cache = Counter(
            "gql_tasks_cache", "Looks into what is kept.", ("cache", "result"), registry=own
        )
        events = Counter("gql_tasks_events", "Events sent to subscribers.", registry=own)
        self._follow(events, lambda: self.events)
        self._own = own
        self.log_changes = self._gauge("log_changes", "Changes in the change log.", "mostrecent")
        self.log_lag = self._gauge(
            "log_lag_changes", "Changes that subscribers are yet to be told of.", "livemax"
        )
        info = Gauge(
            "gql_tasks_info",
            "The program.",
            ("version",),
            registry=own,
            multiprocess_mode="livemax",
        )
        info.labels(__version__).set(1)
        if self.directory is None:
            ProcessCollector(registry=self.registry)
        else:
            MultiProcessCollector(self.registry, self.directory)  # type: ignore[no-untyped-call]
            self.registry.register(Workers(Path(self.directory)))

    def operation(self, name: str, kind: str) -> OperationMetrics:
        """Find the tallies of an operation that is valid."""
        found = self._operations.get((name, kind))
        if found is None and len(self._operations) >= MAX_OPERATIONS:
            name = "(other)"
            found = self._operations.get((name, kind))
        if found is None:
            found = self._operations[name, kind] = OperationMetrics(self, name, kind)
        return found

    def tally(self, histogram: Histogram, *labels: str) -> Tally:
        """Find the tally of a histogram for some labels."""
        found = self._tallies.get((histogram, labels))
        if found is None:
            found = self._tallies[histogram, labels] = Tally(histogram, labels)
        return found

    def error(self, code: str) -> None:
        """Count an error in an answer."""
        self._errors.labels(code).inc()

    def http(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self.tally(self._http_seconds, method, route, str(status)).note(seconds)

    def follow_cache(self, name: str, cache: Cache) -> None:
        """Show the hits and misses that a cache counts itself."""
        self._follow(self._cache.labels(name, "hit"), lambda: cache.hits)
        self._follow(self._cache.labels(name, "miss"), lambda: cache.misses)

    def watch(self, name: str, what: str, look: Callable[[], float]) -> None:
        """Show a number that is looked up when somebody asks; workers' numbers are added up."""
        self._watched.append((self._gauge(name, what, "livesum"), look))

    def tell(self) -> None:
        """Tell Prometheus' library, and with it the other workers, what has been noted."""
        for tally in [*self._tallies.values()]:
            tally.tell()
        for counter, count, told in self._followed:
            now = count()
            counter.inc(now - told[0])
            told[0] = now
        for gauge, look in self._watched:
            gauge.set(look())

    def _follow(self, counter: Counter, count: Callable[[], int]) -> None:
        self._followed.append((counter, count, [0]))

    def _gauge(
        self, name: str, what: str, shared: Literal["livesum", "livemax", "mostrecent"]
    ) -> Gauge:
        return Gauge(f"gql_tasks_{name}", what, registry=self._own, multiprocess_mode=shared)
