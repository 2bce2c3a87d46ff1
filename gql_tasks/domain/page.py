"""How a list is ordered and which part of it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

from gql_tasks.domain.errors import InvalidArgument


class OrderField(Enum):
    """What rows can be sorted by. Text sorts by code point, the same on both stores."""

    ID = "id"
    POSITION = "position"
    TITLE = "title"
    COMPLETED = "completed"
    COMPLETED_AT = "completed_at"
    PRIORITY = "priority"
    DUE = "due"
    START_ON = "start_on"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NAME = "name"
    RELEVANCE = "relevance"


NULLABLE = frozenset({OrderField.COMPLETED_AT, OrderField.DUE, OrderField.START_ON})
"""Sort keys that may have no value."""


class Direction(Enum):
    """Which end of an order comes first."""

    ASC = "asc"
    DESC = "desc"


class Nulls(Enum):
    """Where rows without a value come, whichever the direction."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Order:
    """One key of a sort."""

    field: OrderField
    direction: Direction = Direction.ASC
    nulls: Nulls = Nulls.LAST


class FacetField(Enum):
    """What matching tasks can be counted by."""

    COMPLETED = "completed"
    PRIORITY = "priority"
    PROJECT = "project"
    LABEL = "label"
    DUE = "due"


def total_order(order_by: tuple[Order, ...]) -> tuple[Order, ...]:
    """End an order with the id, so that it is total and pages never overlap.

    The id goes the way of the key before it: the newest of equals comes first where the newest do,
    and an index is read in one direction. What comes after the id, or sorts by a field again,
    decides nothing and is left out.
    """
    keys: dict[OrderField, Order] = {}
    direction = order_by[-1].direction if order_by else Direction.ASC
    for order in (*order_by, Order(OrderField.ID, direction)):
        keys.setdefault(order.field, order)
        if order.field is OrderField.ID:
            break
    return tuple(keys.values())


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a list from `offset` on, at most `limit` of them.

    Without a limit it is the whole list, and more than `max_rows` of them are an error, not a cut.
    Raises InvalidArgument for a negative number and for a limit over `max_rows`.
    """

    limit: int | None
    offset: int
    max_rows: int

    @classmethod
    def of(cls, arguments: Mapping[str, Any], max_rows: int) -> Self:
        """Take `limit` and `offset` from a list's arguments, null like one that is absent."""
        return cls(arguments.get("limit"), arguments.get("offset") or 0, max_rows)

    def __post_init__(self) -> None:
        if self.limit is not None and not 0 <= self.limit <= self.max_rows:
            raise InvalidArgument(f"limit {self.limit} is not between 0 and {self.max_rows}")
        if self.offset < 0:
            raise InvalidArgument(f"offset {self.offset} is negative")

    @property
    def rows_read(self) -> int:
        """How many rows to read: without a limit one more than may be sent, which tells a full
        answer from one that would be cut.
        """
        return self.max_rows + 1 if self.limit is None else self.limit


DEFAULT_PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Window:
    """How many rows a page has, and from which end of the list.

    Raises InvalidArgument for a number out of bounds, and for first and last together.
    """

    size: int
    backward: bool

    @classmethod
    def of(cls, arguments: Mapping[str, Any], max_rows: int) -> Self:
        """Take `first` or `last` from a connection's arguments, null like one that is absent."""
        first, last = arguments.get("first"), arguments.get("last")
        if first is not None and last is not None:
            raise InvalidArgument("first and last cannot be asked for together")
        name, size = ("first", first) if last is None else ("last", last)
        if size is None:
            size = min(DEFAULT_PAGE_SIZE, max_rows)
        if not 0 <= size <= max_rows:
            raise InvalidArgument(f"{name} {size} is not between 0 and {max_rows}")
        return cls(size, backward=last is not None)
