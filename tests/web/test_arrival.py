"""Bodies that are slow to come: in time or not at all, and in nobody's way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest

from gql_tasks.app import create_app
from gql_tasks.config import Settings
from gql_tasks.web.admission import Admission
from gql_tasks.web.arrival import Arrival
from gql_tasks.web.refusals import Refusal
from tests.graphql.live import becomes

WRITE = b'{"query": "mutation { createTask(input: { title: \\"x\\" }) { task { id } } }"}'
LATE = "The request did not come in 0.2 seconds."
BUSY = "The server is answering 1 requests already."
DOORS = pytest.mark.parametrize(
    ("path", "body"), [("/graphql", WRITE), ("/tasks/", b'{"title": "x"}')]
)


def of_door(path: str, code: str, message: str) -> Any:
    """Shape a refusal as a door does."""
    errors = [{"message": message, "extensions": {"code": code}}]
    return {"errors": errors} if path == "/graphql" else {"detail": message, "code": code}


class Serving:
    """The application in process, with a place for one request, and little patience."""

    def __init__(self, directory: Path, receive_seconds: float) -> None:
        settings = Settings(
            database=str(directory / "tasks.db"), max_requests=1, receive_seconds=receive_seconds
        )
        self.app: Any = create_app(settings)
        transport = httpx2.ASGITransport(self.app)
        self.http = httpx2.AsyncClient(transport=transport, base_url="http://localhost")

    async def __aenter__(self) -> Self:
        self._lifespan = self.app.router.lifespan_context(self.app)
        await self._lifespan.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self._lifespan.__aexit__(None, None, None)

    async def post(self, path: str, body: Any, length: int) -> httpx2.Response:
        headers = {"content-type": "application/json", "content-length": str(length)}
        return await self.http.post(path, content=body, headers=headers)

    async def titles(self) -> list[str]:
        return [task["title"] for task in (await self.http.get("/tasks/")).json()]


async def in_parts(body: bytes, *goes: asyncio.Event) -> AsyncIterator[bytes]:
    """Send a byte of a body, and another when each event has happened, and then the rest."""
    for position, go in enumerate(goes):
        yield body[position : position + 1]
        await go.wait()
    yield body[len(goes) :]


@DOORS
async def test_body_that_does_not_come(tmp_path: Path, path: str, body: bytes) -> None:
    """What is not whole in time is 408 in the door's shape, closed, and not done."""
    async with Serving(tmp_path, 0.2) as server:
        for _ in range(2):
            response = await server.post(path, in_parts(body, asyncio.Event()), len(body))
            assert response.json() == of_door(path, "REQUEST_TIMEOUT", LATE)
            assert (response.status_code, response.headers["connection"]) == (408, "close")
            assert "x-request-id" in response.headers
        assert await server.titles() == []
        assert server.app.wall.admission.requests == 0


@DOORS
async def test_body_that_comes_slowly(tmp_path: Path, path: str, body: bytes) -> None:
    """Meanwhile it takes nobody's place; when it is whole it is answered."""
    async with Serving(tmp_path, 20) as server:
        first, second = asyncio.Event(), asyncio.Event()
        slow = asyncio.create_task(server.post(path, in_parts(body, first, second), len(body)))
        for go in (first, second):
            await asyncio.sleep(0)
            await becomes(lambda: server.app.wall.admission.requests == 0)
            assert await server.titles() == []
            go.set()
        assert (await slow).status_code == 200
        assert await server.titles() == ["x"]


@DOORS
async def test_body_that_comes_when_all_places_are_taken(
    tmp_path: Path, path: str, body: bytes
) -> None:
    """A request that is whole only when the server is full is refused then, and not done."""
    async with Serving(tmp_path, 20) as server:
        go = asyncio.Event()
        slow = asyncio.create_task(server.post(path, in_parts(body, go), len(body)))
        await asyncio.sleep(0)
        await becomes(lambda: server.app.wall.admission.requests == 0)
        server.app.wall.admission.requests += 1  # another one's
        go.set()
        response = await slow
        server.app.wall.admission.requests -= 1
        assert response.json() == of_door(path, "SERVICE_UNAVAILABLE", BUSY)
        assert (response.status_code, response.headers["retry-after"]) == (503, "1")
        assert await server.titles() == []


def arrival(seconds: float) -> tuple[Arrival, Admission]:
    admission = Admission(max_requests=1, max_sockets=1, max_sockets_per_client=1)
    return Arrival(admission, seconds=seconds), admission


async def test_deadline_is_for_the_whole() -> None:
    """Parts that keep coming do not move the deadline."""
    receiving, _ = arrival(0.2)
    scope: dict[str, Any] = {}

    async def receive() -> Any:
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def receive_on() -> None:
        while True:
            await receiving.receive(scope, receive)

    async with asyncio.timeout(10):
        with pytest.raises(Refusal, match=r"408: The request did not come in 0\.2 seconds\."):
            await receive_on()


async def test_cancellation_while_waiting() -> None:
    """Whoever is cancelled while a body is on its way lets go of what it waited for."""
    receiving, admission = arrival(20)
    admission.requests = 1
    let_go = asyncio.Event()

    async def receive() -> Any:
        try:
            await asyncio.Event().wait()
        finally:
            let_go.set()

    waiting = asyncio.create_task(receiving.receive({}, receive))
    await becomes(lambda: admission.requests == 0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert let_go.is_set()
    assert admission.requests == 1


async def test_no_timer_for_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that came with its head is received without a timer."""
    receiving, _ = arrival(0)
    message = {"type": "http.request", "body": b"x", "more_body": False}

    async def receive() -> Any:
        return message

    monkeypatch.setattr(asyncio, "timeout_at", None)
    scope: dict[str, Any] = {}
    assert await receiving.receive(scope, receive) is message
    assert scope == {}


async def test_errors_pass() -> None:
    """What goes wrong while receiving is not taken for anything else, sooner or later."""
    receiving, _ = arrival(20)

    async def receive(*, late: bool) -> Any:
        if late:
            await asyncio.sleep(0)
        raise ZeroDivisionError

    for late in (False, True):
        with pytest.raises(ZeroDivisionError):
            await receiving.receive({}, lambda late=late: receive(late=late))  # type: ignore[misc]
