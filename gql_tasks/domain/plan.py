"""What a root field asks the store for, decided before any SQL is written.

A ReadPlan is a shape and its values. The shape is all that a statement's text depends on, and is
hashable: the store compiles one statement a shape. The values are bound when it runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar

from gql_tasks.domain.page import Order, Slice


class Entity(Enum):
    """What can be read."""

    TASK = "task"


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


Selected = Column | Constant


@dataclass(frozen=True, slots=True)
class ReadShape:
    """Everything a statement's text depends on.

    `fields` keep the order in which they are answered; their keys are unique. Without `order_by`
    a list comes by id; the id is the last tie-break of every order.
    """

    entity: Entity
    fields: tuple[Selected, ...]
    many: bool
    order_by: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """One row by id, or a slice of the list.

    `max_rows` is the number of rows past which the answer is an error.
    """

    shape: ReadShape
    values: Mapping[str, int]
    max_rows: int | None = None

    UNLIMITED: ClassVar[int] = 2**63 - 1

    @classmethod
    def by_id(cls, entity: Entity, fields: tuple[Selected, ...], row_id: int) -> "ReadPlan":
        """Plan to read the row with this id; its answer is None where there is none."""
        return cls(ReadShape(entity, fields, many=False), {"id": row_id})

    @classmethod
    def listing(
        cls,
        entity: Entity,
        fields: tuple[Selected, ...],
        order_by: tuple[Order, ...] = (),
        part: Slice | None = None,
    ) -> "ReadPlan":
        """Plan to read a list, whole unless `part` says which rows."""
        shape = ReadShape(entity, fields, many=True, order_by=order_by)
        if part is None:
            return cls(shape, {"limit": cls.UNLIMITED, "offset": 0})
        # One row more than may be sent tells a full answer from one that would be cut.
        limit = part.max_rows + 1 if part.limit is None else part.limit
        return cls(shape, {"limit": limit, "offset": part.offset}, part.max_rows)

    @property
    def rows_visited(self) -> int:
        """How many rows the store steps over at the most, where an index gives their order."""
        if not self.shape.many:
            return 1
        return self.values["limit"] + self.values["offset"]
