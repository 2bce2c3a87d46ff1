"""GraphQL over server-sent events: an operation's answers as one response that goes on.

The "distinct connections mode" of https://github.com/enisdenjo/graphql-sse's PROTOCOL.md. Errors of
the operation are events too, those before it runs included: a browser's EventSource shows its page
nothing of a response that is not an event stream.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, aclosing, suppress
from typing import Final

import orjson
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gql_tasks.graphql.errors import format_result
from gql_tasks.graphql.media_types import EVENT_STREAM
from gql_tasks.graphql.operation import Answer, is_too_slow
from gql_tasks.graphql.sockets import SEND_SECONDS
from gql_tasks.web.refusals import Refusal
from gql_tasks.web.stopping import Stopping

KEEP_ALIVE_SECONDS = 12
"""Between signs of life, so that proxies keep the connection and dead peers are noticed."""

_KEEP_ALIVE: Final = b":\n\n"
_COMPLETE: Final = b"event: complete\ndata:\n\n"


class EventStream(StreamingResponse):
    """A response that sends each answer when it is there.

    It ends with `complete` after the last one. A stream that ends without, because the reader fell
    behind or the server stops, is one to take up again.
    """

    def __init__(
        self,
        answers: AsyncGenerator[Answer],
        *,
        request_id: str,
        stopping: Stopping,
        staying: AbstractContextManager[None],
    ) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", "Vary": "Accept"}
        super().__init__((), headers=headers, media_type=EVENT_STREAM)
        self._answers = answers
        self._request_id = request_id
        self._stopping = stopping
        self._staying = staying

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Stream until the operation ends, the client goes or the server stops."""
        with self._staying:
            await self._stream(receive, send)

    async def _stream(self, receive: Receive, send: Send) -> None:
        async def write(message: Message) -> None:
            async with asyncio.timeout(SEND_SECONDS):
                await send(message)

        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.create_task(_disconnected(receive))
        stop = asyncio.create_task(self._stopping.wait())
        pump = asyncio.create_task(self._pump(send))
        try:
            await _keep_alive(write, {gone, stop, pump})
            await _end(pump)
            if not pump.cancelled():
                pump.result()
            if not gone.done():
                await write({"type": "http.response.body", "more_body": False})
        except TimeoutError:
            # Nothing can be said to a peer that does not read. The operation ends; how long its
            # connection is kept is for the server and the system to say.
            await _end(pump)
            await asyncio.wait({gone, stop}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await _end(gone, stop, pump)

    async def _pump(self, send: Send) -> None:
        async with aclosing(self._answers) as answers:
            async for answer in answers:
                data = orjson.dumps(format_result(answer, self._request_id))
                await send(_chunk(b"event: next\ndata: %b\n\n" % _one_line(data)))
                if is_too_slow(answer):
                    return
        await send(_chunk(_COMPLETE))


async def _keep_alive(write: Send, ending: set[asyncio.Task[None]]) -> None:
    """Give signs of life until one of the tasks is done.

    They also find out that the peer does not read: a timer for every event would cost more than it.
    """
    done: set[asyncio.Task[None]] = set()
    while not done:
        await write(_chunk(_KEEP_ALIVE))  # the first one at once: some browsers wait for a byte
        done, _ = await asyncio.wait(
            ending, timeout=KEEP_ALIVE_SECONDS, return_when=asyncio.FIRST_COMPLETED
        )


async def _disconnected(receive: Receive) -> None:
    with suppress(Refusal):  # a body that was announced, and does not come
        while (await receive())["type"] != "http.disconnect":
            pass


async def _end(*tasks: asyncio.Task[None]) -> None:
    """Cancel what still runs, and wait until it has let go of what it held."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def _chunk(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _one_line(data: bytes) -> bytes:
    """Keep JSON on its line: a line break in it is white space between two tokens."""
    return data.replace(b"\n", b" ").replace(b"\r", b" ")
