"""Whether what a SQLite file holds is whole: its pages, references, migrations, index and log."""

from collections.abc import Callable, Iterator
from contextlib import closing

from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.domain.finding import Finding, State, some
from gql_tasks.store import migrate
from gql_tasks.store.database import ReadSession, WriteSession, statement_cache
from gql_tasks.store.log_check import check_log, check_rows, repair_log
from gql_tasks.store.sqlite_copies import copy
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_errors import reason
from gql_tasks.store.sqlite_files import driver
from gql_tasks.store.sqlite_schema import INDEXED, make_anew, make_search_anew, missing
from gql_tasks.store.sqlite_search import SEARCH_INDEX
from gql_tasks.store.sqlite_sql import SQLITE

RESTORE = "keep a copy of the file, and put a backup in its place: `gql-tasks restore BACKUP`"
FIX = "`gql-tasks doctor --fix` makes it anew"

NOT_BEFORE_MIGRATION = "looked at once the store is migrated"

_MISINDEXED = f"""
    SELECT tasks.id FROM tasks LEFT JOIN {SEARCH_INDEX}_content AS indexed ON indexed.id = tasks.id
    WHERE indexed.id IS NULL OR (indexed.c0, indexed.c1) IS NOT ({INDEXED})
    UNION ALL
    SELECT id FROM {SEARCH_INDEX}_content WHERE id NOT IN (SELECT id FROM tasks)
"""  # noqa: S608  # constants

_COMPARE = f"INSERT INTO {SEARCH_INDEX} ({SEARCH_INDEX}) VALUES ('integrity-check')"  # noqa: S608  # a constant


def check_contents(connection: Connection, name: str) -> Iterator[Finding]:
    """Look at everything, on one snapshot; what is damaged is told of and not raised."""
    integrity = _tried("integrity", lambda: _integrity(connection))
    yield integrity
    yield _tried("references", lambda: _references(connection))
    migrations = _tried("migrations", lambda: _migrations(connection, name))
    yield migrations
    checks: tuple[tuple[str, Callable[[], Finding]], ...] = (
        ("schema", lambda: _schema(connection)),
        ("search", lambda: _search(connection, _check_words_in_copy)),
        ("log", lambda: check_log(_session(connection))),
        ("changes", lambda: check_rows(_session(connection))),
    )
    for check, look in checks:
        if migrations.wrong:
            yield Finding(check, State.UNCHECKED, NOT_BEFORE_MIGRATION)
        else:
            yield _tried(check, look)


def repair(connection: Connection) -> Iterator[str]:
    """Make anew what can be made from the rows, in a transaction that may write."""
    yield from make_anew(connection)
    if _search(connection, _check_words).wrong:
        make_search_anew(connection)
        yield "the search index"
    with WriteSession(connection, statements=statement_cache(SQLITE)) as session:
        if logged := repair_log(session):
            yield f"what is logged of {some(logged)}"


def _session(connection: Connection) -> ReadSession:
    return ReadSession(connection, statements=statement_cache(SQLITE))


def _tried(check: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except (DatabaseError, sqlite3.DatabaseError) as error:
        return Finding(check, State.WRONG, f"cannot be read: {reason(error)}", RESTORE)


def _integrity(connection: Connection) -> Finding:
    (problem,) = driver(connection).execute("PRAGMA integrity_check(1)").fetchone()
    if problem == "ok":
        return Finding("integrity", State.OK, "every page is as it should be")
    place = problem.replace("*** in database main ***", "").strip().partition("\n")[0]
    return Finding("integrity", State.WRONG, f"the file is damaged: {place}", RESTORE)


def _references(connection: Connection) -> Finding:
    dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if not dangling:
        return Finding("references", State.OK, "every row that another leads to is there")
    rows = sorted({f"{table} {rowid}" for table, rowid, *_ in dangling})
    return Finding(
        "references",
        State.WRONG,
        f"what they lead to is not there: {some(rows)}",
        "write them again without it",
    )


def _migrations(connection: Connection, name: str) -> Finding:
    try:
        pending = migrate.pending(connection, name)
    except StoreUnusable as error:
        return Finding("migrations", State.WRONG, str(error), "name another file, or upgrade")
    if not pending:
        return Finding("migrations", State.OK, "all have run")
    waiting = [migration.partition(":")[0] for migration in pending]
    return Finding(
        "migrations", State.WRONG, f"pending: {some(waiting)}", "`gql-tasks migrate` runs them"
    )


def _schema(connection: Connection) -> Finding:
    lacking = missing(connection)
    if not lacking:
        return Finding("schema", State.OK, "tables, indexes and triggers are as they were made")
    makeable = all(named.type in {"index", "trigger"} for named in lacking)
    return Finding(
        "schema",
        State.WRONG,
        f"missing or changed: {some(sorted(map(str, lacking)))}",
        "`gql-tasks doctor --fix` makes them anew" if makeable else RESTORE,
    )


def _search(connection: Connection, check_words: Callable[[Connection], None]) -> Finding:
    try:
        tasks = [f"task {task}" for task in connection.exec_driver_sql(_MISINDEXED).scalars()]
        if not tasks:
            check_words(connection)
    except (DatabaseError, sqlite3.DatabaseError):
        return Finding("search", State.WRONG, "the search index is damaged", FIX)
    if tasks:
        return Finding("search", State.WRONG, f"other words are indexed: {some(tasks)}", FIX)
    return Finding("search", State.OK, "every task is found by its words")


def _check_words(connection: Connection) -> None:
    """Compare the index with the texts it was made from, where writing is allowed."""
    connection.exec_driver_sql(_COMPARE)


def _check_words_in_copy(connection: Connection) -> None:
    """Compare them in a copy that has no name, because to SQLite that is a write."""
    with closing(sqlite3.connect("", isolation_level=None)) as made:
        copy(driver(connection), made, lambda *_: None)
        made.execute(_COMPARE).close()
