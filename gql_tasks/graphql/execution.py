"""How an operation runs: graphql-core's executor, with planned JSON let through untouched.

A resolver whose value is an `orjson.Fragment` has answered its whole selection set: the database
wrote that JSON. An event of a subscription is such an answer too. Everything else completes as
GraphQL says.
"""

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, cast

import orjson
from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    ValidationContext,
    ValidationRule,
    get_operation_ast,
    specified_rules,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from gql_tasks.graphql.atomic import Writer, is_atomic, run_atomic
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.errors import request_error
from gql_tasks.graphql.limits import TOO_MANY_TOKENS, too_many_tokens
from gql_tasks.graphql.measures import Measured, Measures

MAX_VARIABLE_VALUES = 100_000
"""Values, at every depth, that variables may hold; each is checked and coerced on the loop. The
10,000 tasks of a `createTasks` have some."""

MAX_ERRORS = 10
"""Errors a validation looks for. Each may print the values it stands in, however many they are."""

MAX_DOCUMENTS = 500
MAX_DOCUMENT_CHARACTERS = 20_000
MAX_CHARACTERS = 500_000
"""Clients invent documents; what is kept of them is bounded in count, size and what that adds up
to. In memory a document is a hundred times as much.
"""


MAX_INTROSPECTIONS = 5
"""Times a document may ask for the schema; tools ask once or twice, and each answer is long."""

INTROSPECTIONS = frozenset({"__schema", "__type"})
"""The fields that ask for it."""


class IntrospectionsRule(ValidationRule):
    """Refuse a document that asks for the schema again and again."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self.count = 0

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Count the fields that begin an introspection."""
        if node.name.value in INTROSPECTIONS:
            self.count += 1
            if self.count == MAX_INTROSPECTIONS + 1:
                message = f"The document asks for the schema more than {MAX_INTROSPECTIONS} times."
                self.report_error(GraphQLError(message, node))


class NoIntrospectionRule(ValidationRule):
    """Refuse a document that asks for the schema at all."""

    def enter_field(self, node: FieldNode, *_: Any) -> None:
        """Report each field that begins an introspection."""
        if node.name.value in INTROSPECTIONS:
            message = f"{node.name.value} cannot be queried: introspection is switched off."
            self.report_error(GraphQLError(message, node))


def validation_errors(
    schema: GraphQLSchema, document: DocumentNode, *, production: bool
) -> list[GraphQLError]:
    """Validate a document; in production without introspection, and without hints at names."""
    introspection = NoIntrospectionRule if production else IntrospectionsRule
    rules = (*specified_rules, OneOfInputValidationRule, introspection)
    errors = validate(schema, document, rules, MAX_ERRORS, hide_suggestions=production)
    for error in errors:  # variables that do not fit come before a subscription too
        error.extensions = {"code": "GRAPHQL_VALIDATION_FAILED"}
    return errors


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


class DiscreetExecutor(PlannedExecutor):
    """The same, with errors that do not hint at names of the schema."""

    @classmethod
    def build(cls, *arguments: Any, **options: Any) -> Any:  # graphql-core's own
        """Build an executor, or find the errors of the variables."""
        return super().build(*arguments, **options | {"hide_suggestions": True})


class Answered:
    """An event of a subscription, whose answer is written already."""

    def __init__(self, data: dict[str, orjson.Fragment]) -> None:
        self._data = data

    def execute_operation(self, serially: bool | None = None) -> ExecutionResult:  # noqa: FBT001  # graphql-core's
        """Answer it."""
        return ExecutionResult(self._data, None)


class DocumentCache:
    """Documents that parsed and are valid, by their text, the ones used last.

    They are found by their SHA-256 as well, which is what clients register them under.
    """

    def __init__(self) -> None:
        self._documents: OrderedDict[str, DocumentNode] = OrderedDict()
        self._characters = 0
        self.hits = self.misses = 0
        self._trusted: dict[str, DocumentNode] = {}
        self._texts: dict[str, str] = {}

    def note(self, *, found: bool) -> None:
        """Count a request by whether its document was here."""
        if found:
            self.hits += 1
        else:
            self.misses += 1

    def get(self, text: str) -> DocumentNode | None:
        """Find a document and count it as used."""
        document = self._documents.get(text)
        if document is None:
            return self._trusted.get(text)
        self._documents.move_to_end(text)
        return document

    def text_of(self, sha256_hex: str) -> str | None:
        """Find a document's text."""
        return self._texts.get(sha256_hex)

    def put(self, text: str, document: DocumentNode) -> None:
        """Keep a valid document, unless it is too long to be one that an app sends again."""
        if len(text) <= MAX_DOCUMENT_CHARACTERS:
            if self._documents.pop(text, None) is None:
                self._characters += len(text)
            self._documents[text] = document
            self._texts[digest(text)] = text
            while len(self._documents) > MAX_DOCUMENTS or self._characters > MAX_CHARACTERS:
                oldest, _ = self._documents.popitem(last=False)
                self._characters -= len(oldest)
                del self._texts[digest(oldest)]

    def put_trusted(self, text: str, document: DocumentNode) -> None:
        """Keep a valid document for good."""
        self._trusted[text] = document


def digest(text: str) -> str:
    """Work out the SHA-256 of a document's text, in hexadecimal."""
    return sha256(text.encode()).hexdigest()


class PreparedDocuments(SchemaExtension):
    """Parse, measure and validate a document once, not once a request."""

    def __init__(
        self, cache: DocumentCache, measures: Measures, *, production: bool = False
    ) -> None:
        self.cache = cache
        self.measures = measures
        self.production = production
        self._found = False
        self._shown: dict[str, int] | None = None

    def on_operation(self) -> Iterator[None]:
        """Look the document up before it is parsed."""
        context = self.execution_context
        context.parse_options["max_tokens"] = self.measures.limits.max_tokens
        if context.query and (document := self.cache.get(context.query)):
            context.graphql_document = document
            self._found = True
        self.cache.note(found=self._found)
        yield

    def on_parse(self) -> Iterator[None]:
        """Tell a document that is too long from one that is not GraphQL."""
        yield
        for error in self.execution_context.pre_execution_errors or ():
            if TOO_MANY_TOKENS.search(error.message):
                refused = too_many_tokens(self.measures.limits.max_tokens)
                error.message, error.extensions = refused.message, refused.extensions

    def on_validate(self) -> Iterator[None]:
        """Validate what is new and within the limits, and refuse to guess which operation is meant;
        price the one that is.
        """
        context = self.execution_context
        document = cast("DocumentNode", context.graphql_document)  # it has been parsed
        schema = context.schema._schema  # noqa: SLF001
        measure = self.measures.of if self._found else self.measures.measure
        measured = measure(schema, document)
        errors: list[GraphQLError] = []
        if context._provided_operation_name is None and _operations(document) > 1:  # noqa: SLF001
            # Strawberry would run the first one. Spec, section 6.1: a request error.
            message = "The document has several operations; name the one to run."
            errors = [request_error(message, "OPERATION_RESOLUTION_FAILURE")]
        elif _holds_more_than(MAX_VARIABLE_VALUES, context.variables):
            message = f"The variables hold more than {MAX_VARIABLE_VALUES} values."
            errors = [request_error(message, "BAD_USER_INPUT")]
        elif not self._found and not (errors := measured.over_limits()):
            errors = validation_errors(schema, document, production=self.production)
            if not errors and context.query:
                self.cache.put(context.query, document)
                if self.cache.get(context.query) is document:
                    self.measures.keep(measured)
        if not errors:
            errors = self._price(measured)
        context.pre_execution_errors = errors  # Strawberry validates only where this is None
        yield

    def _price(self, measured: Measured) -> list[GraphQLError]:
        context = self.execution_context
        name = context._provided_operation_name  # noqa: SLF001
        operation = get_operation_ast(measured.document, name)
        if operation is None:
            return []  # Strawberry says so
        own = cast("Context", context.context)
        own.observation.meant(operation, context.query or "")
        own.observation.cost = cost = measured.cost(operation, context.variables or {})
        if own.tells_cost:
            self._shown = measured.shown(operation, cost)
        return measured.over_cost(cost)

    def get_results(self) -> dict[str, Any]:
        """Show the numbers to a client that asks for them."""
        return {} if self._shown is None else {"cost": self._shown}


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
