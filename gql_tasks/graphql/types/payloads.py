"""Payloads: what a mutation wrote, or the problems that stopped it."""

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, get_origin

import orjson
import strawberry

from gql_tasks.domain.changes import SyncToken
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.types.change import Change
from gql_tasks.graphql.types.label import Label
from gql_tasks.graphql.types.problems import Problem
from gql_tasks.graphql.types.project import Project
from gql_tasks.graphql.types.task import Task

Shown = orjson.Fragment | list[orjson.Fragment] | None


def _written(shown: Any, description: str) -> Any:
    """Declare the field that shows what was written."""
    nothing: Shown = [] if get_origin(shown) is list else None

    def answer(self: Payload, info: Info) -> Shown:
        return self.answers.get(str(info.path.key), nothing)

    return strawberry.field(resolver=answer, graphql_type=shown, description=description)


@strawberry.interface(
    description="Every payload: what was written, or the problems that stopped it. "
    "With problems, nothing was written."
)
class Payload:
    """What every payload says.

    `answers` holds what was written, a response key each, read in the transaction that wrote it.
    `shows` names the field that shows it.
    """

    shows: ClassVar[str] = ""

    problems: list[Problem] = strawberry.field(
        description="What stopped the mutation, the first 100 of it; empty when it was done.",
        default_factory=list,
    )
    sync_token: SyncToken | None = strawberry.field(
        description="The position after this mutation's changes: undo takes it, and so does since. "
        "Null with problems.",
        default=None,
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(
        description="The clientMutationId that was sent.", default=None
    )
    answers: strawberry.Private[Mapping[str, Shown]] = dataclasses.field(default_factory=dict)


@strawberry.type(description="The answer of a mutation of one task.")
class TaskPayload(Payload):
    """A task."""

    shows: ClassVar[str] = "task"

    task = _written(Task | None, "The task as it was written; null with problems.")


@strawberry.type(description="The answer of a mutation of many tasks.")
class TasksPayload(Payload):
    """Tasks."""

    shows: ClassVar[str] = "tasks"

    tasks = _written(
        list[Task],
        "The tasks as they were written: those created, in the order of the input, or those that "
        "matched the filter, by id. Empty with problems.",
    )
    affected_count: int = strawberry.field(
        description="How many tasks were created, or matched the filter.", default=0
    )


@strawberry.type(description="The answer of a mutation of one project.")
class ProjectPayload(Payload):
    """A project."""

    shows: ClassVar[str] = "project"

    project = _written(Project | None, "The project as it was written; null with problems.")


@strawberry.type(description="The answer of a mutation of one label.")
class LabelPayload(Payload):
    """A label."""

    shows: ClassVar[str] = "label"

    label = _written(Label | None, "The label as it was written; null with problems.")


@strawberry.type(description="The answer of a mutation that deletes.")
class DeletePayload(Payload):
    """What is gone."""

    deleted_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the rows that were deleted, all of the kind that the mutation "
        "names; empty with problems.",
        default_factory=list,
    )
    deleted_task_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the tasks that were deleted along with a project, for a cache to "
        "drop. They stand apart because a task and a project may have the same id.",
        default_factory=list,
    )


@strawberry.type(description="The answer of undo.")
class UndoPayload(Payload):
    """What was taken back."""

    shows: ClassVar[str] = "undone"

    undone = _written(
        list[Change],
        "The changes that were taken back, oldest first; empty with problems.",
    )
