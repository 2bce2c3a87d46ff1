"""Values beside the shape they belong to.

A shape is hashable and decides a statement's text; a value in it is a Slot, a number in a list that
is bound when the statement runs. The same document with other values has the same shape.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from gql_tasks.domain.search import SearchText

Scalar: TypeAlias = str | int | bool | date | datetime
Value: TypeAlias = Scalar | tuple[Scalar, ...] | SearchText


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in the list that goes with a shape."""

    index: int


@dataclass(slots=True)
class Values:
    """The values of one plan, in the order in which its shape names them."""

    items: list[Value] = field(default_factory=list)

    def bind(self, value: Value) -> Slot:
        """Add a value and say where it is."""
        self.items.append(value)
        return Slot(len(self.items) - 1)
