"""Bring a database to this program's shape, in place, in one transaction.

A crash leaves the database as it was or migrated, never between. Of several processes that start
at once one migrates, and the others find it done.

Alembic does it. It is loaded where there is something to do: a server keeps its memory for years.
"""

from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Integer, inspect

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.tables import TaskRow

if TYPE_CHECKING:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

TUTORIAL_COLUMNS = {"id", "title", "description", "completed"}

VERSION_TABLE = "gql_tasks_version"
"""Where Alembic keeps the revision. Its usual table is that of the user's own migrations."""

ADVISORY_LOCK = 0x67716C7461736B73  # "gqltasks"

HEAD = "0007"
"""The revision of a database that is migrated."""


def upgrade(connection: Connection, name: str) -> None:
    """Run what is pending within the connection's transaction, which the caller commits.

    On SQLite the transaction must hold the write lock already (BEGIN IMMEDIATE). `name` is the
    database's name for messages. Raises StoreUnusable for a database that is not a task store or
    is newer than this program.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    if pending(connection, name):
        from alembic import command

        config = _config()
        config.attributes |= {"connection": connection, "version_table": VERSION_TABLE}
        command.upgrade(config, "head")


def pending(connection: Connection, name: str) -> list[str]:
    """List the migrations that have not run, oldest first, as `revision: what it does`.

    Raises StoreUnusable as `upgrade` does.
    """
    current = _current(connection)
    _check_tasks_table(connection, name, migrated=bool(current))
    if current == (HEAD,):
        return []
    scripts = _scripts()
    known = {script.revision for script in scripts.walk_revisions()}
    if newer := set(current) - known:
        raise StoreUnusable(
            f"{name} was migrated by a newer gql_tasks (revision {', '.join(sorted(newer))}); "
            "upgrade this one"
        )
    revisions = [*scripts.iterate_revisions("head", current or "base")]
    return [f"{revision.revision}: {revision.doc}" for revision in reversed(revisions)]


def every_migration() -> list[str]:
    """List every migration, oldest first: what a new database will run."""
    return [
        f"{script.revision}: {script.doc}" for script in reversed([*_scripts().walk_revisions()])
    ]


def _check_tasks_table(connection: Connection, name: str, *, migrated: bool) -> None:
    inspector = inspect(connection)
    if not inspector.has_table("tasks"):
        return
    columns = {column["name"]: column["type"] for column in inspector.get_columns("tasks")}
    if missing := TUTORIAL_COLUMNS - columns.keys():
        raise StoreUnusable(
            f"{name} has a table tasks without {', '.join(sorted(missing))}: it is not a task store"
        )
    keys = inspector.get_pk_constraint("tasks")["constrained_columns"]
    if keys != ["id"] or not isinstance(columns["id"], Integer):
        raise StoreUnusable(
            f"{name} has a table tasks without an integer primary key id: it is not a task store"
        )
    added = {column.name for column in TaskRow.__table__.columns} - TUTORIAL_COLUMNS
    if not migrated and (taken := added & columns.keys()):
        raise StoreUnusable(
            f"{name} has a table tasks with {', '.join(sorted(taken))} of its own, "
            "which gql_tasks would add; rename what is there"
        )


def _current(connection: Connection) -> tuple[str, ...]:
    if not inspect(connection).has_table(VERSION_TABLE):
        return ()
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  # a constant
    return tuple(found.scalars())


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config())


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("gql_tasks.store") / "migrations"))
    return config
