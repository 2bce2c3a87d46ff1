"""SQLite's search index merges its segments more rarely: that was most of what a new task cost.

Every INSERT leaves a segment. FTS5 merges four of them as they come, sixteen now; a search looks
into a few more.
"""

from alembic import op

revision = "0006"
down_revision = "0005"

SETTINGS = {"automerge": 16, "crisismerge": 64}
"""https://sqlite.org/fts5.html#the_automerge_configuration_option"""


def upgrade() -> None:
    """Set it; it is kept in the index."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        for name, value in SETTINGS.items():
            connection.exec_driver_sql(
                "INSERT INTO tasks_search (tasks_search, rank) VALUES (?, ?)", (name, value)
            )
