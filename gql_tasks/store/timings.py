"""How long a database's work takes, as those who wait for it see it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

Note = Callable[[float], None]
"""Takes the seconds that something took."""


def ignore(_: float) -> None:
    """Note nothing."""


class Timings:
    """What a database tells of its work, all of it on the event loop.

    A read is timed until its answer is there, a write or a transaction until it is committed or
    given up. `writes_waiting` counts those that are neither yet.
    """

    __slots__ = ("read", "write", "writes_waiting")

    def __init__(self, read: Note = ignore, write: Note = ignore) -> None:
        self.read = read
        self.write = write
        self.writes_waiting = 0

    @contextmanager
    def reading(self, *, since: float | None = None) -> Iterator[None]:
        """Time a read that is awaited, from here or from a reading of `perf_counter`."""
        start = perf_counter() if since is None else since
        try:
            yield
        finally:
            self.read(perf_counter() - start)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Time a write or a transaction."""
        self.writes_waiting += 1
        start = perf_counter()
        try:
            yield
        finally:
            self.writes_waiting -= 1
            self.write(perf_counter() - start)
