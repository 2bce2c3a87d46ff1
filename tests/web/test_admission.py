"""Connections that stay: so many of each client, so many of all, and counted off when they end."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from tests.conftest import Server, serve

SUBSCRIPTION = "subscription { taskEvents { kind } }"
FULL = "127.0.0.1 has 3 WebSockets and event streams open already."
ALL_FULL = "The server has 4 WebSockets and event streams open already."


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """The program with room for few."""
    few = ["--max-sockets-per-client", "3", "--max-sockets", "4", "--max-requests", "4"]
    with serve("--database", str(tmp_path / "tasks.db"), *few) as server:
        yield server


@asynccontextmanager
async def opened(
    server: Server, client: str = "", **options: Any
) -> AsyncIterator[ClientConnection]:
    """Open a socket, as a client behind a proxy where it is named."""
    async with connect(
        server.url.replace("http", "ws") + "/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        additional_headers={"X-Forwarded-For": client} if client else None,
        proxy=None,
        **options,
    ) as socket:
        yield socket


@asynccontextmanager
async def streamed(server: Server, client: str = "") -> AsyncIterator[httpx2.Response]:
    """Begin an event stream."""
    headers = {"accept": "text/event-stream"} | ({"x-forwarded-for": client} if client else {})
    async with (
        httpx2.AsyncClient(trust_env=False) as http,
        http.stream(
            "POST", f"{server.url}/graphql", json={"query": SUBSCRIPTION}, headers=headers
        ) as response,
    ):
        yield response


def refused(code: str, message: str) -> Any:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


async def refusal(server: Server, client: str = "") -> tuple[int, Any, str]:
    """Open a socket that is refused, and return how."""
    with pytest.raises(InvalidStatus) as refused:
        async with opened(server, client):
            pass
    response = refused.value.response
    return response.status_code, json.loads(response.body), response.headers["retry-after"]


async def stream_refusal(server: Server, client: str = "") -> tuple[int, Any, str]:
    async with streamed(server, client) as response:
        await response.aread()
        return response.status_code, response.json(), response.headers["retry-after"]


async def test_connections_of_a_client(small: Server) -> None:
    """Sockets and streams count together; one too many is refused, and there is room when one
    ends, for other clients before.
    """
    own = (429, refused("TOO_MANY_CONNECTIONS", FULL), "1")
    everyone = (503, refused("SERVICE_UNAVAILABLE", ALL_FULL), "1")
    async with AsyncExitStack() as stack:
        for _ in range(2):
            stream = await stack.enter_async_context(streamed(small))
            assert stream.headers["content-type"].startswith("text/event-stream")
        async with opened(small):
            assert await refusal(small) == own
            assert await stream_refusal(small) == own
            async with opened(small, "192.0.2.7"):
                assert await refusal(small, "192.0.2.8") == everyone
                assert await stream_refusal(small, "192.0.2.8") == everyone
                async with httpx2.AsyncClient() as http:
                    # What stays is no request: all of the places for those are free.
                    answers = await asyncio.gather(
                        *(http.get(f"{small.url}/tasks/") for _ in range(4))
                    )
                assert [answer.status_code for answer in answers] == [200] * 4
        await _room(small)
    await _room(small)
    small.process.terminate()
    assert small.process.communicate(timeout=30)[0].splitlines()[-1] == "Stop with Ctrl+C."


async def _room(server: Server) -> None:
    """Open a socket, as soon as the server has noticed that others ended."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with opened(server):
                    return
            except InvalidStatus:
                await asyncio.sleep(0.02)


async def test_listed_page_opens_a_socket(tmp_path: Path) -> None:
    """A page of a listed origin may, one of another may not."""
    page = "http://localhost:5173"
    with serve("--database", str(tmp_path / "tasks.db"), "--origins", page) as server:
        async with opened(server, origin=Origin(page)):
            pass
        with pytest.raises(InvalidStatus, match="403"):
            async with opened(server, origin=Origin("http://localhost:5174")):
                pass
