"""What operations cost, number by number, and that those that cost too much are not run."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    OperationDefinitionNode,
    get_introspection_query,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    parse,
    validate,
)
from graphql.utilities import get_operation_ast
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.config import Settings
from gql_tasks.graphql import cost
from gql_tasks.graphql.limits import MOST, Limits
from gql_tasks.graphql.measures import Measured
from gql_tasks.graphql.schema import build_schema
from tests.benchmarks.workloads import NESTED
from tests.conftest import Client, running_app
from tests.graphql.documents import Request, mutations, queries
from tests.graphql.expansion import Expansion
from tests.sql import Address

SCHEMA = build_schema()._schema
DEFAULTS = Limits(**{name: Settings.model_fields[name].default for name in Limits.__slots__})


def operation_of(document: DocumentNode, name: str | None = None) -> OperationDefinitionNode:
    operation = get_operation_ast(document, name)
    assert operation is not None
    return operation


def cost_of(text: str, variables: Mapping[str, Any] | None = None) -> int:
    document = parse(text)
    return Measured(SCHEMA, document, DEFAULTS).cost(operation_of(document), variables or {})


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("{ __typename }", 1),
        ("{ task(id: 1) { id title } }", 3),
        ("{ tasks { id title } }", 1 + 10_000 * 2),
        ("{ tasks(limit: null) { id } }", 1 + 10_000),
        ("{ tasks(limit: 50) { id title } }", 1 + 50 * 2),
        ("{ tasks(limit: 0) { id } }", 1),
        ("{ tasks(limit: -5) { id } }", 1),
        ("{ tasks(limit: 2147483647) { id } }", 1 + 10_000),
        ("{ projects { id } labels { id } }", 2 * (1 + 10_000)),
        ("{ tasks(limit: 2) { project { name } parent { parent { id } } } }", 1 + 2 * (2 + 3)),
        ("{ tasks(limit: 2) { labels { name } } }", 1 + 2 * (1 + 3)),
        ("{ tasks(limit: 2) { subtasks { id } } }", 1 + 2 * (1 + 3)),
        ("{ tasks(limit: 2) { subtasks(limit: 5) { id } } }", 1 + 2 * (1 + 5)),
        ("{ tasks(limit: 2) { subtasks { subtasks { id } } } }", 1 + 2 * (1 + 3 * (1 + 3))),
        ("{ tasks(limit: 2) { project { tasks { id } } } }", 1 + 2 * (1 + 1 + 3)),
        ("{ tasks(limit: 2) { subtaskCount history { id } } }", 1 + 2 * (10 + 1 + 50)),
        ("{ task(id: 1) { subtasks { id labels { id } } } }", 1 + 1 + 10_000 * (1 + 1 + 3)),
        ("{ task(id: 1) { project { tasks { id } } labels { id } } }", 1 + 1 + 1 + 10_000 + 1 + 3),
        ("{ project(id: 1) { tasks { id } taskCount } }", 1 + 1 + 10_000 + 10),
        ("{ project(id: 1) { tasks(limit: 20) { id } } }", 1 + 1 + 20),
        ("{ labels { name taskCount } }", 1 + 10_000 * 11),
        ("{ tasksConnection { nodes { id } } }", 1 + 1 + 50),
        ("{ tasksConnection(first: 20) { edges { cursor node { id } } } }", 1 + 1 + 20 * 3),
        ("{ tasksConnection(last: 20) { nodes { id } totalCount syncToken } }", 1 + 1 + 20 + 11),
        ("{ tasksConnection { nodes { id } pageInfo { hasNextPage endCursor } } }", 1 + 51 + 3),
        ("{ tasksConnection(first: 9) { nodes { subtasks { id } } } }", 1 + 1 + 9 * (1 + 3)),
        (
            "{ tasksConnection { facets(by: [PROJECT, LABEL, LABEL]) { buckets { key count } } } }",
            1 + 1 + 2 * (100 + 1 + 3 * 2),
        ),
        ("{ tasksConnection { facets(by: DUE) { field } } }", 1 + 1 + 101),
        ("{ projects { tasksConnection(first: 2) { nodes { id } } } }", 1 + 10_000 * (1 + 1 + 2)),
        ("{ changes { changes { id after } hasMore } }", 1 + 1 + 500 * 2 + 1),
        ("{ changes(limit: 7) { changes { id } } }", 1 + 1 + 7),
        ("subscription { taskEvents { kind task { id labels { id } } } }", 1 + 1 + 1 + 1 + 1 + 3),
        ("mutation { deleteTask(id: 1) { deletedIds } }", 1 + 10 + 1),
        ("mutation { updateTask(id: 1, input: {}) { task { id } } }", 1 + 10 + 2),
        ('mutation { createTask(input: { title: "a" }) { syncToken } }', 1 + 10 + 1),
        (
            """mutation { createTask(input: { title: "a", subtasks: [
            { title: "b" }, { title: "c", subtasks: { title: "d" } }
            ] }) { task { subtasks { id } } } }""",
            1 + 4 * 10 + 1 + 1 + 3,
        ),
        (
            """mutation { createTasks(input: [{ title: "a" }, { title: "b" }]) {
            tasks { id title } problems { message } } }""",
            1 + 2 * 10 + 1 + 2 * 2 + 1 + 3,
        ),
        (
            "mutation { updateTasks(filter: {}, input: {}) { tasks { id } affectedCount } }",
            1 + 10 + 1 + 1 + 1,
        ),
        (
            "mutation { deleteTasks(filter: {}, atMost: 300) { deletedIds } }",
            1 + 300 * 10 + 1,
        ),
        ("mutation { deleteProject(id: 1) { deletedIds } }", 1 + 10 + 1),
        ("mutation { deleteProject(id: 1, deleteTasks: true) { syncToken } }", 1 + 100_000 + 1),
        ('mutation { undo(token: "x") { undone { id } } }', 1 + 100_000 + 1 + 10_000),
        (f"query {NESTED}", 1 + 50 * (2 + 3 + 1 + 3 * 2)),
        ("{ ...F ...F ... { ...F } } fragment F on Query { a: __typename }", 1),
        ("{ a: task(id: 1) { ...F } b: task(id: 2) { ...F } } fragment F on Task { id title }", 6),
        ("{ tasks(limit: 5) { id id id } }", 1 + 5 * 3),
        ("{ tasks(limit: 5) { id @skip(if: true) } }", 1 + 5),
        ("{ __schema { types { name fields { name } } } }", 1 + 1 + 3 * (1 + 1 + 3)),
    ],
)
def test_costs(operation: str, expected: int) -> None:
    """Each kind of field costs what the module's table says."""
    assert cost_of(operation) == expected


UNLIMITED_LISTS = {
    "Task.labels",
    "Facet.buckets",
    "TaskConnection.facets",
    *(f"{name}.problems" for name in SCHEMA.type_map if name.endswith("Payload")),
}
"""Lists of objects below the root that take no limit; facets are priced by what they count by."""


def test_every_list_has_a_price() -> None:
    """Each list of objects has a number of rows or is known to have none; no price is idle."""
    parts: set[tuple[str, str]] = set()
    unlimited: set[str] = set()
    counts: set[str] = set()
    for name, type_ in SCHEMA.type_map.items():
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) or name[:2] == "__":
            continue
        for key, field in type_.fields.items():
            if (name, key) in cost.PARTS:
                parts.add((name, key))
            elif key in cost.COUNTS:
                counts.add(key)
            elif (
                is_list_type(get_nullable_type(field.type))
                and is_composite_type(get_named_type(field.type))
                and not {"limit", "first"} & field.args.keys()
                and name != "Query"
            ):
                unlimited.add(f"{name}.{key}")
    assert (parts, counts, unlimited) == (cost.PARTS, cost.COUNTS, UNLIMITED_LISTS)


def test_every_mutation_of_many_rows_has_a_price() -> None:
    """A mutation is of one row, or has an argument that says of how many; undo has none."""
    mutations_ = SCHEMA.mutation_type
    assert mutations_ is not None
    for name, argument in cost.WRITES.items():
        assert argument in mutations_.fields[name].args
    many = {
        name
        for name, field in mutations_.fields.items()
        if get_named_type(field.type).name in {"TasksPayload", "UndoPayload"}
        or {"atMost", "deleteTasks"} & field.args.keys()
    }
    assert many == {*cost.WRITES, "undo"} - {"createTask"}


LIMITED = "query ($n: Int = 7, $m: Int) { tasks(limit: $n) { subtasks(limit: $m) { id } } }"
FACETS = "query ($by: [TaskFacetField!]!) { tasksConnection { facets(by: $by) { field } } }"
CREATE = "mutation ($v: [CreateTaskInput!]!) { createTasks(input: $v) { tasks { id } } }"
UPDATE = (
    "mutation ($n: Int! = 4) { updateTasks(filter: {}, input: {}, atMost: $n) { affectedCount } }"
)
DELETE = "mutation ($b: Boolean!) { deleteProject(id: 1, deleteTasks: $b) { syncToken } }"


@pytest.mark.parametrize(
    ("operation", "variables", "expected"),
    [
        (LIMITED, {}, 1 + 7 * (1 + 3)),
        (LIMITED, {"n": 2, "m": 5}, 1 + 2 * (1 + 5)),
        (LIMITED, {"n": 2.0, "m": None}, 1 + 2 * (1 + 3)),
        (LIMITED, {"n": None, "m": 0}, 1 + 10_000),
        (LIMITED, {"n": 10**20, "m": -1}, 1 + 10_000),
        (LIMITED, {"n": "2", "m": [[]]}, 1 + 10_000 * (1 + 3)),
        (FACETS, {"by": ["PROJECT", "LABEL", "PROJECT"]}, 1 + 1 + 2 * 101),
        (FACETS, {"by": "DUE"}, 1 + 1 + 101),
        (FACETS, {"by": []}, 1 + 1),
        (CREATE, {"v": {"title": "a"}}, 1 + 10 + 1 + 1),
        (CREATE, {"v": [{"title": "a", "subtasks": [{}, {}]}, {}]}, 1 + 40 + 1 + 4),
        (CREATE, {"v": []}, 1 + 1),
        (CREATE, {"v": [{}] * 10_001}, 1 + 100_000 + 1 + 10_000),
        (CREATE, {}, 1 + 1),
        (UPDATE, {}, 1 + 40 + 1),
        (UPDATE, {"n": 100}, 1 + 1_000 + 1),
        (DELETE, {"b": True}, 1 + 100_000 + 1),
        (DELETE, {"b": False}, 1 + 10 + 1),
    ],
)
def test_costs_by_variables(operation: str, variables: dict[str, Any], expected: int) -> None:
    """A number that is a variable's is the one that was sent, or its default."""
    document = parse(operation)
    measured = Measured(SCHEMA, document, DEFAULTS)
    for _ in range(2):
        assert measured.cost(operation_of(document), variables) == expected


def test_cost_ends_at_a_number_that_json_has() -> None:
    """However much fragments multiply, the cost is a number that every client can read."""
    doubled = " ".join(
        f"fragment F{i} on Task {{ a: parent {{ ...F{i + 1} }} b: parent {{ ...F{i + 1} }} }}"
        for i in range(200)
    )
    assert cost_of(f"{{ tasks {{ ...F0 }} }} {doubled} fragment F200 on Task {{ id }}") == MOST


@given(request=queries() | mutations())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_numbers_equal_those_of_the_expanded_document(request: Request) -> None:
    """Every number is what opening each fragment wherever it is spread comes to."""
    document = parse(request.query)
    operation = operation_of(document, request.operation_name)
    measured = Measured(SCHEMA, document, DEFAULTS)
    numbers = measured.shown(operation, measured.cost(operation, request.variables))
    expanded = Expansion(SCHEMA, document, operation, request.variables).measure()
    assert numbers == {**expanded, "tokens": document.token_count}


@given(
    spreads=st.lists(
        st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=4), min_size=1, max_size=6
    )
)
@settings(deadline=None)
def test_fragments_that_spread_each_other(spreads: list[list[tuple[int, bool]]]) -> None:
    """Fragments that spread later ones, beside and under fields, count as when written out."""
    fragments = []
    for index, targets in enumerate(spreads):
        later = [(each, nested) for each, nested in targets if index < each < len(spreads)]
        inner = " ".join(
            f"subtasks(limit: 2) {{ ...F{each} }}" if nested else f"...F{each} @include(if: true)"
            for each, nested in later
        )
        fragments.append(f"fragment F{index} on Task {{ a: id {inner} }}")
    text = f"{{ tasks(limit: 3) {{ ...F0 ...F{len(spreads) - 1} }} }} {' '.join(fragments)}"
    document = parse(text)
    operation = operation_of(document)
    measured = Measured(SCHEMA, document, DEFAULTS)
    numbers = measured.shown(operation, measured.cost(operation, {}))
    expanded = Expansion(SCHEMA, document, operation, {}).measure()
    assert numbers == {**expanded, "tokens": document.token_count}


EVERY = {"query": "query ($n: Int) { tasks(limit: $n) { id title } }"}


@pytest.mark.parametrize("times", [1, 3], ids=["new", "known"])
async def test_a_cost_that_is_too_high(address: Address, times: int) -> None:
    """What costs as much as it may is answered, what costs one more is refused, known or not."""
    async with running_app(str(address), max_cost=11) as client:
        for _ in range(times):
            assert await client.graphql(**EVERY, variables={"n": 5}) == {"data": {"tasks": []}}
            refused = await client.graphql(**EVERY, variables={"n": 6})
            assert refused == {
                "errors": [
                    {
                        "message": "The operation costs 13; max_cost is 11.",
                        "extensions": {"code": "COST_LIMIT_EXCEEDED", "cost": 13, "maxCost": 11},
                    }
                ]
            }


@pytest.mark.parametrize("atomic", ["", "@atomic "])
async def test_a_mutation_that_costs_too_much(address: Address, atomic: str) -> None:
    """A mutation over the limit writes nothing, also when its document has run before."""
    field = "{ createTasks(input: $v) { affectedCount } }"
    mutation = f"mutation ($v: [CreateTaskInput!]!) {atomic}{field}"
    async with running_app(str(address), max_cost=40) as client:
        for count in (1, 3, 4, 4, 2):
            answer = await client.graphql(mutation, {"v": [{"title": "a"}] * count})
            if count < 4:
                assert answer == {"data": {"createTasks": {"affectedCount": count}}}
            else:
                (error,) = answer["errors"]
                assert error["extensions"] == {
                    "code": "COST_LIMIT_EXCEEDED",
                    "cost": 42,
                    "maxCost": 40,
                }
    assert address.fetch("SELECT count(*) FROM tasks") == [(6,)]


async def test_status_of_a_refusal(address: Address) -> None:
    """An operation that costs too much is a request error: 400 where the media type has one."""
    async with running_app(str(address), max_cost=5) as client:
        for accept, status in [("application/graphql-response+json", 400), ("*/*", 200)]:
            response = await client.http.post(
                "/graphql", json={"query": "{ tasks { id } }"}, headers={"accept": accept}
            )
            assert response.status_code == status
            assert list(response.json()) == ["errors"]


README = (Path(__file__).parents[2] / "README.md").read_text()


async def test_numbers_are_shown_on_request(client: Client) -> None:
    """The README's example has the numbers that the README says, and only who asks is told."""
    section = README.partition("### What an operation costs")[2].partition("\n## ")[0]
    query, shown = re.findall(r"^`(\{.*\})`[:.]$", section, re.MULTILINE)
    numbers = json.loads(shown)
    for _ in range(3):
        assert list(await client.graphql(query)) == ["data"]
        for path, headers in [
            ("/graphql", {"x-cost": "1"}),
            ("/graphql?cost", {}),
            ("/graphql?cost=1", {}),
        ]:
            response = await client.http.post(path, json={"query": query}, headers=headers)
            assert response.json()["extensions"] == {"cost": numbers}
        for headers in ({}, {"x-cost": "0"}):
            response = await client.http.post("/graphql", json={"query": query}, headers=headers)
            assert list(response.json()) == ["data"]
    got = await client.http.get("/graphql", params={"query": query, "cost": ""})
    assert got.json()["extensions"] == {"cost": numbers}


async def test_numbers_of_what_is_refused(address: Address) -> None:
    """What an operation has is shown also where it costs too much."""
    async with running_app(str(address), max_cost=5) as client:
        response = await client.http.post("/graphql?cost", json={"query": "{ tasks { id } }"})
        assert response.json()["extensions"]["cost"]["cost"] == 10_001


def test_readme_has_the_prices() -> None:
    """The README's prices are the ones in force."""
    section = README.partition("### What an operation costs")[2].partition("\n## ")[0]
    words = " ".join(section.split())
    assert f"In each row of another list it counts as {cost.LISTED_ROWS}, " in words
    assert f"`totalCount`, `subtaskCount` and `taskCount` cost {cost.COUNT}, " in words
    assert f"`facets` {cost.FACET} for each field in `by`" in words
    assert f"A mutation costs {cost.WRITE} for each row" in words


def test_introspection_is_cheap() -> None:
    """To read the whole schema costs less than a page of tasks may."""
    assert cost_of(get_introspection_query()) < DEFAULTS.max_cost // 500


ROW = (
    "id title description completed completedAt priority dueOn dueAt startOn position version "
    "createdAt updatedAt"
)

SCREENS: Mapping[str, str] = {
    "every task, with all that a list shows": (
        f"{{ tasks {{ {ROW} project {{ id name color }} labels {{ id name color }} "
        "subtaskCount parent { id } } }"
    ),
    "every project, with its open tasks": (
        f"{{ projects {{ id name taskCount tasks {{ {ROW} labels {{ id name }} }} }} }}"
    ),
    "the longest page, its counts and facets": (
        f"{{ tasksConnection(first: 10000) {{ totalCount edges {{ cursor node {{ {ROW} }} }} "
        "facets(by: [COMPLETED, PRIORITY, PROJECT, LABEL]) { field buckets { key count } } } }"
    ),
    "a tree of four levels": (
        f"{{ tasks {{ {ROW} subtasks {{ id title subtasks {{ id title subtasks {{ id title }} "
        "} } } }"
    ),
    "a page with its history": (
        f"{{ tasks(limit: 100) {{ {ROW} history {{ at operation changedFields before after }} }} }}"
    ),
    "the whole change log, a page of it": (
        "{ changes(limit: 10000) { nextToken hasMore changes { syncToken at entity id operation "
        "changedFields before after } } }"
    ),
    "a write of many": (
        'mutation { updateTasks(filter: {}, input: { title: "t" }, atMost: 10000) { affectedCount '
        f"problems {{ message path }} tasks {{ {ROW} labels {{ id name }} }} }} }}"
    ),
    "an undo of many": (
        "mutation ($t: SyncToken!) { undo(token: $t) { undone { id operation before after "
        "changedFields } } }"
    ),
}


@pytest.mark.parametrize("name", SCREENS)
def test_screens_of_apps_may_be_asked(name: str) -> None:
    """What an app shows at once, of as many rows as a list may have, is not over the limit."""
    assert validate(SCHEMA, parse(SCREENS[name])) == []
    assert cost_of(SCREENS[name]) <= DEFAULTS.max_cost


def test_all_rows_again_and_again_may_not() -> None:
    """An answer of 200 megabytes, which 76 lists of all tasks are, is over the limit."""
    lists = " ".join(f"r{number}: tasks {{ ...F }}" for number in range(76))
    asked = f"{{ {lists} }} fragment F on Task {{ {ROW} }}"
    assert validate(SCHEMA, parse(asked)) == []
    assert cost_of(asked) == 76 * (1 + 10_000 * 13)
    assert cost_of(asked) > DEFAULTS.max_cost
