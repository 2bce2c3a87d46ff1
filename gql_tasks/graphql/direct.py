"""Valid documents on the shortest way: from the socket to the store and back.

It stands before the application. What it does not answer, it hands on with nothing lost: other
paths and methods, a document that it has not seen valid, a query with which anything goes wrong. So
an answer from here is one that the router would have given as well. Queries need no executor
(`prepared.py`); mutations have the same one as there, without what stands around it.
"""

from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from time import perf_counter
from typing import Any, cast

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
from gql_tasks.graphql.prepared import PreparedQueries, Unprepared, the_operation
from gql_tasks.graphql.prepared_mutations import PreparedMutations
from gql_tasks.graphql.schema import Schema
from gql_tasks.graphql.trusted import KnownDocuments
from gql_tasks.services.live import Live
from gql_tasks.store import database as store
from gql_tasks.store.database import Database, OperationSession
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.headers import DATA_HEADER_LINES, DATA_HEADERS
from gql_tasks.web.json_body import read_json
from gql_tasks.web.requests import request_id_of
from gql_tasks.web.whole import connection_of, write_whole

MAX_BODY_BYTES = 20_000
"""Longer requests are no queries that an app sends again and again."""

JSON_BODIES = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)


AGAIN_SECONDS = 0.1
"""A query that fails sooner is run by the router: a database that cut it off may be back."""


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
                part = await self.arrival.receive(scope, receive)
                if part.get("more_body"):
                    body, receive = await self._read_on(part, scope, receive)
                else:
                    body = part.get("body", b"")  # a disconnect has none
                    receive = _told_again([part], receive)
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

    async def _read_on(
        self, first: Message, scope: Scope, receive: Receive
    ) -> tuple[bytes, Receive]:
        """Read the rest of the body, and make a `receive` that tells it again. Raises Refusal."""
        parts = [first]
        while parts[-1].get("more_body"):
            parts.append(await self.arrival.receive(scope, receive))
        return b"".join(part.get("body", b"") for part in parts), _told_again(parts, receive)

    async def _answer(
        self, body: bytes, headers: dict[bytes, bytes], request_id: str
    ) -> bytes | None:
        """Answer a request's body; None where it is not for here, and then nothing was done."""
        start = perf_counter()
        try:
            request = read_json(body)
            text, name = self.known_documents.at_hand(request), request.get("operationName")
            variables, extensions = request.get("variables"), request.get("extensions")
            document = self.documents.get(text)
            if document is None or not (
                isinstance(name, str | None)
                and isinstance(variables, dict | None)
                and isinstance(extensions, dict | None)
            ):
                return None
            name, variables = name or None, variables or {}
            query, moment = self.queries.known(text, name), self._moment(headers)
            operation = the_operation(document, name) if query is None else query.operation
            if query is None and operation.operation is OperationType.QUERY:
                query = self.queries.prepare(text, document, name)
            session: OperationSession | None = None
            if query is not None:
                try:
                    answer, cost = await self.queries.answer(query, variables, moment)
                except (StatementTimeout, StoreUnavailable) as error:
                    if perf_counter() - start < AGAIN_SECONDS:
                        raise
                    session = StoppedSession(error)
                else:
                    self.observer.answered(query, text, cost, perf_counter() - start, request_id)
                    self.documents.hits += 1
                    return answer
            observation = self.observer.begin(request_id)
            self._price(document, operation, variables, observation)
            observation.meant(operation, text)
            context = self._context(session or self.database.session(), moment(), observation)
            mutation = self.mutations.of(text, document, name, context.moment)
            if mutation is not None:
                running = mutation.run(context, variables)
            elif is_atomic(operation):
                return None  # it begins with what may fail
            else:
                executor = self._executor(document, name, variables, context)
        except Exception:  # noqa: BLE001  # the router meets it again, and says what it is
            return None
        self.documents.hits += 1
        result = None if mutation is None else await mutation.result(running)
        if result is None:
            if mutation is not None:  # refused: nothing was written, and the executor says why
                executor = self._executor(document, name, variables, context)
            result = await _run(executor)
        answer = orjson.dumps(format_result(result, request_id))
        observation.answered(result)
        observation.end()
        return answer

    def _moment(self, headers: dict[bytes, bytes]) -> Callable[[], Moment]:
        """Tell the time of a caller, whose zone has to be one. Raises InvalidArgument."""
        zone = headers.get(b"time-zone")
        if zone is None:
            return lambda: moment_in(None, self.clock())
        moment = moment_in(zone.decode("latin-1"), self.clock())
        return lambda: moment

    def _context(
        self, session: OperationSession, moment: Moment, observation: Observation
    ) -> Context:
        return Context(session, self.database, self.live, self.max_rows, moment, observation)

    def _price(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: dict[str, Any],
        observation: Observation,
    ) -> None:
        """Say what an operation costs. Raises Unprepared where that is too much."""
        measured = self.measures.of(self.schema, document)
        observation.cost = cost = measured.cost(operation, variables)
        if measured.over_cost(cost):
            raise Unprepared

    def _executor(
        self, document: DocumentNode, name: str | None, variables: dict[str, Any], context: Context
    ) -> PlannedExecutor:
        """Make the executor of an operation. Raises Unprepared where it is none for here."""
        executor = self.executor.build(
            self.schema,
            document,
            context_value=context,
            raw_variable_values=variables,
            operation_name=name,
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


async def _send(send: Send, body: bytes, headers: dict[bytes, bytes], request_id: str) -> None:
    own = [
        (b"content-type", _media_type(headers.get(b"accept", b""))),
        (b"content-length", b"%d" % len(body)),
        (b"vary", b"Accept"),
        (b"x-request-id", request_id.encode()),
    ]
    if (connection := connection_of(send)) is not None:
        lines = b"".join([b"%b: %b\r\n" % (name, value) for name, value in own if value])
        write_whole(connection, lines + DATA_HEADER_LINES, body)
        return
    await send({"type": "http.response.start", "status": 200, "headers": [*own, *DATA_HEADERS]})
    await send({"type": "http.response.body", "body": body})
