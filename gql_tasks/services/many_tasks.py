"""Writing many tasks at once, all of them or none, in the transaction of the session.

Each raises Refused, having written nothing, for what the caller can put right.
"""

from collections.abc import Sequence

from gql_tasks.domain.errors import Problem, Refused
from gql_tasks.domain.filters import Filter
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import (
    NewTask,
    TaskChanges,
    at_most_problems,
    labels_at_once_problem,
    new_tasks_problems,
    too_many_match,
    unfold_all,
)
from gql_tasks.domain.tree import leaves_first, nearest_staying
from gql_tasks.domain.values import Value
from gql_tasks.services.new_tasks import check_new_tasks, write_new_tasks
from gql_tasks.services.order import keys_for_moved
from gql_tasks.services.references import refuse
from gql_tasks.services.task_changes import (
    columns_of,
    numbers_of,
    problems_of_changes,
    problems_with_themselves,
)
from gql_tasks.store import many
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import add_labels, remove_labels


def create_tasks(session: WriteSession, tasks: Sequence[NewTask]) -> list[int]:
    """Write tasks, and their subtasks with them, and return the tasks' ids in their order."""
    forest = unfold_all(tasks)
    check_new_tasks(session, forest, new_tasks_problems(forest))
    return write_new_tasks(session, forest)


def update_tasks(
    session: WriteSession,
    where: Filter,
    values: tuple[Value, ...],
    changes: TaskChanges,
    *,
    at_most: int,
) -> list[int]:
    """Change the tasks that a filter matches and return their ids in order.

    Those that the changes do not change are among them, and keep their versions. A place takes them
    one after the other, in the order by hand that they have.
    """
    refuse(at_most_problems(at_most))
    problems = problems_of_changes(session, changes)
    ids = _matching(session, where, values, at_most, problems, to_delete=False)
    added, removed = (
        numbers_of(changes.get("add_label_ids")),
        numbers_of(changes.get("remove_label_ids")),
    )
    if too_many := labels_at_once_problem(len(ids) * (len(added) + len(removed))):
        raise Refused(too_many)
    refuse([*problems, *problems_with_themselves(session, ids, changes)])
    place = changes.get("place")
    many.update_tasks(
        session,
        ids,
        columns_of(changes),
        None if place is None else keys_for_moved(session, Entity.TASK, place, ids),
    )
    add_labels(session, ids, added)
    remove_labels(session, ids, removed)
    return ids


def delete_tasks(
    session: WriteSession, where: Filter, values: tuple[Value, ...], *, at_most: int
) -> list[int]:
    """Delete the tasks that a filter matches and return their ids in order.

    Their subtasks that are not among them move up, to the nearest task that stays.
    """
    refuse(at_most_problems(at_most))
    ids = _matching(session, where, values, at_most, [], to_delete=True)
    parents = many.parents_of(session, ids)
    many.move_subtasks(session, nearest_staying(parents))
    # The database itself moves subtasks up as well, but one level a row: of a row that is deleted
    # after all those above it, once for each of them.
    for step in leaves_first(parents):
        many.delete_tasks(session, step)
    return ids


def _matching(
    session: WriteSession,
    where: Filter,
    values: tuple[Value, ...],
    at_most: int,
    problems: list[Problem],
    *,
    to_delete: bool,
) -> list[int]:
    """Lock the tasks that a filter matches. Raises Refused where there are more."""
    ids = many.lock_matching(session, where, values, at_most + 1, to_delete=to_delete)
    if len(ids) > at_most:
        count = many.count_matching(session, where, values)
        raise Refused(too_many_match(at_most, count), *problems)
    return ids
