"""What is refused before any door: hosts of others, heaps of headers, too much at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gql_tasks.app import create_app
from gql_tasks.config import Settings
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.web.headers import DATA_HEADERS
from gql_tasks.web.pages import HEADERS as PAGE_HEADERS
from gql_tasks.web.wall import MAX_HEADERS
from tests.conftest import Client, running_app
from tests.graphql.live import becomes

KNOWN = {"query": "{ __typename tasks(limit: 1) { id } }"}
EVIL = {"host": "evil.example:8000"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Client]:
    """The application, to which a document is known."""
    async with running_app(str(tmp_path / "tasks.db")) as client:
        for _ in range(2):
            await client.data(KNOWN["query"])
        yield client


def graphql(code: str, message: str) -> Any:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


OTHER_HOST = (
    "This server does not answer to the name evil.example. If it is one of its names, list it in "
    "the server's setting: --hosts, or GQL_TASKS_HOSTS."
)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/static/nothing.js"),
        ("GET", "/nowhere"),
        ("GET", "/livez"),
        ("GET", "/tasks/"),
        ("POST", "/tasks/"),
        ("DELETE", "/tasks/1"),
        ("OPTIONS", "/graphql"),
        ("GET", "/graphql?query={__typename}"),
        ("POST", "/graphql"),
    ],
)
async def test_other_host(door: Client, method: str, path: str) -> None:
    """No path is answered under a name that is not the server's, which is named, as is the way."""
    response = await door.http.request(
        method, path, json=KNOWN | {"title": "x"}, headers=EVIL | {"x-request-id": "req-7"}
    )
    rest = {"detail": OTHER_HOST, "code": "HOST_NOT_ALLOWED"}
    at_graphql = path.startswith("/graphql")
    shape = graphql("HOST_NOT_ALLOWED", OTHER_HOST) if at_graphql else rest
    assert (response.status_code, response.json()) == (421, shape)
    assert response.headers["x-request-id"] == "req-7"
    assert response.headers["content-type"].startswith("application/json")
    assert (await door.http.get("/tasks/")).json() == []


async def test_listed_hosts(tmp_path: Path) -> None:
    """Names in the setting are answered to, those under a starred one included."""
    database = str(tmp_path / "tasks.db")
    async with running_app(database, hosts="tasks.example.com, *.example.org") as client:
        for host, status in {
            "tasks.example.com": 200,
            "a.example.org:8080": 200,
            "example.org": 421,
            "testserver": 421,
            "localhost:8000": 200,
        }.items():
            response = await client.http.post("/graphql", json=KNOWN, headers={"host": host})
            assert (host, response.status_code) == (host, status)


async def call(app: Any, headers: list[tuple[bytes, bytes]], version: str = "1.1") -> int:
    """Ask for the tasks with these headers and no others, and return the status."""
    scope = {
        "type": "http",
        "http_version": version,
        "method": "GET",
        "path": "/tasks/",
        "raw_path": b"/tasks/",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "headers": headers,
    }
    statuses: list[int] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    await app(scope, receive, send)
    [status] = statuses
    return status


async def test_hosts_of_http(tmp_path: Path) -> None:
    """HTTP/1.1 asks for one Host that names a host; HTTP/1.0 knew none, but means what it says."""
    app = create_app(Settings(database=str(tmp_path / "tasks.db")))
    own, other = (b"host", b"localhost"), (b"host", b"evil.example")
    async with app.router.lifespan_context(app):
        assert await call(app, [own]) == 200
        assert await call(app, []) == 400
        assert await call(app, [own, own]) == 400
        assert await call(app, [own, other]) == 400
        assert await call(app, [(b"host", b"")]) == 400
        assert await call(app, [(b"host", b"a b")]) == 400
        assert await call(app, [], "1.0") == 200
        assert await call(app, [own], "1.0") == 200
        assert await call(app, [other], "1.0") == 421
        assert await call(app, [own, own], "1.0") == 400


async def test_headers_are_counted(tmp_path: Path) -> None:
    """A request has so many headers, and not one more."""
    app = create_app(Settings(database=str(tmp_path / "tasks.db")))
    most = [(b"host", b"localhost"), *[(b"x-a", b"")] * (MAX_HEADERS - 1)]
    async with app.router.lifespan_context(app):
        assert await call(app, most) == 200
        assert await call(app, [*most, (b"x-a", b"")]) == 431


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/tasks/", 200),
        ("GET", "/tasks/x", 422),
        ("GET", "/tasks", 307),
        ("GET", "/nowhere", 404),
        ("GET", "/openapi.json", 200),
        ("POST", "/graphql", 200),
        ("PUT", "/graphql", 405),
        ("GET", "/graphql?query={__typename}", 200),
    ],
)
async def test_headers_of_data(door: Client, method: str, path: str, status: int) -> None:
    """Every answer that is data says that it is only that, known documents' included."""
    response = await door.http.request(method, path, json=KNOWN)
    assert response.status_code == status
    for name, value in DATA_HEADERS:
        assert response.headers.get_list(name.decode()) == [value.decode()]


async def test_headers_of_a_stream(door: Client) -> None:
    """An event stream says so too."""
    response = await door.http.post("/graphql", json=KNOWN, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert {name.decode(): response.headers[name.decode()] for name, _ in DATA_HEADERS} == {
        name.decode(): value.decode() for name, value in DATA_HEADERS
    }


@pytest.mark.parametrize("path", ["/", "/docs", "/graphql"])
async def test_headers_of_pages(door: Client, path: str) -> None:
    """Pages keep the policy that lets them load what is theirs."""
    response = await door.http.get(path, headers={"accept": "text/html"})
    assert response.headers["content-type"].startswith("text/html")
    for name, value in PAGE_HEADERS.items():
        assert response.headers.get_list(name) == [value]
    assert response.headers["cross-origin-resource-policy"] == "same-origin"


async def test_too_many_requests(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What is over the bound is told at once when to come again; probes and the others go on."""
    path = tmp_path / "tasks.db"
    message = "The server is answering 2 requests already."
    busy = {"detail": message, "code": "SERVICE_UNAVAILABLE"}
    app = create_app(Settings(database=str(path), max_requests=2))
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://localhost"
        ) as http,
    ):
        for _ in range(2):
            assert (await http.post("/graphql", json=KNOWN)).status_code == 200
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            writes = [
                asyncio.create_task(http.post("/tasks/", json={"title": title}))
                for title in ("a", "b")
            ]
            await becomes(lambda: app.wall.admission.requests == 2)
            for _ in range(2):
                refused = await http.get("/tasks/")
                assert (refused.status_code, refused.json()) == (503, busy)
                assert refused.headers["retry-after"] == "1"
                known = await http.post("/graphql", json=KNOWN)
                assert known.json() == graphql("SERVICE_UNAVAILABLE", message)
                assert (known.status_code, known.headers["retry-after"]) == (503, "1")
                assert (await http.get("/livez")).status_code == 200
                assert (await http.get("/metrics")).status_code == 200
                assert "checks" in (await http.get("/readyz")).json()
            other.execute("ROLLBACK")
        assert [(await write).status_code for write in writes] == [200, 200]
        assert len((await http.get("/tasks/")).json()) == 2
        assert app.wall.admission.requests == 0
    told = [record.getMessage() for record in caplog.records if record.name == "gql_tasks.web"]
    assert told == ["2 requests at once: others are refused"]


async def test_256_clients_at_once(door: Client) -> None:
    """As many requests as a crowd of clients has are all answered."""
    answers = await asyncio.gather(
        *(door.http.post("/graphql", json=KNOWN) for _ in range(256)),
        *(door.http.get("/tasks/") for _ in range(256)),
    )
    assert {answer.status_code for answer in answers} == {200}


@pytest.mark.parametrize(
    ("name", "value", "like"),
    [
        ("hosts", "tasks.example.com:80", "tasks.example.com, *.example.com or *"),
        ("hosts", "a, http://b", "tasks.example.com, *.example.com or *"),
        ("hosts", "a.*.com", "tasks.example.com, *.example.com or *"),
        ("origins", "app.example.com", "https://app.example.com or *"),
        ("origins", "https://app.example.com/page", "https://app.example.com or *"),
        ("origins", "null", "https://app.example.com or *"),
    ],
)
def test_settings_that_list_nonsense(name: str, value: str, like: str) -> None:
    """An entry that could never match is refused when the server starts."""
    with pytest.raises(ValueError, match=f"is not one; it has to be like {like}".replace("*", ".")):
        Settings(**{name: value})
