"""The second look at a file: its rows are written, in the transaction of the session."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeAlias

from gql_tasks.domain.relations import Entity
from gql_tasks.services.formats.records import (
    LabelRecord,
    ProjectRecord,
    Record,
    TaskRecord,
    moment_text,
)
from gql_tasks.services.import_check import Contents
from gql_tasks.services.order import keys_for, lock_for_new
from gql_tasks.store.bulk import ids_by_name
from gql_tasks.store.database import WriteSession
from gql_tasks.store.rows import lock_existing
from gql_tasks.store.whole_inserts import begin, end, insert_whole, reserve_ids

Ids: TypeAlias = dict[int | str, int]
"""The ids that rows have in the store, by what the file calls them."""

Records: TypeAlias = Mapping[int, ProjectRecord] | Mapping[int, LabelRecord]

ROWS_AT_ONCE = 5_000
CHARACTERS_AT_ONCE = 4_000_000
"""Tasks that one statement writes, and characters of their texts, so that memory is bounded."""


class FileChanged(Exception):
    """The file is not the one that was checked."""


def prepare(session: WriteSession, *, alone: bool) -> None:
    """Lock what writing needs; alone, nobody else writes from here on to the commit."""
    for entity in (Entity.TASK, Entity.PROJECT):
        lock_for_new(session, entity, [])
    begin(session, alone=alone)


def write(
    session: WriteSession,
    records: Iterator[Record],
    contents: Contents,
    now: datetime,
    *,
    keeps_ids: bool,
) -> None:
    """Write the rows of a file that was checked. Raises FileChanged."""
    writer = _Writer(session, contents, moment_text(now), keeps_ids=keeps_ids)
    count = 0
    for record in records:
        if isinstance(record, TaskRecord):
            writer.add(record)
            count += 1
    writer.flush()
    if count != len(contents.task_numbers):
        raise FileChanged
    end(session)


class _Writer:
    def __init__(
        self, session: WriteSession, contents: Contents, now: str, *, keeps_ids: bool
    ) -> None:
        self._session, self._contents = session, contents
        self._now, self._keeps_ids = now, keeps_ids
        self._rows: list[dict[str, Any]] = []
        self._pairs: list[tuple[int, int]] = []
        self._characters = 0
        self._projects = self._leading(Entity.PROJECT, contents.projects, contents.project_names)
        self._labels = self._leading(Entity.LABEL, contents.labels, contents.label_names)
        count = len(contents.task_numbers)
        self._ids: Sequence[int] = [] if keeps_ids else reserve_ids(session, Entity.TASK, count)
        self._positions = self._task_positions(count)

    def add(self, record: TaskRecord) -> None:
        """Take a task in, to be written with others."""
        try:
            number = self._contents.task_numbers[record.id]
            row = self._task(record, number)
            self._pairs += [
                (row["id"], label)
                for label in dict.fromkeys(self._labels[named] for named in record.labels)
            ]
        except KeyError:
            raise FileChanged from None
        self._rows.append(row)
        self._characters += len(record.title or "") + len(record.description or "")
        if len(self._rows) >= ROWS_AT_ONCE or self._characters >= CHARACTERS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what was taken in."""
        insert_whole(self._session, Entity.TASK, self._rows, self._pairs)
        self._rows, self._pairs, self._characters = [], [], 0

    def _task(self, record: TaskRecord, number: int) -> dict[str, Any]:
        created_at = record.created_at or self._now
        updated_at = record.updated_at or record.created_at or self._now
        completed_at = record.completed_at
        if record.completed and completed_at is None and record.position is None:
            completed_at = updated_at  # the format may leave it out
        return {
            "id": self._task_id(record.id),
            "title": record.title,
            "description": record.description,
            "completed": record.completed,
            "priority": int(record.priority),
            "due_on": record.due_on,
            "due_at": record.due_at,
            "start_on": record.start_on,
            "position": self._positions[number] if self._positions else record.position,
            "project_id": None if record.project is None else self._projects[record.project],
            "parent_id": None if record.parent is None else self._task_id(record.parent),
            "version": record.version if self._keeps_ids else 1,
            "created_at": created_at,
            "updated_at": updated_at,
            "completed_at": completed_at,
        }

    def _task_id(self, file_id: int) -> int:
        return file_id if self._keeps_ids else self._ids[self._contents.task_numbers[file_id]]

    def _task_positions(self, count: int) -> list[str]:
        """Make the positions of the tasks, by their places in the file; none where they stay."""
        given = self._contents.positions
        if given and self._keeps_ids:
            return []
        keys = keys_for(self._session, Entity.TASK, [None] * count)
        if not given:
            return keys
        ids = [*self._contents.task_numbers]
        placed = [""] * count
        for key, number in zip(
            keys, sorted(range(count), key=lambda number: (given[number], ids[number])), strict=True
        ):
            placed[number] = key
        return placed

    def _leading(self, entity: Entity, records: Records, names: Collection[str]) -> Ids:
        """Write the projects or the labels that are not there, and find the ids of all."""
        ids: Ids = {}
        rows = {named: asdict(record) for named, record in records.items()}
        if self._keeps_ids:
            insert_whole(self._session, entity, [_columns(row) for row in rows.values()])
            ids |= {file_id: file_id for file_id in records}
            rows = {}
        there = self._there(entity)
        fresh: dict[str, dict[str, Any]] = {}
        for row in (*rows.values(), *(self._named(entity, name) for name in names)):
            if row["name"] not in there:
                fresh.setdefault(row["name"], row)
        there |= self._write_fresh(entity, [*fresh.values()])
        ids |= {file_id: there[row["name"]] for file_id, row in rows.items()}
        return ids | {name: there[name] for name in names}

    def _there(self, entity: Entity) -> dict[str, int]:
        """Find the rows to add to by their names, and keep them from being deleted."""
        if self._keeps_ids:  # there is nothing to add to
            return {}
        found = ids_by_name(self._session, entity)
        stay = lock_existing(self._session, entity, found.values())
        return {name: row_id for name, row_id in found.items() if row_id in stay}

    def _named(self, entity: Entity, name: str) -> dict[str, Any]:
        """Make a row of which the file says only the name."""
        row = {"name": name, "color": None, "created_at": self._now, "updated_at": self._now}
        return row | ({"position": "", "archived_at": None} if entity is Entity.PROJECT else {})

    def _write_fresh(self, entity: Entity, rows: list[dict[str, Any]]) -> dict[str, int]:
        """Write rows under new ids, projects at the end of their order."""
        given = reserve_ids(self._session, entity, len(rows))
        for row, row_id in zip(rows, given, strict=True):
            row |= {"id": row_id, "version": 1}
        if entity is Entity.PROJECT:
            rows.sort(key=lambda row: (row["position"], row["id"]))
            keys = keys_for(self._session, entity, [None] * len(rows))
            for row, key in zip(rows, keys, strict=True):
                row["position"] = key
        insert_whole(self._session, entity, [_columns(row) for row in rows])
        return {row["name"]: row["id"] for row in rows}


def _columns(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in sorted(row) if name != "line"}
