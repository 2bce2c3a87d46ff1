"""The HTTP side of GraphQL, to the letter of https://graphql.github.io/graphql-over-http.

Strawberry's router as plain Starlette routes: FastAPI's dependencies would hold a session for as
long as a WebSocket lives, and cost more than a small answer does.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.exceptions import MissingQueryError
from strawberry.fastapi import GraphQLRouter
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import ExecutionResult, PreExecutionError
from strawberry.types.graphql import OperationType

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.moments import moment_in
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.errors import Formatted, format_result, refusal
from gql_tasks.graphql.event_stream import EventStream
from gql_tasks.graphql.media_types import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE,
    JSON,
    media_type,
    wants_events,
)
from gql_tasks.graphql.observation import Observation, Observer
from gql_tasks.graphql.operation import (
    Answer,
    BadRequest,
    Operation,
    answers,
    has_document_id,
    is_mutation,
    parse_operation,
    refused,
)
from gql_tasks.graphql.schema import Schema
from gql_tasks.graphql.sockets import Socket
from gql_tasks.graphql.trusted import KnownDocuments
from gql_tasks.services.live import Live
from gql_tasks.store.database import Database
from gql_tasks.web.admission import Admission
from gql_tasks.web.json_body import MAX_DEPTH, TooDeep, read_json
from gql_tasks.web.pages import graphiql_response
from gql_tasks.web.refusals import Refusal
from gql_tasks.web.requests import request_id
from gql_tasks.web.stopping import Stopping

SINGLE_ANSWERS = {
    "GET": {OperationType.QUERY},
    "POST": {OperationType.QUERY, OperationType.MUTATION},
}
"""What is answered with one response, by method."""

SUBSCRIBE_ELSEWHERE = (
    "A subscription has many answers: subscribe over WebSocket (graphql-transport-ws), "
    f"or accept {EVENT_STREAM} and no JSON."
)


class TasksRouter(GraphQLRouter[Context, None]):
    """GraphQL at one path: POST, GET for queries, streams, sockets, and GraphiQL for browsers."""

    def __init__(
        self,
        schema: Schema,
        known_documents: KnownDocuments,
        database: Database,
        live: Live,
        *,
        path: str,
        get_max_age: int,
        max_rows: int,
        max_body_bytes: int,
        clock: Callable[[], datetime],
        stopping: Stopping,
        observer: Observer,
        admission: Admission,
        max_operations: int,
    ) -> None:
        super().__init__(schema, path=path, subscription_protocols=())
        self.path = path
        self.explorers = not schema.production
        self.max_tokens = schema.measures.limits.max_tokens
        self.get_max_age = get_max_age
        self.known_documents = known_documents
        self.database = database
        self.live = live
        self.max_rows = max_rows
        self.max_body_bytes = max_body_bytes
        self.clock = clock
        self.stopping = stopping
        self.observer = observer
        self.admission = admission
        self.max_operations = max_operations
        # No methods listed: all come here, so that the wrong ones are refused in GraphQL's shape.
        self.routes[:] = [
            Route(path, self.answer, methods=[], include_in_schema=False),
            WebSocketRoute(path, self.converse),
        ]

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            streamed = request.method in {"GET", "POST"} and wants_events(request)
            if streamed:
                return await self.stream(request)
            response = await self.run(request)
            return revalidated(request, response) if request.method == "GET" else response
        except HTTPException as error:
            refused = StarletteHTTPException(error.status_code, error.reason)
        except StarletteHTTPException as error:
            refused = error
        return self.refuse(request, refused, request_id(request))

    def refuse(
        self, connection: HTTPConnection, error: StarletteHTTPException, request_id: str
    ) -> Response:
        """Note what never became an operation, and write the answer."""
        self.observer.turned_away(code_of(error), request_id)
        return refusal_response(connection, error)

    async def stream(self, request: Request) -> EventStream:
        """Begin the event stream of one operation. Raises HTTPException."""
        operation = await self.parse_http_body(StarletteRequestAdapter(request))
        if not operation.query and operation.document_id is None:
            raise HTTPException(400, "The request has no query.")
        if request.method == "GET":
            text = operation.query or self.known_documents.text_of(operation.document_id or "")
            if is_mutation(text, operation.operation_name, max_tokens=self.max_tokens):
                raise HTTPException(405, "Mutations are taken by POST only.")
        self.admission.check_room(request)
        return EventStream(
            self.operate(request, operation),
            request_id=request_id(request),
            stopping=self.stopping,
            staying=self.admission.staying(request),
        )

    async def converse(self, websocket: WebSocket) -> None:
        """Serve a socket as long as it lasts."""
        socket = Socket(
            websocket,
            partial(self.operate, websocket),
            max_bytes=self.max_body_bytes,
            max_operations=self.max_operations,
            turned_away=self.observer.turned_away,
        )
        await socket.serve()

    def operate(self, connection: HTTPConnection, operation: Operation) -> AsyncGenerator[Answer]:
        """Run one of a connection's operations, in a context of its own."""
        try:
            text = self.known_documents.text(operation.query, operation.document_id)
            context = self.context(connection)
        except (GraphQLError, InvalidArgument) as error:
            return refused(error, self.observer.begin(request_id(connection)))
        return answers(self.schema, replace(operation, query=text), context)

    def context(self, connection: HTTPConnection) -> Context:
        """Give an operation a session, which takes no connection before it is used.

        Raises InvalidArgument for a Time-Zone that is none.
        """
        moment = moment_in(connection.headers.get("time-zone"), self.clock())
        observation = self.observer.begin(request_id(connection))
        session = self.database.session()
        context = Context(session, self.database, self.live, self.max_rows, moment, observation)
        context.tells_cost = _asks_cost(connection)
        return context

    async def get_context(self, request: Request | WebSocket, response: Any) -> Context:
        """Give the one operation of a request its context."""
        try:
            return self.context(request)
        except InvalidArgument as error:
            raise HTTPException(400, str(error)) from error

    async def get_root_value(self, request: Request | WebSocket) -> None:
        """There is none."""

    async def get_sub_response(self, request: Request) -> Response:
        """Settle the media type; the rest of the response is made when the answer is there."""
        response = Response(media_type=media_type(request))
        if request.method == "GET" and has_document_id(request.query_params):
            age = f"public, max-age={self.get_max_age}" if self.get_max_age else "private, no-cache"
            response.headers["Cache-Control"] = age
        return response

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Tell a browser's address bar from a client: only the one asks for HTML."""
        return (
            self.explorers
            and request.method == "GET"
            and "query" not in request.query_params
            and not has_document_id(request.query_params)
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        """Serve GraphiQL from the package."""
        return graphiql_response(graphql_path=self.path)

    def is_request_allowed(self, request: BaseRequestProtocol) -> bool:
        """Say 405 with Strawberry's own words for other methods."""
        return request.method in {"GET", "POST"}

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> Operation:
        """Read a GET's parameters or a POST's JSON. Raises HTTPException with 400 or 415."""
        if request.method == "GET":
            # An empty parameter is one that is left out, as forms send it.
            body: Any = {name: text for name, text in request.query_params.items() if text}
            for name in body.keys() & {"variables", "extensions"}:
                body[name] = _parse_json(body[name], f"The parameter {name}")
        else:
            content_type, _, parameters = (request.content_type or "").partition(";")
            if content_type.strip().lower() != JSON:
                raise HTTPException(415, f"Send the request as {JSON}.")
            charset = parameters.lower().replace('"', "").replace(" ", "")
            if "charset=" in charset and "charset=utf-8" not in charset:
                raise HTTPException(415, "Send the request in UTF-8.")
            body = _parse_json(await request.get_body(), "The request body")
        if isinstance(body, list):
            raise HTTPException(400, "Batches are not taken; send one operation a request.")
        if not isinstance(body, dict):
            raise HTTPException(400, "The request body must be a JSON object.")
        try:
            return parse_operation(body)
        except BadRequest as error:
            raise HTTPException(400, str(error)) from error

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: Operation,  # type: ignore[override]  # as parse_http_body made it
    ) -> ExecutionResult:
        """Run the operation in its session and let go of it."""
        request.state.observation = context.observation
        try:
            text = self.known_documents.text(request_data.query, request_data.document_id)
            with context.observation.current():
                return await self.schema.execute(
                    text,
                    variable_values=request_data.variables,
                    context_value=context,
                    operation_name=request_data.operation_name,
                    allowed_operation_types=SINGLE_ANSWERS[request_adapter.method],
                    operation_extensions=request_data.extensions,
                )
        except GraphQLError as error:  # the document is not known
            return PreExecutionError(data=None, errors=[error])
        except MissingQueryError as error:
            raise HTTPException(400, "The request has no query.") from error
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise HTTPException(400, SUBSCRIBE_ELSEWHERE) from error
            raise HTTPException(405, "Mutations are taken by POST only.") from error
        except CannotGetOperationTypeError as error:
            failure = GraphQLError("", original_error=error)
            return PreExecutionError(data=None, errors=[failure])
        finally:
            await context.session.finish()

    async def process_result(self, request: Request, result: ExecutionResult) -> Formatted:  # type: ignore[override]
        """Shape the answer; codes and masks are in errors.py."""
        formatted = format_result(result, request_id(request))
        observation: Observation = request.state.observation
        observation.answered(result)
        observation.end()
        return formatted

    def create_response(self, response_data: Formatted, sub_response: Response) -> Response:  # type: ignore[override]
        """Write the answer, once: fragments go out as the database wrote them."""
        # Under the older media type a request error is a 200: clients look at the body alone.
        refused = "data" not in response_data and sub_response.media_type == GRAPHQL_RESPONSE
        response = _json(response_data, str(sub_response.media_type), 400 if refused else 200)
        if age := sub_response.headers.get("cache-control"):
            response.headers["Cache-Control"] = "no-store" if "errors" in response_data else age
            response.headers["Vary"] = "Accept, Time-Zone"
        return response


def revalidated(request: Request, response: Response) -> Response:
    """Give an answer to GET a strong ETag, and nothing else to a client that has it already."""
    if response.status_code != 200:
        return response
    digest = blake2b(response.headers["content-type"].encode(), digest_size=16)
    digest.update(response.body)
    tag = f'"{digest.hexdigest()}"'
    response.headers["ETag"] = tag
    known = {known.strip() for known in request.headers.get("if-none-match", "").split(",")}
    if known.isdisjoint({tag, f"W/{tag}", "*"}):
        return response
    told = {"etag", "vary", "cache-control"}
    headers = {name: value for name, value in response.headers.items() if name in told}
    return Response(status_code=304, headers=headers)


def code_of(error: StarletteHTTPException) -> str:
    """Name what is refused for clients to act on."""
    known = error.code if isinstance(error, Refusal) else "BAD_REQUEST"
    return "METHOD_NOT_ALLOWED" if error.status_code == 405 else known


def refusal_response(connection: HTTPConnection, error: StarletteHTTPException) -> Response:
    """Shape what is refused before there is an operation."""
    body = {"errors": [refusal(error.detail, code_of(error))]}
    response = _json(body, media_type(connection), error.status_code)
    response.headers.update(error.headers or {})
    if error.status_code == 405:
        response.headers["allow"] = "POST" if connection.scope["method"] == "GET" else "GET, POST"
    return response


def _asks_cost(connection: HTTPConnection) -> bool:
    return connection.headers.get("x-cost") == "1" or "cost" in connection.query_params


def _json(body: Formatted, media_type: str, status: int) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        {"Vary": "Accept"},
        media_type=f"{media_type}; charset=utf-8",
    )


def _parse_json(text: str | bytes, what: str) -> Any:
    try:
        return read_json(text)
    except TooDeep as error:
        message = f"{what} is nested deeper than {MAX_DEPTH} levels."
        raise HTTPException(400, message) from error
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"{what} is not JSON: {error.msg}.") from error
