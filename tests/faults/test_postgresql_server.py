"""PostgreSQL restarted, killed and frozen under writers: what is written is written once.

KILL_ROUNDS=50 kills longer.
"""

import asyncio
import os
from pathlib import Path
from signal import Signals

import pytest

from tests import postgresql
from tests.faults.postgresql_program import (
    READ,
    STATEMENT_SECONDS,
    UNAVAILABLE,
    Outcome,
    served,
)
from tests.postgresql import FAST, IMMEDIATE, Cluster

ROUNDS = int(os.environ.get("KILL_ROUNDS", "4"))


@pytest.mark.parametrize("how", [FAST, IMMEDIATE], ids=["fast", "immediate"])
async def test_restart(server: Cluster, database: str, tmp_path: Path, how: Signals) -> None:
    """A restart under writers fails some of what goes on, loses nothing, and is got over."""
    async with served(tmp_path, database) as program:
        async with program.writers():
            await program.writes_done(20)
            await asyncio.to_thread(server.shut_down, how)
            assert (await program.error(READ))[1] == UNAVAILABLE
            await program.assert_alive()
            await asyncio.to_thread(server.start)
            await program.writes_done(20)
        await program.assert_healed()


async def test_kills(server: Cluster, database: str, tmp_path: Path) -> None:
    """A server that is killed again and again has every acknowledged write, and each once."""
    async with served(tmp_path, database) as program:
        async with program.writers(16):
            for _ in range(ROUNDS):
                await program.writes_done(20)
                await asyncio.to_thread(server.kill)
                await program.assert_alive()
                await asyncio.to_thread(server.start)
            await program.writes_done(20)
        assert program.outcomes[Outcome.REFUSED] > 0
        await program.assert_healed()


async def test_a_short_freeze(server: Cluster, database: str, tmp_path: Path) -> None:
    """A server that stands still for less than a statement may take is waited for."""
    async with served(tmp_path, database, "--statement-seconds", "10") as program:
        await program.graphql(READ)
        with server.frozen():
            reads = [asyncio.create_task(program.graphql(READ)) for _ in range(5)]
            writes = [asyncio.create_task(program.write(f"frozen {n}")) for n in range(4)]
            await program.assert_alive()
            _, pending = await asyncio.wait([*reads, *writes], timeout=5)
            assert len(pending) == 9
        assert [await write for write in writes] == [Outcome.DONE] * 4
        assert [await read for read in reads if "errors" in await read] == []
        await program.assert_healed()
    rows = await postgresql.fetch(program.database, "SELECT title FROM tasks WHERE title LIKE 'f%'")
    assert sorted(rows) == [(f"frozen {n}",) for n in range(4)]


async def test_a_long_freeze(server: Cluster, database: str, tmp_path: Path) -> None:
    """Of a server that stands still, requests are told in time, and their writes are not done."""
    async with served(tmp_path, database) as program:
        async with program.writers():
            await program.writes_done(10)
            with server.frozen():
                errors = await asyncio.gather(*(program.error(READ) for _ in range(30)))
                assert [extensions for _, extensions in errors] == [UNAVAILABLE] * 30
                await program.assert_alive()
                await asyncio.sleep(STATEMENT_SECONDS)
        await program.assert_healed()
