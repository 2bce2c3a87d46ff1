"""SQLite's search index, brought up to date with what a transaction of this program has written.

Its triggers only note which rows those are (`migrations/search_sqlite.py`). They are indexed
together before the commit, and before anything in the transaction searches.
"""

from gql_tasks.store.migrations.search_sqlite import sqlite_texts
from gql_tasks.store.sqlite_driver import sqlite3

SEARCH_INDEX = "tasks_search"

_ANY_PENDING = "SELECT 1 FROM tasks_search_pending LIMIT 1"
_STATEMENTS = (
    "DELETE FROM tasks_search WHERE rowid IN (SELECT id FROM tasks_search_pending)",
    f"""
    INSERT INTO tasks_search (rowid, title, description)
    SELECT id, {sqlite_texts("")} FROM tasks WHERE id IN (SELECT id FROM tasks_search_pending)
    """,  # noqa: S608  # constants
    "DELETE FROM tasks_search_pending",
)


def index_pending(connection: sqlite3.Connection) -> None:
    """Index the rows that were noted."""
    if connection.execute(_ANY_PENDING).fetchall():
        for statement in _STATEMENTS:
            connection.execute(statement).close()
