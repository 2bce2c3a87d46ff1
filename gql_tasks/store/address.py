"""An address to the database it means."""

from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.database import Database
from gql_tasks.store.postgresql import PostgresqlDatabase
from gql_tasks.store.sqlite import SqliteDatabase


def open_database(address: str) -> Database:
    """Find the database for a file's path, a `sqlite:///` URL or a `postgresql://` URL.

    Nothing is connected or created yet. Raises StoreUnusable for any other address.
    """
    if "://" not in address:
        return SqliteDatabase(Path(address))
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise StoreUnusable(f"{address} is not a database URL") from error
    match url.get_backend_name():
        case "sqlite" if url.database and url.database != ":memory:":
            return SqliteDatabase(Path(url.database))
        case "sqlite":
            raise StoreUnusable("a database in memory cannot be shared; name a file")
        case "postgresql" | "postgres":
            return PostgresqlDatabase(url.set(drivername="postgresql+asyncpg"))
        case other:
            raise StoreUnusable(f"{other} is not a database gql_tasks knows: sqlite, postgresql")
