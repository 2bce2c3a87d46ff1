"""The composition root: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from gql_tasks import __version__
from gql_tasks.config import Settings
from gql_tasks.graphql.direct import DirectOperations
from gql_tasks.graphql.router import TasksRouter
from gql_tasks.graphql.schema import build_schema
from gql_tasks.rest.tasks import tasks_router
from gql_tasks.services.live import Live
from gql_tasks.services.pruning import keep_pruned
from gql_tasks.store.address import open_database
from gql_tasks.web.errors import ERROR_HANDLERS
from gql_tasks.web.pages import page_routes
from gql_tasks.web.requests import RequestMiddleware
from gql_tasks.web.stopping import Stopping


class Application(FastAPI):
    """FastAPI, with the operations that are known answered before all of its middleware."""

    direct: DirectOperations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a connection."""
        await self.direct(scope, receive, send)


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = utc_now
) -> FastAPI:
    """Build the application; without settings it reads the environment's.

    `clock` tells the time in UTC, from which relative dates are counted.

    Also uvicorn's factory: `uvicorn --factory gql_tasks.app:create_app`. The database is opened,
    and migrated where that is due, when the application starts, and closed when it stops.
    """
    settings = settings or Settings()
    database = open_database(settings.database)
    live = Live(database)
    stopping = Stopping()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await database.open()
            pruning = asyncio.create_task(
                keep_pruned(database, days=settings.log_days, rows=settings.log_rows, clock=clock)
            )
            with stopping.heard():
                yield
            pruning.cancel()
            await asyncio.wait([pruning])
        finally:
            await live.close()
            await database.close()

    app = Application(
        title="gql_tasks",
        summary="The tutorial's REST endpoints over the store that /graphql serves.",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,  # served from the package by page_routes, without another host
        redoc_url=None,
        exception_handlers=dict(ERROR_HANDLERS),
    )
    schema = build_schema()
    app.add_middleware(RequestMiddleware, max_body_bytes=settings.max_body_bytes)
    app.include_router(
        TasksRouter(
            schema,
            database,
            live,
            path="/graphql",
            max_rows=settings.max_rows,
            max_body_bytes=settings.max_body_bytes,
            clock=clock,
            stopping=stopping,
        )
    )
    app.include_router(tasks_router(database))
    app.router.routes.extend(page_routes())
    app.direct = DirectOperations(
        super(Application, app).__call__,
        path="/graphql",
        schema=schema,
        database=database,
        live=live,
        max_rows=settings.max_rows,
        max_body_bytes=settings.max_body_bytes,
        clock=clock,
    )
    return app
