"""Prepared mutations: one field that writes, worked out once a document and not once a request.

What is left for a request is to coerce its variables and the field's arguments in the way that was
worked out, to call the resolver, and to put together what the payload's selection set asks for.

Documents of another kind are the executor's: several root fields, directives, variables below the
root field, dates that are counted from now. So is a write that was refused: it has written nothing,
and its problems may be asked for in many ways.
"""

from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, TypeAlias, cast

from graphql import (
    BREAK,
    DocumentNode,
    FieldNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationType,
    located_error,
    visit,
)
from graphql.language import Visitor
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionResult
from strawberry.types.field import StrawberryField

from gql_tasks.domain.moments import Moment
from gql_tasks.graphql.coercion import Variables
from gql_tasks.graphql.collect import ResolveInfo, collect, object_type_of
from gql_tasks.graphql.context import Context
from gql_tasks.graphql.conversion import arguments_of
from gql_tasks.graphql.literals import read_arguments
from gql_tasks.graphql.names import NAMES
from gql_tasks.graphql.prepared import (
    MAX_PLANS,
    MAX_PREPARED_CHARACTERS,
    Asked,
    RootField,
    Unprepared,
    fragments_of,
    the_operation,
)
from gql_tasks.graphql.selection import LaterPlan, PlannedField, plans_of
from gql_tasks.graphql.types.payloads import Payload
from gql_tasks.store.recent import Recent
from gql_tasks.web.metrics import OperationMetrics

DEFINITION = "strawberry-definition"
"""Under which Strawberry leaves its own definitions on graphql-core's."""

Running: TypeAlias = Awaitable[Payload]


class PreparedMutation:
    """One operation of one valid document."""

    def __init__(
        self,
        schema: GraphQLSchema,
        variables: Variables,
        document: DocumentNode,
        name: str | None,
        asked: Asked,
    ) -> None:
        """Work it out. Raises Unprepared where it is none for here."""
        operation = the_operation(document, name)
        if operation.operation is not OperationType.MUTATION or not _is_plain(document):
            raise Unprepared
        self.operation = operation
        self.metrics: OperationMetrics | None = None
        mutation_type = cast("GraphQLObjectType", schema.mutation_type)
        root = RootField(schema, fragments_of(document), {}, asked, mutation_type)
        info = cast("ResolveInfo", root)
        fields = collect(info, mutation_type, cast("list[FieldNode]", [operation]))
        if len(fields) != 1:
            raise Unprepared
        [(self._key, self._nodes)] = fields.items()
        self._name, root.field_nodes = self._nodes[0].name.value, self._nodes
        if self._name == "__typename":
            raise Unprepared
        self._field = mutation_type.fields[self._name]
        root.field_name, root.return_type = self._name, self._field.type
        declared: StrawberryField = self._field.extensions[DEFINITION]
        self._resolve = cast("Callable[..., Running]", declared.base_resolver.wrapped_func)  # type: ignore[union-attr]  # they all have one
        self._coerce = variables.of(operation.variable_definitions or ())
        self._read = read_arguments(self._field, self._nodes[0])
        self._convert = arguments_of(declared.arguments)
        self._members = self._payload_members(info)
        if asked.moment_asked:
            raise Unprepared

    def run(self, context: Context, variables: dict[str, Any]) -> Running:
        """Call the resolver with a request's arguments. Raises Unprepared where they do not fit."""
        try:
            arguments = self._read(self._coerce(variables))
        except Exception as error:  # whatever a scalar raises; the executor says what is wrong
            raise Unprepared from error
        field = PlannedField(context, self._name, arguments, self._plans, self._shows_token)
        return self._resolve(None, info=field, **self._convert(arguments))

    async def result(self, running: Running) -> ExecutionResult | None:
        """Wait for the payload and complete it; None where the write was refused."""
        try:
            payload = await running
        except Exception as error:  # noqa: BLE001  # told, and masked, as the executor's are
            return ExecutionResult(None, [located_error(error, self._nodes, [self._key])])
        if payload.problems:
            return None
        members = {key: value(payload) for key, value in self._members.items()}
        return ExecutionResult({self._key: members}, None)

    def _payload_members(self, info: ResolveInfo) -> dict[str, Callable[[Payload], Any]]:
        """Tell what stands under each response key of a payload without problems."""
        payload = object_type_of(self._field.type)
        definition: StrawberryObjectDefinition = payload.extensions[DEFINITION]
        attributes = {NAMES.from_field(field): field.python_name for field in definition.fields}
        self._plans = plans_of(info, cast("type[Payload]", definition.origin).shows)
        names = {
            key: nodes[0].name.value for key, nodes in collect(info, payload, self._nodes).items()
        }
        self._shows_token = "syncToken" in names.values()
        return {
            key: _member(key, name, payload.name, self._plans, attributes)
            for key, name in names.items()
        }


class PreparedMutations:
    """The mutations of valid documents, those used last."""

    def __init__(self, schema: GraphQLSchema, max_rows: int) -> None:
        self._schema = schema
        self._variables = Variables(schema)
        self._max_rows = max_rows
        self._mutations: Recent[tuple[str, str | None], PreparedMutation | Unprepared] = Recent(
            MAX_PLANS, most_size=MAX_PREPARED_CHARACTERS, size=lambda key, _: len(key[0])
        )

    def known(self, text: str, name: str | None) -> PreparedMutation | None:
        """Find a mutation that was prepared."""
        found = self._mutations.get((text, name))
        return found if isinstance(found, PreparedMutation) else None

    def prepare(
        self, text: str, document: DocumentNode, name: str | None, now: Moment
    ) -> PreparedMutation | None:
        """Prepare a mutation, once; None where it is the executor's."""
        found = self._mutations.get((text, name))
        if found is None:
            try:
                asked = Asked(self._max_rows, now)
                found = PreparedMutation(self._schema, self._variables, document, name, asked)
            except Exception:  # noqa: BLE001  # the executor meets it again, and says what it is
                found = Unprepared()
            self._mutations.put((text, name), found)
        return found if isinstance(found, PreparedMutation) else None


def _member(
    key: str,
    name: str,
    payload: str,
    plans: Mapping[str, LaterPlan],
    attributes: Mapping[str, str],
) -> Callable[[Payload], Any]:
    if name == "__typename":
        return lambda _: payload
    if key in plans:
        return lambda done: done.answers[key]
    if name == "syncToken":
        return lambda done: str(done.sync_token)
    return attrgetter(attributes[name])


def _is_plain(document: DocumentNode) -> bool:
    """Tell whether all that a document selects stands in its text: nothing hangs on variables."""

    class Looking(Visitor):
        plain = True
        depth = 0

        def enter_selection_set(self, *_: Any) -> None:
            self.depth += 1

        def leave_selection_set(self, *_: Any) -> None:
            self.depth -= 1

        def enter_fragment_definition(self, *_: Any) -> None:
            self.depth += 1

        def leave_fragment_definition(self, *_: Any) -> None:
            self.depth -= 1

        def enter_directive(self, *_: Any) -> Any:
            self.plain = False
            return BREAK

        def enter_variable(self, *_: Any) -> Any:
            self.plain = self.plain and self.depth < 2
            return None if self.plain else BREAK

    looking = Looking()
    visit(document, looking)
    return looking.plain
