"""Generated calls of a mutation's fields: literals, variables and JSON, fitting and not."""

import json
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLSchema,
    get_nullable_type,
    is_enum_type,
    is_input_object_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
)
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

MAX_DEPTH = 3
"""How deep objects hold more than they have to."""

FITTING = {
    "Int": (0, 1, -1, 2**31 - 1),
    "Float": (0, 1.5, -1e9),
    "ID": ("1", "a", "", 7),
    "String": ("", "a", "é \"\\'", "null"),
    "Boolean": (True, False),
    "Date": ("2026-01-31",),
    "DateTime": ("2026-01-31T08:00:00.123Z", "2026-01-31T08:00:00+05:30"),
    "DateOrDuration": ("2026-01-31", "P7D", "-P2W"),
    "DateTimeOrDuration": ("2026-01-31T08:00:00Z", "PT36H"),
    "SyncToken": ("0123456789abcdef-00000000000a", "0123456789abcdef-00000000000a-000000000009"),
}
"""Values of each scalar, as JSON."""

ODD = (None, True, 0, 1.0, 1.5, 2**31, "x", "2026-02-30", "PT1H", [], [None], [[1]], {}, {"a": 1})
"""Values that fit few types."""


@dataclass(frozen=True)
class Call:
    """A document of one mutation field, and the variables that a request sends for it."""

    document: str
    variables: dict[str, Any]


@st.composite
def calls(draw: DrawFn, schema: GraphQLSchema) -> Call:
    """Generate a call of any of a schema's mutation fields."""
    assert schema.mutation_type is not None
    return _Writer(draw).call(schema.mutation_type.fields)


@dataclass
class _Writer:
    draw: DrawFn
    constant: bool = False
    declared: list[str] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)

    def call(self, fields: dict[str, Any]) -> Call:
        name = self.choose(*fields)
        arguments = ", ".join(
            f"{argument}: {self.literal(definition.type)}"
            for argument, definition in fields[name].args.items()
            if self.one_in(2) or (is_required_argument(definition) and not self.one_in(40))
        )
        is_leaf = is_leaf_type(get_nullable_type(fields[name].type))
        selected = "" if is_leaf else "{ __typename }"
        variables = f"({', '.join(self.declared)})" if self.declared else ""
        called = f"{name}({arguments})" if arguments else name
        if self.one_in(4):
            self.sent["unused"] = self.choose(*ODD)
        return Call(f"mutation {variables} {{ {called} {selected} }}", self.sent)

    def literal(self, declared: GraphQLInputType, depth: int = 0) -> str:
        """Write a literal where a type stands, or a variable."""
        if not self.constant and self.one_in(2 if depth == 0 else 4):
            return self.variable(declared, depth)
        if self.one_in(40):
            return _written(self.choose(*ODD))
        given: Any = get_nullable_type(declared)
        if given is declared and self.one_in(10):
            return "null"
        if is_list_type(given):
            if self.one_in(6):
                return self.literal(given.of_type, depth)
            items = [self.literal(given.of_type, depth) for _ in range(self.choose(0, 1, 2))]
            return f"[{', '.join(items)}]"
        if is_input_object_type(given):
            members = {name: self.literal(of, depth + 1) for name, of in self.chosen(given, depth)}
            return f"{{{', '.join(f'{name}: {value}' for name, value in members.items())}}}"
        return self.leaf(given) if is_enum_type(given) else _written(self.leaf(given))

    def variable(self, declared: GraphQLInputType, depth: int) -> str:
        """Declare a variable of a type, or of one that is near it, and perhaps send it."""
        name = f"v{len(self.declared)}"
        own: Any = get_nullable_type(declared) if self.one_in(3) else declared
        text = f"{own}!" if not is_non_null_type(own) and self.one_in(4) else str(own)
        constant = _Writer(self.draw, constant=True)
        default = f" = {constant.literal(own, depth)}" if self.one_in(3) else ""
        self.declared.append(f"${name}: {text}{default}")
        if not self.one_in(3):
            self.sent[name] = self.value(own, depth)
        return f"${name}"

    def value(self, declared: GraphQLInputType, depth: int = 0) -> Any:
        """Choose a JSON value of a type."""
        if self.one_in(40):
            return self.choose(*ODD)
        given: Any = get_nullable_type(declared)
        if given is declared and self.one_in(10):
            return None
        if is_list_type(given):
            if self.one_in(6):
                return self.value(given.of_type, depth)
            return [self.value(given.of_type, depth) for _ in range(self.choose(0, 1, 2))]
        if is_input_object_type(given):
            return {name: self.value(of, depth + 1) for name, of in self.chosen(given, depth)}
        return self.leaf(given)

    def chosen(self, given: Any, depth: int) -> list[tuple[str, GraphQLInputType]]:
        """Choose fields of an input type; sometimes one that it does not have."""
        names = [
            name
            for name, part in given.fields.items()
            if is_required_input_field(part) and not self.one_in(40)
        ]
        if depth < MAX_DEPTH or not names:
            most = 1 if len(given.fields) < 5 else 3
            more = st.lists(st.sampled_from([*given.fields]), max_size=most, min_size=most - 1)
            names = [*dict.fromkeys([*names, *self.draw(more)])]
        chosen = [(name, given.fields[name].type) for name in names]
        return [*chosen, ("odd", given)] if self.one_in(20) else chosen

    def leaf(self, given: Any) -> Any:
        """Choose a value of a scalar or an enum."""
        if is_enum_type(given):
            return "ODD" if self.one_in(40) else self.choose(*given.values)
        return self.choose(*FITTING[given.name])

    def one_in(self, number: int) -> bool:
        return self.draw(st.integers(1, number)) == number

    def choose(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))


def _written(value: Any) -> str:
    """Write a JSON value as a literal."""
    match value:
        case dict():
            return f"{{{', '.join(f'{name}: {_written(part)}' for name, part in value.items())}}}"
        case list():
            return f"[{', '.join(map(_written, value))}]"
    return json.dumps(value)
