"""The Task type."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry import UNSET

from gql_tasks.graphql.types.arguments import Filter, Limit, Offset, OrderByHand
from gql_tasks.graphql.types.enums import Priority

if TYPE_CHECKING:
    from gql_tasks.graphql.types.change import Change
    from gql_tasks.graphql.types.label import Label
    from gql_tasks.graphql.types.project import Project


@strawberry.type(description="Something to be done.")
class Task:
    """A declaration: the database writes a task's JSON, so no resolver here ever runs."""

    id: strawberry.ID = strawberry.field(
        description="The row's id in the store: the number REST shows."
    )
    title: str = strawberry.field(
        description="What is to be done. Never blank when written here; "
        "other programs may leave it empty."
    )
    description: str = strawberry.field(description="More about it; empty where there is none.")
    completed: bool = strawberry.field(description="Whether it is done.")
    completed_at: datetime | None = strawberry.field(
        description="When it was completed. Null while it is open, and where it was completed "
        "before the store recorded the time."
    )
    priority: Priority = strawberry.field(description="How much it matters.")
    due_on: date | None = strawberry.field(
        description="The day on which it is due. At most one of dueOn and dueAt is set."
    )
    due_at: datetime | None = strawberry.field(
        description="The moment at which it is due. At most one of dueOn and dueAt is set."
    )
    start_on: date | None = strawberry.field(description="Hidden from plans until this day.")
    position: str = strawberry.field(
        description="Sorts tasks by hand: a fractional index, compared as text, byte by byte."
    )
    project: Annotated["Project", strawberry.lazy(".project")] | None = strawberry.field(
        description="The project it belongs to."
    )
    parent: "Task | None" = strawberry.field(description="The task it is a part of.")
    labels: list[Annotated["Label", strawberry.lazy(".label")]] = strawberry.field(
        description="Its labels, by name."
    )
    version: int = strawberry.field(
        description="Grows by one with every change, whoever makes it; hand it back as ifVersion."
    )
    created_at: datetime = strawberry.field(
        description="When it was created, or migrated from a store that kept no time."
    )
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @strawberry.field(
        graphql_type=list["Task"], description="The tasks that are a part of it, one level down."
    )
    def subtasks(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        order_by: OrderByHand = UNSET,
        limit: Limit = UNSET,
        offset: Offset = UNSET,
    ) -> None:
        """Read by plan."""

    @strawberry.field(
        graphql_type=list[Annotated["Change", strawberry.lazy(".change")]],
        description="What changed, from what to what, newest first, as far back as the log goes.",
    )
    def history(
        self,
        limit: Annotated[
            int, strawberry.argument(description="At most this many changes, the newest ones.")
        ] = 50,
    ) -> None:
        """Read by plan."""

    @strawberry.field(
        graphql_type=int, description="How many tasks are a part of it, one level down."
    )
    def subtask_count(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
    ) -> None:
        """Read by plan."""
