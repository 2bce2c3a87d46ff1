"""The HTTP side of GraphQL, to the letter of https://graphql.github.io/graphql-over-http.

Strawberry's router as plain Starlette routes: FastAPI's dependencies would hold a session for as
long as a WebSocket lives, and cost more than a small answer does.
"""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime
from functools import partial
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
from strawberry.http import GraphQLRequestData
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
from gql_tasks.graphql.operation import (
    Answer,
    BadRequest,
    answers,
    is_mutation,
    parse_operation,
    refused,
)
from gql_tasks.graphql.schema import Schema
from gql_tasks.graphql.sockets import Socket
from gql_tasks.services.live import Live
from gql_tasks.store.database import Database
from gql_tasks.web.pages import graphiql_response
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
        database: Database,
        live: Live,
        *,
        path: str,
        max_rows: int,
        max_body_bytes: int,
        clock: Callable[[], datetime],
        stopping: Stopping,
    ) -> None:
        super().__init__(schema, path=path, subscription_protocols=())
        self.path = path
        self.database = database
        self.live = live
        self.max_rows = max_rows
        self.max_body_bytes = max_body_bytes
        self.clock = clock
        self.stopping = stopping
        # No methods listed: all come here, so that the wrong ones are refused in GraphQL's shape.
        self.routes[:] = [
            Route(path, self.answer, methods=[], include_in_schema=False),
            WebSocketRoute(path, self.converse),
        ]

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            streamed = request.method in {"GET", "POST"} and wants_events(request)
            return await (self.stream(request) if streamed else self.run(request))
        except HTTPException as error:
            return _refusal(request, error.status_code, error.reason)
        except StarletteHTTPException as error:
            return _refusal(request, error.status_code, error.detail)

    async def stream(self, request: Request) -> EventStream:
        """Begin the event stream of one operation. Raises HTTPException."""
        operation = await self.parse_http_body(StarletteRequestAdapter(request))
        if not operation.query:
            raise HTTPException(400, "The request has no query.")
        if request.method == "GET" and is_mutation(operation):
            raise HTTPException(405, "Mutations are taken by POST only.")
        results = self.operate(request, operation)
        return EventStream(results, request_id=request_id(request), stopping=self.stopping)

    async def converse(self, websocket: WebSocket) -> None:
        """Serve a socket as long as it lasts."""
        socket = Socket(websocket, partial(self.operate, websocket), max_bytes=self.max_body_bytes)
        await socket.serve()

    def operate(
        self, connection: HTTPConnection, operation: GraphQLRequestData
    ) -> AsyncGenerator[Answer]:
        """Run one of a connection's operations, in a context of its own."""
        try:
            context = self.context(connection)
        except InvalidArgument as error:
            return refused(error)
        return answers(self.schema, operation, context)

    def context(self, connection: HTTPConnection) -> Context:
        """Give an operation a session, which takes no connection before it is used.

        Raises InvalidArgument for a Time-Zone that is none.
        """
        moment = moment_in(connection.headers.get("time-zone"), self.clock())
        return Context(self.database.session(), self.database, self.live, self.max_rows, moment)

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
        return Response(media_type=media_type(request))

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Tell a browser's address bar from a client: only the one asks for HTML."""
        return (
            request.method == "GET"
            and "query" not in request.query_params
            and "text/html" in request.headers.get("accept", "")
        )

    async def render_graphql_ide(self, request: Request) -> HTMLResponse:
        """Serve GraphiQL from the package."""
        return graphiql_response(graphql_path=self.path)

    def is_request_allowed(self, request: BaseRequestProtocol) -> bool:
        """Say 405 with Strawberry's own words for other methods."""
        return request.method in {"GET", "POST"}

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
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
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """Run the operation in its session and let go of it."""
        try:
            return await self.schema.execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                allowed_operation_types=SINGLE_ANSWERS[request_adapter.method],
                operation_extensions=request_data.extensions,
            )
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
        return format_result(result, request_id(request))

    def create_response(self, response_data: Formatted, sub_response: Response) -> Response:  # type: ignore[override]
        """Write the answer, once: fragments go out as the database wrote them."""
        # Under the older media type a request error is a 200: clients look at the body alone.
        refused = "data" not in response_data and sub_response.media_type == GRAPHQL_RESPONSE
        return _json(response_data, str(sub_response.media_type), 400 if refused else 200)


def _refusal(request: Request, status: int, message: str) -> Response:
    code = "METHOD_NOT_ALLOWED" if status == 405 else "BAD_REQUEST"
    response = _json({"errors": [refusal(message, code)]}, media_type(request), status)
    if status == 405:
        response.headers["allow"] = "POST" if request.method == "GET" else "GET, POST"
    return response


def _json(body: Formatted, media_type: str, status: int) -> Response:
    return Response(
        orjson.dumps(body),
        status,
        {"Vary": "Accept"},
        media_type=f"{media_type}; charset=utf-8",
    )


def _parse_json(text: str | bytes, what: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise HTTPException(400, f"{what} is not JSON: {error.msg}.") from error
