"""The change log is cut at its old end, by age and by number, and nowhere else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from gql_tasks.services import pruning
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database
from tests.conftest import running_app
from tests.sql import Address

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAGE = """query ($since: SyncToken) {
  changes(since: $since) { nextToken hasMore resyncRequired changes { id } }
}"""


@pytest.fixture
async def database(address: Address) -> AsyncIterator[Database]:
    """Ten entries, the first a day old, each a day younger than the one after: 1 to 10 days."""
    database = open_database(str(address))
    await database.open()
    address.execute("INSERT INTO labels (name) VALUES " + ", ".join(["('l')"] * 10))
    aged(address, {number: 11 - number for number in range(1, 11)})
    yield database
    await database.close()


def aged(address: Address, days: dict[int, int]) -> None:
    """Say how many days ago entries were made."""
    address.execute(
        *(
            f"UPDATE changes SET at = '{(NOW - timedelta(days=age)).isoformat()[:19]}.000Z'"
            f" WHERE id = {number}"
            for number, age in days.items()
        )
    )


def kept(address: Address) -> tuple[int, list[int]]:
    """Read up to where the log is pruned, and the numbers of its entries."""
    ((pruned_through,),) = address.fetch("SELECT pruned_through FROM change_log")
    return pruned_through, [
        number for (number,) in address.fetch("SELECT id FROM changes ORDER BY id")
    ]


@pytest.mark.parametrize(
    ("days", "rows", "first"),
    [(30, 100, 1), (5, 100, 6), (30, 4, 7), (5, 8, 6), (8, 5, 6), (1, 100, 10), (30, 10, 1)],
)
async def test_age_and_number(
    database: Database, address: Address, days: int, rows: int, first: int
) -> None:
    """Entries go that are too old or too many; one that is as old as allowed stays."""
    assert await pruning.prune(database, days=days, rows=rows, now=NOW) == first - 1
    assert kept(address) == (first - 1, [*range(first, 11)])
    assert await pruning.prune(database, days=days, rows=rows, now=NOW) == 0


async def test_all_of_it(database: Database, address: Address) -> None:
    """A log that lost all its entries goes on with the next number."""
    assert await pruning.prune(database, days=1, rows=100, now=NOW + timedelta(days=9)) == 10
    assert kept(address) == (10, [])
    address.execute("UPDATE labels SET name = 'x' WHERE id = 1")
    assert kept(address) == (10, [11])


async def test_no_holes(database: Database, address: Address) -> None:
    """An old entry after a younger one stays as long as that does."""
    aged(address, {3: 0})
    assert await pruning.prune(database, days=5, rows=100, now=NOW) == 2
    assert kept(address) == (2, [*range(3, 11)])


async def test_steps(database: Database, address: Address, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is done in steps, and by two processes at once as by one."""
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    other = open_database(str(address))
    await other.open()
    counts = await asyncio.gather(
        *(pruning.prune(each, days=3, rows=100, now=NOW) for each in (database, other))
    )
    await other.close()
    assert sum(counts) == 7
    assert kept(address) == (7, [8, 9, 10])


async def test_tokens(database: Database, address: Address) -> None:
    """A token of before the cut asks to read again; one of the cut or after it goes on."""
    async with running_app(str(address)) as client:
        everything = (await client.data(PAGE))["changes"]
        epoch = everything["nextToken"].partition("-")[0]
        await pruning.prune(database, days=5, rows=100, now=NOW)
        pages = [
            (await client.data(PAGE, {"since": f"{epoch}-{position:012x}"}))["changes"]
            for position in (0, 4, 5, 9, 10, 11)
        ]
        whole = (await client.data(PAGE))["changes"]
    end = everything["nextToken"]

    def page(*ids: int, resync: bool = False) -> dict[str, object]:
        changes = [{"id": str(number)} for number in ids]
        return {"nextToken": end, "hasMore": False, "resyncRequired": resync, "changes": changes}

    assert pages == [
        page(resync=True),
        page(resync=True),
        page(6, 7, 8, 9, 10),
        page(10),
        page(),
        page(resync=True),
    ]
    assert whole == page(6, 7, 8, 9, 10)


async def test_mutations_are_forgotten(database: Database, address: Address) -> None:
    """A clientMutationId is forgotten with its changes, and may then be another mutation's."""
    create = """mutation { createLabel(input: {name: "%s"}, clientMutationId: "m") {
        label { name } problems { message }
    } }"""
    async with running_app(str(address)) as client:
        await client.data(create % "one")
        again = (await client.data(create % "two"))["createLabel"]
        assert again == {
            "label": None,
            "problems": [
                {"message": 'clientMutationId "m" was another mutation\'s; take a new one'}
            ],
        }
        await pruning.prune(
            database, days=1, rows=100, now=datetime.now(UTC) + timedelta(days=1, minutes=1)
        )
        assert (await client.data(create % "two"))["createLabel"] == {
            "label": {"name": "two"},
            "problems": [],
        }
