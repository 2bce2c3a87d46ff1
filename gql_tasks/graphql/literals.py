"""Coercion of arguments (spec, section 6.4.1), worked out once and not once a request.

A field's literals become a function of the coerced variables that stand in them, which answers what
graphql-core does. What does not fit raises Unprepared, when it is worked out or when it is read: to
say what is wrong is graphql-core's part.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    ListValueNode,
    ObjectValueNode,
    Undefined,
    ValueNode,
    VariableNode,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from graphql.utilities.coerce_input_value import coerce_input_literal

from gql_tasks.graphql.coercion import REQUIRED, Coerced, Definition, completed, default_of, refuse
from gql_tasks.graphql.prepared import Unprepared

Read: TypeAlias = Callable[[Coerced], Any]
"""Reads a literal, its variables being these. Undefined is a variable that was left out."""


def read_arguments(field: GraphQLField, node: FieldNode) -> Callable[[Coerced], Coerced]:
    """Work out how a field's arguments are read, given the variables of its operation."""
    nodes = {argument.name.value: argument.value for argument in node.arguments or ()}
    members = _members(field.args, nodes)
    return lambda variables: _read_members(members, variables)


class _Constant:
    """A literal without variables. Its value is there once for all requests."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _: Coerced) -> Any:
        return self.value


def _once(read: Read, parts: Iterable[Read]) -> Read:
    """Read a literal now if it has no variables in its parts."""
    return _Constant(read({})) if all(isinstance(part, _Constant) for part in parts) else read


def _literal(node: ValueNode, declared: GraphQLInputType) -> Read:
    """Work out how a literal is read where this type stands."""
    given = get_nullable_type(declared)
    match node:
        case VariableNode():
            return _variable(node.name.value, required=is_non_null_type(declared))
        case ListValueNode() if is_list_type(given):
            return _list(node.values, given.of_type)
        case ObjectValueNode() if is_list_type(given):
            return _list((node,), given.of_type)
        case ObjectValueNode() if is_input_object_type(given):
            return _object(node, given)
        case ListValueNode() | ObjectValueNode():
            raise Unprepared  # a scalar could take it, and variables in it
    value = coerce_input_literal(node, declared)
    return refuse() if value is Undefined else _Constant(value)


def _variable(name: str, *, required: bool) -> Read:
    if not required:
        return lambda variables: variables.get(name, Undefined)

    def read(variables: Coerced) -> Any:
        value = variables.get(name)
        return refuse() if value is None else value

    return read


def _list(nodes: Iterable[ValueNode], declared: GraphQLInputType) -> Read:
    items = [_literal(node, declared) for node in nodes]

    def read(variables: Coerced) -> Any:
        values = [item(variables) for item in items]
        return [None if value is Undefined else value for value in values]

    return _once(read, items)


def _object(node: ObjectValueNode, declared: GraphQLInputObjectType) -> Read:
    nodes = {field.name.value: field.value for field in node.fields}
    members = _members(declared.fields, nodes)

    def read(variables: Coerced) -> Any:
        return completed(declared, nodes, _read_members(members, variables))

    return _once(read, [member for _, member in members])


def _members(
    definitions: Mapping[str, Definition], nodes: Mapping[str, ValueNode]
) -> list[tuple[str, Read]]:
    """Work out how arguments are read, or the fields of an object: in the schema's order."""
    if not nodes.keys() <= definitions.keys():
        raise Unprepared
    return [
        (definition.out_name or name, _member(definition, nodes.get(name)))
        for name, definition in definitions.items()
        if name in nodes or default_of(definition) is not Undefined
    ]


def _member(definition: Definition, node: ValueNode | None) -> Read:
    default = default_of(definition)
    if node is None:
        return refuse() if default is REQUIRED else _Constant(default)
    read = _literal(node, definition.type)
    if isinstance(node, VariableNode) and default is not REQUIRED:
        name = node.name.value
        return lambda variables: read(variables) if name in variables else default
    return read


def _read_members(members: Iterable[tuple[str, Read]], variables: Coerced) -> Coerced:
    values = {}
    for name, read in members:
        value = read(variables)
        if value is not Undefined:
            values[name] = value
    return values
