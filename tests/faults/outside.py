"""A SQLite store as `sqlite3` sees it from outside: whether it is whole and agrees with itself."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gql_tasks.store.sqlite_driver import sqlite3
from tests.change_log import log_of, replayed, world_of
from tests.sql import Address

INDEXED = "SELECT rowid, title, description FROM tasks_search ORDER BY rowid"
SEARCHED = (
    "SELECT id, substr(replace(title, 'İ', 'i'), 1, 100000),"
    " substr(replace(description, 'İ', 'i'), 1, 100000) FROM tasks ORDER BY id"
)


def titles(path: Path) -> list[str]:
    """Read every task's title, in the order in which they were written."""
    return [title for (title,) in Address(path).fetch("SELECT title FROM tasks ORDER BY id")]


def assert_whole(path: Path) -> None:
    """Check the file, and that the change log and the search index say what the rows do."""
    address = Address(path)
    assert address.fetch("PRAGMA integrity_check") == [("ok",)]
    assert address.fetch("PRAGMA foreign_key_check") == []
    assert replayed(log_of(address)) == world_of(address)
    assert address.fetch(INDEXED) == address.fetch(SEARCHED)
    assert address.fetch("SELECT id FROM tasks_search_pending") == []
    assert address.fetch("SELECT mutation FROM change_log") == [(None,)]
    address.execute("INSERT INTO tasks_search(tasks_search) VALUES ('integrity-check')")


@contextmanager
def write_lock(path: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock, as another program in the middle of its transaction does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO tasks (title) VALUES ('never committed')")
        yield other
        other.rollback()


def damage(path: Path, table: str) -> None:
    """Overwrite the pages of a table's rows in a file that nobody has open."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (root,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
