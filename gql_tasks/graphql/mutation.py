"""The root fields that write: parse, one call, return.

A mutation field is one transaction. Its payload is read in that transaction, by plan, so that it
shows what was written and nothing later, and a payload that cannot be read leaves nothing written.
"""

from collections.abc import Callable
from typing import Annotated

import strawberry

from gql_tasks.domain.errors import Refused
from gql_tasks.domain.plan import Entity, ReadPlan
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.inputs import CreateTaskInput, UpdateTaskInput
from gql_tasks.graphql.selection import selected_under
from gql_tasks.graphql.types.payloads import DeletePayload, TaskPayload
from gql_tasks.graphql.types.problems import problems_of
from gql_tasks.services import tasks
from gql_tasks.store.database import WriteSession

TaskId = Annotated[strawberry.ID, strawberry.argument(description="The task's id.")]


@strawberry.type(description="Everything that can be written. Fields run in the order written.")
class Mutation:
    """The roots of every write."""

    @strawberry.mutation(description="Write a new task.")
    async def create_task(
        self,
        info: Info,
        input: Annotated[  # noqa: A002  # the public name
            CreateTaskInput, strawberry.argument(description="The new task.")
        ],
    ) -> TaskPayload:
        """Create a task."""
        return await _write_task(
            info, lambda session: tasks.create_task(session, input.to_domain())
        )

    @strawberry.mutation(description="Change a task.")
    async def update_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
        input: Annotated[  # noqa: A002  # the public name
            UpdateTaskInput, strawberry.argument(description="What to change.")
        ],
    ) -> TaskPayload:
        """Change a task."""
        return await _write_task(
            info, lambda session: tasks.update_task(session, id, input.to_domain())
        )

    @strawberry.mutation(description="Delete a task's row.")
    async def delete_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
    ) -> DeletePayload:
        """Delete a task."""
        try:
            deleted = await info.context.write(lambda session: tasks.delete_task(session, id))
        except Refused as refused:
            return DeletePayload(problems=problems_of(refused))
        return DeletePayload(deleted_ids=[strawberry.ID(str(deleted))])


async def _write_task(info: Info, work: Callable[[WriteSession], int]) -> TaskPayload:
    selections = selected_under(info, "task")

    def write_and_read(session: WriteSession) -> TaskPayload:
        row_id = work(session)
        return TaskPayload(
            answers={
                key: session.execute_plan(ReadPlan.by_id(Entity.TASK, fields, row_id))
                for key, fields in selections.items()
            }
        )

    try:
        return await info.context.write(write_and_read)
    except Refused as refused:
        return TaskPayload(problems=problems_of(refused))
