"""Bring a database to this program's shape, in place, in one transaction.

A crash leaves the database as it was or migrated, never between. Of several processes that start
at once one migrates, and the others find it done.
"""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Integer, inspect

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.tables import TaskRow

TUTORIAL_COLUMNS = {"id", "title", "description", "completed"}

VERSION_TABLE = "gql_tasks_version"
"""Where Alembic keeps the revision. Its usual table is that of the user's own migrations."""

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
        config.attributes |= {"connection": connection, "version_table": VERSION_TABLE}
        command.upgrade(config, "head")


def pending(connection: Connection, name: str) -> list[str]:
    """List the migrations that have not run, oldest first, as `revision: what it does`.

    Raises StoreUnusable as `upgrade` does.
    """
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    current = context.get_current_heads()
    _check_tasks_table(connection, name, migrated=bool(current))
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    if newer := set(current) - known:
        raise StoreUnusable(
            f"{name} was migrated by a newer gql_tasks (revision {', '.join(sorted(newer))}); "
            "upgrade this one"
        )
    revisions = [*scripts.iterate_revisions("head", current or "base")]
    return [f"{revision.revision}: {revision.doc}" for revision in reversed(revisions)]


def head() -> str | None:
    """Name the revision of a database that is migrated."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def every_migration() -> list[str]:
    """List every migration, oldest first: what a new database will run."""
    scripts = ScriptDirectory.from_config(_config())
    return [f"{script.revision}: {script.doc}" for script in reversed([*scripts.walk_revisions()])]


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


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("gql_tasks.store") / "migrations"))
    return config
