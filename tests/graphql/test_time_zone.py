"""Days are the caller's: what is due today or overdue depends on the Time-Zone header."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Client, running_app
from tests.sql import Address

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
"""One in the morning of February 1st in Auckland, two in the night of the 31st in Honolulu."""

OVERDUE = """
{ tasks(
    filter: { or: [{ dueOn: { lt: "P0D" } }, { dueAt: { lt: "PT0S" } }] }
    orderBy: [{ field: DUE }]
  ) { title } }
"""


@pytest.fixture
async def noon(address: Address) -> AsyncIterator[Client]:
    """A client at a fixed moment, with tasks due around it."""
    address.execute(
        "INSERT INTO tasks (title, due_on) VALUES "
        "('30th', '2026-01-30'), ('31st', '2026-01-31'), ('1st', '2026-02-01'), "
        "('8th', '2026-02-08'), ('9th', '2026-02-09')",
        "INSERT INTO tasks (title, due_at) VALUES ('a second ago', '2026-01-31T11:59:59.000Z'), "
        "('in a second', '2026-01-31T12:00:01.000Z')",
        "INSERT INTO tasks (title) VALUES ('some day')",
    )
    async with running_app(str(address), clock=lambda: NOON) as client:
        yield client


async def ask(client: Client, document: str, zone: str | None) -> Any:
    """Ask from a time zone."""
    headers = {} if zone is None else {"Time-Zone": zone}
    response = await client.http.post("/graphql", json={"query": document}, headers=headers)
    return response.json()


@pytest.mark.parametrize(
    ("zone", "titles"),
    [
        (None, ["30th", "a second ago"]),
        ("UTC", ["30th", "a second ago"]),
        ("Pacific/Honolulu", ["30th", "a second ago"]),
        ("Pacific/Auckland", ["30th", "31st", "a second ago"]),
    ],
)
async def test_overdue(noon: Client, zone: str | None, titles: list[str]) -> None:
    """A day is overdue when it is over where the caller is; a moment is, everywhere at once."""
    answer = await ask(noon, OVERDUE, zone)
    assert answer == {"data": {"tasks": [{"title": title} for title in titles]}}


@pytest.mark.parametrize(
    ("zone", "counts"),
    [
        ("UTC", {"OVERDUE": 1, "TODAY": 3, "NEXT_WEEK": 1, "LATER": 2, None: 1}),
        ("Pacific/Auckland", {"OVERDUE": 2, "TODAY": 3, "NEXT_WEEK": 1, "LATER": 1, None: 1}),
    ],
)
async def test_due_facet(noon: Client, zone: str, counts: dict[str | None, int]) -> None:
    """The facet DUE sorts tasks by the caller's days, in their order, those without a date last."""
    document = "{ tasksConnection { facets(by: [DUE]) { buckets { key count } } } }"
    answer = await ask(noon, document, zone)
    (facet,) = answer["data"]["tasksConnection"]["facets"]
    assert facet["buckets"] == [{"key": key, "count": count} for key, count in counts.items()]


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "Pacific/"])
async def test_unknown_zones(noon: Client, zone: str) -> None:
    """A zone that does not exist is a request error that names it."""
    response = await noon.http.post(
        "/graphql", json={"query": "{ __typename }"}, headers={"Time-Zone": zone}
    )
    assert response.status_code == 400
    (error,) = response.json()["errors"]
    assert error == {
        "message": f'time zone "{zone}" is unknown: it takes an IANA name such as Europe/Berlin',
        "extensions": {"code": "BAD_REQUEST"},
    }


async def test_ten_thousand_ids(noon: Client) -> None:
    """A list of 10,000 ids is one parameter, and finds what it names."""
    query = "query ($ids: [ID!]) { tasks(filter: { id: { in: $ids } }) { title } }"
    ids = [str(number) for number in range(3, 10_003)]
    found = await noon.data(query, {"ids": ids})
    titles = ["1st", "8th", "9th", "a second ago", "in a second", "some day"]
    assert found == {"tasks": [{"title": title} for title in titles]}
    past_the_end = "{ tasks(offset: 2000000000, limit: 5) { title } }"
    assert await noon.data(past_the_end) == {"tasks": []}
