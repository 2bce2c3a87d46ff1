"""PostgreSQL's SQL, where it differs from SQLite's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    FromClause,
    Text,
    any_,
    cast,
    false,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.types import TypeEngine

from gql_tasks.domain.search import SearchText
from gql_tasks.domain.values import Value
from gql_tasks.store.dialects import Condition, Dialect, Expression, Pair, in_turn, quoted
from gql_tasks.store.search_queries import Query, write_tsquery


class PostgresqlDialect(Dialect):
    """PostgreSQL 14 and later, through asyncpg."""

    sqlalchemy = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]
    max_json_pairs = 50  # FUNC_MAX_ARGS is 100

    def _json_object(self, pairs: Sequence[Pair]) -> Expression:
        # json and not jsonb: jsonb sorts the keys, an answer keeps the query's order.
        return func.json_build_object(*in_turn(pairs))

    def _json_extended(self, document: Expression, pairs: Sequence[Pair]) -> Expression:
        # Two objects become one where the first one's last brace meets the second one's first.
        opened = func.left(cast(document, Text), literal_column("-1"))
        closed = func.substr(cast(self._json_object(pairs), Text), literal_column("2"))
        return cast(opened.concat(quoted(",")).concat(closed), postgresql.JSON)

    def json_array(self, document: Expression) -> Expression:
        """Aggregate in the order in which the subquery delivers."""
        return func.coalesce(func.json_agg(document), cast(quoted("[]"), postgresql.JSON))

    def json_list(self, items: Sequence[Expression]) -> Expression:
        """Call json_build_array."""
        return func.json_build_array(*items)

    def hexadecimal(self, items: Sequence[Expression]) -> Expression:
        """Encode the bytes; the store's own arrays have spaces in them."""
        text: Expression = quoted("[")
        for item, follower in zip(items, [","] * (len(items) - 1) + ["]"], strict=True):
            written = func.coalesce(cast(func.to_json(item), Text), quoted("null"))
            text = text.concat(written).concat(quoted(follower))
        return func.encode(func.convert_to(text, quoted("UTF8")), quoted("hex"))

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

    def day(self, column: Expression) -> Expression:
        """Format, whatever the session's date style is."""
        return func.to_char(column, quoted("YYYY-MM-DD"))

    def json_value(self, column: Expression) -> Expression:
        """Take the column as it is."""
        return column

    def sync_token(self, epoch: Expression, position: Expression) -> Expression:
        """Call to_hex."""
        digits = func.lpad(func.to_hex(position), literal_column("12"), quoted("0"))
        return epoch.concat(quoted("-")).concat(digits)

    def changed_members(
        self, before: Expression, after: Expression, without: Sequence[str]
    ) -> Expression:
        """Read the members with json_each, numbered so that they keep their order."""
        member = (
            func.json_each(after)
            .table_valued("key", "value", with_ordinality="number")
            .render_derived(name="member")
        )
        was = cast(before.op("->")(member.c.key), Text)
        names = func.json_agg(aggregate_order_by(member.c.key, member.c.number))
        found = (
            select(names)
            .where(before.is_not(None), cast(member.c.value, Text).is_distinct_from(was))
            .where(member.c.key.not_in([quoted(name) for name in without]))
            .scalar_subquery()
        )
        return func.coalesce(found, cast(quoted("[]"), postgresql.JSON))

    def by_code_point(self, column: Expression) -> Expression:
        """Pin the C collation, which compares UTF-8 bytes."""
        return column.collate("C")

    def fold_case(self, text: Expression) -> Expression:
        """Pin the C collation, in which lower knows ASCII only."""
        return func.lower(text.collate("C"))

    def contains(self, text: Expression, part: Expression) -> Condition:
        """Call strpos, to which LIKE's wildcards are characters."""
        return func.strpos(text, part) > literal_column("0")

    def starts_with(self, text: Expression, start: Expression) -> Condition:
        """Call starts_with."""
        return func.starts_with(text, start)

    def ends_with(self, text: Expression, end: Expression) -> Condition:
        """Compare with the end."""
        return func.right(text, func.length(end)) == end

    def list_type(self, item: TypeEngine[Any]) -> TypeEngine[Any]:
        """Take lists as arrays."""
        return postgresql.ARRAY(item)

    def is_one_of(self, item: Expression, items: Expression) -> Condition:
        """Compare with any."""
        return item == any_(items)

    def is_found(self, row: FromClause, queries: Expression, query: Query) -> Condition:
        """Compare with the words that the database keeps of every row."""
        words: Expression = literal_column(f"{row.description}.search")
        asked = func.tasks_search_query(queries, literal_column(str(query.value + 1)))
        return words.bool_op("@@")(asked)

    def bind_value(self, value: Value) -> Any:
        """Hand over what asyncpg takes: Python's own types, and lists for arrays."""
        match value:
            case SearchText():
                return write_tsquery(value)
            case tuple():
                return list(value)
            case datetime():
                # Cut as SQLite's text is; PostgreSQL would round, in year 9999 to year 10000.
                return value.replace(microsecond=value.microsecond // 1000 * 1000)
            case _:
                return value


POSTGRESQL = PostgresqlDialect()
