"""Whether the process lives, and whether it is ready for requests: /livez and /readyz.

Life is asked of the event loop alone. Readiness is asked of the database as well, which may be away
or stand still, so the question has its time; one that is never answered is not asked again.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from gql_tasks.store.database import Database
from gql_tasks.web.stopping import Stopping

CHECK_SECONDS = 1.0
"""How long the database may take to say how it is."""

NO_ANSWER: Final = {"database": "no answer", "migrations": "unknown", "disk": "unknown"}
GOOD: Final = {"ok", "n/a"}
HEADERS: Final = {"Cache-Control": "no-store"}


class Health:
    """What is known of the process and of its database."""

    def __init__(self, database: Database, stopping: Stopping) -> None:
        self._database = database
        self._stopping = stopping
        self._asking: asyncio.Task[Mapping[str, str]] | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the two probes."""
        return [Route("/livez", self.livez), Route("/readyz", self.readyz)]

    async def livez(self, _: Request) -> Response:
        """Answer, which says all of it: the loop runs."""
        return JSONResponse({"status": "alive"}, headers=HEADERS)

    async def readyz(self, _: Request) -> Response:
        """Answer 200 where requests can be served, else 503, and say why."""
        process = "stopping" if self._stopping.asked else "ok"
        checks = {**await self._checked(), "process": process}
        ready = GOOD.issuperset(checks.values())
        status = "ready" if ready else "not ready"
        return JSONResponse({"status": status, "checks": checks}, 200 if ready else 503, HEADERS)

    async def _checked(self) -> Mapping[str, str]:
        """Ask the database, once at a time, and wait no longer than an answer may take."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._database.check(seconds=CHECK_SECONDS))
        asking = self._asking
        await asyncio.wait([asking], timeout=CHECK_SECONDS)
        if not asking.done():
            return NO_ANSWER
        self._asking = None
        return asking.result()
