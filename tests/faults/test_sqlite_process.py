"""The process itself: no descriptors left, a clock that jumps, an end in the midst of work."""

import asyncio
import json
import signal
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from gql_tasks.graphql.socket_messages import SUBPROTOCOL
from tests.faults.outside import assert_whole, titles, write_lock
from tests.faults.program import Faults, Program, serving, until

DAY = 86_400
TITLES = "{ tasks { title } }"


def test_no_descriptors_left(store_file: Path) -> None:
    """More connections than there are descriptors: those that stand are answered, and all later."""
    with serving(store_file) as program:
        program.create("before")
        for _ in range(3):  # on a thread, and on the loop
            program.graphql(TITLES)
        descriptors = program.descriptors()
        program.limit_descriptors(descriptors + 10)
        with ExitStack() as connections:
            for _ in range(100):
                place = ("127.0.0.1", httpx2.URL(program.url).port)
                connections.enter_context(closing(socket.create_connection(place)))
            until(lambda: program.descriptors() == descriptors + 10)
            worked = processor_seconds(program)
            start = time.monotonic()
            while time.monotonic() - start < 2:
                assert program.is_alive()
                assert program.graphql(TITLES).body["data"]["tasks"][0] == {"title": "before"}
                time.sleep(0.1)
            assert processor_seconds(program) - worked < 1  # it does not turn on the spot
        program.limit_descriptors(1024)
        until(lambda: program.descriptors() <= descriptors)
        assert httpx2.get(f"{program.url}/tasks/").json()[0]["title"] == "before"
        assert program.create("after").body["data"]
        assert len(program.logged()) <= 20
    assert titles(store_file) == ["before", "after"]
    assert_whole(store_file)


def processor_seconds(program: Program) -> float:
    """Tell how long the program has worked."""
    fields = Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def test_no_descriptor_for_the_store(store_file: Path) -> None:
    """Who subscribes when the file cannot be opened once more hears of writes when it can."""
    with serving(store_file) as program:
        program.create("before")
        program.graphql(TITLES)
        async with subscribed(program, before=lambda: program.limit_descriptors(1)) as talker:
            assert await asyncio.to_thread(program.is_alive)
            await asyncio.to_thread(until, lambda: len(program.logged()) >= 2)
            program.limit_descriptors(1024)
            await asyncio.to_thread(program.create, "after")
            event = json.loads(await asyncio.wait_for(talker.recv(), 20))
            assert event["payload"] == {"data": {"taskEvents": {"kind": "CREATED"}}}
        answer = await asyncio.to_thread(program.graphql, TITLES)
        assert answer.body == {"data": {"tasks": [{"title": "before"}, {"title": "after"}]}}
        assert all(UNSEEN in line for line in program.logged())


UNSEEN = "commits cannot be seen: unable to open database file"


@asynccontextmanager
async def subscribed(
    program: Program, before: Callable[[], object] = lambda: None
) -> AsyncIterator[ClientConnection]:
    """Open a socket and, after something else is done, subscribe on it."""
    place = program.url.replace("http", "ws") + "/graphql"
    async with connect(place, subprotocols=[Subprotocol(SUBPROTOCOL)], proxy=None) as talker:
        await talker.send('{"type": "connection_init"}')
        await talker.recv()
        before()
        query = {"query": "subscription { taskEvents { kind } }"}
        await talker.send(json.dumps({"id": "1", "type": "subscribe", "payload": query}))
        yield talker


CHANGES = """query ($since: SyncToken) {
  changes(since: $since, limit: 100) { nextToken hasMore resyncRequired changes { id entity } }
}"""


def test_the_clock_jumps_back_a_day(store_file: Path, faults: Faults) -> None:
    """Versions, sync, cursors and the log go on in the order of the writes, not of the clock."""
    with serving(store_file, faults=faults) as program:
        first = program.create("first").body["data"]["createTask"]["task"]["id"]
        program.create("second")
        token = program.graphql(CHANGES).body["data"]["changes"]["nextToken"]
        page = program.graphql(PAGE).body["data"]["tasksConnection"]
        assert [edge["node"]["title"] for edge in page["edges"]] == ["first"]
        with faults.injected(clock=-DAY):
            renamed = program.graphql(RENAME, {"id": first}).body["data"]["updateTask"]["task"]
            assert (renamed["title"], renamed["version"]) == ("renamed", 2)
            assert renamed["updatedAt"] < renamed["createdAt"]  # the clock was injected
            third = program.create("third").body["data"]["createTask"]["task"]["id"]
            changes = program.graphql(CHANGES, {"since": token}).body["data"]["changes"]
            assert [change["id"] for change in changes["changes"]] == [first, third]
            assert (changes["hasMore"], changes["resyncRequired"]) == (False, False)
            cursor = page["pageInfo"]["endCursor"]
            rest = program.graphql(PAGE_AFTER, {"after": cursor}).body["data"]["tasksConnection"]
            assert [edge["node"]["title"] for edge in rest["edges"]] == ["second", "third"]
        undone = program.graphql(UNDO, {"token": changes["nextToken"]}).body
        assert "errors" not in undone
        assert program.logged() == []
    assert_whole(store_file)


PAGE = "{ tasksConnection(first: 1) { edges { node { title } } pageInfo { endCursor } } }"
PAGE_AFTER = """query ($after: String!) {
  tasksConnection(first: 9, after: $after) { edges { node { title } } }
}"""
RENAME = """mutation ($id: ID!) {
  updateTask(id: $id, input: {title: "renamed"}) { task { title version createdAt updatedAt } }
}"""
UNDO = "mutation ($token: SyncToken!) { undo(token: $token) { problems { message } } }"


async def test_an_end_in_the_midst_of_everything(store_file: Path) -> None:
    """SIGTERM with writes, a stream and a socket open: writes are answered, in less than 10 s."""
    program = await asyncio.to_thread(lambda: Program(store_file, None, ()))
    http = httpx2.AsyncClient(base_url=program.url, timeout=20)
    stream = http.stream("GET", "/graphql", params={"query": SUBSCRIPTION}, headers=STREAMED)
    async with http, subscribed(program) as talker, stream as response:
        with write_lock(store_file):
            waiting = [asyncio.create_task(write(http, f"w{n}")) for n in range(20)]
            await asyncio.sleep(0.5)
            start = time.monotonic()
            program.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.5)
            assert not any(task.done() for task in waiting)
        answers = await asyncio.gather(*waiting)
        with pytest.raises(ConnectionClosed) as closed:
            await told(talker)
        with suppress(httpx2.TransportError):
            await response.aread()
    code = await asyncio.to_thread(program.process.wait, 20)
    assert time.monotonic() - start < 10
    assert code == 0
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert all("errors" not in answer for answer in answers)
    assert program.logged() == []
    assert sorted(titles(store_file)) == sorted(f"w{n}" for n in range(20))
    assert_whole(store_file)


async def told(talker: ClientConnection) -> None:
    """Take frames until the socket is closed."""
    while True:
        await talker.recv()


SUBSCRIPTION = "subscription { taskEvents { kind } }"
STREAMED = {"Accept": "text/event-stream"}


async def write(http: httpx2.AsyncClient, title: str) -> dict[str, Any]:
    query = f'mutation {{ createTask(input: {{title: "{title}"}}) {{ task {{ id }} }} }}'
    response = await http.post("/graphql", json={"query": query})
    return dict(response.json())
