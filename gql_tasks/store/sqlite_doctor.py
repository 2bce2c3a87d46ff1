"""Whether a SQLite store can be served: the file, what is around it, and what it holds."""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.domain.finding import Finding, State, some
from gql_tasks.store import migrate
from gql_tasks.store.checks import MIN_FREE_BYTES
from gql_tasks.store.sqlite import MINIMUM_VERSION
from gql_tasks.store.sqlite_checks import RESTORE, check_contents, repair
from gql_tasks.store.sqlite_copies import in_one_line
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_errors import is_busy, reason
from gql_tasks.store.sqlite_files import SIDE_FILES, beside, connect, snapshot, transaction


def examine(path: Path, busy_timeout_seconds: float) -> Iterator[Finding]:
    """Look at everything and change nothing. Ends early where there is nothing to look at."""
    try:
        file = _file(path)
    except OSError as error:
        problem = f"{path.absolute()} cannot be looked at: {error.strerror}"
        file = Finding("file", State.WRONG, problem, "do this as the user who serves")
    yield file
    if file.wrong:
        return
    permissions = _permissions(path)
    yield permissions
    yield _disk(path)
    yield _version()
    try:
        with snapshot(path, busy_timeout_seconds) as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            connection.exec_driver_sql("SELECT 1 FROM sqlite_master").all()
            yield _journal(mode)
            if permissions.wrong:
                yield Finding("lock", State.UNCHECKED, "looked at once the file may be written")
            else:
                yield _lock(path, busy_timeout_seconds)
            yield from check_contents(connection, str(path))
    except (DatabaseError, sqlite3.DatabaseError) as error:
        yield _unreadable(error)


def fix(path: Path, busy_timeout_seconds: float) -> list[str]:
    """Make anew what can be made from the rows, all or nothing. Tells what was done.

    Raises StoreUnusable.
    """
    if not path.is_file():
        raise StoreUnusable(f"there is no file {path}")
    with (
        in_one_line(f"{path} was not fixed"),
        closing(connect(path, "rw", busy_timeout_seconds)) as connection,
        transaction(connection, "BEGIN IMMEDIATE") as opened,
    ):
        if migrate.pending(opened, str(path)):
            raise StoreUnusable("it is not migrated; `gql-tasks migrate` does that")
        return [*repair(opened)]


def _file(path: Path) -> Finding:
    if not path.exists():
        where = f"there is no {path.absolute()}"
        return Finding("file", State.WRONG, where, "`gql-tasks serve` makes a new store")
    if not path.is_file():
        problem = f"{path.absolute()} is not a file"
        return Finding("file", State.WRONG, problem, "name a file with --database")
    size = sum(part.stat().st_size for part in _parts(path))
    return Finding("file", State.OK, f"{path.absolute()}, {size:,} bytes")


def _parts(path: Path) -> list[Path]:
    return [path, *(part for suffix in SIDE_FILES if (part := beside(path, suffix)).exists())]


def _permissions(path: Path) -> Finding:
    def may(target: Path, what: int) -> bool:
        return os.access(target, what, effective_ids=os.access in os.supports_effective_ids)

    directory = path.resolve().parent
    problems = [f"{part.name} may not be read" for part in _parts(path) if not may(part, os.R_OK)]
    problems += [
        f"{part.name} may not be written" for part in _parts(path) if not may(part, os.W_OK)
    ]
    if not may(directory, os.W_OK | os.X_OK):
        problems.append(f"SQLite's log cannot be made in {directory}")
    owner = path.stat().st_uid
    problems += [
        f"{part.name} belongs to another user than {path.name}"
        for part in _parts(path)
        if part.stat().st_uid != owner
    ]
    if problems:
        remedy = "give the file, what is beside it and the directory to who serves"
        return Finding("permissions", State.WRONG, some(problems), remedy)
    return Finding("permissions", State.OK, "the file and its directory may be read and written")


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path.resolve().parent).free
    if free < MIN_FREE_BYTES:
        problem = f"{free:,} bytes are free"
        return Finding("disk", State.WRONG, problem, "make room before writes fail")
    return Finding("disk", State.OK, f"{free:,} bytes are free")


def _version() -> Finding:
    if sqlite3.sqlite_version_info < MINIMUM_VERSION:
        needed = ".".join(map(str, MINIMUM_VERSION))
        problem = f"this is SQLite {sqlite3.sqlite_version}"
        return Finding("sqlite", State.WRONG, problem, f"{needed} or later is needed")
    return Finding("sqlite", State.OK, f"SQLite {sqlite3.sqlite_version}")


def _journal(mode: str) -> Finding:
    if mode != "wal":
        problem = f"the journal mode is {mode}: readers and the writer wait for each other"
        return Finding("journal", State.WRONG, problem, "`gql-tasks serve` switches to wal")
    return Finding("journal", State.OK, "the journal mode is wal")


def _lock(path: Path, busy_timeout_seconds: float) -> Finding:
    """Ask for the write lock, as a server does for every write, and give it back."""
    try:
        with closing(connect(path, "rw", busy_timeout_seconds)) as connection:
            connection.execute("BEGIN IMMEDIATE").close()
            connection.execute("ROLLBACK").close()
    except sqlite3.DatabaseError as error:
        return _unreadable(error, "lock")
    return Finding("lock", State.OK, "nobody keeps others from writing")


def _unreadable(error: Exception, check: str = "integrity") -> Finding:
    if is_busy(error):
        problem = "another program keeps the file locked"
        return Finding("lock", State.WRONG, problem, "find it, `fuser FILE`, and end it")
    return Finding(check, State.WRONG, f"it cannot be read: {reason(error)}", RESTORE)
