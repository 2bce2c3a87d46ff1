"""An operation: how clients spell one, and its run where answers go out one after the other.

Knows nothing of sockets and event streams, which send the answers, nor of the one answer of an
ordinary response, which `router.py` makes.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from graphql import GraphQLError, parse
from graphql import OperationType as Kind
from graphql.utilities import get_operation_ast
from strawberry.http import GraphQLRequestData
from strawberry.schema.base import BaseSchema
from strawberry.types.execution import ExecutionResult, PreExecutionError

from gql_tasks.domain.errors import InvalidArgument, TooSlow
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.observation import Observation

Answer: TypeAlias = ExecutionResult | PreExecutionError


ID_MEMBERS = ("documentId", "doc_id")
"""Where a request says by id which document it means: as the GraphQL over HTTP specification spells
it (appendix A), and as Relay's guide does. Apollo's clients and urql say it in
`extensions.persistedQuery`."""


class BadRequest(Exception):
    """What was sent is not a GraphQL request; the message says why."""


@dataclass
class Operation(GraphQLRequestData):
    """A request, whose document is here, or known by its id, or both."""

    document_id: str | None = None


def parse_operation(body: dict[str, Any]) -> Operation:
    """Read a request's members; those that nobody knows are left alone. Raises BadRequest."""
    return Operation(
        query=_member(body, "query", str, "a string"),
        variables=_member(body, "variables", dict, "an object"),
        operation_name=_member(body, "operationName", str, "a string") or None,
        extensions=_member(body, "extensions", dict, "an object"),
        document_id=document_id(body),
    )


def has_document_id(body: Mapping[str, Any]) -> bool:
    """Tell whether a request says by id which document it means, whatever the id is."""
    extensions = body.get("extensions")
    return (
        "documentId" in body
        or "doc_id" in body
        or (extensions is not None and "persistedQuery" in extensions)
    )


def document_id(body: dict[str, Any]) -> str | None:
    """Read the id of the document that is meant; "sha256:" before it is left out.

    Raises BadRequest.
    """
    ids = {_member(body, name, str, "a string") for name in ID_MEMBERS}
    persisted = _member(body.get("extensions") or {}, "persistedQuery", dict, "an object")
    if persisted is not None:
        if persisted.get("version") != 1:
            raise BadRequest("persistedQuery.version must be 1.")
        if not isinstance(persisted.get("sha256Hash"), str):
            raise BadRequest("persistedQuery.sha256Hash must be a string.")
        ids.add(persisted["sha256Hash"])
    named = {name.removeprefix("sha256:") for name in ids if name is not None}
    if len(named) > 1:
        raise BadRequest("The request names more than one document.")
    return named.pop() if named else None


def is_mutation(text: str | None, name: str | None, *, max_tokens: int | None) -> bool:
    """Tell whether a mutation is meant; a document that is not GraphQL means none."""
    try:
        document = parse(text or "", no_location=True, max_tokens=max_tokens)
    except GraphQLError:
        return False
    meant = get_operation_ast(document, name)
    return meant is not None and meant.operation is Kind.MUTATION


async def answers(
    schema: BaseSchema, operation: GraphQLRequestData, context: Context
) -> AsyncGenerator[Answer]:
    """Run an operation of any kind: a subscription has many answers, the others have one.

    The context's session is finished at the end, also where the run is cancelled or closed.
    """
    observation = context.observation
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
                observation.answered(cast("Answer", answer))
                yield cast("Answer", answer)  # the schema has no @defer, which has other answers
    finally:
        observation.end()
        # Shielded: a socket that dies while one of its operations is cancelled cancels it again.
        await asyncio.shield(context.session.finish())


async def refused(
    error: InvalidArgument | GraphQLError, observation: Observation
) -> AsyncGenerator[Answer]:
    """Answer an operation that is not run, or whose connection said something impossible."""
    if isinstance(error, InvalidArgument):
        error = GraphQLError(str(error), original_error=error)
    answer = PreExecutionError(data=None, errors=[error])
    observation.answered(answer)
    try:
        yield answer
    finally:
        observation.end()


def is_too_slow(answer: Answer) -> bool:
    """Tell whether this is a subscription's last answer, because its reader fell behind."""
    return any(isinstance(error.original_error, TooSlow) for error in answer.errors or ())


def _member(body: dict[str, Any], name: str, kind: type, described: str) -> Any:
    value = body.get(name)
    if value is not None and not isinstance(value, kind):
        raise BadRequest(f"{name} must be {described} or null.")
    return value
