"""Rows that go together, of which some are the parents of others.

Each is given with its parent. Other programs may have tied parents to a circle.
"""

from collections import Counter
from collections.abc import Mapping


def leaves_first(parents: Mapping[int, int | None]) -> list[list[int]]:
    """Part the rows into steps, none of which holds the parent of a row in a later one.

    The last one holds those of circles, where there are any.
    """
    children = Counter(parent for parent in parents.values() if parent in parents)
    steps = []
    step = [row_id for row_id in parents if not children[row_id]]
    while step:
        steps.append(step)
        for row_id in step:
            children[parents[row_id]] -= 1
        step = [
            parent
            for parent in {parents[row_id] for row_id in step}
            if parent is not None and parent in parents and not children[parent]
        ]
    gone = {row_id for step in steps for row_id in step}
    circles = [row_id for row_id in parents if row_id not in gone]
    return [*steps, circles] if circles else steps


def nearest_staying(parents: Mapping[int, int | None]) -> dict[int, int | None]:
    """Find for each row the nearest of those above it that stays; None where there is none."""
    found: dict[int, int | None] = {}
    for step in reversed(leaves_first(parents)):
        for row_id in step:
            above = parents[row_id]
            found[row_id] = above if above is None or above not in parents else found.get(above)
    return found


def in_cycles(parents: Mapping[int, int | None]) -> set[int]:
    """Find the tasks that are under themselves."""
    tied: set[int] = set()
    seen: set[int] = set()
    for task_id in parents:
        path: dict[int, int] = {}
        step: int | None = task_id
        while step is not None and step not in seen:
            seen.add(step)
            path[step] = len(path)
            step = parents.get(step)
        if step is not None and step in path:
            tied.update([*path][path[step] :])
    return tied
