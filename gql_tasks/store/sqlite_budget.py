"""The time that a statement may take. SQLite asks every so many steps of its machine.

What waits for a lock or for the disk makes no steps: locks have their own timeout, and a commit is
never stopped half-way.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event

from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.sqlite_files import driver

STEPS = 50_000
"""Steps between two looks at the clock: a millisecond or two, and more than most reads have."""

UNLIMITED = float("inf")


class Budget:
    """How long each statement of one connection may take; `begin` is said before each.

    One that took longer is stopped: SQLite calls it interrupted, and takes back its transaction
    where it wrote.
    """

    __slots__ = ("_deadline", "seconds")

    def __init__(self, connection: sqlite3.Connection, seconds: float) -> None:
        self.seconds = seconds
        self._deadline = UNLIMITED
        connection.set_progress_handler(self._is_spent, STEPS)

    def begin(self, now: float) -> None:
        """Begin to count, at this reading of `perf_counter`."""
        self._deadline = now + self.seconds

    def _is_spent(self) -> bool:
        return perf_counter() > self._deadline

    @contextmanager
    def of(self, seconds: float) -> Iterator[None]:
        """Give the statements of the block another time."""
        usual = self.seconds
        self.seconds = seconds
        try:
            yield
        finally:
            self.seconds = usual


class LimitedConnection(sqlite3.Connection):  # type: ignore[misc]  # of one of two drivers
    """A connection of an engine, whose budget begins at what is run past SQLAlchemy too."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.budget = Budget(self, UNLIMITED)

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement."""
        self.budget.begin(perf_counter())
        return super().execute(*arguments)


def budget_of(connection: Connection) -> Budget:
    """Find the budget of a connection of an engine that makes limited ones."""
    limited: Any = driver(connection)
    budget: Budget = limited.budget
    return budget


def limit_statements(engine: Engine, seconds: float) -> None:
    """Give so much time to every statement of an engine that makes limited connections."""

    def connect(connection: LimitedConnection, _record: object) -> None:
        connection.budget.seconds = seconds

    def begin(connection: Connection, *_: object) -> None:
        budget_of(connection).begin(perf_counter())

    event.listen(engine, "connect", connect)
    event.listen(engine, "before_cursor_execute", begin)
