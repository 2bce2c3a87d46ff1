"""The pages as a client without JavaScript sees them: headers, addresses, files, negotiation."""

import asyncio
import gzip
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from gql_tasks import __version__
from gql_tasks.web.pages import graphiql_response, page_routes

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "gql_tasks/web/static"
MANIFEST: dict[str, str] = json.loads((STATIC / "manifest.json").read_text())
LICENCES = "THIRD_PARTY_LICENSES.txt"
BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PLACES = {"href", "src", "action", "poster", "srcset"}
PAGES = ["/", "/docs", "/graphql"]


async def graphiql(request: Request) -> Response:
    return graphiql_response()


APP = Starlette(routes=[*page_routes(), Route("/graphql", graphiql)])


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(APP) as client:
        yield client


class Attributes(HTMLParser):
    """Collects every attribute of a page, and the text inside its script elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.script: str = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the attributes."""
        self.found += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        """Keep the text of scripts."""
        if self.cdata_elem == "script":
            self.script += data

    def addresses(self) -> list[str]:
        """Return the values of all attributes that hold an address."""
        return [value for _, name, value in self.found if name in PLACES or "data-" in name]


def status_of(path: str) -> int:
    """Return the status for a path that no client library has tidied up."""
    status: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        status.append(message.get("status", 0))

    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    asyncio.run(APP(scope | {"query_string": b"", "server": ("test", 80)}, receive, send))
    return status[0]


@pytest.mark.parametrize("path", PAGES)
def test_page_headers(client: TestClient, path: str) -> None:
    """Every page forbids foreign content, framing, sniffing, referrers and stale copies."""
    headers = client.get(path, headers=BROWSER).headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["cache-control"] == "no-cache"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "connect-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]


@pytest.mark.parametrize("path", PAGES)
def test_no_inline_script(client: TestClient, path: str) -> None:
    """No page has script of its own, in an element or in an attribute."""
    page = Attributes(client.get(path, headers=BROWSER).text)
    assert page.script.strip() == ""
    assert [name for _, name, _ in page.found if name.startswith("on")] == []


@pytest.mark.parametrize("prefix", ["", "/a/b"])
@pytest.mark.parametrize("path", PAGES)
def test_addresses_stay_here(path: str, prefix: str) -> None:
    """Every address in a page is relative and leads to a route under the page's own prefix."""
    app = Starlette(routes=[Mount(prefix, app=APP)])
    elsewhere = {f"{prefix}/tasks/", f"{prefix}/openapi.json"}  # other modules answer these
    with TestClient(app) as client:
        page = Attributes(client.get(prefix + path, headers=BROWSER).text)
        assert page.addresses()
        for address in page.addresses():
            assert not re.match(r"/|[a-z]+:", address)
            target = urljoin(prefix + path, address)
            status = client.get(target, headers=BROWSER).status_code
            assert status == (404 if target in elsewhere else 200), target


def test_graphiql_below_the_top() -> None:
    """GraphiQL finds its files from an endpoint that is not at the top level."""
    page = Attributes(bytes(graphiql_response(graphql_path="/api/v1/graphql").body).decode())
    resolved = {urljoin("/api/v1/graphql", address) for address in page.addresses()}
    assert resolved - {f"/static/{name}" for name in MANIFEST.values()} == {"/", "/api/v1/graphql"}


def test_manifest_is_complete() -> None:
    """The manifest lists exactly the files there are, and all but the licences carry a hash."""
    on_disk = {path.name for path in STATIC.iterdir()} - {"manifest.json"}
    assert on_disk == set(MANIFEST.values())
    unhashed = {name for name in on_disk if not re.fullmatch(r"[\w.-]+-[A-Z0-9]{8}\.\w+", name)}
    assert unhashed == {LICENCES}


def test_files_refer_only_to_each_other() -> None:
    """Scripts import, and stylesheets load, only files of the manifest, and every chunk is used."""
    script = re.compile(r"""\b(?:from|import\(?)\s*["'](\.?/[^"']*|\w+:[^"']*)""")
    style = re.compile(r"""(?:url\(|@import )\s*["']?(?!data:)([^"')]+)""")
    used: set[str] = set()
    for name in MANIFEST.values():
        if pattern := {".js": script, ".css": style}.get(Path(name).suffix):
            found = pattern.findall((STATIC / name).read_text())
            used |= {address.removeprefix("./") for address in found}
    assert used <= set(MANIFEST.values())
    assert used >= {name for name in MANIFEST.values() if name.startswith(("chunk-", "codicon-"))}


@pytest.mark.parametrize("name", sorted(MANIFEST.values()))
def test_files_are_served(client: TestClient, name: str) -> None:
    """A file comes with its type, as it is or gzipped, and hashed names are kept for ever."""
    types = {
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        ".svg": "image/svg+xml",
        ".ttf": "font/ttf",
        ".txt": "text/plain; charset=utf-8",
    }
    content = (STATIC / name).read_bytes()
    plain = client.get(f"/static/{name}", headers={"accept-encoding": "identity"})
    assert plain.content == content
    assert "content-encoding" not in plain.headers
    assert plain.headers["content-type"] == types[Path(name).suffix]
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert plain.headers["vary"] == "Accept-Encoding"
    assert plain.headers["cache-control"] == (
        "no-cache" if name == LICENCES else "public, max-age=31536000, immutable"
    )
    with client.stream("GET", f"/static/{name}", headers={"accept-encoding": "gzip"}) as packed:
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(b"".join(packed.iter_raw())) == content


def test_gzip_can_be_refused(client: TestClient) -> None:
    """A client that gives gzip no weight gets the file as it is."""
    path = f"/static/{MANIFEST['index.css']}"
    response = client.get(path, headers={"accept-encoding": "br, gzip;q=0, *;q=0.5"})
    assert "content-encoding" not in response.headers


def test_favicon(client: TestClient) -> None:
    """Browsers that ask for /favicon.ico by habit get the icon, not for ever."""
    response = client.get("/favicon.ico")
    assert response.headers["content-type"] == "image/svg+xml"
    assert response.headers["cache-control"] == "no-cache"
    assert response.content == (STATIC / MANIFEST["favicon.svg"]).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/nothing.js",
        "/static/manifest.json",
        "/static/../pages.py",
        "/static/..",
        "/static/.",
        "/static/../static/" + MANIFEST["index.css"],
        "/static//etc/passwd",
        "/static/..\\pages.py",
        "/static/" + MANIFEST["index.css"] + "\0",
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    """A name that the manifest does not have is not found, whatever path it spells."""
    assert status_of(path) == 404


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER["accept"], "text/html"),
        ("text/html", "text/html"),
        ("text/*", "text/html"),
        ("TEXT/HTML;charset=utf-8", "text/html"),
        ("application/json;q=0.9, text/html", "text/html"),
        ("*/*;q=0.1, text/html;q=0.2", "text/html"),
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("application/json, text/html;q=0.9", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("image/png", "application/json"),
        ("", "application/json"),
        ("text/html;q=much, application/json", "application/json"),
        (";;,,=", "application/json"),
    ],
)
def test_index_negotiation(client: TestClient, accept: str | None, media_type: str) -> None:
    """The index is HTML for who prefers it to JSON, and JSON for everybody else."""
    client.headers.pop("accept", None)
    response = client.get("/", headers={} if accept is None else {"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].partition(";")[0] == media_type
    assert response.headers["vary"] == "Accept"


@pytest.mark.parametrize("prefix", ["", "/a/b"])
def test_index_as_json(prefix: str) -> None:
    """Programs read the name, the version and whole addresses."""
    with TestClient(Starlette(routes=[Mount(prefix, app=APP)])) as client:
        assert client.get(f"{prefix}/").json() == {
            "name": "gql_tasks",
            "version": __version__,
            "graphql": f"http://testserver{prefix}/graphql",
            "graphiql": f"http://testserver{prefix}/graphql",
            "rest": f"http://testserver{prefix}/tasks/",
            "docs": f"http://testserver{prefix}/docs",
            "openapi": f"http://testserver{prefix}/openapi.json",
        }


def test_index_shows_a_command(client: TestClient) -> None:
    """The index has a command to paste, with the address the page was asked at."""
    page = client.get("/", headers=BROWSER | {"host": "tasks.example:8080"}).text
    command = re.search("<pre>(.*?)</pre>", page, re.DOTALL)
    assert command is not None
    assert command[1] == (
        "curl http://tasks.example:8080/graphql \\\n"
        "  -H 'content-type: application/json' \\\n"
        """  -d '{"query": "{ tasks(limit: 10) { id title completed } }"}'"""
    )


@pytest.mark.parametrize("path", [*PAGES[:2], "/favicon.ico", f"/static/{MANIFEST['index.css']}"])
def test_methods(client: TestClient, path: str) -> None:
    """HEAD is answered as GET is, without a body; a POST is not allowed."""
    head = client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert client.post(path).status_code == 405


def test_licences_name_every_package() -> None:
    """The licence file lists what the lock file pins, and holds a text for each of the list."""
    text = (STATIC / LICENCES).read_text()
    listed = re.findall(r"^  (\S+) (\S+): (.+)$", text.partition("follows")[0], re.MULTILINE)
    sections = re.findall(r"^={100}\n\n(\S+) (\S+) \((.+)\)\n\n={100}\n\n\S", text, re.MULTILINE)
    assert listed == sections

    locked = json.loads((ROOT / ".pages/package-lock.json").read_text())["packages"]
    pinned = {(path.rpartition("node_modules/")[2], p.get("version")) for path, p in locked.items()}
    assert {(name, version) for name, version, _ in listed} <= pinned
    asked_for = set(locked[""]["devDependencies"]) - {"esbuild"}
    assert asked_for <= {name for name, _, _ in listed}


def test_lock_file_names_no_registry() -> None:
    """Any registry can serve the lock file's packages: it pins their content, not their place."""
    locked = json.loads((ROOT / ".pages/package-lock.json").read_text())["packages"]
    packages = [package for path, package in locked.items() if path]
    assert all("integrity" in package and "resolved" not in package for package in packages)
