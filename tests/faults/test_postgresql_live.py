"""Subscriptions over a PostgreSQL that restarts or cuts them off: nothing missed, nothing twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests import postgresql
from tests.faults.postgresql_program import Served, served
from tests.faults.test_postgresql_sessions import CUT
from tests.postgresql import FAST, IMMEDIATE, Cluster

TOKEN = "{ tasksConnection(first: 0) { syncToken } }"
SUBSCRIPTION = """subscription ($since: SyncToken) {
  taskEvents(since: $since) { kind task { title } }
}"""
CHANGED = "SELECT after ->> 'title' FROM changes WHERE before IS NULL ORDER BY id"


@asynccontextmanager
async def subscribed(program: Served) -> AsyncIterator[list[Any]]:
    """Subscribe over an event stream that must not end, and collect what it tells."""
    token = (await program.graphql(TOKEN))["data"]["tasksConnection"]["syncToken"]
    told: list[Any] = []
    caught_up = asyncio.Event()

    async def follow() -> None:
        body = {"query": SUBSCRIPTION, "variables": {"since": token}}
        headers = {"accept": "text/event-stream"}
        async with program.http.stream("POST", "/graphql", json=body, headers=headers) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: {"):
                    told.append(json.loads(line.removeprefix("data: "))["data"]["taskEvents"])
                    caught_up.set()

    following = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(10):
            await caught_up.wait()
        assert told.pop() == {"kind": "CAUGHT_UP", "task": None}
        yield told
        assert not following.done()
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def assert_told(program: Served, told: list[Any]) -> None:
    """Check that every task that was created was told of, once, in the order of the log."""
    created = [title for (title,) in await postgresql.fetch(program.database, CHANGED)]
    async with asyncio.timeout(15):
        while len(told) < len(created):  # noqa: ASYNC110  # what is awaited is read by another task
            await asyncio.sleep(0.02)
    assert [event["task"]["title"] for event in told] == created


@pytest.mark.parametrize("how", [FAST, IMMEDIATE, None], ids=["fast", "immediate", "killed"])
async def test_events_over_a_restart(
    server: Cluster, database: str, tmp_path: Path, how: Any
) -> None:
    """A subscription lives through a restart and through a crash."""
    async with served(tmp_path, database) as program, subscribed(program) as told:
        async with program.writers():
            await program.writes_done(10)
            await asyncio.to_thread(*((server.kill,) if how is None else (server.shut_down, how)))
            await program.assert_alive()
            await asyncio.to_thread(server.start)
            await program.writes_done(10)
        await assert_told(program, told)


async def test_events_when_cut_off(database: str, tmp_path: Path) -> None:
    """A subscription lives on when the sessions under it are cut off again and again."""
    async with served(tmp_path, database) as program, subscribed(program) as told:
        async with program.writers(4):
            for _ in range(5):
                await program.writes_done(10)
                await postgresql.execute(database, CUT)
        await assert_told(program, told)
