"""Every list has an index that serves it: the stores' plans of what the compiler writes.

For each shape: the indexes that its tables are read by, and no scan or sort of a whole table.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from gql_tasks.services import demo
from gql_tasks.store.address import open_database
from gql_tasks.store.sqlite_driver import sqlite3
from tests import sql
from tests.conftest import Client, running_app
from tests.sql import Address
from tests.statements import Statement, statements_run

TASKS = 3_000
NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)

PK = "tasks by its key"
POSITION = "tasks by ix_tasks_position"
PROJECT = "tasks by ix_tasks_project_id"
PARENT = "tasks by ix_tasks_parent_id"
DUE = "tasks by ix_tasks_due"
OPEN_BY_ID = "tasks by ix_tasks_open_id"
OPEN_BY_POSITION = "tasks by ix_tasks_open_position"
OPEN_BY_DUE = "tasks by ix_tasks_open_due"
OPEN_OF_PROJECT = "tasks by ix_tasks_open_project_id"
CREATED = "tasks by ix_tasks_created_at"
SEARCH = "tasks by ix_tasks_search"
LABEL_KEY = "labels by its key"
PROJECT_KEY = "projects by its key"
LABELS_OF_TASK = "task_labels by its key"
TASKS_OF_LABEL = "task_labels by ix_task_labels_label_id"
PROJECTS, LABELS = "projects in full", "labels in full"
"""Of these there are few: they may be read in full, and sorted."""


@dataclass(frozen=True)
class Shape:
    """A query, what its tables are read by, and which tables' matching rows may be sorted."""

    query: str
    reads: set[str]
    sorts: set[str] = field(default_factory=set)
    or_reads: set[str] | None = None
    """What serves as well, and is taken where the planner's numbers say so."""


SHAPES = {
    "a task": Shape("{ task(id: 7) { title } }", {PK}),
    "some tasks": Shape("{ tasks(filter: {id: {in: [1, 5, 9]}}) { title } }", {PK}),
    # SQLite keeps rows in the order of their ids: this list is the table, up to its limit.
    "all by id": Shape("{ tasks(limit: 50) { title } }", {PK}, or_reads={"tasks in full"}),
    "all by position": Shape(
        "{ tasks(orderBy: [{field: POSITION}], limit: 50) { title } }", {POSITION}
    ),
    "all by due": Shape("{ tasks(orderBy: [{field: DUE}], limit: 50) { title } }", {DUE}),
    "newest first": Shape(
        "{ tasks(orderBy: [{field: CREATED_AT, direction: DESC}], limit: 50) { title } }",
        {CREATED},
    ),
    "oldest first": Shape(
        "{ tasks(orderBy: [{field: CREATED_AT}], limit: 50) { title } }", {CREATED}
    ),
    "of this week": Shape(
        '{ tasks(filter: {createdAt: {gte: "2026-11-15T00:00:00Z"}},'
        " orderBy: [{field: CREATED_AT}], limit: 50) { title } }",
        {CREATED},
    ),
    "open by id": Shape(
        "{ tasks(filter: {completed: {eq: false}}, limit: 50) { title } }", {OPEN_BY_ID}
    ),
    "newest of the open": Shape(
        "{ tasks(filter: {completed: {eq: false}},"
        " orderBy: [{field: CREATED_AT, direction: DESC}], limit: 50) { title } }",
        {CREATED},
    ),
    "completed by due": Shape(
        "{ tasks(filter: {completed: {eq: true}}, orderBy: [{field: DUE}], limit: 50) { title } }",
        {DUE},
    ),
    "completed by position": Shape(
        "{ tasks(filter: {completed: {eq: true}}, orderBy: [{field: POSITION}], limit: 50)"
        " { title } }",
        {POSITION},
    ),
    "open by due": Shape(
        "{ tasks(filter: {completed: {eq: false}}, orderBy: [{field: DUE}], limit: 50) { title } }",
        {OPEN_BY_DUE},
    ),
    "overdue": Shape(
        "{ tasks(filter: {completed: {eq: false},"
        ' or: [{dueOn: {lt: "2026-11-22"}}, {dueAt: {lt: "2026-11-22T17:30:00Z"}}]},'
        " orderBy: [{field: DUE}], limit: 50) { title } }",
        {OPEN_BY_DUE},
    ),
    "open by position": Shape(
        "{ tasks(filter: {completed: {eq: false}}, orderBy: [{field: POSITION}], limit: 50)"
        " { title } }",
        {OPEN_BY_POSITION},
    ),
    "open and no subtasks": Shape(
        "{ tasks(filter: {completed: {eq: false}, hasParent: false},"
        " orderBy: [{field: POSITION}], limit: 50) { title } }",
        {OPEN_BY_POSITION},
    ),
    "open in no project": Shape(
        "{ tasks(filter: {completed: {eq: false}, project: {isNull: true}, hasParent: false},"
        " orderBy: [{field: POSITION}], limit: 50) { title } }",
        {PROJECT},
        {"tasks"},
        or_reads={OPEN_OF_PROJECT},
    ),
    "a project's": Shape(
        "{ project(id: 3) { tasks(limit: 50) { title } } }", {PROJECT_KEY, PROJECT}
    ),
    "a project's, asked for by its id": Shape(
        "{ tasks(filter: {project: {id: {eq: 3}}}, orderBy: [{field: POSITION}], limit: 50)"
        " { title } }",
        {PROJECT},
    ),
    "a project's open": Shape(
        "{ project(id: 3) { tasks(filter: {completed: {eq: false}}, limit: 50) { title } } }",
        {PROJECT_KEY, PROJECT},
    ),
    "a project's open, the next due first": Shape(
        "{ tasks(filter: {completed: {eq: false}, project: {id: {eq: 3}}},"
        " orderBy: [{field: DUE}], limit: 20) { title } }",
        {OPEN_OF_PROJECT},
    ),
    "a label's": Shape(
        "{ tasks(filter: {labels: {some: {id: {eq: 3}}}}, limit: 50) { title } }",
        {TASKS_OF_LABEL, PK},
        sorts={"tasks"},
    ),
    "subtasks": Shape("{ task(id: 7) { subtasks { title } subtaskCount } }", {PK, PARENT}),
    "subtasks, asked for by their parent": Shape(
        "{ tasks(filter: {parent: {id: {eq: 7}}}, orderBy: [{field: POSITION}]) { title } }",
        {PARENT},
    ),
    "labels of a task": Shape(
        "{ task(id: 7) { labels { name } } }",
        {PK, LABELS_OF_TASK, LABEL_KEY},
        {"labels", "task_labels"},
    ),
    "project and parent of a task": Shape(
        "{ task(id: 7) { project { name } parent { title } } }", {PK, PROJECT_KEY}
    ),
    "found": Shape(
        '{ tasks(search: "buy milk", limit: 50) { title } }',
        {SEARCH, PK},
        {"tasks"},
        or_reads={SEARCH},
    ),
    "found, the best first": Shape(
        '{ tasks(search: "buy milk", orderBy: [{field: RELEVANCE}], limit: 50) { title } }',
        {SEARCH, PK},
        {"tasks"},
        or_reads={SEARCH},
    ),
    "found in a project": Shape(
        '{ project(id: 3) { tasks(search: "buy milk") { title } } }',
        {SEARCH, PK, PROJECT_KEY},
        {"tasks"},
        or_reads={PROJECT, PROJECT_KEY},
    ),
    "counts by project": Shape("{ projects { taskCount } }", {PROJECTS, PROJECT}, {"projects"}),
    "open counts by project": Shape(
        "{ projects { taskCount(filter: {completed: {eq: false}}) } }",
        {PROJECTS, OPEN_OF_PROJECT},
        {"projects"},
    ),
    "nested": Shape(
        "{ projects { tasks(limit: 5) { title labels { name }"
        " subtasks { title labels { name } } } } }",
        {PROJECTS, PROJECT, PARENT, LABELS_OF_TASK, LABEL_KEY},
        {"projects", "labels", "task_labels"},
    ),
    "a page by position": Shape(
        "{ tasksConnection(first: 20, orderBy: [{field: POSITION}])"
        " { nodes { title } pageInfo { hasNextPage endCursor } } }",
        {POSITION},
    ),
    "the last page by position": Shape(
        "{ tasksConnection(last: 20, orderBy: [{field: POSITION}]) { edges { cursor } } }",
        {POSITION},
    ),
    "a page of open tasks by due, and their count": Shape(
        "{ tasksConnection(first: 20, filter: {completed: {eq: false}}, orderBy: [{field: DUE}])"
        " { nodes { title } totalCount } }",
        {OPEN_BY_DUE},
        or_reads={OPEN_BY_DUE, OPEN_BY_ID},
    ),
}


@dataclass
class Plan:
    """What tables are read by, what is scanned or sorted in full, and the plan itself."""

    reads: set[str] = field(default_factory=set)
    sorts: set[str] = field(default_factory=set)
    text: str = ""


@pytest.fixture(scope="module")
def stocked(
    store: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> dict[str, Plan]:
    """Plan every shape over a store with a demo in it."""
    if store == "sqlite":
        statements = request.getfixturevalue("sqlite_statements")
        file = request.getfixturevalue("filled_file")
        with closing(sqlite3.connect(file)) as connection:
            return {name: sqlite_plan(connection, it) for name, it in statements.items()}
    empty_database: Callable[[], str] = request.getfixturevalue("empty_database")
    address = Address(empty_database())
    sql.run(fill, address)
    address.execute("ANALYZE")  # as autovacuum does it sooner or later
    statements = sql.run(compiled, address)
    return {name: postgresql_plan(address, statement) for name, statement in statements.items()}


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory) -> Address:
    """A file that was made empty, and filled."""
    address = Address(str(tmp_path_factory.mktemp("indexes") / "tasks.db"))
    sql.run(fill, address)
    return address


@pytest.fixture(scope="module")
def sqlite_statements(filled_file: Address) -> dict[str, Statement]:
    """What every shape is in SQLite."""
    return sql.run(compiled, filled_file)


async def fill(address: Address) -> None:
    database = open_database(str(address))
    try:
        await database.open()
        await demo.fill(database, TASKS, seed=1, now=NOW, add=False, progress=lambda _: None)
    finally:
        await database.close()


async def compiled(address: Address) -> dict[str, Statement]:
    """Run every shape and keep the one statement that it is."""
    found: dict[str, Statement] = {}
    async with running_app(str(address)) as client:
        for name, shape in SHAPES.items():
            with statements_run() as statements:
                await client.data(shape.query)
            (found[name],) = [it for it in statements if it.text.startswith(("SELECT", "WITH"))]
    return found


# SQLite: rows of EXPLAIN QUERY PLAN, each with its own number and its parent's


TABLES = {"tasks", "task_labels", "labels", "projects", "tasks_search"}
ALIASED = re.compile(rf"\b({'|'.join(TABLES)}) AS (\w+)")


def sqlite_plan(connection: sqlite3.Connection, statement: Statement) -> Plan:
    rows = connection.execute(f"EXPLAIN QUERY PLAN {statement.text}", statement.values)
    steps = [(parent, detail) for _, parent, _, detail in rows]
    plan = Plan(text="\n".join(detail for _, detail in steps))
    tables = {alias: table for table, alias in ALIASED.findall(statement.text)}
    loops: dict[int, set[str]] = {}
    for parent, detail in steps:
        match = re.match(r"(?:SCAN|SEARCH) (\w+)(.*)$", detail)
        if match and (table := tables.get(match[1], match[1])) in TABLES:
            plan.reads.add(_sqlite_read(table, match[2]))
            loops.setdefault(parent, set()).add(table)
    for parent, detail in steps:
        # A sort of the right part is one of rows that are equal in the left part.
        if detail == "USE TEMP B-TREE FOR ORDER BY":
            plan.sorts |= loops.get(parent, set())
    return plan


def _sqlite_read(table: str, by: str) -> str:
    if table == "tasks_search":
        return SEARCH
    if match := re.search(r"USING (?:COVERING )?INDEX (\S+)", by):
        return f"{table} by {match[1]}"
    return f"{table} by its key" if "PRIMARY KEY" in by else f"{table} in full"


# PostgreSQL: a tree of nodes


def postgresql_plan(address: Address, statement: Statement) -> Plan:
    root = sql.run(_explain, str(address), statement)
    plan = Plan(text=json.dumps(root, indent=1))
    _walk(root, plan)
    return plan


async def _explain(address: str, statement: Statement) -> dict[str, Any]:
    connection = await asyncpg.connect(address)
    try:
        # So few rows are cheapest to read in full: say that it is to be avoided.
        await connection.execute("SET enable_seqscan = off")
        text = await connection.fetchval(
            f"EXPLAIN (FORMAT JSON) {statement.text}", *statement.values
        )
    finally:
        await connection.close()
    (explained,) = json.loads(text)
    tree: dict[str, Any] = explained["Plan"]
    return tree


def _walk(node: dict[str, Any], plan: Plan, table: str | None = None) -> None:
    table = node.get("Relation Name", table)
    match node["Node Type"]:
        case "Seq Scan":
            plan.reads.add(f"{table} in full")
        case "Index Scan" | "Index Only Scan" | "Bitmap Index Scan":
            index = node["Index Name"]
            plan.reads.add(f"{table} by {'its key' if index == f'{table}_pkey' else index}")
        case "Sort":
            plan.sorts |= _tables_under(node)
    for child in node.get("Plans", []):
        _walk(child, plan, table)


def _tables_under(node: dict[str, Any]) -> set[str]:
    """Tell whose rows a node takes in: not those that a limit has cut, nor those of subplans."""
    found = {node["Relation Name"]} if "Relation Name" in node else set()
    for child in node.get("Plans", []):
        if child["Node Type"] != "Limit" and child["Parent Relationship"] != "SubPlan":
            found |= _tables_under(child)
    return found


@pytest.mark.parametrize("name", SHAPES)
def test_served_by_indexes(stocked: dict[str, Plan], name: str) -> None:
    """Each table is read by the index that is meant for it, and none is sorted that need not be."""
    shape, plan = SHAPES[name], stocked[name]
    assert plan.reads in (shape.reads, shape.or_reads), plan.text
    assert plan.sorts <= shape.sorts, plan.text


async def open_store(address: Address) -> None:
    database = open_database(str(address))
    try:
        await database.open()
    finally:
        await database.close()


@pytest.fixture
def opened_empty(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that has read an empty store, which was filled then."""
    address = Address(tmp_path / "tasks.db")
    sql.run(open_store, address)
    with closing(sqlite3.connect(address)) as connection:
        connection.execute("SELECT * FROM tasks").fetchall()
        sql.run(fill, address)
        yield connection


@pytest.fixture
def migrated_full(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that has read a tutorial's file, which was migrated then."""
    address = Address(tmp_path / "tutorial.db")
    address.execute(
        "CREATE TABLE tasks (id INTEGER NOT NULL PRIMARY KEY, title VARCHAR,"
        " description VARCHAR, completed BOOLEAN)",
        "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 3000)"
        " INSERT INTO tasks SELECT id, 'Task ' || id, '', id <= 2900 FROM n",
        "ANALYZE",
    )
    with closing(sqlite3.connect(address)) as connection:
        connection.execute("SELECT * FROM tasks").fetchall()
        sql.run(open_store, address)
        yield connection


@pytest.mark.parametrize("history", ["opened_empty", "migrated_full"])
def test_sqlite_plans_by_no_stores_contents(
    filled_file: Address,
    sqlite_statements: dict[str, Statement],
    history: str,
    request: pytest.FixtureRequest,
) -> None:
    """What a store was when it was made, and who had it open then, changes no plan."""
    other: sqlite3.Connection = request.getfixturevalue(history)
    with closing(sqlite3.connect(filled_file)) as connection:
        for name, statement in sqlite_statements.items():
            assert sqlite_plan(other, statement) == sqlite_plan(connection, statement), name


def test_sqlite_prepares_once(
    filled_file: Address, sqlite_statements: dict[str, Statement]
) -> None:
    """No value that is bound has SQLite prepare a statement anew, as it does where a plan may
    depend on one.
    """
    prepared: list[object] = []

    def authorize(*what: object) -> int:  # is asked whenever a statement is prepared
        prepared.append(what)
        return sqlite3.SQLITE_OK

    with closing(sqlite3.connect(filled_file)) as connection:
        for name, statement in sqlite_statements.items():
            connection.set_authorizer(authorize)
            connection.execute(statement.text, statement.values).fetchall()
            assert prepared
            prepared.clear()
            connection.execute(statement.text, statement.values).fetchall()
            assert prepared == [], name


@pytest.mark.parametrize("completed", [False, True])
async def test_a_truth_is_no_parameter(client: Client, *, completed: bool) -> None:
    """Whether tasks are to be open stands in the statement, from a variable too."""
    given = "true" if completed else "false"
    literal = f"{{ tasks(filter: {{completed: {{eq: {given}}}}}) {{ title }} }}"
    variable = "query ($is: Boolean) { tasks(filter: {completed: {eq: $is}}) { title } }"
    negated = "query ($is: Boolean) { tasks(filter: {not: {completed: {neq: $is}}}) { title } }"
    with statements_run() as statements:
        await client.data(literal)
        await client.data(variable, {"is": completed})
        await client.data(negated, {"is": completed})
    (text,) = {it.text for it in statements if it.text.startswith("SELECT")}
    (constant,) = re.findall(r"is_completed = (\w+)", text)
    assert constant in (("1", "true") if completed else ("0", "false"))
