"""Payloads: what a mutation wrote, or the problems that stopped it."""

import dataclasses
from collections.abc import Mapping

import orjson
import strawberry

from gql_tasks.graphql.context import Info
from gql_tasks.graphql.types.problems import Problem
from gql_tasks.graphql.types.task import Task


@strawberry.interface(
    description="Every payload: what was written, or the problems that stopped it. "
    "With problems, nothing was written."
)
class Payload:
    """What every payload says."""

    problems: list[Problem] = strawberry.field(
        description="What stopped the mutation; empty when it was done.", default_factory=list
    )


@strawberry.type(description="The answer of a mutation of one task.")
class TaskPayload(Payload):
    """`answers` holds the task, a response key each, read in the transaction that wrote it."""

    answers: strawberry.Private[Mapping[str, orjson.Fragment | None]] = dataclasses.field(
        default_factory=dict
    )

    @strawberry.field(
        graphql_type=Task | None, description="The task as it was written; null with problems."
    )
    def task(self, info: Info) -> orjson.Fragment | None:
        """Hand out what was read for this response key."""
        return self.answers.get(str(info.path.key))


@strawberry.type(description="The answer of a mutation that deletes.")
class DeletePayload(Payload):
    """What is gone."""

    deleted_ids: list[strawberry.ID] = strawberry.field(
        description="The ids of the rows that were deleted; empty with problems.",
        default_factory=list,
    )
