"""Writing new tasks with their subtasks, as `domain/task.py` lists them."""

from collections.abc import Iterable, Sequence

from gql_tasks.domain.errors import Problem
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import FromParent, Planted, new_task_references
from gql_tasks.services.order import keys_for, lock_for_new
from gql_tasks.services.references import missing_rows, refuse, refuse_too_many
from gql_tasks.services.task_changes import number_of, numbers_of
from gql_tasks.store.bulk import BulkTask, insert_tasks
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import projects_of


def check_new_tasks(
    session: WriteSession, tree: Sequence[Planted], problems: Iterable[Problem]
) -> None:
    """Raise Refused for the problems that were found and for missing rows, and lock the others."""
    problems = [*problems]
    refuse_too_many(problems)
    lock_for_new(session, Entity.TASK, [planted.task.place for planted in tree])
    refuse([*problems, *missing_rows(session, new_task_references(tree))])


def write_new_tasks(session: WriteSession, tree: Sequence[Planted]) -> list[int]:
    """Write tasks that have been checked and return the ids of those that stand in no other."""
    parent_ids = {number_of(planted.task.parent_id) for planted in tree} - {None}
    projects = projects_of(session, [parent for parent in parent_ids if parent is not None])
    rows: list[BulkTask] = []
    for planted in tree:
        rows.append(
            _row(planted, None if planted.parent is None else rows[planted.parent], projects)
        )
    if rows:
        places = [planted.task.place for planted in tree]
        insert_tasks(session, rows, keys_for(session, Entity.TASK, places))
    return [row.id for row in rows if row.parent is None]


def _row(planted: Planted, parent: BulkTask | None, projects: dict[int, int]) -> BulkTask:
    new = planted.task
    parent_id = number_of(new.parent_id)
    match new.project_id:
        case FromParent.PROJECT if parent is not None:
            project_id = parent.project_id
        case FromParent.PROJECT:
            project_id = None if parent_id is None else projects.get(parent_id)
        case named:
            project_id = number_of(named)
    return BulkTask(
        title=new.title,
        description=new.description,
        completed=new.completed,
        priority=new.priority,
        due_on=new.due.on if new.due else None,
        due_at=new.due.at if new.due else None,
        start_on=new.start_on,
        project_id=project_id,
        parent=parent,
        parent_id=parent_id,
        label_ids=sorted(numbers_of(new.label_ids)),
    )
