"""uvicorn's WebSocket protocol, without its traceback for a client's mistake."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

LEAVE_SECONDS: Final = 15
"""How long a peer may take what was sent, and close, when the application is done with its socket.
uvicorn gives it 10 seconds to close, and then waits until everything is taken."""


class WebSockets(WebSocketsSansIOProtocol):
    """The protocol that the server speaks to WebSocket clients.

    Of uvicorn's three it is the one that stops reading while the application is busy, and whose
    `send` waits for a peer that is slow.
    """

    _leaving: asyncio.TimerHandle | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        if self._leaving is not None:
            self._leaving.cancel()
        super().connection_lost(exc)

    async def run_asgi(self) -> None:
        """Converse, and do not stay with a peer that does not read."""
        await super().run_asgi()
        if not self.disconnected:
            self._leaving = self.loop.call_later(LEAVE_SECONDS, self.transport.abort)

    def data_received(self, data: bytes) -> None:
        """Close on a handshake that is none, which uvicorn leaves unanswered and open."""
        super().data_received(data)
        if self.conn.handshake_exc is not None and not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    async def send(self, message: Any) -> None:
        """Count a handshake that is refused as complete; uvicorn logs it as an error."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body"):
            self.handshake_complete = True

    def send_receive_event_to_app(self) -> None:
        """Close on text that is not UTF-8, which uvicorn logs as if it were a bug."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.fail(1007, "text that is not UTF-8")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()
