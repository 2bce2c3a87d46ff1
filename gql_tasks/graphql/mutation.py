"""The root fields that write: parse, one call, return.

A mutation field is one transaction. Its payload is read in that transaction, by plan, so that it
shows what was written and nothing later, and a payload that cannot be read leaves nothing written.
"""

from collections.abc import Callable
from typing import Annotated, TypeAlias, TypeVar

import strawberry

from gql_tasks.domain.errors import Refused
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.inputs import (
    CreateLabelInput,
    CreateProjectInput,
    CreateTaskInput,
    UpdateLabelInput,
    UpdateProjectInput,
    UpdateTaskInput,
)
from gql_tasks.graphql.selection import plans_under
from gql_tasks.graphql.types.payloads import (
    DeletePayload,
    LabelPayload,
    Payload,
    ProjectPayload,
    TaskPayload,
)
from gql_tasks.graphql.types.problems import problems_of
from gql_tasks.services import labels, projects, tasks
from gql_tasks.store.database import WriteSession

TaskId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The task's id.")]
ProjectId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="The project's id.")
]
LabelId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The label's id.")]
NEW = strawberry.argument(description="What to write.")
CHANGES = strawberry.argument(description="What to change.")

P = TypeVar("P", bound=Payload)


@strawberry.type(description="Everything that can be written. Fields run in the order written.")
class Mutation:
    """The roots of every write."""

    @strawberry.mutation(description="Write a new task, and its subtasks with it.")
    async def create_task(
        self,
        info: Info,
        input: Annotated[CreateTaskInput, NEW],  # noqa: A002  # the public name
    ) -> TaskPayload:
        """Create a task."""
        task = input.to_domain()
        return await _write_row(
            info, TaskPayload, "task", lambda session: tasks.create_task(session, task)
        )

    @strawberry.mutation(description="Change a task.")
    async def update_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
        input: Annotated[UpdateTaskInput, CHANGES],  # noqa: A002  # the public name
    ) -> TaskPayload:
        """Change a task."""
        changes = input.to_domain()
        return await _write_row(
            info, TaskPayload, "task", lambda session: tasks.update_task(session, id, changes)
        )

    @strawberry.mutation(
        description="Delete a task's row. Its subtasks stay and move up to its own parent."
    )
    async def delete_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
    ) -> DeletePayload:
        """Delete a task."""
        return await _write(
            info, DeletePayload, lambda session: DeletePayload.of(tasks.delete_task(session, id))
        )

    @strawberry.mutation(description="Write a new project.")
    async def create_project(
        self,
        info: Info,
        input: Annotated[CreateProjectInput, NEW],  # noqa: A002  # the public name
    ) -> ProjectPayload:
        """Create a project."""
        project = input.to_domain()
        return await _write_row(
            info,
            ProjectPayload,
            "project",
            lambda session: projects.create_project(session, project),
        )

    @strawberry.mutation(description="Change a project.")
    async def update_project(
        self,
        info: Info,
        id: ProjectId,  # noqa: A002  # the public name
        input: Annotated[UpdateProjectInput, CHANGES],  # noqa: A002  # the public name
    ) -> ProjectPayload:
        """Change a project."""
        changes = input.to_domain()
        return await _write_row(
            info,
            ProjectPayload,
            "project",
            lambda session: projects.update_project(session, id, changes),
        )

    @strawberry.mutation(
        description="Delete a project's row. Its tasks stay, without a project, unless they are to "
        "go with it."
    )
    async def delete_project(
        self,
        info: Info,
        id: ProjectId,  # noqa: A002  # the public name
        delete_tasks: Annotated[  # noqa: FBT002  # in GraphQL every argument is named
            bool,
            strawberry.argument(
                description="Delete its tasks as well. Subtasks of theirs that are not in the "
                "project stay, and move up."
            ),
        ] = False,
    ) -> DeletePayload:
        """Delete a project."""

        def work(session: WriteSession) -> DeletePayload:
            deleted = projects.delete_project(session, id, delete_tasks=delete_tasks)
            return DeletePayload.of(deleted.id, deleted.task_ids)

        return await _write(info, DeletePayload, work)

    @strawberry.mutation(description="Write a new label.")
    async def create_label(
        self,
        info: Info,
        input: Annotated[CreateLabelInput, NEW],  # noqa: A002  # the public name
    ) -> LabelPayload:
        """Create a label."""
        label = input.to_domain()
        return await _write_row(
            info, LabelPayload, "label", lambda session: labels.create_label(session, label)
        )

    @strawberry.mutation(description="Change a label.")
    async def update_label(
        self,
        info: Info,
        id: LabelId,  # noqa: A002  # the public name
        input: Annotated[UpdateLabelInput, CHANGES],  # noqa: A002  # the public name
    ) -> LabelPayload:
        """Change a label."""
        changes = input.to_domain()
        return await _write_row(
            info, LabelPayload, "label", lambda session: labels.update_label(session, id, changes)
        )

    @strawberry.mutation(
        description="Delete a label's row. The tasks that had it stay, without it."
    )
    async def delete_label(
        self,
        info: Info,
        id: LabelId,  # noqa: A002  # the public name
    ) -> DeletePayload:
        """Delete a label."""
        return await _write(
            info, DeletePayload, lambda session: DeletePayload.of(labels.delete_label(session, id))
        )


async def _write_row(
    info: Info, payload: type[P], field: str, work: Callable[[WriteSession], int]
) -> P:
    """Write a row, and read what the payload's field shows of it."""
    plans = plans_under(info, field)

    def write_and_read(session: WriteSession) -> P:
        row_id = work(session)
        return payload(
            answers={key: session.execute_plan(plan.for_id(row_id)) for key, plan in plans.items()}
        )

    return await _write(info, payload, write_and_read)


async def _write(info: Info, payload: type[P], work: Callable[[WriteSession], P]) -> P:
    """Write in a transaction of the field's own."""
    try:
        return await info.context.write(work)
    except Refused as refused:
        return payload(problems=problems_of(refused))
