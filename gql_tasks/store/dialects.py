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
    FromClause,
    String,
    Text,
    UnaryExpression,
    case,
    cast,
    func,
    literal_column,
    nulls_first,
    nulls_last,
)
from sqlalchemy import Dialect as SqlAlchemyDialect
from sqlalchemy.types import TypeEngine

from gql_tasks.domain.page import Direction, Nulls
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.values import Value
from gql_tasks.store.search_queries import Query

PRIORITIES = tuple(priority.name for priority in Priority)

Expression = ColumnElement[Any]
Condition = ColumnElement[bool]
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

    def nullable_text(self, column: Expression) -> Expression:
        """Write a text or null."""
        return column

    def priority(self, column: Expression) -> Expression:
        """Write a rank as the name of a priority."""
        names: dict[Any, Expression] = {
            literal_column(str(rank)): quoted(name) for rank, name in enumerate(PRIORITIES)
        }
        return case(names, value=column)

    @abstractmethod
    def day(self, column: Expression) -> Expression:
        """Write a day as `2026-01-31`, or null."""

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
    def json_list(self, items: Sequence[Expression]) -> Expression:
        """Write an array of so many items."""

    @abstractmethod
    def hexadecimal(self, items: Sequence[Expression]) -> Expression:
        """Write the UTF-8 bytes of an array, without white space, in hexadecimal digits."""

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
    def json_value(self, column: Expression) -> Expression:
        """Write JSON that a column holds."""

    @abstractmethod
    def sync_token(self, epoch: Expression, position: Expression) -> Expression:
        """Write a position of the change log: the epoch, `-`, twelve hexadecimal digits."""

    @abstractmethod
    def changed_members(
        self, before: Expression, after: Expression, without: Sequence[str]
    ) -> Expression:
        """List the members of an object that differ from another's; none where one is NULL."""

    @abstractmethod
    def by_code_point(self, column: Expression) -> Expression:
        """Compare texts by code point, whatever the database's locale says."""

    @abstractmethod
    def fold_case(self, text: Expression) -> Expression:
        """Make A to Z small and leave every other letter as it is."""

    @abstractmethod
    def contains(self, text: Expression, part: Expression) -> Condition:
        """Find a text in another; no character is a wildcard, and the empty text is in every one.

        It holds of `starts_with` and `ends_with` too.
        """

    @abstractmethod
    def starts_with(self, text: Expression, start: Expression) -> Condition:
        """Find a text at another's start."""

    @abstractmethod
    def ends_with(self, text: Expression, end: Expression) -> Condition:
        """Find a text at another's end."""

    @abstractmethod
    def list_type(self, item: TypeEngine[Any]) -> TypeEngine[Any]:
        """Name the type of a parameter that is a list, so that no list's length is in the text."""

    @abstractmethod
    def is_one_of(self, item: Expression, items: Expression) -> Condition:
        """Compare with each item of a parameter of the type that `list_type` names."""

    @abstractmethod
    def is_found(self, row: FromClause, queries: Expression, query: Query) -> Condition:
        """Ask the full-text index for a task. `queries` is a parameter that is a SearchText."""

    @abstractmethod
    def bind_value(self, value: Value) -> Any:  # whatever the driver takes
        """Hand a value to the driver, in the form that the columns hold."""

    def at_most(self, rows: Expression) -> Expression:
        """Write how many rows a LIMIT lets through, from a parameter."""
        return rows

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


def quoted(text: str) -> ColumnElement[str]:
    """Write a text constant into the statement, quoted as SQLAlchemy quotes.

    For the code's own constants and for response keys, which GraphQL's grammar holds to letters,
    digits and `_`. Everything else that a client sends is bound.
    """
    return literal_column("'" + text.replace("'", "''") + "'", String)


def in_turn(pairs: Sequence[Pair]) -> list[Expression]:
    """Put keys and values in turn, as both stores' functions take them."""
    return [argument for key, value in pairs for argument in (quoted(key), value)]


def _chunks(items: Sequence[Pair], size: int) -> list[Sequence[Pair]]:
    return [items[start : start + size] for start in range(0, len(items), size)] or [items]
