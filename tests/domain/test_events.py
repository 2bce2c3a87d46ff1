"""What changes are to a watch, without a store."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from gql_tasks.domain.changes import Change
from gql_tasks.domain.events import EventKind, Step, kind_of, steps, value_of
from gql_tasks.domain.relations import Entity

HERE: dict[str, Any] = {"id": "1", "title": "a"}
AT = datetime(2026, 1, 1, tzinfo=UTC)
CHANGE = Change(5, AT, Entity.TASK, 1, before=HERE, after=HERE, mutation=7)
CREATED = replace(CHANGE, position=4, before=None)
DELETED = replace(CHANGE, position=6, after=None)


def test_steps_join_one_mutation() -> None:
    """Changes of one row by one mutation, one right after the other, are one step."""
    last = replace(CHANGE, position=6, after={"id": "1", "title": "b"})
    joined = replace(last, before=None)
    assert [*steps([CREATED, CHANGE, last])] == [Step(3, joined)]


@pytest.mark.parametrize(
    "other",
    [
        replace(CHANGE, mutation=8),
        replace(CHANGE, mutation=None),
        replace(CHANGE, row_id=2),
        replace(CHANGE, entity=Entity.LABEL),
        replace(CHANGE, before=None),
    ],
)
def test_steps_part_what_is_not_one(other: Change) -> None:
    """Another mutation, another row, a row that is there again: each is a step of its own."""
    assert [*steps([CREATED, other])] == [Step(3, CREATED), Step(4, other)]


def test_steps_of_other_programs() -> None:
    """What no mutation made is not joined; nothing comes of nothing."""
    changes = [replace(CREATED, mutation=None), replace(CHANGE, mutation=None)]
    assert [*steps(changes)] == [Step(3, changes[0]), Step(4, changes[1])]
    assert [*steps([])] == []


def test_steps_end_with_a_deletion() -> None:
    """A deletion ends a step, and what comes after it begins another."""
    again = replace(CREATED, position=7)
    assert [*steps([CHANGE, DELETED, again])] == [
        Step(4, DELETED),
        Step(6, again),
    ]


@pytest.mark.parametrize(
    ("change", "matched", "matches", "kind"),
    [
        (CREATED, False, True, EventKind.CREATED),
        (CREATED, False, False, None),
        (CHANGE, True, True, EventKind.UPDATED),
        (CHANGE, False, True, EventKind.ENTERED),
        (CHANGE, True, False, EventKind.LEFT),
        (CHANGE, False, False, None),
        (DELETED, True, False, EventKind.DELETED),
        (DELETED, False, False, None),
    ],
)
def test_kind_of(change: Change, matched: bool, matches: bool, kind: EventKind | None) -> None:
    """What a change is depends on whether its task matched before, and whether it does after."""
    assert kind_of(change, matched=matched, matches=matches) is kind


@pytest.mark.parametrize(
    ("field", "state", "value"),
    [
        ("id", {"id": "7"}, 7),
        ("project_id", {"projectId": "8"}, 8),
        ("parent_id", {"parentId": None}, None),
        ("title", {"title": ""}, ""),
        ("completed", {"completed": False}, False),
        ("priority", {"priority": "URGENT"}, 4),
        ("due_on", {"dueOn": "2026-02-01"}, date(2026, 2, 1)),
        ("start_on", {"startOn": "soon"}, None),
        ("due_at", {"dueAt": "2026-02-01T00:00:00.001Z"}, datetime(2026, 2, 1, 0, 0, 0, 1000, UTC)),
        ("archived_at", {"archivedAt": "infinity"}, None),
        ("completed_at", {"completedAt": None}, None),
    ],
)
def test_value_of(field: str, state: dict[str, Any], value: object) -> None:
    """A field is read as filters compare it; a moment that cannot be read is none."""
    assert value_of(state, field) == value
