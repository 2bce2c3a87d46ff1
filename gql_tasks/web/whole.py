"""A response that is there as a whole, written by one call.

uvicorn looks at every header of a response by itself, and writes the head before the body; of a
small answer that is a fifth of all the processor's time. Where the application stands on uvicorn's
connection with nothing between, what is known to be well-formed goes past that.
"""

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


def write_whole(cycle: RequestResponseCycle, headers: bytes, body: bytes) -> None:
    """Answer 200 with these header lines, each with its end, and a body of the length they say.

    This is what `RequestResponseCycle.send` does for such an answer.
    """
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    head = [b"HTTP/1.1 200 OK\r\n", *(b"%b: %b\r\n" % header for header in cycle.default_headers)]
    if not cycle.keep_alive:
        head.append(b"connection: close\r\n")
    cycle.transport.writelines((b"".join((*head, headers, b"\r\n")), body))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
