"""Bring a database to this program's shape, in place, in one transaction.

A crash leaves the database as it was or migrated, never between. Of several processes that start
at once one migrates, and the others find it done.
"""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect

from gql_tasks.domain.errors import StoreUnusable

TUTORIAL_COLUMNS = {"id", "title", "description", "completed"}

ADVISORY_LOCK = 0x67716C7461736B73  # "gqltasks"


def upgrade(connection: Connection, name: str) -> None:
    """Run what is pending within the connection's transaction, which the caller commits.

    On SQLite the transaction must hold the write lock already (BEGIN IMMEDIATE). `name` is the
    database's name for messages. Raises StoreUnusable for a database that is not a task store or
    is newer than this program.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    if pending(connection, name):
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def pending(connection: Connection, name: str) -> list[str]:
    """List the migrations that have not run, oldest first, as `revision: what it does`.

    Raises StoreUnusable as `upgrade` does.
    """
    _check_tasks_table(connection, name)
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_heads()
    try:
        revisions = list(scripts.iterate_revisions("head", current or "base"))
    except CommandError as error:
        raise StoreUnusable(
            f"{name} was migrated by a newer gql_tasks (revision {', '.join(current)}); "
            "upgrade this one"
        ) from error
    return [f"{revision.revision}: {revision.doc}" for revision in reversed(revisions)]


def every_migration() -> list[str]:
    """List every migration, oldest first: what a new database will run."""
    scripts = ScriptDirectory.from_config(_config())
    return [f"{script.revision}: {script.doc}" for script in reversed([*scripts.walk_revisions()])]


def _check_tasks_table(connection: Connection, name: str) -> None:
    inspector = inspect(connection)
    if not inspector.has_table("tasks"):
        return
    columns = {column["name"] for column in inspector.get_columns("tasks")}
    if missing := TUTORIAL_COLUMNS - columns:
        raise StoreUnusable(
            f"{name} has a table tasks without {', '.join(sorted(missing))}: it is not a task store"
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("gql_tasks.store") / "migrations"))
    return config
