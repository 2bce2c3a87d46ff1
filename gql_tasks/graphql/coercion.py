"""Coercion of variables (spec, section 6.1.2), worked out once and not once a request.

An input type becomes a function of a JSON value, which answers what graphql-core does. What does
not fit raises Unprepared, or what its scalar raises: to say what is wrong is graphql-core's part.

JSON may be as deep as `web.json_body` lets it be, which is less than where graphql-core stops.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias, cast

from graphql import (
    GraphQLArgument,
    GraphQLDefaultInput,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLSchema,
    Undefined,
    VariableDefinitionNode,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    type_from_ast,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from gql_tasks.graphql.prepared import Unprepared

Coerced: TypeAlias = dict[str, Any]
"""Coerced values by their names. What was left out, and has no default, is not there."""

Coerce: TypeAlias = Callable[[Any], Any]
"""Coerces a JSON value."""

Definition: TypeAlias = GraphQLArgument | GraphQLInputField

Member: TypeAlias = tuple[str, str, Coerce, Any]
"""Of a JSON object: its name there and in the result, how it is coerced, and its default."""

REQUIRED = object()
"""The default of what may not be left out."""


class Variables:
    """How variables of a schema's types are coerced, each type worked out when it is first met."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._objects: dict[GraphQLInputObjectType, Coerce] = {}

    def of(self, definitions: Iterable[VariableDefinitionNode]) -> Callable[[Any], Coerced]:
        """Work out how an operation's variables are coerced. Others that are sent are ignored."""
        members = [self._variable(node) for node in definitions]
        return lambda variables: _coerce_members(members, variables)

    def _variable(self, node: VariableDefinitionNode) -> Member:
        declared = cast("GraphQLInputType", type_from_ast(self._schema, node.type))
        default = GraphQLDefaultInput(literal=node.default_value) if node.default_value else None
        return self._member(node.variable.name.value, GraphQLArgument(declared, default=default))

    def _member(self, name: str, definition: Definition) -> Member:
        coerce = self._coerce(definition.type)
        return name, definition.out_name or name, coerce, default_of(definition)

    def _coerce(self, declared: GraphQLInputType) -> Coerce:
        given = self._coerce_given(cast("GraphQLInputType", get_nullable_type(declared)))
        if is_non_null_type(declared):
            return lambda value: refuse() if value is None else given(value)
        return lambda value: None if value is None else given(value)

    def _coerce_given(self, declared: GraphQLInputType) -> Coerce:
        if is_list_type(declared):
            item = self._coerce(declared.of_type)
            return lambda value: [*map(item, value if isinstance(value, list) else (value,))]
        if is_input_object_type(declared):
            return self._objects.get(declared) or self._coerce_object(declared)
        return cast("GraphQLLeafType", declared).coerce_input_value

    def _coerce_object(self, declared: GraphQLInputObjectType) -> Coerce:
        fields, members = declared.fields, list[Member]()

        def coerce(value: Any) -> Any:
            if not isinstance(value, dict) or not value.keys() <= fields.keys():
                raise Unprepared
            return completed(declared, value, _coerce_members(members, value))

        self._objects[declared] = coerce  # before its members, which may hold it themselves
        members += [self._member(name, field) for name, field in fields.items()]
        return coerce


def _coerce_members(members: Iterable[Member], given: Mapping[str, Any]) -> Coerced:
    values = {}
    for name, out_name, coerce, default in members:
        if name in given:
            values[out_name] = coerce(given[name])
        elif default is REQUIRED:
            raise Unprepared
        elif default is not Undefined:
            values[out_name] = default
    return values


def completed(declared: GraphQLInputObjectType, given: Collection[str], values: Coerced) -> Any:
    """Make an input object of its fields' values, `given` being the names that were written."""
    if declared.is_one_of and (len(given) != 1 or len(values) != 1 or None in values.values()):
        raise Unprepared
    return declared.out_type(values)


def default_of(definition: Definition) -> Any:
    """Say what stands for an absent value: Undefined for nothing, REQUIRED if there has to be one.

    A default is there once for all requests as well.
    """
    default = coerce_default_value(definition)
    return REQUIRED if default is Undefined and is_non_null_type(definition.type) else default


def refuse() -> Any:
    """Raise Unprepared, as an expression."""
    raise Unprepared
