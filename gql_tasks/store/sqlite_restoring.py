"""A backup in the place of a SQLite store, whole or not at all, whoever has the store open.

The backup is copied beside the store first, brought to this program's shape there, and looked
through. Then SQLite's own backup writes it into the file that is there, as one transaction under
SQLite's own locks: a server that has the file open reads the old rows until it is committed, and
the new ones from then on. A file that is no database is set aside instead.

backup -> FILE.restoring: copied, migrated, checked, with a log of another name -> the store
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.domain.finding import Finding
from gql_tasks.store import migrate
from gql_tasks.store.sqlite_checks import check_contents
from gql_tasks.store.sqlite_copies import (
    Holding,
    Progress,
    copy,
    held_by,
    in_one_line,
    is_whole,
    put,
    refuse_itself,
    refuse_open,
    snapshot_of,
    sync,
    temporary,
)
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_files import (
    SIDE_FILES,
    beside,
    connect,
    connect_to_read,
    transaction,
)

HARMLESS = {"references"}
"""What may be wrong with a backup: the rows are as they were."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is in the store's place: nothing, something that is no database, or one.

    `held` is None where it cannot be read.
    """

    there: bool
    page_size: int | None = None
    held: Holding | None = None

    @property
    def empty(self) -> bool:
        """Tell whether nothing is lost with it."""
        if not self.there:
            return True
        return self.held is not None and not any(self.held.rows.values())


@dataclass(frozen=True, slots=True)
class Restored:
    """What was, or would be, replaced, in words, and what by. `pending` had to be migrated."""

    before: str
    after: Holding
    pending: bool


def restore(
    path: Path,
    file: Path,
    busy_timeout_seconds: float,
    *,
    overwrite: bool,
    dry_run: bool,
    progress: Progress,
) -> Restored:
    """Put a backup in the place of a store.

    Its log begins anew: whoever asks for what came after a token of before has to read everything
    again. Raises StoreUnusable; then the store is as it was.
    """
    refuse_itself(path, file)
    if not file.is_file():
        raise StoreUnusable(f"there is no file {file}")
    with in_one_line(f"{path} was not restored"):
        target = _look(path, busy_timeout_seconds)
        if not overwrite and not target.empty:
            raise StoreUnusable(f"it holds {_words(target)}; --force replaces it")
        if dry_run:
            with closing(sqlite3.connect("", isolation_level=None)) as staged:  # without a name
                return _stage(file, staged, target, progress, force=overwrite)
        with temporary(beside(path, ".restoring")) as part:
            with closing(connect(part, "rwc", busy_timeout_seconds)) as staged:
                restored = _stage(file, staged, target, _half(progress, 0), force=overwrite)
            second_half = _half(progress, 1)
            second_half(0, 1)  # who wants to stop it does so here, before anything is changed
            _swap(part, path, target, busy_timeout_seconds, second_half)
    progress(1, 1)
    return restored


def _look(path: Path, busy_timeout_seconds: float) -> Target:
    if not path.exists():
        return Target(there=False)
    if not path.is_file():
        raise StoreUnusable("it is not a file")
    page_size = None
    try:
        with closing(connect_to_read(path, busy_timeout_seconds)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
            (page_size,) = connection.execute("PRAGMA page_size").fetchone()
            return Target(there=True, page_size=page_size, held=held_by(connection))
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname not in {"SQLITE_NOTADB", "SQLITE_CORRUPT"}:
            raise
        return Target(there=True, page_size=page_size)


def _stage(
    file: Path, staged: sqlite3.Connection, target: Target, progress: Progress, *, force: bool
) -> Restored:
    """Copy a backup, bring it to this program's shape, look through it, and name its log anew."""
    with closing(connect_to_read(file, 0)) as source, snapshot_of(source):
        copy(source, staged, progress)
    staged.execute("PRAGMA journal_mode=DELETE").close()
    if not is_whole(staged):
        raise StoreUnusable(f"{file} is damaged; take another backup")
    if target.page_size is not None:  # SQLite copies between files of one page size only
        staged.execute(f"PRAGMA page_size={target.page_size}").close()
        staged.execute("VACUUM").close()
    after = held_by(staged)
    if "tasks" not in after.rows:
        raise StoreUnusable(f"{file} has no table tasks: it is no backup of a task store")
    with transaction(staged, "BEGIN IMMEDIATE") as opened:
        pending = bool(migrate.pending(opened, str(file)))
        migrate.upgrade(opened, str(file))
    with transaction(staged) as opened:
        for finding in check_contents(opened, str(file)):
            if _bars(finding) and not force:
                problem = f"{finding.check}: {finding.text}"
                raise StoreUnusable(f"{file} has {problem}; --force restores it all the same")
    known = {after.epoch, target.held.epoch if target.held else None}
    while held_by(staged).epoch in known:
        staged.execute("UPDATE change_log SET epoch = lower(hex(randomblob(3)))").close()
    return Restored(_words(target), after, pending)


def _bars(finding: Finding) -> bool:
    return finding.wrong and finding.check not in HARMLESS


def _swap(
    part: Path, path: Path, target: Target, busy_timeout_seconds: float, progress: Progress
) -> None:
    if not target.there:
        put(part, path, overwrite=False)
    elif target.page_size is None:
        _set_aside(path)
        put(part, path, overwrite=True)
    else:
        sync(part)
        with (
            closing(connect(part, "ro", busy_timeout_seconds)) as staged,
            closing(connect(path, "rw", busy_timeout_seconds)) as store,
        ):
            store.execute("PRAGMA synchronous=FULL").close()
            copy(staged, store, progress)
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()


def _set_aside(path: Path) -> None:
    """Keep what is no database under another name; a crash leaves it under both."""
    path = path.resolve()
    refuse_open(path)
    aside = beside(path, ".damaged")
    aside.unlink(missing_ok=True)
    aside.hardlink_to(path)
    for suffix in SIDE_FILES:
        if beside(path, suffix).exists():
            beside(path, suffix).replace(beside(aside, suffix))


def _words(target: Target) -> str:
    if not target.there:
        return "nothing"
    return "what cannot be read" if target.held is None else str(target.held)


def _half(progress: Progress, which: int) -> Progress:
    return lambda done, total: progress(which * total + done, 2 * total)
