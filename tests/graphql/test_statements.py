"""What an operation asks of the store: a statement a root field, all of them in one snapshot."""

import pytest

from tests.conftest import Client
from tests.sql import Address
from tests.statements import Statement, on_statement, statements_run

ROWS = "INSERT INTO tasks (title) VALUES ('a')"


@pytest.mark.parametrize("rows", [0, 1, 50])
async def test_one_statement_a_root_field(client: Client, address: Address, rows: int) -> None:
    """The number of statements is the number of root fields, however many rows there are."""
    address.execute(*[ROWS] * rows)
    document = "{ a: tasks { id title } b: tasks(limit: 9) { id } c: task(id: 1) { id createdAt } }"
    with statements_run() as statements:
        data = await client.data(document)
    assert len(data["a"]) == rows
    assert len(selects(statements)) == 3
    assert len(statements) == 3 + address.is_sqlite  # its BEGIN; asyncpg's does not come by here


DEEP = "{ tasks { project { tasks { labels { name } } } subtasks { labels { name } } } }"


@pytest.mark.parametrize("rows", [0, 1, 50])
@pytest.mark.parametrize(
    "document",
    [
        DEEP,
        "{ projects { name tasks { title subtasks { labels { taskCount } } } } }",
        "{ labels { name taskCount(filter: {project: {isNull: false}}) } }",
        "{ tasks { parent { parent { project { taskCount } } } subtaskCount } }",
        """{ projects { tasksConnection(first: 2) { totalCount pageInfo { hasNextPage endCursor }
        nodes { labels { name } } facets(by: [LABEL]) { buckets { count } } } } }""",
        """{ tasksConnection { edges { cursor node { subtasks(limit: 1) { labels { name } } } }
        totalCount facets(by: [PROJECT, DUE]) { field buckets { label } } } }""",
    ],
    ids=["deep", "projects", "counts", "parents", "pages", "page"],
)
async def test_one_statement_however_deep(
    client: Client, address: Address, document: str, rows: int
) -> None:
    """What rows lead to is read by the statement that reads them, however many there are."""
    address.execute(*related_rows(rows))
    with statements_run() as statements:
        await client.data(document)
    assert len(selects(statements)) == 1
    assert len(statements) == 1 + address.is_sqlite


async def test_every_level_has_its_rows(client: Client, address: Address) -> None:
    """The one statement reads all: a project's tasks, a task's subtasks, the labels of both."""
    address.execute(*related_rows(50))
    tasks = (await client.data(DEEP))["tasks"]
    assert len(tasks) == 100
    named = [{"labels": [{"name": f"{number:02}"} for number in range(1, 51)]}]
    of_project = named + [{"labels": []}] * 49
    assert tasks[0] == {"project": {"tasks": of_project}, "subtasks": named + [{"labels": []}] * 49}
    assert tasks[99] == {"project": None, "subtasks": []}


def related_rows(count: int) -> list[str]:
    """Write so many projects, tasks in the first, labels, and subtasks of the first task."""
    numbers = range(1, count + 1)
    return [
        statement
        for number in numbers
        for statement in (
            f"INSERT INTO projects (id, name) VALUES ({number}, 'p')",
            f"INSERT INTO labels (id, name) VALUES ({number}, '{number:02}')",
            f"INSERT INTO tasks (id, title, project_id) VALUES ({number}, 't', 1)",
            f"INSERT INTO tasks (id, title, parent_id) VALUES ({number + 1000}, 's', 1)",
            f"INSERT INTO task_labels (task_id, label_id) VALUES (1, {number})",
            f"INSERT INTO task_labels (task_id, label_id) VALUES (1001, {number})",
        )
    ]


@pytest.mark.parametrize("rows", [1, 50])
async def test_nothing_that_is_left_out_is_read(
    client: Client, address: Address, rows: int
) -> None:
    """Root fields that are skipped, and ids that no row can have, ask for nothing at all."""
    address.execute(*[ROWS] * rows)
    with statements_run() as statements:
        data = await client.data('{ tasks @skip(if: true) { id } task(id: "x") { id } __typename }')
    assert data == {"task": None, "__typename": "Query"}
    assert statements == []


async def test_root_fields_see_one_snapshot(client: Client, address: Address) -> None:
    """What another program commits between two root fields is in neither, and in the next read."""
    address.execute(ROWS)
    document = "{ a: tasks { id } b: tasks { id title } c: task(id: 2) { id } }"

    def commit_once(statement: Statement) -> None:
        if selects([statement]) and not committed:
            committed.append(statement)
            address.execute(ROWS, "UPDATE tasks SET title = 'b'")

    committed: list[Statement] = []
    with on_statement("after_cursor_execute", commit_once):
        during = await client.data(document)
    after = await client.data(document)
    assert len(committed) == 1
    assert during == {"a": [{"id": "1"}], "b": [{"id": "1", "title": "a"}], "c": None}
    assert after == {
        "a": [{"id": "1"}, {"id": "2"}],
        "b": [{"id": "1", "title": "b"}, {"id": "2", "title": "b"}],
        "c": {"id": "2"},
    }


def selects(statements: list[Statement]) -> list[Statement]:
    return [statement for statement in statements if statement.text.startswith("SELECT")]
