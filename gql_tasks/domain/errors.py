"""What can go wrong that is nobody's bug. The doors translate these; everything else is a bug.

TasksError
 ├─ Refused            a write the caller can put right; carries its problems
 ├─ InvalidArgument    a read that asks for something impossible
 ├─ InvalidCursor      a page asked for from a place that is not in its list
 ├─ TooManyRows        a list without a limit that matches more than the server sends
 ├─ AnswerTooLarge     an answer of more bytes than the server sends
 ├─ TooSlow            a subscriber that reads slower than events come
 ├─ StatementTimeout   a read or write that took the database longer than it may
 ├─ StoreUnavailable   the database cannot answer now; trying again may work
 │   ├─ WritersCollided  others wrote at the same time, and this transaction had to give way
 │   ├─ StoreFull        there is no room on the disk
 │   └─ StoreReadOnly    the database, or the disk under it, takes no writes
 └─ StoreUnusable      the database cannot be opened as a task store at all
     └─ StoreDamaged     what it holds cannot be read: the disk or another program changed it
"""

from dataclasses import dataclass
from typing import TypeAlias

from gql_tasks.domain.relations import Entity

Path: TypeAlias = tuple[str, ...]
"""The way to a value in a use case's arguments, in the code's own spelling: `("input", "title")`.
A list's items go by their number from 0."""

INPUT: Path = ("input",)
"""The argument that says what to write."""

MAX_PROBLEMS = 100
"""Problems told at once. A client may send thousands of ids; nobody reads thousands of answers."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the caller can put right. `path` leads to it."""

    message: str
    path: Path


@dataclass(frozen=True, slots=True)
class Invalid(Problem):
    """A value that breaks a rule."""


@dataclass(frozen=True, slots=True)
class NotFound(Problem):
    """An id that no row has; `id` is as the caller wrote it."""

    id: str


@dataclass(frozen=True, slots=True)
class VersionConflict(Problem):
    """A row that has moved on; `version` is the one it has now, None where it is gone."""

    entity: Entity
    id: int
    version: int | None


@dataclass(frozen=True, slots=True)
class TooMany(Problem):
    """More at once than one write takes."""

    limit: int
    actual: int


@dataclass(frozen=True, slots=True)
class RolledBack(Problem):
    """Nothing wrong with this write, but with another that was to be done with it or not at all."""


class TasksError(Exception):
    """The root of every expected failure."""


class Refused(TasksError):
    """A write that was not done, with the problems that were found, the first hundred of them.

    Nothing was written.
    """

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems[:MAX_PROBLEMS]
        super().__init__("; ".join(problem.message for problem in self.problems))


class InvalidArgument(TasksError):
    """An argument of a read that no value of its type may have, such as a negative limit."""


class InvalidCursor(TasksError):
    """A cursor that was made for another order or filter, or not here."""

    def __init__(self, argument: str) -> None:
        super().__init__(
            f"{argument} is not a cursor of this list: it was made for another order, filter or "
            "search, or not by this server"
        )


class TooManyRows(TasksError):
    """More rows match than one answer may hold. Never answered by a silent cut."""

    def __init__(self, max_rows: int) -> None:
        super().__init__(f"more than {max_rows} rows match; ask for fewer with a limit")
        self.max_rows = max_rows


class AnswerTooLarge(TasksError):
    """An answer that is longer than the server sends. Rows are bounded, but texts are long."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the answer is longer than {max_bytes} bytes; ask for less")
        self.max_bytes = max_bytes


class TooSlow(TasksError):
    """The subscriber reads slower than events come; it was cut off."""


class StatementTimeout(TasksError):
    """The database worked on one statement for longer than it may, and was stopped.

    A write was not done.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the database took longer than {seconds:g} seconds; ask for less")
        self.seconds = seconds


class StoreUnavailable(TasksError):
    """The database is busy or away.

    A write was not done, unless the connection to PostgreSQL broke while it committed.
    """


class WritersCollided(StoreUnavailable):
    """A transaction that PostgreSQL ended so that another might go on. It was not done."""

    def __init__(self) -> None:
        super().__init__("too many writers at once; try again")


class StoreFull(StoreUnavailable):
    """The disk has no room for a write, which was not done. Reads go on."""

    def __init__(self) -> None:
        super().__init__("the database's disk is full; nothing was written")


class StoreReadOnly(StoreUnavailable):
    """The database takes no writes; this one was not done. Reads go on."""

    def __init__(self) -> None:
        super().__init__("the database is read-only; nothing was written")


class StoreUnusable(TasksError):
    """The database cannot serve tasks; trying again will not help. One line for the operator."""


class StoreDamaged(StoreUnusable):
    """Something in the database is not what was written there. What is whole is served."""

    def __init__(self) -> None:
        super().__init__("the database is damaged, and this cannot be read or written")
