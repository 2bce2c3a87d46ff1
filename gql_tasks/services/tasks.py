"""Writing tasks. Each function works in the transaction of the session it is given.

They raise Refused, having written nothing, for what the caller can put right. Ids are the callers'
texts; an id that no row can have is one that no row has.
"""

from gql_tasks.domain.task import NewTask, TaskChanges, check_changes, parse_id, task_not_found
from gql_tasks.store.database import WriteSession
from gql_tasks.store.tables import TaskRow


def create_task(session: WriteSession, task: NewTask) -> int:
    """Write a task and return its id."""
    row = TaskRow(title=task.title, description=task.description, completed=task.completed)
    session.add(row)
    session.flush()
    return row.id


def update_task(session: WriteSession, task_id: str, changes: TaskChanges) -> int:
    """Change a task and return its id. Changes that change nothing leave its version alone."""
    check_changes(changes)
    row = _existing(session, task_id)
    if (title := changes.get("title")) is not None:
        row.title = title
    if "description" in changes:
        row.description = changes["description"] or ""
    if (completed := changes.get("completed")) is not None:
        row.completed = completed
    session.flush()
    return row.id


def delete_task(session: WriteSession, task_id: str) -> int:
    """Delete a task's row and return its id."""
    row = _existing(session, task_id)
    session.delete(row)
    session.flush()
    return row.id


def _existing(session: WriteSession, task_id: str) -> TaskRow:
    row_id = parse_id(task_id)
    row = None if row_id is None else session.get(TaskRow, row_id, with_for_update=True)
    if row is None:
        raise task_not_found(task_id)
    return row
