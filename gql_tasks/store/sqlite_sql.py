"""SQLite's SQL, where it differs from PostgreSQL's."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    FromClause,
    Integer,
    String,
    Text,
    cast,
    column,
    func,
    literal_column,
    select,
    table,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.types import TypeEngine

from gql_tasks.domain.search import SearchText
from gql_tasks.domain.values import Value
from gql_tasks.store.dialects import Condition, Dialect, Expression, Pair, in_turn, quoted
from gql_tasks.store.search_queries import Query, write_fts5
from gql_tasks.store.tables import instant_text


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
        return func.json_object(*in_turn(pairs))

    def _json_extended(self, document: Expression, pairs: Sequence[Pair]) -> Expression:
        paths = [(f"$.{key}", value) for key, value in pairs]
        return func.json_insert(document, *in_turn(paths))

    def json_array(self, document: Expression) -> Expression:
        """Aggregate; the subquery's LIMIT keeps SQLite from flattening it, and so its order."""
        return func.json_group_array(document)

    def json_list(self, items: Sequence[Expression]) -> Expression:
        """Call json_array."""
        return func.json_array(*items)

    def hexadecimal(self, items: Sequence[Expression]) -> Expression:
        """Call hex, which writes capitals."""
        return func.lower(func.hex(self.json_list(items)))

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

    def nullable_text(self, column: Expression) -> Expression:
        """Write a text or null; cast for the same reason."""
        return cast(column, Text)

    def day(self, column: Expression) -> Expression:
        """Days are stored as the text that is sent."""
        return cast(column, Text)

    def json_value(self, column: Expression) -> Expression:
        """Take the text for JSON."""
        return func.json(column)

    def sync_token(self, epoch: Expression, position: Expression) -> Expression:
        """Call printf."""
        return func.printf(quoted("%s-%012x"), epoch, position)

    def changed_members(
        self, before: Expression, after: Expression, without: Sequence[str]
    ) -> Expression:
        """Read the members with json_each, which keeps their order."""
        member = func.json_each(after).table_valued("key", "value", name="member")
        was = func.json_extract(before, quoted("$.").concat(member.c.key))
        return (
            select(func.json_group_array(member.c.key))
            .where(before.is_not(None), member.c.value.is_distinct_from(was))
            .where(member.c.key.not_in([quoted(name) for name in without]))
            .scalar_subquery()
        )

    def by_code_point(self, column: Expression) -> Expression:
        """BINARY, the collation of columns that name none, compares UTF-8 bytes."""
        return column

    def fold_case(self, text: Expression) -> Expression:
        """SQLite's own lower knows ASCII only."""
        return func.lower(text)

    def contains(self, text: Expression, part: Expression) -> Condition:
        """Call instr, to which LIKE's wildcards are characters."""
        return func.instr(text, part) > literal_column("0")

    def starts_with(self, text: Expression, start: Expression) -> Condition:
        """Compare with the beginning."""
        return func.substr(text, literal_column("1"), func.length(start)) == start

    def ends_with(self, text: Expression, end: Expression) -> Condition:
        """Compare with the end. substr counts from the back where the text is the shorter one, and
        then finds less than `end`.
        """
        first = func.length(text) - func.length(end) + literal_column("1")
        return func.substr(text, first) == end

    def list_type(self, item: TypeEngine[Any]) -> TypeEngine[Any]:  # noqa: ARG002  # all are JSON
        """Take lists as JSON."""
        return String()

    def is_one_of(self, item: Expression, items: Expression) -> Condition:
        """Read the list with json_each."""
        listed = func.json_each(items).table_valued("value", name="listed")
        return item.in_(select(listed.c.value))

    def is_found(self, row: FromClause, queries: Expression, query: Query) -> Condition:
        """Ask FTS5 once for all the rows it finds, and not again for every row."""
        found = table("tasks_search", column("rowid"))
        asked = func.json_extract(queries, quoted(f"$[{query.value}]"))
        matches = literal_column("tasks_search").bool_op("MATCH")(asked)
        return row.c.id.in_(select(found.c.rowid).where(matches))

    def at_most(self, rows: Expression) -> Expression:
        """Write a sum: a parameter alone would have SQLite 3.51 prepare the statement anew for each
        value, which takes longer than many a list.
        """
        return rows + literal_column("0", BigInteger())

    def bind_value(self, value: Value) -> Any:
        """Write instants and days as the columns have them, lists as JSON."""
        match value:
            case SearchText():
                return self.bind_value(tuple(write_fts5(value)))
            case tuple():
                return orjson.dumps([self.bind_value(item) for item in value]).decode()
            case datetime():
                return instant_text(value)
            case date():
                return value.isoformat()
            case _:
                return value


SQLITE = SqliteDialect()
