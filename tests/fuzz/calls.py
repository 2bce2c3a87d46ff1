"""Calls of every field that takes arguments, with values that its types allow, or nearly.

What a value can only be when a server runs, one of its tokens or cursors, is drawn as `Real`, and
`resolved` puts it in.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
)
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.graphql.documents import ODD_IDS, SOME_IDS, texts
from tests.graphql.reference import SCHEMA

DEPTH = 4
"""How deep input objects go."""

EDITS: Mapping[str, Callable[[str], str]] = {
    "same": lambda text: text,
    "none of it": lambda _: "",
    "shorter": lambda text: text[:-1],
    "half": lambda text: text[: len(text) // 2],
    "longer": lambda text: text + "0",
    "twice": lambda text: text * 2,
    "capitals": str.upper,
    "backward": lambda text: text[::-1],
    "other beginning": lambda text: ("1" if text[:1] == "0" else "0") + text[1:],
    "other end": lambda text: text[:-1] + ("1" if text[-1:] == "0" else "0"),
    "a space": lambda text: f" {text}",
    "a NUL": lambda text: f"{text}\0",
    "no ASCII": lambda text: text.replace("0", "\u0660"),
    "a range that ends before it begins": lambda text: f"{text[:19]}-ffffffffffff",
    "a range of all": lambda text: f"{text[:19]}-000000000000",
    "far ahead": lambda text: f"{text[:7]}ffffffffffff",
}


@dataclass(frozen=True)
class Real:
    """One of the server's own texts of a kind, the n-th last, changed."""

    kind: str
    back: int
    edit: str


def reals(kind: str) -> SearchStrategy[Real]:
    return st.builds(
        Real, st.just(kind), st.integers(1, 5), st.sampled_from(("same", "same", "same", *EDITS))
    )


def resolved(value: Any, kept: Mapping[str, list[str]]) -> Any:
    """Put in what the server has told."""
    match value:
        case Real(kind, back, edit):
            texts = kept[kind]
            return EDITS[edit](texts[-min(back, len(texts))]) if texts else ""
        case dict():
            return {name: resolved(inner, kept) for name, inner in value.items()}
        case list():
            return [resolved(inner, kept) for inner in value]
    return value


ODD_TEXTS = (
    "\ud800",
    "\0",
    "a\0",
    "\U0010ffff",
    "%",
    "_",
    "*",
    '"',
    "NEAR(",
    "-- ",
    "{}",
    "x" * 9_000,
)
DURATIONS = (
    *("P0D", "-P0D", "P1D", "-P1M", "P1Y2M3W4D", "P", "PT", "P1", "P1.5D", "P-1D", "p1d"),
    *("P9999Y", "-P9999Y", "P999999999Y", "-P999999999M", "P999999999W", "P9999999999D"),
)
HOURS = ("PT0S", "PT36H", "-PT999999999S", "PT999999999H", "P1DT1H", "PT1.5S")
DAYS = (
    *("2026-01-31", "0001-01-01", "9999-12-31", "0000-01-01", "2026-02-30", "10000-01-01"),
    *("2026-1-1", "20260131", "2026-W05-6", "٢٠٢٦-01-31", "", " 2026-01-31"),
)
INSTANTS = (
    *("2026-01-31T08:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"),
    *("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-31T24:00:00Z"),
    *("2026-01-31T08:00:60Z", "2026-01-31T08:00:00", "2026-01-31t08:00:00.1z", "2026-01-31"),
    *("2026-01-31T08:00:00+99:99", "9999-12-31T23:59:59.9999Z", "2026-01-31 08:00:00-00:00"),
)
TOKENS = ("", "000000-000000000000", "ffffff-ffffffffffff", "ffffff-ffffffffffff-ffffffffffff", "x")
EDGES = (0, -1, 1, 2, 2**31 - 1, -(2**31), 2**31, 2**53 + 1, 2**63, 2**64, 1e3, 1.5, 1e300, -0.0)


def mostly(good: tuple[Any, ...], *odd: Any) -> SearchStrategy[Any]:
    """Choose a good value three times of four."""
    return st.sampled_from(good * (3 * len(odd) // len(good) + 1) + odd)


SCALARS: Mapping[str, SearchStrategy[Any]] = {
    "ID": mostly((1, 2, 3, 4, 5), *SOME_IDS, *map(str, SOME_IDS), *ODD_IDS, "\0"),
    "String": texts() | mostly(("milk", "a", "top", "#abc", "#aabbcc"), *ODD_TEXTS),
    "Int": mostly((1, 2, 3, 10, 9_999), *EDGES),
    "Boolean": st.booleans(),
    "Date": mostly(DAYS[:3], *DAYS) | st.dates().map(str),
    "DateTime": mostly(INSTANTS[:3], *INSTANTS) | st.datetimes().map(lambda at: f"{at}Z"),
    "DateOrDuration": mostly((*DAYS[:3], *DURATIONS[:5]), *DAYS, *DURATIONS, *HOURS),
    "DateTimeOrDuration": mostly(
        (*INSTANTS[:3], *DURATIONS[:5], *HOURS[:2]), *INSTANTS, *DURATIONS, *HOURS
    ),
    "SyncToken": mostly(("000000-000000000000",), *TOKENS) | reals("token") | reals("token"),
}

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.sampled_from((*EDGES, *ODD_TEXTS, *DURATIONS, *DAYS[:3])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(("eq", "in", "title", "id", "", "__proto__")), inner)
    ),
    max_leaves=4,
)

PAGE = """edges { cursor node { id } } nodes { id dueOn } totalCount syncToken
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    facets(by: [COMPLETED, PRIORITY, PROJECT, LABEL, DUE]) { field buckets { key label count } }"""
CHANGES = "id entity operation at changedFields before after syncToken clientMutationId"
TASK = "id title description priority dueOn dueAt startOn position version parent { id }"
PAYLOAD = """problems { __typename code message path ... on NotFoundProblem { id }
    ... on VersionConflictProblem { currentVersion task { id } } ... on TooManyProblem { limit } }
    syncToken clientMutationId"""
SELECTIONS = {
    "Task": f"{TASK} labels {{ id }} subtasks {{ id }} project {{ id }}",
    "Project": "id name color position version archivedAt",
    "Label": "id name color version",
    "TaskConnection": PAGE,
    "Change": CHANGES,
    "ChangePage": f"changes {{ {CHANGES} }} nextToken hasMore resyncRequired",
    "TaskPayload": f"{PAYLOAD} task {{ {TASK} }}",
    "TasksPayload": f"{PAYLOAD} affectedCount tasks {{ {TASK} }}",
    "DeletePayload": f"{PAYLOAD} deletedIds deletedTaskIds",
    "ProjectPayload": f"{PAYLOAD} project {{ id position }}",
    "LabelPayload": f"{PAYLOAD} label {{ id }}",
    "UndoPayload": f"{PAYLOAD} undone {{ {CHANGES} }}",
    "Int": "",
}
HOLDERS = {
    "Query": "query %s { %s }",
    "Task": "query %s { tasks { %s } }",
    "Project": "query %s { projects { %s } }",
    "Label": "query %s { labels { %s } }",
}
READS = [
    (holder, name)
    for holder in HOLDERS
    for name, field in SCHEMA.type_map[holder].fields.items()
    if field.args
]


@dataclass(frozen=True)
class Call:
    """An operation: its document, and its variables before they are resolved."""

    query: str
    variables: dict[str, Any]


@st.composite
def reads(draw: DrawFn) -> Call:
    """Generate a query of one field."""
    holder, name = draw(st.sampled_from(READS))
    call, declared, variables = _field(draw, holder, name, "")
    return Call(HOLDERS[holder] % (declared and f"({declared})", call), variables)


@st.composite
def writes(draw: DrawFn) -> Call:
    """Generate a mutation of one field, or of some that are done together or not at all."""
    names = sorted(SCHEMA.type_map["Mutation"].fields)
    chosen = [draw(st.sampled_from(names)) for _ in range(draw(st.sampled_from((1, 1, 1, 2))))]
    fields = [_field(draw, "Mutation", name, f"f{n}") for n, name in enumerate(chosen)]
    declared = ", ".join(part for _, part, _ in fields if part)
    variables = {key: value for _, _, part in fields for key, value in part.items()}
    calls = " ".join(f"f{n}: {call}" for n, (call, _, _) in enumerate(fields))
    atomic = "@atomic " if len(fields) > 1 or draw(st.booleans()) else ""
    return Call(f"mutation {declared and f'({declared})'} {atomic}{{ {calls} }}", variables)


def _field(draw: DrawFn, holder: str, name: str, prefix: str) -> tuple[str, str, dict[str, Any]]:
    """Write a field with its arguments: some as variables, some as literals."""
    field = SCHEMA.type_map[holder].fields[name]
    arguments, declared, variables = [], [], {}
    for key, argument in field.args.items():
        if not isinstance(argument.type, GraphQLNonNull) and draw(st.booleans()):
            continue
        value = _argument(draw, key, argument)
        if _is_plain(value) and draw(st.integers(0, 3)) == 0:
            arguments.append(f"{key}: {_literal(value, argument.type)}")
        else:
            variable = prefix + key
            arguments.append(f"{key}: ${variable}")
            declared.append(f"${variable}: {argument.type}")
            variables[variable] = value
    call = f"{name}({', '.join(arguments)})" if arguments else name
    selection = SELECTIONS[get_named_type(field.type).name]
    return f"{call} {selection and f'{{ {selection} }}'}", ", ".join(declared), variables


def _argument(draw: DrawFn, name: str, argument: GraphQLArgument) -> Any:
    if draw(st.integers(0, 29)) == 0:
        return draw(ANYTHING)
    if name in ("after", "before"):
        return draw(reals("cursor") | texts())
    if name == "clientMutationId":
        return draw(st.uuids().map(str) | SCALARS["ID"] | texts())
    return _value(draw, argument.type, DEPTH)


def _value(draw: DrawFn, kind: GraphQLInputType, depth: int) -> Any:
    """Draw a value of a type; now and then one of another."""
    if draw(st.integers(0, 79)) == 0:
        return draw(ANYTHING)
    match kind:
        case GraphQLNonNull():
            return _value(draw, kind.of_type, depth)
        case GraphQLList():
            return [_value(draw, kind.of_type, depth) for _ in range(draw(st.integers(0, 3)))]
        case GraphQLEnumType():
            return draw(st.sampled_from(sorted(kind.values)))
        case GraphQLInputObjectType():
            return _object(draw, kind, depth)
    return draw(SCALARS[kind.name])


def _object(draw: DrawFn, kind: GraphQLInputObjectType, depth: int) -> dict[str, Any]:
    optional = [
        name
        for name, field in kind.fields.items()
        if depth > 0 or not isinstance(get_named_type(field.type), GraphQLInputObjectType)
    ]
    size = 1 if kind.is_one_of and draw(st.integers(0, 9)) else draw(st.integers(0, 3))
    names = [
        *(name for name, field in kind.fields.items() if isinstance(field.type, GraphQLNonNull)),
        *(draw(st.sampled_from(optional)) for _ in range(size if optional else 0)),
    ]
    return {name: _value(draw, kind.fields[name].type, depth - 1) for name in names}


def _is_plain(value: Any) -> bool:
    """Tell whether a value can be written down before a server has told anything."""
    match value:
        case Real():
            return False
        case dict():
            return "" not in value and all(map(_is_plain, value.values()))
        case list():
            return all(map(_is_plain, value))
    return True


def _literal(value: Any, kind: GraphQLInputType | None) -> str:
    """Write a literal of a type, or of none that it fits."""
    if isinstance(kind, GraphQLNonNull):
        kind = kind.of_type
    match value:
        case dict():
            fields = kind.fields if isinstance(kind, GraphQLInputObjectType) else {}
            types = {name: field.type for name, field in fields.items()}
            members = (f"{key}: {_literal(part, types.get(key))}" for key, part in value.items())
            return f"{{{', '.join(members)}}}"
        case list():
            of = kind.of_type if isinstance(kind, GraphQLList) else None
            return f"[{', '.join(_literal(part, of) for part in value)}]"
        case str() if isinstance(kind, GraphQLEnumType) and value.isidentifier():
            return value
    return json.dumps(value)
