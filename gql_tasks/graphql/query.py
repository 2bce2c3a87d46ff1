"""The root fields that read: parse, one call, return."""

from collections.abc import Awaitable
from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from gql_tasks.domain.page import Slice
from gql_tasks.domain.plan import Entity, ReadPlan
from gql_tasks.domain.task import parse_id
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.inputs import TaskOrder
from gql_tasks.graphql.selection import selected_fields
from gql_tasks.graphql.types.task import Task
from gql_tasks.store.database import Answer

Read: TypeAlias = Answer | Awaitable[Answer]


@strawberry.type(description="Everything that can be read. One operation sees one snapshot.")
class Query:
    """The roots of every read."""

    @strawberry.field(graphql_type=Task | None, description="The task with this id, or null.")
    def task(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the public name
            strawberry.ID, strawberry.argument(description="The task's id.")
        ],
    ) -> Read:
        """Read one task."""
        row_id = parse_id(id)
        if row_id is None:
            return None
        plan = ReadPlan.by_id(Entity.TASK, selected_fields(info), row_id)
        return info.context.session.read(plan)

    @strawberry.field(
        graphql_type=list[Task],
        description="Every task, as a plain list. Without a limit it returns all of them, up to "
        "the server's row cap (an error past it, never a silent cut).",
    )
    def tasks(
        self,
        info: Info,
        order_by: Annotated[
            list[TaskOrder] | None,
            strawberry.argument(
                description="The keys to sort by, the first deciding first. By id without any."
            ),
        ] = UNSET,
        limit: Annotated[
            int | None,
            strawberry.argument(description="At most this many; from 0 to the server's row cap."),
        ] = UNSET,
        offset: Annotated[
            int | None,
            strawberry.argument(description="Leave out this many from the start; 0 without it."),
        ] = UNSET,
    ) -> Read:
        """Read a list of tasks."""
        plan = ReadPlan.listing(
            Entity.TASK,
            selected_fields(info),
            tuple(order.to_domain() for order in order_by or ()),
            Slice(limit if limit is not UNSET else None, offset or 0, info.context.max_rows),
        )
        return info.context.session.read(plan)
