"""Requests that are refused before an operation, or an endpoint, has anything to do with them.

400 BAD_REQUEST           no Host, or several, or one that names no host
403 ORIGIN_NOT_ALLOWED    a WebSocket of a page of another origin
408 REQUEST_TIMEOUT       the request did not come in time
421 HOST_NOT_ALLOWED      the Host is a name that is not the server's
429 TOO_MANY_CONNECTIONS  the client has as many WebSockets and event streams as it may
431 BAD_REQUEST           too many headers
503 SERVICE_UNAVAILABLE   as much is being done as may be done at once
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refusal(HTTPException):
    """A request that is not taken. The code is for programs, the detail for people."""

    def __init__(self, status: int, code: str, detail: str, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__(status, detail, named)
        self.code = code


def as_detail(refusal: Refusal) -> Response:
    """Shape a refusal as the REST door does the database's failures."""
    body = {"detail": refusal.detail, "code": refusal.code}
    return JSONResponse(body, refusal.status_code, refusal.headers)


async def answer_refusal(_: Request, refusal: Refusal) -> Response:
    """Answer a refusal of a body, where a door has asked for it."""
    return as_detail(refusal)
