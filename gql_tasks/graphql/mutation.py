"""The root fields that write: parse, one call, return. How they write stands in writing.py."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from gql_tasks.domain.changes import SyncToken
from gql_tasks.domain.task import is_short
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.inputs import (
    CreateLabelInput,
    CreateProjectInput,
    CreateTaskInput,
    UpdateLabelInput,
    UpdateProjectInput,
    UpdateTaskInput,
)
from gql_tasks.graphql.selection import required_filter
from gql_tasks.graphql.types.filters import TaskFilter
from gql_tasks.graphql.types.payloads import (
    DeletePayload,
    LabelPayload,
    ProjectPayload,
    TaskPayload,
    TasksPayload,
    UndoPayload,
)
from gql_tasks.graphql.writing import Written, write
from gql_tasks.services import labels, many_tasks, projects, tasks, undo
from gql_tasks.store.database import WriteSession

TaskId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The task's id.")]
ProjectId: TypeAlias = Annotated[
    strawberry.ID, strawberry.argument(description="The project's id.")
]
LabelId: TypeAlias = Annotated[strawberry.ID, strawberry.argument(description="The label's id.")]
NEW = strawberry.argument(description="What to write.")
CHANGES = strawberry.argument(description="What to change.")
IfVersion: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="Only if the row still has this version; else VERSION_CONFLICT, with the row "
        "as it stands."
    ),
]
ClientMutationId: TypeAlias = Annotated[
    strawberry.ID | None,
    strawberry.argument(
        description="An id of the client's own, such as a UUID. Sent again, also after a broken "
        "connection or a restart, the same mutation is answered as it was the first time, and "
        "nothing is written. Kept as long as the change log."
    ),
]
Matching: TypeAlias = Annotated[
    TaskFilter, strawberry.argument(description="The tasks for which this holds.")
]
AtMost: TypeAlias = Annotated[
    int,
    strawberry.argument(
        description="The most tasks to write; where more match, TOO_MANY, and none is. Up to "
        "10,000."
    ),
]


@strawberry.type(description="Everything that can be written. Fields run in the order written.")
class Mutation:
    """The roots of every write."""

    @strawberry.mutation(description="Write a new task, and its subtasks with it.")
    async def create_task(
        self,
        info: Info,
        input: Annotated[CreateTaskInput, NEW],  # noqa: A002  # the public name
        client_mutation_id: ClientMutationId = UNSET,
    ) -> TaskPayload:
        """Create a task."""
        new = input.to_domain()
        return await write(
            info,
            TaskPayload,
            client_mutation_id,
            one(lambda session: tasks.create_task(session, new)),
            short=new.is_short,
        )

    @strawberry.mutation(description="Change a task.")
    async def update_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
        input: Annotated[UpdateTaskInput, CHANGES],  # noqa: A002  # the public name
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> TaskPayload:
        """Change a task."""
        changes, version = input.to_domain(), _given(if_version)
        return await write(
            info,
            TaskPayload,
            client_mutation_id,
            one(lambda session: tasks.update_task(session, id, changes, if_version=version)),
            short=is_short(changes),
        )

    @strawberry.mutation(
        description="Delete a task's row. Its subtasks stay and move up to its own parent."
    )
    async def delete_task(
        self,
        info: Info,
        id: TaskId,  # noqa: A002  # the public name
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> DeletePayload:
        """Delete a task."""
        version = _given(if_version)
        return await write(
            info,
            DeletePayload,
            client_mutation_id,
            one(lambda session: tasks.delete_task(session, id, if_version=version)),
        )

    @strawberry.mutation(
        description="Write new tasks, and their subtasks with them: all of them or none. Up to "
        "10,000 in all."
    )
    async def create_tasks(
        self,
        info: Info,
        input: Annotated[list[CreateTaskInput], NEW],  # noqa: A002  # the public name
        client_mutation_id: ClientMutationId = UNSET,
    ) -> TasksPayload:
        """Create tasks."""
        new = [task.to_domain() for task in input]
        return await write(
            info,
            TasksPayload,
            client_mutation_id,
            many(lambda session: many_tasks.create_tasks(session, new)),
        )

    @strawberry.mutation(
        description="Change every task that matches, all in the same way. Refused, with nothing "
        "written, when the filter matches more than atMost."
    )
    async def update_tasks(
        self,
        info: Info,
        filter: Matching,  # noqa: A002  # the public name
        input: Annotated[UpdateTaskInput, CHANGES],  # noqa: A002  # the public name
        at_most: AtMost = 1,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> TasksPayload:
        """Change tasks."""
        where, values = required_filter(info)
        changes = input.to_domain()

        def work(session: WriteSession) -> list[int]:
            return many_tasks.update_tasks(session, where, values, changes, at_most=at_most)

        return await write(info, TasksPayload, client_mutation_id, many(work))

    @strawberry.mutation(
        description="Delete every task that matches; subtasks that do not match stay and move up. "
        "Refused, with nothing written, when the filter matches more than atMost."
    )
    async def delete_tasks(
        self,
        info: Info,
        filter: Matching,  # noqa: A002  # the public name
        at_most: AtMost = 1,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> DeletePayload:
        """Delete tasks."""
        where, values = required_filter(info)

        def work(session: WriteSession) -> list[int]:
            return many_tasks.delete_tasks(session, where, values, at_most=at_most)

        return await write(info, DeletePayload, client_mutation_id, many(work))

    @strawberry.mutation(description="Write a new project.")
    async def create_project(
        self,
        info: Info,
        input: Annotated[CreateProjectInput, NEW],  # noqa: A002  # the public name
        client_mutation_id: ClientMutationId = UNSET,
    ) -> ProjectPayload:
        """Create a project."""
        new = input.to_domain()
        return await write(
            info,
            ProjectPayload,
            client_mutation_id,
            one(lambda session: projects.create_project(session, new)),
        )

    @strawberry.mutation(description="Change a project.")
    async def update_project(
        self,
        info: Info,
        id: ProjectId,  # noqa: A002  # the public name
        input: Annotated[UpdateProjectInput, CHANGES],  # noqa: A002  # the public name
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> ProjectPayload:
        """Change a project."""
        changes, version = input.to_domain(), _given(if_version)
        return await write(
            info,
            ProjectPayload,
            client_mutation_id,
            one(lambda session: projects.update_project(session, id, changes, if_version=version)),
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
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> DeletePayload:
        """Delete a project."""
        version = _given(if_version)

        def work(session: WriteSession) -> Written:
            deleted = projects.delete_project(
                session, id, delete_tasks=delete_tasks, if_version=version
            )
            return Written((deleted.id,), tuple(deleted.task_ids))

        return await write(info, DeletePayload, client_mutation_id, work)

    @strawberry.mutation(description="Write a new label.")
    async def create_label(
        self,
        info: Info,
        input: Annotated[CreateLabelInput, NEW],  # noqa: A002  # the public name
        client_mutation_id: ClientMutationId = UNSET,
    ) -> LabelPayload:
        """Create a label."""
        new = input.to_domain()
        return await write(
            info,
            LabelPayload,
            client_mutation_id,
            one(lambda session: labels.create_label(session, new)),
        )

    @strawberry.mutation(description="Change a label.")
    async def update_label(
        self,
        info: Info,
        id: LabelId,  # noqa: A002  # the public name
        input: Annotated[UpdateLabelInput, CHANGES],  # noqa: A002  # the public name
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> LabelPayload:
        """Change a label."""
        changes, version = input.to_domain(), _given(if_version)
        return await write(
            info,
            LabelPayload,
            client_mutation_id,
            one(lambda session: labels.update_label(session, id, changes, if_version=version)),
        )

    @strawberry.mutation(
        description="Delete a label's row. The tasks that had it stay, without it."
    )
    async def delete_label(
        self,
        info: Info,
        id: LabelId,  # noqa: A002  # the public name
        if_version: IfVersion = UNSET,
        client_mutation_id: ClientMutationId = UNSET,
    ) -> DeletePayload:
        """Delete a label."""
        version = _given(if_version)
        return await write(
            info,
            DeletePayload,
            client_mutation_id,
            one(lambda session: labels.delete_label(session, id, if_version=version)),
        )

    @strawberry.mutation(
        description="Take back everything the mutation that returned this token committed, "
        "deletions and bulk writes included; refused with VERSION_CONFLICT where a row has changed "
        "since. The undo's own token takes the undo back."
    )
    async def undo(
        self,
        info: Info,
        token: Annotated[
            SyncToken, strawberry.argument(description="The syncToken of the mutation's payload.")
        ],
        client_mutation_id: ClientMutationId = UNSET,
    ) -> UndoPayload:
        """Take a mutation back."""
        return await write(
            info,
            UndoPayload,
            client_mutation_id,
            lambda session: Written(undo.undo(session, token)),
        )


def _given(if_version: int | None) -> int | None:
    return None if if_version is UNSET else if_version


def one(work: Callable[[WriteSession], int]) -> Callable[[WriteSession], Written]:
    """Do what writes one row and tells its id."""
    return lambda session: Written((work(session),))


def many(work: Callable[[WriteSession], list[int]]) -> Callable[[WriteSession], Written]:
    """Do what writes rows and tells their ids."""
    return lambda session: Written(tuple(work(session)))
