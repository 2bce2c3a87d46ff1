"""@atomic: all the fields of a mutation are done, or none is."""

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from tests.change_log import log_of, replayed, world_of
from tests.conftest import Client
from tests.sql import Address

TITLES = "SELECT title FROM tasks ORDER BY id"
ROLLED_BACK = {
    "task": None,
    "syncToken": None,
    "problems": [
        {
            "code": "ROLLED_BACK",
            "message": "another field of this @atomic mutation was not done,"
            " so this one was not either",
            "path": [],
        }
    ],
}
FIELDS = "{ task { id } syncToken problems { code message path } }"


async def test_all(client: Client, address: Address) -> None:
    """Each field sees what those before it wrote, and has a token of its own."""
    answer = await client.data(
        f"""mutation @atomic {{
            a: createTask(input: {{title: "a"}}, clientMutationId: "a") {FIELDS}
            b: createTask(input: {{title: "b", parentId: 1}}) {{
                task {{ parent {{ title }} }} syncToken
            }}
            c: updateTask(id: 1, input: {{title: "c"}}, ifVersion: 1) {{
                task {{
                    title version subtasks {{ title }}
                    history {{ changedFields clientMutationId }}
                }}
                syncToken
            }}
            same: createTask(input: {{title: "a"}}, clientMutationId: "a") {FIELDS}
        }}"""
    )
    assert answer["b"]["task"] == {"parent": {"title": "a"}}
    assert answer["c"]["task"] == {
        "title": "c",
        "version": 2,
        "subtasks": [{"title": "b"}],
        "history": [
            {"changedFields": ["title"], "clientMutationId": None},
            {"changedFields": [], "clientMutationId": "a"},
        ],
    }
    assert answer["same"] == answer["a"]
    positions = [answer[key]["syncToken"][7:] for key in "abc"]
    assert positions == [f"{n:012x}-{n - 1:012x}" for n in (1, 2, 3)]
    undone = await client.graphql(
        "mutation ($t: SyncToken!) { undo(token: $t) { problems { message } } }",
        {"t": answer["c"]["syncToken"]},
    )
    assert undone == {"data": {"undo": {"problems": []}}}
    assert address.fetch(TITLES) == [("a",), ("b",)]


async def test_a_problem(client: Client, address: Address) -> None:
    """A field's problem keeps all from being done, and each field says so in its place."""
    answer = await client.data(
        f"""mutation @atomic {{
            a: createTask(input: {{title: "a"}}, clientMutationId: "a") {FIELDS}
            b: updateTask(id: 1, input: {{title: ""}}) {FIELDS}
            c: createTask(input: {{title: "c"}}) {FIELDS}
        }}"""
    )
    assert answer == {
        "a": ROLLED_BACK,
        "b": {
            "task": None,
            "syncToken": None,
            "problems": [
                {"code": "INVALID", "message": 'title "" is blank', "path": ["input", "title"]}
            ],
        },
        "c": ROLLED_BACK,
    }
    assert log_of(address) == []
    assert address.fetch("SELECT * FROM mutations") == []


async def test_an_error(client: Client, address: Address) -> None:
    """An error of a later field leaves nothing of those before it."""
    body = await client.graphql(
        f"""mutation @atomic {{
            a: createTask(input: {{title: "a"}}) {FIELDS}
            b: createTask(input: {{title: "b"}}) {{ task {{ history(limit: -1) {{ id }} }} }}
        }}"""
    )
    assert body["data"] is None
    assert [(error["path"], error["extensions"]) for error in body["errors"]] == [
        (["b"], {"code": "BAD_USER_INPUT"})
    ]
    assert world_of(address) == {}
    assert log_of(address) == []


async def test_only_mutations(client: Client) -> None:
    """A query cannot be atomic: the document is not valid."""
    body = await client.graphql("query @atomic { labels { id } }")
    assert "data" not in body
    assert [error["extensions"] for error in body["errors"]] == [
        {"code": "GRAPHQL_VALIDATION_FAILED"}
    ]


async def test_at_the_same_time(client: Client, address: Address) -> None:
    """Atomic mutations and others at once are each done in one piece."""
    atomic = f"""mutation @atomic {{
        a: createTask(input: {{title: "a"}}) {FIELDS} b: createTask(input: {{title: "b"}}) {FIELDS}
    }}"""
    single = f'mutation {{ createTask(input: {{title: "c"}}) {FIELDS} }}'
    answers = await asyncio.gather(*(client.data(query) for query in [atomic, single] * 5))
    assert all(field["problems"] == [] for answer in answers for field in answer.values())
    log = log_of(address)
    assert replayed(log) == world_of(address)
    titles = "".join(entry.after["title"] for entry in log if entry.after)
    assert titles.replace("ab", "").replace("c", "") == ""
    assert (titles.count("ab"), titles.count("c")) == (5, 5)


async def test_cancelled_while_waiting(tmp_path: Path) -> None:
    """A transaction that is cancelled while it waits for the file keeps nobody from writing."""
    path = tmp_path / "tasks.db"
    database = SqliteDatabase(path)
    await database.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        async def begin() -> None:
            async with database.transaction():
                pass

        waiting = asyncio.create_task(begin())
        pool: Any = database._write_engine.pool
        async with asyncio.timeout(20):
            while not pool.checkedout():  # noqa: ASYNC110  # SQLite tells nobody that it waits
                await asyncio.sleep(0.001)
        waiting.cancel()
        other.execute("COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await waiting
    async with asyncio.timeout(20):
        created = await database.write(lambda s: tasks.create_task(s, NewTask("next")))
    assert created == 1
    await database.close()


async def test_a_deadlock(client: Client, address: Address) -> None:
    """An atomic mutation that PostgreSQL ends to break a deadlock runs again, and is done once."""
    if address.is_sqlite:
        return  # one writer cannot block itself
    address.execute(
        "INSERT INTO tasks (id, title) VALUES (1, 'one'), (2, 'two')",
        "INSERT INTO labels (id, name) VALUES (1, 'l')",
    )
    other = await asyncpg.connect(address)
    await other.execute("SET deadlock_timeout = '1min'")  # so that it is never the one to be ended
    await other.execute("BEGIN; UPDATE tasks SET title = 'other' WHERE id = 2")
    mutating = asyncio.create_task(
        client.data(
            """mutation @atomic {
                a: updateTask(id: 1, input: {description: "a"}) { problems { message } }
                b: updateTask(id: 2, input: {description: "b"}) { problems { message } }
            }"""
        )
    )
    async with asyncio.timeout(20):
        blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while not await other.fetchval(blocked):  # noqa: ASYNC110  # it tells nobody
            await asyncio.sleep(0.005)
        await other.execute("UPDATE tasks SET title = 'other' WHERE id = 1; COMMIT")
        answer = await mutating
    await other.close()
    assert answer == {"a": {"problems": []}, "b": {"problems": []}}
    assert address.fetch("SELECT title, description, version FROM tasks ORDER BY id") == [
        ("other", "a", 3),
        ("other", "b", 3),
    ]
