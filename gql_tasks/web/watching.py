"""Notes requests to everything but GraphQL, whose operations are observed one by one."""

from time import perf_counter
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics
from gql_tasks.web.refusals import Refusal, as_detail

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OPERATING: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What programs ask every few seconds; these have no line in the log."""

UNKNOWN: Final = "(none)"
REFUSED: Final = "(refused)"
"""The routes of what is at no address that there is, and of what is refused unseen."""


class Watch:
    """Notes requests in an application's metrics and log."""

    def __init__(self, metrics: Metrics, log: RequestLog) -> None:
        self._metrics = metrics
        self._log = log

    def note(
        self, method: str, route: str, status: int, *, request_id: str, seconds: float
    ) -> None:
        """Note a request that was answered."""
        method = method if method in METHODS else "(other)"
        self._metrics.http(method, route, status, seconds)
        if route not in OPERATING:
            self._log.write(
                request_id, seconds, operation=f"{method} {route}", type="http", outcome=str(status)
            )

    def refuse(self, connection: HTTPConnection, refusal: Refusal, request_id: str) -> Response:
        """Note a request that is refused at once, wherever it was to go, and write the answer."""
        method = connection.scope.get("method", "GET")  # a WebSocket's handshake has none
        self.note(method, REFUSED, refusal.status_code, request_id=request_id, seconds=0.0)
        return as_detail(refusal)


class WatchingMiddleware:
    """Have a request's route, status and time noted."""

    def __init__(self, app: ASGIApp, *, graphql_path: str, watch: Watch) -> None:
        self.app = app
        self.graphql_path = graphql_path
        self.watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["path"] == self.graphql_path:
            await self.app(scope, receive, send)
            return
        start = perf_counter()
        status, request_id = 500, ""

        async def watched(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = dict(message["headers"]).get(b"x-request-id", b"").decode("latin-1")
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = perf_counter() - start
            self.watch.note(
                scope["method"], _route(scope), status, request_id=request_id, seconds=seconds
            )


def _route(scope: Scope) -> str:
    """Name what was found at an address: addresses come from clients, routes are few."""
    if "endpoint" not in scope:
        return UNKNOWN
    path: str = scope["path"]
    for name, value in scope["path_params"].items():  # of which there is one, at the end
        path = f"{path.rpartition(value)[0]}{{{name}}}"
    return path
