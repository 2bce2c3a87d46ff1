"""Todoist's CSV: a project as its template or its backup has it.

https://todoist.com/help/articles/format-a-csv-file-to-import-into-todoist-UVUXTmm6

The project is called as the file is. What a task here has no place for is kept as text in its
description; sections become labels.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gql_tasks.domain.priority import Priority
from gql_tasks.domain.text import name_problems, text_problems
from gql_tasks.services.formats.records import (
    Reading,
    Record,
    Remarks,
    TaskRecord,
    Wrong,
    day_text,
    described,
    moment_text,
    quoted,
)
from gql_tasks.services.formats.rows import read_table
from gql_tasks.services.formats.source import Unreadable

PRIORITIES: Final = {
    "": Priority.NONE,
    "1": Priority.URGENT,
    "2": Priority.HIGH,
    "3": Priority.MEDIUM,
    "4": Priority.NONE,  # what every task has that was given none
}

READ: Final = {
    "TYPE",
    "CONTENT",
    "DESCRIPTION",
    "PRIORITY",
    "INDENT",
    "AUTHOR",
    "DATE",
    "DATE_LANG",
    "TIMEZONE",
    "DEADLINE",
    "DEADLINE_LANG",
    "DURATION_UNIT",
    "IS_COLLAPSED",
    "meta",
}
"""Columns that are read, or say how Todoist shows or reads another."""

_LABEL = re.compile(r"(?:^|\s+)@(\S+)")
_BACKUP_NUMBER = re.compile(r" \[\w+\]$")
_LOCAL = re.compile(r"(\d{4}-\d\d-\d\d)(?:T| at | )(\d\d:\d\d(?::\d\d)?)(?:\.\d+)?", re.ASCII)


def read(reading: Reading) -> Iterator[Record]:
    """Read a project's file. A comment belongs to the task above it."""
    table = read_table(reading.source)
    for column in ("TYPE", "CONTENT"):
        if column not in table.columns:
            raise Unreadable(1, f"there is no column {column}: it is not a CSV file of Todoist")
    project = _BACKUP_NUMBER.sub("", PurePath(reading.source.name).stem).strip() or "Todoist"
    remarks = reading.remarks
    outline: list[tuple[int, int]] = []  # the tasks above the next one: indents and ids
    section: str | None = None
    is_empty = True  # that section
    task: TaskRecord | None = None
    for line, cells in table.rows:
        match cells["TYPE"]:
            case "task":
                if task is not None:
                    yield task
                    task = None
                indent = cells.get("INDENT") or "1"
                if not (indent.isascii() and indent.isdigit() and 1 <= int(indent[:9]) <= 99):
                    yield Wrong(line, f"INDENT {quoted(indent)} is not a number from 1 to 99")
                    continue
                while outline and outline[-1][0] >= int(indent):
                    outline.pop()
                parent = outline[-1][1] if outline else None
                outline.append((int(indent), line))
                try:
                    task = _task(line, cells, remarks)
                except ValueError as error:
                    yield Wrong(line, str(error))
                    continue
                task.project, task.parent = project, parent
                if section is not None:
                    remarks["sections without tasks, left out"] -= is_empty
                    remarks["sections, as labels of their tasks"] += is_empty
                    is_empty = False
                    task.labels = tuple(dict.fromkeys((*task.labels, section)))
            case "section":
                section, outline, is_empty = cells["CONTENT"].strip() or None, [], True
                remarks["sections without tasks, left out"] += section is not None
                remarks["descriptions of sections, left out"] += bool(cells.get("DESCRIPTION"))
            case "note" if task is not None:
                task.description = described(task.description or "", [_comment(cells)])
                remarks["comments, as text in the description"] += 1
            case "note":
                remarks["comments on the project, left out"] += 1
            case "meta":
                remarks["rows about how Todoist shows the project, left out"] += 1
            case other:
                yield Wrong(line, f"TYPE {quoted(other)} is not one of task, section, note, meta")
    if task is not None:
        yield task


def _task(line: int, cells: Mapping[str, str], remarks: Remarks) -> TaskRecord:
    content = cells["CONTENT"]
    title = _LABEL.sub("", content).strip()
    labels = _LABEL.findall(content) if title else []
    if (priority := cells.get("PRIORITY", "")) not in PRIORITIES:
        raise ValueError(f"PRIORITY {quoted(priority)} is not one of 1, 2, 3, 4")
    due, notes = _due(cells, remarks)
    for column, value in cells.items():
        if column not in READ and value:
            unit = f" {cells.get('DURATION_UNIT', '')}".rstrip() if column == "DURATION" else ""
            notes.append(f"{column.capitalize()}: {value}{unit}")
            remarks[f"{column}, as text in the description"] += 1
    remarks["authors of tasks, left out"] += bool(cells.get("AUTHOR"))
    title, description = title or content.strip(), described(cells.get("DESCRIPTION", ""), notes)
    for problem in (
        *name_problems(title, ("title",)),
        *text_problems(description, ("description",)),
    ):
        raise ValueError(problem.message)
    due_on, due_at = due
    return TaskRecord(
        line=line,
        id=line,
        title=title,
        description=description,
        priority=PRIORITIES[priority],
        due_on=due_on,
        due_at=due_at,
        labels=tuple(dict.fromkeys(labels)),
    )


def _due(
    cells: Mapping[str, str], remarks: Remarks
) -> tuple[tuple[str | None, str | None], list[str]]:
    """Find when a task is due, by its date or else its deadline; what is not that stays text."""
    due: tuple[str | None, str | None] | None = None
    notes: list[str] = []
    for column in ("DATE", "DEADLINE"):
        if not (value := cells.get(column, "").strip()):
            continue
        read = _when(value, cells.get("TIMEZONE", "").strip())
        if read is not None and due is None:
            due = read
        else:
            notes.append(f"{column.capitalize()}: {value}")
            remarks[f"{column}, as text in the description"] += 1
    return due or (None, None), notes


def _when(text: str, zone: str) -> tuple[str | None, str | None] | None:
    """Read a day or a moment; a time of day says which moment only with its offset or zone."""
    try:
        if len(text) <= len("2026-01-31"):
            return day_text(text), None
        if local := _LOCAL.fullmatch(text):
            moment = datetime.fromisoformat(f"{local[1]}T{local[2]}")
            return None, moment_text(moment.replace(tzinfo=ZoneInfo(zone)))
        moment = datetime.fromisoformat(text)
        return (None, moment_text(moment)) if moment.tzinfo else None
    except (ValueError, OverflowError, ZoneInfoNotFoundError, OSError):
        return None


def _comment(cells: Mapping[str, str]) -> str:
    about = ", ".join(filter(None, (cells.get("AUTHOR"), cells.get("DATE"))))
    return f"Comment{f' ({about})' if about else ''}: {cells['CONTENT']}"
