"""The program over a PostgreSQL server: who writes to it, and whether it has got over a fault."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import httpx2

from gql_tasks.store.postgresql_connections import POOL_SIZE
from tests import postgresql
from tests.faults.program import Program, serving

STATEMENT_SECONDS = 2.0
"""The time that the programs of these tests give a statement."""

DEADLINE_SECONDS = 15.0
"""Every request is answered within this, whatever has happened to the server."""

AWAY = "the database is away; try again"
SILENT = "the database does not answer; try again"
OVERLOADED = "the database has no connection or memory left; try again"
LOCKED = "another program keeps what this needs locked; try again"
UNCERTAIN = "the connection to the database broke during the commit; the write may have been done"
UNAVAILABLE = {"code": "SERVICE_UNAVAILABLE", "retryable": True}

CREATE = """mutation ($title: String!, $id: ID) {
  createTask(input: {title: $title}, clientMutationId: $id) { task { title } }
}"""
READ = "{ tasks(limit: 1) { id } }"

LOGGED = ("request ", "commits are not heard: ", "the change log cannot be read: ")

SESSIONS = """
    SELECT count(*), count(*) FILTER (WHERE state <> 'idle') FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Outcome(Enum):
    """What a writer is told of a write."""

    DONE = "done"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass
class Served:
    """A program and the database that it serves."""

    program: Program
    database: str
    http: httpx2.AsyncClient
    descriptors: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    async def graphql(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """Post an operation, which is answered in time."""
        async with asyncio.timeout(DEADLINE_SECONDS):
            body = {"query": query, "variables": variables}
            response = await self.http.post("/graphql", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    async def error(self, query: str) -> tuple[str, Any]:
        """Post an operation that fails, and take the message and extensions of all its errors."""
        body = await self.graphql(query)
        assert body.get("errors"), body
        errors = [(error["message"], error["extensions"]) for error in body["errors"]]
        assert errors == errors[:1] * len(errors)
        return errors[0]

    async def assert_alive(self) -> None:
        """Ask what needs no database."""
        start = time.monotonic()
        assert await self.graphql("{ __typename }") == {"data": {"__typename": "Query"}}
        assert time.monotonic() - start < 1

    async def write(self, title: str, mutation_id: str | None = None) -> Outcome:
        """Write a task, and say what was heard of it."""
        body = await self.graphql(CREATE, {"title": title, "id": mutation_id})
        if "errors" not in body:
            assert body["data"]["createTask"]["task"] == {"title": title}
            return Outcome.DONE
        (error,) = body["errors"]
        assert error["extensions"] == UNAVAILABLE, body
        return Outcome.UNCERTAIN if error["message"] == UNCERTAIN else Outcome.REFUSED

    async def write_on(self, stop: asyncio.Event, *, insist: bool) -> dict[str, Outcome]:
        """Write task after task until the event. One that insists repeats each until it is done."""
        outcomes: dict[str, Outcome] = {}
        while not stop.is_set():
            title = f"task {next(self.numbers)}"
            outcome = await self.write(title, title if insist else None)
            self.outcomes[outcome] += 1
            while insist and outcome is not Outcome.DONE:
                await asyncio.sleep(0.05)
                outcome = await self.write(title, title)
            outcomes[title] = outcome
            await asyncio.sleep(0.002)
        return outcomes

    @asynccontextmanager
    async def writers(self, count: int = 8) -> AsyncIterator[None]:
        """Let writers write until the end of the block; each write is done once, or as was told."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            writing = [
                group.create_task(self.write_on(stop, insist=number % 2 == 0))
                for number in range(count)
            ]
            try:
                yield
            finally:
                stop.set()
        rows = Counter(
            title for (title,) in await postgresql.fetch(self.database, "SELECT title FROM tasks")
        )
        for outcomes in (task.result() for task in writing):
            for title, outcome in outcomes.items():
                allowed = {
                    Outcome.DONE: (1,),
                    Outcome.REFUSED: (0,),
                    Outcome.UNCERTAIN: (0, 1),
                }[outcome]
                assert rows[title] in allowed, (title, outcome, rows[title])

    async def writes_done(self, count: int) -> None:
        """Wait until so many more writes of the writers are done."""
        enough = self.outcomes[Outcome.DONE] + count

        async def done() -> bool:
            return self.outcomes[Outcome.DONE] >= enough

        await becomes(done)

    async def warm(self) -> None:
        """Fill the pool, so that what is open afterwards can be compared."""
        await asyncio.gather(*(self.graphql(READ) for _ in range(40)))
        self.descriptors = self.program.descriptors()

    async def assert_healed(self) -> None:
        """Check that all works again, by itself, and that nothing is left open."""
        await becomes(self.answers)
        for _ in range(20):
            assert await self.write("healed") is Outcome.DONE
        bodies = await asyncio.gather(*(self.graphql(READ) for _ in range(40)))
        assert [body for body in bodies if "errors" in body] == []
        await becomes(self._is_at_rest)

    async def answers(self) -> bool:
        """Tell whether the database is read again."""
        return "errors" not in await self.graphql(READ)

    async def _is_at_rest(self) -> bool:
        [(sessions, busy)] = await postgresql.fetch(self.database, SESSIONS)
        few = self.program.descriptors() <= self.descriptors
        return few and sessions <= POOL_SIZE and busy == 0

    def assert_log(self) -> None:
        """Check that the log says of each failure what it was, in one line, and no more."""
        for message in self.program.logged():
            assert message.startswith(LOGGED), message
            assert "SELECT" not in message, message
            assert "INSERT" not in message, message
        assert "Traceback" not in self.program.log.read_text()


async def becomes(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds, which it has to in time."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not await holds():
        assert time.monotonic() < deadline, f"{holds.__name__} did not come about"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def served(directory: Path, database: str, *arguments: str) -> AsyncIterator[Served]:
    """Serve a database until the block ends."""
    limits = ("--database", database, "--statement-seconds", str(STATEMENT_SECONDS))
    with serving(directory / "program", *limits, *arguments) as program:
        async with httpx2.AsyncClient(base_url=program.url, timeout=60) as http:
            found = Served(program, database, http)
            await found.warm()
            yield found
            found.assert_log()
