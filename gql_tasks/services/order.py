"""Putting rows where they are asked to go, with the neighbours that the store tells.

Where there is no key between two neighbours, because other programs wrote what is no position, or
two writers the same one, or keys have grown too long, the rows around get new keys, so that the row
really lands where it was asked to go.
"""

from collections.abc import Iterable

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
    lock_order,
    position_of,
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
    return _keys(session, entity, place or AT_END, 1, None)[0]


def keys_at_end(session: WriteSession, entity: Entity, count: int) -> list[str]:
    """Make the positions of new rows that go to the end, one after the other."""
    return _keys(session, entity, AT_END, count, None)


def key_for_moved(session: WriteSession, entity: Entity, place: Place, row_id: int) -> str:
    """Make the position of a row that moves, which is no neighbour of its own.

    It is the one it has, where it stands there already.
    """
    left, right = _neighbours(session, entity, place, 1, row_id)
    here = position_of(session, entity, row_id)
    if here is not None and _fits(left, here, right):
        return here
    return _keys(session, entity, place, 1, row_id)[0]


def _keys(
    session: WriteSession, entity: Entity, place: Place, count: int, moving: int | None
) -> list[str]:
    """Make keys that sort at a place, in their order, and where they do not fit, make room."""
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
            _rekey(session, entity, around, keys[:first] + keys[first + count :])
            return keys[first : first + count]
        spare = spare * 2 or 1


def _neighbours(
    session: WriteSession, entity: Entity, place: Place, count: int, moving: int | None
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


def _fits(left: list[Positioned], here: str, right: list[Positioned]) -> bool:
    """Tell whether a row stands between these already, and will whatever their ids are."""
    return (
        is_position(here) and (not left or left[0][1] < here) and (not right or here < right[0][1])
    )


def _rekey(
    session: WriteSession, entity: Entity, around: list[Positioned], keys: list[str]
) -> None:
    """Give new keys to the rows around a place, in their order, where they have others."""
    set_positions(
        session,
        entity,
        [(row_id, new) for (row_id, old), new in zip(around, keys, strict=True) if old != new],
    )
