"""The load generator: requests over connections that are kept, as fast as their answers come.

It runs in a process of its own, and does as little as it can for an answer: beside a fast server
its own time counts. What it cannot look at in that time it hands back as samples.
"""

import asyncio
import gc
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any

import uvloop

PATIENCE_SECONDS = 60.0
"""How long after the end of a load its last answers are waited for."""


class FailedAnswers(Exception):
    """A server answered with errors, or with another status than 200, or not at all."""


@dataclass(frozen=True)
class Load:
    """Requests to send, over and over, beginning with the one that has the number `first`."""

    port: int
    requests: list[bytes]
    connections: int
    seconds: float
    first: int = 0


@dataclass(frozen=True)
class Outcome:
    """What became of a load. Latencies are in seconds.

    `seconds` ends with the last answer: every request that was sent is answered and counted.
    `fewest` is how many answers the connection got that got the fewest. `failures` counts what was
    not a 200 without errors, and `failure` is how the first of them begins. `samples` has each
    connection's last answer with its request's number. `cpu_seconds` is what generating took.
    """

    answers: int
    fewest: int
    failures: int
    failure: bytes
    seconds: float
    p50: float
    p99: float
    slowest: float
    cpu_seconds: float
    samples: list[tuple[int, bytes]]

    def check(self) -> None:
        """Raise FailedAnswers where there are any."""
        if self.failures:
            raise FailedAnswers(f"{self.failures} of {self.answers}, first: {self.failure[:600]!r}")


def generator_processes(wanted: int) -> ProcessPoolExecutor:
    """Start processes that generate; a new interpreter each, which has nothing of this one."""
    return ProcessPoolExecutor(wanted, mp_context=get_context("spawn"))


def generate(load: Load) -> Outcome:
    """Send a load and wait for every answer. Raises OSError where a connection is refused,
    TimeoutError where answers do not come.
    """
    gc.freeze()
    gc.disable()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_generate(load))
    finally:
        gc.enable()


class _Run:
    """What the connections of one load share."""

    def __init__(self, load: Load) -> None:
        self.requests = load.requests
        self.numbers = count(load.first)
        self.latencies: list[float] = []
        self.failures = 0
        self.failure = b""
        self.running = load.connections
        self.over = asyncio.get_running_loop().create_future()
        self.deadline = 0.0

    def fail(self, answer: bytes) -> None:
        self.failures += 1
        self.failure = self.failure or answer

    def leave(self) -> None:
        self.running -= 1
        if self.running == 0 and not self.over.done():
            self.over.set_result(None)


class _Connection(asyncio.Protocol):
    """Sends a request, waits for its answer to be complete, sends the next."""

    def __init__(self, run: _Run) -> None:
        self.run = run
        self.answers = 0
        self.number = 0
        self.received: list[bytes] = []
        self.missing = 0
        self.left = False

    def connection_made(self, transport: Any) -> None:  # uvloop's is none of asyncio's classes
        self.transport = transport

    def send(self, now: float) -> None:
        run = self.run
        self.number = number = next(run.numbers)
        self.began = now
        self.transport.write(run.requests[number % len(run.requests)])

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.received.append(data)
            self.missing -= len(data)
        else:
            self.begin_answer(data)
        if self.missing == 0:
            self.end_answer()

    def begin_answer(self, data: bytes) -> None:
        # A head that came in pieces would be an error here; no server sends one of 150 bytes so.
        head = data.index(b"\r\n\r\n")
        length = data.index(b"content-length: ", 0, head) + 16
        self.missing = head + 4 + int(data[length : data.index(b"\r", length)]) - len(data)
        self.received = [data]
        if data[9:12] != b"200" or b'"errors"' in data:
            self.run.fail(data)

    def end_answer(self) -> None:
        run = self.run
        now = perf_counter()
        run.latencies.append(now - self.began)
        self.answers += 1
        if now < run.deadline:
            self.send(now)
        else:
            self.leave()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.left:
            self.run.fail(b"the connection was closed")
            self.leave()

    def leave(self) -> None:
        self.left = True
        self.run.leave()

    def sample(self) -> tuple[int, bytes]:
        return self.number, b"".join(self.received).partition(b"\r\n\r\n")[2]


async def _generate(load: Load) -> Outcome:
    loop = asyncio.get_running_loop()
    run = _Run(load)
    connections = [
        (await loop.create_connection(lambda: _Connection(run), "127.0.0.1", load.port))[1]
        for _ in range(load.connections)
    ]
    began, cpu_began = perf_counter(), process_time()
    run.deadline = began + load.seconds
    for connection in connections:
        connection.send(perf_counter())
    await asyncio.wait_for(run.over, load.seconds + PATIENCE_SECONDS)
    seconds, cpu_seconds = perf_counter() - began, process_time() - cpu_began
    for connection in connections:
        connection.transport.close()
    if not run.latencies:
        raise ConnectionError("the server closed every connection without an answer")
    latencies = sorted(run.latencies)
    return Outcome(
        answers=len(latencies),
        fewest=min(connection.answers for connection in connections),
        failures=run.failures,
        failure=run.failure,
        seconds=seconds,
        p50=latencies[len(latencies) // 2],
        p99=latencies[len(latencies) * 99 // 100],
        slowest=latencies[-1],
        cpu_seconds=cpu_seconds,
        samples=[connection.sample() for connection in connections],
    )
