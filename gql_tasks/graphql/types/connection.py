"""Pages of tasks: Relay's connection, with counts and facets."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from gql_tasks.domain.changes import SyncToken
from gql_tasks.graphql.types.enums import TaskFacetField

if TYPE_CHECKING:
    from gql_tasks.graphql.types.task import Task


@strawberry.type(description="Where a page begins and ends, and whether there is more.")
class PageInfo:
    """A declaration, read by plan."""

    has_next_page: bool = strawberry.field(
        description="Whether tasks come after this page. Read backward, only whether `before` "
        "left any out."
    )
    has_previous_page: bool = strawberry.field(
        description="Whether tasks come before this page. Read forward, only whether `after` "
        "left any out."
    )
    start_cursor: str | None = strawberry.field(
        description="The first task's cursor; null for an empty page."
    )
    end_cursor: str | None = strawberry.field(
        description="The last task's cursor; null for an empty page."
    )


@strawberry.type(description="A task in a page.")
class TaskEdge:
    """A declaration, read by plan."""

    cursor: str = strawberry.field(
        description="The task's place in this list: hand it back as after or before, with the "
        "same filter, search and order."
    )
    node: Annotated["Task", strawberry.lazy(".task")] = strawberry.field(description="The task.")


@strawberry.type(
    description="A bucket of a facet. key is the enum value, the boolean, the id, or null for "
    "none; label is what a person reads."
)
class FacetBucket:
    """A declaration, read by plan."""

    key: str | None = strawberry.field(
        description="What the tasks have in common; null where they have none."
    )
    label: str = strawberry.field(description="The same in words.")
    count: int = strawberry.field(description="How many matching tasks are in it.")


@strawberry.type(description="How many matching tasks fall in each bucket.")
class Facet:
    """A declaration, read by plan."""

    field: TaskFacetField = strawberry.field(description="What is counted by.")
    buckets: list[FacetBucket] = strawberry.field(
        description="The buckets that have tasks, in their natural order, none last."
    )


@strawberry.type(description="A page of tasks, with counts from the same snapshot.")
class TaskConnection:
    """A declaration, read by plan."""

    edges: list[TaskEdge] = strawberry.field(description="The tasks with their cursors.")
    nodes: list[Annotated["Task", strawberry.lazy(".task")]] = strawberry.field(
        description="The tasks without."
    )
    page_info: PageInfo = strawberry.field(description="Where the page begins and ends.")
    total_count: int = strawberry.field(description="How many tasks match on all pages together.")

    sync_token: SyncToken = strawberry.field(
        description="The change log's position when this page was read: subscribe from it and "
        "nothing is missed."
    )

    @strawberry.field(
        graphql_type=list[Facet],
        description="How many matching tasks fall in each bucket. A facet ignores the filter's "
        "own condition on its field, as sidebar counts do.",
    )
    def facets(
        self,
        by: Annotated[list[TaskFacetField], strawberry.argument(description="What to count by.")],
    ) -> None:
        """Read by plan."""
