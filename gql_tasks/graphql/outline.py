"""A document to its outline: each selection set once, in an order in which numbers add up.

The pass looks at every selection once, however often a fragment is spread. It is safe before
validation: unknown names lead nowhere, fragments in a circle end, and nothing recurses, so that a
document may be as deep as the parser takes it.

What is opened how often follows CollectFields (spec, section 6.3.2): a fragment that is spread
again within one selection set is opened there once. Fields that are written twice count twice,
although an answer has them once, and `@skip` and `@include` are not decided. So a number that is
added up over an outline is never less than what is read.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    get_named_type,
    is_composite_type,
)


class Addable(Protocol):
    """What can be added up."""

    def __add__(self, other: Self) -> Self:
        """Add."""


V = TypeVar("V", bound=Addable)


@dataclass(slots=True, eq=False)
class Field:
    """A field where it is written. Without a definition it is one that its parent does not have."""

    node: FieldNode
    parent: str
    definition: GraphQLField | None
    below: "Selection | None" = None


@dataclass(slots=True, eq=False)
class Selection:
    """A field's selection set, inline fragments opened; or a fragment's, or an operation's.

    `opened` are the fragments that it spreads and those that they spread, each once. `directives`
    are those of spreads, of inline fragments and of a definition itself.
    """

    directives: int = 0
    fields: list[Field] = field(default_factory=list)
    spreads: list[str] = field(default_factory=list)
    opened: "frozenset[Selection]" = frozenset()


@dataclass(frozen=True, slots=True)
class Part:
    """A fragment or an operation: its selection sets, inner ones first, its own last."""

    selections: tuple[Selection, ...]

    @property
    def root(self) -> Selection:
        """Its own selection set."""
        return self.selections[-1]

    @property
    def spreads(self) -> Iterator[str]:
        """Name what is spread anywhere in it."""
        return (name for selection in self.selections for name in selection.spreads)


@dataclass(frozen=True, slots=True)
class Outline:
    """A document's fragments, those first that others spread, and its operations."""

    fragments: tuple[Part, ...]
    operations: tuple[tuple[OperationDefinitionNode, Part], ...]
    tokens: int


Totals = dict[Selection, tuple[V, V]]
"""What a selection set adds up to: without the fragments that it opens, and with them."""


def add_up(
    part: Part, totals: Totals[V], of: Callable[[Field, V], V], none: Callable[[int], V]
) -> V:
    """Add up a part's selection sets, those that `totals` does not have yet, and keep them there.

    `of` makes a field's number from that of its selection set; `none` is that of a set without
    fields and with so many directives.
    """
    for selection in part.selections:
        if selection not in totals:
            own = none(selection.directives)
            for each in selection.fields:
                own += of(each, totals[each.below][1] if each.below else none(0))
            whole = own
            for fragment in selection.opened:
                whole += totals[fragment][0]
            totals[selection] = own, whole
    return totals[part.root][1]


def outline(schema: GraphQLSchema, document: DocumentNode) -> Outline:
    """Make a document's outline."""
    parts: dict[str, Part] = {}
    operations: list[tuple[OperationDefinitionNode, Part]] = []
    for node in document.definitions:
        match node:
            case FragmentDefinitionNode(name=name, type_condition=condition):
                parts.setdefault(name.value, _part(schema, node, _named(schema, condition.name)))
            case OperationDefinitionNode(operation=kind):
                operations.append((node, _part(schema, node, schema.get_root_type(kind))))
    opened: dict[str, frozenset[Selection]] = {}
    fragments = [parts[name] for name in _inner_first(parts, opened)]
    for _, operation in operations:
        _open(operation, opened)
    return Outline(tuple(fragments), tuple(operations), document.token_count or 0)


def _part(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode | FragmentDefinitionNode,
    parent: GraphQLNamedType | None,
) -> Part:
    root = Selection(len(definition.directives or ()))
    for variable in definition.variable_definitions or ():
        root.directives += len(variable.directives or ())
    outer_first = [root]
    waiting: list[tuple[Iterable[SelectionNode], GraphQLNamedType | None, Selection]]
    waiting = [(definition.selection_set.selections, parent, root)]
    while waiting:
        nodes, parent, selection = waiting.pop()
        for node in nodes:
            if isinstance(node, FieldNode):
                entry = _field(schema, node, parent)
                selection.fields.append(entry)
                if node.selection_set:
                    entry.below = Selection()
                    outer_first.append(entry.below)
                    inner = get_named_type(entry.definition.type) if entry.definition else None
                    waiting.append((node.selection_set.selections, inner, entry.below))
                continue
            selection.directives += len(node.directives or ())
            if isinstance(node, FragmentSpreadNode):
                selection.spreads.append(node.name.value)
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = _named(schema, condition.name) if condition else parent
                waiting.append((node.selection_set.selections, inner, selection))
    return Part(tuple(reversed(outer_first)))


def _field(schema: GraphQLSchema, node: FieldNode, parent: GraphQLNamedType | None) -> Field:
    if parent is None or not is_composite_type(parent):
        return Field(node, "", None)
    return Field(node, parent.name, schema.get_field(parent, node.name.value))


def _inner_first(
    parts: Mapping[str, Part], opened: dict[str, frozenset[Selection]]
) -> Iterator[str]:
    """Order fragments so that those that are spread come before those that spread them.

    In a circle, which validation refuses, one comes first; what it spreads counts as nothing.
    """
    seen: set[str] = set()
    for first in parts:
        path = [] if first in seen else [(first, parts[first].spreads)]
        seen.add(first)
        while path:
            name, spreads = path[-1]
            inner = next((each for each in spreads if each in parts and each not in seen), None)
            if inner is not None:
                seen.add(inner)
                path.append((inner, parts[inner].spreads))
            else:
                path.pop()
                _open(parts[name], opened)
                opened[name] = parts[name].root.opened | {parts[name].root}
                yield name


def _open(part: Part, opened: Mapping[str, frozenset[Selection]]) -> None:
    for selection in part.selections:
        if selection.spreads:
            selection.opened = frozenset().union(*(opened.get(n, ()) for n in selection.spreads))


def _named(schema: GraphQLSchema, name: object) -> GraphQLNamedType | None:
    return schema.type_map.get(getattr(name, "value", ""))
