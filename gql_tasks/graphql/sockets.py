"""GraphQL over WebSocket: one task that reads, and one for each operation that runs.

Turns messages into runs of operations and their answers into frames. What the frames may be is in
`socket_messages.py`. Strawberry's own handler dies of a malformed frame, and closes the socket over
one operation's syntax error.
"""

import asyncio
import logging
from asyncio import Task, TaskGroup
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from typing import Any, assert_never, cast

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect

from gql_tasks.graphql.errors import format_result, refusal
from gql_tasks.graphql.operation import Answer, Operation, is_too_slow
from gql_tasks.graphql.socket_messages import (
    SUBPROTOCOL,
    Close,
    CloseCode,
    Complete,
    Init,
    Message,
    Ping,
    Pong,
    Subscribe,
    parse_message,
)
from gql_tasks.web.requests import request_id

logger = logging.getLogger("gql_tasks.graphql")

INIT_SECONDS = 10
"""How long a client may take to introduce itself."""

SEND_SECONDS = 5
"""How long a peer may leave a frame, or a piece of an event stream, before it counts as one that
does not read; a socket's frame is looked at every so often, so it may be twice as long."""

CLOSE_SECONDS = 5
"""How long such a peer gets to take the close frame; then the connection is dropped."""

TOO_SLOW = "too slow: resume with since"

TOO_MANY = "TOO_MANY_OPERATIONS"

Run = Callable[[Operation], AsyncGenerator[Answer]]
"""Runs an operation in a context of its own."""


class _Gone(Exception):
    """The peer has gone away, which is nobody's error."""


class Socket:
    """A client's connection, and the operations that it has running.

    `turned_away` notes those that are refused here, by code and request id.
    """

    def __init__(
        self,
        websocket: WebSocket,
        run: Run,
        *,
        max_bytes: int,
        max_operations: int,
        turned_away: Callable[[str, str], None],
    ) -> None:
        self._websocket = websocket
        self._answers_of = run
        self._max_bytes = max_bytes
        self._max_operations = max_operations
        self._turned_away = turned_away
        self._running: dict[str, Task[None]] = {}
        self._greeted = False
        self._turn = asyncio.Lock()
        self._sent = 0

    async def serve(self) -> None:
        """Talk until one side has enough. No operation outlives this."""
        try:
            async with TaskGroup() as tasks:
                await self._accept()
                tasks.create_task(self._watch())
                await self._read(tasks)
        except* Close as closes:
            await self._close(cast("Close", closes.exceptions[0]))
        except* _Gone:
            pass

    async def _close(self, error: Close) -> None:
        """Say why it ends; a peer that does not even take that is left to the server."""
        logger.debug(
            "request %s: closed %d, %s", request_id(self._websocket), error.code, error.reason
        )
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(error.code, error.reason)

    async def _accept(self) -> None:
        offered = SUBPROTOCOL in self._websocket.scope["subprotocols"]
        with _gone():
            await self._websocket.accept(SUBPROTOCOL if offered else None)
        if not offered:
            reason = f"The one subprotocol here is {SUBPROTOCOL}."
            raise Close(CloseCode.WRONG_SUBPROTOCOL, reason)

    async def _read(self, tasks: TaskGroup) -> None:
        try:
            async with asyncio.timeout(INIT_SECONDS) as patience:
                while True:
                    message = await self._receive()
                    if isinstance(message, Init):
                        patience.reschedule(None)
                    await self._heed(message, tasks)
        except TimeoutError as error:
            reason = "Connection initialisation timeout"
            raise Close(CloseCode.INIT_TIMEOUT, reason) from error

    async def _heed(self, message: Message, tasks: TaskGroup) -> None:
        match message:
            case Init():
                if self._greeted:
                    raise Close(CloseCode.SECOND_INIT, "Too many initialisation requests")
                self._greeted = True
                await self._send({"type": "connection_ack"})
            case Ping(None):
                await self._send({"type": "pong"})
            case Ping(payload):
                await self._send({"type": "pong", "payload": payload})
            case Pong():
                pass
            case Subscribe(name, operation):
                await self._start(name, operation, tasks)
            case Complete(name):
                if task := self._running.pop(name, None):
                    task.cancel()
            case _:
                assert_never(message)

    async def _start(self, name: str, operation: Operation, tasks: TaskGroup) -> None:
        if not self._greeted:
            raise Close(CloseCode.UNAUTHORIZED, "Unauthorized")
        if name in self._running:
            raise Close(CloseCode.DUPLICATE_ID, f"Subscriber for {name} already exists")
        if len(self._running) < self._max_operations:
            self._running[name] = tasks.create_task(self._run(name, operation))
        else:
            message = f"The socket has {self._max_operations} operations running already."
            error = refusal(message, TOO_MANY)
            self._turned_away(TOO_MANY, request_id(self._websocket))
            await self._send({"id": name, "type": "error", "payload": [error]})

    async def _run(self, name: str, operation: Operation) -> None:
        try:
            last = await self._pump(name, operation)
        except (Close, _Gone):
            raise
        except Exception as error:  # the last stop: what comes here is a bug
            key = request_id(self._websocket)
            logger.exception("request %s failed", key)
            reason = f"Internal server error; the log has its cause under request {key}."
            raise Close(CloseCode.BUG, reason) from error
        del self._running[name]  # before the client can know that the id is free
        await self._send(last)

    async def _pump(self, name: str, operation: Operation) -> dict[str, Any]:
        """Pass on an operation's answers; return the message that ends it."""
        async with aclosing(self._answers_of(operation)) as answers:
            async for answer in answers:
                if is_too_slow(answer):
                    raise Close(CloseCode.TOO_SLOW, TOO_SLOW)
                payload = format_result(answer, request_id(self._websocket))
                if "data" not in payload:
                    return {"id": name, "type": "error", "payload": payload["errors"]}
                await self._send({"id": name, "type": "next", "payload": payload})
        return {"id": name, "type": "complete"}

    async def _watch(self) -> None:
        """Notice a frame that stays where it is; a timer for each would cost more than a frame."""
        seen = -1
        while not (self._turn.locked() and self._sent == seen):
            seen = self._sent
            await asyncio.sleep(SEND_SECONDS)
        raise Close(CloseCode.TOO_SLOW, TOO_SLOW)

    async def _receive(self) -> Message:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise _Gone
        return parse_message(message.get("text"), max_bytes=self._max_bytes)

    async def _send(self, message: dict[str, Any]) -> None:
        """Hand one frame over, whole, after those before it."""
        frame = {"type": "websocket.send", "text": orjson.dumps(message).decode()}
        async with self._turn:
            with _gone():
                await self._websocket.send(frame)
            self._sent += 1


class _gone:  # noqa: N801  # used as a function; a class costs less a frame than a generator does
    """Take a refused send for what it is: the peer has left, or the server has closed on it."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, _: object) -> None:
        # RuntimeError is what uvicorn raises after a close of its own: a ping nobody answered, a
        # frame that breaks WebSocket's rules.
        if kind is not None and issubclass(kind, (WebSocketDisconnect, RuntimeError)):
            raise _Gone
