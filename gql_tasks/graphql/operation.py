"""An operation: how clients spell one, and its run where answers go out one after the other.

Knows nothing of sockets and event streams, which send the answers, nor of the one answer of an
ordinary response, which `router.py` makes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, TypeAlias, cast

from graphql import GraphQLError, parse
from graphql import OperationType as Kind
from graphql.utilities import get_operation_ast
from strawberry.http import GraphQLRequestData
from strawberry.schema.base import BaseSchema
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gql_tasks.domain.errors import InvalidArgument, TooSlow
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.execution import MAX_TOKENS

Answer: TypeAlias = ExecutionResult | PreExecutionError


class BadRequest(Exception):
    """What was sent is not a GraphQL request; the message says why."""


def parse_operation(body: dict[str, Any]) -> GraphQLRequestData:
    """Read a request's members; those that nobody knows are left alone. Raises BadRequest."""
    return GraphQLRequestData(
        query=_member(body, "query", str, "a string"),
        variables=_member(body, "variables", dict, "an object"),
        operation_name=_member(body, "operationName", str, "a string") or None,
        extensions=_member(body, "extensions", dict, "an object"),
    )


def is_mutation(operation: GraphQLRequestData) -> bool:
    """Tell whether a mutation is meant; a document that is not GraphQL means none."""
    try:
        document = parse(operation.query or "", no_location=True, max_tokens=MAX_TOKENS)
    except GraphQLError:
        return False
    meant = get_operation_ast(document, operation.operation_name)
    return meant is not None and meant.operation is Kind.MUTATION


async def answers(
    schema: BaseSchema, operation: GraphQLRequestData, context: Context
) -> AsyncGenerator[Answer]:
    """Run an operation of any kind: a subscription has many answers, the others have one.

    The context's session is finished at the end, also where the run is cancelled or closed.
    """
    try:
        stream = await schema.stream(
            operation.query,
            variable_values=operation.variables,
            context_value=context,
            operation_name=operation.operation_name,
            operation_extensions=operation.extensions,
        )
        async with aclosing(stream):
            async for answer in stream:
                yield cast("Answer", answer)  # the schema has no @defer, which has other answers
    finally:
        # Shielded: a socket that dies while one of its operations is cancelled cancels it again.
        await asyncio.shield(context.session.finish())


async def refused(error: InvalidArgument) -> AsyncGenerator[Answer]:
    """Answer an operation whose connection said something impossible."""
    yield PreExecutionError(data=None, errors=[GraphQLError(str(error), original_error=error)])


def is_too_slow(answer: Answer) -> bool:
    """Tell whether this is a subscription's last answer, because its reader fell behind."""
    return any(isinstance(error.original_error, TooSlow) for error in answer.errors or ())


def _member(body: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise BadRequest(f"{name} must be {described} or null.")
    return value
