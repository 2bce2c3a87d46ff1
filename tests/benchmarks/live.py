"""The live form: how long after a commit is acknowledged its event is with every subscriber.

The subscribers and the writer are one process beside the server. A subscriber is a socket that
counts events; what it costs is a part of what is measured.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time
from typing import Any
from urllib.request import Request, urlopen

import orjson
import uvloop

from tests.benchmarks.compare import Settings
from tests.benchmarks.load import generator_processes
from tests.benchmarks.servers import ServerProcess, serve_filled
from tests.benchmarks.workloads import http_request

TARGET_MS = 100
WRITES_A_SECOND = 4
PATIENCE_SECONDS = 60.0

SUBSCRIPTION = """subscription ($since: SyncToken) {
  taskEvents(filter: {completed: {eq: false}}, since: $since) { kind id syncToken task { title } }
}"""
CREATE = 'mutation { createTask(input: {title: "live"}) { task { id } problems { message } } }'

UPGRADE = (
    b"GET /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    b"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
EVENT = b'"type":"next"'


@dataclass(frozen=True)
class Delivery:
    """What became of a number of writes: latencies in seconds, sorted, and the client's CPU."""

    latencies: list[float]
    seconds: float
    cpu_seconds: float


class _Subscriber(asyncio.Protocol):
    """A socket that says when events come; the first is CAUGHT_UP."""

    def __init__(self, arrivals: "_Arrivals", greeting: bytes) -> None:
        self._arrivals = arrivals
        self._greeting = greeting
        self._upgraded = False

    def connection_made(self, transport: Any) -> None:  # uvloop's is no asyncio.Transport
        self._transport = transport
        transport.write(UPGRADE)

    def data_received(self, data: bytes) -> None:
        if not self._upgraded:
            self._upgraded = True
            self._transport.write(self._greeting)
        if EVENT in data:
            self._arrivals.add(data.count(EVENT))


class _Arrivals:
    """The moments of a round's events."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self.begin()

    def begin(self) -> None:
        self.moments: list[float] = []
        self._all = asyncio.Event()

    def add(self, count: int) -> None:
        self.moments += [perf_counter()] * count
        if len(self.moments) >= self._wanted:
            self._all.set()

    async def complete(self) -> None:
        """Wait until every subscriber has its event."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._all.wait()
        assert len(self.moments) == self._wanted, "an event was told twice"


def deliver(port: int, subscribers: int, writes: int, token: str) -> Delivery:
    """Subscribe and write, in a process of its own."""
    return uvloop.run(_deliver(port, subscribers, writes, token))


async def _deliver(port: int, subscribers: int, writes: int, token: str) -> Delivery:
    loop = asyncio.get_running_loop()
    arrivals = _Arrivals(subscribers)
    payload = {"query": SUBSCRIPTION, "variables": {"since": token}}
    greeting = _frame({"type": "connection_init"}) + _frame(
        {"id": "1", "type": "subscribe", "payload": payload}
    )
    transports = []
    for _ in range(subscribers):
        transport, _protocol = await loop.create_connection(
            lambda: _Subscriber(arrivals, greeting), "127.0.0.1", port
        )
        transports.append(transport)
    await arrivals.complete()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = http_request(CREATE, {})
    latencies: list[float] = []
    began, cpu_began = perf_counter(), process_time()
    for number in range(writes):
        await asyncio.sleep(max(0.0, began + number / WRITES_A_SECOND - perf_counter()))
        arrivals.begin()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        acknowledged = perf_counter()
        length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
        body = await reader.readexactly(int(length.partition(b":")[2]))
        assert b'"problems":[]' in body, body
        await arrivals.complete()
        latencies += [moment - acknowledged for moment in arrivals.moments]
    delivery = Delivery(sorted(latencies), perf_counter() - began, process_time() - cpu_began)
    for transport in (*transports, writer):
        transport.close()
    return delivery


def _frame(message: dict[str, object]) -> bytes:
    """Write a client's text frame; its mask is zero, which changes nothing."""
    data = orjson.dumps(message)
    size = len(data)
    length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x81" + length + bytes(4) + data


def measure_live(settings: Settings, subscribers: int, directory: Path) -> str:
    """Deliver for as long as a comparison's runs take together."""
    writes = max(2, round(settings.seconds * settings.runs * WRITES_A_SECOND))
    with (
        generator_processes(1) as clients,
        serve_filled(directory, settings.tasks) as server,
    ):
        token = _token(server)
        clients.submit(deliver, server.port, subscribers, 2, token).result()  # warm
        token = _token(server)
        before = server.cpu_seconds()
        delivery = clients.submit(deliver, server.port, subscribers, writes, token).result()
        cpu = server.cpu_seconds() - before
    latencies = [1e3 * latency for latency in delivery.latencies]
    median, p99 = latencies[len(latencies) // 2], latencies[len(latencies) * 99 // 100]
    return (
        f"{subscribers} subscribers, {writes} writes: from acknowledged to delivered "
        f"median {median:.1f} ms (target: under {TARGET_MS}), p99 {p99:.1f} ms, "
        f"slowest {latencies[-1]:.1f} ms; server CPU {cpu / len(latencies) * 1e6:.0f} µs an event, "
        f"subscribing included; the client's {delivery.cpu_seconds / len(latencies) * 1e6:.0f} µs."
    )


def _token(server: ServerProcess) -> str:
    body = orjson.dumps({"query": "{ tasksConnection(first: 0) { syncToken } }"})
    request = Request(
        f"http://127.0.0.1:{server.port}/graphql", body, {"Content-Type": "application/json"}
    )
    with urlopen(request) as response:
        return str(orjson.loads(response.read())["data"]["tasksConnection"]["syncToken"])
