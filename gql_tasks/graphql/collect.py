"""GraphQL's CollectFields (spec, section 6.3.2).

Fragments opened, `@skip` and `@include` decided, a response key that is met twice answered once,
keys in the order in which they are first met.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from graphql import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    SelectionNode,
    VariableNode,
    get_named_type,
    is_abstract_type,
)

from gql_tasks.graphql.context import Context

FieldNodes: TypeAlias = Mapping[str, list[FieldNode]]
ResolveInfo: TypeAlias = GraphQLResolveInfo[Context]


def collect(
    info: ResolveInfo, object_type: GraphQLObjectType, nodes: Iterable[FieldNode]
) -> FieldNodes:
    """Collect the fields under these nodes by their response keys."""
    collected: dict[str, list[FieldNode]] = {}
    visited: set[str] = set()
    for node in nodes:
        if node.selection_set:
            for field in _flatten(info, object_type, node.selection_set.selections, visited):
                key = field.alias.value if field.alias else field.name.value
                collected.setdefault(key, []).append(field)
    return collected


def _flatten(
    info: ResolveInfo,
    object_type: GraphQLObjectType,
    selections: Iterable[SelectionNode],
    visited: set[str],
) -> Iterator[FieldNode]:
    """Yield the fields of a selection set, those of the fragments that apply in their place."""
    for selection in selections:
        if not _is_included(info, selection):
            continue
        match selection:
            case FieldNode():
                yield selection
            case InlineFragmentNode(type_condition=condition):
                if condition is None or _applies(info, condition.name.value, object_type):
                    inner = selection.selection_set.selections
                    yield from _flatten(info, object_type, inner, visited)
            case FragmentSpreadNode(name=name) if name.value not in visited:
                visited.add(name.value)
                fragment = info.fragments[name.value]
                if _applies(info, fragment.type_condition.name.value, object_type):
                    inner = fragment.selection_set.selections
                    yield from _flatten(info, object_type, inner, visited)


def _applies(info: ResolveInfo, condition: str, object_type: GraphQLObjectType) -> bool:
    if condition == object_type.name:
        return True
    abstract = info.schema.type_map[condition]
    return is_abstract_type(abstract) and info.schema.is_sub_type(abstract, object_type)


def _is_included(info: ResolveInfo, selection: SelectionNode) -> bool:
    for directive in selection.directives or ():
        match directive.name.value:
            case "skip" if _condition(info, directive):
                return False
            case "include" if not _condition(info, directive):
                return False
    return True


def _condition(info: ResolveInfo, directive: DirectiveNode) -> bool:
    """Evaluate `if`. Validation holds it to a Boolean!: a literal, or a variable, which may be null
    where it has a default.
    """
    variables: Mapping[str, Any] = info.variable_values  # type: ignore[assignment]  # Strawberry's
    match directive.arguments:
        case [ArgumentNode(value=BooleanValueNode(value=literal))]:
            return literal
        case [ArgumentNode(value=VariableNode(name=name))]:
            if (value := variables.get(name.value)) is not None:
                return bool(value)
    raise GraphQLError(
        f"Argument 'if' of '@{directive.name.value}' must not be null.", nodes=directive
    )


def object_type_of(output_type: GraphQLOutputType) -> GraphQLObjectType:
    """Unwrap lists and non-nulls; planned fields answer objects, never interfaces or unions."""
    return cast("GraphQLObjectType", get_named_type(output_type))
