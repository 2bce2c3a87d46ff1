"""How long the store's work takes is noted once for each wait, and never while it goes on."""

import asyncio
from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Any

import pytest
from sqlalchemy import text

from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, ReadSession, WriteSession
from gql_tasks.store.timings import Timings
from tests.sql import Address

FIRST = ReadPlan.by_id(Entity.TASK, (Column("id", "id"),), 1)


class Noted:
    """What was noted, in seconds."""

    def __init__(self) -> None:
        self.reads: list[float] = []
        self.writes: list[float] = []
        self.timings = Timings(self.reads.append, self.writes.append)

    @property
    def counts(self) -> tuple[int, int, int]:
        """Reads, writes, and the writes that wait."""
        return len(self.reads), len(self.writes), self.timings.writes_waiting


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
async def database(address: Address, noted: Noted) -> AsyncIterator[Database]:
    database = open_database(address, timings=noted.timings)
    await database.open()
    yield database
    await database.close()


def count(session: ReadSession) -> int:
    found: int = session.execute(text("SELECT count(*) FROM tasks")).scalar_one()
    return found


def create(session: WriteSession) -> None:
    session.execute(text("INSERT INTO tasks (title) VALUES ('a')"))


async def maybe_awaited(value: Any) -> Any:
    return await value if isawaitable(value) else value


async def test_reads(database: Database, noted: Noted) -> None:
    """A read counts once, on the loop or on a thread, in a session, by itself or as work."""
    for so_far in range(3):  # a statement's first run is on a thread, on SQLite
        await maybe_awaited(database.answer([database.prepare(FIRST)] * 2))
        assert noted.counts == (so_far + 1, 0, 0)
    for so_far in range(3, 6):
        session = database.session()
        await maybe_awaited(session.read(FIRST))
        await session.finish()
        assert noted.counts == (so_far + 1, 0, 0)
    assert await database.read(count) == 0
    assert noted.counts == (7, 0, 0)
    assert min(noted.reads) > 0


async def test_writes(database: Database, noted: Noted) -> None:
    """A write counts once, however it ends, and a transaction as one with all its work."""
    await database.write(create)
    await database.write(create, short=True)
    assert noted.counts == (0, 2, 0)
    with pytest.raises(ZeroDivisionError):
        await database.write(lambda _: 1 // 0)
    assert noted.counts == (0, 3, 0)
    async with database.transaction() as transaction:
        await transaction.write(create)
        await transaction.write(create)
        assert noted.counts == (0, 3, 1)
    assert noted.counts == (0, 4, 0)
    assert min(noted.writes) > 0


async def test_waiting_writes(database: Database, noted: Noted, address: Address) -> None:
    """Writes wait until they are committed, and their time is that of whoever waits."""
    async with database.transaction() as transaction:
        await transaction.write(lambda session: session.execute(text("UPDATE tasks SET id = id")))
        waiting = asyncio.create_task(database.write(create))
        await asyncio.sleep(0)
        assert noted.counts == (0, 0, 2)
    await waiting
    assert noted.counts == (0, 2, 0)
    assert address.fetch("SELECT count(*) FROM tasks") == [(1,)]
