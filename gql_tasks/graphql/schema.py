"""The schema, built from the types; printed to `schema.graphql` at the top level."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig

from gql_tasks.graphql.execution import DocumentCache, PlannedExecutor, PreparedDocuments
from gql_tasks.graphql.mutation import Mutation
from gql_tasks.graphql.query import Query
from gql_tasks.graphql.types.problems import InvalidProblem, NotFoundProblem, TooManyProblem
from gql_tasks.graphql.types.scalars import SCALARS


class Schema(strawberry.Schema):
    """Strawberry's schema; errors are logged where they are translated, not here a second time."""

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Leave errors to `errors.py`, which knows the request's id."""


def build_schema() -> Schema:
    """Build the schema, with caches of its own."""
    documents = DocumentCache()
    return Schema(
        query=Query,
        mutation=Mutation,
        types=[InvalidProblem, NotFoundProblem, TooManyProblem],
        config=StrawberryConfig(scalar_map=SCALARS),
        execution_context_class=PlannedExecutor,
        extensions=[lambda: PreparedDocuments(documents)],
    )


def print_sdl() -> str:
    """Print the schema in GraphQL's schema definition language."""
    return build_schema().as_str() + "\n"
