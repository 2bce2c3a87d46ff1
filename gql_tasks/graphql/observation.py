"""What is noted of every operation, whichever way it came: its name, its outcome, cost and time.

    ok         answered; problems in a payload are data
    partial    answered, with errors beside the data
    failed     ran, and has nothing but errors
    refused    was not run
    cancelled  whoever asked has gone before there was an answer

Names are those of operations that were found valid: clients invent names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from time import perf_counter, time_ns
from typing import Protocol, TypeAlias

from graphql import OperationDefinitionNode
from opentelemetry import trace
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics, OperationMetrics

Answer: TypeAlias = ExecutionResult | PreExecutionError

UNNAMED = "(unnamed)"
UNKNOWN = "(unknown)"
"""The name and the type of what is not found valid. No name in GraphQL has a parenthesis."""


class Known(Protocol):
    """An operation that was prepared, and keeps its tallies with it."""

    operation: OperationDefinitionNode
    metrics: OperationMetrics | None


class Observer:
    """Notes operations in an application's metrics, log and traces."""

    def __init__(self, metrics: Metrics, log: RequestLog) -> None:
        self.metrics = metrics
        self.log = log
        self.tracer = trace.get_tracer("gql_tasks")
        self.traced = False

    def begin(self, request_id: str, *, since: float | None = None) -> "Observation":
        """Begin to observe an operation, from here or from a reading of `perf_counter`."""
        return Observation(self, request_id, perf_counter() if since is None else since)

    def answered(self, known: Known, text: str, cost: int, seconds: float, request_id: str) -> None:
        """Note an operation that was known and went well, at the least price."""
        metrics = known.metrics
        if metrics is None:
            name, kind = _named(known.operation)
            metrics = known.metrics = self.metrics.operation(name, kind)
        metrics.ok.note(seconds)
        metrics.cost.note(cost)
        if self.traced or seconds >= self.log.from_seconds:
            observation = self.begin(request_id, since=perf_counter() - seconds)
            observation.meant(known.operation, text)
            observation.cost = cost
            observation.end_span("ok")
            observation.log("ok", seconds)

    def turned_away(self, code: str, request_id: str) -> None:
        """Note a request that never became an operation."""
        observation = self.begin(request_id)
        self.metrics.error(code)
        observation.end("refused")


class Observation:
    """An operation, from when its request was read until it is answered."""

    def __init__(self, observer: Observer, request_id: str, since: float) -> None:
        self._observer = observer
        self._request_id = request_id
        self._name = self._kind = UNKNOWN
        self._text: str | None = None
        self._answer: Answer | None = None
        began = time_ns() - int((perf_counter() - since) * 1e9)
        self._span = observer.tracer.start_span("GraphQL Operation", start_time=began)
        self._start = since
        self.cost: int | None = None

    def meant(self, operation: OperationDefinitionNode, text: str) -> None:
        """Learn which operation it is, which is valid."""
        self._name, self._kind = _named(operation)
        self._text = text
        self._span.update_name(
            self._kind if self._name == UNNAMED else f"{self._kind} {self._name}"
        )
        self._span.set_attribute("graphql.operation.type", self._kind)
        if self._name != UNNAMED:
            self._span.set_attribute("graphql.operation.name", self._name)

    @contextmanager
    def current(self) -> Iterator[None]:
        """Make what is traced in the block a part of this operation."""
        with trace.use_span(self._span, record_exception=False, set_status_on_exception=False):
            yield

    def answered(self, answer: Answer) -> None:
        """Learn an answer, the only one or a subscription's next."""
        if self._kind == "subscription" and not answer.errors:
            self._observer.metrics.events += 1
        self._answer = answer

    def end(self, outcome: str | None = None) -> None:
        """Note how it ended: as its last answer says, whose errors have got their codes."""
        answer = self._answer
        if outcome is None:
            outcome = _outcome(answer, self._kind)
        for error in (answer.errors if answer is not None else None) or ():
            self._observer.metrics.error((error.extensions or {}).get("code", UNKNOWN))
        seconds = perf_counter() - self._start
        metrics = self._observer.metrics.operation(self._name, self._kind)
        metrics.outcome(outcome).note(seconds)
        if self.cost is not None:
            metrics.cost.note(self.cost)
        self.end_span(outcome)
        if self._kind != "subscription":  # these last as long as somebody listens
            self.log(outcome, seconds)

    def end_span(self, outcome: str) -> None:
        """End what is traced of it."""
        if outcome != "ok":
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.set_attribute("gql_tasks.outcome", outcome)
        self._span.end()

    def log(self, outcome: str, seconds: float) -> None:
        """Write a line about it, if it is to have one."""
        log = self._observer.log
        if seconds >= log.from_seconds:
            document = None if self._text is None else sha256(self._text.encode()).hexdigest()
            log.write(
                self._request_id,
                seconds,
                operation=self._name,
                type=self._kind,
                outcome=outcome,
                cost=self.cost,
                document=document,
            )


def _named(operation: OperationDefinitionNode) -> tuple[str, str]:
    name = operation.name.value if operation.name is not None else UNNAMED
    return name, operation.operation.value


def _outcome(answer: Answer | None, kind: str) -> str:
    if answer is None:
        return "ok" if kind == "subscription" else "cancelled"
    if not answer.errors:
        return "ok"
    if isinstance(answer, PreExecutionError):
        return "refused"
    if answer.data is not None:
        return "partial"
    return "failed" if any(error.path for error in answer.errors) else "refused"
