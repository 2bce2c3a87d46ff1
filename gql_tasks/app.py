"""The composition root: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gql_tasks import __version__
from gql_tasks.config import Settings, listed
from gql_tasks.graphql.direct import DirectOperations
from gql_tasks.graphql.limits import Limits
from gql_tasks.graphql.manifests import read_documents
from gql_tasks.graphql.observation import Observer
from gql_tasks.graphql.router import TasksRouter
from gql_tasks.graphql.schema import Schema, build_schema
from gql_tasks.graphql.trusted import KnownDocuments
from gql_tasks.rest.tasks import tasks_router
from gql_tasks.services.live import Live
from gql_tasks.services.pruning import keep_pruned
from gql_tasks.store.address import open_database
from gql_tasks.store.timings import Timings
from gql_tasks.web.admission import Admission
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.errors import ERROR_HANDLERS
from gql_tasks.web.health import Health
from gql_tasks.web.hosts import Hosts
from gql_tasks.web.logs import RequestLog
from gql_tasks.web.metrics import Metrics
from gql_tasks.web.origins import Cors, Origins
from gql_tasks.web.pages import page_routes
from gql_tasks.web.refusals import Refusal, answer_refusal
from gql_tasks.web.requests import RequestMiddleware
from gql_tasks.web.scraping import Scraping
from gql_tasks.web.stopping import Stopping
from gql_tasks.web.telemetry import TELEMETRY, describe, is_traced
from gql_tasks.web.wall import Wall
from gql_tasks.web.watching import Watch, WatchingMiddleware


class Application(FastAPI):
    """FastAPI, with the operations that are known answered before all of its middleware."""

    direct: DirectOperations
    wall: Wall

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        await self.wall(scope, receive, send)

    def build_middleware_stack(self) -> ASGIApp:
        """Answer known operations before it in a trace too, which FastAPI has begun by then."""
        stack = super().build_middleware_stack()

        async def traced(scope: Scope, receive: Receive, send: Send) -> None:
            if self.direct.observer.traced and scope["type"] == "http":
                describe(scope, self.direct.path)
                await self.direct(scope, receive, send, stack)
            else:
                await stack(scope, receive, send)

        return traced


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def open_schema(settings: Settings) -> tuple[Schema, KnownDocuments]:
    """Build the schema, and read the documents that are trusted. Raises DocumentsUnusable."""
    limits = Limits(**{name: getattr(settings, name) for name in Limits.__slots__})
    schema = build_schema(limits, production=settings.production)
    trusted = read_documents(Path(settings.documents)) if settings.documents else ()
    return schema, KnownDocuments(schema, trusted, only=settings.documents_only)


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now
) -> FastAPI:
    """Build the application; without settings it reads the environment's.

    `clock` tells the time in UTC, from which relative dates are counted.

    Also uvicorn's factory: `uvicorn --factory gql_tasks.app:create_app`. The database is opened,
    and migrated where that is due, when the application starts, and closed when it stops.
    """
    settings = settings or Settings()
    metrics = Metrics()
    timings = Timings(metrics.reads.note, metrics.writes.note)
    database = open_database(
        settings.database, statement_seconds=settings.statement_seconds, timings=timings
    )
    live = Live(database)
    scraping = Scraping(metrics, live)
    log = RequestLog(every=settings.log_requests, slow_seconds=settings.slow_seconds)
    observer = Observer(metrics, log)
    stopping = Stopping()
    admission = Admission(
        max_requests=settings.max_requests,
        max_sockets=settings.max_sockets,
        max_sockets_per_client=settings.max_sockets_per_client,
    )
    arrival = Arrival(admission, seconds=settings.receive_seconds)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await database.open()
            pruning = asyncio.create_task(
                keep_pruned(database, days=settings.log_days, rows=settings.log_rows, clock=clock)
            )
            sharing = asyncio.create_task(scraping.share())
            observer.traced = is_traced()
            with stopping.heard():
                yield
            pruning.cancel()
            sharing.cancel()
            await asyncio.wait([pruning, sharing])
        finally:
            await live.close()
            await database.close()

    app = Application(
        title="gql_tasks",
        summary="The tutorial's REST endpoints over the store that /graphql serves.",
        version=__version__,
        lifespan=lifespan,
        openapi_url=None if settings.production else "/openapi.json",
        docs_url=None,  # served from the package by page_routes, without another host
        redoc_url=None,
        exception_handlers={**ERROR_HANDLERS, Refusal: answer_refusal},
        telemetry=TELEMETRY,
    )
    schema, documents = open_schema(settings)
    app.add_middleware(RequestMiddleware, arrival=arrival, max_body_bytes=settings.max_body_bytes)
    watch = Watch(metrics, log)
    app.add_middleware(WatchingMiddleware, graphql_path="/graphql", watch=watch)
    graphql = TasksRouter(
        schema,
        documents,
        database,
        live,
        path="/graphql",
        get_max_age=settings.get_max_age,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        clock=clock,
        stopping=stopping,
        observer=observer,
        admission=admission,
        max_operations=settings.max_operations,
    )
    app.include_router(graphql)
    app.include_router(tasks_router(database))
    app.router.routes.extend(page_routes(explorers=not settings.production))
    app.router.routes.extend(Health(database, stopping).routes())
    if settings.metrics:
        app.router.routes.extend(scraping.routes())
    app.direct = DirectOperations(
        super(Application, app).__call__,
        path="/graphql",
        schema=schema,
        known_documents=documents,
        database=database,
        live=live,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        answer_bytes=settings.answer_bytes,
        clock=clock,
        arrival=arrival,
        observer=observer,
    )
    metrics.follow_cache("documents", schema.documents)
    metrics.follow_cache("plans", app.direct.queries)
    metrics.follow_cache("answers", app.direct.queries.kept)
    metrics.watch(
        "requests", "Requests that are being answered, this one too.", lambda: admission.requests
    )
    metrics.watch(
        "sockets", "WebSockets and event streams that are open.", lambda: admission.sockets
    )
    metrics.watch("subscribers", "Subscriptions that are open.", lambda: live.subscriber_count)
    metrics.watch(
        "writes_waiting", "Writes that are not committed yet.", lambda: timings.writes_waiting
    )
    origins = Origins(listed(settings.origins))
    app.wall = Wall(
        Cors(app.direct, origins) if origins.listed else app.direct,
        hosts=Hosts(listed(settings.hosts), listening=settings.host),
        origins=origins,
        admission=admission,
        doors={"/graphql": graphql.refuse},
        elsewhere=watch.refuse,
    )
    return app
