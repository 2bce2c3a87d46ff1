"""The HTTP side of GraphQL, to the letter of https://graphql.github.io/graphql-over-http.

Strawberry's router as plain Starlette routes: FastAPI's dependencies would hold a session for as
long as a WebSocket lives, and cost more than a small answer does.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
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
from gql_tasks.graphql.errors import Formatted, format_result, request_error
from gql_tasks.graphql.schema import Schema
from gql_tasks.store.database import Database
from gql_tasks.web.accept import preferred
from gql_tasks.web.pages import graphiql_response
from gql_tasks.web.requests import request_id

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"


class TasksRouter(GraphQLRouter[Context, None]):
    """GraphQL at one path: POST, GET for queries, and GraphiQL for browsers."""

    def __init__(
        self,
        schema: Schema,
        database: Database,
        *,
        path: str,
        max_rows: int,
        clock: Callable[[], datetime],
    ) -> None:
        super().__init__(schema, path=path, subscription_protocols=())
        self.path = path
        self.database = database
        self.max_rows = max_rows
        self.clock = clock
        # No methods listed: all come here, so that the wrong ones are refused in GraphQL's shape.
        self.routes[:] = [Route(path, self.answer, methods=[], include_in_schema=False)]

    async def answer(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return await self.run(request)
        except HTTPException as error:
            return _refusal(request, error.status_code, error.reason)
        except StarletteHTTPException as error:
            return _refusal(request, error.status_code, error.detail)

    async def get_context(self, request: Request | WebSocket, response: Any) -> Context:
        """Give the operation a session, which takes no connection before it is used."""
        try:
            moment = moment_in(request.headers.get("time-zone"), self.clock())
        except InvalidArgument as error:
            raise HTTPException(400, str(error)) from error
        return Context(self.database.session(), self.database, self.max_rows, moment)

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
        return GraphQLRequestData(
            query=_member(body, "query", str, "a string"),
            variables=_member(body, "variables", dict, "an object"),
            operation_name=_member(body, "operationName", str, "a string") or None,
            extensions=_member(body, "extensions", dict, "an object"),
        )

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
                allowed_operation_types=OperationType.from_http(request_adapter.method),
                operation_extensions=request_data.extensions,
            )
        except MissingQueryError as error:
            raise HTTPException(400, "The request has no query.") from error
        except InvalidOperationTypeError as error:
            raise HTTPException(405, "Mutations are taken by POST only.") from error
        except CannotGetOperationTypeError:
            named = request_data.operation_name
            message = f'Unknown operation named "{named}".' if named else "There is no operation."
            failure = request_error(message, "OPERATION_RESOLUTION_FAILURE")
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


def media_type(request: Request) -> str:
    """Choose between the two media types of an answer; clients that do not say get the older."""
    accept = ",".join(request.headers.getlist("accept"))
    return preferred(accept, (GRAPHQL_RESPONSE, JSON), default=JSON)


def _refusal(request: Request, status: int, message: str) -> Response:
    code = "METHOD_NOT_ALLOWED" if status == 405 else "BAD_REQUEST"
    body = {"errors": [{"message": message, "extensions": {"code": code}}]}
    response = _json(body, media_type(request), status)
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


def _member(body: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise HTTPException(400, f"{name} must be {described} or null.")
    return value
