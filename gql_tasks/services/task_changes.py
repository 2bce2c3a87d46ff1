"""What updates of one task and of many have in common."""

from collections.abc import Collection, Iterator
from typing import Any

from gql_tasks.domain.errors import INPUT, Problem
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.position import own_place_problems
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.task import (
    TaskChanges,
    cycle_problem,
    task_changes_problems,
    task_changes_references,
)
from gql_tasks.services.references import missing_rows, refuse_too_many
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import lock_order, lock_tree, tasks_above


def problems_of_changes(session: WriteSession, changes: TaskChanges) -> list[Problem]:
    """Find what is wrong whichever tasks change, and lock what the changes stand on."""
    problems = [*task_changes_problems(changes)]
    refuse_too_many(problems)
    if changes.get("place") is not None:
        lock_order(session, Entity.TASK)
    if changes.get("parent_id") is not None:
        lock_tree(session)
    return [*problems, *missing_rows(session, task_changes_references(changes))]


def problems_with_themselves(
    session: WriteSession, ids: Collection[int], changes: TaskChanges
) -> Iterator[Problem]:
    """Find where changes would put tasks below or beside themselves."""
    if (place := changes.get("place")) is not None:
        for row_id in ids:
            yield from own_place_problems(place, Entity.TASK, row_id, (*INPUT, "place"))
    if (parent_id := number_of(changes.get("parent_id"))) is not None:
        above = tasks_above(session, parent_id)
        for row_id in ids:
            if row_id in above:
                yield cycle_problem(row_id, parent_id)


def columns_of(changes: TaskChanges) -> dict[str, Any]:  # what each column of a row takes
    """Say which columns of a task are set to what, all but its position."""
    columns: dict[str, Any] = {
        name: changes[name] for name in ("title", "completed", "start_on") if name in changes
    }
    if "description" in changes:
        columns["description"] = changes["description"] or ""
    if (priority := changes.get("priority")) is not None:
        columns["priority"] = int(priority)
    if "due" in changes:
        due = changes["due"]
        columns["due_on"] = None if due is None else due.on
        columns["due_at"] = None if due is None else due.at
    if "project_id" in changes:
        columns["project_id"] = number_of(changes["project_id"])
    if "parent_id" in changes:
        columns["parent_id"] = number_of(changes["parent_id"])
    return columns


def number_of(row_id: str | None) -> int | None:
    """Read an id that may be left out."""
    return None if row_id is None else parse_id(row_id)


def numbers_of(row_ids: Collection[str] | None) -> set[int]:
    """Read ids that exist."""
    return {number for row_id in row_ids or () if (number := parse_id(row_id)) is not None}
