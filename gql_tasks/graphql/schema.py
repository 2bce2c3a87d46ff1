"""The schema, built from the types; printed to `schema.graphql` at the top level."""

from functools import cache
from typing import Any

import strawberry
from graphql import DirectiveLocation, GraphQLDirective, GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.name_converter import NameConverter

from gql_tasks.graphql.execution import DocumentCache, PlannedExecutor, PreparedDocuments
from gql_tasks.graphql.mutation import Mutation
from gql_tasks.graphql.query import Query
from gql_tasks.graphql.subscription import Subscription
from gql_tasks.graphql.types.problems import PROBLEMS
from gql_tasks.graphql.types.scalars import SCALARS

ATOMIC = GraphQLDirective(
    "atomic",
    [DirectiveLocation.MUTATION],
    description="All or nothing: if any field of this mutation has a problem or an error, none of "
    "them is committed.",
)


class Schema(strawberry.Schema):
    """Strawberry's schema; errors are logged where they are translated, not here a second time.

    `documents` are those that have been found valid.
    """

    documents: DocumentCache

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Leave errors to `errors.py`, which knows the request's id."""

    def _collect_graphql_directives(self, *arguments: Any) -> tuple[GraphQLDirective, ...]:
        """Add @atomic, which the executor knows: a directive of Strawberry's is for fields."""
        return (*super()._collect_graphql_directives(*arguments), ATOMIC)


class Names(NameConverter):
    """Strawberry's names, each made once: it asks for every field of every input that comes."""

    def __init__(self) -> None:
        super().__init__()
        self.apply_naming_config = cache(self.apply_naming_config)  # type: ignore[method-assign]


def build_schema() -> Schema:
    """Build the schema, with caches of its own."""
    documents = DocumentCache()
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=PROBLEMS,
        config=StrawberryConfig(scalar_map=SCALARS, name_converter=Names()),
        execution_context_class=PlannedExecutor,
        extensions=[lambda: PreparedDocuments(documents)],
    )
    schema.documents = documents
    return schema


def print_sdl() -> str:
    """Print the schema in GraphQL's schema definition language."""
    return build_schema().as_str() + "\n"
