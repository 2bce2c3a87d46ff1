"""Rows that go together go leaves first, and what stays moves up to what stays."""

import pytest

from gql_tasks.domain.tree import leaves_first, nearest_staying


@pytest.mark.parametrize(
    ("parents", "steps", "staying"),
    [
        ({}, [], {}),
        ({1: None, 2: 9}, [[1, 2]], {1: None, 2: 9}),
        ({1: None, 2: 1, 3: 2, 4: 1}, [[3, 4], [2], [1]], {1: None, 2: None, 3: None, 4: None}),
        ({5: 4, 4: 3, 3: 9, 7: 8}, [[5, 7], [4], [3]], {5: 9, 4: 9, 3: 9, 7: 8}),
        ({1: 1, 2: 1}, [[2], [1]], {1: None, 2: None}),
        ({1: 2, 2: 3, 3: 1, 4: 3}, [[4], [1, 2, 3]], {1: None, 2: None, 3: None, 4: None}),
    ],
)
def test_rows_that_go(
    parents: dict[int, int | None], steps: list[list[int]], staying: dict[int, int | None]
) -> None:
    """No row goes before those under it, but in circles, and each has somewhere to move up to."""
    assert leaves_first(parents) == steps
    assert nearest_staying(parents) == staying
