"""The store's door on both databases: transactions, snapshots, many at once."""

import asyncio
from collections.abc import AsyncIterator
from inspect import isawaitable
from typing import Any

import orjson
import pytest

from gql_tasks.domain.errors import Refused
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, OperationSession, WriteSession
from tests.conftest import Client
from tests.sql import Address

TITLES = ReadPlan.listing(Entity.TASK, (Column("title", "title"),))


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    database = open_database(address)
    await database.open()
    yield database
    await database.close()


async def titles(session: OperationSession) -> list[str]:
    reading = session.read(TITLES)
    answer: Any = await reading if isawaitable(reading) else reading
    return [task["title"] for task in orjson.loads(orjson.dumps(answer))]


async def test_what_raises_rolls_back(database: Database, address: Address) -> None:
    """Work that raises, whatever it raises, leaves nothing written, and its error is passed on."""

    class Mishap(Exception):
        pass

    def work(session: WriteSession) -> None:
        tasks.create_task(session, NewTask("undone"))
        raise Mishap

    with pytest.raises(Mishap):
        await database.write(work)
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


async def test_a_refusal_half_way_rolls_back(database: Database, address: Address) -> None:
    """A refusal undoes what the same transaction wrote before it."""

    def work(session: WriteSession) -> None:
        tasks.create_task(session, NewTask("undone"))
        tasks.delete_task(session, "404")

    with pytest.raises(Refused, match=r'^no task has the id "404"$'):
        await database.write(work)
    assert address.fetch("SELECT count(*) FROM tasks") == [(0,)]


async def test_a_session_sees_one_snapshot(database: Database, address: Address) -> None:
    """Reads of one operation agree, whatever is committed between them; the next sees it."""
    address.execute("INSERT INTO tasks (title) VALUES ('first')")
    session = database.session()
    try:
        assert await titles(session) == ["first"]
        await database.write(lambda write: tasks.create_task(write, NewTask("second")))
        address.execute("INSERT INTO tasks (title) VALUES ('third')")
        assert await titles(session) == ["first"]
    finally:
        await session.finish()
    following = database.session()
    try:
        assert await titles(following) == ["first", "second", "third"]
    finally:
        await following.finish()


async def test_a_write_reads_its_own_writes(database: Database) -> None:
    """A write session reads what it has written, through the same plans."""

    def work(session: WriteSession) -> Any:
        tasks.create_task(session, NewTask("mine"))
        return session.execute_plan(TITLES)

    assert orjson.loads(orjson.dumps(await database.write(work))) == [{"title": "mine"}]


async def test_many_at_once(client: Client, address: Address) -> None:
    """Of 64 readers and 64 writers at once each gets its answer, and each write is there once."""

    async def write(number: int) -> str:
        data = await client.data(
            "mutation ($title: String!) { createTask(input: {title: $title}) { task { title } } }",
            {"title": f"task {number}"},
        )
        return data["createTask"]["task"]["title"]

    async def read() -> int:
        data = await client.data("{ first: tasks { id } second: tasks { id } task(id: 1) { id } }")
        assert data["first"] == data["second"]
        return len(data["first"])

    async with asyncio.timeout(30):
        answers = await asyncio.gather(
            *(request for number in range(64) for request in (write(number), read()))
        )
    written = [f"task {number}" for number in range(64)]
    assert answers[0::2] == written
    assert all(0 <= count <= 64 for count in answers[1::2])
    assert sorted(address.fetch("SELECT title FROM tasks")) == sorted((title,) for title in written)


async def test_updates_of_one_task_at_once(client: Client, address: Address) -> None:
    """Of 32 updates of one task at once none is lost: each moves the version by one."""
    address.execute("INSERT INTO tasks (title) VALUES ('contended')")

    async def update(number: int) -> int:
        data = await client.data(
            "mutation ($text: String!) {"
            " updateTask(id: 1, input: {description: $text}) { task { version } } }",
            {"text": f"change {number}"},
        )
        return data["updateTask"]["task"]["version"]

    async with asyncio.timeout(30):
        versions = await asyncio.gather(*map(update, range(32)))
    assert sorted(versions) == list(range(2, 34))
