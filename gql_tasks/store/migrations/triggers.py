"""Triggers in a migration's way: other people's while it writes to every row, ours of before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import dropwhile

from sqlalchemy import Connection

OURS = {"tasks_stamp_insert", "tasks_stamp_update"}
"""The triggers that a migration may find because one before it made them."""


@contextmanager
def users_triggers_aside(connection: Connection) -> Iterator[None]:
    """Keep triggers that somebody else made from taking a migration's UPDATE for a user's."""
    if connection.dialect.name != "sqlite":
        yield  # a migration disables them there, or sets none off
        return
    found = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'tasks'"
    ).all()
    triggers = [(name, sql) for name, sql in found if name not in OURS]
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name, _ in triggers:
        connection.exec_driver_sql(f"DROP TRIGGER {quote(name)}")
    yield
    for _, sql in triggers:
        connection.exec_driver_sql(sql)


def exchange_triggers(connection: Connection, statements: Sequence[str]) -> None:
    """Put triggers in the places of those of the same names, on SQLite, unless they are the same.

    SQLite sets a table's triggers off in an order that goes by their making, so whatever was made
    after the first that is exchanged is made again as it was: other people's triggers too.
    """
    rows = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
    )
    found: dict[str, str] = {row.name: row.sql for row in rows}
    wanted = found | {statement.split()[2]: statement.strip() for statement in statements}
    again = [*dropwhile(lambda name: found.get(name) == wanted[name], wanted)]
    quote = connection.dialect.identifier_preparer.quote_identifier
    for name in again:
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {quote(name)}")
    for name in again:
        connection.exec_driver_sql(wanted[name])
