"""Requests that no door gets to see, refused in the shape of the door they knocked at."""

import logging
from collections.abc import Callable, Mapping

from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gql_tasks.web.headers import with_data_headers
from gql_tasks.web.origins import Origins
from gql_tasks.web.refusals import Refusal
from gql_tasks.web.requests import request_id_of

logger = logging.getLogger("gql_tasks.web")


Shape = Callable[[HTTPConnection, Refusal], Response]
"""Writes a refusal as a door's clients know it."""


class Refuse:
    """Answer refusals before the doors, by path: `{"detail": ..., "code": ...}` elsewhere."""

    def __init__(self, shapes: Mapping[str, Shape], *, origins: Origins) -> None:
        self._shapes = shapes
        self._origins = origins

    async def __call__(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a WebSocket's handshake."""
        if scope["type"] == "websocket" and (
            "websocket.http.response" not in scope.get("extensions", {})
        ):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a 403
            return
        connection = HTTPConnection(scope)
        request_id = request_id_of(connection.headers.get("x-request-id", ""))
        logger.debug("request %s: refused, %s", request_id, refusal.detail)
        response = self._shapes.get(scope["path"], as_detail)(connection, refusal)
        response.headers["x-request-id"] = request_id
        for name, text in self._origins.headers_for(connection.headers.get("origin")).items():
            response.headers.append(name, text)
        response.raw_headers = with_data_headers(response.raw_headers)
        await response(scope, receive, send)


def as_detail(_: HTTPConnection, refusal: Refusal) -> Response:
    """Shape a refusal as the REST door does the database's failures."""
    body = {"detail": refusal.detail, "code": refusal.code}
    return JSONResponse(body, refusal.status_code, refusal.headers)


async def answer_refusal(request: Request, refusal: Refusal) -> Response:
    """Answer a refusal of a body, where a door has asked for it."""
    return as_detail(request, refusal)
