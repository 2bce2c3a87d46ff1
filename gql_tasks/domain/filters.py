"""Filters: conditions on a row, and the truth of them in Python.

A condition is true or false, never unknown: a comparison with a missing value is false, and so its
negation is true. The store compiles the same tree to SQL (`store/filters.py`), and a property test
holds both stores and `matches` to one truth.

What a filter compares is what the API shows: a title or a description that another program left
NULL is empty, a NULL `completed` is false. Texts are compared by code point.

`ignore_case` folds the 26 letters A to Z and nothing else, the one folding that SQLite, PostgreSQL
in every locale and Python agree on.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from string import ascii_lowercase, ascii_uppercase
from typing import Any, Protocol, TypeAlias, assert_never

from gql_tasks.domain.relations import Relation
from gql_tasks.domain.text import text_problems
from gql_tasks.domain.values import Scalar, Slot, Values


class Operator(Enum):
    """How a field is compared with a value. IN takes a tuple of values."""

    EQ = "eq"
    IN = "in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts, true."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """Some part holds; without parts, false."""

    parts: tuple["Filter", ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Compare:
    """A field of the row compared with a value. `field` is as the code spells it.

    With `ignore_case` the value is one that `fold_case` has been through.
    """

    field: str
    operator: Operator
    value: Slot
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class IsNull:
    """The field has no value, or, for `null=False`, it has one."""

    field: str
    null: bool


@dataclass(frozen=True, slots=True)
class Is:
    """A field that is true or false is this. The shape says which: open tasks have own indexes."""

    field: str
    truth: bool


@dataclass(frozen=True, slots=True)
class Related:
    """Some row that the relation leads to meets the part."""

    relation: Relation
    part: "Filter"


@dataclass(frozen=True, slots=True)
class RelatedCount:
    """How many rows a relation leads to."""

    relation: Relation
    operator: Operator
    value: Slot


Filter: TypeAlias = All | Either | Not | Compare | IsNull | Is | Related | RelatedCount


def every(parts: Iterable[Filter]) -> Filter:
    """Say that all parts hold, in as small a tree as says it."""
    flat = tuple(inner for part in parts for inner in _opened(All, part))
    return flat[0] if len(flat) == 1 else All(flat)


def some(parts: Iterable[Filter]) -> Filter:
    """Say that some part holds, in as small a tree as says it."""
    flat = tuple(inner for part in parts for inner in _opened(Either, part))
    return flat[0] if len(flat) == 1 else Either(flat)


def negated(part: Filter) -> Filter:
    """Say that the part does not hold, in as small a tree as says it."""
    match part:
        case Not(inner):
            return inner
        case All(()):
            return Either()
        case Either(()):
            return All()
        case IsNull(field, null):
            return IsNull(field, not null)
        case Is(field, truth):
            return Is(field, not truth)
        case _:
            return Not(part)


def size(filter_: Filter, kind: type | tuple[type, ...] = object) -> int:
    """Count the nodes of the tree, or those of a kind."""
    own = int(isinstance(filter_, kind))
    match filter_:
        case All(parts) | Either(parts):
            return own + sum(size(part, kind) for part in parts)
        case Not(part) | Related(_, part):
            return own + size(part, kind)
        case _:
            return own


def can_be_stored(text: str) -> bool:
    """Tell whether any row could hold this text."""
    return not any(True for _ in text_problems(text, ("value",)))


_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)


def fold_case(text: str) -> str:
    """Make A to Z small and leave every other letter as it is."""
    return text.translate(_FOLDED)


EMPTY: Mapping[str, Scalar] = {"title": "", "description": "", "completed": False}
"""What a field is where other programs left it NULL and the API shows a value all the same."""


class Row(Protocol):
    """A row that a filter is asked of, as it is now or as it was."""

    def value(self, field: str) -> Scalar | None:
        """Read a field, as the code spells it: a priority's rank, an instant with its offset."""

    def related(self, relation: Relation) -> Iterable["Row"]:
        """Find the rows that a relation leads to."""


def matches(filter_: Filter, row: Row, values: Values) -> bool:
    """Tell whether a row meets a filter whose values are bound in `values`."""
    match filter_:
        case All(parts):
            return all(matches(part, row, values) for part in parts)
        case Either(parts):
            return any(matches(part, row, values) for part in parts)
        case Not(part):
            return not matches(part, row, values)
        case Compare(field, operator, slot, ignore_case):
            value = _shown_value(row, field)
            if ignore_case and isinstance(value, str):
                value = fold_case(value)
            return value is not None and _holds(value, operator, values.items[slot.index])
        case IsNull(field, null):
            return (_shown_value(row, field) is None) is null
        case Is(field, truth):
            return _shown_value(row, field) == truth
        case Related(relation, part):
            return any(matches(part, related, values) for related in row.related(relation))
        case RelatedCount(relation, operator, slot):
            count = sum(1 for _ in row.related(relation))
            return _holds(count, operator, values.items[slot.index])
    assert_never(filter_)


def _opened(kind: type[All | Either], part: Filter) -> tuple[Filter, ...]:
    return part.parts if isinstance(part, kind) else (part,)


def _shown_value(row: Row, field: str) -> Scalar | None:
    value = row.value(field)
    return EMPTY.get(field) if value is None else value


def _holds(left: Any, operator: Operator, right: Any) -> bool:  # of one type, which the field knows
    match operator:
        case Operator.EQ:
            return bool(left == right)
        case Operator.IN:
            return left in right
        case Operator.LT:
            return bool(left < right)
        case Operator.LTE:
            return bool(left <= right)
        case Operator.GT:
            return bool(left > right)
        case Operator.GTE:
            return bool(left >= right)
        case Operator.CONTAINS:
            return right in left
        case Operator.STARTS_WITH:
            return bool(left.startswith(right))
        case Operator.ENDS_WITH:
            return bool(left.endswith(right))
    assert_never(operator)
