"""The SQLite driver: `pysqlite3` where it is installed (the extra `sqlite`), else Python's own.

One process must use one of them. Two copies of SQLite's library with the same file open do not know
of each other's locks, and closing a file in one lets go of those that the other holds.
https://sqlite.org/howtocorrupt.html, 2.2.1
"""

try:
    from pysqlite3 import dbapi2 as sqlite3
except ImportError:
    import sqlite3

__all__ = ["limit_length", "sqlite3"]


def limit_length(connection: sqlite3.Connection, most_bytes: int) -> None:
    """Keep SQLite from making texts longer than this. `pysqlite3` cannot be told."""
    if hasattr(connection, "setlimit"):
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, most_bytes)
