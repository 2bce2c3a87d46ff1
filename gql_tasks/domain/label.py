"""A label's own rules: what a new one holds, what a change may be."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

from gql_tasks.domain.errors import INPUT, Problem
from gql_tasks.domain.text import color_problems, name_problems


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A label to be written."""

    name: str
    color: str | None = None


class LabelChanges(TypedDict, total=False):
    """What an update sets. A key left out keeps its value; None clears it where it can be empty."""

    name: str | None
    color: str | None


def new_label_problems(label: NewLabel) -> Iterator[Problem]:
    """Find what breaks a rule."""
    yield from name_problems(label.name, (*INPUT, "name"))
    yield from color_problems(label.color, (*INPUT, "color"))


def label_changes_problems(changes: LabelChanges) -> Iterator[Problem]:
    """Find what breaks a rule."""
    if "name" in changes:
        yield from name_problems(changes["name"], (*INPUT, "name"))
    yield from color_problems(changes.get("color"), (*INPUT, "color"))
