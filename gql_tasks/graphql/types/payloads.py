"""Payloads: what a mutation wrote, or the problems that stopped it."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any, Self

import orjson
import strawberry

from gql_tasks.graphql.context import Info
from gql_tasks.graphql.types.label import Label
from gql_tasks.graphql.types.problems import Problem
from gql_tasks.graphql.types.project import Project
from gql_tasks.graphql.types.task import Task


def _written(shown: type, description: str) -> Any:
    """Declare the field that shows the row."""

    def answer(self: Payload, info: Info) -> orjson.Fragment | None:
        return self.answers.get(str(info.path.key))

    return strawberry.field(resolver=answer, graphql_type=shown | None, description=description)


@strawberry.interface(
    description="Every payload: what was written, or the problems that stopped it. "
    "With problems, nothing was written."
)
class Payload:
    """What every payload says.

    `answers` holds the row that was written, a response key each, read in the transaction that
    wrote it.
    """

    problems: list[Problem] = strawberry.field(
        description="What stopped the mutation, the first 100 of it; empty when it was done.",
        default_factory=list,
    )
    answers: strawberry.Private[Mapping[str, orjson.Fragment | None]] = dataclasses.field(
        default_factory=dict
    )


@strawberry.type(description="The answer of a mutation of one task.")
class TaskPayload(Payload):
    """A task."""

    task = _written(Task, "The task as it was written; null with problems.")


@strawberry.type(description="The answer of a mutation of one project.")
class ProjectPayload(Payload):
    """A project."""

    project = _written(Project, "The project as it was written; null with problems.")


@strawberry.type(description="The answer of a mutation of one label.")
class LabelPayload(Payload):
    """A label."""

    label = _written(Label, "The label as it was written; null with problems.")


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

    @classmethod
    def of(cls, row_id: int, task_ids: Iterable[int] = ()) -> Self:
        """Say that a row is gone, and which tasks with it."""
        return cls(
            deleted_ids=[strawberry.ID(str(row_id))],
            deleted_task_ids=[strawberry.ID(str(task_id)) for task_id in task_ids],
        )
