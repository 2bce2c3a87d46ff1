"""Positions: what is one, and the keys between two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gql_tasks.domain.errors import Invalid
from gql_tasks.domain.ids import Reference
from gql_tasks.domain.position import (
    MAX_LENGTH,
    Place,
    is_position,
    keys_between,
    own_place_problems,
    place_problems,
    place_references,
)
from gql_tasks.domain.relations import Entity

PATH = ("input", "place")
FIRST = "A" + "0" * 26  # the one integer that is no position: nothing could go before it

positions = st.recursive(
    st.just("a0"),
    lambda known: (
        st.builds(
            lambda a, b: (keys_between(*sorted({a, b}), 1) or ["a0"])[0] if a != b else a,
            known,
            known,
        )
        | st.builds(lambda a: keys_between(a, None, 2)[1], known)
        | st.builds(lambda a: keys_between(None, a, 3)[0], known)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a0", True),
        ("Zz", True),
        ("a1", True),  # what a trigger gives to the row 1
        ("b10", True),
        ("s1234567890123456789", True),
        ("a0V", True),
        ("a0" + "V" * 98, True),
        (FIRST + "V", True),
        (FIRST, False),
        ("", False),
        ("a", False),
        ("b1", False),
        ("a00", False),  # a fraction that ends in zero: nothing fits between it and a0
        ("a0V0", False),
        ("0a", False),
        ("a0!", False),
        ("a0é", False),
        ("a٣", False),
        ("a0\n", False),
        ("a0" + "V" * 99, False),
        ("V" * 10_000, False),
        (b"a0", False),
        (None, False),
    ],
)
def test_is_position(key: object, expected: bool) -> None:
    """A position is a fractional index in base 62 of at most 100 characters."""
    assert is_position(key) is expected


@given(st.lists(positions, min_size=2, max_size=2), st.integers(1, 40))
def test_keys_between_sort_between(ends: list[str], count: int) -> None:
    """Keys between two positions are positions, sorted, and between them."""
    before, after = sorted(ends)
    for low, high in ((before, after), (None, after), (before, None), (None, None)):
        keys = keys_between(low, high, count)
        if low == high and low is not None:
            assert keys is None
            continue
        assert keys is not None
        assert len(keys) == count
        assert all(is_position(key) for key in keys)
        whole = [key for key in (low, *keys, high) if key is not None]
        assert whole == sorted(set(whole))


@given(st.text(max_size=6), st.text(max_size=6))
def test_keys_between_never_fails(before: str, after: str) -> None:
    """Whatever texts rows hold, there are keys or there is no room."""
    keys = keys_between(before, after, 1)
    assert keys is None or before < keys[0] < after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a0", "a0"),
        ("a1", "a0"),
        ("", "a0"),
        ("a0", "~"),
        ("a0", "a" + "1" * 200),
        ("a0" + "V" * 97 + "1", "a0" + "V" * 97 + "2"),
        (None, "A" + "0" * 25 + "1"),
    ],
)
def test_no_room(before: str | None, after: str | None) -> None:
    """There is no room between equals, the wrong way round, non-positions and keys too long."""
    assert keys_between(before, after, 1) is None


def test_keys_stay_short() -> None:
    """It takes hundreds of rows put into the same gap until a key is too long."""
    low, high, steps = "a0", "a1", 0
    while (keys := keys_between(low, high, 1)) is not None:
        high = keys[0]
        steps += 1
    assert len(high) == MAX_LENGTH
    assert steps > 400


@pytest.mark.parametrize(
    "place", [Place("1"), Place(after="1"), Place(at_start=True), Place(at_end=True)]
)
def test_places(place: Place) -> None:
    """A place is one of four."""
    assert [*place_problems(place, PATH)] == []


@pytest.mark.parametrize(
    "place", [Place(), Place("1", "2"), Place(before="1", at_end=True), Place("1", at_start=False)]
)
def test_place_takes_exactly_one(place: Place) -> None:
    """Nothing and more than one say no place."""
    message = "place takes exactly one of before, after, at start and at end"
    assert [*place_problems(place, PATH)] == [Invalid(message, PATH)]


@pytest.mark.parametrize("name", ["at_start", "at_end"])
def test_place_false(name: str) -> None:
    """Not at the start is no place."""
    problems = [*place_problems(Place(**{name: False}), PATH)]
    assert problems == [Invalid("place takes true, or another place", (*PATH, name))]


def test_place_names_its_neighbour() -> None:
    """The neighbour has to exist, and is not the row itself."""
    for name in ("before", "after"):
        place = Place(**{name: "7"})
        path = (*PATH, name)
        assert [*place_references(place, Entity.TASK, PATH)] == [Reference(Entity.TASK, "7", path)]
        assert [*own_place_problems(place, Entity.TASK, 8, PATH)] == []
        assert [*own_place_problems(place, Entity.TASK, 7, PATH)] == [
            Invalid(f"task 7 cannot be placed {name} itself", path)
        ]
    assert [*place_references(Place(at_end=True), Entity.TASK, PATH)] == []
