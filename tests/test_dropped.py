"""A thousand subscribers that vanish: what they held comes back, and nobody hears of it."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import httpx2

from tests.benchmarks.servers import ServerProcess
from tests.conftest import serve
from tests.test_resume import subscribed
from tests.watching import watching

SUBSCRIBERS = 1_000
GROWN_BYTES = 20e6
"""The second and third thousand take what the allocator kept of the first, but for this."""


async def test_dropped_subscribers(tmp_path: Path) -> None:
    """A thousand subscribers that end leave no subscriber, no task, and no feed."""
    async with watching(str(tmp_path / "tasks.db")) as feed:
        before = len(asyncio.all_tasks())
        async with AsyncExitStack() as stack:
            for _ in range(SUBSCRIBERS):
                await stack.enter_async_context(feed.stream("kind id"))
            assert feed.live.subscriber_count == SUBSCRIBERS
        assert feed.live.subscriber_count == 0
        await feed.silent()
        assert len(asyncio.all_tasks()) == before


def test_dropped_connections(tmp_path: Path) -> None:
    """Thousands of sockets that break off take no more memory than the first, and log nothing."""
    many = ("--max-sockets-per-client", str(SUBSCRIBERS))
    with serve("--database", str(tmp_path / "tasks.db"), *many) as server:
        process = ServerProcess(server.process.pid, 0)
        assert asyncio.run(_come_and_go(server.url, SUBSCRIBERS)) == SUBSCRIBERS
        first = process.resident_bytes()
        held = [asyncio.run(_come_and_go(server.url, SUBSCRIBERS)) for _ in range(2)]
        assert held == [SUBSCRIBERS] * 2
        assert process.resident_bytes() < first + GROWN_BYTES
        assert httpx2.get(f"{server.url}/tasks/").status_code == 200
        server.process.terminate()
        said = server.process.communicate(timeout=30)[0]
    assert said.splitlines()[-1] == "Stop with Ctrl+C."


async def _come_and_go(url: str, count: int) -> int:
    """Subscribe so often, hear that each has caught up, and break every connection."""
    async with httpx2.AsyncClient(base_url=url) as http:
        response = await http.post("/graphql", json={"query": "{ tasksConnection { syncToken } }"})
    token = response.json()["data"]["tasksConnection"]["syncToken"]
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(subscribed(url, token)) for _ in range(count)]
        heard = [await socket.recv() for socket in sockets]
        for socket in sockets:
            socket.transport.abort()
    return sum("CAUGHT_UP" in str(message) for message in heard)
