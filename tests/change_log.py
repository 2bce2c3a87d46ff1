"""The change log as tests see it from outside: what is in it, and whether it is true."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.sql import Address

State = dict[str, Any]
World = dict[tuple[str, int], State]
"""Rows as the log would have them, by their kind and id."""

STAMPS = ("createdAt", "updatedAt", "completedAt")


@dataclass(frozen=True)
class Entry:
    """An entry of the log."""

    entity: str
    id: int
    before: State | None
    after: State | None
    nulls: str = ""

    @property
    def changes(self) -> dict[str, tuple[Any, Any]]:
        """Show the members that differ, all of them where the row came or went."""
        before, after = self.before or {}, self.after or {}
        return {
            name: (before.get(name), after.get(name))
            for name in before | after
            if before.get(name) != after.get(name)
        }


def log_of(address: Address) -> list[Entry]:
    """Read the log in its order."""
    return [entry for _, entry in numbered_log_of(address)]


def numbered_log_of(address: Address, after: int = -(2**62)) -> list[tuple[int, Entry]]:
    """Read the entries after a position with their numbers."""
    rows = address.fetch(
        "SELECT id, entity, row_id, before, after, nulls FROM changes"
        f" WHERE id > {after} ORDER BY id"
    )
    return [
        (number, Entry(entity, row_id, _state(before), _state(after), nulls))
        for number, entity, row_id, before, after, nulls in rows
    ]


def _state(text: str | None) -> State | None:
    return None if text is None else json.loads(text)


def undated(entry: Entry) -> Entry:
    """Take the moments out of an entry: of each only whether there is one."""

    def without(state: State | None) -> State | None:
        moments = {name: bool(state[name]) for name in STAMPS if state and name in state}
        return None if state is None else state | moments

    return Entry(entry.entity, entry.id, without(entry.before), without(entry.after), entry.nulls)


def replayed(entries: Sequence[Entry], world: World | None = None) -> World:
    """Apply entries to a world; each must begin where the one before it of its row ended."""
    rows: World = dict(world or {})
    for number, entry in enumerate(entries):
        key = (entry.entity, entry.id)
        assert entry.before == rows.get(key), f"entry {number}: {entry}"
        assert entry.before != entry.after, f"entry {number} changes nothing: {entry}"
        if entry.after is None:
            del rows[key]
        else:
            rows[key] = entry.after
    return rows


def world_of(address: Address) -> World:
    """Read all rows as the log would have them."""
    return dict(_rows(address))


SQLITE_INSTANT = "{}"
PG_INSTANT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
PRIORITIES = ("NONE", "LOW", "MEDIUM", "HIGH", "URGENT")


def _rows(address: Address) -> Iterator[tuple[tuple[str, int], State]]:
    instant = (SQLITE_INSTANT if address.is_sqlite else PG_INSTANT).format
    day = "{}" if address.is_sqlite else "CAST({} AS varchar)"
    stamps = f"version, {instant('created_at')}, {instant('updated_at')}"
    labels: dict[int, list[int]] = {}
    for task, label in address.fetch("SELECT task_id, label_id FROM task_labels ORDER BY 1, 2"):
        labels.setdefault(task, []).append(label)
    for row in address.fetch(
        f"SELECT id, title, description, completed, {instant('completed_at')}, priority,"
        f" {day.format('due_on')}, {instant('due_at')}, {day.format('start_on')}, position,"
        f" project_id, parent_id, {stamps} FROM tasks"
    ):
        row_id, title, description, completed, completed_at, priority, *rest = row
        due_on, due_at, start_on, position, project_id, parent_id, *stamped = rest
        yield (
            ("TASK", row_id),
            {
                "id": str(row_id),
                "title": title or "",
                "description": description or "",
                "completed": bool(completed),
                "completedAt": completed_at,
                "priority": PRIORITIES[priority],
                "dueOn": due_on,
                "dueAt": due_at,
                "startOn": start_on,
                "position": position,
                "projectId": None if project_id is None else str(project_id),
                "parentId": None if parent_id is None else str(parent_id),
                "labelIds": [str(label) for label in labels.get(row_id, [])],
                **_stamps(stamped),
            },
        )
    for row in address.fetch(
        f"SELECT id, name, color, position, {instant('archived_at')}, {stamps} FROM projects"
    ):
        row_id, name, color, position, archived_at, *stamped = row
        content = {"name": name, "color": color, "position": position, "archivedAt": archived_at}
        yield ("PROJECT", row_id), {"id": str(row_id), **content, **_stamps(stamped)}
    for row in address.fetch(f"SELECT id, name, color, {stamps} FROM labels"):
        row_id, name, color, *stamped = row
        content = {"name": name, "color": color}
        yield ("LABEL", row_id), {"id": str(row_id), **content, **_stamps(stamped)}


def _stamps(stamped: Sequence[Any]) -> State:
    return dict(zip(("version", "createdAt", "updatedAt"), stamped, strict=True))
