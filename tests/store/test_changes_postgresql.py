"""What PostgreSQL's ways of writing leave in the change log, and its order under many writers."""

import asyncio
from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from gql_tasks.store.address import open_database
from tests import sql
from tests.change_log import log_of, numbered_log_of, replayed, world_of
from tests.sql import Address
from tests.store.test_changes import WORLD, told, written

WRITERS = 8
WRITES = 25


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Leave these out of a run on SQLite alone."""
    if "server" in metafunc.fixturenames:
        run = metafunc.config.getoption("--db") != "sqlite"
        metafunc.parametrize("server", ["postgresql"] if run else [], indirect=True)


@pytest.fixture
def server(empty_database: Callable[[], str], request: pytest.FixtureRequest) -> Address:
    """A database with a few rows."""
    url = empty_database()
    sql.run(_migrate, url)
    address = Address(url)
    address.execute(*WORLD)
    return address


async def _migrate(url: str) -> None:
    database = open_database(url)
    await database.open()
    await database.close()


@pytest.fixture
async def two(server: Address) -> AsyncIterator[tuple[asyncpg.Connection, asyncpg.Connection]]:
    """Two connections."""
    first, second = await asyncpg.connect(server), await asyncpg.connect(server)
    yield first, second
    await first.close()
    await second.close()


def test_copy(server: Address) -> None:
    """Rows that COPY brings are logged like others, in the order of their ids."""
    statement = "COPY tasks (id, title) FROM PROGRAM 'printf \"12\\tb\\n11\\ta\\n\"'"
    assert told(written(server, statement)) == [("TASK", 11, "+"), ("TASK", 12, "+")]


def test_truncate(server: Address) -> None:
    """Nobody can say what a TRUNCATE took: the log becomes another one."""
    for statement in (
        "TRUNCATE task_labels",
        "TRUNCATE labels, task_labels",
        "TRUNCATE tasks CASCADE",
        "TRUNCATE projects CASCADE",
    ):
        before = server.fetch("SELECT epoch FROM change_log")
        entries = log_of(server)
        server.execute(statement)
        assert server.fetch("SELECT epoch FROM change_log") != before
        assert log_of(server) == entries


def test_merge(server: Address) -> None:
    """A MERGE that inserts, changes and deletes leaves an entry of each row."""
    statement = (
        "MERGE INTO tasks USING (VALUES (1, 'x'), (4, 'y'), (9, 'z')) AS new (id, title)"
        " ON new.id = tasks.id WHEN MATCHED AND new.id = 4 THEN DELETE"
        " WHEN MATCHED THEN UPDATE SET title = new.title"
        " WHEN NOT MATCHED THEN INSERT (id, title) VALUES (new.id, new.title)"
    )
    assert sorted(told(written(server, statement)), key=repr) == [
        ("TASK", 1, {"title": "x"}),
        ("TASK", 4, "-"),
        ("TASK", 9, "+"),
    ]


def test_stamps_by_hand(server: Address) -> None:
    """Stamps that another program sets are logged, also right after a change of its own."""
    statements = "BEGIN; UPDATE tasks SET title = 'x' WHERE id = 1; {}; COMMIT".format(
        "UPDATE tasks SET version = 9 WHERE id = 1"
    )
    assert told(written(server, statements)) == [
        ("TASK", 1, {"title": "x"}),
        ("TASK", 1, {"version": 9}),
    ]


async def test_the_order_of_commits(
    server: Address, two: tuple[asyncpg.Connection, asyncpg.Connection]
) -> None:
    """Who writes first and commits last is last in the log, and rows' entries follow each other."""
    first, second = two
    ((last,),) = server.fetch("SELECT max(id) FROM changes")
    await first.execute("BEGIN; INSERT INTO labels (id, name) VALUES (10, 'first')")
    await second.execute("BEGIN; UPDATE tasks SET title = 'second' WHERE id = 1")
    changing = asyncio.create_task(first.execute("UPDATE tasks SET title = 'first' WHERE id = 1"))
    await waits(second, first)
    await second.execute("INSERT INTO labels (id, name) VALUES (11, 'second'); COMMIT")
    await changing
    assert told([entry for _, entry in numbered_log_of(server, last)]) == [
        ("TASK", 1, {"title": "second"}),
        ("LABEL", 11, "+"),
    ]
    await first.execute("COMMIT")
    assert [(number - last, entry.id) for number, entry in numbered_log_of(server, last)] == [
        (1, 1),
        (2, 11),
        (3, 10),
        (4, 1),
    ]
    assert replayed(log_of(server)) == world_of(server)


async def test_pairs_at_the_same_time(
    server: Address, two: tuple[asyncpg.Connection, asyncpg.Connection]
) -> None:
    """Two transactions give one task a label each; the later entry begins where the other ends."""
    first, second = two
    await first.execute("BEGIN; INSERT INTO task_labels VALUES (1, 1)")
    await second.execute("BEGIN")
    adding = asyncio.create_task(second.execute("INSERT INTO task_labels VALUES (1, 2)"))
    await waits(first, second)
    await first.execute("COMMIT")
    await adding
    await first.execute("BEGIN")
    renaming = asyncio.create_task(first.execute("UPDATE tasks SET title = 'x' WHERE id = 1"))
    await waits(second, first)
    await second.execute("COMMIT")
    await renaming
    await first.execute("COMMIT")
    assert told(log_of(server)[-3:]) == [
        ("TASK", 1, {"labelIds": ["1"]}),
        ("TASK", 1, {"labelIds": ["1", "2"]}),
        ("TASK", 1, {"title": "x"}),
    ]
    assert replayed(log_of(server)) == world_of(server)


async def test_a_delete_that_waited(
    server: Address, two: tuple[asyncpg.Connection, asyncpg.Connection]
) -> None:
    """A row that changed while its delete waited is logged once, as it was in the end."""
    first, second = two
    await first.execute("BEGIN; UPDATE tasks SET title = 'x' WHERE id = 2")
    deleting = asyncio.create_task(second.execute("DELETE FROM tasks WHERE id = 2"))
    await waits(first, second)
    await first.execute("COMMIT")
    await deleting
    assert told(log_of(server)[-3:]) == [
        ("TASK", 2, {"title": "x"}),
        ("TASK", 2, "-"),
        ("TASK", 3, {"parentId": "1"}),
    ]
    assert replayed(log_of(server)) == world_of(server)


async def waits(looking: asyncpg.Connection, waiting: asyncpg.Connection) -> None:
    """Wait until a connection waits for a lock."""
    query = "SELECT cardinality(pg_blocking_pids($1))"
    async with asyncio.timeout(20):
        while not await looking.fetchval(query, waiting.get_server_pid()):  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # PostgreSQL tells nobody of it


async def test_paging_while_others_write(server: Address) -> None:
    """A reader that goes on from its last position sees every entry once, in order."""

    async def write(number: int) -> None:
        connection = await asyncpg.connect(server)
        for turn in range(WRITES):
            async with connection.transaction():
                await connection.execute(
                    f"INSERT INTO labels (id, name) VALUES ({1000 * (number + 1) + turn}, 'n')"
                )
                await connection.execute(
                    "UPDATE tasks SET title = $1 WHERE id = $2",
                    f"{number} {turn}",
                    1 + turn % 4,
                )
                await connection.execute(
                    "INSERT INTO task_labels VALUES ($1, $2)",
                    1 + turn % 4,
                    1000 * (number + 1) + turn,
                )
        await connection.close()

    read: list[int] = []

    async def page(done: asyncio.Event) -> None:
        connection = await asyncpg.connect(server)
        while True:
            last_look = done.is_set()
            rows = await connection.fetch(
                "SELECT id FROM changes WHERE id > $1 ORDER BY id LIMIT 7", read[-1] if read else 0
            )
            read.extend(row["id"] for row in rows)
            if last_look and not rows:
                await connection.close()
                return

    done = asyncio.Event()
    paging = asyncio.create_task(page(done))
    await asyncio.gather(*(write(number) for number in range(WRITERS)))
    done.set()
    await paging
    log = numbered_log_of(server)
    assert read == [number for number, _ in log]
    assert len(log) == len(WORLD_ENTRIES) + 3 * WRITERS * WRITES
    assert replayed([entry for _, entry in log]) == world_of(server)


WORLD_ENTRIES = range(11)
"""Two projects, two labels, four tasks and three pairs."""
