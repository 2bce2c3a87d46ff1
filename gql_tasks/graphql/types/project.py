"""The Project type."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gql_tasks.graphql.types.arguments import (
    After,
    Before,
    Filter,
    First,
    Last,
    Limit,
    Offset,
    OrderByHand,
    Search,
)

if TYPE_CHECKING:
    from gql_tasks.graphql.types.connection import TaskConnection
    from gql_tasks.graphql.types.task import Task


@strawberry.type(description="Tasks that belong together.")
class Project:
    """A declaration: the database writes a project's JSON, so no resolver here ever runs."""

    id: strawberry.ID = strawberry.field(description="The row's id in the store.")
    name: str = strawberry.field(description="What it is called.")
    color: str | None = strawberry.field(description="A color as #rrggbb, where it has one.")
    position: str = strawberry.field(
        description="Sorts projects by hand: a fractional index, compared as text, byte by byte."
    )
    archived_at: datetime | None = strawberry.field(
        description="When it was archived; null while it is in use."
    )
    version: int = strawberry.field(
        description="Grows by one with every change, whoever makes it; hand it back as ifVersion."
    )
    created_at: datetime = strawberry.field(description="When it was created.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(
        graphql_type=list[Annotated["Task", strawberry.lazy(".task")]],
        description="Its tasks, as a plain list.",
    )
    def tasks(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        search: Search = UNSET,
        order_by: OrderByHand = UNSET,
        limit: Limit = UNSET,
        offset: Offset = UNSET,
    ) -> None:
        """Read by plan."""

    @strawberry.field(
        graphql_type=Annotated["TaskConnection", strawberry.lazy(".connection")],
        description="The same tasks page by page, with counts and facets.",
    )
    def tasks_connection(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        search: Search = UNSET,
        order_by: OrderByHand = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> None:
        """Read by plan."""

    @strawberry.field(graphql_type=int, description="How many tasks it has.")
    def task_count(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
    ) -> None:
        """Read by plan."""
