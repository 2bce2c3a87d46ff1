"""Other people's triggers, while a migration writes to every row."""

from collections.abc import Iterator
from contextlib import contextmanager

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
