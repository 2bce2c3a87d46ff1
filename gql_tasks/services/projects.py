"""Writing projects. Each function works in the transaction of the session it is given.

They raise Refused, having written nothing, for what the caller can put right.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from gql_tasks.domain.errors import INPUT, Refused
from gql_tasks.domain.position import own_place_problems
from gql_tasks.domain.project import (
    NewProject,
    ProjectChanges,
    new_project_problems,
    project_changes_problems,
    project_references,
)
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import full_color
from gql_tasks.services.order import key_for, key_for_moved, lock_for_new
from gql_tasks.services.references import (
    missing_rows,
    no_such_row,
    refuse,
    row_to_change,
    row_to_delete,
)
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import delete_tasks_of, lock_order
from gql_tasks.store.tables import ProjectRow


@dataclass(frozen=True, slots=True)
class DeletedProject:
    """The id of a project that was deleted, and those of the tasks that were deleted with it."""

    id: int
    task_ids: list[int]


def create_project(session: WriteSession, project: NewProject) -> int:
    """Write a project and return its id."""
    lock_for_new(session, Entity.PROJECT, [project.place])
    references = project_references(project.place)
    refuse([*new_project_problems(project), *missing_rows(session, references)])
    row = ProjectRow(
        name=project.name,
        color=full_color(project.color),
        position=key_for(session, Entity.PROJECT, project.place),
    )
    session.add(row)
    session.flush()
    return row.id


def update_project(
    session: WriteSession,
    project_id: str,
    changes: ProjectChanges,
    *,
    if_version: int | None = None,
) -> int:
    """Change a project and return its id. Changes that change nothing leave its version alone."""
    place = changes.get("place")
    if place is not None:
        lock_order(session, Entity.PROJECT)
    problems = [
        *project_changes_problems(changes),
        *missing_rows(session, project_references(place)),
    ]
    row = row_to_change(session, ProjectRow, project_id, if_version)
    if row is None:
        raise Refused(no_such_row(Entity.PROJECT, project_id), *problems)
    if place is not None:
        problems += own_place_problems(place, Entity.PROJECT, row.id, (*INPUT, "place"))
    refuse(problems)
    if place is not None:
        row.position = key_for_moved(session, Entity.PROJECT, place, row.id)
    if (name := changes.get("name")) is not None:
        row.name = name
    if "color" in changes:
        row.color = full_color(changes["color"])
    match changes.get("archived"):
        case True if row.archived_at is None:
            row.archived_at = datetime.now(UTC)
        case False:
            row.archived_at = None
    session.flush()
    return row.id


def delete_project(
    session: WriteSession, project_id: str, *, delete_tasks: bool, if_version: int | None = None
) -> DeletedProject:
    """Delete a project's row; its tasks stay, without a project, unless they are to go as well."""
    row = row_to_delete(session, ProjectRow, project_id, if_version)
    task_ids = delete_tasks_of(session, row.id) if delete_tasks else []
    session.delete(row)
    session.flush()
    return DeletedProject(row.id, task_ids)
