"""GraphQL over server-sent events: the bytes of a stream, who gets one, and how it ends."""

import asyncio
import json
import logging
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gql_tasks.graphql import event_stream
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from tests.conftest import serve
from tests.graphql.live import Serving, becomes, live

EVENTS = "text/event-stream"
URQL = (
    "application/graphql-response+json, application/graphql+json, application/json, "
    "text/event-stream, multipart/mixed"
)
COMPLETE = "event: complete\ndata:\n\n"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    async with live(tmp_path_factory.mktemp("live")) as server:
        yield server


@pytest.fixture(autouse=True)
async def nothing_is_left(server: Serving, caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """After each test nothing runs."""
    caplog.set_level(logging.WARNING)
    yield
    server.streams.go.clear()
    await server.emptied()


@asynccontextmanager
async def streaming(
    server: Serving, query: str, *, method: str = "POST", accept: str = EVENTS, **members: Any
) -> AsyncIterator[httpx2.Response]:
    """Begin a request whose answer is read piece by piece."""
    body = {"query": query, **members}
    content = {"params": body} if method == "GET" else {"json": body}
    async with (
        httpx2.AsyncClient(trust_env=False) as http,
        http.stream(method, server.url, headers={"Accept": accept}, **content) as response,
    ):
        yield response


def following(**data: Any) -> str:
    return f"event: next\ndata: {json.dumps({'data': data}, separators=(',', ':'))}\n\n"


async def whole(server: Serving, query: str, **options: Any) -> str:
    """Read a stream to its end, without its signs of life."""
    async with streaming(server, query, **options) as response:
        await response.aread()
        return response.text.replace(":\n\n", "", 1)


class Pieces:
    """A stream's text as it comes."""

    def __init__(self, response: httpx2.Response) -> None:
        self._pieces = response.aiter_text()
        self.text = ""

    async def until(self, text: str) -> str:
        async with asyncio.timeout(10):
            while text not in self.text:
                self.text += await anext(self._pieces)
        return self.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_subscription(server: Serving, method: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each answer is a `next` event, and `complete` follows the last."""
    async with streaming(server, "subscription { count(to: 2) }", method=method) as response:
        assert response.status_code == 200
        headers = {
            name: response.headers.get(name)
            for name in ("content-type", "cache-control", "x-accel-buffering", "vary")
        }
        assert headers == {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
            "vary": "Accept",
        }
        assert response.headers["x-request-id"]
        await response.aread()
        assert response.text == f":\n\n{following(count=0)}{following(count=1)}{COMPLETE}"
    assert caplog.records == []


async def test_answers_come_at_once(server: Serving) -> None:
    """An answer does not wait for the one after it; the end of a subscriber ends its stream."""
    async with streaming(server, "subscription { forever }") as response:
        pieces = Pieces(response)
        assert await pieces.until("0}}\n\n") == f":\n\n{following(forever=0)}"
        assert (server.streams.running, server.database.unfinished) == (1, 1)
        server.streams.go.set()
        await pieces.until(following(forever=1))
    await server.emptied()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_query(server: Serving, method: str) -> None:
    """A query has one answer, then `complete`."""
    assert await whole(server, "{ hello }", method=method) == (
        following(hello="Hello you") + COMPLETE
    )


async def test_mutation(server: Serving) -> None:
    """A mutation is streamed to a POST, and by GET it is refused as it is without a stream."""
    query = "mutation { double(number: 2) }"
    assert await whole(server, query) == following(double=4) + COMPLETE
    several = f"query A {{ hello }} {query.replace('mutation', 'mutation B')}"
    for members in ({"query": query}, {"query": several, "operationName": "B"}):
        response = await get(server, EVENTS, **members)
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
        assert response.json()["errors"] == [
            {
                "message": "Mutations are taken by POST only.",
                "extensions": {"code": "METHOD_NOT_ALLOWED"},
            }
        ]


async def get(server: Serving, accept: str, **parameters: str) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as http:
        return await http.get(server.url, params=parameters, headers={"Accept": accept})


async def test_line_breaks_in_json(server: Serving) -> None:
    """JSON that the database wrote over several lines is one `data` line."""
    assert await whole(server, "subscription { planned }") == (
        'event: next\ndata: {"data":{"planned":{ "as": "the database\\nwrote it"}}}\n\n' + COMPLETE
    )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("subscription {", "GRAPHQL_PARSE_FAILED"),
        ("subscription { a }", "GRAPHQL_VALIDATION_FAILED"),
        ("subscription ($n: Int!) { count(to: $n) }", "BAD_USER_INPUT"),
        ("fragment F on Query { hello }", "OPERATION_RESOLUTION_FAILURE"),
        ("mutation A { double(number: 1) } query B { hello }", "OPERATION_RESOLUTION_FAILURE"),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_errors_before_it_runs(server: Serving, method: str, query: str, code: str) -> None:
    """What is wrong with the operation is streamed, for EventSource shows no other answer."""
    text = await whole(server, query, method=method)
    event, data, *rest = text.split("\n")
    [error] = json.loads(data.removeprefix("data: "))["errors"]
    assert (event, error["extensions"]) == ("event: next", {"code": code})
    assert "\n".join(["", *rest]) == f"\n\n{COMPLETE}"


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (b"{", 400, "The request body is not JSON: unexpected end of data."),
        (b"[]", 400, "Batches are not taken; send one operation a request."),
        (b"{}", 400, "The request has no query."),
        (b'{"query": 1}', 400, "query must be a string or null."),
        (b" " * 100_001, 413, "The request body is longer than 100000 bytes."),
    ],
)
async def test_bad_request(server: Serving, content: bytes, status: int, message: str) -> None:
    """What is no GraphQL request at all is refused in JSON, before anything is streamed."""
    headers = {"Accept": EVENTS, "Content-Type": "application/json"}
    async with httpx2.AsyncClient(trust_env=False) as http:
        response = await http.post(server.url, content=content, headers=headers)
    assert response.status_code == status
    assert response.json() == {
        "errors": [{"message": message, "extensions": {"code": "BAD_REQUEST"}}]
    }


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (EVENTS, EVENTS),
        ("Text/Event-Stream; q=0.5, text/plain", EVENTS),
        ("text/event-stream, application/json;q=0", EVENTS),
        (URQL, "application/graphql-response+json"),
        ("text/event-stream, */*;q=0.1", "application/json"),
        ("text/event-stream, application/*", "application/json"),
        ("text/event-stream;q=0", "application/json"),
        ("text/*", "application/json"),
        ("*/*", "application/json"),
    ],
)
async def test_who_gets_a_stream(server: Serving, accept: str, content_type: str) -> None:
    """A stream is for those who take no JSON; urql, for one, names it in every request."""
    async with streaming(server, "{ hello }", accept=accept) as response:
        await response.aread()
        assert response.headers["content-type"] == f"{content_type}; charset=utf-8"


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_subscription_that_asks_for_json(server: Serving, method: str) -> None:
    """A subscription that takes JSON is told where subscriptions are answered."""
    query = "subscription { count(to: 1) }"
    async with streaming(server, query, method=method, accept=URQL) as response:
        await response.aread()
        assert response.status_code == 400
        assert response.json()["errors"] == [
            {
                "message": "A subscription has many answers: subscribe over WebSocket "
                "(graphql-transport-ws), or accept text/event-stream and no JSON.",
                "extensions": {"code": "BAD_REQUEST"},
            }
        ]


async def test_other_methods(server: Serving) -> None:
    """PUT, by which the protocol's other mode begins, is refused as ever."""
    async with httpx2.AsyncClient(trust_env=False) as http:
        response = await http.put(server.url, headers={"Accept": EVENTS})
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")
    server.database.unfinished = 0  # what is refused has no use for its session


async def test_graphiql(server: Serving) -> None:
    """A browser's address bar gets GraphiQL, also where it names event streams."""
    accept = "text/html, application/xhtml+xml, text/event-stream, */*;q=0.8"
    response = await get(server, accept)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    server.database.unfinished = 0  # a page has no use for its session


async def test_keep_alive(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream without events gives signs of life."""
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.02)
    async with streaming(server, "subscription { silence }") as response:
        assert await Pieces(response).until(":\n\n" * 5) == ":\n\n" * 5


async def test_source_falls_behind(server: Serving) -> None:
    """A subscriber that its source gives up on is told so; without `complete` it comes again."""
    error = {
        "message": "the subscriber reads slower than events come",
        "extensions": {"code": "TOO_SLOW"},
    }
    data = json.dumps({"errors": [error]}, separators=(",", ":"))
    assert await whole(server, "subscription { lagging }") == (
        f"{following(lagging=0)}event: next\ndata: {data}\n\n"
    )


async def test_bug(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A bug is masked in the stream, and logged."""
    text = await whole(server, "subscription { broken }")
    assert "secret" not in text
    assert text.endswith(COMPLETE)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


async def test_slow_reader(
    server: Serving, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The operation of a peer that does not read is over, whatever becomes of its connection."""
    monkeypatch.setattr(event_stream, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_SECONDS", 0.1)
    async with streaming(server, "subscription { flood }"):
        await becomes(lambda: server.streams.running > 0)
        async with asyncio.timeout(10):
            await server.streams.ended()
            await becomes(lambda: not server.database.unfinished)
    assert caplog.records == []


async def test_dropped_connections(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A hundred streams whose clients vanish leave no task and no session."""
    await server.emptied()
    before = len(asyncio.all_tasks())
    address = server.server.servers[0].sockets[0].getsockname()
    body = json.dumps({"query": "subscription { silence }"}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: {EVENTS}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writers = []
    for _ in range(100):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(head.encode() + body)
        await reader.readuntil(b":\n\n")
        writers.append(writer)
    assert server.database.unfinished == 100
    for writer in writers:
        writer.transport.abort()
    async with asyncio.timeout(10):
        await server.emptied()
        await becomes(lambda: len(asyncio.all_tasks()) <= before)
    assert caplog.records == []


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_server_stops(tmp_path: Path, workers: str) -> None:
    """Asked to stop, the server closes sockets with 1012, ends streams, and is gone at once."""
    with serve("--database", str(tmp_path / "tasks.db"), "--workers", workers) as program:
        url = f"{program.url}/graphql"
        async with (
            asyncio.timeout(20),
            httpx2.AsyncClient(trust_env=False) as http,
            connect(
                url.replace("http", "ws"),
                subprotocols=[Subprotocol(SUBPROTOCOL)],
                proxy=None,
            ) as talker,
            http.stream(
                "GET",
                url,
                params={"query": "subscription { taskEvents { kind } }"},
                headers={"Accept": EVENTS},
            ) as response,
        ):
            pieces = Pieces(response)
            await pieces.until(":\n\n")
            await talker.send('{"type": "connection_init"}')
            await talker.recv()
            start = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            with pytest.raises(StopAsyncIteration):
                await pieces.until(COMPLETE)
            with pytest.raises(ConnectionClosed) as closed:
                await talker.recv()
        output, _ = await asyncio.to_thread(program.process.communicate, timeout=20)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert (program.process.returncode, output[output.index("Stop with") :]) == (
        0,
        "Stop with Ctrl+C.\n",
    )
    assert time.monotonic() - start < 5
