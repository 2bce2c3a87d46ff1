"""The Label type."""

import strawberry
from strawberry import UNSET

from gql_tasks.graphql.types.arguments import Filter


@strawberry.type(description="A word that tasks are marked with.")
class Label:
    """A declaration: the database writes a label's JSON, so no resolver here ever runs."""

    id: strawberry.ID = strawberry.field(description="The row's id in the store.")
    name: str = strawberry.field(description="What it says.")
    color: str | None = strawberry.field(description="A color as #rrggbb, where it has one.")
    version: int = strawberry.field(
        description="Grows by one with every change, whoever makes it; hand it back as ifVersion."
    )

    @strawberry.field(graphql_type=int, description="How many tasks have it.")
    def task_count(
        self,
        filter: Filter = UNSET,  # noqa: A002  # the public name
    ) -> None:
        """Read by plan."""
