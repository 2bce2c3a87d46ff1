"""An address to the database it means."""

from math import inf
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.database import Database
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.timings import Timings

MEMORY = ":memory:"


def open_database(
    address: str, *, statement_seconds: float = inf, timings: Timings | None = None
) -> Database:
    """Find the database for a file's path, a `sqlite:///` URL or a `postgresql://` URL.

    A statement that takes longer than `statement_seconds` will be stopped, migrations excepted.
    `timings` are told how long reads and writes take. Nothing is connected or created yet. Raises
    StoreUnusable for any other address. Addresses of servers may hold passwords, so no message
    repeats one.
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return _file(address, statement_seconds, timings)
    match scheme.partition("+")[0]:  # SQLAlchemy's `+driver` is none of a caller's concern
        case "sqlite":
            return _file(_path(address), statement_seconds, timings)
        case "postgresql" | "postgres":
            # Here: a server on SQLite has no use for the driver, and keeps its memory for years.
            from gql_tasks.store.postgresql import PostgresqlDatabase

            return PostgresqlDatabase(
                f"postgresql://{rest}", statement_seconds=statement_seconds, timings=timings
            )
        case other:
            raise StoreUnusable(f'"{other}" is not a database gql_tasks knows: sqlite, postgresql')


def _path(url: str) -> str:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = None
    if parsed is None or parsed.host:
        raise StoreUnusable(f"{url} is not a SQLite URL such as sqlite:///tasks.db")
    return parsed.database or MEMORY


def _file(path: str, statement_seconds: float, timings: Timings | None) -> SqliteDatabase:
    if path == MEMORY:
        raise StoreUnusable("a database in memory cannot be shared; name a file")
    return SqliteDatabase(Path(path), statement_seconds=statement_seconds, timings=timings)
