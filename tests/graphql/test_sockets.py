"""GraphQL over WebSocket, frame by frame: what answers, what closes, and what is left behind."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gql_tasks.graphql import sockets
from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from tests.graphql.live import MAX_BODY_BYTES, MAX_OPERATIONS, Serving, becomes, live

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Serving]:
    async with live(tmp_path_factory.mktemp("live")) as server:
        yield server


@pytest.fixture(autouse=True)
async def nothing_is_left(server: Serving, caplog: pytest.LogCaptureFixture) -> AsyncIterator[None]:
    """After each test nothing runs, and nothing was logged that the test does not expect."""
    caplog.set_level(logging.WARNING)
    yield
    server.streams.go.clear()
    await server.emptied()


def opened(server: Serving, *protocols: str, **options: Any) -> connect:
    return connect(
        server.socket_url,
        subprotocols=[Subprotocol(name) for name in protocols or [SUBPROTOCOL]],
        compression=None,
        proxy=None,
        **options,
    )


async def say(socket: ClientConnection, *messages: Any) -> None:
    for message in messages:
        await socket.send(json.dumps(message))


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(10):
        return json.loads(await socket.recv())


async def greet(socket: ClientConnection) -> None:
    await say(socket, INIT)
    assert await hear(socket) == ACK


async def closed(socket: ClientConnection) -> tuple[int, str]:
    """Wait for the server's close frame; nothing else may come before it."""
    with pytest.raises(ConnectionClosed) as error:
        await hear(socket)
    assert error.value.rcvd is not None
    return error.value.rcvd.code, error.value.rcvd.reason


def subscribe(name: str, query: str, **members: Any) -> dict[str, Any]:
    return {"id": name, "type": "subscribe", "payload": {"query": query, **members}}


def following(name: str, **data: Any) -> dict[str, Any]:
    return {"id": name, "type": "next", "payload": {"data": data}}


def complete(name: str) -> dict[str, Any]:
    return {"id": name, "type": "complete"}


async def test_subscription(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A subscription's answers come in order, then `complete`; its id may be used again."""
    async with opened(server) as socket:
        assert socket.subprotocol == "graphql-transport-ws"
        await greet(socket)
        for _ in range(2):
            await say(socket, subscribe("1", "subscription { count(to: 3) }"))
            heard = [await hear(socket) for _ in range(4)]
            assert heard == [*(following("1", count=n) for n in range(3)), complete("1")]
    assert caplog.records == []


@pytest.mark.parametrize(
    ("payload", "data"),
    [
        ({"query": "{ hello }"}, {"hello": "Hello you"}),
        (
            {
                "query": "query A { __typename } query B($n: String!) { hello(name: $n) }",
                "operationName": "B",
                "variables": {"n": "Ada"},
                "extensions": None,
            },
            {"hello": "Hello Ada"},
        ),
        ({"query": "mutation { double(number: 4) }", "variables": None}, {"double": 8}),
    ],
)
async def test_query_and_mutation(server: Serving, payload: Any, data: Any) -> None:
    """Queries and mutations have one answer, then `complete`."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, {"id": "q", "type": "subscribe", "payload": payload})
        assert [await hear(socket), await hear(socket)] == [following("q", **data), complete("q")]


async def test_fragment(server: Serving) -> None:
    """JSON that the database wrote goes out as it is."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe("f", "subscription { planned }"))
        answer = following("f", planned={"as": "the database\nwrote it"})
        assert [await hear(socket), await hear(socket)] == [answer, complete("f")]


async def test_ping_and_pong(server: Serving) -> None:
    """A ping is answered with its payload, before the greeting too; a pong is not answered."""
    async with opened(server) as socket:
        await say(socket, {"type": "ping"}, {"type": "pong", "payload": {"a": 1}}, {"type": "pong"})
        await say(socket, {"type": "ping", "payload": {"at": 1}}, INIT, {"type": "ping"})
        assert [await hear(socket) for _ in range(4)] == [
            {"type": "pong"},
            {"type": "pong", "payload": {"at": 1}},
            ACK,
            {"type": "pong"},
        ]


async def test_operations_are_concurrent(server: Serving) -> None:
    """An operation that waits keeps no other waiting, and `complete` ends it without an answer."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe("long", "subscription { forever }"))
        assert await hear(socket) == following("long", forever=0)
        await say(socket, subscribe("query", "query { forever }"), subscribe("2", "{ hello }"))
        assert await hear(socket) == following("2", hello="Hello you")
        assert await hear(socket) == complete("2")
        server.streams.go.set()
        assert await hear(socket) == following("long", forever=1)
        assert server.streams.running == 2
        await say(socket, complete("long"), complete("query"), complete("never heard of"))
        await server.streams.ended()
        await say(socket, subscribe("long", "{ hello }"))
        assert await hear(socket) == following("long", hello="Hello you")
        assert await hear(socket) == complete("long")


ERRORS: dict[str, tuple[dict[str, Any], str, str]] = {
    "syntax": (
        {"query": "subscription {"},
        "Syntax Error: Expected Name, found <EOF>.",
        "GRAPHQL_PARSE_FAILED",
    ),
    "empty": ({"query": ""}, "The request has no query.", "GRAPHQL_PARSE_FAILED"),
    "unknown field": (
        {"query": "subscription { a }"},
        "Cannot query field 'a' on type 'Subscription'.",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "two root fields": (
        {"query": "subscription { a: count(to: 1) b: count(to: 1) }"},
        "Anonymous Subscription must select only one top level field.",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "operation not there": (
        {"query": "subscription A { count(to: 1) }", "operationName": "B"},
        'Unknown operation named "B".',
        "OPERATION_RESOLUTION_FAILURE",
    ),
    "no operation": (
        {"query": "fragment F on Query { hello }"},
        "There is no operation.",
        "OPERATION_RESOLUTION_FAILURE",
    ),
    "variable of another type": (
        {"query": "subscription ($n: Int!) { count(to: $n) }", "variables": {"n": "many"}},
        "Variable '$n' has invalid value: Int cannot represent non-integer value: 'many'",
        "BAD_USER_INPUT",
    ),
    "variable left out": (
        {"query": "query ($n: String!) { hello(name: $n) }"},
        (
            "Variable '$n' has invalid value: "
            "Expected a value of non-null type 'String!' to be provided."
        ),
        "BAD_USER_INPUT",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
async def test_error_of_one_operation(
    server: Serving, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What is wrong with one operation is its own `error`; another one goes on."""
    payload, message, code = ERRORS[name]
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe("good", "subscription { forever }"))
        assert await hear(socket) == following("good", forever=0)
        await say(socket, {"id": "bad", "type": "subscribe", "payload": payload})
        answer = await hear(socket)
        [error] = answer.pop("payload")
        assert answer == {"id": "bad", "type": "error"}
        assert (error["message"], error["extensions"]) == (message, {"code": code})
        server.streams.go.set()
        assert await hear(socket) == following("good", forever=1)
    assert caplog.records == []


async def test_bug_of_one_operation(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A bug ends its operation with a masked `error`, and is logged under the socket's id."""
    masked = {
        "message": "Internal server error; the log has its cause under request sock-1.",
        "extensions": {"code": "INTERNAL_SERVER_ERROR"},
    }
    async with opened(server, additional_headers={"X-Request-Id": "sock-1"}) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "subscription { broken }"))
        assert await hear(socket) == following("1", broken=0)
        assert await hear(socket) == {"id": "1", "type": "error", "payload": [masked]}
        await say(socket, subscribe("1", "{ bug }"))
        answer = await hear(socket)
        [error] = answer["payload"].pop("errors")
        assert answer == {"id": "1", "type": "next", "payload": {"data": None}}
        assert error == {**masked, "path": ["bug"], "locations": [{"line": 1, "column": 3}]}
        assert await hear(socket) == complete("1")
    assert [record.getMessage() for record in caplog.records] == [
        "request sock-1 failed at None",
        "request sock-1 failed at ['bug']",
    ]


async def test_bug_of_the_transport(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """An answer that cannot be written closes the socket with 4500, and is logged once."""
    async with opened(server, additional_headers={"X-Request-Id": "sock-2"}) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "subscription { unwritable }"))
        assert await closed(socket) == (
            4500,
            "Internal server error; the log has its cause under request sock-2.",
        )
    assert [record.getMessage() for record in caplog.records] == ["request sock-2 failed"]


async def test_time_zone(server: Serving) -> None:
    """The Time-Zone of the handshake is every operation's; one that is none is their error."""
    async with opened(server, additional_headers={"Time-Zone": "Asia/Tokyo"}) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "{ zone }"))
        assert await hear(socket) == following("1", zone="Asia/Tokyo")
        assert await hear(socket) == complete("1")
    async with opened(server, additional_headers={"Time-Zone": "Mars"}) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "{ zone }"))
        message = 'time zone "Mars" is unknown: it takes an IANA name such as Europe/Berlin'
        error = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
        assert await hear(socket) == {"id": "1", "type": "error", "payload": [error]}


async def test_too_many_operations(server: Serving) -> None:
    """An operation beyond the limit is refused alone; when another ended there is room again."""
    error = {
        "message": "The socket has 20 operations running already.",
        "extensions": {"code": "TOO_MANY_OPERATIONS"},
    }
    async with opened(server) as socket:
        await greet(socket)
        for number in range(MAX_OPERATIONS):
            await say(socket, subscribe(f"{number}", "subscription { silence }"))
        await say(socket, subscribe("x", "{ hello }"))
        assert await hear(socket) == {"id": "x", "type": "error", "payload": [error]}
        await say(socket, complete("1"), subscribe("x", "{ hello }"))
        assert await hear(socket) == following("x", hello="Hello you")


NOT_A_TYPE = "is not one that clients send."
ID = "id must be a string of 1 to 128 characters."
PAYLOAD = "payload must be an object or null."

MALFORMED: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ("hello", "The message is not JSON: unexpected character"),
    "empty": ("", "The message is not JSON: Input is a zero-length, empty document."),
    "cut off": ('{"type":', "The message is not JSON: unexpected end of data."),
    "deep": ("[" * 5_000, "The message is not JSON: depth limit exceeded."),
    "lone surrogate": ('{"type": "\\ud800"}', "The message is not JSON: "),
    "array": ("[]", "A message is a JSON object."),
    "string": ('"ping"', "A message is a JSON object."),
    "number": ("1", "A message is a JSON object."),
    "null": ("null", "A message is a JSON object."),
    "binary": (b'{"type": "ping"}', "Messages are JSON in text frames."),
    "no type": ("{}", "type must be a string."),
    "type is a list": ('{"type": ["ping"]}', "type must be a string."),
    "unknown type": ('{"type": "start"}', f'type "start" {NOT_A_TYPE}'),
    "server's type": ('{"type": "next", "id": "1"}', f'type "next" {NOT_A_TYPE}'),
    "long type": (json.dumps({"type": "é" * 999}), f'type "{"é" * 57}...'),
    "init with a string": ('{"type": "connection_init", "payload": "x"}', PAYLOAD),
    "ping with a list": ('{"type": "ping", "payload": []}', PAYLOAD),
    "pong with a number": ('{"type": "pong", "payload": 1}', PAYLOAD),
    "complete without id": ('{"type": "complete"}', ID),
    "id is an object": (json.dumps(subscribe({}, "{ hello }")), ID),  # type: ignore[arg-type]
    "id is a number": (json.dumps(subscribe(1, "{ hello }")), ID),  # type: ignore[arg-type]
    "id is empty": (json.dumps(subscribe("", "{ hello }")), ID),
    "id is long": (json.dumps(subscribe("x" * 129, "{ hello }")), ID),
    "no payload": ('{"type": "subscribe", "id": "1"}', "payload must be an object."),
    "payload is text": (
        '{"type": "subscribe", "id": "1", "payload": "{ hello }"}',
        "payload must be an object.",
    ),
    "no query": (
        '{"type": "subscribe", "id": "1", "payload": {}}',
        "payload: query must be a string.",
    ),
    "query is a number": (
        json.dumps(subscribe("1", 1)),  # type: ignore[arg-type]
        "payload: query must be a string or null.",
    ),
    "variables are a list": (
        json.dumps(subscribe("1", "{ hello }", variables=[])),
        "payload: variables must be an object or null.",
    ),
    "operationName is a number": (
        json.dumps(subscribe("1", "{ hello }", operationName=1)),
        "payload: operationName must be a string or null.",
    ),
}


@pytest.mark.parametrize("greeted", [True, False])
@pytest.mark.parametrize("name", MALFORMED)
async def test_malformed_frame(
    server: Serving, name: str, greeted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A frame that is no message closes the socket with 4400 and a reason, and logs nothing."""
    frame, reason = MALFORMED[name]
    async with opened(server) as socket:
        if greeted:
            await greet(socket)
        await socket.send(frame)
        code, said = await closed(socket)
        assert (code, said[: len(reason)]) == (4400, reason)
    assert caplog.records == []


async def test_long_message(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A message longer than a request body may be closes the socket with 1009."""
    async with opened(server) as socket:
        await greet(socket)
        await socket.send(" " * (MAX_BODY_BYTES + 1))
        assert await closed(socket) == (1009, "The message is longer than 100000 bytes.")
    async with opened(server) as socket:
        await greet(socket)
        await socket.send(" " * (2 * MAX_BODY_BYTES + 1))  # the server's own limit
        code, _ = await closed(socket)
        assert code == 1009
    assert caplog.records == []


async def test_text_that_is_not_utf8(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Text that is not UTF-8 closes the socket with 1007, without a traceback."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "subscription { silence }"))
        await socket.send(b"\xff", text=True)
        assert await closed(socket) == (1007, "text that is not UTF-8")
    assert caplog.records == []


@pytest.mark.parametrize("protocols", [["graphql-ws"], ["a", "b"]])
async def test_subprotocol(server: Serving, protocols: list[str]) -> None:
    """Any other subprotocol, the older one of Apollo's too, is closed with 4406."""
    async with opened(server, *protocols) as socket:
        assert socket.subprotocol is None
        assert await closed(socket) == (4406, "The one subprotocol here is graphql-transport-ws.")
    async with opened(server, *protocols, "graphql-transport-ws") as socket:
        await greet(socket)


async def test_init_timeout(server: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that does not introduce itself is closed with 4408; one that has may be silent."""
    monkeypatch.setattr(sockets, "INIT_SECONDS", 0.05)
    async with opened(server) as silent, opened(server) as greeted:
        await greet(greeted)
        await say(silent, {"type": "ping"})
        assert await hear(silent) == {"type": "pong"}
        assert await closed(silent) == (4408, "Connection initialisation timeout")
        await say(greeted, {"type": "ping"})
        assert await hear(greeted) == {"type": "pong"}


async def test_second_init(server: Serving) -> None:
    """A second greeting closes the socket with 4429."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, INIT)
        assert await closed(socket) == (4429, "Too many initialisation requests")


async def test_subscribe_before_init(server: Serving) -> None:
    """An operation before the greeting closes the socket with 4401."""
    async with opened(server) as socket:
        await say(socket, subscribe("1", "{ hello }"))
        assert await closed(socket) == (4401, "Unauthorized")


async def test_duplicate_id(server: Serving) -> None:
    """An id that is in use closes the socket with 4409, and what ran under it ends."""
    name = "é" * 120  # 240 bytes, and a close frame has room for 123
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe(name, "subscription { silence }"))
        await say(socket, subscribe(name, "subscription { silence }"))
        code, reason = await closed(socket)
        assert (code, reason) == (4409, f"Subscriber for {'é' * 54}")


async def test_source_falls_behind(server: Serving) -> None:
    """A subscriber that its source gives up on is closed with 4008, which clients retry."""
    async with opened(server) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "subscription { lagging }"))
        assert await hear(socket) == following("1", lagging=0)
        assert await closed(socket) == (4008, "too slow: resume with since")


@pytest.mark.parametrize("resumes", [True, False])
async def test_slow_reader(
    server: Serving,
    resumes: bool,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A peer that does not read is cut off; it hears why if it reads again soon enough."""
    monkeypatch.setattr(sockets, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(sockets, "CLOSE_SECONDS", 10 if resumes else 0.1)
    async with opened(server, max_queue=1) as socket:
        await greet(socket)
        await say(socket, subscribe("1", "subscription { flood }"))
        await say(socket, subscribe("2", "subscription { silence }"))
        async with asyncio.timeout(10):
            await hear(socket)
            await server.streams.ended()
            if not resumes:
                await becomes(lambda: not server.server.server_state.tasks)
            with suppress(ConnectionClosed):
                while True:
                    await socket.recv()
    if resumes:
        assert (socket.close_code, socket.close_reason) == (4008, "too slow: resume with since")
    else:
        assert socket.close_code == 1006  # it was dropped
    assert caplog.records == []


async def test_dropped_connections(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """Two hundred sockets that vanish leave no task, no session and no word in the log."""
    await server.emptied()
    before = len(asyncio.all_tasks())
    connections = [await opened(server) for _ in range(200)]
    for socket in connections:
        await greet(socket)
        await say(
            socket,
            subscribe("1", "subscription { forever }"),
            subscribe("2", "subscription { silence }"),
            subscribe("3", "query { forever }"),
        )
        assert await hear(socket) == following("1", forever=0)
    await becomes(lambda: server.streams.running == 600)
    assert server.database.unfinished == 600
    for socket in connections:
        socket.transport.abort()
    async with asyncio.timeout(20):
        await server.emptied()
        await becomes(lambda: len(asyncio.all_tasks()) <= before)
    assert caplog.records == []


async def test_client_closes(server: Serving, caplog: pytest.LogCaptureFixture) -> None:
    """A client that says goodbye, in the middle of a flood too, ends what it had running."""
    for query in ("subscription { silence }", "subscription { flood }"):
        async with opened(server) as socket:
            await greet(socket)
            await say(socket, subscribe("1", query))
            await becomes(lambda: server.streams.running == 1)
        await server.emptied()
    assert caplog.records == []
