"""What can go wrong that is nobody's bug. The doors translate these; everything else is a bug.

TasksError
 ├─ Refused            a write the caller can put right; carries its problems
 ├─ InvalidArgument    a read that asks for something impossible
 ├─ TooManyRows        a list without a limit that matches more than the server sends
 └─ StoreUnavailable   the database cannot answer now; trying again may work
    StoreUnusable      the database cannot be opened as a task store at all
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the caller can put right.

    `path` leads to the use case's argument, in the code's own spelling: `("input", "title")`.
    """

    message: str
    path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Invalid(Problem):
    """A value that breaks a rule."""


@dataclass(frozen=True, slots=True)
class NotFound(Problem):
    """An id that no row has; `id` is as the caller wrote it."""

    id: str


class TasksError(Exception):
    """The root of every expected failure."""


class Refused(TasksError):
    """A write that was not done, with every problem that was found. Nothing was written."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class InvalidArgument(TasksError):
    """An argument of a read that no value of its type may have, such as a negative limit."""


class TooManyRows(TasksError):
    """More rows match than one answer may hold. Never answered by a silent cut."""

    def __init__(self, max_rows: int) -> None:
        super().__init__(f"more than {max_rows} rows match; ask for fewer with a limit")
        self.max_rows = max_rows


class StoreUnavailable(TasksError):
    """The database is busy or away. The write, if there was one, was not done."""


class StoreUnusable(TasksError):
    """The database cannot serve tasks; trying again will not help. One line for the operator."""
