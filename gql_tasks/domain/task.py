"""A task's own rules: what a new one holds, what a change may be, what an id looks like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypedDict

from gql_tasks.domain.errors import Invalid, NotFound, Problem, Refused

MAX_ID = 2**63 - 1

_ID = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be written.

    Raises Refused, naming every field that breaks a rule.
    """

    title: str
    description: str = ""
    completed: bool = False

    def __post_init__(self) -> None:
        _refuse([*_title_problems(self.title), *_text_problems("description", self.description)])


class TaskChanges(TypedDict, total=False):
    """What an update sets. A key left out keeps its value; None clears it where it can be empty."""

    title: str | None
    description: str | None
    completed: bool | None


def check_changes(changes: TaskChanges) -> None:
    """Raise Refused, naming every field of `changes` that breaks a rule."""
    problems: list[Problem] = []
    if "title" in changes:
        problems += _title_problems(changes["title"])
    if (description := changes.get("description")) is not None:
        problems += _text_problems("description", description)
    if "completed" in changes and changes["completed"] is None:
        problems.append(Invalid("completed cannot be null", ("input", "completed")))
    _refuse(problems)


def parse_id(text: str) -> int | None:
    """Read the one spelling of an id: ASCII digits, no leading zero, within 64 bits.

    Anything else, `" 7"`, `"1e3"` or another script's digits, is the id of no row: None.
    """
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    return number if -MAX_ID - 1 <= number <= MAX_ID else None


def task_not_found(task_id: str) -> Refused:
    """Refuse a write to a task that does not exist."""
    return Refused(NotFound(f"no task has the id {shown(task_id)}", ("id",), task_id))


def shown(value: str) -> str:
    """Quote a caller's text for a message, cut to a length that a log line bears."""
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise Refused(*problems)


def _title_problems(title: str | None) -> Iterator[Problem]:
    if title is None:
        yield Invalid("title cannot be null", ("input", "title"))
    elif not title.strip():
        yield Invalid(f"title {shown(title)} is blank", ("input", "title"))
    else:
        yield from _text_problems("title", title)


def _text_problems(name: str, text: str) -> Iterator[Problem]:
    """Refuse what one store would keep and the other would not, so that both hold the same texts.

    PostgreSQL has no NUL in text; UTF-8, which both stores keep, has no lone surrogates.
    """
    if "\0" in text:
        yield Invalid(f"{name} holds a NUL character (U+0000)", ("input", name))
    if any("\ud800" <= character <= "\udfff" for character in text):
        yield Invalid(f"{name} holds a lone surrogate, which is not Unicode text", ("input", name))
