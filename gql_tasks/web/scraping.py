"""GET /metrics: what has been counted, in the text that Prometheus asks for."""

import asyncio
from math import nan

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from gql_tasks.services.live import Live
from gql_tasks.web.metrics import Metrics

LOOK_SECONDS = 1.0
"""How long the database may take to say how long the change log is."""

SHARE_SECONDS = 1.0
"""How often one of several workers shows the others what it has counted."""


class Scraping:
    """Brings what is known up to date, for whoever asks or once in a while."""

    def __init__(self, metrics: Metrics, live: Live) -> None:
        self._metrics = metrics
        self._live = live
        self._looking: asyncio.Task[tuple[int, int]] | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the route of /metrics."""
        return [Route("/metrics", self.scrape)]

    async def scrape(self, request: Request) -> Response:
        """Answer, in a thread's time: many operations are many lines."""
        await self._look()
        self._metrics.tell()
        write, media_type = choose_encoder(request.headers.get("accept", ""))
        text = await asyncio.to_thread(write, self._metrics.registry)
        headers = {"Content-Type": media_type, "Cache-Control": "no-store", "Vary": "Accept"}
        return Response(text, headers=headers)

    async def share(self) -> None:
        """Show other workers what has been counted, until cancelled; there may be none."""
        while self._metrics.directory is not None:
            await asyncio.sleep(SHARE_SECONDS)
            if self._live.subscriber_count:
                await self._look()
            self._metrics.tell()

    async def _look(self) -> None:
        """Ask how long the change log is, once at a time; a database that is away leaves NaN."""
        if self._looking is None:
            self._looking = asyncio.create_task(self._live.lag())
        looking = self._looking
        await asyncio.wait([looking], timeout=LOOK_SECONDS)
        known: tuple[float, float] = (nan, nan)
        if looking.done():
            self._looking = None
            if looking.exception() is None:
                known = looking.result()
        self._metrics.log_changes.set(known[0])
        self._metrics.log_lag.set(known[1])
