"""Valid documents on the shortest way: from the socket to the store and back.

It stands before the application. What it does not answer, it hands on with nothing lost: other
paths and methods, a document that it has not seen valid, a query with which anything goes wrong. So
an answer from here is one that the router would have given as well. Queries need no executor
(`prepared.py`); mutations have the same one as there, without what stands around it.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import Any, NamedTuple, cast

import orjson
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.execution import optimized_is_awaitable
from strawberry.types.execution import PreExecutionError

from gql_tasks.domain.errors import StatementTimeout, StoreUnavailable
from gql_tasks.domain.moments import Moment, moment_in
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.graphql.atomic import is_atomic
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.errors import format_result
from gql_tasks.graphql.execution import PlannedExecutor
from gql_tasks.graphql.kept_answers import KeptAnswers
from gql_tasks.graphql.media_types import json_media_type, names_events_only
from gql_tasks.graphql.observation import Answer, Observation, Observer
from gql_tasks.graphql.prepared import (
    PreparedQueries,
    PreparedQuery,
    Unprepared,
    the_operation,
)
from gql_tasks.graphql.prepared_mutations import PreparedMutation, PreparedMutations, Running
from gql_tasks.graphql.schema import Schema
from gql_tasks.graphql.trusted import KnownDocuments
from gql_tasks.services.live import Live
from gql_tasks.store import database as store
from gql_tasks.store.database import Database, OperationSession
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.headers import DATA_HEADER_LINES, DATA_HEADERS
from gql_tasks.web.json_body import read_json
from gql_tasks.web.requests import request_id_of
from gql_tasks.web.whole import body_of, connection_of, write_whole

MAX_BODY_BYTES = 20_000
"""Longer requests are no queries that an app sends again and again."""

JSON_BODIES = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)


HEADER_LINES = (
    b"content-type: %b\r\ncontent-length: %d\r\nvary: Accept\r\nx-request-id: %b\r\n"
    + DATA_HEADER_LINES.replace(b"%", b"%%")
)

AGAIN_SECONDS = 0.1
"""A query that fails sooner is run by the router: a database that cut it off may be back."""


UNUSED: Any = object()
"""What a prepared mutation has no use for: it reads in its transaction, and is observed here."""


class Request(NamedTuple):
    """A request for an operation of a valid document, and when it was there."""

    id: str
    start: float
    text: str
    document: DocumentNode
    name: str | None
    variables: dict[str, Any]
    moment: Callable[[], Moment]


class StoppedSession:
    """The session of a query that took too long, and is not to be read once more."""

    def __init__(self, error: StatementTimeout | StoreUnavailable) -> None:
        self._error = error

    def read(self, plan: ReadPlan) -> store.Answer:
        """Raise what stopped it."""
        raise self._error

    async def finish(self) -> None:
        """Do nothing."""


class DirectOperations:
    """Answer what is known; hand everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str,
        schema: Schema,
        known_documents: KnownDocuments,
        database: Database,
        live: Live,
        max_rows: int,
        max_body_bytes: int,
        answer_bytes: int,
        clock: Callable[[], datetime],
        arrival: Arrival,
        observer: Observer,
    ) -> None:
        self.app = app
        self.max_body_bytes = min(max_body_bytes, MAX_BODY_BYTES)
        self.path = path
        self.schema = schema._schema  # noqa: SLF001  # graphql-core's
        self.executor = schema.executor
        self.known_documents = known_documents
        self.database = database
        self.live = live
        self.max_rows = max_rows
        self.documents = schema.documents
        self.measures = schema.measures
        kept = KeptAnswers(database.version, answer_bytes)
        self.queries = PreparedQueries(self.schema, database, max_rows, self.measures, kept)
        self.mutations = PreparedMutations(self.schema, max_rows)
        self.clock = clock
        self.arrival = arrival
        self.observer = observer

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send, app: ASGIApp | None = None
    ) -> None:
        """Answer a request, or pass it on.

        Where requests are traced it is left alone until it comes again, from within the trace, with
        the `app` to pass it on to.
        """
        if (
            scope["type"] == "http"
            and scope["path"] == self.path
            and scope["method"] == "POST"
            and (app is not None or not self.observer.traced)
        ):
            headers = dict(scope["headers"])
            if b"cost" not in scope["query_string"] and self._is_plain(
                headers, len(scope["headers"])
            ):
                body = body_of(send)
                if body is None:
                    body, receive = await self._read(scope, receive)
                request_id = request_id_of(headers.get(b"x-request-id", b"").decode("latin-1"))
                answer = await self._answer(body, headers, request_id)
                if answer is not None:
                    await _send(send, answer, headers, request_id)
                    return
        await (app or self.app)(scope, receive, send)

    def _is_plain(self, headers: dict[bytes, bytes], count: int) -> bool:
        length = headers.get(b"content-length", b"")
        return (
            len(headers) == count  # none twice
            and b"x-cost" not in headers
            and headers.get(b"content-type") in JSON_BODIES
            and length.isdigit()
            and int(length) <= self.max_body_bytes
            and _media_type(headers.get(b"accept", b"")) is not None
        )

    async def _read(self, scope: Scope, receive: Receive) -> tuple[bytes, Receive]:
        """Read the body, and make a `receive` that tells it again. Raises Refusal."""
        parts = [await self.arrival.receive(scope, receive)]
        while parts[-1].get("more_body"):
            parts.append(await self.arrival.receive(scope, receive))
        body = b"".join(part.get("body", b"") for part in parts)  # a disconnect has none
        return body, _told_again(parts, receive)

    async def _answer(
        self, body: bytes, headers: dict[bytes, bytes], request_id: str
    ) -> bytes | None:
        """Answer a request's body; None where it is not for here, and then nothing was done."""
        start = perf_counter()
        try:
            request = self._request(body, headers, request_id, start)
            if request is None:
                return None
            known = self._known(request)
            if isinstance(known, PreparedQuery):
                try:
                    return await self._query(request, known)
                except (StatementTimeout, StoreUnavailable) as error:
                    if perf_counter() - start < AGAIN_SECONDS:
                        raise
                    answering = self._execute(request, known.operation, StoppedSession(error))
            elif known is not None:
                answering = self._mutate(request, known)
            else:
                operation = the_operation(request.document, request.name)
                answering = self._execute(request, operation, self.database.session())
        except Exception:  # noqa: BLE001  # the router meets it again, and says what it is
            return None
        self.documents.hits += 1
        return await answering

    def _request(
        self, body: bytes, headers: dict[bytes, bytes], request_id: str, start: float
    ) -> Request | None:
        """Read a request; None where its document is not known, or it is none."""
        sent = read_json(body)
        text, name = self.known_documents.at_hand(sent), sent.get("operationName")
        variables, extensions = sent.get("variables"), sent.get("extensions")
        document = self.documents.get(text)
        if document is None or not (
            isinstance(name, str | None)
            and isinstance(variables, dict | None)
            and isinstance(extensions, dict | None)
        ):
            return None
        moment = self._moment(headers)
        return Request(request_id, start, text, document, name or None, variables or {}, moment)

    def _moment(self, headers: dict[bytes, bytes]) -> Callable[[], Moment]:
        """Tell the time of a caller, whose zone has to be one. Raises InvalidArgument."""
        zone = headers.get(b"time-zone")
        if zone is None:
            return lambda: moment_in(None, self.clock())
        moment = moment_in(zone.decode("latin-1"), self.clock())
        return lambda: moment

    def _known(self, request: Request) -> PreparedQuery | PreparedMutation | None:
        """Find a prepared operation, or prepare it; None where it is the executor's.

        Raises Unprepared for a query that is.
        """
        text, name = request.text, request.name
        known = self.queries.known(text, name) or self.mutations.known(text, name)
        if known is not None:
            return known
        if the_operation(request.document, name).operation is OperationType.QUERY:
            return self.queries.prepare(text, request.document, name)
        return self.mutations.prepare(text, request.document, name, request.moment())

    async def _query(self, request: Request, query: PreparedQuery) -> bytes:
        """Answer a query. Whatever it raises, it may be run again."""
        answer, cost = await self.queries.answer(query, request.variables, request.moment)
        self.documents.hits += 1
        seconds = perf_counter() - request.start
        self.observer.answered(query, request.text, cost, seconds, request.id)
        return answer

    def _mutate(self, request: Request, mutation: PreparedMutation) -> Awaitable[bytes]:
        """Make ready to write. Raises Unprepared; nothing is done before it is awaited."""
        cost = self._price(request, mutation.operation)
        context = self._context(UNUSED, request.moment(), UNUSED)
        return self._written(request, mutation, mutation.run(context, request.variables), cost)

    async def _written(
        self, request: Request, mutation: PreparedMutation, running: Running, cost: int
    ) -> bytes:
        result = await mutation.result(running)
        if result is not None and not result.errors:
            seconds = perf_counter() - request.start
            self.observer.answered(mutation, request.text, cost, seconds, request.id)
            return orjson.dumps(format_result(result, request.id))
        observation = self._observe(request, mutation.operation, cost)
        if result is None:  # refused: nothing was written, and the executor says why
            result = await _run(self._executor(request, self.database.session(), observation))
        return _told(result, observation, request.id)

    def _execute(
        self, request: Request, operation: OperationDefinitionNode, session: OperationSession
    ) -> Awaitable[bytes]:
        """Make ready to execute. Raises Unprepared; nothing is done before it is awaited."""
        if is_atomic(operation):
            raise Unprepared  # it begins with what may fail
        observation = self._observe(request, operation, self._price(request, operation))
        return self._executed(request, self._executor(request, session, observation), observation)

    async def _executed(
        self, request: Request, executor: PlannedExecutor, observation: Observation
    ) -> bytes:
        return _told(await _run(executor), observation, request.id)

    def _price(self, request: Request, operation: OperationDefinitionNode) -> int:
        """Say what an operation costs. Raises Unprepared where that is too much."""
        measured = self.measures.of(self.schema, request.document)
        cost = measured.cost(operation, request.variables)
        if measured.over_cost(cost):
            raise Unprepared
        return cost

    def _observe(
        self, request: Request, operation: OperationDefinitionNode, cost: int
    ) -> Observation:
        """Observe an operation, since its request was read."""
        observation = self.observer.begin(request.id, since=request.start)
        observation.meant(operation, request.text)
        observation.cost = cost
        return observation

    def _context(
        self, session: OperationSession, moment: Moment, observation: Observation
    ) -> Context:
        return Context(session, self.database, self.live, self.max_rows, moment, observation)

    def _executor(
        self, request: Request, session: OperationSession, observation: Observation
    ) -> PlannedExecutor:
        """Make the executor of an operation. Raises Unprepared where it is none for here."""
        executor = self.executor.build(
            self.schema,
            request.document,
            context_value=self._context(session, request.moment(), observation),
            raw_variable_values=request.variables,
            operation_name=request.name,
            is_awaitable=optimized_is_awaitable,  # type: ignore[arg-type]  # says bool
        )
        if not isinstance(executor, PlannedExecutor):
            raise Unprepared  # the variables do not fit
        return executor


def _told_again(parts: list[Message], receive: Receive) -> Receive:
    """Make a `receive` that tells again what was received."""

    async def again() -> Message:
        return parts.pop(0) if parts else await receive()

    return again


@lru_cache(256)
def _media_type(accept: bytes) -> bytes | None:
    """Choose the media type of an answer; None for an event stream."""
    text = accept.decode("latin-1")
    return None if names_events_only(text) else f"{json_media_type(text)}; charset=utf-8".encode()


async def _run(executor: PlannedExecutor) -> Answer:
    """Run an operation. From here on it is not run again, whatever happens."""
    try:
        running: Any = executor.execute_operation()
        return cast("Answer", await running if executor.is_awaitable(running) else running)
    except Exception as error:  # noqa: BLE001  # a bug, told and masked like any other
        return PreExecutionError(None, [GraphQLError(str(error), original_error=error)])
    finally:
        await executor.context_value.session.finish()


def _told(answer: Answer, observation: Observation, request_id: str) -> bytes:
    """Write an answer, and note it."""
    body = orjson.dumps(format_result(answer, request_id))  # which gives errors their codes
    observation.answered(answer)
    observation.end()
    return body


async def _send(send: Send, body: bytes, headers: dict[bytes, bytes], request_id: str) -> None:
    media_type = _media_type(headers.get(b"accept", b""))
    if (connection := connection_of(send)) is not None:
        lines = HEADER_LINES % (media_type, len(body), request_id.encode())
        write_whole(connection, lines, body)
        return
    own = [
        (b"content-type", media_type),
        (b"content-length", b"%d" % len(body)),
        (b"vary", b"Accept"),
        (b"x-request-id", request_id.encode()),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": [*own, *DATA_HEADERS]})
    await send({"type": "http.response.body", "body": body})
