"""Which part of a list is asked for."""

import pytest

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.page import Direction, Nulls, Order, OrderField, Slice
from gql_tasks.domain.plan import Column, Entity, ReadPlan

FIELDS = (Column("id", "id"),)


@pytest.mark.parametrize("limit", [None, 0, 1, 10])
@pytest.mark.parametrize("offset", [0, 1, 2**31 - 1])
def test_slice(limit: int | None, offset: int) -> None:
    """A limit is from 0 to the server's cap, an offset from 0 on."""
    assert Slice(limit, offset, 10) == Slice(limit=limit, offset=offset, max_rows=10)


@pytest.mark.parametrize(
    ("limit", "offset", "message"),
    [
        (-1, 0, "limit -1 is not between 0 and 10"),
        (11, 0, "limit 11 is not between 0 and 10"),
        (None, -1, "offset -1 is negative"),
        (-1, -1, "limit -1 is not between 0 and 10"),
    ],
)
def test_slice_out_of_range(limit: int | None, offset: int, message: str) -> None:
    """A number that no list has is named, the limit first."""
    with pytest.raises(InvalidArgument) as error:
        Slice(limit, offset, 10)
    assert str(error.value) == message


def test_order_defaults() -> None:
    """The smallest comes first, and what has no value last."""
    assert Order(OrderField.TITLE) == Order(OrderField.TITLE, Direction.ASC, Nulls.LAST)


@pytest.mark.parametrize(
    ("part", "values", "rows_visited"),
    [
        (None, (2**63 - 1, 0), 2**63 - 1),
        (Slice(None, 0, 10), (11, 0), 11),
        (Slice(None, 5, 10), (11, 5), 16),
        (Slice(0, 0, 10), (0, 0), 0),
        (Slice(10, 5, 10), (10, 5), 15),
    ],
)
def test_listing_binds(part: Slice | None, values: tuple[int, ...], rows_visited: int) -> None:
    """Without a limit one row more than the cap is read, to tell a whole list from a cut one."""
    plan = ReadPlan.listing(Entity.TASK, FIELDS, part=part)
    assert (plan.values, plan.rows_visited) == (values, rows_visited)


def test_by_id_visits_one_row() -> None:
    """A row by id is one row, whatever its id."""
    plan = ReadPlan.by_id(Entity.TASK, FIELDS, 2**62)
    assert (plan.values, plan.rows_visited) == ((2**62,), 1)


def test_values_are_no_part_of_the_shape() -> None:
    """Plans that differ in their values alone share a statement."""
    first, second = (ReadPlan.listing(Entity.TASK, FIELDS, part=Slice(n, n, 10)) for n in (1, 2))
    assert first.shape == second.shape
    assert hash(first.shape) == hash(second.shape)
