"""Which pages of other origins may talk to the server from a browser: those that are listed.

Over HTTP that is CORS: no page of another origin reads an answer, or sends what changes anything,
unless it is listed. WebSockets know no CORS, so their Origin is compared here. Clients that are no
browsers send none. Credentials are never asked for; the server has none to check.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from gql_tasks.web.headers import with_data_headers
from gql_tasks.web.requests import problem, request_id_of

_PORTS: Final = {"http": 80, "https": 443}


class Origins:
    """The origins that are listed, `*` for any: `https://app.example.com`, without a path."""

    def __init__(self, listed: Iterable[str]) -> None:
        self.listed = frozenset(origin.lower().rstrip("/") for origin in listed)

    def headers_for(self, origin: str | None) -> dict[str, str]:
        """Let a listed page read an answer that does not come through CORS's middleware."""
        if not self.listed:
            return {}
        if origin is None or self.listed.isdisjoint({"*", origin}):
            return {"vary": "Origin"}
        return {"access-control-allow-origin": origin, "vary": "Origin"}

    def admit(self, origin: str, *, host: str) -> bool:
        """Tell whether a page may open a WebSocket of this host: its own pages may."""
        return not self.listed.isdisjoint({"*", origin}) or _same(origin, host)


class Cors(CORSMiddleware):
    """Starlette's middleware, whose preflights have the headers that every answer has."""

    def __init__(self, app: ASGIApp, origins: Origins) -> None:
        super().__init__(
            app,
            allow_origins=origins.listed,
            allow_methods=("GET", "POST", "PUT", "DELETE"),
            allow_headers=("*",),
            allow_private_network=True,  # a listed page on the internet may call a local server
            expose_headers=("X-Request-Id", "Retry-After"),
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Say what a page may send, or which of it is not allowed."""
        said = super().preflight_response(request_headers)
        refused = said.status_code != 200
        response = problem(400, f"{bytes(said.body).decode()}.") if refused else Response(None, 204)
        response.headers.update(
            {name: text for name, text in said.headers.items() if not name.startswith("content-")}
        )
        response.headers["x-request-id"] = request_id_of(request_headers.get("x-request-id", ""))
        response.raw_headers = with_data_headers(response.raw_headers)
        return response


def _same(origin: str, host: str) -> bool:
    """Compare a page's origin with a Host header, a port that is the scheme's own left out."""
    try:
        page, own = urlsplit(origin), urlsplit(f"//{host}")
        ports = page.port, own.port
    except ValueError:
        return False
    usual = _PORTS.get(page.scheme)
    return (
        usual is not None
        and page.hostname == own.hostname
        and (ports[0] or usual) == (ports[1] or usual)
    )
