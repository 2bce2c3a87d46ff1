"""A copy of a SQLite store while it is served: complete, verified and on disk, or not there.

SQLite's own backup does the copying, from one snapshot: writers need not wait for it, and the copy
is the store as it was at one moment, however long it takes. https://sqlite.org/backup.html
"""

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.migrate import VERSION_TABLE
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_errors import is_busy, reason
from gql_tasks.store.sqlite_files import SIDE_FILES, beside, connect, connect_to_read

PAGES_AT_ONCE = 1_000

COUNTED = ("tasks", "projects", "labels")

Progress = Callable[[int, int], None]
"""Told how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store holds: its rows by table, its revision, its log, and what leads nowhere."""

    rows: dict[str, int]
    revision: str | None
    epoch: str | None
    dangling: int

    def __str__(self) -> str:
        """Count what people know of."""
        counts = ((name, self.rows.get(name, 0)) for name in COUNTED)
        return ", ".join(f"{n:,} {name[:-1] if n == 1 else name}" for name, n in counts)


def back_up(
    path: Path, file: Path, busy_timeout_seconds: float, *, overwrite: bool, progress: Progress
) -> Holding:
    """Copy a store to a file.

    Raises StoreUnusable; then nothing was written, and a file that was there is there still.
    """
    refuse_itself(path, file)
    if not path.is_file():
        raise StoreUnusable(f"there is no file {path}")
    if file.exists() and not (overwrite and file.is_file()):
        raise StoreUnusable(f"{file} is there already; --force replaces a file")
    with in_one_line(f"{file} was not written"), temporary(beside(file, ".part")) as part:
        with (
            closing(connect_to_read(path, busy_timeout_seconds)) as source,
            closing(connect(part, "rwc", busy_timeout_seconds)) as made,
            snapshot_of(source),
        ):
            copy(source, made, progress)
            held = held_by(source)
            made.execute("PRAGMA journal_mode=DELETE").close()  # one file, whole by itself
            if not is_whole(made):
                raise StoreUnusable(f"{path} is damaged; see `gql-tasks doctor`")
            if held_by(made) != held:
                raise StoreUnusable("the copy is not what was copied")
        put(part, file, overwrite=overwrite)
    return held


def refuse_itself(path: Path, file: Path) -> None:
    """Refuse to copy a file onto itself, whatever it is called."""
    if path.resolve() == file.resolve() or (
        path.exists() and file.exists() and path.samefile(file)
    ):
        raise StoreUnusable(f"{file} is the store itself")


def copy(source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress) -> None:
    """Copy all of it into what is there, as one transaction of the target's."""

    def step(status: int, remaining: int, total: int) -> None:
        # The driver would wait without end; the locks were waited for already.
        if status in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise StoreUnusable("another program keeps the file locked; try again")
        progress(total - remaining, total)

    source.backup(target, pages=PAGES_AT_ONCE, progress=step)


@contextmanager
def snapshot_of(connection: sqlite3.Connection) -> Iterator[None]:
    """Hold on to what the file holds now."""
    connection.execute("BEGIN").close()
    connection.execute("SELECT 1 FROM sqlite_master").fetchall()
    yield
    connection.execute("ROLLBACK").close()


def is_whole(connection: sqlite3.Connection) -> bool:
    """Tell whether every page is as it should be."""
    found: list[tuple[str]] = connection.execute("PRAGMA integrity_check(1)").fetchall()
    return found == [("ok",)]


def held_by(connection: sqlite3.Connection) -> Holding:
    """Count every table's rows."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
    ).fetchall()
    rows = {}
    for (name,) in names:
        quoted = name.replace('"', '""')
        (rows[name],) = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()  # noqa: S608  # quoted
    return Holding(
        rows,
        _only(connection, VERSION_TABLE, "version_num") if VERSION_TABLE in rows else None,
        _only(connection, "change_log", "epoch") if "change_log" in rows else None,
        len(connection.execute("PRAGMA foreign_key_check").fetchall()),
    )


def _only(connection: sqlite3.Connection, table: str, column: str) -> str | None:
    row = connection.execute(f"SELECT {column} FROM {table}").fetchone()  # noqa: S608  # constants
    return None if row is None else row[0]


@contextmanager
def temporary(part: Path) -> Iterator[Path]:
    """Write a file that has this name until it is put in its place, and leave nothing behind."""
    remove(part)  # what a run left that was killed
    try:
        yield part
    finally:
        remove(part)


def remove(path: Path) -> None:
    """Remove a file and what SQLite kept beside it."""
    for part in (path, *(beside(path, suffix) for suffix in SIDE_FILES)):
        part.unlink(missing_ok=True)


def put(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give a file that is complete its name, once it is on disk."""
    path = path.resolve()  # a link stays, and leads to it
    sync(part)
    if path.exists() and not overwrite:
        raise StoreUnusable("somebody made it meanwhile")
    refuse_open(path)
    for suffix in SIDE_FILES:  # SQLite would take what is in them for a part of the new file
        beside(path, suffix).unlink(missing_ok=True)
    part.replace(path)
    if os.name == "posix":
        sync(path.parent)


def refuse_open(path: Path) -> None:
    """Refuse to take a file away from a program that has it open.

    Every program that has a file open in WAL mode keeps one of these bytes locked.
    https://sqlite.org/fileformat2.html#the_lock_byte_page
    """
    try:
        import fcntl
    except ImportError:  # Windows does not let a file go that is open
        return
    if not path.exists():
        return
    with path.open("r+b") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 512, 0x40000000)
        except BlockingIOError:
            raise StoreUnusable("another program has it open; stop it and try again") from None


def sync(path: Path) -> None:
    """Wait until a file, or a directory's names, are on disk."""
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def in_one_line(failure: str) -> Iterator[None]:
    """Say what was not done, and why."""
    try:
        yield
    except (DatabaseError, sqlite3.Error, OSError, StoreUnusable) as error:
        if is_busy(error):
            why = "another program keeps the file locked; try again"
        elif isinstance(error, OSError):
            why = error.strerror or str(error)
        elif isinstance(error, StoreUnusable):
            why = str(error)
        else:
            why = reason(error)
        raise StoreUnusable(f"{failure}: {why}") from error
