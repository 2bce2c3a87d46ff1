"""npm's clients against the program, each in a process of its own, by what its user sees.

`src` has a script for each client, `bundles` the same with all they import, so that Node is enough
to run them; `node build.mjs` makes the bundles.
"""

import asyncio
import json
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.conftest import Server, free_port, serve
from tests.sql import Address

BUNDLES = Path(__file__).parent / "bundles"
CLIENTS = ["graphql-ws", "graphql-sse", "apollo", "urql"]

# Every selection has __typename, so that what Apollo and urql add to it shows in no answer.
TASK = "{ __typename id title completed }"
LIST = f"""query {{
  tasksConnection(filter: {{completed: {{eq: false}}}}) {{
    __typename nodes {TASK} syncToken
  }}
}}"""
CREATE = f"""mutation Create($input: CreateTaskInput!, $once: ID) {{
  createTask(input: $input, clientMutationId: $once) {{
    __typename task {TASK} problems {{ __typename code message path }}
  }}
}}"""
EVENTS = f"""subscription Open($since: SyncToken) {{
  taskEvents(filter: {{completed: {{eq: false}}}}, since: $since) {{
    __typename kind id syncToken changedFields clientMutationId task {TASK}
  }}
}}"""


@dataclass
class Script:
    """A client that does what it is told, and tells what its user sees."""

    process: asyncio.subprocess.Process
    connections: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    observations: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Sort what it tells."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            told = json.loads(line)
            queue = self.connections if "connection" in told else self.observations
            queue.put_nowait(told)

    async def tell(self, do: str, name: str = "", query: str = "", **variables: Any) -> None:
        """Have it do something."""
        command = {"do": do, "as": name, "query": query, "variables": variables}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        await self.process.stdin.drain()

    async def run(self, query: str, **variables: Any) -> Any:
        """Have it run a query or a mutation and return the result."""
        await self.tell("run", "run", query, **variables)
        told = await self.heard()
        assert [*told] == ["as", "result"], told
        return told["result"]

    async def heard(self) -> Any:
        """Wait for what it tells next of its operations."""
        async with asyncio.timeout(10):
            return await self.observations.get()

    async def event(self) -> dict[str, Any]:
        """Wait for an event of the subscription `live`."""
        told = await self.heard()
        assert told["as"] == "live", told
        event: dict[str, Any] = told["next"]["data"]["taskEvents"]
        assert told == {"as": "live", "next": {"data": {"taskEvents": event}}}
        return event

    async def connection(self) -> Any:
        """Wait for what it tells next of its connection."""
        async with asyncio.timeout(10):
            return await self.connections.get()

    async def subscribe(self) -> None:
        """Have it follow `live` from the list that it reads, until it has caught up."""
        page = (await self.run(LIST))["data"]["tasksConnection"]
        await self.tell("follow", "live", EVENTS, since=page["syncToken"])
        assert brief(await self.event()) == ("CAUGHT_UP", None, None)


@asynccontextmanager
async def script(name: str, url: str, *flags: str) -> AsyncIterator[Script]:
    """Run a client's script until the block ends; it may print no error."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js runs the clients, and is not installed")
    process = await asyncio.create_subprocess_exec(
        node,
        str(BUNDLES / f"{name}.mjs"),
        f"{url}/graphql",
        *flags,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    script = Script(process)
    listening = asyncio.create_task(script.listen())
    try:
        yield script
    finally:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.close()
        complaints = (await process.stderr.read()).decode()
        await process.wait()
        await listening
    assert (process.returncode, complaints) == (0, ""), complaints[-1500:]


@pytest.fixture(scope="module")
def served(
    store: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[tuple[Server, Address]]:
    """Serve a store of this module's own."""
    address = (
        str(tmp_path_factory.mktemp("clients") / "tasks.db")
        if store == "sqlite"
        else request.getfixturevalue("empty_database")()
    )
    with serve("--database", address) as server:
        yield server, Address(address)


@pytest.fixture
def address(served: tuple[Server, Address]) -> Address:
    """Empty the store that is served, and say where it is."""
    served[1].execute("DELETE FROM tasks")
    return served[1]


@pytest.fixture
def server(served: tuple[Server, Address], address: Address) -> Server:
    """Give the running server, its store empty."""
    return served[0]


def task(task_id: str, title: str, *, completed: bool = False) -> dict[str, Any]:
    """Say what a client sees of a task."""
    return {"__typename": "Task", "id": task_id, "title": title, "completed": completed}


def brief(event: dict[str, Any]) -> tuple[str, str | None, str | None]:
    """Say what happened to which task, and its title."""
    return event["kind"], event["id"], event["task"] and event["task"]["title"]


def create(server: Server, title: str) -> str:
    """Create a task over REST and return its id."""
    response = httpx2.post(f"{server.url}/tasks/", json={"title": title})
    return str(response.raise_for_status().json()["id"])


def rename(server: Server, task_id: str, title: str) -> None:
    """Change a task over REST."""
    httpx2.put(f"{server.url}/tasks/{task_id}", json={"title": title}).raise_for_status()


def delete(server: Server, task_id: str) -> None:
    """Delete a task over REST."""
    httpx2.delete(f"{server.url}/tasks/{task_id}").raise_for_status()


@pytest.mark.parametrize("name", CLIENTS)
async def test_reads_and_writes(name: str, server: Server) -> None:
    """A query, a mutation with variables and one with a problem come as they were asked for."""
    async with script(name, server.url) as client:
        created = await client.run(CREATE, input={"title": "Tea", "priority": "HIGH"})
        task_id = created["data"]["createTask"]["task"]["id"]
        payload = {"__typename": "TaskPayload", "task": task(task_id, "Tea"), "problems": []}
        assert created == {"data": {"createTask": payload}}

        problem = {
            "__typename": "InvalidProblem",
            "code": "INVALID",
            "message": 'title " " is blank',
            "path": ["input", "title"],
        }
        refused = await client.run(CREATE, input={"title": " "})
        assert refused == {
            "data": {
                "createTask": {"__typename": "TaskPayload", "task": None, "problems": [problem]}
            }
        }

        answer = await client.run(LIST)
        page = answer["data"]["tasksConnection"]
        assert isinstance(page.pop("syncToken"), str)
        assert page == {"__typename": "TaskConnection", "nodes": [task(task_id, "Tea")]}


@pytest.mark.parametrize("name", CLIENTS)
async def test_events_of_every_writer(name: str, server: Server, address: Address) -> None:
    """What GraphQL, REST and SQL write comes in order, each event once, with growing tokens."""
    async with script(name, server.url) as client:
        await client.subscribe()
        once = f"by {name}"
        await client.tell("run", "run", CREATE, input={"title": "Tea"}, once=once)
        heard = {told["as"]: told for told in [await client.heard(), await client.heard()]}
        created = heard["run"]["result"]["data"]["createTask"]["task"]
        task_id = created["id"]
        tokens = []

        def assert_event(
            told: dict[str, Any], kind: str, task: dict[str, Any] | None, *changed: str, **more: str
        ) -> None:
            tokens.append(told.pop("syncToken"))
            assert told == {
                "__typename": "TaskEvent",
                "kind": kind,
                "id": task_id,
                "changedFields": [*changed],
                "clientMutationId": None,
                "task": task,
                **more,
            }

        assert_event(
            heard["live"]["next"]["data"]["taskEvents"],
            "CREATED",
            task(task_id, "Tea"),
            clientMutationId=once,
        )
        rename(server, task_id, "Green tea")
        assert_event(await client.event(), "UPDATED", task(task_id, "Green tea"), "title")
        done = ("completed", "completedAt")
        address.execute(f"UPDATE tasks SET completed = true WHERE id = {task_id}")
        assert_event(
            await client.event(), "LEFT", task(task_id, "Green tea", completed=True), *done
        )
        address.execute(f"UPDATE tasks SET completed = false WHERE id = {task_id}")
        assert_event(await client.event(), "ENTERED", task(task_id, "Green tea"), *done)
        delete(server, task_id)
        assert_event(await client.event(), "DELETED", None)
        assert tokens == sorted(set(tokens))


def refusal(code: str, message: str, line: int, column: int) -> list[dict[str, Any]]:
    """Say what GraphQL says of an operation that is not run."""
    return [
        {
            "message": message,
            "locations": [{"line": line, "column": column}],
            "extensions": {"code": code},
        }
    ]


UNKNOWN_FIELD = "subscription { taskEvents { nothing } }"
UNKNOWN = "Cannot query field 'nothing' on type 'TaskEvent'."
INVALID = "GRAPHQL_VALIDATION_FAILED"
CUT_OFF = "subscription {"
SYNTAX = refusal("GRAPHQL_PARSE_FAILED", "Syntax Error: Expected Name, found <EOF>.", 1, 15)
REFORMATTED = refusal(INVALID, UNKNOWN, 3, 5)  # Apollo and urql send what they have parsed

# What a client makes of it. Apollo and urql parse, so that syntax errors do not leave them.
REFUSALS: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("graphql-ws", UNKNOWN_FIELD, [{"failed": refusal(INVALID, UNKNOWN, 1, 29)}]),
    ("graphql-ws", CUT_OFF, [{"failed": SYNTAX}]),
    (
        "graphql-sse",
        UNKNOWN_FIELD,
        [{"next": {"errors": refusal(INVALID, UNKNOWN, 1, 29)}}, {"complete": True}],
    ),
    ("graphql-sse", CUT_OFF, [{"next": {"errors": SYNTAX}}, {"complete": True}]),
    (
        "apollo",
        UNKNOWN_FIELD,
        [
            {"next": {"error": {"name": "CombinedGraphQLErrors", "errors": REFORMATTED}}},
            {"complete": True},
        ],
    ),
    (
        "urql",
        UNKNOWN_FIELD,
        [{"next": {"error": {"name": "CombinedError", "errors": REFORMATTED}}}],
    ),
]


@pytest.mark.parametrize(("name", "query", "seen"), REFUSALS)
async def test_refused_subscription_disturbs_no_other(
    name: str, query: str, seen: list[dict[str, Any]], server: Server
) -> None:
    """An impossible subscription fails alone: others on the same socket go on."""
    async with script(name, server.url) as client:
        await client.subscribe()
        assert await client.connection() == {"connection": "open"}
        await client.tell("follow", "broken", query)
        assert [await client.heard() for _ in seen] == [{"as": "broken", **part} for part in seen]
        task_id = create(server, "Tea")
        assert brief(await client.event()) == ("CREATED", task_id, "Tea")
        if name == "graphql-sse":  # whose every subscription has a connection of its own
            assert await client.connection() == {"connection": "open"}
        assert client.connections.empty()


async def test_cache_of_apollo_follows(server: Server, address: Address) -> None:
    """Events change what Apollo's cache holds by id, and every list that shows it."""
    async with script("apollo", server.url) as client:
        tea, milk = create(server, "Tea"), create(server, "Milk")
        await client.subscribe()  # which puts the list in the cache

        async def shown() -> list[Any]:
            told = await client.heard()
            assert [*told] == ["as", "next"], told
            if told["as"] == "live":
                return [brief(told["next"]["data"]["taskEvents"])]
            nodes = told["next"]["data"]["tasksConnection"]["nodes"]
            return [node["title"] for node in nodes]

        await client.tell("watch", "cached", LIST)
        assert await shown() == ["Tea", "Milk"]
        rename(server, tea, "Green tea")
        updated = [await shown(), await shown()]
        assert sorted(updated, key=str) == sorted(
            [[("UPDATED", tea, "Green tea")], ["Green tea", "Milk"]], key=str
        )
        delete(server, milk)
        deleted = [await shown(), await shown()]
        assert sorted(deleted, key=str) == sorted(
            [[("DELETED", milk, None)], ["Green tea"]], key=str
        )


@asynccontextmanager
async def scripts(url: str) -> AsyncIterator[list[Script]]:
    """Run all clients at once."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(script(name, url)) for name in CLIENTS]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
async def test_resumes_where_it_was(stop: signal.Signals, address: Address) -> None:
    """After a restart every client is told what it missed, once, then that it has caught up."""
    port = free_port()
    async with scripts(f"http://127.0.0.1:{port}") as clients:

        async def all_hear(*events: tuple[str, str | None, str | None]) -> None:
            for name, client in zip(CLIENTS, clients, strict=True):
                assert (name, [brief(await client.event()) for _ in events]) == (name, [*events])

        with serve("--database", address, port=port) as server:
            for client in clients:
                await client.subscribe()
                assert await client.connection() == {"connection": "open"}
            tea = create(server, "Tea")
            await all_hear(("CREATED", tea, "Tea"))
            server.process.send_signal(stop)
            for name, client in zip(CLIENTS, clients, strict=True):
                assert await client.connection() == lost(name, stop)

        address.execute(
            f"UPDATE tasks SET title = 'Green tea' WHERE id = {tea}",
            "INSERT INTO tasks (title) VALUES ('Milk')",
        )
        ((milk,),) = address.fetch("SELECT CAST(id AS TEXT) FROM tasks WHERE title = 'Milk'")
        with serve("--database", address, port=port) as server:
            sugar = create(server, "Sugar")
            delete(server, milk)
            for client in clients:
                await client.tell("reconnect")
                assert await client.connection() == {"connection": "open"}
            await all_hear(
                ("UPDATED", tea, "Green tea"),
                ("CREATED", milk, None),  # an event shows the task as it is now
                ("CREATED", sugar, "Sugar"),
                ("DELETED", milk, None),
                ("CAUGHT_UP", None, None),
            )
            rename(server, tea, "Black tea")
            await all_hear(("UPDATED", tea, "Black tea"))


def lost(name: str, stop: signal.Signals) -> dict[str, Any]:
    """Say what a client sees of its connection when the server ends."""
    if name == "graphql-sse":
        return {"connection": "lost"}
    if stop is signal.SIGTERM:
        return {"connection": "lost", "code": 1012, "reason": ""}
    return {"connection": "lost", "code": 1006, "reason": ""}
