"""A response that is there as a whole, written by one call.

uvicorn looks at every header of a response by itself, and writes the head before the body; of a
small answer that is a fifth of all the processor's time. Where the application stands on uvicorn's
connection with nothing between, what is known to be well-formed goes past that.
"""

from functools import lru_cache

from starlette.types import Send
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle


def connection_of(send: Send) -> RequestResponseCycle | None:
    """Find uvicorn's side of a request that has no answer yet; None where there is another."""
    cycle = getattr(send, "__self__", None)
    if (
        not isinstance(cycle, RequestResponseCycle)
        or cycle.response_started
        or cycle.disconnected
        or cycle.access_log
        or cycle.flow.write_paused
    ):
        return None
    return cycle


def body_of(send: Send) -> bytes | None:
    """Find the body of a request that has come as a whole, and leave it there to be received."""
    cycle = connection_of(send)
    return None if cycle is None or cycle.more_body else bytes(cycle.body)


@lru_cache(1)
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Write headers; uvicorn's own change once a second."""
    return b"".join(b"%b: %b\r\n" % header for header in headers)


def write_whole(cycle: RequestResponseCycle, headers: bytes, body: bytes) -> None:
    """Answer 200 with these header lines, each with its end, and a body of the length they say.

    This is what `RequestResponseCycle.send` does for such an answer.
    """
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    connection = b"" if cycle.keep_alive else b"connection: close\r\n"
    lines = _lines(tuple(cycle.default_headers)), connection, headers
    head = b"HTTP/1.1 200 OK\r\n%b%b%b\r\n" % lines
    cycle.transport.writelines((head, body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
