"""The schema, built from the types; printed to `schema.graphql` at the top level."""

from typing import Any

import strawberry
from graphql import DirectiveLocation, GraphQLDirective, GraphQLError
from strawberry.schema.config import StrawberryConfig

from gql_tasks.graphql.execution import (
    DiscreetExecutor,
    DocumentCache,
    PlannedExecutor,
    PreparedDocuments,
)
from gql_tasks.graphql.limits import UNLIMITED, Limits
from gql_tasks.graphql.measures import Measures
from gql_tasks.graphql.mutation import Mutation
from gql_tasks.graphql.names import NAMES
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

    `documents` are those that have been found valid. In `production` errors do not hint at names.
    """

    documents: DocumentCache
    measures: Measures
    executor: type[PlannedExecutor]
    production: bool

    def process_errors(self, errors: list[GraphQLError], execution_context: Any = None) -> None:
        """Leave errors to `errors.py`, which knows the request's id."""

    def _collect_graphql_directives(self, *arguments: Any) -> tuple[GraphQLDirective, ...]:
        """Add @atomic, which the executor knows: a directive of Strawberry's is for fields."""
        return (*super()._collect_graphql_directives(*arguments), ATOMIC)


def build_schema(limits: Limits = UNLIMITED, *, production: bool = False) -> Schema:
    """Build the schema, with caches of its own; in production it does not tell what is in it."""
    documents, measures = DocumentCache(), Measures(limits)
    executor = DiscreetExecutor if production else PlannedExecutor
    schema = Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=PROBLEMS,
        config=StrawberryConfig(scalar_map=SCALARS, name_converter=NAMES),
        execution_context_class=executor,
        extensions=[lambda: PreparedDocuments(documents, measures, production=production)],
    )
    schema.documents, schema.measures = documents, measures
    schema.executor, schema.production = executor, production
    return schema


def print_sdl() -> str:
    """Print the schema in GraphQL's schema definition language."""
    return build_schema().as_str() + "\n"
