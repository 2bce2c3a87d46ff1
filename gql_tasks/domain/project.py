"""A project's own rules: what a new one holds, what a change may be, which rows it names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

from gql_tasks.domain.errors import INPUT, Problem
from gql_tasks.domain.ids import Reference
from gql_tasks.domain.position import Place, place_problems, place_references
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import color_problems, name_problems, null_problem


@dataclass(frozen=True, slots=True)
class NewProject:
    """A project to be written; without a place it goes to the end."""

    name: str
    color: str | None = None
    place: Place | None = None


class ProjectChanges(TypedDict, total=False):
    """What an update sets. A key left out keeps its value; None clears it where it can be empty."""

    name: str | None
    color: str | None
    archived: bool | None
    place: Place | None


def new_project_problems(project: NewProject) -> Iterator[Problem]:
    """Find what breaks a rule."""
    yield from name_problems(project.name, (*INPUT, "name"))
    yield from color_problems(project.color, (*INPUT, "color"))
    if project.place is not None:
        yield from place_problems(project.place, (*INPUT, "place"))


def project_changes_problems(changes: ProjectChanges) -> Iterator[Problem]:
    """Find what breaks a rule."""
    if "name" in changes:
        yield from name_problems(changes["name"], (*INPUT, "name"))
    yield from color_problems(changes.get("color"), (*INPUT, "color"))
    if "archived" in changes and changes["archived"] is None:
        yield null_problem((*INPUT, "archived"))
    if "place" in changes:
        place = changes["place"]
        path = (*INPUT, "place")
        yield from [null_problem(path)] if place is None else place_problems(place, path)


def project_references(place: Place | None) -> Iterator[Reference]:
    """Name the rows that have to exist for a project to go there."""
    if place is not None:
        yield from place_references(place, Entity.PROJECT, (*INPUT, "place"))
