"""What a label may hold; its name and color follow the rules of every name and color."""

import pytest

from gql_tasks.domain.errors import Invalid
from gql_tasks.domain.label import (
    LabelChanges,
    NewLabel,
    label_changes_problems,
    new_label_problems,
)
from gql_tasks.domain.text import full_color

NAME = ("input", "name")
COLOR = ("input", "color")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", 'name "" is blank'),
        (" \t\u3000", 'name " \t\u3000" is blank'),
        ("a\0", "name holds a NUL character (U+0000)"),
        ("a\ud800", "name holds a lone surrogate, which is not Unicode text"),
    ],
)
def test_bad_names(name: str, message: str) -> None:
    """A name is text that can be seen, for a new label and for a change."""
    assert [*new_label_problems(NewLabel(name))] == [Invalid(message, NAME)]
    assert [*label_changes_problems(LabelChanges(name=name))] == [Invalid(message, NAME)]


@pytest.mark.parametrize(
    ("color", "kept"),
    [("#000", "#000000"), ("#aBc", "#aabbcc"), ("#12EF90", "#12ef90"), (None, None)],
)
def test_colors(color: str | None, kept: str | None) -> None:
    """A color is kept as #rrggbb in small letters."""
    assert [*new_label_problems(NewLabel("a", color))] == []
    assert [*label_changes_problems(LabelChanges(color=color))] == []
    assert full_color(color) == kept


@pytest.mark.parametrize(
    "color", ["", "red", "abc", "#", "#ab", "#abcd", "#abcdefg", "#٣٣٣", "#fff\n", "#fff;}"]
)
def test_bad_colors(color: str) -> None:
    """Everything else is no color."""
    problem = Invalid(f'color "{color}" is not #rgb or #rrggbb', COLOR)
    assert [*new_label_problems(NewLabel("a", color))] == [problem]
    assert [*label_changes_problems(LabelChanges(color=color))] == [problem]


def test_all_problems_at_once() -> None:
    """Every field that breaks a rule is named."""
    changes = LabelChanges(name=None, color="no")
    assert [*label_changes_problems(changes)] == [
        Invalid("name cannot be null", NAME),
        Invalid('color "no" is not #rgb or #rrggbb', COLOR),
    ]
