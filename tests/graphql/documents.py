"""Generated GraphQL requests: every way of saying what to select that the schema allows.

What comes out is valid. Within a document a response key means one field, and at the root one call
of it, so that fields met twice can be merged however the fragments nest.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    GraphQLField,
    GraphQLNamedType,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
)
from graphql.utilities import type_comparators
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from gql_tasks.config import Settings
from tests.graphql.reference import SCHEMA

MAX_TOKENS = Settings.model_fields["max_tokens"].default

DEPTH = 4
"""How deep selection sets go, fragments included."""

WIDE = 70
"""Keys of an object that are more than one SQL function takes."""

ABSENT = object()
"""A variable that the request leaves out."""

SOME_IDS = (1, 2, 3, 4, 5, 0, -1, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, -(2**63))
ODD_IDS = ("", " 1", "01", "+1", "-0", "1e0", "1.0", "\u0667", "a", "9223372036854775808", "1" * 70)

ORDER_FIELDS = (
    *("ID", "POSITION", "TITLE", "COMPLETED", "COMPLETED_AT", "PRIORITY"),
    *("DUE", "START_ON", "CREATED_AT", "UPDATED_AT"),
)
PRIORITIES = ("NONE", "LOW", "MEDIUM", "HIGH", "URGENT")

NOT_GENERATED = {"facets", "history", "syncToken"}
"""Fields that the reference does not answer."""

TEXTS = (
    "",
    " ",
    "Buy milk",
    "buy milk",
    "e\u0301",
    "é",
    "\u202e\u05e9\u05dc\u05d5\u05dd\u202c",
    "🧹👩‍👩‍👧",
    "\ufb01",
    "\U0010ffff\ue000",
    "\"'\\/`$",
    "'); DROP TABLE tasks; --",
    '{"json": [1]}',
    "\x01\x1f\x7f\t\r\n\b\f",
    "\u2028\u2029\ufeff\ufffd",
    "a\0b",
    "a\0a",
    "long " * 2000,
)


@dataclass(frozen=True)
class Request:
    """One request's parts."""

    query: str
    variables: dict[str, Any]
    operation_name: str | None


@dataclass(frozen=True)
class Variable:
    """A variable that an operation may use: its declaration, and what requests send for it."""

    declared: str
    values: SearchStrategy[Any]


def texts() -> SearchStrategy[str]:
    return st.sampled_from(TEXTS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def _ids() -> SearchStrategy[Any]:
    return st.sampled_from((*SOME_IDS, *map(str, SOME_IDS), *ODD_IDS))


def orders() -> SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(
        {"field": st.sampled_from(ORDER_FIELDS)},
        optional={
            "direction": st.sampled_from(("ASC", "DESC")),
            "nulls": st.sampled_from(("FIRST", "LAST")),
        },
    )


def _numbers() -> SearchStrategy[int]:
    return st.integers(0, 12) | st.sampled_from((-1, 2**31 - 1))


NUMBER_OR_NOT = st.sampled_from((ABSENT, None)) | _numbers()

VARIABLES = {
    # In lists inside lists nothing is out of range: where such an error stands is not the same.
    "few": Variable("Int", st.sampled_from((ABSENT, None, 0, 1, 2, 10))),
    "two": Variable("Int = 2", st.sampled_from((ABSENT, None, 0, 1, 3))),
    "level": Variable("Priority! = HIGH", st.sampled_from((ABSENT, *PRIORITIES))),
    "levels": Variable("[Priority!]!", st.lists(st.sampled_from(PRIORITIES), max_size=2)),
    "part": Variable("String!", st.sampled_from(("", "a", "A", "milk", "%", "_", "é", "no"))),
    "filter": Variable(
        "TaskFilter",
        st.sampled_from((ABSENT, None, {}, {"completed": {"eq": True}}, {"title": {"eq": ""}})),
    ),
    "yes": Variable("Boolean!", st.booleans()),
    "on": Variable("Boolean! = true", st.sampled_from((ABSENT, True, False))),
    "off": Variable("Boolean! = false", st.sampled_from((ABSENT, True, False))),
    "id": Variable("ID!", _ids()),
    "first": Variable('ID! = "1"', st.just(ABSENT) | _ids()),
    "limit": Variable("Int", NUMBER_OR_NOT),
    "three": Variable("Int = 3", NUMBER_OR_NOT),
    "offset": Variable("Int", NUMBER_OR_NOT),
    "one": Variable("Int! = 1", st.just(ABSENT) | _numbers()),
    "keys": Variable("[TaskOrder!]", st.sampled_from((ABSENT, None)) | st.lists(orders())),
    "key": Variable("TaskOrder! = {field: TITLE, nulls: FIRST}", st.just(ABSENT) | orders()),
    "field": Variable("TaskOrderField!", st.sampled_from(ORDER_FIELDS)),
    "way": Variable("OrderDirection! = DESC", st.sampled_from((ABSENT, "ASC", "DESC"))),
    "nulls": Variable("NullsOrder", st.sampled_from((ABSENT, "FIRST", "LAST"))),
    "text": Variable("String!", texts()),
    "more": Variable('String = "more"', st.sampled_from((ABSENT, None)) | texts()),
    "done": Variable("Boolean", st.sampled_from((ABSENT, None, True, False))),
}

DIRECTIVES = (
    *("",) * 12,
    " @skip(if: true)",
    " @skip(if: false)",
    " @include(if: true)",
    " @include(if: false)",
    " @skip(if: $yes)",
    " @include(if: $yes)",
    " @include(if: $on)",
    " @skip(if: $off)",
    " @skip(if: $off) @include(if: $on)",
    " @include(if: $yes) @skip(if: $yes)",
)


@st.composite
def queries(draw: DrawFn) -> Request:
    """Generate reads."""
    rest = ("projects", "projects(includeArchived: true)", "projects(includeArchived: $on)")
    calls = st.one_of(
        _row_calls("task"),
        _tasks_calls(),
        _page_calls(),
        _row_calls("project") | _row_calls("label"),
        st.sampled_from((*rest, "labels")),
    )
    return _Writer(draw, "Query", _named(draw, calls)).request()


@st.composite
def mutations(draw: DrawFn) -> Request:
    """Generate writes."""
    return _Writer(draw, "Mutation", _named(draw, _mutation_calls())).request()


def _named(draw: DrawFn, calls: SearchStrategy[str]) -> dict[str, str]:
    """Give calls response keys: their own names, other fields' names, names of no field."""
    return draw(
        st.dictionaries(
            st.sampled_from(("task", "tasks", "projects", "createTask", "a", "_b", "B2", "__c")),
            calls,
            min_size=1,
            max_size=4,
        )
    )


def _row_calls(name: str) -> SearchStrategy[str]:
    literals = st.sampled_from((*map(str, SOME_IDS), *map(_literal, SOME_IDS[:6] + ODD_IDS)))
    return (literals | st.sampled_from(("$id", "$first"))).map(f"{name}(id: {{}})".format)


FILTERS = st.sampled_from(
    (
        *("", "", "", "null", "{}", "$filter"),
        *("{completed: {eq: true}}", "{completed: {eq: $yes}}", "{completed: {neq: $on}}"),
        *("{priority: {gte: $level}}", "{priority: {in: $levels}}", "{priority: {neq: NONE}}"),
        *('{title: {contains: "a"}}', "{title: {startsWith: $part}}", "{title: {neq: $part}}"),
        "{completed: {eq: false}, title: {contains: $part}}",
    )
)


def _order_bys() -> SearchStrategy[str]:
    return (
        st.sampled_from(("", "null", "[]", "$keys", "[$key]", "[{field: TITLE}, $key]"))
        | st.lists(_order_literals(), min_size=1, max_size=3).map(" ".join).map("[{}]".format)
        | _order_literals()
    )


@st.composite
def _tasks_calls(draw: DrawFn) -> str:
    arguments = {
        "limit": draw(st.sampled_from(("", "null", "0", "1", "2", "7", "-1", "$limit", "$three"))),
        "filter": draw(FILTERS),
        "orderBy": draw(_order_bys()),
        "offset": draw(st.sampled_from(("", "null", "0", "1", "5", "-1", "$offset", "$one"))),
    }
    return "tasks" + _arguments(arguments)


@st.composite
def _page_calls(draw: DrawFn) -> str:
    arguments = {
        "first": draw(st.sampled_from(("", "null", "0", "1", "2", "7", "-1", "$limit", "$three"))),
        "orderBy": draw(_order_bys()),
        "filter": draw(FILTERS),
    }
    return "tasksConnection" + _arguments(arguments)


@st.composite
def _nested_calls(draw: DrawFn, name: str, names: frozenset[str]) -> str:
    numbers = ("", "", "null", "0", "1", "2", "$few", "$two")
    values = {
        "filter": FILTERS,
        "orderBy": _order_bys(),
        "limit": st.sampled_from(numbers),
        "offset": st.sampled_from((*numbers, "", "")),
        "first": st.sampled_from(numbers),
    }
    return name + _arguments({key: draw(values[key]) for key in values if key in names})


@st.composite
def _order_literals(draw: DrawFn) -> str:
    fields = {
        "field": draw(st.sampled_from((*ORDER_FIELDS, "$field"))),
        "direction": draw(st.sampled_from(("", "ASC", "DESC", "$way"))),
        "nulls": draw(st.sampled_from(("", "FIRST", "LAST", "$nulls"))),
    }
    return f"{{{', '.join(f'{name}: {value}' for name, value in fields.items() if value)}}}"


@st.composite
def _mutation_calls(draw: DrawFn) -> str:
    name = draw(st.sampled_from(("createTask", "updateTask", "deleteTask")))
    literals = texts().map(_literal)
    booleans = ("true", "false", "$yes", "$on")
    row_id = draw(st.sampled_from(("1", '"2"', "3", "4", "$id", _literal("no"))))
    if name == "deleteTask":
        return f"deleteTask(id: {row_id})"
    required, optional = (("title",), ()) if name == "createTask" else ((), ("title",))
    nulls = () if name == "createTask" else ("null", "$more", "$done")
    values = {
        "title": literals | st.sampled_from(("$text", *nulls[:2])),
        "description": literals | st.sampled_from(("$text", "$more", *nulls[:2])),
        "completed": st.sampled_from((*booleans, *nulls[::2])),
    }
    chosen = draw(
        st.fixed_dictionaries(
            {key: values[key] for key in required},
            optional={key: values[key] for key in (*optional, "description", "completed")},
        )
    )
    members = ", ".join(f"{key}: {value}" for key, value in chosen.items())
    before = {"id": row_id} if name == "updateTask" else {}
    return name + _arguments(before | {"input": f"{{{members}}}"})


def _arguments(arguments: dict[str, str]) -> str:
    given = ", ".join(f"{name}: {value}" for name, value in arguments.items() if value)
    return f"({given})" if given else ""


def _literal(value: Any) -> str:
    """Write a string literal; `$` escaped, so that a `$` in a document is a variable's."""
    return json.dumps(str(value)).replace("$", "\\u0024").replace("\x7f", "\\u007f")


@dataclass
class _Writer:
    """Writes one document: fragments from the last to the first, then the operations over them."""

    draw: DrawFn
    root: str
    calls: dict[str, str]
    fragments: dict[str, str] = field(default_factory=dict)
    conditions: dict[str, str] = field(default_factory=dict)
    depths: dict[str, int] = field(default_factory=dict)
    nested: dict[tuple[str, str, str], str] = field(default_factory=dict)
    room: int = 80
    """How many more selections may be written; then each set gets one, and none goes deeper."""

    def request(self) -> Request:
        """Write the document and choose one of its operations."""
        self.aliases = {"again": "task", "heading": "title", "more": "subtasks"} | self.draw(
            st.dictionaries(
                st.sampled_from(("a", "_b", "id", "title", "subtasks", "task", "path", "zz")),
                st.sampled_from(_field_names(self.root)),
                max_size=5,
            )
        )
        for index in range(self.draw(st.integers(0, 4)), 0, -1):
            condition = self.draw(st.sampled_from(_composite_types(self.root)))
            name = f"F{index}"
            depth = self.draw(st.integers(0, 2))
            body = self.selection_set(SCHEMA.type_map[condition], depth)
            self.conditions[name] = condition
            self.depths[name] = depth
            self.fragments[name] = f"fragment {name} on {condition} {body}"
        bodies = [
            self.selection_set(SCHEMA.type_map[self.root], DEPTH)
            for _ in range(self.draw(st.sampled_from((1, 1, 1, 2, 3))))
        ]
        chosen = self.draw(st.integers(0, len(bodies) - 1))
        named = len(bodies) > 1 or self.draw(st.booleans())
        operations = [
            self.operation(f"Op{index}" if named else "", body) for index, body in enumerate(bodies)
        ]
        used = self.reached("".join(bodies))
        definitions = self.draw(
            st.permutations(operations + [self.fragments[name] for name in sorted(used)])
        )
        document = "\n".join(definitions)
        assume(len(re.findall(r'"(?:\\.|[^"])*"|\w+|[^\s\w,]', document)) <= MAX_TOKENS)
        sends_name = len(bodies) > 1 or (named and self.draw(st.booleans()))
        return Request(
            document,
            self.values(bodies[chosen]),
            f"Op{chosen}" if sends_name else None,
        )

    def operation(self, name: str, body: str) -> str:
        """Write an operation that declares the variables it uses."""
        declared = ", ".join(f"${used}: {VARIABLES[used].declared}" for used in self.used(body))
        if not declared and not name and self.root == "Query" and self.draw(st.booleans()):
            return body
        return f"{self.root.lower()} {name}{f'({declared})' if declared else ''} {body}"

    def values(self, body: str) -> dict[str, Any]:
        """Choose values for the variables of the operation that will run."""
        drawn = {name: self.draw(VARIABLES[name].values) for name in self.used(body)}
        return {name: value for name, value in drawn.items() if value is not ABSENT}

    def used(self, body: str) -> list[str]:
        """List the variables of a body and of the fragments it reaches."""
        text = body + "".join(self.fragments[name] for name in sorted(self.reached(body)))
        return sorted(set(re.findall(r"\$(\w+)", text)))

    def reached(self, body: str) -> set[str]:
        """List the fragments that a body spreads, and those that they spread."""
        found: set[str] = set()
        for name in re.findall(r"\.\.\.(F\d)", body):
            found |= {name} | self.reached(self.fragments[name])
        return found

    def selection_set(self, parent: GraphQLNamedType, depth: int) -> str:
        """Write a selection set of a type."""
        length = self.draw(st.sampled_from((3, 2, 4, 1))) if self.room > 0 else 1
        depth = depth if self.room > 0 else 0
        self.room -= length
        return f"{{ {' '.join(self.selection(parent, depth) for _ in range(length))} }}"

    def selection(self, parent: GraphQLNamedType, depth: int) -> str:
        """Write one selection of a type."""
        spreads = [
            name
            for name, condition in self.conditions.items()
            if self.depths[name] <= depth
            and type_comparators.do_types_overlap(SCHEMA, SCHEMA.type_map[condition], parent)
        ]
        kinds = ["field"] * 12 + ["inline"] * 4 * (depth > 0) + ["spread"] * 6 * bool(spreads)
        kinds += ["wide"] * (parent.name == "Task" and self.room > WIDE / 2)
        directive = self.draw(st.sampled_from(DIRECTIVES))
        match self.draw(st.sampled_from(kinds)):
            case "spread":
                return f"...{self.draw(st.sampled_from(spreads))}{directive}"
            case "inline":
                condition = self.draw(st.sampled_from((None, *_conditions(parent))))
                inner = parent if condition is None else SCHEMA.type_map[condition]
                on = "" if condition is None else f" on {condition}"
                return f"...{on}{directive} {self.selection_set(inner, depth - 1)}"
            case "wide":
                leaves = [name for name, part in parent.fields.items() if _is_plain(part)]
                names = [*leaves, "__typename"]
                self.room -= WIDE // 2  # they have no arguments and no directives
                return " ".join(f"w{i}: {names[i % len(names)]}" for i in range(WIDE))
        return self.field(parent, directive, depth)

    def field(self, parent: GraphQLNamedType, directive: str, depth: int) -> str:
        """Write a field under one of its response keys."""
        choices = [("kind", "__typename"), ("__typename", "__typename")]
        if parent.name == self.root:
            if depth > 0:
                choices = [*self.calls.items()] * 4 + choices[:1]
        else:
            found = [
                (key, name)
                for name, definition in parent.fields.items()
                if name not in NOT_GENERATED
                if depth > 0 or is_leaf_type(get_named_type(definition.type))
                for key in {name: name, **self.aliases}
                if self.aliases.get(key, key) == name
            ]
            deeper = [
                choice
                for choice in found
                if is_composite_type(get_named_type(parent.fields[choice[1]].type))
            ]
            choices = (deeper if deeper and self.draw(st.booleans()) else found) or choices
        key, call = self.draw(st.sampled_from(choices))
        name = call.partition("(")[0]
        if parent.name != self.root and name != "__typename" and parent.fields[name].args:
            place = (parent.name, key, name)
            if place not in self.nested:
                names = frozenset(parent.fields[name].args)
                self.nested[place] = self.draw(_nested_calls(name, names))
            call = self.nested[place]
        text = (call if key == name else f"{key}: {call}") + directive
        if name == "__typename":
            return text
        inner = get_named_type(parent.fields[name].type)
        if is_leaf_type(inner):
            return text
        return f"{text} {self.selection_set(inner, depth - 1)}"


def _is_plain(definition: GraphQLField) -> bool:
    return is_leaf_type(get_named_type(definition.type)) and not definition.args


def _conditions(parent: GraphQLNamedType) -> list[str]:
    """List the types that a fragment in a selection set of this type may name."""
    related = [parent, *getattr(parent, "interfaces", ())]
    if is_abstract_type(parent):
        related += SCHEMA.get_possible_types(parent)
    return [named.name for named in related]


def _composite_types(root: str) -> list[str]:
    """List the types with selection sets below a root type, itself included."""
    found = {root: SCHEMA.type_map[root]}
    waiting = [root]
    while waiting:
        parent = found[waiting.pop()]
        below = [get_named_type(definition.type) for definition in parent.fields.values()]
        below += [SCHEMA.type_map[name] for name in _conditions(parent)]
        for named in below:
            if is_composite_type(named) and named.name not in found:
                found[named.name] = named
                waiting.append(named.name)
    return list(found)


def _field_names(root: str) -> list[str]:
    """List the names of the fields below a root type's own."""
    below = [SCHEMA.type_map[name] for name in _composite_types(root)[1:]]
    return sorted({name for named in below for name in named.fields})
