"""Taskwarrior's JSON, as `task export` writes it: an array, or an object a line.

https://taskwarrior.org/docs/design/task/

What a task here has no place for, attributes of the user's own among it, is kept as text in its
description. `uuid`, `id`, `urgency` and the marks of recurrence that name no date are left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from gql_tasks.domain.priority import Priority
from gql_tasks.domain.text import name_problems, text_problems
from gql_tasks.services.formats.records import (
    Reading,
    Record,
    Remarks,
    TaskRecord,
    Wrong,
    described,
    moment_text,
    quoted,
)
from gql_tasks.services.formats.source import Unreadable

PRIORITIES: Final = {"H": Priority.HIGH, "M": Priority.MEDIUM, "L": Priority.LOW, "": Priority.NONE}
STATUSES: Final = ("pending", "waiting", "recurring", "completed", "deleted")

MAPPED: Final = {
    "uuid",
    "id",
    "urgency",
    "mask",
    "imask",
    "parent",
    "rtype",
    "description",
    "status",
    "entry",
    "modified",
    "end",
    "due",
    "project",
    "tags",
    "priority",
    "annotations",
    "depends",
    "scheduled",
    "wait",
}
"""Attributes that are read, or left out."""

_DATE = re.compile(r"\d{8}T\d{6}Z", re.ASCII)
_BETWEEN = re.compile(r"[\s\[\],]*")


def read(reading: Reading) -> Iterator[Record]:
    """Read all tasks. Those that were deleted are counted and left out."""
    items = [*_items(reading.source.text())]
    titles = {
        item["uuid"]: item["description"]
        for _, item in items
        if isinstance(item.get("uuid"), str) and isinstance(item.get("description"), str)
    }
    for number, (line, item) in enumerate(items, 1):
        if item.get("status") == "deleted":
            reading.remarks["deleted tasks, left out"] += 1
            continue
        try:
            yield _task(line, number, item, titles, reading.remarks)
        except ValueError as error:
            yield Wrong(line, str(error))


def _items(text: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Find the objects, each with the line that it begins in. Raises Unreadable."""
    decoder, line, counted, end = json.JSONDecoder(), 1, 0, 0
    if text.lstrip().startswith("[") and not text.rstrip().endswith("]"):
        raise Unreadable(1 + text.rstrip().count("\n"), "the array does not end: the file is cut")
    while True:
        between = _BETWEEN.match(text, end)
        start = between.end() if between else end
        line += text.count("\n", counted, start)
        counted = start
        if start == len(text):
            return
        try:
            item, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            raise Unreadable(line, "is not JSON") from error
        if not isinstance(item, dict):
            raise Unreadable(line, f"{quoted(text[start:end])} is not a JSON object")
        yield line, item


def _task(
    line: int, number: int, item: Mapping[str, Any], titles: Mapping[str, str], remarks: Remarks
) -> TaskRecord:
    title, status = _text(item, "description"), _text(item, "status")
    if status not in STATUSES:
        raise ValueError(f"status {quoted(status)} is not one of {', '.join(STATUSES)}")
    if (priority := _text(item, "priority")) not in PRIORITIES:
        raise ValueError(f"priority {quoted(priority)} is not one of H, M, L")
    entry, modified, ended = (_moment(item, name) for name in ("entry", "modified", "end"))
    starts, kept = _start(item)
    kept += [("depends", titles.get(uuid, uuid)) for uuid in _depends(item)]
    kept += [(name, _written(value)) for name, value in item.items() if name not in MAPPED]
    for name in {name for name, _ in kept}:
        remarks[f"{name}, as text in the description"] += 1
    notes = [*_annotations(item), *(f"{name}: {value}" for name, value in kept)]
    description = described("", notes)
    for problem in (
        *name_problems(title, ("description",)),
        *text_problems(description, ("annotations",)),
    ):
        raise ValueError(problem.message)
    is_completed = status == "completed"
    return TaskRecord(
        line=line,
        id=number,
        title=title,
        description=description,
        completed=is_completed,
        completed_at=(ended or modified or entry) if is_completed else None,
        priority=PRIORITIES[priority],
        due_at=_moment(item, "due"),
        start_on=starts,
        project=_text(item, "project") or None,
        labels=_tags(item),
        created_at=entry,
        updated_at=modified or ended or entry,
    )


def _start(item: Mapping[str, Any]) -> tuple[str | None, list[tuple[str, str]]]:
    """Find the day a task starts on: the one it is scheduled for, or else waits for.

    A time of day beside it, and the other of the two, stay text.
    """
    found: str | None = None
    kept = []
    for name in ("scheduled", "wait"):
        if (moment := _moment(item, name)) is None:
            continue
        day, _, time = moment.partition("T")
        if found is not None or time != "00:00:00.000Z":
            kept.append((name, moment))
        found = found or day
    return found, kept


def _annotations(item: Mapping[str, Any]) -> list[str]:
    annotations = item.get("annotations") or []
    if not isinstance(annotations, list) or not all(isinstance(one, dict) for one in annotations):
        raise ValueError("annotations is not a list of objects")
    return [
        ": ".join(filter(None, (_moment(one, "entry"), _text(one, "description"))))
        for one in annotations
    ]


def _depends(item: Mapping[str, Any]) -> list[str]:
    """Read the ids of other tasks: a list, before Taskwarrior 2.6 a text with commas."""
    value = item.get("depends") or []
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list) or not all(isinstance(uuid, str) for uuid in value):
        raise ValueError("depends is not a list of uuids")
    return value


def _tags(item: Mapping[str, Any]) -> tuple[str, ...]:
    tags = item.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) and tag for tag in tags):
        raise ValueError("tags is not a list of texts")
    return tuple(dict.fromkeys(tags))


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"{name} {_written(value)} is not a text")  # noqa: TRY004  # as others
    return value


def _moment(item: Mapping[str, Any], name: str) -> str | None:
    if not (value := _text(item, name)):
        return None
    try:
        if _DATE.fullmatch(value):
            return moment_text(datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC))
    except ValueError:
        pass
    raise ValueError(f"{name} {quoted(value)} is not a date such as 20260131T080000Z")


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
