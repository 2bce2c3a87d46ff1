"""The moment when the process is asked to stop, for responses that would go on for ever.

uvicorn waits for its responses before it ends the application's lifespan, and tells only WebSockets
that it does. So the signals that stop it are heard here as well.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Whether the process has been asked to stop."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    @property
    def asked(self) -> bool:
        """Tell whether it has been asked."""
        return self._asked.is_set()

    async def wait(self) -> None:
        """Wait until it is asked."""
        await self._asked.wait()

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen to the signals that the server listens to, and pass them on to it."""
        if threading.current_thread() is not threading.main_thread():
            yield  # no server that stops by signals runs its application elsewhere
            return
        loop = asyncio.get_running_loop()
        servers = {number: signal.getsignal(number) for number in SIGNALS}

        def hear(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(self._asked.set)
            if callable(handler := servers[signal.Signals(number)]):
                handler(number, frame)

        heard = {number for number, handler in servers.items() if callable(handler)}
        for number in heard:
            signal.signal(number, hear)
        try:
            yield
        finally:
            for number in heard:
                signal.signal(number, servers[number])
