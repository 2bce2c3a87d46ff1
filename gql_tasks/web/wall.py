"""What a request has to be before anything looks at it: of a decent size, meant for here, in time.

It stands before both doors, and before the shortest way to one of them.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_tasks.web.admission import Admission
from gql_tasks.web.headers import with_data_headers
from gql_tasks.web.hosts import BadHost, Hosts
from gql_tasks.web.origins import Origins
from gql_tasks.web.refusals import Refusal
from gql_tasks.web.requests import request_id_of

logger = logging.getLogger("gql_tasks.web")

MAX_HEADERS: Final = 100
"""Header lines of a request; browsers and proxies send some thirty."""

ALWAYS_ANSWERED: Final = frozenset({"/livez", "/readyz", "/metrics"})
"""Paths by which whoever runs the server sees that it has too much to do."""

Refuse = Callable[[HTTPConnection, Refusal, str], Response]
"""Writes a refusal of the request of an id as a door's clients know it, and notes it."""


class Wall:
    """Refuse what was sent to another host, WebSockets of other pages, and what is too much.

    It does so in the shape of the door that was knocked at: by path, or as it is `elsewhere`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        origins: Origins,
        admission: Admission,
        doors: Mapping[str, Refuse],
        elsewhere: Refuse,
    ) -> None:
        self.app = app
        self.hosts = hosts
        self.origins = origins
        self.admission = admission
        self.doors = doors
        self.elsewhere = elsewhere

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        try:
            self._check_headers(scope)
            if scope["type"] == "websocket":
                await self._converse(scope, receive, send)
                return
            if scope["path"] in ALWAYS_ANSWERED:  # and so they take nobody's place
                await self.app(scope, receive, send)
                return
            if self.admission.requests >= self.admission.max_requests:
                raise self.admission.full()
            self.admission.requests += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.admission.requests -= 1
        except Refusal as refusal:  # also one for a body, where no door has seen it
            await self._refuse(refusal, scope, receive, send)

    async def _converse(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = HTTPConnection(scope)
        self._check_origin(client)
        self.admission.check_room(client)
        with self.admission.staying(client):
            await self.app(scope, receive, send)

    async def _refuse(self, refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or a WebSocket's handshake."""
        connection = HTTPConnection(scope)
        request_id = request_id_of(connection.headers.get("x-request-id", ""))
        logger.debug("request %s: refused, %s", request_id, refusal.detail)
        response = self.doors.get(scope["path"], self.elsewhere)(connection, refusal, request_id)
        if scope["type"] == "websocket" and (
            "websocket.http.response" not in scope.get("extensions", {})
        ):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})  # a 403
            return
        response.headers["x-request-id"] = request_id
        for name, text in self.origins.headers_for(connection.headers.get("origin")).items():
            response.headers.append(name, text)
        response.raw_headers = with_data_headers(response.raw_headers)
        await response(scope, receive, send)

    def _check_headers(self, scope: Scope) -> None:
        """Raise Refusal for too many headers, or a Host that is not this one."""
        headers = scope["headers"]
        hosts = [value for name, value in headers if name == b"host"]
        if len(headers) > MAX_HEADERS:
            message = f"The request has more than {MAX_HEADERS} headers."
            raise Refusal(431, "BAD_REQUEST", message, connection="close")
        if len(hosts) != 1:
            if not hosts and scope["http_version"] == "1.0":
                return  # it had none yet, and no browser speaks it
            raise Refusal(400, "BAD_REQUEST", "A request has one Host header.")
        try:
            included = self.hosts.include(hosts[0])
        except BadHost as error:
            raise Refusal(400, "BAD_REQUEST", str(error)) from error
        if not included:
            message = (
                f"This server does not answer to the name {_shown(hosts[0])}. If it is one of its "
                "names, list it in the server's setting: --hosts, or GQL_TASKS_HOSTS."
            )
            raise Refusal(421, "HOST_NOT_ALLOWED", message)

    def _check_origin(self, client: HTTPConnection) -> None:
        """Raise Refusal for a WebSocket of another origin's page."""
        for origin in client.headers.getlist("origin"):
            if not self.origins.admit(origin, host=client.headers.get("host", "")):
                message = (
                    f"Pages of {origin[:100]} may not use this server. If they may, list the "
                    "origin in the server's setting: --origins, or GQL_TASKS_ORIGINS."
                )
                raise Refusal(403, "ORIGIN_NOT_ALLOWED", message)


def _shown(host: bytes) -> str:
    """Leave out the port, and what is too much."""
    name, _, _ = host.decode("latin-1").partition(":")  # it is no address: they are all included
    return name[:100]
