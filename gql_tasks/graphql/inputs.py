"""Input types, and what they are in the domain."""

from typing import cast

import strawberry

from gql_tasks.domain.page import Direction, Nulls, Order, OrderField
from gql_tasks.domain.task import NewTask, TaskChanges

strawberry.enum(OrderField, name="TaskOrderField", description="What tasks can be sorted by.")
strawberry.enum(Direction, name="OrderDirection", description="Which end of an order comes first.")
strawberry.enum(
    Nulls,
    name="NullsOrder",
    description="Where tasks without a value come, whichever the direction.",
)


@strawberry.input(
    description="One key of a sort. The id is always the last tie-break, so pages never overlap."
)
class TaskOrder:
    """A client's spelling of Order."""

    field: OrderField = strawberry.field(description="What to sort by.")
    direction: Direction = strawberry.field(
        default=Direction.ASC, description="Smallest first or largest first."
    )
    nulls: Nulls = strawberry.field(
        default=Nulls.LAST, description="Where tasks without a value come."
    )

    def to_domain(self) -> Order:
        """Say it in the domain's words."""
        return Order(self.field, self.direction, self.nulls)


@strawberry.input(description="A new task.")
class CreateTaskInput:
    """A client's spelling of NewTask."""

    title: str = strawberry.field(description="What is to be done; not blank.")
    description: str = strawberry.field(default="", description="More about it.")
    completed: bool = strawberry.field(default=False, description="Whether it is done already.")

    def to_domain(self) -> NewTask:
        """Say it in the domain's words. Raises Refused."""
        return NewTask(self.title, self.description, self.completed)


@strawberry.input(
    description="Changes to a task. A field left out keeps its value; null clears it, "
    "where it can be empty."
)
class UpdateTaskInput:
    """A client's spelling of TaskChanges."""

    title: strawberry.Maybe[str | None] = strawberry.field(
        description="A new title; neither blank nor null."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="A new description; null empties it."
    )
    completed: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is done; not null."
    )

    def to_domain(self) -> TaskChanges:
        """Keep what was sent, null or not, and leave out what was not."""
        sent = {name: some.value for name, some in vars(self).items() if some}
        return cast("TaskChanges", sent)  # the input's fields are the keys; a test holds them so
