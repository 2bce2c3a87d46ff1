"""the change log: every change of every row, whoever made it, in the writer's own transaction.

`changes` holds a row as it was and as it became, in the API's own words: the JSON of a task's
fields, with `projectId`, `parentId` and `labelIds` for what it leads to. Where the API shows a
value for a NULL that another program left, `nulls` names the column, for whoever puts it back.

The log is in the order of commits. SQLite has one writer at a time. PostgreSQL gives out sequence
numbers before commit, and even the order of transaction ids is not that of two changes of one row;
so entries are numbered as the last thing before a commit, under a lock held until it is done (the
NOTIFY beside it takes such a lock anyway).

`change_log` is one row. `epoch` names this log, so that no token of another one is taken for its
own; `pruned_through` is the last position that has been pruned; `mutation` is the number of the
mutation that is being written, so that its changes can be told from others.
"""

from alembic import op
from sqlalchemy import Connection

from gql_tasks.store.migrations.change_log_postgresql import POSTGRESQL
from gql_tasks.store.migrations.change_log_sqlite import SQLITE

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the log, empty: what was there before it is nobody's change."""
    connection: Connection = op.get_bind()
    for statement in {"sqlite": SQLITE, "postgresql": POSTGRESQL}[connection.dialect.name]:
        connection.exec_driver_sql(statement)
