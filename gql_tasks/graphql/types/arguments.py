"""Arguments that several fields take, declared once."""

from typing import Annotated, TypeAlias

import strawberry

from gql_tasks.graphql.types.enums import NullsOrder, OrderDirection, TaskOrderField
from gql_tasks.graphql.types.filters import TaskFilter


@strawberry.input(
    description="One key of a sort. The id is always the last tie-break, in the direction of the "
    "last key, so pages never overlap."
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


Filter: TypeAlias = Annotated[
    TaskFilter | None, strawberry.argument(description="Only the tasks for which this holds.")
]
Search: TypeAlias = Annotated[
    str | None,
    strawberry.argument(
        description="Only tasks whose title or description has all of these words; the last one "
        "may be the beginning of a word."
    ),
]
OrderBy: TypeAlias = Annotated[
    list[TaskOrder] | None,
    strawberry.argument(
        description="The keys to sort by, the first deciding first. By id without any."
    ),
]
OrderByHand: TypeAlias = Annotated[
    list[TaskOrder] | None,
    strawberry.argument(
        description="The keys to sort by, the first deciding first. By position without any."
    ),
]
Limit: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="At most this many; from 0 to the server's row cap."),
]
Offset: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="Leave out this many from the start; 0 without it."),
]
First: TypeAlias = Annotated[
    int | None,
    strawberry.argument(
        description="The first so many, after `after`. Without first and last it is 50."
    ),
]
After: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only tasks after this cursor.")
]
Last: TypeAlias = Annotated[
    int | None,
    strawberry.argument(description="The last so many, before `before`; not with first."),
]
Before: TypeAlias = Annotated[
    str | None, strawberry.argument(description="Only tasks before this cursor.")
]
