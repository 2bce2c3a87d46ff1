"""A task's rules."""

import pytest

from gql_tasks.domain.errors import Invalid, NotFound, Refused
from gql_tasks.domain.task import (
    NewTask,
    TaskChanges,
    check_changes,
    parse_id,
    shown,
    task_not_found,
)

TITLE, DESCRIPTION, COMPLETED = (("input", name) for name in ("title", "description", "completed"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("7", 7),
        ("-7", -7),
        ("2147483648", 2**31),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("9223372036854775808", None),
        ("-9223372036854775809", None),
        ("1" * 5000, None),
        ("", None),
        ("-", None),
        ("-0", None),
        ("+7", None),
        ("07", None),
        ("-07", None),
        (" 7", None),
        ("7 ", None),
        ("7\n", None),
        ("7\0", None),
        ("1_000", None),
        ("1e3", None),
        ("7.0", None),
        ("0x7", None),
        ("\u0667", None),  # the Arabic-Indic digit seven
        ("\uff17", None),  # the fullwidth one
        ("\u00b2", None),  # a superscript is a digit to str.isdigit
        ("seven", None),
        ("NaN", None),
    ],
)
def test_parse_id(text: str, number: int | None) -> None:
    """An id has one spelling; any other text is the id of no row."""
    assert parse_id(text) == number


def test_new_task_defaults() -> None:
    """A task needs a title only."""
    task = NewTask("Buy milk")
    assert (task.title, task.description, task.completed) == ("Buy milk", "", False)


BLANKS = ["", " ", "\t\r\n", "\u00a0", "\u2003\u3000", "\x1f"]


@pytest.mark.parametrize("title", BLANKS)
def test_blank_titles_are_refused(title: str) -> None:
    """A title of white space alone, in any script, is refused for new tasks and for changes."""
    problem = Invalid(f'title "{title}" is blank', TITLE)
    assert refusal(lambda: NewTask(title)) == (problem,)
    assert refusal(lambda: check_changes({"title": title})) == (problem,)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a\0b", "a NUL character (U+0000)"),
        ("a\ud800", "a lone surrogate, which is not Unicode text"),
        ("\udfffb", "a lone surrogate, which is not Unicode text"),
    ],
)
def test_texts_that_one_store_lacks_are_refused(text: str, what: str) -> None:
    """What only one of the stores could keep is refused by name, and all of it at once."""
    problems = (
        Invalid(f"title holds {what}", TITLE),
        Invalid(f"description holds {what}", DESCRIPTION),
    )
    assert refusal(lambda: NewTask(text, text)) == problems
    assert refusal(lambda: check_changes({"title": text, "description": text})) == problems


def test_one_text_with_two_problems() -> None:
    """Each problem of a text is named."""
    assert refusal(lambda: NewTask("\0\udead")) == (
        Invalid("title holds a NUL character (U+0000)", TITLE),
        Invalid("title holds a lone surrogate, which is not Unicode text", TITLE),
    )


@pytest.mark.parametrize(
    "text", [" padded ", "\U0010ffff", "e\u0301", "\u202e", "\x01", "x" * 10**6]
)
def test_other_texts_are_kept_as_they_are(text: str) -> None:
    """No other text is refused, trimmed or normalized."""
    task = NewTask(text, text)
    assert (task.title, task.description) == (text, text)
    check_changes({"title": text, "description": text})


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({}, ()),
        ({"description": None}, ()),
        ({"description": ""}, ()),
        ({"completed": False}, ()),
        ({"title": None}, (Invalid("title cannot be null", TITLE),)),
        ({"completed": None}, (Invalid("completed cannot be null", COMPLETED),)),
        (
            {"completed": None, "description": "\0", "title": None},
            (
                Invalid("title cannot be null", TITLE),
                Invalid("description holds a NUL character (U+0000)", DESCRIPTION),
                Invalid("completed cannot be null", COMPLETED),
            ),
        ),
    ],
)
def test_changes(changes: TaskChanges, problems: tuple[Invalid, ...]) -> None:
    """What is left out is no problem; null is one where the field cannot be empty."""
    if problems:
        assert refusal(lambda: check_changes(changes)) == problems
    else:
        check_changes(changes)


def test_not_found() -> None:
    """The refusal carries the id as it was sent."""
    assert task_not_found("1e3").problems == (NotFound('no task has the id "1e3"', ("id",), "1e3"),)


@pytest.mark.parametrize(
    ("value", "text"),
    [("", '""'), ("x" * 60, f'"{"x" * 60}"'), ("x" * 61, f'"{"x" * 57}..."')],
    ids=["empty", "60", "61"],
)
def test_shown(value: str, text: str) -> None:
    """A caller's text is quoted, and cut past 60 characters."""
    assert shown(value) == text


def refusal(call: object) -> tuple[object, ...]:
    assert callable(call)
    with pytest.raises(Refused) as refused:
        call()
    return refused.value.problems
