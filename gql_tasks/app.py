"""The composition root: settings in, an ASGI application out."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

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
from gql_tasks.store.database import Database
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

GRAPHQL_PATH: Final = "/graphql"


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


@dataclass(frozen=True, slots=True)
class Parts:
    """What an application is put together from; there is one of each."""

    settings: Settings
    clock: Callable[[], datetime]
    schema: Schema
    documents: KnownDocuments
    database: Database
    live: Live
    timings: Timings
    metrics: Metrics
    observer: Observer
    watch: Watch
    scraping: Scraping
    stopping: Stopping
    admission: Admission
    arrival: Arrival


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now
) -> FastAPI:
    """Build the application; without settings it reads the environment's.

    `clock` tells the time in UTC, from which relative dates are counted.

    Also uvicorn's factory: `uvicorn --factory gql_tasks.app:create_app`. The database is opened,
    and migrated where that is due, when the application starts, and closed when it stops.
    """
    parts = make_parts(settings or Settings(), clock)
    own_process, settings = settings is None, parts.settings
    app = Application(
        title="gql_tasks",
        summary="The tutorial's REST endpoints over the store that /graphql serves.",
        version=__version__,
        lifespan=partial(running, parts),
        openapi_url=None if settings.production else "/openapi.json",
        docs_url=None,  # served from the package by page_routes, without another host
        redoc_url=None,
        exception_handlers={**ERROR_HANDLERS, Refusal: answer_refusal},
        telemetry=TELEMETRY,
    )
    app.add_middleware(
        RequestMiddleware, arrival=parts.arrival, max_body_bytes=settings.max_body_bytes
    )
    app.add_middleware(WatchingMiddleware, graphql_path=GRAPHQL_PATH, watch=parts.watch)
    graphql = graphql_router(parts)
    app.include_router(graphql)
    app.include_router(tasks_router(parts.database))
    app.router.routes.extend(page_routes(explorers=not settings.production))
    app.router.routes.extend(Health(parts.database, parts.stopping).routes())
    if settings.metrics:
        app.router.routes.extend(parts.scraping.routes())
    app.direct = direct_operations(parts, super(Application, app).__call__)
    app.wall = wall_before(parts, app.direct, graphql)
    show_metrics(parts, app.direct)
    if own_process:
        gc.freeze()  # what is here stays; to look at all of it takes the collector 40 milliseconds
    return app


def make_parts(settings: Settings, clock: Callable[[], datetime]) -> Parts:
    """Make what knows of no requests yet. Raises DocumentsUnusable and StoreUnusable."""
    metrics = Metrics()
    timings = Timings(metrics.reads.note, metrics.writes.note)
    database = open_database(
        settings.database, statement_seconds=settings.statement_seconds, timings=timings
    )
    live = Live(database)
    schema, documents = open_schema(settings)
    log = RequestLog(every=settings.log_requests, slow_seconds=settings.slow_seconds)
    admission = Admission(
        max_requests=settings.max_requests,
        max_sockets=settings.max_sockets,
        max_sockets_per_client=settings.max_sockets_per_client,
    )
    return Parts(
        settings=settings,
        clock=clock,
        schema=schema,
        documents=documents,
        database=database,
        live=live,
        timings=timings,
        metrics=metrics,
        observer=Observer(metrics, log),
        watch=Watch(metrics, log),
        scraping=Scraping(metrics, live),
        stopping=Stopping(),
        admission=admission,
        arrival=Arrival(admission, seconds=settings.receive_seconds),
    )


@asynccontextmanager
async def running(parts: Parts, _app: FastAPI) -> AsyncIterator[None]:
    """Open the database and look after it, from the start of the application to its end."""
    settings, database = parts.settings, parts.database
    try:
        await database.open()
        pruning = asyncio.create_task(
            keep_pruned(database, days=settings.log_days, rows=settings.log_rows, clock=parts.clock)
        )
        sharing = asyncio.create_task(parts.scraping.share())
        parts.observer.traced = is_traced()
        with parts.stopping.heard():
            yield
        pruning.cancel()
        sharing.cancel()
        await asyncio.wait([pruning, sharing])
    finally:
        await parts.live.close()
        await database.close()


def graphql_router(parts: Parts) -> TasksRouter:
    """Make the way to GraphQL that takes everything."""
    settings = parts.settings
    return TasksRouter(
        parts.schema,
        parts.documents,
        parts.database,
        parts.live,
        path=GRAPHQL_PATH,
        get_max_age=settings.get_max_age,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        clock=parts.clock,
        stopping=parts.stopping,
        observer=parts.observer,
        admission=parts.admission,
        max_operations=settings.max_operations,
    )


def direct_operations(parts: Parts, app: ASGIApp) -> DirectOperations:
    """Make the shortest way to GraphQL, which hands on what it does not know to `app`."""
    settings = parts.settings
    return DirectOperations(
        app,
        path=GRAPHQL_PATH,
        schema=parts.schema,
        known_documents=parts.documents,
        database=parts.database,
        live=parts.live,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        answer_bytes=settings.answer_bytes,
        clock=parts.clock,
        arrival=parts.arrival,
        observer=parts.observer,
    )


def wall_before(parts: Parts, app: ASGIApp, graphql: TasksRouter) -> Wall:
    """Make what stands before all of it: who may come in, and how many at once."""
    settings = parts.settings
    origins = Origins(listed(settings.origins))
    return Wall(
        Cors(app, origins) if origins.listed else app,
        hosts=Hosts(listed(settings.hosts), listening=settings.host),
        origins=origins,
        admission=parts.admission,
        doors={GRAPHQL_PATH: graphql.refuse},
        elsewhere=parts.watch.refuse,
    )


def show_metrics(parts: Parts, direct: DirectOperations) -> None:
    """Let /metrics tell of what counts itself."""
    follow, watch = parts.metrics.follow_cache, parts.metrics.watch
    live, timings, admission = parts.live, parts.timings, parts.admission
    follow("documents", parts.schema.documents)
    follow("plans", direct.queries)
    follow("answers", direct.queries.kept)
    watch("requests", "Requests that are being answered.", lambda: admission.requests)
    watch("sockets", "WebSockets and event streams that are open.", lambda: admission.sockets)
    watch("subscribers", "Subscriptions that are open.", lambda: live.subscriber_count)
    watch("writes_waiting", "Writes that are not committed yet.", lambda: timings.writes_waiting)
