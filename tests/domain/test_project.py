"""What a project may hold, and which rows it names."""

from gql_tasks.domain.errors import Invalid
from gql_tasks.domain.ids import Reference
from gql_tasks.domain.position import Place
from gql_tasks.domain.project import (
    NewProject,
    ProjectChanges,
    new_project_problems,
    project_changes_problems,
    project_references,
)
from gql_tasks.domain.relations import Entity


def test_new_project_problems() -> None:
    """Every field that breaks a rule is named."""
    assert [*new_project_problems(NewProject("Home", "#123", Place(at_start=True)))] == []
    assert [*new_project_problems(NewProject(" ", "blue", Place()))] == [
        Invalid('name " " is blank', ("input", "name")),
        Invalid('color "blue" is not #rgb or #rrggbb', ("input", "color")),
        Invalid(
            "place takes exactly one of before, after, at start and at end", ("input", "place")
        ),
    ]


def test_changes_problems() -> None:
    """Null clears the color and nothing else; what is left out is not looked at."""
    assert [*project_changes_problems(ProjectChanges())] == []
    assert [*project_changes_problems(ProjectChanges(color=None, archived=False))] == []
    nulls = ProjectChanges(name=None, color=None, archived=None, place=None)
    assert [*project_changes_problems(nulls)] == [
        Invalid("name cannot be null", ("input", "name")),
        Invalid("archived cannot be null", ("input", "archived")),
        Invalid("place cannot be null", ("input", "place")),
    ]


def test_references() -> None:
    """A project names the project beside which it goes."""
    assert [*project_references(None)] == []
    assert [*project_references(Place(after="x"))] == [
        Reference(Entity.PROJECT, "x", ("input", "place", "after"))
    ]
