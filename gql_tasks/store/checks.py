"""How a database is: whether it answers, is migrated and has room. Nothing is changed by asking.

On SQLite a file is opened anew, as the next process would open it: a connection that is open goes
on reading a file that has been deleted or replaced, and what is written to that one is lost.
"""

import os
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from gql_tasks.store import migrate
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_errors import is_busy

MIN_FREE_BYTES = 16 * 1024 * 1024
"""Of a file system with less than this left, a disk counts as full: a checkpoint needs some."""

VERSION: Final = f"SELECT version_num FROM {migrate.VERSION_TABLE}"  # noqa: S608  # a constant
NOTHING_WRITTEN: Final = f"DELETE FROM {migrate.VERSION_TABLE} WHERE 0"  # noqa: S608  # a constant

Identity = tuple[int, int]
"""A file whatever it is called: its device and its number there."""


def identity_of(path: Path) -> Identity:
    """Tell which file this is now. Raises OSError."""
    found = path.stat()
    return found.st_dev, found.st_ino


def check_file(path: Path, served: Identity | None, *, seconds: float) -> Mapping[str, str]:
    """Check a SQLite file, of which `served` is the one that was opened. Raises nothing."""
    database, migrations, disk = "unreachable", "unknown", "unknown"
    try:
        if identity_of(path) != served:
            return _checked("replaced", migrations, disk)
        file = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(file, uri=True, timeout=seconds / 2)) as connection:
            (revision,) = connection.execute(VERSION).fetchone()
            database, migrations = "ok", _migrated(revision)
            disk = _disk(path, connection)
    except (OSError, sqlite3.Error, TypeError):  # the last one: a table without a row
        pass
    return _checked(database, migrations, disk)


async def check_server(url: str, *, seconds: float) -> Mapping[str, str]:
    """Check a PostgreSQL database, whose disk is its own concern. Raises nothing."""
    import asyncpg  # not where the database is a file

    with suppress(OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(url, timeout=seconds)
        try:
            revision = await connection.fetchval(VERSION, timeout=seconds)
        except asyncpg.UndefinedTableError:
            return _checked("ok", _migrated(None), "n/a")
        finally:
            connection.terminate()
        return _checked("ok", _migrated(revision), "n/a")
    return _checked("unreachable", "unknown", "n/a")


def _checked(database: str, migrations: str, disk: str) -> Mapping[str, str]:
    return {"database": database, "migrations": migrations, "disk": disk}


def _migrated(revision: str | None) -> str:
    return "ok" if revision == migrate.HEAD else "another version's"


def _disk(path: Path, connection: sqlite3.Connection) -> str:
    """Tell whether there is room, and may be written: the lock for that is taken and left."""
    volume = os.statvfs(path)
    if volume.f_bavail * volume.f_frsize < MIN_FREE_BYTES:
        return "full"
    connection.isolation_level = None
    connection.execute("PRAGMA busy_timeout=0").close()
    try:
        connection.execute("BEGIN IMMEDIATE").close()
        connection.execute(NOTHING_WRITTEN).close()  # only now a file that is read-only says so
        connection.execute("ROLLBACK").close()
    except sqlite3.Error as error:
        return "ok" if is_busy(error) else "not writable"  # busy: another program writes
    return "ok"
