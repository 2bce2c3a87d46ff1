"""What a file of any format holds, read: projects, labels, tasks, and what is wrong with it.

Values are as JSON has them and as both stores take them: moments and days are text. A row is led to
by its id in the file, an int, or by its name, a str.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TypeAlias

from gql_tasks.domain.priority import Priority
from gql_tasks.services.formats.source import Source

Remarks: TypeAlias = Counter[str]
"""What is not taken over as it was, each with how often. Nothing is lost without a word."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A line that cannot be taken over, and why."""

    line: int
    message: str


@dataclass(slots=True, kw_only=True)
class ProjectRecord:
    """A project with its id in the file."""

    line: int
    id: int
    name: str
    color: str | None
    position: str
    archived_at: str | None
    version: int
    created_at: str
    updated_at: str


@dataclass(slots=True, kw_only=True)
class LabelRecord:
    """A label with its id in the file."""

    line: int
    id: int
    name: str
    color: str | None
    version: int
    created_at: str
    updated_at: str


@dataclass(slots=True, kw_only=True)
class TaskRecord:
    """A task with its id in the file.

    Without a position it goes after the one before it; without `created_at` it is as new as the
    import.
    """

    line: int
    id: int
    title: str | None
    description: str | None = ""
    completed: bool | None = False
    completed_at: str | None = None
    priority: Priority = Priority.NONE
    due_on: str | None = None
    due_at: str | None = None
    start_on: str | None = None
    position: str | None = None
    project: int | str | None = None
    parent: int | None = None
    labels: tuple[int | str, ...] = ()
    version: int = 1
    created_at: str | None = None
    updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows were written, or would be, and what was not taken over as it was."""

    projects: int
    labels: int
    tasks: int
    remarks: Remarks

    def __str__(self) -> str:
        projects, labels, tasks = (
            f"{count:,} {name}{'' if count == 1 else 's'}"
            for count, name in (
                (self.projects, "project"),
                (self.labels, "label"),
                (self.tasks, "task"),
            )
        )
        return f"{projects}, {labels} and {tasks}"

    @property
    def told(self) -> list[str]:
        """Say what was not taken over as it was, a line each."""
        return [f"{what}: {count:,}" for what, count in sorted(self.remarks.items()) if count]


Record: TypeAlias = ProjectRecord | LabelRecord | TaskRecord | Wrong


@dataclass(frozen=True, slots=True)
class Reading:
    """What readers are told: the file, what the store keeps, and where to count remarks."""

    source: Source
    remarks: Remarks
    keeps_any_text: bool


Reader: TypeAlias = Callable[[Reading], Iterator[Record]]
"""Reads a file from its start. Raises Unreadable for one that cannot be read on."""


def quoted(value: str) -> str:
    """Quote what a file says, cut to a length that a line of a terminal bears."""
    return f'"{value}"' if len(value) <= 60 else f'"{value[:57]}..."'


def moment_text(value: datetime) -> str:
    """Write a moment as the store keeps it: UTC, to the millisecond."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def day_or_moment(text: str) -> tuple[str | None, str | None]:
    """Read a day, or a moment with its offset, as a day and a moment. Raises ValueError."""
    if len(text) <= len("2026-01-31"):
        return day_text(text), None
    return None, read_moment(text)


def day_text(text: str) -> str:
    """Read a day. Raises ValueError."""
    if len(text) != len("2026-01-31"):  # Python reads more than one spelling
        raise ValueError(text)
    return date.fromisoformat(text).isoformat()


def read_moment(text: str) -> str:
    """Read a moment with its offset. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)
    try:
        return moment_text(moment)
    except OverflowError as error:
        raise ValueError(text) from error


def described(description: str, notes: list[str]) -> str:
    """Write what has no place of its own after a description."""
    return "\n\n".join(part for part in (description, "\n".join(notes)) if part)
