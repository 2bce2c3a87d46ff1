"""Times requests to everything but GraphQL, whose operations are observed one by one."""

from time import perf_counter
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OPERATING: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""What programs ask every few seconds; these have no line in the log."""


class WatchingMiddleware:
    """Note a request's route, status and time."""

    def __init__(
        self, app: ASGIApp, *, graphql_path: str, metrics: Metrics, log: RequestLog
    ) -> None:
        self.app = app
        self.graphql_path = graphql_path
        self.metrics = metrics
        self.log = log

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
            self._note(scope, status, request_id, perf_counter() - start)

    def _note(self, scope: Scope, status: int, request_id: str, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else "(other)"
        route = _route(scope)
        self.metrics.http(method, route, status, seconds)
        if route not in OPERATING:
            self.log.write(
                request_id, seconds, operation=f"{method} {route}", type="http", outcome=str(status)
            )


def _route(scope: Scope) -> str:
    """Name what was found at an address: addresses come from clients, routes are few."""
    if "endpoint" not in scope:
        return "(none)"
    path: str = scope["path"]
    for name, value in scope["path_params"].items():  # of which there is one, at the end
        path = f"{path.rpartition(value)[0]}{{{name}}}"
    return path
