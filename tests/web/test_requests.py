"""What every request gets: an id, a limit, and JSON whatever happens."""

import re
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message, Receive, Scope, Send

from gql_tasks.app import create_app
from gql_tasks.config import Settings
from gql_tasks.store import sqlite
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.web.admission import Admission
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.headers import DATA_HEADERS
from gql_tasks.web.requests import RequestMiddleware
from tests.conftest import Client, running_app
from tests.sql import Address

NEW_ID = re.compile("[0-9a-f]{16}")
JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx2.AsyncClient]:
    """The application over one store, with the shortest body limit there is."""
    path = tmp_path_factory.mktemp("door") / "tasks.db"
    async with running_app(str(path), max_body_bytes=1024) as client:
        yield client.http


def records(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return the level and the message of everything that the package logged."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith("gql_tasks")
    ]


REQUESTS = [
    ("POST", "/graphql", 415),
    ("GET", "/graphql?query={__typename}", 200),
    ("PUT", "/graphql", 405),
    ("GET", "/tasks/", 200),
    ("GET", "/tasks", 307),
    ("GET", "/tasks/1", 404),
    ("GET", "/tasks/x", 422),
    ("PATCH", "/tasks/1", 405),
    ("GET", "/", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/static/nothing.js", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), REQUESTS)
async def test_every_response_has_an_id(
    door: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    """The id is the client's own, else a new one each time, whatever the answer is."""
    own = await door.request(method, path, headers={"x-request-id": "Trace.7_a-B"})
    assert (own.status_code, own.headers.get_list("x-request-id")) == (status, ["Trace.7_a-B"])
    new = [(await door.request(method, path)).headers["x-request-id"] for _ in range(2)]
    assert all(map(NEW_ID.fullmatch, new))
    assert len(set(new)) == 2


@pytest.mark.parametrize(
    "sent", ["", " ", "x" * 65, "a b", "a\tb", "ä", '"a"', "<b>", "a,b", "a\x00"]
)
async def test_an_id_that_is_not_plain_is_replaced(door: httpx2.AsyncClient, sent: str) -> None:
    """Nothing that could mean something in a log or a header is taken over from a client."""
    response = await door.get("/tasks/", headers=[(b"x-request-id", sent.encode())])
    assert NEW_ID.fullmatch(response.headers["x-request-id"])


@pytest.mark.parametrize("sent", ["0", "x" * 64, "550e8400-e29b-41d4-a716-446655440000"])
async def test_a_plain_id_is_kept(door: httpx2.AsyncClient, sent: str) -> None:
    """Up to 64 letters, digits, dots, dashes and underscores are a plain id."""
    response = await door.get("/tasks/", headers={"x-request-id": sent})
    assert response.headers["x-request-id"] == sent


@pytest.mark.parametrize(
    "path", ["/nowhere", "/graphql/nowhere", "/static/nothing.js", "/tasks/1/2"]
)
async def test_no_such_path(door: httpx2.AsyncClient, path: str) -> None:
    """A path that nothing answers is 404 in JSON."""
    response = await door.get(path)
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")
    assert response.json() == {"detail": "Not Found"}


@pytest.mark.parametrize(("method", "path"), [("DELETE", "/"), ("PUT", "/openapi.json")])
async def test_no_such_method(door: httpx2.AsyncClient, method: str, path: str) -> None:
    """A method that a path does not take is 405 in JSON, and says which it takes."""
    response = await door.request(method, path)
    assert (response.status_code, response.headers["content-type"]) == (405, "application/json")
    assert response.json() == {"detail": "Method Not Allowed"}
    assert sorted(response.headers["allow"].split(", ")) == ["GET", "HEAD"]


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    """Send a body in parts, without its length."""
    for part in parts:
        yield part


@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
@pytest.mark.parametrize(
    ("method", "path", "status_read"), [("POST", "/tasks/", 422), ("PUT", "/tasks/1", 404)]
)
async def test_body_limit(
    door: httpx2.AsyncClient, method: str, path: str, status_read: int, declared: bool
) -> None:
    """A body of the limit's length is read; one byte more is 413, and nothing is written."""
    fits = b'{"title": "", "description": "' + b"x" * (1024 - 32) + b'"}'
    assert len(fits) == 1024
    for body, status in [(fits, status_read), (fits + b" ", 413)]:
        content = body if declared else chunks(body[:1000], body[1000:])
        response = await door.request(method, path, content=content, headers=JSON)
        assert response.status_code == status
    assert response.json() == {"detail": "The request body is longer than 1024 bytes."}
    assert (await door.get("/tasks/")).json() == []


async def test_body_limit_of_graphql(door: httpx2.AsyncClient) -> None:
    """At /graphql the same refusal has GraphQL's shape."""
    response = await door.post("/graphql", content=b" " * 1025, headers=JSON)
    message = "The request body is longer than 1024 bytes."
    assert response.status_code == 413
    assert response.json() == {
        "errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
    }


async def test_bug_is_masked(
    client: Client, address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug is 500 in JSON without its cause, which is one log record under the request's id."""
    address.execute("ALTER TABLE tasks RENAME TO elsewhere")
    try:
        response = await client.http.get("/tasks/", headers={"x-request-id": "req-7"})
    finally:
        address.execute("ALTER TABLE elsewhere RENAME TO tasks")
    assert (response.status_code, response.headers["content-type"]) == (500, "application/json")
    assert response.headers["x-request-id"] == "req-7"
    assert response.json() == {
        "detail": "Internal server error; the log has its cause under request req-7."
    }
    assert records(caplog) == [("ERROR", "request req-7 failed")]
    [record] = [record for record in caplog.records if record.name == "gql_tasks.web"]
    assert "tasks" in str(record.exc_info and record.exc_info[1])


async def test_database_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A write that another program keeps waiting too long is 503, to be tried again, not done."""
    patience = sqlite.SqliteDatabase.__init__.__kwdefaults__
    monkeypatch.setitem(patience, "busy_timeout_seconds", 0.01)
    path = tmp_path / "tasks.db"
    async with running_app(str(path), slow_seconds=60) as client:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            response = await client.http.post(
                "/tasks/", json={"title": "x"}, headers={"x-request-id": "req-7"}
            )
            other.execute("ROLLBACK")
            assert other.execute("SELECT count(*) FROM tasks").fetchall() == [(0,)]
    message = "another program is writing to the database; try again"
    body = {"detail": message, "code": "SERVICE_UNAVAILABLE"}
    assert (response.status_code, response.json()) == (503, body)
    assert response.headers["retry-after"] == "1"
    cause = "OperationalError: database is locked"
    assert records(caplog) == [("WARNING", f"request req-7: {message} ({cause})")]


async def exchange(app: Any, path: str, *received: Message) -> list[Message]:
    """Call an application as a server would, and return what it sends."""
    sent: list[Message] = []
    waiting = list(received)

    async def receive() -> Message:
        return waiting.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "root_path": "",
        "http_version": "1.1",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"x-request-id", b"req-7"),
        ],
    }
    await app(scope, receive, send)
    return sent


@pytest.mark.parametrize(
    ("path", "answered"),
    [("/graphql", []), ("/tasks/", [400])],  # FastAPI answers all the same, to nobody
)
async def test_client_goes_away(
    tmp_path: Path, path: str, answered: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """A client that leaves before its body is whole is nobody's error: no log, nothing written."""
    app = create_app(Settings(database=str(tmp_path / "tasks.db")))
    part: Message = {"type": "http.request", "body": b'{"title": "x"', "more_body": True}
    async with app.router.lifespan_context(app):
        sent = await exchange(app, path, part, {"type": "http.disconnect"})
    assert [message["status"] for message in sent if "status" in message] == answered
    assert records(caplog) == []
    with closing(sqlite3.connect(tmp_path / "tasks.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tasks").fetchall() == [(0,)]


async def test_bug_in_the_middle_of_an_answer(caplog: pytest.LogCaptureFixture) -> None:
    """Once an answer has begun, a bug is logged, and nothing more is sent that would look whole."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    admission = Admission(max_requests=1, max_sockets=1, max_sockets_per_client=1)
    arrival = Arrival(admission, seconds=1)
    sent = await exchange(RequestMiddleware(app, arrival=arrival, max_body_bytes=1024), "/")
    assert sent == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"x-request-id", b"req-7"), *DATA_HEADERS],
        }
    ]
    assert records(caplog) == [("ERROR", "request req-7 failed")]
