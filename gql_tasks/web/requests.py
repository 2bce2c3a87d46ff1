"""What every request gets, whichever door it comes through: an id, a limit, an answer.

The id is the client's own X-Request-Id where that is plain, else a new one; it is in the response
and in every log line about the request.
"""

import logging
import re
from random import getrandbits

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_tasks.web.arrival import Arrival
from gql_tasks.web.headers import with_data_headers

logger = logging.getLogger("gql_tasks.web")

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_KEY = "gql_tasks.request_id"


def request_id(connection: HTTPConnection) -> str:
    """Tell the id that the middleware gave."""
    return str(connection.scope[_KEY])


def request_id_of(sent: str) -> str:
    """Take the id that a client sent, where it is plain, or make one."""
    return sent if sent and _PLAIN_ID.fullmatch(sent) else f"{getrandbits(64):016x}"


class RequestMiddleware:
    """Give ids, bound bodies, and turn what nobody caught into one log line and a JSON answer."""

    def __init__(self, app: ASGIApp, *, arrival: Arrival, max_body_bytes: int) -> None:
        self.app = app
        self.arrival = arrival
        self.max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope[_KEY] = request_id_of(Headers(scope=scope).get("x-request-id", ""))
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)["x-request-id"] = scope[_KEY]
                message["headers"] = with_data_headers(message["headers"])
            await send(message)

        try:
            await self.app(scope, self._bounded(scope, receive), send_with_id)
        except ClientDisconnect:
            logger.debug("request %s: the client went away", scope[_KEY])
        except Exception:  # the last stop: what comes here is a bug, and is logged as one
            logger.exception("request %s failed", scope[_KEY])
            if not started:
                detail = (
                    f"Internal server error; the log has its cause under request {scope[_KEY]}."
                )
                await problem(500, detail)(scope, receive, send_with_id)

    def _bounded(self, scope: Scope, receive: Receive) -> Receive:
        """Count what comes in; more than the limit raises HTTPException with 413."""
        # The server has checked that a length that is given is a number, and cuts the body there.
        declared = int(Headers(scope=scope).get("content-length", "0"))
        received, whole = 0, False

        async def bounded() -> Message:
            nonlocal received, whole
            if whole:
                return await receive()
            fits = declared <= self.max_body_bytes
            message = await self.arrival.receive(scope, receive) if fits else {}
            whole = not message.get("more_body")
            received += len(message.get("body", b""))
            if max(declared, received) > self.max_body_bytes:
                raise HTTPException(
                    413, f"The request body is longer than {self.max_body_bytes} bytes."
                )
            return message

        return bounded


def problem(status: int, detail: str) -> Response:
    """Answer an HTTP-level error in the shape REST clients know: `{"detail": ...}`."""
    return Response(orjson.dumps({"detail": detail}), status, media_type="application/json")
