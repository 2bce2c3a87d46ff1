"""The tutorial's five endpoints, as its readers' clients know them.

Answers are the tutorial's to the letter, with one difference: a blank title is refused. Stored rows
with a blank title, or with the NULLs that the table allows, are served.
"""

from collections.abc import Callable, Coroutine
from inspect import isawaitable
from typing import Annotated, Any, cast

import orjson
from fastapi import APIRouter, Body, HTTPException, Path
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as NotHandled
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from typing_extensions import TypedDict  # Pydantic's condition before Python 3.12

from gql_tasks.domain.errors import NotFound, Refused
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.plan import Column, ReadPlan
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.services import tasks
from gql_tasks.store.database import Answer, Database, T, WriteSession
from gql_tasks.web.json_body import read_json

FIELDS = (
    Column("title", "title"),
    Column("description", "description"),
    Column("completed", "completed"),
    Column("id", "id_number"),
)

EVERY_TASK = ReadPlan.listing(Entity.TASK, FIELDS)

TaskId = Annotated[int, Path(description="The task's id.")]

WITHOUT_TASK: dict[int | str, dict[str, Any]] = {404: {"description": "No task has this id"}}


# Only told to whoever reads the document; the rules are the domain's, which both doors ask.
Title = Annotated[str, Field(json_schema_extra={"pattern": r"^[^\x00]*[^\s\x00][^\x00]*$"})]
Description = Annotated[str, Field(json_schema_extra={"pattern": r"^[^\x00]*$"})]


class TaskCreate(BaseModel):
    """A task to be written."""

    title: Title
    description: Description = ""
    completed: bool = False


class TaskResponse(TaskCreate):
    """A task as it is stored."""

    model_config = ConfigDict(from_attributes=True)

    title: str  # other programs may have left it empty
    description: str = ""
    id: int


class TaskUpdate(TypedDict, total=False):
    """Any of a task's fields; those left out keep their values.

    Not a model: its fields have no defaults, which generated clients would send.
    """

    title: Title
    description: Description
    completed: bool


class StrictRequest(Request):
    """A request whose JSON is JSON: Python's own parser takes NaN and lone surrogates."""

    async def json(self) -> Any:
        """Parse the body; what is not JSON becomes FastAPI's 422."""
        return read_json(await self.body())


class StrictRoute(APIRoute):
    """A route that hands out strict requests. `allow` names the methods of all routes beside it."""

    allow = ""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or tell another method all of those that there are."""
        try:
            await super().handle(scope, receive, send)
        except NotHandled as error:
            if error.status_code == 405:
                error.headers = {"Allow": self.allow}
            raise

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            try:
                return await handle(StrictRequest(request.scope, request.receive))
            except RequestValidationError as error:
                for problem in error.errors():
                    if isinstance(problem.get("input"), bytes):  # FastAPI takes it for UTF-8
                        problem["input"] = problem["input"].decode(errors="replace")
                raise

        return handle_strictly


def tasks_router(database: Database) -> APIRouter:
    """Make the endpoints over a database."""
    router = APIRouter(prefix="/tasks", tags=["tasks"], route_class=StrictRoute)

    @router.post("/", response_model=TaskResponse, summary="Create a task")
    async def create_task(task: TaskCreate) -> Response:
        """Write a task and answer it with its id."""

        def work(session: WriteSession) -> Answer:
            return _read(session, tasks.create_task(session, NewTask(**task.model_dump())))

        return _json(await _write(database, work, short=True))

    @router.get("/", response_model=list[TaskResponse], summary="Read all tasks")
    async def read_tasks() -> Response:
        """Answer every task, by id."""
        return _json(await _answer(database, EVERY_TASK))

    @router.get(
        "/{task_id}", response_model=TaskResponse, responses=WITHOUT_TASK, summary="Read a task"
    )
    async def read_task(task_id: TaskId) -> Response:
        """Answer one task."""
        row_id = parse_id(str(task_id))
        if row_id is None:
            raise _not_found()
        return _json(await _answer(database, _plan(row_id)))

    @router.put(
        "/{task_id}", response_model=TaskResponse, responses=WITHOUT_TASK, summary="Update a task"
    )
    async def update_task(task_id: TaskId, task: Annotated[TaskUpdate, Body()]) -> Response:
        """Change the fields that are sent and answer the task."""
        changes = cast("TaskChanges", task)  # its fields are some of a change's

        def work(session: WriteSession) -> Answer:
            return _read(session, tasks.update_task(session, str(task_id), changes))

        return _json(await _write(database, work, short=True))

    @router.delete("/{task_id}", status_code=204, responses=WITHOUT_TASK, summary="Delete a task")
    async def delete_task(task_id: TaskId) -> None:
        """Delete a task's row."""
        await _write(database, lambda session: tasks.delete_task(session, str(task_id)))

    _name_methods(router)
    return router


def _name_methods(router: APIRouter) -> None:
    routes = [route for route in router.routes if isinstance(route, StrictRoute)]
    for route in routes:
        beside = [other.methods or set() for other in routes if other.path == route.path]
        route.allow = ", ".join(sorted(set[str]().union(*beside)))


async def _answer(database: Database, plan: ReadPlan) -> orjson.Fragment:
    session = database.session()
    try:
        reading = session.read(plan)
        found = await reading if isawaitable(reading) else reading
    finally:
        await session.finish()
    if found is None:
        raise _not_found()
    return found


async def _write(
    database: Database, work: Callable[[WriteSession], T], *, short: bool = False
) -> T:
    try:
        return await database.write(work, short=short)
    except Refused as refused:
        if any(isinstance(problem, NotFound) for problem in refused.problems):
            raise _not_found() from refused
        raise RequestValidationError(
            [
                {"type": "value_error", "loc": ("body", *problem.path[1:]), "msg": problem.message}
                for problem in refused.problems
            ]
        ) from refused


def _read(session: WriteSession, row_id: int) -> Answer:
    return session.execute_plan(_plan(row_id))


def _plan(row_id: int) -> ReadPlan:
    return ReadPlan.by_id(Entity.TASK, FIELDS, row_id)


def _json(document: Answer) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


def _not_found() -> HTTPException:
    return HTTPException(404, "Task not found")
