"""The time that a statement may take on SQLite: what takes longer is stopped, and nobody waits."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from gql_tasks.domain.errors import StatementTimeout
from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store.database import ReadSession, WriteSession
from gql_tasks.store.sqlite import SqliteDatabase
from tests.conftest import running_app
from tests.faults.outside import assert_whole, titles
from tests.faults.program import Answer, serving
from tests.sql import Address
from tests.statements import statements_run

SUBTASKS = 2_500
SECONDS = 0.2
TOO_LONG = "the database took longer than 0.2 seconds; ask for less"

ABOVE = {"data": {"task": {"title": "above"}}}

SLOW = '{ parent: { subtasks: { some: { parent: { title: { contains: "zzz" } } } } } }'
"""A filter whose time grows with the square of the subtasks."""

FIRST = """query ($word: String!) {
  tasks(limit: 1, filter: {parent: {subtasks: {some: {title: {contains: $word}}}}}) { title }
}"""
"""Found at the first of the subtasks, or at none of them after each was compared with all."""

NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})"
ENDLESS = f"{NUMBERS.format(10**12)} SELECT count(*) FROM n"


@pytest.fixture
async def database(store_file: Path) -> AsyncIterator[SqliteDatabase]:
    """A new file whose statements may take a moment."""
    database = SqliteDatabase(store_file, statement_seconds=SECONDS)
    await database.open()
    yield database
    await database.close()


def fill(path: Path) -> None:
    """Write a task with many subtasks, from outside."""
    Address(path).execute(
        "INSERT INTO tasks (id, title) VALUES (1, 'above')",
        f"{NUMBERS.format(SUBTASKS)} INSERT INTO tasks (title, parent_id)"
        " SELECT 'under ' || i, 1 FROM n",
    )


def assert_stopped(answer: Answer) -> None:
    assert answer.error["message"] == TOO_LONG
    assert answer.error["extensions"] == {"code": "STATEMENT_TIMEOUT"}


def test_a_slow_read(store_file: Path) -> None:
    """It is STATEMENT_TIMEOUT, on either way to the store; others are answered meanwhile."""
    query = f"{{ tasks(filter: {SLOW}) {{ id }} }}"
    with serving(store_file, "--statement-seconds", str(SECONDS)) as program:
        fill(store_file)
        with ThreadPoolExecutor(4) as threads:
            slow = [threads.submit(program.graphql, query) for _ in range(8)]
            while not all(read.done() for read in slow):
                assert program.is_alive()
            for read in slow:
                assert_stopped(read.result())
        assert program.graphql("{ task(id: 1) { title } }").body == ABOVE
        assert len(program.logged()) == 8
        assert all(line.endswith("(OperationalError: interrupted)") for line in program.logged())


async def test_a_slow_read_is_not_begun_again(store_file: Path) -> None:
    """A document that is known is answered as it was the first time, and read once."""
    query = f"{{ tasks(filter: {SLOW}) {{ id }} }}"
    async with running_app(str(store_file), statement_seconds=SECONDS) as client:
        fill(store_file)
        first = await client.graphql(query)
        with statements_run() as run:  # those of the way for documents that are new
            assert await client.graphql(query) == first
        (error,) = first["errors"]
        assert (first["data"], error["path"], error["message"]) == (None, ["tasks"], TOO_LONG)
        assert run == []


async def test_an_operation_has_the_time_of_one_statement(store_file: Path) -> None:
    """Where a root field has taken it all, those after it are not read."""
    roots = [f"r{number}: task(id: 1) {{ ...F }}" for number in range(4)]
    slow = f"fragment F on Task {{ subtasks(filter: {SLOW}) {{ id }} }}"
    query = f"{{ {' '.join(roots)} }} {slow}"
    async with running_app(str(store_file), statement_seconds=SECONDS) as client:
        fill(store_file)
        with statements_run() as run:
            first = await client.graphql(query)
        assert [statement.text.split()[0] for statement in run] == ["BEGIN", "SELECT"]
        assert [error["message"] for error in first["errors"]] == [TOO_LONG] * 4
        assert await client.graphql(query) == first


def test_a_slow_write(store_file: Path) -> None:
    """It is STATEMENT_TIMEOUT and not done; the next write is."""
    with serving(store_file, "--statement-seconds", str(SECONDS)) as program:
        fill(store_file)
        before = titles(store_file)
        update = f'updateTasks(filter: {SLOW}, input: {{title: "new"}}, atMost: 1)'
        assert_stopped(program.graphql(f"mutation {{ {update} {{ affectedCount }} }}"))
        delete = f"deleteTasks(filter: {SLOW}, atMost: 1)"
        both = f'a: createTask(input: {{title: "a"}}) {{ syncToken }} b: {delete} {{ syncToken }}'
        assert_stopped(program.graphql(f"mutation @atomic {{ {both} }}"))
        assert titles(store_file) == before
        assert program.create("after").body["data"]
    assert titles(store_file) == [*before, "after"]
    assert_whole(store_file)


def test_a_read_that_was_fast(store_file: Path) -> None:
    """One that proved to be fast, and with other values is slow, is answered and holds up none."""
    with serving(store_file) as program:
        fill(store_file)
        for _ in range(5):
            found = program.graphql(FIRST, {"word": "under"})
            assert found.body == {"data": {"tasks": [{"title": "under 1"}]}}
        with ThreadPoolExecutor(1) as thread:
            slow = thread.submit(program.graphql, FIRST, {"word": "zzz"})
            while not slow.done():
                assert program.is_alive()
        assert slow.result().body == {"data": {"tasks": []}}


async def test_the_store_stops_every_kind_of_statement(database: SqliteDatabase) -> None:
    """Work that reads, work that writes, and work in a longer transaction."""

    def read(session: ReadSession) -> object:
        return session.execute(text(ENDLESS)).scalar()

    def insert(session: WriteSession) -> None:
        endless = ENDLESS.replace("count(*)", "i, 'never'")
        session.execute(text(f"INSERT INTO labels (id, name) {endless}"))

    for work in (read, insert):
        with pytest.raises(StatementTimeout) as stopped:
            await database.write(work)
        assert stopped.value.seconds == SECONDS
    with pytest.raises(StatementTimeout):
        await database.read(read)

    async def both() -> None:
        async with database.transaction() as transaction:
            await transaction.write(lambda session: tasks.create_task(session, NewTask("a")))
            await transaction.write(insert)

    with pytest.raises(StatementTimeout):
        await both()
    assert await database.write(lambda session: tasks.create_task(session, NewTask("b"))) == 1
    assert titles(database.path) == ["b"]
    assert_whole(database.path)


async def test_many_short_statements(database: SqliteDatabase) -> None:
    """The time is each statement's: together they may take longer."""

    def work(session: ReadSession) -> int:
        total = 0
        for _ in range(40):
            total += session.execute(text(ENDLESS.replace(str(10**12), "40000"))).scalar_one()
        return total

    assert await database.read(work) == 40 * 40_000
    assert await database.write(work) == 40 * 40_000


async def test_a_migration_takes_its_time(store_file: Path) -> None:
    """Opening an old file that takes longer than a statement may is not stopped."""
    Address(store_file).execute(
        "CREATE TABLE tasks (id INTEGER NOT NULL, title VARCHAR, description VARCHAR,"
        " completed BOOLEAN, PRIMARY KEY (id))",
        f"{NUMBERS.format(30_000)} INSERT INTO tasks (title, description, completed)"
        " SELECT 'task ' || i, 'some words', 0 FROM n",
    )
    database = SqliteDatabase(store_file, statement_seconds=0.005)
    await database.open()
    await database.close()
    assert len(titles(store_file)) == 30_000
