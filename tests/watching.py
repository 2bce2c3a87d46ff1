"""Subscriptions in this process, over the real schema, and what a client makes of their events."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from strawberry.http import GraphQLRequestData

from gql_tasks.app import utc_now
from gql_tasks.domain.moments import moment_in
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.errors import format_result
from gql_tasks.graphql.observation import Observer
from gql_tasks.graphql.operation import Answer, answers
from gql_tasks.graphql.schema import build_schema
from gql_tasks.services.live import Live
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database
from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics
from tests.conftest import Client
from tests.graphql.live import becomes

TASK = "id title completed priority version project { id } parent { id } labels { id }"
SUBSCRIPTION = """subscription ($filter: TaskFilter, $since: SyncToken) {
  taskEvents(filter: $filter, since: $since) { SELECTION }
}"""
QUERY = f"""query ($filter: TaskFilter) {{
  tasksConnection(filter: $filter, first: 10000) {{ nodes {{ {TASK} }} syncToken }}
}}"""
FULL = f"kind id syncToken changedFields clientMutationId task {{ {TASK} }}"
BRIEF = "kind id changedFields"


@dataclass
class Stream:
    """A subscription that is read."""

    answers: AsyncGenerator[Answer]

    async def response(self) -> Any:
        """Take the next answer as it is sent."""
        async with asyncio.timeout(15):
            return json.loads(orjson.dumps(format_result(await anext(self.answers), "request")))

    async def next(self) -> Any:
        """Take the next event."""
        response = await self.response()
        assert "errors" not in response, response
        return response["data"]["taskEvents"]

    async def take(self, count: int) -> list[Any]:
        """Take so many events."""
        return [await self.next() for _ in range(count)]

    async def brief(self, count: int) -> list[tuple[Any, ...]]:
        """Take the values of so many events."""
        return [tuple(event.values()) for event in await self.take(count)]

    async def ended(self) -> bool:
        """Tell whether there is no more answer."""
        async with asyncio.timeout(15):
            return await anext(self.answers, None) is None


@dataclass
class Watching:
    """The feed of a process and its subscribers."""

    database: Database
    live: Live
    schema: Any = field(default_factory=build_schema)

    @asynccontextmanager
    async def stream(
        self,
        selection: str = BRIEF,
        *,
        since: str | None = None,
        fragments: str = "",
        **filter_: Any,
    ) -> AsyncIterator[Stream]:
        """Subscribe, and follow the feed from the start of the block on where there is no since."""
        request = GraphQLRequestData(
            query=SUBSCRIPTION.replace("SELECTION", selection) + fragments,
            variables={"filter": filter_, **({"since": since} if since else {})},
            operation_name=None,
            extensions=None,
        )
        before = self.live.subscriber_count
        context = Context(
            self.database.session(),
            self.database,
            self.live,
            10_000,
            moment_in(None, utc_now()),
            Observer(Metrics(), RequestLog(every=False, slow_seconds=60)).begin("test"),
        )
        async with aclosing(answers(self.schema, request, context)) as generator:
            stream = Stream(generator)
            if since is None:
                first = asyncio.ensure_future(anext(generator))
                await becomes(lambda: self.live.subscriber_count > before or first.done())
                stream = Stream(_after(first, generator))
            try:
                yield stream
            finally:
                if since is None:
                    await stream.answers.aclose()
                    first.cancel()  # where nobody has waited for it
                    await asyncio.wait([first])

    async def silent(self) -> None:
        """Wait until the feed has stopped."""
        await becomes(
            lambda: not any(task.get_name() == "gql_tasks-live" for task in asyncio.all_tasks())
        )


async def _after(
    first: "asyncio.Future[Answer]", rest: AsyncGenerator[Answer]
) -> AsyncGenerator[Answer]:
    yield await first
    async for answer in rest:
        yield answer


@asynccontextmanager
async def watching(address: str) -> AsyncIterator[Watching]:
    """Follow a store; whoever writes to it does so elsewhere."""
    database = open_database(address)
    await database.open()
    live = Live(database)
    try:
        yield Watching(database, live)
    finally:
        await live.close()
        await database.close()


@dataclass
class Listing:
    """A client's list: a query's answer, and what events made of it."""

    filter: dict[str, Any]
    tasks: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    async def begin(self, client: Client) -> None:
        """Read everything."""
        page = (await client.data(QUERY, {"filter": self.filter}))["tasksConnection"]
        self.tasks = {node["id"]: node for node in page["nodes"]}
        self.token = page["syncToken"]

    async def heed(self, event: Any, client: Client) -> None:
        """Do what an event says."""
        match event["kind"]:
            case "CREATED" | "ENTERED" | "UPDATED":
                if event["task"] is not None:  # it is gone already: another event will say so
                    self.tasks[event["id"]] = event["task"]
            case "LEFT" | "DELETED":
                self.tasks.pop(event["id"], None)
            case "RESYNC_REQUIRED":
                await self.begin(client)
                return
        self.token = event["syncToken"]
