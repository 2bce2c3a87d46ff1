"""Pages to SQL: one statement that reads a page by its place in an order, and what counts it.

    WITH found AS (the rows that match, after or before a cursor, one more than the page holds),
         page AS (those rows, numbered)
    SELECT json_object('edges', ..., 'pageInfo', ..., 'totalCount', ...)

A page goes on from the sort keys of a row and not from its number (keyset pagination, as in
https://use-the-index-luke.com/no-offset): a row that comes or goes between two pages neither
repeats nor skips another.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    String,
    and_,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
)

from gql_tasks.domain.page import NULLABLE, Direction, Nulls, Order
from gql_tasks.domain.plan import (
    Bound,
    Column,
    Constant,
    Edges,
    Facets,
    Node,
    Nodes,
    Page,
    PageInfo,
    PageSelected,
    Selected,
    Token,
    Total,
)
from gql_tasks.domain.relations import Entity
from gql_tasks.store.change_page import write_head_token
from gql_tasks.store.columns import columns_read
from gql_tasks.store.dialects import Dialect, Expression, quoted
from gql_tasks.store.facets import write_facets
from gql_tasks.store.matching import conditions
from gql_tasks.store.order import KEY_TYPES, order_key
from gql_tasks.store.scope import NONE_LEFT_OUT, Reached, Scope

DocumentWriter: TypeAlias = Callable[[Entity, tuple[Selected, ...], FromClause], Expression]


def write_page(page: Page, reached: Reached, scope: Scope, document: DocumentWriter) -> Expression:
    """Write a page of the rows reached as an object; `document` writes a row as one."""
    return _PageWriter(page, reached, scope, document).write()


@dataclass(frozen=True, slots=True)
class _Key:
    """One key of the order: its place in `page`, its value in the table, and which way it goes."""

    name: str
    value: Expression
    order: Order
    reversed: bool

    def sorting(self, dialect: Dialect, value: Expression) -> Any:
        """Sort by it, the way the page is read."""
        direction, nulls = self.order.direction, self.order.nulls
        if self.reversed:
            direction = Direction.DESC if direction is Direction.ASC else Direction.ASC
            nulls = Nulls.LAST if nulls is Nulls.FIRST else Nulls.FIRST
        placed = nulls if self.order.field in NULLABLE else None
        return dialect.ordered(value, direction, placed)


class _PageWriter:
    """One page being written."""

    def __init__(
        self, page: Page, reached: Reached, scope: Scope, document: DocumentWriter
    ) -> None:
        self.shape = page
        self.reached = reached
        self.scope = scope
        self.dialect = scope.dialect
        self.document = document
        self.size = self.scope.bind(page.size, BigInteger())
        self.keys = [
            _Key(
                f"key_{number}",
                order_key(order.field, reached.target, page.search, scope),
                order,
                page.backward,
            )
            for number, order in enumerate(page.order_by)
        ]
        self.matching = [
            reached.joined,
            *conditions(page.where, page.search, reached.target, scope),
        ]
        self.page = self._page()

    def write(self) -> Expression:
        """Write the members that were asked for, in their order, all of one reading of the page."""
        document = self.dialect.json_object(
            [(selected.key, self._member(selected)) for selected in self.shape.fields]
        )
        return select(document).add_cte(self.page, nest_here=True).scalar_subquery()

    def _member(self, selected: PageSelected) -> Expression:
        match selected:
            case Constant():
                return quoted(selected.text)
            case Edges():
                return self._list(lambda row: self._edge(selected, row))
            case Nodes():
                return self._list(lambda row: self._node(selected.fields, row))
            case PageInfo():
                return self.dialect.json_object(
                    [(fact.key, self._fact(fact)) for fact in selected.fields]
                )
            case Total():
                return self._from_matching([func.count()]).scalar_subquery()
            case Token():
                return write_head_token(self.dialect)
            case Facets():
                return write_facets(selected, self.shape.search, self.reached, self.scope)

    def _page(self) -> CTE:
        """Read the rows of the page and one more, which tells whether there is a next page."""
        target = self.reached.target
        names = columns_read(self.shape.entity, self._row_fields())
        bounds = [
            self._beyond(bound, after=after)
            for bound, after in ((self.shape.after, True), (self.shape.before, False))
            if bound is not None
        ]
        found = (
            self._from_matching(
                [
                    *(target.c[name] for name in names),
                    *(key.value.label(key.name) for key in self.keys),
                ],
                *bounds,
            )
            .order_by(*(key.sorting(self.dialect, key.value) for key in self.keys))
            .limit(self.size + literal_column("1", BigInteger()))
            .offset(NONE_LEFT_OUT)
            .subquery(self.scope.name(self.shape.entity))
        )
        order = [key.sorting(self.dialect, found.c[key.name]) for key in self.keys]
        numbered = func.row_number().over(order_by=order).label("number")
        return select(found, numbered).cte(self.scope.name_of("page"))

    def _from_matching(
        self, columns: Sequence[Expression], *conditions: ColumnElement[bool]
    ) -> Select[*tuple[Any, ...]]:
        """Select from the rows that match, those for which more holds."""
        statement = select(*columns).select_from(self.reached.from_)
        statement = statement.where(*self.matching, *conditions)
        source = self.reached.source
        return statement if source is None else statement.correlate(source)

    def _row_fields(self) -> tuple[Selected, ...]:
        """List what the page's rows answer, wherever it was asked for."""
        fields: list[Selected] = []
        for selected in self.shape.fields:
            match selected:
                case Nodes():
                    fields += selected.fields
                case Edges():
                    for member in selected.fields:
                        fields += member.fields if isinstance(member, Node) else ()
                case _:
                    pass
        return tuple(fields)

    def _rows(self) -> FromClause:
        """Take the rows of the page, in the order of the list."""
        row = self.page.alias(self.scope.name(self.shape.entity))
        number = row.c.number.desc() if self.shape.backward else row.c.number.asc()
        limited = select(row).where(row.c.number <= self.size).order_by(number)
        # The rows need no limit; it keeps SQLite from losing their order.
        return (
            limited.limit(self.dialect.at_most(self.size))
            .offset(NONE_LEFT_OUT)
            .subquery(self.scope.name(self.shape.entity))
        )

    def _list(self, write: Any) -> Expression:
        rows = self._rows()
        return select(self.dialect.json_array(write(rows))).select_from(rows).scalar_subquery()

    def _node(self, fields: tuple[Selected, ...], row: FromClause) -> Expression:
        return self.document(self.shape.entity, fields, row)

    def _edge(self, edges: Edges, row: FromClause) -> Expression:
        members: list[tuple[str, Expression]] = []
        for selected in edges.fields:
            match selected:
                case Constant():
                    members.append((selected.key, quoted(selected.text)))
                case Column():
                    members.append((selected.key, self._cursor(row)))
                case Node():
                    members.append((selected.key, self._node(selected.fields, row)))
        return self.dialect.json_object(members)

    def _cursor(self, row: FromClause) -> Expression:
        keys = [
            KEY_TYPES[key.order.field].write(self.dialect, row.c[key.name]) for key in self.keys
        ]
        fingerprint = self.scope.bind(self.shape.fingerprint, String())
        return fingerprint.concat(self.dialect.hexadecimal(keys))

    def _fact(self, fact: Column | Constant) -> Expression:
        if isinstance(fact, Constant):
            return quoted(fact.text)
        match fact.name:
            case "has_next_page":
                onward = self._beyond_exists(self.shape.before, after=False)
                return self.dialect.boolean(onward if self.shape.backward else self._more())
            case "has_previous_page":
                back = self._beyond_exists(self.shape.after, after=True)
                return self.dialect.boolean(self._more() if self.shape.backward else back)
            case "start_cursor":
                return self._edge_cursor(last=self.shape.backward)
            case _:
                return self._edge_cursor(last=not self.shape.backward)

    def _more(self) -> ColumnElement[bool]:
        page = self.page.alias(self.scope.name(self.shape.entity))
        return select(func.count()).select_from(page).scalar_subquery() > self.size

    def _beyond_exists(self, bound: Bound | None, *, after: bool) -> ColumnElement[bool]:
        """Tell whether the list has rows on the other side of a cursor, its own row included."""
        if bound is None:
            return false()
        other_side = not_(func.coalesce(self._beyond(bound, after=after), false()))
        return self._from_matching([literal_column("1")], other_side).exists()

    def _edge_cursor(self, *, last: bool) -> Expression:
        """Write the cursor of the row that was read first or last; null for an empty page."""
        row = self.page.alias(self.scope.name(self.shape.entity))
        number = row.c.number.desc() if last else row.c.number.asc()
        return (
            select(self._cursor(row))
            .where(row.c.number <= self.size)
            .order_by(number)
            .limit(literal_column("1"))
            .offset(NONE_LEFT_OUT)
            .scalar_subquery()
        )

    def _beyond(self, bound: Bound, *, after: bool) -> ColumnElement[bool]:
        """Hold for the rows after a place in the order, or before it.

        (a, b, id) is after (x, y, z) where a is after x, or a is x and b is after y, and so on.
        """
        steps: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for key, slot in zip(self.keys, bound, strict=True):
            type_ = KEY_TYPES[key.order.field].type_
            value = None if slot is None else self.scope.bind(slot, type_)
            steps.append(and_(*equal, _past(key, value, after=after)))
            equal.append(key.value.is_(None) if value is None else key.value == value)
        first, first_slot = self.keys[0], bound[0]
        place = or_(*steps)
        if first_slot is None or first.order.field in NULLABLE:
            return place
        # Follows from what is said already, and lets an index on the first key begin there.
        value = self.scope.bind(first_slot, KEY_TYPES[first.order.field].type_)
        upward = (first.order.direction is Direction.ASC) is after
        return and_(first.value >= value if upward else first.value <= value, place)


def _past(key: _Key, value: Any, *, after: bool) -> ColumnElement[bool]:
    """Hold where one key comes after a value, or before it; None is NULL."""
    nullable = key.order.field in NULLABLE
    nulls_past = (key.order.nulls is Nulls.LAST) is after
    if value is None:
        return false() if nulls_past else key.value.is_not(None)
    upward = (key.order.direction is Direction.ASC) is after
    past = key.value > value if upward else key.value < value
    return or_(past, key.value.is_(None)) if nullable and nulls_past else past
