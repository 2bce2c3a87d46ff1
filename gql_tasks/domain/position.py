"""Order made by hand: where a row is asked to go, and the texts that sort it there.

A position is a fractional index: text compared byte by byte, with room for another between any
two (https://observablehq.com/@dgreensp/implementing-fractional-indexing). Rows sort by position and
then by id. Other programs may write positions that are no such index, or the same one twice; then
no key goes between, and the rows around are given new ones (`services/order.py`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from fractional_indexing import FIError, generate_n_keys_between, validate_order_key

from gql_tasks.domain.errors import Invalid, Path, Problem
from gql_tasks.domain.ids import Reference
from gql_tasks.domain.relations import Entity

MAX_LENGTH = 100
"""A longer key is taken as one that cannot be sorted by: it costs its index more than new keys."""

REKEYED_LENGTH = 50
"""Keys given to make room are at most this long, so that there is room for a while."""

KEPT_VERDICTS = 1_000
"""Texts that are known to be positions or none: a new row stands beside the one before it."""

_BASE_62 = re.compile(rf"[A-Za-z][0-9A-Za-z]{{1,{MAX_LENGTH - 1}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row goes among all rows of its kind: one of the four, ids as callers write them."""

    before: str | None = None
    after: str | None = None
    at_start: bool | None = None
    at_end: bool | None = None

    @property
    def neighbour(self) -> str | None:
        """Tell the id of the row beside which it goes."""
        return self.before if self.before is not None else self.after


AT_END = Place(at_end=True)


def place_problems(place: Place, path: Path) -> Iterator[Problem]:
    """Refuse more than one place, none, and `false`, which says where not."""
    asked = {
        name: value
        for name in ("before", "after", "at_start", "at_end")
        if (value := getattr(place, name)) is not None
    }
    if len(asked) != 1:
        yield Invalid("place takes exactly one of before, after, at start and at end", path)
    elif False in asked.values():
        yield Invalid("place takes true, or another place", (*path, *asked))


def own_place_problems(place: Place, entity: Entity, row_id: int, path: Path) -> Iterator[Problem]:
    """Refuse to put a row beside itself."""
    for name, neighbour in (("before", place.before), ("after", place.after)):
        if neighbour == str(row_id):
            message = f"{entity.value} {row_id} cannot be placed {name} itself"
            yield Invalid(message, (*path, name))


def place_references(place: Place, entity: Entity, path: Path) -> Iterator[Reference]:
    """Name the neighbour."""
    if place.before is not None:
        yield Reference(entity, place.before, (*path, "before"))
    if place.after is not None:
        yield Reference(entity, place.after, (*path, "after"))


@lru_cache(KEPT_VERDICTS)
def is_position(key: object) -> bool:
    """Tell a fractional index from what other programs may have written."""
    if not (isinstance(key, str) and _BASE_62.fullmatch(key)):
        return False
    try:
        validate_order_key(key)
    except FIError:
        return False
    return True


def keys_between(
    before: str | None, after: str | None, count: int, *, max_length: int = MAX_LENGTH
) -> list[str] | None:
    """Make keys that sort between two, in their order; None stands for the start or the end.

    None where there is no room: the two are equal, or the wrong way round, or not both positions,
    or the keys would be too long.
    """
    if any(key is not None and not is_position(key) for key in (before, after)):
        return None
    try:
        keys: list[str] = generate_n_keys_between(before, after, count)
    except FIError:  # the two are no gap, or there is nothing before the first of all keys
        return None
    fits = all(is_position(key) and len(key) <= max_length for key in keys)
    return keys if fits else None
