"""The change log as GraphQL shows it: pages of it, and a task's history."""

from typing import Any

import pytest

from tests.conftest import Client
from tests.sql import Address

PAGE = """query ($since: SyncToken, $limit: Int! = 500) {
  changes(since: $since, limit: $limit) {
    changes { syncToken id } nextToken hasMore resyncRequired
  }
}"""


def write(address: Address) -> None:
    """Write five labels."""
    address.execute("INSERT INTO labels (name) VALUES ('a'), ('b'), ('c'), ('d'), ('e')")


async def epoch_of(client: Client) -> str:
    """Read which log this is."""
    page = await client.data("{ changes(limit: 0) { nextToken } }")
    return str(page["changes"]["nextToken"].partition("-")[0])


async def test_pages(client: Client, address: Address) -> None:
    """Pages of any size go through the whole log, each entry once and in order."""
    write(address)
    epoch = await epoch_of(client)
    for limit in range(1, 7):
        token, seen = None, []
        for start in range(0, 5, limit):
            page = (await client.data(PAGE, {"since": token, "limit": limit}))["changes"]
            end = min(start + limit, 5)
            assert page == {
                "changes": [
                    {"syncToken": f"{epoch}-{number:012x}", "id": str(number)}
                    for number in range(start + 1, end + 1)
                ],
                "nextToken": f"{epoch}-{end:012x}",
                "hasMore": end < 5,
                "resyncRequired": False,
            }
            token = page["nextToken"]
            seen += page["changes"]
        assert len(seen) == 5


async def test_ends(client: Client, address: Address) -> None:
    """An empty log, a page of nothing, and the end of the log have tokens to go on from."""
    epoch = await epoch_of(client)
    at_start = {
        "changes": [],
        "nextToken": f"{epoch}-{0:012x}",
        "hasMore": False,
        "resyncRequired": False,
    }
    assert (await client.data(PAGE))["changes"] == at_start
    write(address)
    assert (await client.data(PAGE, {"limit": 0}))["changes"] == at_start | {"hasMore": True}
    end = f"{epoch}-{5:012x}"
    assert (await client.data(PAGE, {"since": end}))["changes"] == at_start | {"nextToken": end}


async def test_read_again(client: Client, address: Address) -> None:
    """A token of another log, or of a place that this one does not have, asks to read again."""
    write(address)
    epoch = await epoch_of(client)
    end = f"{epoch}-{5:012x}"
    for since in (f"{int(epoch, 16) ^ 1:06x}-{3:012x}", f"{epoch}-{6:012x}", f"{epoch}-{'f' * 12}"):
        assert (await client.data(PAGE, {"since": since}))["changes"] == {
            "changes": [],
            "nextToken": end,
            "hasMore": False,
            "resyncRequired": True,
        }


@pytest.mark.parametrize(
    "variables",
    [
        {"since": ""},
        {"since": "x"},
        {"since": "000000-000000000000-"},
        {"since": "000000-00000000000g"},
        {"since": "000000-000000000000\n"},
        {"since": 1},
        {"limit": -1},
        {"limit": 10_001},
        {"limit": None},
    ],
)
async def test_what_cannot_be(client: Client, variables: dict[str, Any]) -> None:
    """What is no token and no limit is the caller's error."""
    body = await client.graphql(PAGE, variables)
    assert body.get("data") is None
    assert [error["extensions"]["code"] for error in body["errors"]] == ["BAD_USER_INPUT"]


async def test_a_mutations_token(client: Client) -> None:
    """A payload's token is a place to read on from: what comes after the mutation."""
    create = 'mutation { createLabel(input: {name: "a"}) { syncToken } }'
    first = (await client.data(create))["createLabel"]["syncToken"]
    second = (await client.data(create))["createLabel"]["syncToken"]
    page = (await client.data(PAGE, {"since": first}))["changes"]
    assert page["changes"] == [{"syncToken": second.rpartition("-")[0], "id": "2"}]
    assert (await client.data(PAGE, {"since": second}))["changes"]["changes"] == []


async def test_history(client: Client, address: Address) -> None:
    """A task's history is its own changes, the newest first, whoever made them."""
    address.execute("INSERT INTO projects (id, name) VALUES (1, 'same id')")
    await client.data(
        'mutation { createTask(input: {title: "a"}, clientMutationId: "m") { syncToken } }'
    )
    address.execute("UPDATE tasks SET title = NULL, priority = 4")
    await client.data("mutation { updateTask(id: 1, input: {completed: true}) { syncToken } }")
    query = """{ task(id: 1) {
      history { operation changedFields clientMutationId entity id }
      newest: history(limit: 1) { ...Named __typename }
      none: history(limit: 0) { id }
    } }
    fragment Named on Change { fields: changedFields after }"""
    task = (await client.data(query))["task"]
    row = {"entity": "TASK", "id": "1"}
    assert task["history"] == [
        {
            "operation": "UPDATE",
            "changedFields": ["completed", "completedAt"],
            "clientMutationId": None,
            **row,
        },
        {
            "operation": "UPDATE",
            "changedFields": ["title", "priority"],
            "clientMutationId": None,
            **row,
        },
        {"operation": "CREATE", "changedFields": [], "clientMutationId": "m", **row},
    ]
    (newest,) = task["newest"]
    assert newest["after"]["version"] == 3
    assert newest | {"after": None} == {
        "fields": ["completed", "completedAt"],
        "after": None,
        "__typename": "Change",
    }
    assert task["none"] == []
