"""How a list is ordered and which part of it is asked for."""

from dataclasses import dataclass
from enum import Enum

from gql_tasks.domain.errors import InvalidArgument

MAX_OFFSET = 2**63 - 1


class OrderField(Enum):
    """What tasks can be sorted by. Text sorts by code point, the same on both stores."""

    ID = "id"
    TITLE = "title"
    COMPLETED = "completed"
    COMPLETED_AT = "completed_at"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


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


@dataclass(frozen=True, slots=True)
class Slice:
    """The rows of a list from `offset` on, at most `limit` of them.

    Without a limit it is the whole list, and more than `max_rows` of them are an error, not a cut.
    Raises InvalidArgument for a negative number and for a limit over `max_rows`.
    """

    limit: int | None
    offset: int
    max_rows: int

    def __post_init__(self) -> None:
        if self.limit is not None and not 0 <= self.limit <= self.max_rows:
            raise InvalidArgument(f"limit {self.limit} is not between 0 and {self.max_rows}")
        if self.offset < 0:
            raise InvalidArgument(f"offset {self.offset} is negative")
