"""Pages: every way of walking a list meets every row once, in order, whatever happens meanwhile."""

from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import Client, running_app
from tests.sql import Address

PAGE = """
query Page($orderBy: [TaskOrder!], $filter: TaskFilter, $search: String,
           $first: Int, $after: String, $last: Int, $before: String) {
  tasksConnection(orderBy: $orderBy, filter: $filter, search: $search,
                  first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } }
    nodes { id }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    totalCount
  }
}
"""

DUE = [None, "2026-01-31", "2026-02-01", "2026-02-01"]
TITLES = [None, "", "a", "B", "é", "日本", "%", "a"]


def rows(number: int) -> list[dict[str, Any]]:
    """Make rows with ties and missing values in every sort key."""
    return [
        {
            "id": index + 1,
            "title": TITLES[index % len(TITLES)],
            "completed": [None, True, False][index % 3],
            "priority": index % 5,
            "due_on": DUE[index % len(DUE)],
        }
        for index in range(number)
    ]


def insert(address: Address, tasks: list[dict[str, Any]]) -> None:
    """Write rows as another program would."""

    def literal(value: Any) -> str:
        match value:
            case None:
                return "NULL"
            case bool():
                return "true" if value else "false"
            case int():
                return str(value)
        return "'" + value.replace("'", "''") + "'"

    values = ", ".join(f"({', '.join(map(literal, task.values()))})" for task in tasks)
    if values:
        columns = "id, title, completed, priority, due_on"
        address.execute(f"INSERT INTO tasks ({columns}) VALUES {values}")


KEYS = {
    "ID": lambda task: task["id"],
    "TITLE": lambda task: task["title"] or "",
    "COMPLETED": lambda task: bool(task["completed"]),
    "PRIORITY": lambda task: task["priority"],
    "DUE": lambda task: task["due_on"],
}


def sorted_ids(tasks: list[dict[str, Any]], order_by: list[dict[str, str]]) -> list[str]:
    """Sort in Python as the schema says."""

    def compare(one: dict[str, Any], other: dict[str, Any]) -> int:
        for order in [*order_by, {**(order_by or [{}])[-1], "field": "ID"}]:
            a, b = KEYS[order["field"]](one), KEYS[order["field"]](other)
            if a == b:
                continue
            if a is None or b is None:
                nulls_first = order.get("nulls") == "FIRST"
                return -1 if (a is None) == nulls_first else 1
            return (-1 if a < b else 1) * (-1 if order.get("direction") == "DESC" else 1)
        return 0

    return [str(task["id"]) for task in sorted(tasks, key=cmp_to_key(compare))]


orders = st.lists(
    st.fixed_dictionaries(
        {"field": st.sampled_from(sorted(KEYS))},
        optional={
            "direction": st.sampled_from(["ASC", "DESC"]),
            "nulls": st.sampled_from(["FIRST", "LAST"]),
        },
    ),
    max_size=3,
)


async def walk(client: Client, order_by: list[dict[str, str]], size: int, *, back: bool) -> Any:
    """Walk a list page by page; check what each page says of itself."""
    ids: list[str] = []
    cursor = None
    while True:
        number, place = ("last", "before") if back else ("first", "after")
        data = await client.data(PAGE, {"orderBy": order_by, number: size, place: cursor})
        page = data["tasksConnection"]
        info = page["pageInfo"]
        found = [edge["node"]["id"] for edge in page["edges"]]
        assert found == [node["id"] for node in page["nodes"]]
        cursors = [edge["cursor"] for edge in page["edges"]]
        assert (info["startCursor"], info["endCursor"]) == (
            (cursors[0], cursors[-1]) if cursors else (None, None)
        )
        onward, backward = info["hasNextPage"], info["hasPreviousPage"]
        if back:
            onward, backward = backward, onward
        assert backward is (cursor is not None)
        ids = found + ids if back else ids + found
        if not onward:
            return ids, page["totalCount"]
        assert len(found) == size
        cursor = info["startCursor" if back else "endCursor"]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(order_by=orders, size=st.integers(1, 7), number=st.integers(0, 20), back=st.booleans())
async def test_pages_hold_every_row_once_in_order(
    address: Address, order_by: list[dict[str, str]], size: int, number: int, back: bool
) -> None:
    """Pages of any size, order and direction add up to the whole list in its order."""
    tasks = rows(number)
    address.execute("DELETE FROM tasks")
    insert(address, tasks)
    async with running_app(str(address)) as client:
        assert await walk(client, order_by, size, back=back) == (
            sorted_ids(tasks, order_by),
            number,
        )


async def test_rows_that_come_and_go_between_pages(client: Client, address: Address) -> None:
    """A row written or deleted between two pages neither repeats another nor skips one."""
    insert(address, rows(9))
    order_by = [{"field": "PRIORITY", "direction": "DESC"}]
    first = await client.data(PAGE, {"orderBy": order_by, "first": 4})
    seen = [node["id"] for node in first["tasksConnection"]["nodes"]]
    assert seen == ["5", "9", "4", "8"]
    # Before the cursor, its own row, and after it.
    address.execute(
        "DELETE FROM tasks WHERE id IN (5, 8, 2)",
        "INSERT INTO tasks (id, title, priority) VALUES (50, 'early', 4), (51, 'late', 0)",
    )
    cursor = first["tasksConnection"]["pageInfo"]["endCursor"]
    rest = await client.data(PAGE, {"orderBy": order_by, "first": 9, "after": cursor})
    assert [node["id"] for node in rest["tasksConnection"]["nodes"]] == ["3", "7", "51", "6", "1"]


@pytest.mark.parametrize(
    "changed",
    [
        {"orderBy": [{"field": "TITLE"}]},
        {"orderBy": [{"field": "PRIORITY", "direction": "DESC"}]},
        {"filter": {"priority": {"eq": "LOW"}}},
        {"search": "milk"},
    ],
)
async def test_cursors_are_bound_to_order_filter_and_search(
    client: Client, address: Address, changed: dict[str, Any]
) -> None:
    """A cursor under another order, filter or search is an error, never other rows."""
    insert(address, rows(5))
    first = await client.data(PAGE, {"orderBy": [{"field": "PRIORITY"}], "first": 2})
    cursor = first["tasksConnection"]["pageInfo"]["endCursor"]
    same = {"orderBy": [{"field": "PRIORITY"}], "first": 2, "after": cursor}
    assert (await client.data(PAGE, same))["tasksConnection"]["totalCount"] == 5
    answer = await client.graphql(PAGE, same | changed)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "INVALID_CURSOR"}
    assert error["path"] == ["tasksConnection"]


@pytest.mark.parametrize(
    "keys",
    ["", "zz", "[]", "[1]", "[1,2,3]", '["a",1]', "[1,null]", "[9223372036854775808,1]", "{}", "5",
     '[1,"1"]', "[true,1]", "[1e400,1]"],
)  # fmt: skip
async def test_forged_cursors(client: Client, address: Address, keys: str) -> None:
    """A cursor that this server did not make is an error with its code, whatever it holds."""
    insert(address, rows(3))
    order_by = [{"field": "PRIORITY"}]
    first = await client.data(PAGE, {"orderBy": order_by, "first": 1})
    genuine = first["tasksConnection"]["pageInfo"]["endCursor"]
    forged = genuine[:16] + (keys if keys == "zz" else keys.encode().hex())
    answer = await client.graphql(PAGE, {"orderBy": order_by, "first": 1, "after": forged})
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "INVALID_CURSOR"}]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"first": -1}, "first -1 is not between 0 and 10000"),
        ({"last": 10001}, "last 10001 is not between 0 and 10000"),
        ({"first": 1, "last": 1}, "first and last cannot be asked for together"),
        (
            {"orderBy": [{"field": "RELEVANCE"}]},
            "orderBy RELEVANCE needs a search to be relevant to",
        ),
    ],
)
async def test_windows_out_of_bounds(
    client: Client, arguments: dict[str, Any], message: str
) -> None:
    """A page that cannot be is an error that names the argument and its value."""
    answer = await client.graphql(PAGE, arguments)
    (error,) = answer["errors"]
    assert (error["message"], error["extensions"]) == (message, {"code": "BAD_USER_INPUT"})


@pytest.mark.parametrize(
    "keys",
    [
        "[" * 100_000,
        '["0001-01-01T00:00:00+23:59",1]',
        '["9999-12-31T23:59:59-23:59",1]',
        '["10000-01-01T00:00:00Z",1]',
        '["yesterday",1]',
    ],
)
async def test_forged_instants(client: Client, address: Address, keys: str) -> None:
    """No instant that a forged cursor holds reaches a store that could not take it."""
    insert(address, rows(3))
    order_by = [{"field": "CREATED_AT"}]
    first = await client.data(PAGE, {"orderBy": order_by, "first": 1})
    genuine = first["tasksConnection"]["pageInfo"]["endCursor"]
    forged = genuine[:16] + keys.encode().hex()
    answer = await client.graphql(PAGE, {"orderBy": order_by, "first": 1, "after": forged})
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "INVALID_CURSOR"}]


async def test_times_that_others_wrote(client: Client, address: Address) -> None:
    """A time as SQLite's own functions write it, in UTC and without saying so, can be paged by."""
    insert(address, rows(4))
    address.execute("UPDATE tasks SET due_on = NULL, due_at = '2026-01-31 08:00:00'")
    order_by = [{"field": "DUE"}]
    first = await client.data(PAGE, {"orderBy": order_by, "first": 2})
    cursor = first["tasksConnection"]["pageInfo"]["endCursor"]
    rest = await client.graphql(PAGE, {"orderBy": order_by, "first": 9, "after": cursor})
    assert "errors" not in rest


@pytest.mark.parametrize("levels", [7, 10, 11, 20])
async def test_nesting_has_an_end(client: Client, levels: int) -> None:
    """A selection nested too deeply is answered or refused with a code, never a masked error."""
    document = "{ tasks { " + "subtasks(limit: 1) { " * levels + "id" + " }" * levels + " } }"
    answer = await client.graphql(document)
    if "errors" in answer:
        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
        assert error["path"] == ["tasks"]
    else:
        assert levels <= 10
        assert answer == {"data": {"tasks": []}}


async def test_facets_leave_out_their_own_condition(client: Client, address: Address) -> None:
    """A facet counts what matches the rest of the filter, its own field whatever it is."""
    address.execute(
        "INSERT INTO projects (id, name) VALUES (1, 'Home'), (2, 'Work')",
        "INSERT INTO labels (id, name) VALUES (1, 'red'), (2, 'blue')",
        "INSERT INTO tasks (id, title, completed, priority, project_id) VALUES "
        "(1, 'a', false, 4, 1), (2, 'b', true, 4, 1), (3, 'c', NULL, 0, 2), "
        "(4, 'd', false, 0, NULL)",
        "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (1, 2), (3, 2)",
    )
    data = await client.data(
        """{ tasksConnection(filter: { completed: { eq: false }, project: { id: { eq: 1 } } }) {
            totalCount
            facets(by: [PROJECT, COMPLETED, LABEL, PRIORITY]) {
              field buckets { key label count } } } }"""
    )
    assert data["tasksConnection"] == {
        "totalCount": 1,
        "facets": [
            {
                "field": "PROJECT",
                "buckets": [
                    {"key": "1", "label": "Home", "count": 1},
                    {"key": "2", "label": "Work", "count": 1},
                    {"key": None, "label": "No project", "count": 1},
                ],
            },
            {
                "field": "COMPLETED",
                "buckets": [
                    {"key": "false", "label": "Open", "count": 1},
                    {"key": "true", "label": "Completed", "count": 1},
                ],
            },
            {
                "field": "LABEL",
                "buckets": [
                    {"key": "2", "label": "blue", "count": 1},
                    {"key": "1", "label": "red", "count": 1},
                ],
            },
            {
                "field": "PRIORITY",
                "buckets": [{"key": "URGENT", "label": "Urgent", "count": 1}],
            },
        ],
    }


FORTY = "{ or: [" + ", ".join(f'{{ title: {{ eq: "{number}" }} }}' for number in range(40)) + "] }"


@pytest.mark.parametrize(
    "document",
    [
        "{ tasks(limit: 1) { ...F0 } } "
        + " ".join(
            f"fragment F{level} on Task {{ "
            + " ".join(f"{name}: subtasks {{ ...F{level + 1} }}" for name in "abc")
            + " }"
            for level in range(3)
        )
        + f" fragment F3 on Task {{ subtaskCount(filter: {FORTY}) }}",
        f"{{ tasksConnection(filter: {FORTY}) {{ "
        + " ".join(f"c{number}: totalCount" for number in range(40))
        + " } }",
    ],
    ids=["fragments that multiply", "conditions asked again and again"],
)
async def test_reading_has_a_budget(client: Client, document: str) -> None:
    """A small document that reads a great deal is refused before its statement is made."""
    answer = await client.graphql(document)
    (error,) = answer["errors"]
    assert error["message"] == "the selection reads more than 1000 fields or conditions"
    assert error["extensions"] == {"code": "BAD_USER_INPUT"}


async def test_facets_leave_out_what_is_negated(client: Client, address: Address) -> None:
    """A facet ignores its own condition also where that says what a task is not."""
    insert(address, rows(5))
    data = await client.data(
        "{ tasksConnection(filter: { priority: { neq: HIGH } }) "
        "{ totalCount facets(by: [PRIORITY]) { buckets { key count } } } }"
    )
    keys = ["URGENT", "HIGH", "MEDIUM", "LOW", "NONE"]
    assert data["tasksConnection"] == {
        "totalCount": 4,
        "facets": [{"buckets": [{"key": key, "count": 1} for key in keys]}],
    }
