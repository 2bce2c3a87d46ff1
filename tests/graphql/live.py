"""A server in this process over a schema of subscriptions that tests can steer.

The schema is of its own, so that a stream ends, stalls and breaks when a test wants it to; the
router, the sockets, the event streams and uvicorn are the ones that serve.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import strawberry
import uvicorn
from starlette.applications import Starlette
from strawberry.schema.config import StrawberryConfig

from gql_tasks.app import utc_now
from gql_tasks.domain.errors import TooSlow
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.execution import DocumentCache, PlannedExecutor, PreparedDocuments
from gql_tasks.graphql.limits import UNLIMITED
from gql_tasks.graphql.measures import Measures
from gql_tasks.graphql.observation import Observer
from gql_tasks.graphql.router import TasksRouter
from gql_tasks.graphql.schema import Schema
from gql_tasks.graphql.trusted import KnownDocuments
from gql_tasks.services.live import Live
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.web.admission import Admission
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics
from gql_tasks.web.requests import RequestMiddleware
from gql_tasks.web.stopping import Stopping
from gql_tasks.web.websockets import WebSockets

MAX_OPERATIONS = 20
MAX_BODY_BYTES = 100_000


async def becomes(condition: Callable[[], bool]) -> None:
    """Wait for what nothing tells of."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@dataclass
class Streams:
    """What runs, and the switch that lets waiting streams go on."""

    running: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def ended(self) -> None:
        """Wait until none runs."""
        await becomes(lambda: not self.running)


def build_schema(streams: Streams) -> Schema:
    """Build the schema over a count of what runs."""

    @asynccontextmanager
    async def counted() -> AsyncIterator[None]:
        streams.running += 1
        try:
            yield
        finally:
            streams.running -= 1

    @strawberry.type
    class Query:
        @strawberry.field
        def hello(self, name: str = "you") -> str:
            return f"Hello {name}"

        @strawberry.field
        def zone(self, info: Info) -> str:
            return str(info.context.moment.zone)

        @strawberry.field
        def bug(self) -> str:
            raise RuntimeError("a secret")

        @strawberry.field
        async def forever(self) -> str:
            async with counted():
                await asyncio.Event().wait()
            return ""

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        def double(self, number: int) -> int:
            return 2 * number

    # An event is its whole answer, by response key, as those of the real subscription are.
    @strawberry.type
    class Subscription:
        @strawberry.subscription(graphql_type=int)
        async def count(self, to: int) -> AsyncGenerator[Any]:
            async with counted():
                for number in range(to):
                    yield {"count": number}

        @strawberry.subscription(graphql_type=int)
        async def forever(self) -> AsyncGenerator[Any]:
            async with counted():
                yield {"forever": 0}
                await streams.go.wait()
                yield {"forever": 1}
                await asyncio.Event().wait()

        @strawberry.subscription(graphql_type=int)
        async def silence(self) -> AsyncGenerator[Any]:
            async with counted():
                await asyncio.Event().wait()
                yield {"silence": 0}

        @strawberry.subscription(graphql_type=str)
        async def flood(self) -> AsyncGenerator[Any]:
            async with counted():
                while True:
                    yield {"flood": "x" * 100_000}
                    await asyncio.sleep(0)

        @strawberry.subscription(graphql_type=int)
        async def lagging(self) -> AsyncGenerator[Any]:
            async with counted():
                yield {"lagging": 0}
                raise TooSlow("the subscriber reads slower than events come")

        @strawberry.subscription(graphql_type=int)
        async def broken(self) -> AsyncGenerator[Any]:
            async with counted():
                yield {"broken": 0}
                raise RuntimeError("a secret")

        @strawberry.subscription(graphql_type=str)
        async def planned(self) -> AsyncGenerator[Any]:
            async with counted():
                yield {"planned": orjson.Fragment(b'{\n"as": "the database\\nwrote it"}')}

        @strawberry.subscription(graphql_type=str)
        async def unwritable(self) -> AsyncGenerator[Any]:
            async with counted():
                yield {"unwritable": object()}

    documents, measures = DocumentCache(), Measures(UNLIMITED)
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        config=StrawberryConfig(),
        execution_context_class=PlannedExecutor,
        extensions=[lambda: PreparedDocuments(documents, measures)],
    )
    schema.documents, schema.measures = documents, measures
    schema.executor, schema.production = PlannedExecutor, False
    return schema


class WatchedDatabase(SqliteDatabase):
    """A database that counts the sessions that were not finished."""

    unfinished = 0

    def session(self) -> Any:
        session = super().session()
        finish = session.finish
        self.unfinished += 1

        async def finish_and_count() -> None:
            await finish()
            self.unfinished -= 1

        session.finish = finish_and_count  # type: ignore[method-assign]
        return session


@dataclass
class Serving:
    """A running server, and what runs in it."""

    url: str
    streams: Streams
    database: WatchedDatabase
    stopping: Stopping
    server: uvicorn.Server

    @property
    def socket_url(self) -> str:
        return self.url.replace("http", "ws")

    async def emptied(self) -> None:
        """Wait until no connection, no operation and no session is left."""
        state = self.server.server_state
        await becomes(
            lambda: (
                not (self.streams.running or self.database.unfinished)
                and not (state.tasks or state.connections)
            )
        )


@asynccontextmanager
async def live(directory: Path) -> AsyncIterator[Serving]:
    """Serve the schema on a free port, with uvicorn as `gql-tasks serve` sets it."""
    database = WatchedDatabase(directory / "tasks.db")
    await database.open()
    streams, stopping = Streams(), Stopping()
    admission = Admission(max_requests=100, max_sockets=100, max_sockets_per_client=100)
    router = TasksRouter(
        schema := build_schema(streams),
        KnownDocuments(schema),
        database,
        feed := Live(database),
        path="/graphql",
        get_max_age=0,
        max_rows=10,
        max_body_bytes=MAX_BODY_BYTES,
        clock=utc_now,
        stopping=stopping,
        observer=Observer(Metrics(), RequestLog(every=False, slow_seconds=60)),
        admission=admission,
        max_operations=MAX_OPERATIONS,
    )
    app = Starlette(routes=router.routes)
    arrival = Arrival(admission, seconds=10)
    app.add_middleware(RequestMiddleware, arrival=arrival, max_body_bytes=MAX_BODY_BYTES)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        log_level="warning",
        ws=WebSockets,
        ws_max_size=2 * MAX_BODY_BYTES,  # so that the limit of ours is reached
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/graphql"
    try:
        yield Serving(url, streams, database, stopping, server)
    finally:
        server.should_exit = True
        await serving
        await feed.close()
        await database.close()
