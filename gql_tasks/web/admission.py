"""How much is done at once: requests that are being answered, connections that stay.

What is over the bounds is refused at once, with the time to come again, rather than left to wait
without end.
"""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from starlette.requests import HTTPConnection

from gql_tasks.web.refusals import Refusal

logger = logging.getLogger("gql_tasks.web")

TOLD_SECONDS: Final = 60
"""Between two lines in the log about too many requests."""


class Admission:
    """Counts what one process has to do. Its `requests` are counted by the wall, which is hot."""

    def __init__(self, *, max_requests: int, max_sockets: int, max_sockets_per_client: int) -> None:
        self.max_requests = max_requests
        self.max_sockets = max_sockets
        self.max_sockets_per_client = max_sockets_per_client
        self.requests = 0
        self.sockets = 0
        self._by_client: Counter[str] = Counter()
        self._told_at = -float(TOLD_SECONDS)

    def full(self) -> Refusal:
        """Refuse one request more; the log hears of it now and then."""
        if monotonic() - self._told_at >= TOLD_SECONDS:
            self._told_at = monotonic()
            logger.warning("%d requests at once: others are refused", self.max_requests)
        return _unavailable(f"The server is answering {self.max_requests} requests already.")

    @contextmanager
    def still_coming(self) -> Iterator[None]:
        """Leave a request out while it is waited for. Raises Refusal where its place is gone."""
        self.requests -= 1
        try:
            yield
        finally:
            self.requests += 1
        if self.requests > self.max_requests:
            raise self.full()

    def check_room(self, connection: HTTPConnection) -> None:
        """Raise Refusal where a client's WebSocket, or event stream, is one too many."""
        client = connection.client
        if client and self._by_client[client.host] >= self.max_sockets_per_client:
            message = (
                f"{client.host} has {self.max_sockets_per_client} WebSockets and event streams "
                "open already."
            )
            raise Refusal(429, "TOO_MANY_CONNECTIONS", message, retry_after="1")
        if self.sockets >= self.max_sockets:
            raise _unavailable(
                f"The server has {self.max_sockets} WebSockets and event streams open already."
            )

    @contextmanager
    def staying(self, connection: HTTPConnection) -> Iterator[None]:
        """Count a WebSocket or an event stream for as long as it lasts, and not as a request."""
        client = connection.client.host if connection.client else ""
        request = connection.scope["type"] == "http"
        self.requests -= request
        self.sockets += 1
        self._by_client[client] += 1
        try:
            yield
        finally:
            self.requests += request
            self.sockets -= 1
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]


def _unavailable(message: str) -> Refusal:
    return Refusal(503, "SERVICE_UNAVAILABLE", message, retry_after="1")
