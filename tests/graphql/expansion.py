"""What an operation's numbers are, by the plain way: its fragments opened wherever they are spread.

It goes from the root down and takes the number of rows with it, where the program goes from the
leaves up; the two have no line in common. Exponential, so for small documents.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

MANY = 3
"""The rows of a list in each of many rows."""

WRITTEN = {"createTask": 1, "updateTask": 1, "deleteTask": 1}
"""The rows that mutations of the generated kinds may write."""


@dataclass
class Expansion:
    """One operation, being walked; `numbers` grow on the way."""

    schema: GraphQLSchema
    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    max_rows: int = 10_000
    numbers: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("depth", "fields", "aliases", "directives"), 0)
    )

    def __post_init__(self) -> None:
        self.fragments = {
            node.name.value: node
            for node in self.document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        definitions = self.operation.variable_definitions or ()
        self.numbers["directives"] += len(self.operation.directives or ())
        for definition in definitions:
            self.numbers["directives"] += len(definition.directives or ())
        defaults = {
            definition.variable.name.value: value_from_ast_untyped(definition.default_value)
            for definition in definitions
            if definition.default_value
        }
        self.variables = defaults | self.variables

    def measure(self) -> dict[str, int]:
        """Walk it all."""
        root = self.schema.get_root_type(self.operation.operation)
        assert root is not None
        root_fields = 0
        cost = 0
        for parent, node in self.opened(self.operation.selection_set, root, set()):
            root_fields += 1
            cost += self.cost(parent, node, level=1, rows=self.max_rows, part=0)
        return {"cost": cost, **self.numbers, "rootFields": root_fields}

    def opened(
        self, selections: SelectionSetNode, parent: GraphQLNamedType, visited: set[str]
    ) -> Iterator[tuple[GraphQLNamedType, FieldNode]]:
        """Find the fields of a selection set, each with the type that it is a field of."""
        for node in selections.selections:
            self.numbers["directives"] += len(node.directives or ())
            if isinstance(node, FieldNode):
                yield parent, node
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self.schema.type_map[condition.name.value] if condition else parent
                yield from self.opened(node.selection_set, inner, visited)
            elif node.name.value not in visited:
                visited.add(node.name.value)
                fragment = self.fragments[node.name.value]
                inner = self.schema.type_map[fragment.type_condition.name.value]
                self.numbers["directives"] += len(fragment.directives or ())
                yield from self.opened(fragment.selection_set, inner, visited)

    def cost(
        self, parent: GraphQLNamedType, node: FieldNode, *, level: int, rows: int, part: int
    ) -> int:
        """Count a field and price it, where an open list has `rows`, a page or a payload `part`."""
        name = node.name.value
        self.numbers["depth"] = max(self.numbers["depth"], level)
        self.numbers["fields"] += 1
        self.numbers["aliases"] += node.alias is not None
        definition = self.schema.get_field(parent, name)  # type: ignore[arg-type]
        assert definition is not None
        if node.selection_set is None:
            return 10 if name in {"totalCount", "subtaskCount", "taskCount"} else 1
        arguments = {each: argument.default_value for each, argument in definition.args.items()} | {
            argument.name.value: value_from_ast_untyped(argument.value, self.variables)
            for argument in node.arguments or ()
            if value_from_ast_untyped(argument.value, self.variables).__class__.__name__
            != "UndefinedType"
        }
        of_each, here, times, inner_part = rows, 1, 1, 0
        is_list = is_list_type(get_nullable_type(definition.type))
        asked = [arguments.get(each) for each in ("limit", "first", "last")]
        number = next((int(n) for n in asked if isinstance(n, int | float)), None)
        match (parent.name, name):
            case ("TaskConnection", "nodes" | "edges") | (_, "tasks" | "undone") if (
                parent.name.endswith(("Connection", "Payload"))
            ):
                times, of_each = part, MANY
            case ("Mutation", _):
                inner_part = WRITTEN[name]
                here, of_each = 1 + 10 * inner_part, MANY
            case ("TaskConnection", "facets"):
                by = arguments["by"]
                times = len(set(by)) if isinstance(by, list) else 1
                here, of_each = 1 + 100 * times, MANY
            case (_, "tasksConnection"):
                inner_part, of_each = min(50 if number is None else max(number, 0), 10_000), MANY
            case ("Query", _) if is_list:
                times = min(self.max_rows if number is None else max(number, 0), self.max_rows)
                of_each = MANY
            case ("Query", _) | ("Task", "parent" | "project"):
                pass
            case (_, "subtasks" | "tasks"):
                times = rows if number is None else min(max(number, 0), self.max_rows)
                of_each = MANY
            case _:
                times, of_each = (MANY if is_list else 1), MANY
        inner_type = get_named_type(definition.type)
        below = 0
        for inner_parent, inner in self.opened(node.selection_set, inner_type, set()):
            below += self.cost(inner_parent, inner, level=level + 1, rows=of_each, part=inner_part)
        return here + times * below
