"""writes that write less.

`ix_tasks_due` is without `is_completed`, so that a task that is completed is left alone in it:
`ix_tasks_is_completed` serves open tasks by their days. SQLite's triggers leave what they left, and
write less for it; and what this program writes is indexed for search once a transaction.
"""

from alembic import op

from gql_tasks.store.migrations.change_log_sqlite import SQLITE_TRIGGERS
from gql_tasks.store.migrations.search_sqlite import PENDING, SEARCH_TRIGGERS
from gql_tasks.store.migrations.triggers import exchange_triggers

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index and the triggers anew, but for triggers that 0004 made so."""
    op.drop_index("ix_tasks_due", "tasks", if_exists=True)
    op.create_index("ix_tasks_due", "tasks", ["due", "id"])
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(PENDING)
        exchange_triggers(connection, (*SQLITE_TRIGGERS, *SEARCH_TRIGGERS))
