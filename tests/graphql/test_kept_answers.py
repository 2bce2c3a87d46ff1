"""Answers that are kept until the next commit."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from multiprocessing import shared_memory
from pathlib import Path

import orjson
import pytest

from gql_tasks.graphql.kept_answers import KeptAnswers
from tests.conftest import Client, running_app
from tests.sql import Address

TITLES = "{ tasks(orderBy: [{ field: POSITION }]) { title } }"

WRITER = """
import sqlite3, sys
from multiprocessing import resource_tracker, shared_memory
path, name, own, turns = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
acknowledged = shared_memory.SharedMemory(name)
resource_tracker.unregister(acknowledged._name, "shared_memory")  # the test's to take away
connection = sqlite3.connect(path, isolation_level=None, timeout=30)
for turn in range(1, turns + 1):
    connection.execute("UPDATE tasks SET title = ? WHERE id = ?", (str(turn), own))
    acknowledged.buf[4 * own : 4 * own + 4] = turn.to_bytes(4, "little")
"""


@pytest.fixture
def acknowledged() -> Iterator[shared_memory.SharedMemory]:
    """Memory in which each writer tells what it has committed."""
    memory = shared_memory.SharedMemory(create=True, size=64)
    memory.buf[:] = bytes(64)
    yield memory
    memory.close()
    memory.unlink()


async def test_never_older_than_what_was_acknowledged(
    tmp_path: Path, acknowledged: shared_memory.SharedMemory
) -> None:
    """Beside writers in other processes no answer lacks a commit that came before its request."""
    path, writers, turns = tmp_path / "tasks.db", 2, 400
    async with running_app(str(path), max_cost=10**9) as client:
        for _ in range(writers):
            await client.data('mutation { createTask(input: { title: "0" }) { task { id } } }')
        with ExitStack() as stack:
            running = [
                stack.enter_context(start_writer(path, acknowledged.name, own, turns))
                for own in range(1, writers + 1)
            ]
            while any(writer.poll() is None for writer in running):
                before = _told(acknowledged, writers)
                for _ in range(3):
                    data = await client.data(TITLES)
                    found = [int(task["title"]) for task in data["tasks"]]
                    assert all(new >= old for new, old in zip(found, before, strict=True))
        assert [writer.returncode for writer in running] == [0] * writers
        assert await client.data(TITLES) == {"tasks": [{"title": str(turns)}] * writers}
        hits = await given_again(client)
        assert await client.data(TITLES) == {"tasks": [{"title": str(turns)}] * writers}
        assert await given_again(client) == hits + 1


def start_writer(path: Path, name: str, own: int, turns: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, str(own), str(turns)])


def _told(memory: shared_memory.SharedMemory, writers: int) -> list[int]:
    numbers = [memory.buf[4 * own : 4 * own + 4] for own in range(1, writers + 1)]
    return [int.from_bytes(number, "little") for number in numbers]


async def test_own_writes(client: Client, store: str) -> None:
    """A write through the API ends what was kept; on PostgreSQL nothing is."""
    for title in ("a", "b"):
        await client.data(
            "mutation ($title: String!) { createTask(input: { title: $title }) { task { id } } }",
            {"title": title},
        )
        for _ in range(3):
            titles = [task["title"] for task in (await client.data(TITLES))["tasks"]]
            assert titles == ["a", "b"][: "ab".index(title) + 1]
    # The first time the document is new; after the second write its plan is there already.
    assert await given_again(client) == (3 if store == "sqlite" else 0)


async def test_what_depends_on_the_time_is_not_kept(address: Address) -> None:
    """A date that is counted from now is counted again, though nothing was written."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    async with running_app(str(address), clock=lambda: now) as client:
        await client.data(
            'mutation { createTask(input: {title: "a", due: {on: "2026-02-01"}}) { task { id } } }'
        )
        for late in (False, False, False, True):
            now += timedelta(days=late * 2)
            data = await client.data('{ tasks(filter: { dueOn: { lt: "P0D" } }) { title } }')
            assert data == {"tasks": [{"title": "a"}] * late}


async def test_switched_off(tmp_path: Path) -> None:
    """With no room nothing is kept."""
    async with running_app(str(tmp_path / "tasks.db"), answer_bytes=0) as client:
        for _ in range(4):
            assert await client.data(TITLES) == {"tasks": []}
        assert await given_again(client) == 0


async def given_again(client: Client) -> int:
    """Count the answers that were given a second time."""
    text = (await client.http.get("/metrics")).text
    [count] = re.findall(
        r'^gql_tasks_cache_total{cache="answers",result="hit"} ([\d.]+)$', text, re.MULTILINE
    )
    return int(float(count))


def test_is_bounded() -> None:
    """What has no room is not kept, and a commit makes room; another version's answer is none."""
    version = 1
    kept = KeptAnswers(lambda: version, 10)
    assert kept.get("a") == (1, None)
    kept.put("a", 1, (b"123456", 1))
    kept.put("b", 1, (b"12345", 1))
    assert kept.get("a") == (1, (b"123456", 1))
    assert kept.get("b") == (1, None)
    version = 2
    assert kept.get("b") == (2, None)
    kept.put("a", 1, (b"old", 1))
    assert kept.get("a") == (2, None)
    kept.put("b", 2, (b"12345", 1))
    assert kept.get("b") == (2, (b"12345", 1))


async def test_etag(client: Client) -> None:
    """A GET has a strong ETag; who has it is told so, until the answer is another."""

    async def get(**headers: str) -> tuple[int, str, bytes]:
        found = await client.http.get("/graphql", params={"query": TITLES}, headers=headers)
        return found.status_code, found.headers["etag"], found.content

    status, tag, body = await get()
    assert (status, orjson.loads(body)) == (200, {"data": {"tasks": []}})
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        assert await get(**{"if-none-match": known}) == (304, tag, b"")
    status, other, _ = await get(accept="application/graphql-response+json")
    assert (status, other == tag) == (200, False)
    await client.data('mutation { createTask(input: { title: "a" }) { task { id } } }')
    status, new, body = await get(**{"if-none-match": tag})
    assert (status, new == tag) == (200, False)
    assert orjson.loads(body) == {"data": {"tasks": [{"title": "a"}]}}
