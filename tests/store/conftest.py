"""What tests of SQLite's own file share."""

from pathlib import Path

import pytest

from gql_tasks.store.address import open_database
from tests import sql
from tests.sql import Address


@pytest.fixture
def file(tmp_path: Path) -> Address:
    """An empty, migrated file, whichever store the run is for."""
    path = tmp_path / "tasks.db"
    sql.run(_migrate, path)
    return Address(path)


async def _migrate(path: Path) -> None:
    database = open_database(str(path))
    await database.open()
    await database.close()
