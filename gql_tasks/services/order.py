"""Putting rows where they are asked to go, with the neighbours that the store tells.

Where there is no key between two neighbours, because other programs wrote what is no position, or
two writers the same one, or keys have grown too long, the rows around get new keys, so that the row
really lands where it was asked to go.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise

from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.position import (
    AT_END,
    MAX_LENGTH,
    REKEYED_LENGTH,
    Place,
    is_position,
    keys_between,
)
from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import (
    Positioned,
    in_order,
    lock_order,
    rows_after,
    rows_before,
    set_positions,
)


def lock_for_new(session: WriteSession, entity: Entity, places: Iterable[Place | None]) -> None:
    """Lock what making positions for new rows needs."""
    at_end = all(place is None or place == AT_END for place in places)
    lock_order(session, entity, shared=at_end)


def key_for(session: WriteSession, entity: Entity, place: Place | None) -> str:
    """Make the position of a new row that goes to a place; without one, to the end.

    The neighbour must exist and the order be locked.
    """
    return _keys(session, entity, place or AT_END, 1, ())[0][0]


def keys_for(session: WriteSession, entity: Entity, places: Sequence[Place | None]) -> list[str]:
    """Make the positions of new rows, as if each had been written before the next is placed.

    No new row is a neighbour that a place names. So between two rows, first come those that go
    after the left one, the last of them nearest to it, then those that go before the right one.
    """
    gaps: defaultdict[int | None, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    lefts: dict[Place, int | None] = {}
    for index, place in enumerate(place or AT_END for place in places):
        if place not in lefts:
            left, _ = _neighbours(session, entity, place, 1, ())
            lefts[place] = left[0][0] if left else None
        after, before = gaps[lefts[place]]
        (after if place.at_start or place.after is not None else before).append(index)
    keys: dict[int, str] = {}
    rekeyed = True
    while rekeyed:  # then what was made for a gap beside it may be wrong
        rekeyed = False
        for left_id, (after, before) in gaps.items():
            gap = Place(at_start=True) if left_id is None else Place(after=str(left_id))
            members = [*reversed(after), *before]
            made, made_room = _keys(session, entity, gap, len(members), ())
            keys.update(zip(members, made, strict=True))
            rekeyed |= made_room
    return [keys[index] for index in range(len(places))]


def key_for_moved(session: WriteSession, entity: Entity, place: Place, row_id: int) -> str:
    """Make the position of a row that moves, which is no neighbour of its own.

    It is the one it has, where it stands there already.
    """
    return keys_for_moved(session, entity, place, [row_id])[row_id]


def keys_for_moved(
    session: WriteSession, entity: Entity, place: Place, ids: Collection[int]
) -> dict[int, str]:
    """Make the positions of rows that move to a place, where they keep their order.

    They are those they have, where the rows stand there already. The rows must exist.
    """
    moving = in_order(session, entity, ids)
    left, right = _neighbours(session, entity, place, 1, ids)
    if _fit(left, [key for _, key in moving], right):
        return dict(moving)
    keys, _ = _keys(session, entity, place, len(moving), ids)
    return {row_id: key for (row_id, _), key in zip(moving, keys, strict=True)}


def _keys(
    session: WriteSession, entity: Entity, place: Place, count: int, moving: Collection[int]
) -> tuple[list[str], bool]:
    """Make keys that sort at a place, in their order, and where they do not fit, make room.

    Tells whether that has given rows around the place new keys.
    """
    spare = 0
    while True:
        left, right = _neighbours(session, entity, place, spare + 1, moving)
        around = [*reversed(left[:spare]), *right[:spare]]
        keys = keys_between(
            left[spare][1] if len(left) > spare else None,
            right[spare][1] if len(right) > spare else None,
            len(around) + count,
            max_length=MAX_LENGTH if spare == 0 else REKEYED_LENGTH,
        )
        if keys is not None:
            first = len(left[:spare])
            rekeyed = _rekey(session, entity, around, keys[:first] + keys[first + count :])
            return keys[first : first + count], rekeyed
        spare = spare * 2 or 1


def _neighbours(
    session: WriteSession, entity: Entity, place: Place, count: int, moving: Collection[int]
) -> tuple[list[Positioned], list[Positioned]]:
    """Read the rows on either side of a place, the nearest first."""
    if place.at_start:
        return [], rows_after(session, entity, None, count, inclusive=False, without=moving)
    if place.at_end:
        return rows_before(session, entity, None, count, inclusive=False, without=moving), []
    before = place.before is not None
    row_id = parse_id(place.before or place.after or "")
    return (
        rows_before(session, entity, row_id, count, inclusive=not before, without=moving),
        rows_after(session, entity, row_id, count, inclusive=before, without=moving),
    )


def _fit(left: list[Positioned], here: list[str], right: list[Positioned]) -> bool:
    """Tell whether rows stand between these already, and will whatever their ids are."""
    keys = [*(key for _, key in left), *here, *(key for _, key in right)]
    return all(map(is_position, here)) and all(one < other for one, other in pairwise(keys))


def _rekey(
    session: WriteSession, entity: Entity, around: list[Positioned], keys: list[str]
) -> bool:
    """Give new keys to the rows around a place, in their order, where they have others."""
    changed = [(row_id, new) for (row_id, old), new in zip(around, keys, strict=True) if old != new]
    set_positions(session, entity, changed)
    return bool(changed)
