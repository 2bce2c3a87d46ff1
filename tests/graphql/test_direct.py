"""Prepared queries on the shortest way: the same answers, and nothing lost where there is none."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gql_tasks.graphql import prepared
from tests.conftest import Client, running_app
from tests.sql import Address

MUTATION = """mutation ($title: String!) {
  a: updateTask(id: 1, input: { title: $title }) { task { id } problems { __typename path } }
  deleteLabel(id: 1) { deletedIds syncToken }
}"""
TOO_MUCH = """mutation {
  updateTask(id: 1, input: { title: "b" }) { task { subtasks(limit: -1) { id } } }
}"""
QUERY = "query ($id: ID!) { task(id: $id) { id title } }"


async def post(client: Client, **request: Any) -> tuple[int, dict[str, str], bytes]:
    """Post a request three times and return its answer, which is the same each time."""
    headers = {"x-request-id": "one"} | request.pop("headers", {})
    content = {"json": request} if "content" not in request else request
    first, *others = [
        await client.http.post("/graphql", headers=headers, **content) for _ in range(3)
    ]
    for other in others:
        assert (other.status_code, other.headers, other.content) == (
            first.status_code,
            first.headers,
            first.content,
        )
    return first.status_code, dict(first.headers), first.content


@pytest.mark.parametrize(
    ("request_", "directly"),
    [
        ({"query": "{ tasks { id } }"}, True),
        ({"query": "{ tasks { id } }", "operationName": ""}, True),
        ({"query": "{ tasks { id } }", "variables": None, "extensions": {"a": 1}}, True),
        ({"query": "{ a: task(id: 1) { id } labels { id } __typename }"}, True),
        ({"query": "{ task(id: 1) { ...F } } fragment F on Task { id }"}, True),
        ({"query": QUERY, "variables": {"id": "1"}}, True),
        ({"query": QUERY, "variables": {"id": 1}}, True),
        ({"query": QUERY, "variables": {"id": "x"}}, True),
        ({"query": QUERY, "variables": {"id": 2**70}}, True),
        ({"query": QUERY, "variables": {"id": "1", "unused": 2}}, True),
        ({"query": QUERY, "variables": {"id": None}}, False),
        ({"query": QUERY, "variables": {"id": 1.5}}, False),
        ({"query": QUERY, "variables": {"id": True}}, False),
        ({"query": QUERY, "variables": {}}, False),
        ({"query": QUERY, "variables": [1]}, False),
        ({"query": "{ tasks { id } }", "variables": []}, False),
        ({"query": "{ tasks { id } }", "variables": False}, False),
        ({"query": "{ tasks { id } }", "operationName": 0}, False),
        ({"query": "{ tasks { id } }", "extensions": ""}, False),
        ({"query": ["{ tasks { id } }"]}, False),
        ({"query": "query A { labels { id } } query B { tasks { id } }"}, False),
        (
            {"query": "query A { labels { id } } query B { tasks { id } }", "operationName": "B"},
            True,
        ),
        ({"query": "query A { labels { id } }", "operationName": "C"}, False),
        ({"query": "{ tasks(limit: -1) { id } }"}, False),
        ({"query": "{ tasks { size } }"}, False),
        ({"query": "{ tasks"}, False),
        ({"query": "{ __schema { queryType { name } } }"}, False),
        ({"query": "{ tasks { id } }", "headers": {"accept": "text/event-stream"}}, None),
        ({"query": "{ tasks { id } }", "headers": {"time-zone": "Nowhere/Land"}}, False),
        ({"query": "{ tasks { id } }", "headers": {"time-zone": "Europe/Berlin"}}, True),
        ({"query": "mutation { deleteTask(id: 9) { problems { message path } } }"}, True),
        ({"query": MUTATION, "variables": {"title": " "}}, True),
        ({"query": MUTATION, "variables": {"title": 1}}, False),
        ({"query": "mutation { deleteTask(id: 9) { nonsense } }"}, False),
        ({"query": "mutation @atomic { deleteTask(id: 9) { deletedIds } }"}, False),
        ({"query": TOO_MUCH}, True),
        ({"query": None}, False),
        ({}, False),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, False),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, False),
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, None),
        ({"query": "{ tasks { id } }", "extensions": {"a": "b" * 20_000}}, None),
    ],
)
async def test_the_same_as_the_router(
    request_: dict[str, Any], directly: bool | None, client: Client, answered: list[bool]
) -> None:
    """What is answered directly is what the router answers; the rest is left to the router."""
    await client.data('mutation { createTask(input: { title: "a" }) { task { id } } }')
    answered.clear()
    await post(client, **request_)
    # The first time no document is prepared; a stream or a body that is none does not get as far.
    assert answered == ([] if directly is None else [False, directly, directly])


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("*/*", "application/json; charset=utf-8"),
        (
            "application/graphql-response+json",
            "application/graphql-response+json; charset=utf-8",
        ),
        ("application/json", "application/json; charset=utf-8"),
    ],
)
async def test_media_types(accept: str, content_type: str, client: Client) -> None:
    """The media type is chosen as the router does."""
    _, headers, _ = await post(client, query="{ tasks { id } }", headers={"accept": accept})
    assert headers["content-type"] == content_type
    assert headers["vary"] == "Accept"
    assert headers["x-request-id"] == "one"


async def test_time_goes_on(address: Address, answered: list[bool]) -> None:
    """A date that is counted from now is counted again each time."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    async with running_app(str(address), clock=lambda: now) as client:
        await client.data(
            'mutation { createTask(input: {title: "a", due: {on: "2026-02-01"}}) { task { id } } }'
        )
        for late in (False, False, True):
            now += timedelta(days=late * 2)
            data = await client.data('{ tasks(filter: { dueOn: { lt: "P0D" } }) { title } }')
            assert data == {"tasks": [{"title": "a"}] * late}
    assert answered[-2:] == [True, True]


async def test_each_caller_has_its_own_day(client: Client, answered: list[bool]) -> None:
    """A plan that depends on the caller's time zone is not another caller's."""
    query = "{ tasksConnection { facets(by: [DUE]) { buckets { label } } } }"
    await post(client, query=query)
    await post(client, query=query, headers={"time-zone": "Pacific/Auckland"})
    assert answered == [False, True, True, True, True, True]


async def test_too_many_rows_are_an_error(address: Address) -> None:
    """The row cap holds for a plan that was kept while there were fewer rows."""
    async with running_app(str(address), max_rows=1) as client:
        for _ in range(3):
            assert await client.data("{ tasks { id } }") == {"tasks": []}
        address.execute("INSERT INTO tasks (title) VALUES ('a'), ('b')")
        body = await client.graphql("{ tasks { id } }")
        assert body["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT", "maxRows": 1}


async def test_reads_what_was_acknowledged(client: Client) -> None:
    """A query after a write's answer sees the write, many at once."""
    query = "query ($id: ID!) { task(id: $id) { title } }"
    await client.data('mutation { createTask(input: { title: "0" }) { task { id } } }')
    ((row_id,),) = [[(await client.data("{ tasks { id } }"))["tasks"][0]["id"]]]

    async def write_and_read(number: int) -> None:
        written = await client.data(
            "mutation ($id: ID!, $title: String!) {"
            " updateTask(id: $id, input: { title: $title }) { task { version } } }",
            {"id": row_id, "title": str(number)},
        )
        versions = "query ($id: ID!) { task(id: $id) { version } }"
        read = await client.data(versions, {"id": row_id})
        assert read["task"]["version"] >= written["updateTask"]["task"]["version"]

    for _ in range(2):
        await client.data(query, {"id": row_id})
    await asyncio.gather(*(write_and_read(number) for number in range(1, 20)))


async def test_what_is_kept_is_bounded(address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many documents and variables come, no more plans are kept than allowed."""
    monkeypatch.setattr(prepared, "MAX_PLANS", 5)
    made: list[prepared.PreparedQueries] = []
    begin = prepared.PreparedQueries.__init__

    def noting(self: prepared.PreparedQueries, *arguments: Any) -> None:
        made.append(self)
        begin(self, *arguments)

    monkeypatch.setattr(prepared.PreparedQueries, "__init__", noting)
    async with running_app(str(address)) as client:
        for number in range(20):
            for _ in range(2):
                await client.data(f"{{ a{number}: tasks {{ id }} }}")
        for number in range(20):
            await client.data("query ($n: Int) { tasks(limit: $n) { id } }", {"n": number})
    [queries] = made
    assert (len(queries._queries), len(queries._plans)) == (5, 5)
