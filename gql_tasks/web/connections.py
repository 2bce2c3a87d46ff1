"""uvicorn's HTTP protocol, with bounds on what it takes in before the application hears of it.

uvicorn waits for a request's first lines as long as a client likes, and keeps as much of them as it
sends; and it keeps an answer for a client that does not read it. Bodies are bounded by the
application: `requests.py` and `admission.py`.
"""

import asyncio
from http import HTTPStatus
from secrets import token_hex
from typing import Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gql_tasks.web.headers import DATA_HEADERS

MAX_HEAD_BYTES: Final = 65_536
"""Bytes of a request's first line and headers."""

UNREAD_SECONDS: Final = 60
"""How long a client may take nothing of an answer. The system takes it off in large pieces, so that
one who reads slowly takes nothing for some seconds."""


class Connections(HttpToolsProtocol):
    """One connection of an HTTP client."""

    def __init__(self, *arguments: Any, receive_seconds: float, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._receive_seconds = receive_seconds
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None
        self._earlier: list[RequestResponseCycle] = []
        self._looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._stop_waiting()
        self._stop_looking()
        super().connection_lost(exc)
        self._disconnect()

    def pause_writing(self) -> None:
        """See to it that the client reads what has been written for it."""
        super().pause_writing()
        self._look_again()

    def resume_writing(self) -> None:
        """Go on writing; the client has read."""
        super().resume_writing()
        self._stop_looking()

    def data_received(self, data: bytes) -> None:
        """Take what came, and see to it that a request's head comes to an end."""
        room = MAX_HEAD_BYTES - self._head_bytes
        if len(data) > room and self._is_before_request():
            super().data_received(data[:room])
            if self.transport.is_closing():
                return
            if self._is_before_request():
                self._refuse(431, "BAD_REQUEST", f"The headers are over {MAX_HEAD_BYTES} bytes.")
                return
            data = data[room:]
        super().data_received(data)
        if not self._is_before_request():
            if self._patience is not None or self._head_bytes:
                self._stop_waiting()
        elif not self.transport.is_closing():
            self._head_bytes += len(data)
            self._wait()

    def on_headers_complete(self) -> None:
        """Keep in mind what is answered, or waits its turn, while the client has asked for more."""
        earlier: RequestResponseCycle | None = self.cycle
        super().on_headers_complete()
        if earlier is not None and earlier is not self.cycle:
            if earlier.response_complete:
                self._earlier.clear()
            else:
                self._earlier.append(earlier)

    def handle_websocket_upgrade(self) -> None:
        """Hand the connection over."""
        self._stop_waiting()
        self._stop_looking()
        super().handle_websocket_upgrade()

    def shutdown(self) -> None:
        """Close what is idle, and what has not come whole: nobody waits for the rest of it."""
        super().shutdown()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is not None and cycle.more_body and not cycle.response_started:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn's is not JSON
        """Refuse what is not HTTP."""
        self._refuse(400, "BAD_REQUEST", "This is not an HTTP request.")

    def _is_before_request(self) -> bool:
        """Tell whether what comes now belongs to the head of a request, or to none."""
        if self.transport.get_protocol() is not self:
            return False  # it is a WebSocket now
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.scope is not self.scope or cycle.response_complete

    def _wait(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(self._receive_seconds, self._lose_patience)

    def _stop_waiting(self) -> None:
        self._head_bytes = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _lose_patience(self) -> None:
        self._patience = None
        if self._head_bytes:
            message = f"The request did not come in {self._receive_seconds:g} seconds."
            self._refuse(408, "REQUEST_TIMEOUT", message)
        else:
            self.transport.close()  # nothing was asked

    def _look_again(self) -> None:
        unread = self.transport.get_write_buffer_size()
        self._looking = self.loop.call_later(UNREAD_SECONDS, self._look_whether_read, unread)

    def _look_whether_read(self, unread: int) -> None:
        if self.transport.get_write_buffer_size() < unread:
            self._look_again()
        else:
            self.transport.abort()  # closed, it would wait for the client to read

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None

    def _refuse(self, status: int, code: str, message: str) -> None:
        """Answer without the application, and close."""
        self._stop_waiting()
        body = orjson.dumps({"detail": message, "code": code})
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
            (b"x-request-id", token_hex(8).encode()),
            *DATA_HEADERS,
        ]
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        fields = b"".join(b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"%b%b\r\n%b" % (line, fields, body))
        self.transport.close()
        self._disconnect()

    def _disconnect(self) -> None:
        """Tell all requests that are not answered that nobody waits; uvicorn tells the last one."""
        cycles: list[RequestResponseCycle | None] = [*self._earlier, self.cycle]
        for cycle in cycles:
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
