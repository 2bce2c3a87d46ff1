"""The program's own connections: what is half said, said without end, or no HTTP at all."""

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn

from gql_tasks.web import connections, websockets
from gql_tasks.web.connections import MAX_HEAD_BYTES, Connections
from gql_tasks.web.headers import DATA_HEADERS
from gql_tasks.web.wall import MAX_HEADERS
from gql_tasks.web.websockets import WebSockets
from tests.conftest import Server, serve

HALF_SENT = 300
JSON = "Content-Type: application/json"
LATE = "The request did not come in 1 seconds."
TYPENAME = {"data": {"__typename": "Query"}}

HALVES: dict[str, bytes] = {
    "nothing": b"",
    "line breaks": b"\r\n\r\n",
    "half a line": b"POST /graphql HT",
    "half a head": b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nX-A: b",
    "half a body": f"POST /graphql HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\nContent-Length: 90\r\n"
    '\r\n{"query": '.encode(),
    "half a body for REST": f"POST /tasks/ HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
    'Content-Length: 90\r\n\r\n{"title": '.encode(),
    "half a chunked body": f"POST /tasks/ HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
    "Transfer-Encoding: chunked\r\n\r\n5\r\n{".encode(),
    "a head whose body is asked for": f"POST /graphql HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
    "Content-Length: 90\r\nExpect: 100-continue\r\n\r\n".encode(),
    "half a handshake": b"GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n",
}


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The program, which waits a second for a request."""
    database = tmp_path_factory.mktemp("hasty") / "tasks.db"
    with serve("--database", str(database), "--receive-seconds", "1") as server:
        yield server


@contextmanager
def connected(server: Server, *said: bytes) -> Iterator[socket.socket]:
    """Open a connection and say something."""
    at = urlsplit(server.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        for part in said:
            connection.sendall(part)
        yield connection


def rest_of(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:  # it closed on what it had not read
        pass
    return b"".join(parts)


def answer_of(said: bytes) -> tuple[int, Any]:
    """Read an answer that the connection ended with, and hold it to what every answer has."""
    head, _, body = said.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n\r\n")
    headers = dict(re.findall(rb"(?m)^([^:\r\n]+): (.*?)\r?$", head.lower()))
    assert headers[b"connection"] == b"close"
    assert headers[b"content-type"].startswith(b"application/json")
    assert re.fullmatch(b"[0-9a-f]{16}", headers[b"x-request-id"])
    assert {name: headers[name] for name, _ in DATA_HEADERS} == {
        name: value.lower() for name, value in DATA_HEADERS
    }
    return int(head.split(b" ", 2)[1]), json.loads(body)


def closed(code: str, message: str) -> Any:
    return {"detail": message, "code": code}


def open_files(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def becomes(state: Callable[[], bool]) -> None:
    """Wait for something that is about to be so."""
    end = time.monotonic() + 15
    while not state():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_half_sent_requests(hasty: Server) -> None:
    """300 half-sent requests hinder nobody, are ended in time, and leave nothing behind."""
    with httpx2.Client(base_url=hasty.url) as http:
        assert http.get("/graphql?query={__typename}").json() == TYPENAME
        before = open_files(hasty)
        with ExitStack() as stack:
            halves = [
                (name, stack.enter_context(connected(hasty, said)))
                for _ in range(HALF_SENT // len(HALVES) + 1)
                for name, said in HALVES.items()
            ]
            assert len(halves) >= HALF_SENT
            for _ in range(10):
                assert http.get("/graphql?query={__typename}", timeout=2).json() == TYPENAME
                assert http.post("/tasks/", json={}, timeout=2).status_code == 422
            for name, connection in halves:
                said = rest_of(connection)
                if name == "nothing":
                    assert said == b""
                else:
                    status, body = answer_of(said)
                    shaped = {
                        "half a body": "errors",
                        "a head whose body is asked for": "errors",
                    }.get(name, "detail")
                    assert (name, status, next(iter(body))) == (name, 408, shaped)
                    assert LATE in json.dumps(body)
        assert http.get("/tasks/").json() == []
        becomes(lambda: open_files(hasty) <= before)


def test_drop_by_drop(hasty: Server) -> None:
    """A byte now and then does not win time, neither for a head nor for a body."""
    for name in ("half a head", "half a body"):
        with connected(hasty, HALVES[name]) as connection:
            connection.settimeout(0.1)
            said, end = b"", time.monotonic() + 8
            while not said:
                assert time.monotonic() < end
                connection.sendall(b" ")
                try:
                    said = connection.recv(65_536)
                except TimeoutError:
                    continue
            connection.settimeout(10)
            assert answer_of(said + rest_of(connection))[0] == 408


def test_kept_connection(hasty: Server) -> None:
    """A connection that had its answer is not kept for line breaks, or half of another request."""
    whole = b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for said in (b"\r\n", HALVES["half a line"]):
        with connected(hasty, whole) as connection:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
            connection.sendall(said)
            after = rest_of(connection).rpartition(b"HTTP/1.1 408")
            assert answer_of(after[1] + after[2]) == (408, closed("REQUEST_TIMEOUT", LATE))


def test_requests_in_a_row(hasty: Server) -> None:
    """Requests that come together, or in pieces of any size, are answered in their order."""
    body = b'{"query": "{ __typename }"}'
    request = (
        f"POST /graphql HTTP/1.1\r\nHost: localhost\r\n{JSON}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    last = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for size in (1, 7, 100, 10_000):
        said = request * 3 + last
        pieces = [said[start : start + size] for start in range(0, len(said), size)]
        with connected(hasty, *pieces) as connection:
            answers = rest_of(connection)
        assert re.findall(rb"HTTP/1\.1 (\d+)", answers) == [b"200", b"200", b"200", b"404"]


def test_hang_up_in_a_row(tmp_path: Path) -> None:
    """Who asks for more and leaves, or goes on with what is no HTTP, leaves nothing running."""
    stream = b"GET /graphql?query=subscription{taskEvents{id}} HTTP/1.1\r\nHost: localhost\r\n"
    stream += b"Accept: text/event-stream\r\n\r\n"
    whole = b"GET /graphql?query={tasks{id}} HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serve("--database", str(tmp_path / "tasks.db")) as server:

        def subscribers() -> str:
            metrics = httpx2.get(f"{server.url}/metrics").text
            return re.findall(r"(?m)^gql_tasks_subscribers (.+)$", metrics)[0]

        with connected(server, stream) as connection:
            becomes(lambda: subscribers() == "1.0")
            connection.sendall(whole * 3)
        becomes(lambda: subscribers() == "0.0")
        for _ in range(20):
            with connected(server, whole * 3, b"\0\r\n\r\n") as connection:
                rest_of(connection)
        assert httpx2.get(f"{server.url}/tasks/").json() == []
        server.process.terminate()
        said = server.process.communicate(timeout=30)[0]
    assert "ERROR" not in said


TOO_LONG = closed("BAD_REQUEST", f"The headers are over {MAX_HEAD_BYTES} bytes.")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * 2 * MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 2 * MAX_HEAD_BYTES,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * (MAX_HEAD_BYTES // 4),
        b"\r\n" * MAX_HEAD_BYTES,
    ],
    ids=["line", "header", "headers", "line breaks"],
)
@pytest.mark.parametrize("size", [1_000, 1_000_000])
def test_head_without_end(hasty: Server, head: bytes, size: int) -> None:
    """A head that goes on is cut off at its limit, however it comes."""
    at = urlsplit(hasty.url)
    with socket.create_connection((at.hostname, at.port), timeout=10) as connection:
        try:
            for start in range(0, len(head), size):
                connection.sendall(head[start : start + size])
        except ConnectionError:
            pass
        said = rest_of(connection)
    if said:  # the system drops it where what was sent after it had not been read
        assert answer_of(said) == (431, TOO_LONG)


def test_head_as_long_as_may_be(hasty: Server) -> None:
    """A head of the limit's length is taken, with a body as long as may be behind it."""
    start = f"POST /tasks/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{JSON}\r\n"
    body = b'{"title": ""}'.ljust(1_048_576)
    start += f"Content-Length: {len(body)}\r\nX-A: "
    head = start.encode().ljust(MAX_HEAD_BYTES - 4, b"a") + b"\r\n\r\n"
    with connected(hasty, head + body) as connection:
        assert rest_of(connection).startswith(b"HTTP/1.1 422 ")
    with connected(hasty, b"", head[:-4] + b"a\r\n\r\n") as connection:
        assert answer_of(rest_of(connection)) == (431, TOO_LONG)


UPGRADE = [
    "GET /graphql HTTP/1.1",
    "Host: localhost",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
]


def handshake(*more: str) -> bytes:
    return "\r\n".join([*UPGRADE, *more, "", ""]).encode()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (handshake(*["X-A: b"] * (MAX_HEADERS - len(UPGRADE) + 2)), 431),
        (handshake(*["X-A: b"] * 200), 431),
        (handshake("X-A: " + "b" * 9_000), 431),
        (handshake(f"Cookie: {'b' * 60_000}"), 431),
        (handshake("Origin: http://evil.example"), 403),
        (handshake("Origin: null"), 403),
        (handshake().replace(b"Host: localhost", b"Host: evil.example"), 421),
        (handshake().replace(b"Host: localhost\r\n", b""), 400),
        (handshake("Host: localhost"), 400),
        (handshake().replace(b"/graphql", b"/nowhere"), 403),
        (handshake().replace(b"Version: 13", b"Version: 12"), 400),
        (handshake().replace(b"dGhl", b""), 400),
    ],
)
def test_handshake_that_is_refused(hasty: Server, said: bytes, status: int) -> None:
    """A WebSocket that is not taken is refused before it is one, and its connection is closed."""
    with connected(hasty, said) as connection:
        answer = rest_of(connection)
    assert int(answer.split(b" ", 2)[1]) == status


def test_handshake_is_refused_in_words(hasty: Server) -> None:
    """A page of another origin is told so in JSON, with the setting that would let it in."""
    with connected(hasty, handshake("Origin: http://evil.example")) as connection:
        status, body = answer_of(rest_of(connection))
    message = (
        "Pages of http://evil.example may not use this server. If they may, list the origin in "
        "the server's setting: --origins, or GQL_TASKS_ORIGINS."
    )
    error = {"message": message, "extensions": {"code": "ORIGIN_NOT_ALLOWED"}}
    assert (status, body) == (403, {"errors": [error]})


@pytest.mark.parametrize("origin", [[], ["Origin: http://localhost"], ["Origin: HTTP://LOCALHOST"]])
def test_handshake_that_is_taken(hasty: Server, origin: list[str]) -> None:
    """A client without an Origin, and a page of the server's own, get a WebSocket, for longer
    than a request may take to come in.
    """
    said = handshake("Sec-WebSocket-Protocol: graphql-transport-ws", *origin)
    with connected(hasty, said) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        connection.settimeout(1.5)
        with pytest.raises(TimeoutError):
            connection.recv(1)


@pytest.mark.parametrize("said", [b"\x16\x03\x01\x02\x00\x01\xfc\x03\x03", b"GET / HTTP/9\r\n\r\n"])
def test_no_http(hasty: Server, said: bytes) -> None:
    """What is no HTTP is refused in JSON all the same."""
    with connected(hasty, said) as connection:
        answer = answer_of(rest_of(connection))
    assert answer == (400, closed("BAD_REQUEST", "This is not an HTTP request."))


def test_stop_with_half_sent_requests(tmp_path: Path) -> None:
    """A server that is asked to stop does not wait for the rest of a request, and logs no bug."""
    with serve("--database", str(tmp_path / "tasks.db")) as server, ExitStack() as stack:
        for said in HALVES.values():
            stack.enter_context(connected(server, said))
        httpx2.get(f"{server.url}/tasks/")
        server.process.send_signal(signal.SIGTERM)
        said_last = server.process.communicate(timeout=5)[0]
    assert said_last.splitlines()[-1] == "Stop with Ctrl+C."


LONG = 16 * 1_048_576


async def answer_long(scope: Any, receive: Any, send: Any) -> None:
    """Answer more than any system's buffers take, by a response or a WebSocket's frame."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "bytes": bytes(LONG)})
        return
    headers = [(b"content-length", b"%d" % LONG)]
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    half = {"type": "http.response.body", "body": bytes(LONG // 2)}
    await send({**half, "more_body": True})
    if scope["path"] == "/whole":
        await send(half)
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def long_answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[socket.socket, set[Any]]]:
    """Serve long answers to a client that may leave them a second; tell the connections."""
    monkeypatch.setattr(connections, "UNREAD_SECONDS", 1)
    monkeypatch.setattr(websockets, "LEAVE_SECONDS", 1)
    http: Any = partial(Connections, receive_seconds=20)  # it is called like a class
    ws: Any = WebSockets
    config = uvicorn.Config(answer_long, http=http, ws=ws, lifespan="off", log_config=None)
    server, listening = uvicorn.Server(config), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            client.settimeout(10)
            client.connect(listening.getsockname())
            yield client, cast("set[Any]", server.server_state.connections)
    finally:
        server.should_exit = True
        thread.join()


KNOWN = b'{"query":"{ tasks { id } labels { id } }"}'


def question(connection: str, version: str = "1.1") -> bytes:
    """Write a request for what the test asks for."""
    head = (
        f"POST /graphql HTTP/{version}\r\nHost: localhost\r\nConnection: {connection}\r\n"
        "X-Request-Id: one\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(KNOWN)}\r\n\r\n"
    )
    return head.encode() + KNOWN


@pytest.mark.parametrize(
    "asked",
    [
        question("close"),
        question("close", "1.0"),
        question("keep-alive") + question("close"),
        question("keep-alive") * 3 + question("close"),
    ],
)
def test_what_is_known_is_written_as_anything(tmp_path: Path, asked: bytes) -> None:
    """A known query's answer, which goes past uvicorn, is what uvicorn makes of a new one's."""
    with serve("--database", str(tmp_path / "tasks.db"), "--answer-bytes", "0") as server:
        answers = []
        for _ in range(4):
            with connected(server, asked) as connection:
                answers.append(rest_of(connection))
    told = [
        [
            sorted(line for line in answer.lower().split(b"\r\n") if b"date: " not in line)
            for answer in said.split(b"HTTP/1.1 ")
        ]
        for said in answers
    ]
    assert len(told[0]) == 1 + asked.count(b"POST")
    assert told[0][-1] == told[1][-1] == told[2][-1] == told[3][-1]
    assert told[1] == told[2] == told[3]
    assert len({len(said) for said in answers}) == 1


@pytest.mark.parametrize("path", ["/whole", "/half"])
def test_answer_that_nobody_reads(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A client that leaves an answer where it is, is left, whether the answer is whole or not."""
    with long_answers(monkeypatch) as (client, open_connections):
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        becomes(lambda: bool(open_connections))
        becomes(lambda: not open_connections)
        assert len(rest_of(client)) < LONG // 2


def test_frame_that_nobody_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    """A WebSocket that is done with is left, although its peer has not taken the last frame."""
    with long_answers(monkeypatch) as (client, open_connections):
        client.sendall(handshake())
        becomes(lambda: bool(open_connections))
        becomes(lambda: not open_connections)
        said = rest_of(client)
        assert said.startswith(b"HTTP/1.1 101 ")
        assert len(said) < LONG


def test_answer_that_is_read_slowly(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that goes on reading gets all of it, however long that takes."""
    with long_answers(monkeypatch) as (client, _):
        client.sendall(b"GET /whole HTTP/1.1\r\nHost: localhost\r\n\r\n")
        said, began = 0, time.monotonic()
        while said < LONG:
            said += len(client.recv(262_144))
            time.sleep(0.02)
        assert time.monotonic() - began > 3
