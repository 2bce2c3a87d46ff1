"""The store's door: a Database hands out SQLAlchemy sessions, one that reads and one that writes.

    database.session()      the session of one operation; every read in it sees one snapshot
    database.write(work)    work(WriteSession) in one transaction: committed, or nothing happened

`store/sqlite.py` and `store/postgresql.py` are the two databases; `store/address.py` finds the one
that an address means.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

import orjson
from sqlalchemy.orm import Session

from gql_tasks.domain.errors import AnswerTooLarge, TooManyRows
from gql_tasks.domain.plan import ReadPlan, ReadShape
from gql_tasks.domain.values import Value
from gql_tasks.store.compile import Statement, compile_statement
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.recent import Recent

T = TypeVar("T")

Answer: TypeAlias = orjson.Fragment | None
"""JSON as the database wrote it; None where a row by id does not exist."""

Document: TypeAlias = bytes | None
"""The same, as the bytes to send."""

MAX_ANSWER_BYTES = 67_108_864
"""What the answers of an operation may add up to."""

MAX_STATEMENTS = 512
MAX_STATEMENTS_CHARACTERS = 4_000_000
"""Compiled shapes kept, and what their texts add up to. Clients invent shapes; memory must not
follow them.
"""

Statements = Callable[[ReadShape], Statement]


def statement_cache(dialect: Dialect) -> Statements:
    """Compile each shape once, keeping those used last."""
    kept: Recent[ReadShape, Statement] = Recent(
        MAX_STATEMENTS,
        most_size=MAX_STATEMENTS_CHARACTERS,
        size=lambda _, statement: len(statement.text),
    )

    def compiled(shape: ReadShape) -> Statement:
        statement = kept.get(shape)
        if statement is None:
            statement = compile_statement(shape, dialect)
            kept.put(shape, statement)
        return statement

    return compiled


@dataclass(slots=True)
class PreparedRead:
    """A plan, the statement that reads it, and the values for it, which may be others' than its."""

    statement: Statement
    plan: ReadPlan
    values: tuple[Value, ...]


class Room:
    """How much the answers of an operation may still add up to."""

    def __init__(self) -> None:
        self._left = MAX_ANSWER_BYTES

    def take(self, document: Any) -> Any:  # the driver's text, or bytes
        """Give a document back, where there is room for it. Raises AnswerTooLarge."""
        self._left -= len(document or "")
        if self._left < 0:
            raise AnswerTooLarge(MAX_ANSWER_BYTES)
        return document


def document_of(row: Any, statement: Statement, plan: ReadPlan) -> Any:  # the driver's text
    """Take the JSON out of a statement's row. Raises TooManyRows."""
    if not statement.many:
        return row[0]
    if plan.max_rows is not None and row[0] > plan.max_rows:
        raise TooManyRows(plan.max_rows)
    return row[1]


class ReadSession(Session):
    """A SQLAlchemy session on a connection that the database itself keeps from writing."""

    def __init__(self, *args: Any, statements: Statements, **options: Any) -> None:
        # What outlives its operation must not begin another: nobody would end that one.
        super().__init__(*args, close_resets_only=False, **options)
        self.statements = statements
        self.room = Room()

    @property
    def store(self) -> str:
        """Name the kind of database, as SQLAlchemy does: `sqlite` or `postgresql`."""
        return self.get_bind().dialect.name

    def rows(self, text: str, values: Sequence[Any] = ()) -> Sequence[Any]:
        """Run a statement that is written as the driver takes it, and read its rows."""
        return self.connection().exec_driver_sql(text, tuple(values)).all()

    def execute_plan(self, plan: ReadPlan) -> Answer:
        """Run a plan's one statement; its JSON is passed on as the database wrote it.

        None where a row by id does not exist. Raises TooManyRows.
        """
        return self.execute_statement(self.statements(plan.shape), plan)

    def execute_by_id(self, plan: ReadPlan) -> dict[int, orjson.Fragment]:
        """Run the one statement of a plan of rows by their ids."""
        statement = self.statements(plan.shape)
        rows = self.rows(statement.text, statement.bind(plan.values))
        return {row_id: orjson.Fragment(document) for row_id, document in rows}

    def execute_statement(self, statement: Statement, plan: ReadPlan) -> Answer:
        """Run the statement of a plan's shape, where the caller has looked it up already."""
        return self.execute_prepared(PreparedRead(statement, plan, plan.values))

    def execute_prepared(self, read: PreparedRead) -> Answer:
        """Run a statement with the values that are given for it."""
        statement, plan = read.statement, read.plan
        rows = self.rows(statement.text, statement.bind(read.values))
        if not rows:
            return None
        return orjson.Fragment(self.room.take(document_of(rows[0], statement, plan)))


@dataclass(frozen=True, slots=True)
class Mutation:
    """What a session is writing: its number in the log, which log that is, and a position in it
    that is before its changes and not before others' transactions.
    """

    number: int
    epoch: str
    start: int


class WriteSession(ReadSession):
    """A SQLAlchemy session in a transaction that may write; it reads its own writes.

    `mutation` is the unit of work that it is doing (`store/mutations.py`).
    """

    mutation: Mutation


class OperationSession(Protocol):
    """What a resolver takes from its context: the SQLAlchemy session of one operation.

    It is a `Session` on SQLite and an `AsyncSession` on PostgreSQL. Reads run one after the other
    on one connection and see one snapshot, taken at the first.
    """

    def read(self, plan: ReadPlan) -> Answer | Awaitable[Answer]:
        """Answer a plan as JSON: at once where that is cheaper than waiting, else awaited.

        Raises TooManyRows and StoreUnavailable.
        """

    async def finish(self) -> None:
        """Give the connection back."""


class Transaction(Protocol):
    """A transaction in which several units of work are done, one after the other."""

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Do a unit of work."""


class Database(ABC):
    """One store of tasks, open between `open` and `close`."""

    _statements: Statements

    @property
    @abstractmethod
    def name(self) -> str:
        """What this database is, for people: a file's path or a URL without its password."""

    @abstractmethod
    async def open(self) -> None:
        """Migrate what is pending and make ready to serve. Raises StoreUnusable."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of every connection and thread."""

    @abstractmethod
    def session(self) -> OperationSession:
        """Begin an operation; no connection is taken before its first read."""

    def prepare(self, plan: ReadPlan) -> PreparedRead:
        """Look up the statement of a plan, to be run as often as it is asked for."""
        return PreparedRead(self._statements(plan.shape), plan, plan.values)

    @abstractmethod
    def answer(self, reads: Sequence[PreparedRead]) -> list[Document] | Awaitable[list[Document]]:
        """Answer plans as JSON, on one snapshot: at once where that is cheaper than waiting.

        An answer is None where a row by id does not exist. Raises TooManyRows and
        StoreUnavailable.
        """

    def version(self) -> int | None:
        """Tell what every commit changes, whoever makes it; None where that is not told at once."""
        return None

    @abstractmethod
    async def read(self, work: Callable[[ReadSession], T]) -> T:
        """Run a unit of work that only reads, off the event loop, on one snapshot.

        Raises StoreUnavailable.
        """

    @abstractmethod
    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Run a unit of work in one transaction and commit it.

        A `short` one is a few statements about single rows. SQLite does it where it stands.
        What `work` raises rolls everything back and is raised here. On PostgreSQL it may run again
        after a serialization failure, so it must not do anything but work on its session.
        Raises StoreUnavailable when the database is busy or away; then nothing was written, unless
        the connection to PostgreSQL broke during the commit.
        """

    @abstractmethod
    def transaction(self) -> AbstractAsyncContextManager["Transaction"]:
        """Begin a transaction for several units of work, committed at the end of the block.

        What is raised in the block rolls all of them back. Nobody else writes meanwhile on SQLite.
        Raises StoreUnavailable as `write` does, and WritersCollided, after which all of it may be
        tried again.
        """

    @abstractmethod
    def commits(self) -> AsyncGenerator[None, None]:
        """Tell of commits, whoever makes them: once at first, then at least once after each.

        Ends when the iterator is closed. A database that is away for a while is waited for.
        """

    @abstractmethod
    async def check(self, *, seconds: float) -> Mapping[str, str]:
        """Say how `database`, `migrations` and `disk` are, in words: `ok`, `n/a` or what is wrong.

        On a connection of its own, so that nobody's work is waited for. Raises nothing.
        """

    @abstractmethod
    async def pending_migrations(self) -> list[str]:
        """List the migrations that have not run, oldest first, without running them."""
