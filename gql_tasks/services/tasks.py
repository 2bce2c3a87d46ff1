"""Writing tasks. Each function works in the transaction of the session it is given.

They raise Refused, having written nothing, for what the caller can put right. Ids are the callers'
texts; an id that no row can have is one that no row has.
"""

from typing import Any

from gql_tasks.domain.errors import Refused
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import FromParent, NewTask, TaskChanges, new_task_problems, unfold
from gql_tasks.services.new_tasks import check_new_tasks, write_new_tasks
from gql_tasks.services.order import key_for, key_for_moved
from gql_tasks.services.references import check_version, no_such_row, refuse, row_to_delete
from gql_tasks.services.task_changes import (
    columns_of,
    number_of,
    numbers_of,
    problems_of_changes,
    problems_with_themselves,
)
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import add_labels, projects_of, remove_labels
from gql_tasks.store.single import insert_row, lock_row, update_row
from gql_tasks.store.tables import TaskRow


def create_task(session: WriteSession, task: NewTask) -> int:
    """Write a task, and its subtasks with it, and return its id."""
    tree = unfold(task)
    check_new_tasks(session, tree, new_task_problems(tree))
    if task.subtasks:
        return write_new_tasks(session, tree)[0]
    row_id = insert_row(session, Entity.TASK, _columns_of_new(session, task))
    add_labels(session, [row_id], numbers_of(task.label_ids))
    return row_id


def update_task(
    session: WriteSession, task_id: str, changes: TaskChanges, *, if_version: int | None = None
) -> int:
    """Change a task and return its id. Changes that change nothing leave its version alone."""
    problems = problems_of_changes(session, changes)
    row_id = number_of(task_id)
    version = None if row_id is None else lock_row(session, Entity.TASK, row_id)
    if row_id is None or version is None:
        raise Refused(no_such_row(Entity.TASK, task_id), *problems)
    check_version(Entity.TASK, row_id, version, if_version)
    refuse([*problems, *problems_with_themselves(session, [row_id], changes)])
    columns = columns_of(changes)
    if (place := changes.get("place")) is not None:
        columns["position"] = key_for_moved(session, Entity.TASK, place, row_id)
    update_row(session, Entity.TASK, row_id, columns)
    add_labels(session, [row_id], numbers_of(changes.get("add_label_ids")))
    remove_labels(session, [row_id], numbers_of(changes.get("remove_label_ids")))
    return row_id


def delete_task(session: WriteSession, task_id: str, *, if_version: int | None = None) -> int:
    """Delete a task's row and return its id. Its subtasks move up to its own parent."""
    row = row_to_delete(session, TaskRow, task_id, if_version)
    session.delete(row)
    session.flush()
    return row.id


def _columns_of_new(session: WriteSession, new: NewTask) -> dict[str, Any]:
    parent_id = number_of(new.parent_id)
    if isinstance(new.project_id, FromParent):
        above = [] if parent_id is None else [parent_id]
        project_id = next(iter(projects_of(session, above).values()), None)
    else:
        project_id = number_of(new.project_id)
    return {
        "title": new.title,
        "description": new.description,
        "completed": new.completed,
        "priority": int(new.priority),
        "due_on": new.due.on if new.due else None,
        "due_at": new.due.at if new.due else None,
        "start_on": new.start_on,
        "position": key_for(session, Entity.TASK, new.place),
        "project_id": project_id,
        "parent_id": parent_id,
    }
