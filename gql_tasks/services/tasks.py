"""Writing tasks. Each function works in the transaction of the session it is given.

They raise Refused, having written nothing, for what the caller can put right. Ids are the callers'
texts; an id that no row can have is one that no row has.
"""

from collections.abc import Iterable, Iterator, Sequence

from gql_tasks.domain.errors import INPUT, Problem, Refused
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.position import AT_END, own_place_problems
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import (
    Due,
    FromParent,
    NewTask,
    Planted,
    TaskChanges,
    cycle_problem,
    new_task_problems,
    new_task_references,
    task_changes_problems,
    task_changes_references,
    unfold,
)
from gql_tasks.services.order import key_for, key_for_moved, keys_at_end, lock_for_new
from gql_tasks.services.references import (
    missing_rows,
    no_such_row,
    refuse,
    refuse_too_many,
    row_to_change,
    row_to_delete,
)
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import (
    add_labels,
    is_under,
    lock_existing,
    lock_order,
    lock_tree,
    remove_labels,
)
from gql_tasks.store.tables import TaskRow


def create_task(session: WriteSession, task: NewTask) -> int:
    """Write a task, and its subtasks with it, and return its id."""
    tree = unfold(task)
    problems = [*new_task_problems(tree)]
    refuse_too_many(problems)
    lock_for_new(session, Entity.TASK, [planted.task.place for planted in tree])
    refuse([*problems, *missing_rows(session, new_task_references(tree))])
    parent_id = _number(task.parent_id)
    root = _new_row(task, parent_id, _project_of(session, parent_id))
    root.position = key_for(session, Entity.TASK, task.place)
    session.add(root)
    session.flush()
    rows = [root, *_write_subtasks(session, root, tree)]
    add_labels(
        session,
        [
            (row.id, label_id)
            for row, planted in zip(rows, tree, strict=True)
            for label_id in _numbers(planted.task.label_ids)
        ],
    )
    return root.id


def update_task(session: WriteSession, task_id: str, changes: TaskChanges) -> int:
    """Change a task and return its id. Changes that change nothing leave its version alone."""
    problems = [*task_changes_problems(changes)]
    refuse_too_many(problems)
    place, parent_id = changes.get("place"), changes.get("parent_id")
    if place is not None:
        lock_order(session, Entity.TASK)
    if parent_id is not None:
        lock_tree(session)
    problems += missing_rows(session, task_changes_references(changes))
    row = row_to_change(session, TaskRow, task_id)
    if row is None:
        raise Refused(no_such_row(TaskRow, task_id), *problems)
    refuse([*problems, *_problems_with_itself(session, row, changes)])
    if place is not None:
        row.position = key_for_moved(session, Entity.TASK, place, row.id)
    _change_row(row, changes)
    session.flush()
    add_labels(session, [(row.id, label_id) for label_id in _numbers(changes.get("add_label_ids"))])
    remove_labels(session, row.id, _numbers(changes.get("remove_label_ids")))
    return row.id


def delete_task(session: WriteSession, task_id: str) -> int:
    """Delete a task's row and return its id. Its subtasks move up to its own parent."""
    row = row_to_delete(session, TaskRow, task_id)
    session.delete(row)
    session.flush()
    return row.id


def _write_subtasks(session: WriteSession, root: TaskRow, tree: Sequence[Planted]) -> list[TaskRow]:
    """Write the tasks under the first of a tree, a level at once, and list them in its order.

    All go to the end before those that have a place go there: so they would one after the other.
    """
    if len(tree) == 1:
        return []
    keys = keys_at_end(session, Entity.TASK, len(tree) - 1)
    rows = {0: root}
    for level in range(1, max(planted.level for planted in tree) + 1):
        for index, planted in enumerate(tree):
            if planted.level == level and planted.parent is not None:
                parent = rows[planted.parent]
                row = _new_row(planted.task, parent.id, parent.project_id)
                row.position = keys[index - 1]
                rows[index] = row
                session.add(row)
        session.flush()
    for index, planted in enumerate(tree[1:], 1):
        if (place := planted.task.place) is not None and place != AT_END:
            rows[index].position = key_for_moved(session, Entity.TASK, place, rows[index].id)
            session.flush()
    return [rows[index] for index in range(1, len(tree))]


def _new_row(new: NewTask, parent_id: int | None, parents_project: int | None) -> TaskRow:
    row = TaskRow(
        title=new.title,
        description=new.description,
        completed=new.completed,
        priority=int(new.priority),
        start_on=new.start_on,
        parent_id=parent_id,
    )
    match new.project_id:
        case FromParent.PROJECT:
            row.project_id = parents_project
        case None:
            row.project_id = None
        case project_id:
            row.project_id = parse_id(project_id)
    _set_due(row, new.due)
    return row


def _change_row(row: TaskRow, changes: TaskChanges) -> None:
    if (title := changes.get("title")) is not None:
        row.title = title
    if "description" in changes:
        row.description = changes["description"] or ""
    if (completed := changes.get("completed")) is not None:
        row.completed = completed
    if (priority := changes.get("priority")) is not None:
        row.priority = int(priority)
    if "due" in changes:
        _set_due(row, changes["due"])
    if "start_on" in changes:
        row.start_on = changes["start_on"]
    if "project_id" in changes:
        row.project_id = _number(changes["project_id"])
    if "parent_id" in changes:
        row.parent_id = _number(changes["parent_id"])


def _set_due(row: TaskRow, due: Due | None) -> None:
    row.due_on = None if due is None else due.on
    row.due_at = None if due is None else due.at


def _problems_with_itself(
    session: WriteSession, row: TaskRow, changes: TaskChanges
) -> Iterator[Problem]:
    """Find where a change would put a task below or beside itself."""
    if (place := changes.get("place")) is not None:
        yield from own_place_problems(place, Entity.TASK, row.id, (*INPUT, "place"))
    parent_id = _number(changes.get("parent_id"))
    if parent_id is not None and is_under(session, parent_id, row.id):
        yield cycle_problem(row.id, parent_id)


def _project_of(session: WriteSession, task_id: int | None) -> int | None:
    """Tell which project a task is in; the project stays until the commit."""
    task = None if task_id is None else session.get(TaskRow, task_id)
    if task is None or task.project_id is None:
        return None
    # Gone, if it was deleted since the task was read: then the task has none either.
    return next(iter(lock_existing(session, Entity.PROJECT, [task.project_id])), None)


def _number(row_id: str | None) -> int | None:
    return None if row_id is None else parse_id(row_id)


def _numbers(row_ids: Iterable[str] | None) -> list[int]:
    return [number for row_id in set(row_ids or ()) if (number := parse_id(row_id)) is not None]
