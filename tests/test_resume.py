"""A client that is cut off, and a server that is killed: the client resumes, and misses nothing.

RESUME_ROUNDS=50 plays longer.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from tests.conftest import Client, Server, free_port, serve
from tests.sql import Address
from tests.watching import FULL, SUBSCRIPTION, Listing
from tests.writers import SETUP, Writers

ROUNDS = int(os.environ.get("RESUME_ROUNDS", "2"))
FILTER = {"completed": {"eq": False}, "project": {"id": {"eq": "1"}}}
MARK = """mutation {
  createTask(input: {title: "mark", projectId: "1"}) { problems { message } syncToken }
}"""


@asynccontextmanager
async def subscribed(url: str, since: str) -> AsyncIterator[ClientConnection]:
    """Subscribe over a socket, as a client of graphql-transport-ws."""
    async with connect(
        url.replace("http", "ws") + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        compression=None,
        proxy=None,
    ) as socket:
        payload = {
            "query": SUBSCRIPTION.replace("SELECTION", FULL),
            "variables": {"filter": FILTER, "since": since},
        }
        await socket.send(json.dumps({"type": "connection_init"}))
        await socket.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        assert json.loads(await socket.recv()) == {"type": "connection_ack"}
        yield socket


def kill(server: Server) -> None:
    """Kill the server and its workers, who get to say and write nothing."""
    found = [server.process.pid]
    for pid in found:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        found += map(int, children)
    for pid in found:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    server.process.wait()


class Follower:
    """A client that follows, through whatever happens to its connection."""

    def __init__(self, url: str, client: Client, listing: Listing) -> None:
        self.url, self.client, self.listing = url, client, listing
        self.socket: ClientConnection | None = None
        self.heeded = asyncio.Condition()

    async def follow(self) -> None:
        """Follow until cancelled."""
        while True:
            with suppress(ConnectionClosed, InvalidHandshake, OSError, httpx2.TransportError):
                async with subscribed(self.url, self.listing.token) as self.socket:
                    async for frame in self.socket:
                        message = json.loads(frame)
                        if message["type"] != "next":
                            break  # the store was away for a moment
                        await self.listing.heed(
                            message["payload"]["data"]["taskEvents"], self.client
                        )
                        async with self.heeded:
                            self.heeded.notify_all()
            await asyncio.sleep(0.02)

    def cut_off(self) -> None:
        """Break the connection without a word."""
        if self.socket is not None:
            self.socket.transport.abort()

    async def reaches(self, token: str) -> None:
        """Wait until everything up to a position is heeded."""
        async with asyncio.timeout(20), self.heeded:
            await self.heeded.wait_for(lambda: self.listing.token >= token[:19])


async def _write(writers: Writers, random: Random, count: int) -> None:
    for _ in range(count):
        with suppress(httpx2.TransportError, json.JSONDecodeError):
            await writers.write()
        await asyncio.sleep(random.choice((0, 0, 0.01)))


async def _mark(client: Client) -> str:
    while True:
        with suppress(httpx2.TransportError):
            payload = (await client.data(MARK))["createTask"]
            assert payload["problems"] == []
            return str(payload["syncToken"])


async def _play(address: Address, random: Random, port: int, servers: ExitStack) -> None:
    def start() -> Server:
        arguments = ("--workers", "2", "--database", str(address))
        return servers.enter_context(serve(*arguments, port=port))

    server = await asyncio.to_thread(start)
    async with httpx2.AsyncClient(base_url=server.url) as http:
        client = Client(http)
        # The project stays: its id is in the filter.
        writers = Writers(random, client, address, kept_projects=("1",))
        listing = Listing(FILTER)
        await listing.begin(client)
        follower = Follower(server.url, client, listing)
        following = asyncio.create_task(follower.follow())
        for number in range(ROUNDS):
            writing = asyncio.create_task(_write(writers, random, 15))
            for _ in range(random.randint(0, 2)):
                await asyncio.sleep(random.random() * 0.1)
                follower.cut_off()
            if number % 2:
                await asyncio.sleep(random.random() * 0.1)
                kill(server)
                server = await asyncio.to_thread(start)
            await writing
            await follower.reaches(await _mark(client))
            fresh = Listing(FILTER)
            await fresh.begin(client)
            assert listing.tasks == fresh.tasks, writers.written
        following.cancel()
        await asyncio.wait([following])


@pytest.mark.parametrize("seed", [1, 2])
def test_resume(address: Address, seed: int) -> None:
    """However the connection and the server end, the list equals a fresh query."""
    address.execute(*SETUP)
    with ExitStack() as servers:
        asyncio.run(_play(address, Random(seed), free_port(), servers))
