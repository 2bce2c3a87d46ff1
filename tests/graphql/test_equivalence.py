"""Answers equal those of graphql-core's own executor, whatever the document and the rows.

Documents and rows are generated. The rows are written by plain SQL, as another program would, and
the order of an answer's keys counts.
"""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.conftest import Client, running_app
from tests.graphql.documents import SOME_IDS, Request, mutations, orders, queries, texts
from tests.graphql.reference import CURSOR, INSTANT, Answered, Model, Stored, World, execute
from tests.sql import Address

GENERATED = settings(
    max_examples=20,
    deadline=None,  # the first example opens connections
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),  # to explain takes minutes
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,  # every example empties the table first
        HealthCheck.too_slow,  # drawing a document takes longer than answering it
    ],
)

MOMENTS = ("1999-12-31T23:59:59.999Z", "2026-01-31T08:00:00.000Z", "2026-01-31T08:00:00.010Z")

DAYS = ("1999-12-31", "2026-01-31", "2026-02-01")

POSITIONS = ("Zz", "a0", "a0V", "a1")

TEXTS = st.sampled_from((None, "", "a", "A")) | texts()  # few, so that some are equal

COLUMNS = {
    "title": TEXTS,
    "description": TEXTS,
    "completed": st.sampled_from((None, True, False)),
    "completed_at": st.sampled_from((None, *MOMENTS)),
    "version": st.integers(1, 2**31 - 100),  # to give it a label is a change
    "created_at": st.sampled_from(MOMENTS),
    "updated_at": st.sampled_from(MOMENTS),
    "priority": st.integers(0, 4),
    "start_on": st.sampled_from((None, *DAYS)),
    "position": st.sampled_from(POSITIONS),
}

DUE = st.sampled_from(
    ((None, None), *((day, None) for day in DAYS), *((None, at) for at in MOMENTS))
)
COLORS = st.sampled_from((None, "#aabbcc"))

ROWS = st.lists(
    st.fixed_dictionaries({"id": st.sampled_from(SOME_IDS), **COLUMNS}),
    min_size=3,
    max_size=8,
    unique_by=lambda row: row["id"],
)
TEXTS_ONLY = st.lists(
    st.fixed_dictionaries({name: COLUMNS[name] for name in ("title", "description", "completed")}),
    min_size=2,
    max_size=4,
)


Tables = dict[str, list[dict[str, Any]]]


@st.composite
def stores(draw: DrawFn) -> Tables:
    """Generate the rows of all tables, cycles of parents included."""
    projects = [
        {
            "id": row_id,
            "name": draw(TEXTS) or "",
            "color": draw(COLORS),
            "position": draw(st.sampled_from(POSITIONS)),
            "archived_at": draw(st.sampled_from((None, None, *MOMENTS))),
        }
        for row_id in draw(
            st.lists(st.sampled_from((1, 2, 3, -1)), min_size=2, max_size=4, unique=True)
        )
    ]
    labels = [
        {"id": row_id, "name": draw(TEXTS) or "", "color": draw(COLORS)}
        for row_id in draw(
            st.lists(st.sampled_from((1, 2, 3, -1)), min_size=2, max_size=4, unique=True)
        )
    ]
    tasks = draw(ROWS)
    ids = [task["id"] for task in tasks]
    pairs = []
    for task in tasks:
        task["due_on"], task["due_at"] = draw(DUE)
        task["project_id"] = draw(st.sampled_from((None, *(row["id"] for row in projects))))
        task["parent_id"] = draw(st.sampled_from((None, *ids[:1] * 4, *ids)))
        pairs += [
            {"task_id": task["id"], "label_id": label["id"]}
            for label in labels
            if draw(st.booleans())
        ]
    return {"projects": projects, "labels": labels, "tasks": tasks, "task_labels": pairs}


@pytest.fixture
async def client(address: Address) -> AsyncIterator[Client]:
    """A client of an application that takes every document that is generated."""
    limits = dict.fromkeys(("max_fields", "max_aliases", "max_directives"), 1_000_000)
    async with running_app(str(address), max_cost=10**12, **limits) as client:
        yield client


@GENERATED
@given(tables=stores(), requests=st.lists(queries(), min_size=3, max_size=3))
async def test_queries(
    client: Client, address: Address, tables: Tables, requests: list[Request]
) -> None:
    """A query's answer is graphql-core's, key by key, over the same rows."""
    fill(address, tables)
    root = World(Stored.read(address)).root()
    for request in requests:
        expected = execute(root, request.query, request.variables, request.operation_name)
        for _ in ("by the executor", "by a new plan", "by the plan that was kept"):
            answered = Answered.of(await send(client, request))
            assert replace(answered, data=without_cursors(answered.data, expected.data)) == expected


NESTED = """query (
  $keys: [TaskOrder!], $filter: TaskFilter, $limit: Int, $offset: Int, $first: Int
) {
  tasks(filter: $filter, orderBy: $keys) {
    id labels { name }
    subtasks { id labels { id name } parent { id } }
    part: subtasks(filter: $filter, orderBy: $keys, limit: $limit, offset: $offset) { id }
    all: subtaskCount subtaskCount(filter: $filter)
    project { id taskCount(filter: $filter) tasks { id subtasks(orderBy: $keys) { id } } }
  }
  projects(includeArchived: true) {
    id tasksConnection { nodes { id } totalCount }
    page: tasksConnection(filter: $filter, orderBy: $keys, first: $first) {
      edges { cursor node { id subtasks(limit: $limit) { id } } }
      nodes { title } pageInfo { hasNextPage startCursor endCursor } totalCount
    }
    tasks(filter: $filter, orderBy: $keys, limit: $limit, offset: $offset) { priority dueOn dueAt }
  }
  open: projects { name archivedAt }
  labels { name taskCount counted: taskCount(filter: $filter) }
  tasksConnection(first: $first, orderBy: $keys, filter: $filter) {
    pageInfo { hasNextPage hasPreviousPage } nodes { id } totalCount
  }
}"""

NUMBERS = st.sampled_from((None, 0, 1, 2, 3, 10))

CONDITIONS = st.fixed_dictionaries(
    {},
    optional={
        "completed": st.fixed_dictionaries({"eq": st.booleans()}),
        "priority": st.sampled_from(({"gte": "MEDIUM"}, {"in": ["NONE", "HIGH"]}, {"in": []})),
        "title": st.sampled_from(({"contains": "a"}, {"neq": ""}, {"startsWith": "%"})),
    },
)


@GENERATED
@given(
    tables=stores(),
    variables=st.fixed_dictionaries(
        {
            "keys": st.lists(orders(), max_size=2),
            "filter": st.none() | CONDITIONS,
            "limit": NUMBERS,
            "offset": NUMBERS,
            "first": NUMBERS,
        }
    ),
)
async def test_nested_lists(
    client: Client, address: Address, tables: Tables, variables: dict[str, Any]
) -> None:
    """Lists, pages and counts inside rows are of the rows that belong there, in their order."""
    fill(address, tables)
    request = Request(NESTED, variables, None)
    expected = execute(World(Stored.read(address)).root(), NESTED, variables, None)
    answered = Answered.of(await send(client, request))
    assert replace(answered, data=without_cursors(answered.data, expected.data)) == expected


@GENERATED
@given(rows=ROWS, keys=st.lists(orders(), min_size=1, max_size=4))
async def test_orders(
    client: Client, address: Address, rows: list[dict[str, Any]], keys: list[dict[str, str]]
) -> None:
    """A list comes in the order that Python's stable sorts make, keys said twice included."""
    fill(address, {"tasks": rows})
    query = "query ($keys: [TaskOrder!]) { tasks(orderBy: $keys) { id } }"
    expected = execute(World(Stored.read(address)).root(), query, {"keys": keys}, None)
    assert Answered.of(await send(client, Request(query, {"keys": keys}, None))) == expected


@GENERATED
@given(rows=TEXTS_ONLY, request=mutations())
async def test_mutations(
    client: Client, address: Address, rows: list[dict[str, Any]], request: Request
) -> None:
    """A mutation's payloads are graphql-core's over a model, and the table ends as the model."""
    fill(address, {"tasks": rows})
    model = Model(
        (without_moments(row) for row in Stored.read(address).tasks), reuses_ids=address.is_sqlite
    )
    expected = execute(model.root(), request.query, request.variables, request.operation_name)
    answer = re.sub(r'"\d{4}-\d\d-\d\dT[0-9:.]{12}Z"', f'"{INSTANT}"', await send(client, request))
    assert Answered.of(answer) == expected
    assert [without_moments(row) for row in Stored.read(address).tasks] == list(model.rows.values())


async def send(client: Client, request: Request) -> str:
    response = await client.http.post(
        "/graphql",
        json={
            "query": request.query,
            "variables": request.variables,
            "operationName": request.operation_name,
        },
    )
    return response.text


def without_moments(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: value and INSTANT for name, value in row.items() if name.endswith("At")}


def without_cursors(data: Any, expected: Any) -> Any:
    """Leave out what cursors say where the expected answer has one."""
    if expected == CURSOR:
        return CURSOR if isinstance(data, str) else data
    if type(data) in (list, tuple) and type(data) is type(expected) and len(data) == len(expected):
        return type(data)(map(without_cursors, data, expected))
    return data


def fill(address: Address, tables: Tables) -> None:
    """Replace the rows of all tables from outside."""
    names = ("task_labels", "tasks", "labels", "projects")
    if address.is_sqlite:
        empty = [f"DELETE FROM {name}" for name in names]
    else:  # an operation that was not ended is an error here, not a run that never ends
        empty = ["SET lock_timeout = '10s'", f"TRUNCATE {', '.join(names)} RESTART IDENTITY"]
    # A table's rows at once: tasks may be each other's parents.
    inserts = [
        f"INSERT INTO {table} ({', '.join(rows[0])}) VALUES "
        + ", ".join(
            f"({', '.join(literal(address, value) for value in map(row.get, rows[0]))})"
            for row in rows
        )
        for table, rows in tables.items()
        if rows
    ]
    address.execute(*empty, *inserts)


def literal(address: Address, value: Any) -> str:
    """Write a value in SQL; texts by their bytes, which need no quoting."""
    match value:
        case None:
            return "NULL"
        case str() if address.is_sqlite:
            return f"CAST(x'{value.encode().hex()}' AS TEXT)"
        case str() if value in {*MOMENTS, *DAYS}:
            return f"'{value}'"
        case str():  # PostgreSQL has no NUL in text
            return f"convert_from('\\x{value.replace(chr(0), '').encode().hex()}', 'UTF8')"
    return str(value)
