"""Every difference between SQLite's SQL and PostgreSQL's, one method each.

The methods turn column expressions into the JSON of an answer. JSON is written by the database
and never decoded here, so both must write the same values under the same keys in the same order;
white space may differ.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Text,
    UnaryExpression,
    cast,
    false,
    func,
    literal_column,
    nulls_first,
    nulls_last,
)
from sqlalchemy import Dialect as SqlAlchemyDialect
from sqlalchemy.dialects import postgresql, sqlite

from gql_tasks.domain.page import Direction, Nulls

Expression = ColumnElement[Any]
Pair = tuple[str, Expression]


class Dialect(ABC):
    """How one store writes JSON and orders rows."""

    sqlalchemy: ClassVar[SqlAlchemyDialect]
    max_json_pairs: ClassVar[int]
    """Pairs one call that builds an object takes; longer objects are written in parts."""

    def json_object(self, pairs: Sequence[Pair]) -> Expression:
        """Write an object whose keys come in the order given."""
        first, *rest = _chunks(pairs, self.max_json_pairs)
        document = self._json_object(first)
        for part in rest:
            document = self._json_extended(document, part)
        return document

    def id(self, column: Expression) -> Expression:
        """Write an id as GraphQL's ID: a string."""
        return cast(column, Text)

    def number(self, column: Expression) -> Expression:
        """Write a number as it is."""
        return column

    def text(self, column: Expression) -> Expression:
        """Write a text; NULL, which other programs may leave, is the empty one."""
        return func.coalesce(column, quoted(""))

    @abstractmethod
    def _json_object(self, pairs: Sequence[Pair]) -> Expression:
        """Call the function that builds an object."""

    @abstractmethod
    def _json_extended(self, document: Expression, pairs: Sequence[Pair]) -> Expression:
        """Write pairs behind those that an object has."""

    @abstractmethod
    def json_array(self, document: Expression) -> Expression:
        """Aggregate documents into an array, `[]` where there are none, in the rows' order."""

    @abstractmethod
    def json_to_text(self, document: Expression) -> Expression:
        """Hand JSON over as text, so that no driver decodes it."""

    @abstractmethod
    def boolean(self, column: Expression) -> Expression:
        """Write true or false; NULL is false."""

    @abstractmethod
    def truth(self, column: Expression) -> Expression:
        """Tell true from false and NULL, for sorting: false comes before true."""

    @abstractmethod
    def instant(self, column: Expression) -> Expression:
        """Write RFC 3339 in UTC with three decimals and a `Z`, or null."""

    @abstractmethod
    def by_code_point(self, column: Expression) -> Expression:
        """Compare texts by code point, whatever the database's locale says."""

    def ordered(
        self, key: Expression, direction: Direction, nulls: Nulls | None
    ) -> UnaryExpression[Any]:
        """Sort by a key; where its NULLs go is said, not left to the store. None: it has none."""
        directed = key.asc() if direction is Direction.ASC else key.desc()
        match nulls:
            case None:
                return directed
            case Nulls.FIRST:
                return nulls_first(directed)
            case Nulls.LAST:
                return nulls_last(directed)


class SqliteDialect(Dialect):
    """SQLite 3.38 and later. A column's type does not bind it: any may hold a BLOB or an infinite
    number, which JSON cannot. Casts keep one such value from making a whole list unreadable.
    """

    sqlalchemy = sqlite.dialect(paramstyle="qmark")
    max_json_pairs = 63  # SQLITE_MAX_FUNCTION_ARG is 127, and json_insert takes the object too

    def number(self, column: Expression) -> Expression:
        """Write an integer."""
        return cast(column, Integer)

    def text(self, column: Expression) -> Expression:
        """Write a text."""
        return cast(super().text(column), Text)

    def _json_object(self, pairs: Sequence[Pair]) -> Expression:
        return func.json_object(*_arguments(pairs))

    def _json_extended(self, document: Expression, pairs: Sequence[Pair]) -> Expression:
        paths = [(f"$.{key}", value) for key, value in pairs]
        return func.json_insert(document, *_arguments(paths))

    def json_array(self, document: Expression) -> Expression:
        """Aggregate; the subquery's LIMIT keeps SQLite from flattening it, and so its order."""
        return func.json_group_array(document)

    def json_to_text(self, document: Expression) -> Expression:
        """SQLite's JSON is text."""
        return document

    def boolean(self, column: Expression) -> Expression:
        """SQLite has no booleans: any number but zero is true, as for its own WHERE."""
        return func.iif(column, func.json(quoted("true")), func.json(quoted("false")))

    def truth(self, column: Expression) -> Expression:
        """Any number but zero is true."""
        return func.iif(column, literal_column("1"), literal_column("0"))

    def instant(self, column: Expression) -> Expression:
        """Instants are stored as the text that is sent."""
        return cast(column, Text)

    def by_code_point(self, column: Expression) -> Expression:
        """BINARY, the collation of columns that name none, compares UTF-8 bytes."""
        return column


class PostgresqlDialect(Dialect):
    """PostgreSQL 14 and later, through asyncpg."""

    sqlalchemy = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    max_json_pairs = 50  # FUNC_MAX_ARGS is 100

    def _json_object(self, pairs: Sequence[Pair]) -> Expression:
        # json and not jsonb: jsonb sorts the keys, an answer keeps the query's order.
        return func.json_build_object(*_arguments(pairs))

    def _json_extended(self, document: Expression, pairs: Sequence[Pair]) -> Expression:
        # Two objects become one where the first one's last brace meets the second one's first.
        opened = func.left(cast(document, Text), literal_column("-1"))
        closed = func.substr(cast(self._json_object(pairs), Text), literal_column("2"))
        return cast(opened.concat(quoted(",")).concat(closed), postgresql.JSON)

    def json_array(self, document: Expression) -> Expression:
        """Aggregate in the order in which the subquery delivers."""
        return func.coalesce(func.json_agg(document), cast(quoted("[]"), postgresql.JSON))

    def json_to_text(self, document: Expression) -> Expression:
        """Cast to text: the driver would decode json."""
        return cast(document, Text)

    def boolean(self, column: Expression) -> Expression:
        """NULL is false, and json writes booleans itself."""
        return self.truth(column)

    def truth(self, column: Expression) -> Expression:
        """NULL is false."""
        return func.coalesce(column, false())

    def instant(self, column: Expression) -> Expression:
        """Format in UTC, whatever the session's time zone is."""
        utc = func.timezone(quoted("UTC"), column)
        return func.to_char(utc, quoted('YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))

    def by_code_point(self, column: Expression) -> Expression:
        """Pin the C collation, which compares UTF-8 bytes."""
        return column.collate("C")


SQLITE = SqliteDialect()
POSTGRESQL = PostgresqlDialect()


def quoted(text: str) -> ColumnElement[str]:
    """Write a text constant into the statement, quoted as SQLAlchemy quotes.

    For the code's own constants and for response keys, which GraphQL's grammar holds to letters,
    digits and `_`. Everything else that a client sends is bound.
    """
    return literal_column("'" + text.replace("'", "''") + "'", String)


def _arguments(pairs: Sequence[Pair]) -> list[Expression]:
    """Put keys and values in turn, as both stores' functions take them."""
    return [argument for key, value in pairs for argument in (quoted(key), value)]


def _chunks(items: Sequence[Pair], size: int) -> list[Sequence[Pair]]:
    return [items[start : start + size] for start in range(0, len(items), size)] or [items]
