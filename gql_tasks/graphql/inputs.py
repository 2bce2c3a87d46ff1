"""Input types, and what they are in the domain."""

from enum import Enum
from typing import cast

import strawberry

from gql_tasks.domain.page import Direction, Nulls, Order, OrderField
from gql_tasks.domain.task import NewTask, TaskChanges


@strawberry.enum(description="What tasks can be sorted by.")
class TaskOrderField(Enum):
    """A client's spelling of OrderField."""

    ID = strawberry.enum_value(OrderField.ID, description="The id, as a number.")
    TITLE = strawberry.enum_value(
        OrderField.TITLE, description="The title, by code point: capitals before small letters."
    )
    COMPLETED = strawberry.enum_value(
        OrderField.COMPLETED, description="Whether it is done: open tasks before completed ones."
    )
    COMPLETED_AT = strawberry.enum_value(
        OrderField.COMPLETED_AT,
        description="When it was completed; `nulls` places tasks without that time.",
    )
    CREATED_AT = strawberry.enum_value(OrderField.CREATED_AT, description="When it was created.")
    UPDATED_AT = strawberry.enum_value(OrderField.UPDATED_AT, description="When it last changed.")


@strawberry.enum(description="Which end of an order comes first.")
class OrderDirection(Enum):
    """A client's spelling of Direction."""

    ASC = strawberry.enum_value(Direction.ASC, description="The smallest or earliest first.")
    DESC = strawberry.enum_value(Direction.DESC, description="The largest or latest first.")


@strawberry.enum(description="Where tasks without a value come, whichever the direction.")
class NullsOrder(Enum):
    """A client's spelling of Nulls."""

    FIRST = strawberry.enum_value(Nulls.FIRST, description="Before all others.")
    LAST = strawberry.enum_value(Nulls.LAST, description="Behind all others.")


@strawberry.input(
    description="One key of a sort. The id is always the last tie-break, so pages never overlap."
)
class TaskOrder:
    """A client's spelling of Order."""

    field: TaskOrderField = strawberry.field(description="What to sort by.")
    direction: OrderDirection = strawberry.field(
        default=OrderDirection.ASC, description="Smallest first or largest first."
    )
    nulls: NullsOrder = strawberry.field(
        default=NullsOrder.LAST, description="Where tasks without a value come."
    )

    def to_domain(self) -> Order:
        """Say it in the domain's words."""
        return Order(
            OrderField(self.field.value), Direction(self.direction.value), Nulls(self.nulls.value)
        )


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
