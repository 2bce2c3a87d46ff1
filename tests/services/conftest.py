"""The database that services work on, on both stores."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gql_tasks.domain.errors import Problem, Refused
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, WriteSession
from tests.sql import Address

ROWS = ("tasks", "projects", "labels", "task_labels")


class Store:
    """A database, and what can be seen of it from outside."""

    def __init__(self, database: Database, address: Address) -> None:
        self.address = address
        self.write = database.write
        self.fetch = address.fetch
        self.execute = address.execute

    async def refused(self, work: Callable[[WriteSession], Any]) -> list[Problem]:
        """Do a write that must be refused and return its problems; it must not have written."""
        before = self.everything()
        with pytest.raises(Refused) as refusal:
            await self.write(work)
        assert self.everything() == before
        return [*refusal.value.problems]

    def everything(self) -> list[list[tuple[Any, ...]]]:
        """Read every row there is."""
        return [sorted(self.fetch(f"SELECT * FROM {table}"), key=repr) for table in ROWS]

    def in_order(self, table: str = "tasks") -> list[int]:
        """Read the ids of rows in the order made by hand."""
        return [row_id for (row_id,) in self.fetch(f"SELECT id FROM {table} ORDER BY position, id")]


@pytest.fixture
async def store_of_tasks(address: Address) -> AsyncIterator[Store]:
    """An empty store."""
    database = open_database(str(address))
    await database.open()
    yield Store(database, address)
    await database.close()
