"""Filters as clients send them: what they find, and what is said of those that say nothing."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    coerce_input_value,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.filters import All, Compare, Either, Filter, Operator
from gql_tasks.domain.moments import moment_in
from gql_tasks.domain.values import Slot, Values
from gql_tasks.graphql.filters import MAX_CONDITIONS, MAX_LEVELS, MAX_RELATIONS, read_filter
from gql_tasks.graphql.schema import build_schema
from tests.conftest import Client
from tests.sql import Address

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
TASK_FILTER = build_schema()._schema.type_map["TaskFilter"]

Json = Mapping[str, Any]


def read(given: Json, zone: str | None = None) -> tuple[Filter, list[Any]]:
    """Read a filter that is sent as JSON; answer the tree and its values."""
    assert isinstance(TASK_FILTER, GraphQLInputObjectType)
    values = Values()
    raw = coerce_input_value(given, TASK_FILTER)
    return read_filter(raw, values, moment_in(zone, NOW)), values.items


def refusal(given: Json) -> str:
    """Read a filter that is refused; answer why."""
    with pytest.raises(InvalidArgument) as refused:
        read(given)
    return str(refused.value)


TASKS = """
INSERT INTO tasks
    (id, title, description, completed, priority, due_on, due_at, start_on, project_id, parent_id)
VALUES
    (1, 'Buy milk', NULL, NULL, 0, '2026-01-31', NULL, NULL, 1, NULL),
    (2, 'buy BREAD', '', TRUE, 4, NULL, '2026-02-01T08:00:00.000Z', NULL, 1, 1),
    (3, NULL, '50%_off\\', FALSE, 2, NULL, NULL, '2026-02-28', 2, NULL),
    (4, 'Äpfel', 'it''s', FALSE, 3, '2026-02-01', NULL, '2026-01-01', NULL, 2)
"""
WORLD = (
    "INSERT INTO projects (id, name) VALUES (1, 'Garden'), (2, 'House')",
    "UPDATE projects SET archived_at = '2026-01-01T00:00:00.000Z' WHERE id = 2",
    "INSERT INTO labels (id, name) VALUES (1, 'home'), (2, 'Work')",
    TASKS,
    "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (2, 1), (2, 2)",
    "UPDATE tasks SET completed_at = '2026-01-30T12:00:00.500Z' WHERE id = 2",
    *(
        f"UPDATE tasks SET created_at = '2026-01-0{task}T00:00:00.000Z' WHERE id = {task}"
        for task in (1, 2, 3, 4)
    ),
)

FINDS: list[tuple[Json, str]] = [
    ({}, "1234"),
    ({"and": []}, "1234"),
    ({"or": []}, ""),
    ({"and": [{}, {"or": []}]}, ""),
    ({"or": [{"id": {"eq": "1"}}, {"id": {"eq": 3}}]}, "13"),
    ({"not": {}}, ""),
    ({"not": {"not": {"id": {"eq": "2"}}}}, "2"),
    ({"not": {"dueOn": {"lt": "2026-02-01"}}}, "234"),
    ({"id": {"eq": "1"}, "title": {"eq": "Buy milk"}}, "1"),
    ({"id": {"eq": "1"}, "title": {"eq": "Buy"}}, ""),
    # ids
    ({"id": {}}, "1234"),
    ({"id": {"neq": "1"}}, "234"),
    ({"id": {"in": ["1", "x", "99", "4"]}}, "14"),
    ({"id": {"in": []}}, ""),
    ({"id": {"notIn": ["1", "x"]}}, "234"),
    ({"id": {"notIn": []}}, "1234"),
    ({"id": {"isNull": True}}, ""),
    ({"id": {"isNull": False}}, "1234"),
    *(
        ({"id": {operator: text}}, found)
        for text in ("01", " 1", "1e0", "\u0661", "9223372036854775808", "", "1\0")
        for operator, found in (("eq", ""), ("neq", "1234"))
    ),
    ({"id": {"in": [str(number) for number in range(3, 10_003)]}}, "34"),
    # texts
    ({"title": {"eq": ""}}, "3"),
    ({"title": {"neq": "Buy milk"}}, "234"),
    ({"title": {"in": ["Buy milk", "Äpfel", "\0"]}}, "14"),
    ({"title": {"in": ["buy milk"], "ignoreCase": True}}, "1"),
    ({"title": {"notIn": ["Buy milk", "\0"]}}, "234"),
    ({"title": {"startsWith": "Buy"}}, "1"),
    ({"title": {"startsWith": "Buy", "ignoreCase": True}}, "12"),
    ({"title": {"neq": "BUY MILK", "ignoreCase": True}}, "234"),
    ({"title": {"contains": "ÄP", "ignoreCase": True}}, "4"),
    ({"title": {"contains": "äp", "ignoreCase": True}}, ""),
    ({"title": {"contains": "", "startsWith": "", "endsWith": ""}}, "1234"),
    ({"title": {"contains": "uy", "endsWith": "milk"}}, "1"),
    ({"title": {"endsWith": "Buy milk and bread"}}, ""),
    ({"title": {"ignoreCase": True}}, "1234"),
    *(
        ({"title": {operator: "\0"}}, found)
        for operator, found in (("eq", ""), ("neq", "1234"), ("contains", ""), ("endsWith", ""))
    ),
    ({"description": {"eq": ""}}, "12"),
    ({"description": {"contains": "%_"}}, "3"),
    ({"description": {"startsWith": "_"}}, ""),
    ({"description": {"endsWith": "\\"}}, "3"),
    ({"description": {"contains": "'"}}, "4"),
    # truths and priorities
    ({"completed": {"eq": False}}, "134"),
    ({"completed": {"neq": False}}, "2"),
    ({"completed": {"eq": True, "neq": True}}, ""),
    ({"priority": {"eq": "MEDIUM"}}, "3"),
    ({"priority": {"neq": "MEDIUM"}}, "124"),
    ({"priority": {"in": ["NONE", "URGENT"]}}, "12"),
    ({"priority": {"notIn": ["NONE", "URGENT"]}}, "34"),
    ({"priority": {"gt": "NONE", "lt": "URGENT"}}, "34"),
    ({"priority": {"gte": "MEDIUM", "lte": "HIGH"}}, "34"),
    # days and instants
    ({"dueOn": {"eq": "2026-01-31"}}, "1"),
    ({"dueOn": {"neq": "2026-01-31"}}, "234"),
    ({"dueOn": {"lte": "2026-02-01"}}, "14"),
    ({"dueOn": {"gt": "2026-01-31"}}, "4"),
    ({"dueOn": {"isNull": True}}, "23"),
    ({"dueAt": {"gte": "2026-02-01T09:00:00+01:00"}}, "2"),
    ({"dueAt": {"gt": "2026-02-01T08:00:00Z"}}, ""),
    ({"dueAt": {"isNull": False}}, "2"),
    ({"startOn": {"isNull": False, "lt": "2026-02-28"}}, "4"),
    ({"completedAt": {"lt": "2026-01-30T12:00:00.5001Z"}}, "2"),
    ({"completedAt": {"lte": "2026-01-30T12:00:00.4999Z"}}, ""),
    ({"completedAt": {"gt": "2026-01-30T12:00:00.5001Z"}}, ""),
    ({"completedAt": {"gte": "2026-01-30T12:00:00.5Z"}}, "2"),
    ({"completedAt": {"isNull": True}}, "134"),
    ({"createdAt": {"gt": "2026-01-02T00:00:00Z"}}, "34"),
    ({"updatedAt": {"lt": "P1D"}}, "1234"),
    # relations
    ({"project": {}}, "1234"),
    ({"project": {"id": {"eq": "1"}}}, "12"),
    ({"project": {"id": {"neq": "1"}}}, "34"),
    ({"project": {"id": {"isNull": True}}}, "4"),
    ({"project": {"id": {"eq": "x"}}}, ""),
    ({"project": {"name": {"eq": "Garden"}}}, "12"),
    ({"project": {"name": {"neq": "Garden"}}}, "34"),
    ({"project": {"name": {"notIn": ["garden"], "ignoreCase": True}}}, "34"),
    ({"project": {"archived": True}}, "3"),
    ({"project": {"archived": False}}, "12"),
    ({"not": {"project": {"archived": True}}}, "124"),
    ({"project": {"isNull": True}}, "4"),
    ({"project": {"isNull": False}}, "123"),
    ({"parent": {}}, "24"),
    ({"parent": {"id": {"eq": "1"}}}, "2"),
    ({"parent": {"id": {"neq": "1"}}}, "4"),
    ({"parent": {"id": {"eq": "2"}, "completed": {"eq": True}}}, "4"),
    ({"parent": {"parent": {"title": {"eq": "Buy milk"}}}}, "4"),
    ({"not": {"parent": {"id": {"eq": "1"}}}}, "134"),
    ({"hasParent": True}, "24"),
    ({"hasParent": False}, "13"),
    ({"labels": {}}, "1234"),
    ({"labels": {"some": {}}}, "12"),
    ({"labels": {"some": {"id": {"eq": "2"}}}}, "2"),
    ({"labels": {"some": {"id": {"in": ["1", "2"]}}}}, "12"),
    ({"labels": {"some": {"id": {"neq": "1"}}}}, "2"),
    ({"labels": {"some": {"id": {"eq": "1"}, "name": {"eq": "Work"}}}}, ""),
    ({"labels": {"every": {"name": {"eq": "home"}}}}, "134"),
    ({"labels": {"none": {"name": {"eq": "Work"}}}}, "134"),
    ({"labels": {"none": {"id": {"eq": "2"}}}}, "134"),
    ({"labels": {"count": {"eq": 1}}}, "1"),
    ({"labels": {"count": {"neq": 0, "lt": 2}}}, "1"),
    ({"labels": {"count": {"gte": 1, "lte": 2, "gt": -1}}}, "12"),
    ({"subtasks": {"some": {"completed": {"eq": True}}}}, "1"),
    ({"subtasks": {"every": {"completed": {"eq": True}}}}, "134"),
    ({"subtasks": {"none": {}}}, "34"),
    ({"subtasks": {"some": {"labels": {"some": {"name": {"eq": "Work"}}}}}}, "1"),
    ({"subtasks": {"count": {"eq": 0}}}, "34"),
]


async def test_what_filters_find(client: Client, address: Address) -> None:
    """Each of these finds the tasks beside it, on both stores."""
    address.execute(*WORLD)
    for given, expected in FINDS:
        query = "query ($filter: TaskFilter) { tasks(filter: $filter) { id } }"
        found = await client.data(query, {"filter": given})
        assert "".join(task["id"] for task in found["tasks"]) == expected, given


def test_what_no_row_can_hold_decides_without_asking() -> None:
    """A lone surrogate, which JSON may bring, or an impossible id is no value to bind."""
    assert read({"title": {"eq": "\ud800"}}) == (Either(), [])
    assert read({"title": {"neq": "\ud800"}}) == (All(), [])
    assert read({"title": {"in": ["a", "\ud800", "\0"]}})[1] == [("a",)]
    assert read({"id": {"eq": "x"}}) == (Either(), [])


def test_the_shape_holds_no_values() -> None:
    """Other values, and longer lists, are the same tree, and so the same statement."""
    short = read({"id": {"in": ["1"]}, "title": {"eq": "a"}, "dueOn": {"lt": "P1D"}})
    long = read({"id": {"in": ["1", "2"]}, "title": {"eq": "b"}, "dueOn": {"lt": "2026-01-01"}})
    assert short[0] == long[0]
    assert hash(short[0]) == hash(long[0])
    assert short[1] == [(1,), "a", date(2026, 2, 1)]
    assert long[1] == [(1, 2), "b", date(2026, 1, 1)]


@pytest.mark.parametrize(
    ("zone", "given", "expected"),
    [
        (None, "P0D", date(2026, 1, 31)),
        ("Europe/Berlin", "P0D", date(2026, 2, 1)),
        ("Europe/Berlin", "-P2W", date(2026, 1, 18)),
        ("America/New_York", "P1M", date(2026, 2, 28)),
        ("Europe/Berlin", "2026-01-31", date(2026, 1, 31)),
    ],
)
def test_days_count_from_the_callers_today(zone: str | None, given: str, expected: date) -> None:
    """A duration counts from the day it is where the caller is; a day is a day anywhere."""
    assert read({"dueOn": {"lt": given}}, zone) == (
        Compare("due_on", Operator.LT, Slot(0)),
        [expected],
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("PT36H", datetime(2026, 2, 2, 11, 30, tzinfo=UTC)),
        ("-P1D", datetime(2026, 1, 30, 23, 30, tzinfo=UTC)),
        ("2026-01-31T09:00:00+01:00", datetime(2026, 1, 31, 8, tzinfo=UTC)),
    ],
)
def test_instants_count_from_now(given: str, expected: datetime) -> None:
    """A duration counts from now; an instant is UTC wherever it was said."""
    assert read({"createdAt": {"gte": given}})[1] == [expected]


def paths(type_: GraphQLInputType, depth: int) -> list[tuple[str, Any]]:
    """List the ways through an input type to everything that may be null, as (path, JSON)."""
    named = get_named_type(type_)
    if not isinstance(named, GraphQLInputObjectType) or depth == 0:
        return []
    found: list[tuple[str, Any]] = []
    for name, field in named.fields.items():
        if get_nullable_type(field.type) is not field.type:
            continue  # ignoreCase: GraphQL itself refuses null
        found.append((f".{name}", {name: None}))
        listed = is_list_type(get_nullable_type(field.type))
        for path, inner in paths(get_nullable_type(field.type), depth - 1):
            item = f".{name}[0]{path}" if listed else f".{name}{path}"
            found.append((item, {name: [inner] if listed else inner}))
    return found


def test_null_is_never_no_filter() -> None:
    """Every field, operator and relation refuses null, and names the way to it."""
    assert isinstance(TASK_FILTER, GraphQLInputObjectType)
    found = paths(TASK_FILTER, depth=3)
    assert len(found) > 500
    for path, given in found:
        assert refusal(given) == f"filter{path} must not be null"


SAMPLES: Mapping[str, Any] = {
    "ID": "1",
    "String": "a",
    "Boolean": True,
    "Int": 1,
    "DateOrDuration": "P1D",
    "DateTimeOrDuration": "P1D",
}


def sample(type_: GraphQLInputType, depth: int) -> Any:
    """Make a value of an input type with every field given."""
    named = get_named_type(type_)
    value: Any
    if isinstance(named, GraphQLInputObjectType):
        value = {
            name: sample(field.type, depth - 1)
            for name, field in named.fields.items()
            if depth > 0 or not isinstance(get_named_type(field.type), GraphQLInputObjectType)
        }
    elif isinstance(named, GraphQLEnumType):
        value = next(iter(named.values))
    else:
        value = SAMPLES[named.name]
    return [value] if is_list_type(get_nullable_type(type_)) else value


def test_every_field_is_read() -> None:
    """No field of any filter is in the schema without a meaning."""
    assert isinstance(TASK_FILTER, GraphQLInputObjectType)
    for name, field in TASK_FILTER.fields.items():
        filter_, _ = read({name: sample(field.type, 1)})
        assert filter_ != All(), name


def nested(key: str, levels: int, *, listed: bool = False) -> Json:
    """Nest a filter so deep."""
    given: Json = {"completed": {"eq": True}}
    for _ in range(levels):
        given = {key: [given] if listed else given}
    return given


def test_nesting_has_a_limit() -> None:
    """A filter that no store would read is refused, with the way to where it is too deep."""
    for key, listed, limit, complaint in [
        ("and", True, MAX_LEVELS, "is nested more than 10 levels deep"),
        ("not", False, MAX_LEVELS, "is nested more than 10 levels deep"),
        ("parent", False, MAX_RELATIONS, "leads from row to row more than 3 times"),
    ]:
        read(nested(key, limit, listed=listed))
        step = f".{key}[0]" if listed else f".{key}"
        for levels in (limit + 1, 100):
            assert refusal(nested(key, levels, listed=listed)) == (
                f"filter{step * limit}.{key} {complaint}"
            )


def test_size_has_a_limit() -> None:
    """So many conditions are possible, and not one more."""
    ids = [{"id": {"eq": str(number)}} for number in range(MAX_CONDITIONS)]
    read({"or": ids[1:]})
    assert refusal({"or": ids}) == "filter has 201 conditions; at most 200 are possible"


def test_breadth_has_a_limit() -> None:
    """So many conditions on related rows are possible, and not one more."""
    related = [{"labels": {"some": {"name": {"eq": str(number)}}}} for number in range(21)]
    read({"or": related[1:]})
    message = "filter has 21 conditions on related rows; at most 20 are possible"
    assert refusal({"or": related}) == message


async def test_the_largest_filters_run(client: Client, address: Address) -> None:
    """Both stores take the deepest and the longest filter that is read."""
    address.execute(*WORLD)
    query = "query ($filter: TaskFilter) { tasks(filter: $filter) { id } }"
    longest = {"or": [{"title": {"neq": "Buy milk"}} for _ in range(99)]}
    deepest: Json = {"labels": {"every": {"name": {"neq": "nothing"}}}}
    for _ in range(MAX_RELATIONS - 1):
        deepest = {"subtasks": {"every": {"or": [{"id": {"eq": "9"}}, deepest]}}}
    for level in range(MAX_LEVELS - 2 * MAX_RELATIONS + 1):
        deepest = {"or" if level % 2 else "and": [{"id": {"neq": "9"}}, deepest]}
    for given, expected in [(longest, ["2", "3", "4"]), (deepest, ["1", "2", "3", "4"])]:
        found = await client.data(query, {"filter": given})
        assert [task["id"] for task in found["tasks"]] == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"dueOn": {"lt": "P9999Y"}},
            "filter.dueOn.lt: P9999Y from today leads out of the years 1 to 9999",
        ),
        (
            {"and": [{}, {"dueAt": {"lt": "-PT999999999H"}}]},
            "filter.and[1].dueAt.lt: -PT999999999H from now leads out of the years 1 to 9999",
        ),
        (
            {"dueAt": {"lt": "9999-12-31T23:59:59.9999Z"}},
            "filter.dueAt.lt is later than the year 9999",
        ),
    ],
)
def test_dates_out_of_range_are_refused(given: Json, message: str) -> None:
    """What leads out of the calendar is an error that names the way to it."""
    assert refusal(given) == message


DAY = (
    "it takes a day such as 2026-01-31, or a duration in days, weeks, months or years such as "
    "P7D or -P2W"
)
INSTANT = (
    "it takes an RFC 3339 instant such as 2026-01-31T08:00:00Z, or a duration in whole numbers "
    "such as PT36H or -P2W"
)
IMPOSSIBLE: list[tuple[str, str, list[Any]]] = [
    (
        "DateOrDuration",
        DAY,
        ["2026-02-30", "2026-2-1", "20260201", "PT36H", "P1DT0H", "P", "", 20260201],
    ),
    (
        "DateTimeOrDuration",
        INSTANT,
        ["2026-02-30T00:00:00Z", "2026-02-01T00:00:00", "2026-02-01", "P1.5D", "now", "", 0],
    ),
]


async def test_impossible_dates_are_refused(client: Client) -> None:
    """What no calendar has, a half-said instant and hours for a day are errors with the value."""
    for scalar, expected, refused in IMPOSSIBLE:
        field = {"DateOrDuration": "dueOn", "DateTimeOrDuration": "dueAt"}[scalar]
        query = "query ($filter: TaskFilter) { tasks(filter: $filter) { id } }"
        for value in refused:
            body = await client.graphql(query, {"filter": {field: {"gt": value}}})
            assert body["errors"][0]["message"] == (
                f"Variable '$filter' has invalid value at .{field}.gt: "
                f"{scalar} cannot represent {value!r}: {expected}"
            )


async def test_errors_reach_the_client(client: Client) -> None:
    """A refused filter is the caller's error, with a code and the way to it, and no list."""
    body = await client.graphql("{ tasks(filter: {dueOn: {lt: null}}) { id } }")
    assert body == {
        "data": None,
        "errors": [
            {
                "message": "filter.dueOn.lt must not be null",
                "locations": [{"line": 1, "column": 3}],
                "path": ["tasks"],
                "extensions": {"code": "BAD_USER_INPUT"},
            }
        ],
    }
