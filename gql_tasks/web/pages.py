"""The pages a browser opens: where everything is, GraphiQL, Swagger UI, and the files they load.

Turns `static/`, which `.pages/build.mjs` writes, into Starlette routes; knows nothing of tasks.
No page needs another host, and the Content-Security-Policy holds them all to that. Addresses inside
a page are relative to it, so they work under any path prefix, one only a proxy knows included.
"""

import gzip
import json
from functools import cache
from html import escape
from pathlib import Path
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gql_tasks import __version__
from gql_tasks.web.accept import quality

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "connect-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}

_STATIC: Final = Path(__file__).parent / "static"
_FILES: Final[dict[str, str]] = json.loads((_STATIC / "manifest.json").read_bytes())
_SERVED: Final = frozenset(_FILES.values())
_MEDIA_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
}
_LICENCES: Final = "THIRD_PARTY_LICENSES.txt"  # the one name without a hash

_INDEX: Final = """\
<main>
<h1><img src="static/{favicon}" alt="">gql_tasks</h1>
<p>A tasks backend for frontends: typed GraphQL, with REST beside it.</p>
<ul>
{links}</ul>
<h2>GraphQL from a shell</h2>
<pre>{curl}</pre>
<footer>Version {version} · <a href="static/{licences}">Third-party licences</a></footer>
</main>"""

_LINKS: Final = {
    "graphiql": """<li><a href="{graphql}"><b>GraphiQL</b> <code>/{graphql}</code>
<span>Write queries with completion and documentation. Programs POST to the same address.</span></a>
""",
    "docs": """<li><a href="docs"><b>REST documentation</b> <code>/docs</code>
<span>Swagger UI: read about the five operations and try them out.</span></a>
""",
    "rest": """<li><a href="tasks/"><b>REST</b> <code>/tasks/</code>
<span>The tasks as JSON.</span></a>
""",
    "openapi": """<li><a href="{openapi}"><b>OpenAPI</b> <code>/{openapi}</code>
<span>The REST operations described for code generators.</span></a>
""",
}

EXPLORERS: Final = frozenset({"graphiql", "docs", "openapi"})
"""The places that tell what operations there are."""

_CURL: Final = """\
curl {address} \\
  -H 'content-type: application/json' \\
  -d '{{"query": "{{ tasks(limit: 10) {{ id title completed }} }}"}}'"""


def page_routes(
    *, graphql_path: str = "/graphql", openapi_path: str = "/openapi.json", explorers: bool = True
) -> list[BaseRoute]:
    """Return the routes `/`, `/docs`, `/favicon.ico` and `/static/...`.

    Without `explorers` there is no `/docs`, and `/` names none of them.
    `/` answers HTML to a client that prefers it to JSON, as browsers do, and JSON to all others.
    """
    graphql, openapi = escape(graphql_path.lstrip("/")), escape(openapi_path.lstrip("/"))
    hidden: frozenset[str] = frozenset() if explorers else EXPLORERS
    links = "".join(link for place, link in _LINKS.items() if place not in hidden)

    async def index(request: Request) -> Response:
        root = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        accept = request.headers.get("accept", "*/*")
        html = quality(accept, "text/html", "text/*", "*/*")
        if html > quality(accept, "application/json", "application/*", "*/*"):
            body = _INDEX.format(
                favicon=_FILES["favicon.svg"],
                links=links.format(graphql=graphql, openapi=openapi),
                curl=escape(_CURL.format(address=root + graphql_path), quote=False),
                version=__version__,
                licences=_LICENCES,
            )
            response: Response = _page("gql_tasks", "index", body)
        else:
            places = {
                "graphql": graphql_path,
                "graphiql": graphql_path,
                "rest": "/tasks/",
                "docs": "/docs",
                "openapi": openapi_path,
            }
            about = {"name": "gql_tasks", "version": __version__}
            addresses = {
                place: root + path for place, path in places.items() if place not in hidden
            }
            response = JSONResponse(about | addresses, headers=HEADERS)
        response.headers["Vary"] = "Accept"
        return response

    async def docs(_: Request) -> Response:
        body = f'<div id="swagger-ui" data-openapi="{openapi}"></div>'
        return _page("REST · gql_tasks", "swagger-ui", body)

    def favicon(request: Request) -> Response:
        return _file(request, _FILES["favicon.svg"])

    def static(request: Request) -> Response:
        return _file(request, request.path_params["name"])

    return [
        Route("/", index),
        *([Route("/docs", docs)] if explorers else []),
        Route("/favicon.ico", favicon),
        Route("/static/{name}", static),  # plain functions: they run in a thread, off the loop
    ]


def graphiql_response(*, graphql_path: str = "/graphql") -> HTMLResponse:
    """Return the GraphiQL page, for a browser that GETs *graphql_path*."""
    up = "../" * (graphql_path.count("/") - 1)
    data = {
        "endpoint": graphql_path.rpartition("/")[2],
        "home": up or "./",
        "graphql-worker": f"{up}static/{_FILES['graphql.worker.js']}",
        "json-worker": f"{up}static/{_FILES['json.worker.js']}",
        "editor-worker": f"{up}static/{_FILES['editor.worker.js']}",
    }
    attributes = " ".join(f'data-{key}="{escape(value)}"' for key, value in data.items())
    return _page("GraphiQL · gql_tasks", "graphiql", f'<div id="graphiql" {attributes}></div>', up)


def _page(title: str, name: str, body: str, up: str = "") -> HTMLResponse:
    """Return *body* as a page with the style and, if there is one, the script called *name*."""
    static = f"{up}static/"
    script = _FILES.get(f"{name}.js")
    head = [
        '<!doctype html><html lang="en"><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>",
        f'<link rel="icon" href="{static}{_FILES["favicon.svg"]}">',
        f'<link rel="stylesheet" href="{static}{_FILES[f"{name}.css"]}">',
        f'<script type="module" src="{static}{script}"></script>' if script else "",
        f"<body>{body}",
    ]
    return HTMLResponse("\n".join(head), headers=HEADERS | {"Cache-Control": "no-cache"})


def _file(request: Request, name: str) -> Response:
    """Return a file of the manifest; raise 404 for any other name, so no path is ever joined."""
    if name not in _SERVED:
        raise HTTPException(404)
    hashed = name != _LICENCES and request.url.path.endswith(name)
    headers = HEADERS | {
        "Cache-Control": "public, max-age=31536000, immutable" if hashed else "no-cache",
        "Vary": "Accept-Encoding",
    }
    plain, compressed = _content(name)
    if quality(request.headers.get("accept-encoding", ""), "gzip", "*") > 0:
        plain, headers["Content-Encoding"] = compressed, "gzip"
    return Response(plain, media_type=_MEDIA_TYPES[Path(name).suffix], headers=headers)


@cache
def _content(name: str) -> tuple[bytes, bytes]:
    """Return a file as it is and gzipped; both are kept, since a server has only these few."""
    content = (_STATIC / name).read_bytes()
    return content, gzip.compress(content, 6)
