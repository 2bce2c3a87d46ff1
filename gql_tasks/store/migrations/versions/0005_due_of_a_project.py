"""the index of the list that apps ask for most: a project's open tasks, the next due first."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add it."""
    op.create_index("ix_tasks_project_id_due", "tasks", ["project_id", "is_completed", "due", "id"])
