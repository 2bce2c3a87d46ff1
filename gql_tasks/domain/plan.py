"""What a root field asks the store for, decided before any SQL is written.

A ReadPlan is a shape and its values. The shape is a tree, all that a statement's text depends on,
and hashable: the store compiles one statement a shape. The values are bound when it runs.

    Row    one row by id                Column, Constant               what a row answers itself
    Rows   a list                       One, Many, Count, Connection   what it leads to
    Page   a part of a list, by cursor  Edges, Nodes, PageInfo, Total, Facets, Token   of a page
    ById   rows by their ids            Entries, Token   what a part of the change log answers
    Since  the change log from a place
"""

from dataclasses import dataclass
from typing import Self, TypeAlias

from gql_tasks.domain.filters import Filter
from gql_tasks.domain.page import FacetField, Order, Slice, total_order
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Slot, Value

UNLIMITED = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the row, answered under `key`. `name` is the field as the code spells it."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A text that is the same for every row, answered under `key`: `__typename`."""

    key: str
    text: str


@dataclass(frozen=True, slots=True)
class One:
    """The row a to-one relation leads to, answered under `key`; null where there is none."""

    key: str
    relation: Relation
    fields: tuple["Selected", ...]


@dataclass(frozen=True, slots=True)
class Many:
    """The rows a to-many relation leads to, answered under `key` as a list."""

    key: str
    relation: Relation
    rows: "Rows"


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows a relation leads to, of those that match, answered under `key`."""

    key: str
    relation: Relation
    where: Filter | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A page of the rows a to-many relation leads to, answered under `key`."""

    key: str
    relation: Relation
    page: "Page"


Selected: TypeAlias = Column | Constant | One | Many | Count | Connection


@dataclass(frozen=True, slots=True)
class Row:
    """The row with an id. `fields` keep the order in which they are answered; keys are unique."""

    entity: Entity
    fields: tuple[Selected, ...]
    id: Slot


@dataclass(frozen=True, slots=True)
class Rows:
    """A slice of the rows that match.

    Without `order_by` tasks come by id, projects by position, labels by name; the id is the last
    tie-break of every order.
    """

    entity: Entity
    fields: tuple[Selected, ...]
    limit: Slot
    offset: Slot
    where: Filter | None = None
    search: Slot | None = None
    order_by: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """The row of an edge, answered under `key`."""

    key: str
    fields: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class Edges:
    """The rows of a page, each with its `cursor`, answered under `key`."""

    key: str
    fields: tuple[Column | Constant | Node, ...]


@dataclass(frozen=True, slots=True)
class Nodes:
    """The rows of a page, answered under `key`."""

    key: str
    fields: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """Where a page begins and ends, and whether there is more, answered under `key`."""

    key: str
    fields: tuple[Column | Constant, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows all pages have together, answered under `key`."""

    key: str


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of a facet, answered under `key`."""

    key: str
    fields: tuple[Column | Constant, ...]


@dataclass(frozen=True, slots=True)
class Facet:
    """One facet: what is counted by, and the filter without its own condition."""

    field: FacetField
    where: Filter | None
    days: tuple[tuple[Slot, Slot], ...] = ()
    """For DUE: today, tomorrow and the day after the next seven, each as a day and as the moment
    at which it begins where the caller is."""


@dataclass(frozen=True, slots=True)
class Facets:
    """Counts of all matching rows by bucket, a facet each, answered under `key`."""

    key: str
    facets: tuple[Facet, ...]
    fields: tuple[Column | Constant | Buckets, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The change log's position in the snapshot that is read, answered under `key`."""

    key: str


PageSelected: TypeAlias = Constant | Edges | Nodes | PageInfo | Total | Facets | Token

Bound: TypeAlias = tuple[Slot | None, ...]
"""A place in an order: a value for each of its keys, the id's last; None is a NULL."""


@dataclass(frozen=True, slots=True)
class Page:
    """At most `size` of the rows that match: those after `after` and before `before`.

    The first of them, or the last for a page read `backward`. `fingerprint` begins every cursor:
    it stands for the order and the filter. `order_by` ends with the id.
    """

    entity: Entity
    fields: tuple[PageSelected, ...]
    order_by: tuple[Order, ...]
    size: Slot
    fingerprint: Slot
    where: Filter | None = None
    search: Slot | None = None
    after: Bound | None = None
    before: Bound | None = None
    backward: bool = False


@dataclass(frozen=True, slots=True)
class ById:
    """The rows with these ids, each by itself, in no order; those that do not exist are left out.

    `ids` is a tuple of numbers.
    """

    entity: Entity
    fields: tuple[Selected, ...]
    ids: Slot


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries of the change log, the oldest first, answered under `key`."""

    key: str
    fields: tuple[Selected, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a change log: which log it was, and the position there."""

    epoch: Slot
    position: Slot


@dataclass(frozen=True, slots=True)
class Since:
    """At most `limit` entries of the change log after a place, from its beginning without one.

    A Column is `next_token`, `has_more` or `resync_required`.
    """

    fields: tuple[Constant | Column | Entries, ...]
    limit: Slot
    place: Place | None = None


ReadShape: TypeAlias = Row | Rows | Page | ById | Since


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """A shape with its values.

    `max_rows` is the number of rows past which a list is an error. `rows_visited` is how many rows
    the store steps over at the most, where an index gives their order; lists of a task's own
    labels and subtasks, which are short, are not counted.
    """

    shape: ReadShape
    values: tuple[Value, ...]
    rows_visited: int = 1
    max_rows: int | None = None

    @classmethod
    def by_id(cls, entity: Entity, fields: tuple[Selected, ...], row_id: int) -> Self:
        """Plan to read the row with this id; its answer is None where there is none.

        The fields must bind no values of their own.
        """
        return cls(Row(entity, fields, id=Slot(0)), (row_id,))

    @classmethod
    def listing(
        cls,
        entity: Entity,
        fields: tuple[Selected, ...],
        order_by: tuple[Order, ...] = (),
        part: Slice | None = None,
    ) -> Self:
        """Plan to read a list, whole unless `part` says which rows.

        The fields must bind no values of their own.
        """
        limit, offset = (UNLIMITED, 0) if part is None else (part.rows_read, part.offset)
        return cls(
            Rows(entity, fields, limit=Slot(0), offset=Slot(1), order_by=total_order(order_by)),
            (limit, offset),
            rows_visited=limit + offset,
            max_rows=None if part is None else part.max_rows,
        )
