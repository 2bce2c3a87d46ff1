"""What a migrated SQLite file has in it, compared with what the migrations make, and made anew."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Connection

from gql_tasks.store import migrate
from gql_tasks.store.migrations.search_sqlite import sqlite_texts
from gql_tasks.store.migrations.statistics import write_statistics
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_files import transaction
from gql_tasks.store.sqlite_search import SEARCH_INDEX

TUTORIALS = {"ix_tasks_id", "ix_tasks_title"}
"""Indexes that are made with a new table only; a table of somebody else's need not have them."""

INDEXED = sqlite_texts("tasks.")
"""The texts of a task as they are indexed."""


@dataclass(frozen=True, slots=True)
class Named:
    """A table, an index or a trigger."""

    type: str
    name: str

    def __str__(self) -> str:
        """Name it."""
        return f"{self.type} {self.name}"


@cache
def expected() -> dict[Named, str]:
    """Make a new store, in memory, and read the SQL of what is in it."""
    with (
        closing(sqlite3.connect(":memory:", isolation_level=None)) as connection,
        transaction(connection) as opened,
    ):
        migrate.upgrade(opened, ":memory:")
        objects = _objects(opened)
        tables = [named.name for named in objects if named.type == "table"]
        columns = [Named("column", f"{table}.{name}") for table, name in _columns(opened, tables)]
        return objects | dict.fromkeys(columns, "")


def missing(connection: Connection) -> dict[Named, str]:
    """Find what is not there, or is there as something else, with the SQL that makes it."""
    found = _objects(connection)
    tables = {named.name for named in expected() if named.type == "table"}
    columns = {f"{table}.{column}" for table, column in _columns(connection, sorted(tables))}
    return {
        named: sql
        for named, sql in expected().items()
        if named.name not in TUTORIALS
        and (
            named.name not in columns
            if named.type == "column"
            else named not in found
            if named.type == "table" and named.name != SEARCH_INDEX
            else _plain(found.get(named, "")) != _plain(sql)
        )
    }


def make_anew(connection: Connection) -> list[str]:
    """Make the triggers and indexes that are missing, or are others, as the migrations do.

    Triggers are made all of them: SQLite sets them off in an order that goes by their making.
    """
    lacking = [named for named in missing(connection) if named.type in {"index", "trigger"}]
    if not lacking:
        return []
    again = {named.type for named in lacking} & {"trigger"}
    for named, sql in expected().items():
        if named in lacking or named.type in again:
            connection.exec_driver_sql(f"DROP {named.type} IF EXISTS {named.name}")
            connection.exec_driver_sql(sql)
    if any(named.type == "index" for named in lacking):
        write_statistics(connection)  # SQLite drops an index's with it
    return [*map(str, lacking)]


def make_search_anew(connection: Connection) -> None:
    """Index every task, as the migration does."""
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {SEARCH_INDEX}")
    connection.exec_driver_sql(expected()[Named("table", SEARCH_INDEX)])
    connection.exec_driver_sql(
        f"INSERT INTO {SEARCH_INDEX} (rowid, title, description) SELECT id, {INDEXED} FROM tasks"  # noqa: S608  # constants
    )


def _objects(connection: Connection) -> dict[Named, str]:
    rows = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    )
    return {
        Named(type_, name): sql
        for type_, name, sql in rows
        if type_ == "trigger" or not name.startswith(("sqlite_", f"{SEARCH_INDEX}_"))
    }


def _plain(sql: str) -> str:
    return " ".join(sql.split())


def _columns(connection: Connection, tables: list[str]) -> Iterator[tuple[str, str]]:
    for table in tables:
        for row in connection.exec_driver_sql(f"PRAGMA table_xinfo({table})"):
            yield table, row[1]
