"""Rows that a write names: those it is about, and those its input leads to."""

from collections.abc import Iterable
from typing import TypeVar

from gql_tasks.domain.errors import NotFound, Problem, Refused, TooMany, VersionConflict
from gql_tasks.domain.ids import Reference, not_found, parse_id
from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import lock_existing
from gql_tasks.store.tables import LabelRow, ProjectRow, TaskRow

Row = TypeVar("Row", TaskRow, ProjectRow, LabelRow)

ENTITIES: dict[type, Entity] = {
    TaskRow: Entity.TASK,
    ProjectRow: Entity.PROJECT,
    LabelRow: Entity.LABEL,
}


def missing_rows(session: WriteSession, references: Iterable[Reference]) -> list[NotFound]:
    """Find the references that lead to no row; the rows of the others stay until the commit."""
    wanted = [(reference, parse_id(reference.id)) for reference in references]
    if not wanted:
        return []
    missing = []
    existing: set[tuple[Entity, int]] = set()
    for entity in (Entity.PROJECT, Entity.LABEL, Entity.TASK):
        ids = {row_id for named, row_id in wanted if named.entity is entity and row_id is not None}
        existing |= {(entity, row_id) for row_id in lock_existing(session, entity, ids)}
    for reference, row_id in wanted:
        if (reference.entity, row_id) not in existing:
            missing.append(not_found(reference))
    return missing


def row_to_change(
    session: WriteSession, kind: type[Row], row_id: str, if_version: int | None
) -> Row | None:
    """Lock the row that a write changes; others may go on naming it.

    Raises Refused where it has another version than `if_version`.
    """
    number = parse_id(row_id)
    if number is None:
        return None
    row = session.get(kind, number, with_for_update={"key_share": True})
    if row is not None:
        check_version(ENTITIES[kind], row.id, row.version, if_version)
    return row


def row_to_delete(
    session: WriteSession, kind: type[Row], row_id: str, if_version: int | None
) -> Row:
    """Lock the row that a write deletes.

    Raises Refused where there is none, or it has another version than `if_version`.
    """
    number = parse_id(row_id)
    row = None if number is None else session.get(kind, number, with_for_update=True)
    if row is None:
        raise Refused(no_such_row(ENTITIES[kind], row_id))
    check_version(ENTITIES[kind], row.id, row.version, if_version)
    return row


def check_version(entity: Entity, row_id: int, version: int, if_version: int | None) -> None:
    """Raise Refused where a row has another version than the one that is asked for."""
    if if_version is not None and version != if_version:
        message = f"{entity.value} {row_id} has version {version}, not {if_version}"
        raise Refused(VersionConflict(message, ("if_version",), entity, row_id, version))


def no_such_row(entity: Entity, row_id: str) -> NotFound:
    """Say that the row which a write is about does not exist."""
    return not_found(Reference(entity, row_id, ("id",)))


def refuse_too_many(problems: Iterable[Problem]) -> None:
    """Raise Refused where there is so much that nothing more is to be looked up."""
    if too_many := [problem for problem in problems if isinstance(problem, TooMany)]:
        raise Refused(*too_many)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise Refused with the problems, where there are any."""
    if found := [*problems]:
        raise Refused(*found)
