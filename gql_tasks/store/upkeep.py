"""What an operator does to a store: examine it, copy it, put a copy in its place."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.domain.finding import Finding
from gql_tasks.store import postgresql_doctor, sqlite_copies, sqlite_doctor, sqlite_restoring
from gql_tasks.store.database import Database
from gql_tasks.store.sqlite import BUSY_TIMEOUT_SECONDS, SqliteDatabase
from gql_tasks.store.sqlite_copies import Holding, Progress
from gql_tasks.store.sqlite_restoring import Restored


async def examine(database: Database) -> AsyncIterator[Finding]:
    """Look at everything, and change nothing."""
    if isinstance(database, SqliteDatabase):
        for finding in sqlite_doctor.examine(database.path, BUSY_TIMEOUT_SECONDS):
            yield finding
    else:
        async for finding in postgresql_doctor.examine(database):
            yield finding


async def fix(database: Database) -> list[str]:
    """Make anew what can be made from the rows, all or nothing. Tells what was done."""
    if isinstance(database, SqliteDatabase):
        return sqlite_doctor.fix(database.path, BUSY_TIMEOUT_SECONDS)
    return await postgresql_doctor.fix(database)


def back_up(database: Database, file: Path, *, overwrite: bool, progress: Progress) -> Holding:
    """Copy a store to a file, while it is served. Raises StoreUnusable, having written nothing."""
    path = _file_of(database)
    with _one_line():
        return sqlite_copies.back_up(
            path, file, BUSY_TIMEOUT_SECONDS, overwrite=overwrite, progress=progress
        )


def restore(
    database: Database, file: Path, *, overwrite: bool, dry_run: bool, progress: Progress
) -> Restored:
    """Put a backup in the place of a store. Raises StoreUnusable, having changed nothing."""
    path = _file_of(database)
    with _one_line():
        return sqlite_restoring.restore(
            path,
            file,
            BUSY_TIMEOUT_SECONDS,
            overwrite=overwrite,
            dry_run=dry_run,
            progress=progress,
        )


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnusable(f"{error.filename}: {error.strerror}") from error


def _file_of(database: Database) -> Path:
    if isinstance(database, SqliteDatabase):
        return database.path
    raise StoreUnusable(
        f"{database.name} is PostgreSQL's to back up and restore: use pg_dump and pg_restore"
    )
