"""How an operation runs: graphql-core's executor, with planned JSON let through untouched.

A resolver whose value is an `orjson.Fragment` has answered its whole selection set: the database
wrote that JSON. An event of a subscription is such an answer too. Everything else completes as
GraphQL says.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, cast

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gql_tasks.graphql.atomic import Writer, is_atomic, run_atomic
from gql_tasks.graphql.errors import request_error

MAX_TOKENS = 1_000
"""Tokens a document may have; GraphiQL's introspection query has under 400. Validation compares
every field with every other of the same response key, so its time grows with the square.
"""

MAX_VARIABLE_VALUES = 100_000
"""Values, at every depth, that variables may hold; each is checked and coerced on the loop. The
10,000 tasks of a `createTasks` have some."""

MAX_ERRORS = 10
"""Errors a validation looks for. Each may print the values it stands in, however many they are."""

MAX_DOCUMENTS = 500
MAX_DOCUMENT_CHARACTERS = 20_000
"""Clients invent documents; what is kept of them is bounded in count and size."""


MAX_INTROSPECTIONS = 5
"""Times a document may ask for the schema; tools ask once or twice, and each answer is long."""


class IntrospectionsRule(ValidationRule):
    """Refuse a document that asks for the schema again and again."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.count = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Count the fields that begin an introspection."""
        if node.name.value in {"__schema", "__type"}:
            self.count += 1
            if self.count == MAX_INTROSPECTIONS + 1:
                message = f"The document asks for the schema more than {MAX_INTROSPECTIONS} times."
                self.report_error(GraphQLError(message, node))


RULES = (OneOfInputValidationRule, IntrospectionsRule)


class PlannedExecutor(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor, and the one exception to it."""

    def complete_value(  # type: ignore[no-untyped-def]  # graphql-core's own signature
        self, return_type, field_details_list, info, path, result, position_context
    ) -> Any:
        """Take a Fragment as the completed value; its selection set was planned and answered."""
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(
            return_type, field_details_list, info, path, result, position_context
        )

    def execute_operation(self, serially: bool | None = None) -> Any:  # noqa: FBT001  # its own
        """Run the operation, an @atomic mutation in one transaction."""
        if is_atomic(self.operation):
            return run_atomic(self.context_value.database, self._run_with)
        return super().execute_operation(serially)

    async def _run_with(self, writer: Writer) -> ExecutionResult:
        """Run the operation from the start, all its writes done by `writer`."""
        self.context_value.writer = writer
        anew = cast("PlannedExecutor", super().build_per_event_executor(self.root_value))
        result: Any = super(PlannedExecutor, anew).execute_operation()
        return cast("ExecutionResult", await result if self.is_awaitable(result) else result)

    def build_per_event_executor(self, payload: Any) -> Any:  # graphql-core asks it to execute
        """Take an event for the answer that it is, under its response key."""
        return Answered(payload)


class Answered:
    """An event of a subscription, whose answer is written already."""

    def __init__(self, data: dict[str, orjson.Fragment]) -> None:
        self._data = data

    def execute_operation(self, serially: bool | None = None) -> ExecutionResult:  # noqa: FBT001  # graphql-core's
        """Answer it."""
        return ExecutionResult(self._data, None)


class DocumentCache:
    """Documents that parsed and are valid, by their text, the ones used last."""

    def __init__(self) -> None:
        self._documents: OrderedDict[str, DocumentNode] = OrderedDict()

    def get(self, text: str) -> DocumentNode | None:
        """Find a document and count it as used."""
        document = self._documents.get(text)
        if document is not None:
            self._documents.move_to_end(text)
        return document

    def put(self, text: str, document: DocumentNode) -> None:
        """Keep a valid document, unless it is too long to be one that an app sends again."""
        if len(text) <= MAX_DOCUMENT_CHARACTERS:
            self._documents[text] = document
            if len(self._documents) > MAX_DOCUMENTS:
                self._documents.popitem(last=False)


class PreparedDocuments(SchemaExtension):
    """Parse and validate a document once, not once a request."""

    def __init__(self, cache: DocumentCache) -> None:
        self.cache = cache
        self._found = False

    def on_operation(self) -> Iterator[None]:
        """Look the document up before it is parsed."""
        context = self.execution_context
        context.parse_options["max_tokens"] = MAX_TOKENS
        if context.query and (document := self.cache.get(context.query)):
            context.graphql_document = document
            self._found = True
        yield

    def on_validate(self) -> Iterator[None]:
        """Validate what is new, and refuse to guess which operation is meant."""
        context = self.execution_context
        document = cast("DocumentNode", context.graphql_document)  # it has been parsed
        errors: list[GraphQLError] = []
        if context._provided_operation_name is None and _operations(document) > 1:  # noqa: SLF001
            # Strawberry would run the first one. Spec, section 6.1: a request error.
            message = "The document has several operations; name the one to run."
            errors = [request_error(message, "OPERATION_RESOLUTION_FAILURE")]
        elif _holds_more_than(MAX_VARIABLE_VALUES, context.variables):
            message = f"The variables hold more than {MAX_VARIABLE_VALUES} values."
            errors = [request_error(message, "BAD_USER_INPUT")]
        elif not self._found:
            rules = (*context.validation_rules, *RULES)
            errors = validate(context.schema._schema, document, rules, MAX_ERRORS)  # noqa: SLF001
            for error in errors:  # variables that do not fit come before a subscription too
                error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
            if not errors and context.query:
                self.cache.put(context.query, document)
        context.pre_execution_errors = errors  # Strawberry validates only where this is None
        yield


def _operations(document: DocumentNode) -> int:
    return sum(isinstance(node, OperationDefinitionNode) for node in document.definitions)


def _holds_more_than(limit: int, value: Any) -> bool:
    """Count the values of a JSON document, no further than is needed."""
    waiting, count = [value], 0
    while waiting and count <= limit:
        match waiting.pop():
            case dict() as members:
                waiting += members.values()
                count += len(members)
            case list() as items:
                waiting += items
                count += len(items)
    return count > limit
