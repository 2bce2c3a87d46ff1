"""JSON lines with everything: a header, then projects, labels and tasks, an object a line.

The words are those of the API's change log. Every member is there in every line, in this order, so
that equal stores are equal bytes.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.priority import Priority
from gql_tasks.services.formats.records import (
    LabelRecord,
    ProjectRecord,
    Reading,
    Record,
    TaskRecord,
    Wrong,
    day_text,
    quoted,
)
from gql_tasks.services.formats.source import Unreadable

FORMAT: Final = "gql_tasks"
VERSION: Final = 1

KINDS: Final = ("project", "label", "task")
"""What `type` says, in the order of the file."""

MAX_VERSION = 2**31 - 1
"""The greatest `version` that PostgreSQL keeps."""

MAX_POSITION_BYTES = 2_500
"""More than this may not fit into an index of PostgreSQL."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)

Check = Callable[[Any, bool], Any]
"""Turns a member into a record's value; the flag says that the store keeps any text.

Raises ValueError with the end of a sentence that begins with the member and its value.
"""


def write_header(counts: Mapping[str, int]) -> bytes:
    """Write the first line; the counts are of projects, labels and tasks."""
    return orjson.dumps({"format": FORMAT, "version": VERSION, **counts}) + b"\n"


def write_row(kind: str, row: Mapping[str, Any]) -> bytes:
    """Write the line of a row."""
    return orjson.dumps({"type": kind, **row}) + b"\n"


def read(reading: Reading) -> Iterator[Record]:
    """Read the file that an export wrote."""
    lines = reading.source.lines()
    line, text = next(lines, (1, ""))
    expected = _header(line, text)
    counts = dict.fromkeys(KINDS, 0)
    for line, text in lines:
        if not text.strip():
            continue
        record = _record(line, text, keeps_any_text=reading.keeps_any_text)
        if not isinstance(record, Wrong):
            counts[_KIND_OF[type(record)]] += 1
        else:
            expected = {}  # the counts are not what is wrong
        yield record
    for kind, count in expected.items():
        if count != counts[kind]:
            message = f"the header says {count} {kind}s, and {counts[kind]} are there: it is cut"
            yield Wrong(line, message)


def _header(line: int, text: str) -> dict[str, int]:
    """Read the first line: how many rows of each kind are to come."""
    header = _loaded(text)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Unreadable(line, f'is not the header of an export: {{"format":"{FORMAT}",...}}')
    if header.get("version") != VERSION:
        version = orjson.dumps(header.get("version")).decode()
        raise Unreadable(line, f"version {version} of the format is not {VERSION}")
    counts = {kind: header.get(f"{kind}s") for kind in KINDS}
    for kind, count in counts.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise Unreadable(line, f"the header does not say how many {kind}s there are")
    return {kind: int(count or 0) for kind, count in counts.items()}


def _loaded(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None


def _record(line: int, text: str, *, keeps_any_text: bool) -> Record:
    row = _loaded(text)
    if not isinstance(row, dict):
        return Wrong(line, "is not a JSON object")
    kind = row.pop("type", None)
    if not isinstance(kind, str) or kind not in KINDS:
        return Wrong(line, f"type {_shown(kind)} is not one of {', '.join(KINDS)}")
    make, members = _MEMBERS[kind]
    if unknown := row.keys() - members.keys():
        return Wrong(line, f"{quoted(min(unknown))} is no member of a {kind}")
    if missing := members.keys() - row.keys():
        return Wrong(line, f"the {kind} has no member {quoted(min(missing))}")
    values = {}
    for member, (name, check) in members.items():
        try:
            values[name] = check(row[member], keeps_any_text)
        except ValueError as error:
            return Wrong(line, f"{member} {_shown(row[member])} {error}")
    if values.get("due_on") is not None and values.get("due_at") is not None:
        return Wrong(line, "dueOn and dueAt cannot both be given")
    record: Record = make(line=line, **values)
    return record


def _shown(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else orjson.dumps(value).decode()[:60]


def _id(value: Any, _: bool) -> int:  # noqa: FBT001  # a Check
    number = parse_id(value) if isinstance(value, str) else None
    if number is None:
        raise ValueError('is not an id such as "17"')
    return number


def _ids(value: Any, any_text: bool) -> tuple[int, ...]:  # noqa: FBT001  # a Check
    if not isinstance(value, list):
        raise ValueError("is not a list of ids")  # noqa: TRY004  # a Check
    numbers = tuple(_id(item, any_text) for item in value)
    if len({*numbers}) < len(numbers):
        raise ValueError("names an id twice")
    return numbers


def _text(value: Any, any_text: bool) -> str:  # noqa: FBT001  # a Check
    if not isinstance(value, str):
        raise ValueError("is not a text")  # noqa: TRY004  # a Check
    if "\0" in value and not any_text:
        raise ValueError("holds a NUL character (U+0000), which PostgreSQL does not keep")
    return value


def _position(value: Any, any_text: bool) -> str:  # noqa: FBT001  # a Check
    position = _text(value, any_text)
    if not position:
        raise ValueError("is empty")
    if len(position.encode()) > MAX_POSITION_BYTES and not any_text:
        raise ValueError(f"is longer than the {MAX_POSITION_BYTES} bytes that PostgreSQL sorts by")
    return position


def _boolean(value: Any, _: bool) -> bool:  # noqa: FBT001  # a Check
    if not isinstance(value, bool):
        raise ValueError("is not true or false")  # noqa: TRY004  # a Check
    return value


def _priority(value: Any, _: bool) -> Priority:  # noqa: FBT001  # a Check
    if not isinstance(value, str) or value not in Priority.__members__:
        raise ValueError(f"is not one of {', '.join(Priority.__members__)}")
    return Priority[value]


def _version(value: Any, any_text: bool) -> int:  # noqa: FBT001  # a Check
    limit = 2**63 if any_text else MAX_VERSION + 1
    if not isinstance(value, int) or isinstance(value, bool) or not -limit <= value < limit:
        raise ValueError(f"is not a number from {-limit} to {limit - 1}")
    return value


def _moment(value: Any, any_text: bool) -> str:  # noqa: FBT001  # a Check
    moment = _text(value, any_text)
    if any_text:
        return moment
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        moment = ""
    if not _MOMENT.fullmatch(moment):
        raise ValueError("is not a moment such as 2026-01-31T08:00:00.000Z") from None
    return moment


def _day(value: Any, any_text: bool) -> str:  # noqa: FBT001  # a Check
    day = _text(value, any_text)
    try:
        return day if any_text else day_text(day)
    except ValueError:
        raise ValueError("is not a day such as 2026-01-31") from None


def _or_null(check: Check) -> Check:
    return lambda value, any_text: None if value is None else check(value, any_text)


_STAMPS: Mapping[str, tuple[str, Check]] = {
    "version": ("version", _version),
    "createdAt": ("created_at", _moment),
    "updatedAt": ("updated_at", _moment),
}

_MEMBERS: Mapping[str, tuple[Callable[..., Any], Mapping[str, tuple[str, Check]]]] = {
    "project": (
        ProjectRecord,
        {
            "id": ("id", _id),
            "name": ("name", _text),
            "color": ("color", _or_null(_text)),
            "position": ("position", _position),
            "archivedAt": ("archived_at", _or_null(_moment)),
            **_STAMPS,
        },
    ),
    "label": (
        LabelRecord,
        {
            "id": ("id", _id),
            "name": ("name", _text),
            "color": ("color", _or_null(_text)),
            **_STAMPS,
        },
    ),
    "task": (
        TaskRecord,
        {
            "id": ("id", _id),
            "title": ("title", _or_null(_text)),
            "description": ("description", _or_null(_text)),
            "completed": ("completed", _or_null(_boolean)),
            "completedAt": ("completed_at", _or_null(_moment)),
            "priority": ("priority", _priority),
            "dueOn": ("due_on", _or_null(_day)),
            "dueAt": ("due_at", _or_null(_moment)),
            "startOn": ("start_on", _or_null(_day)),
            "position": ("position", _position),
            "projectId": ("project", _or_null(_id)),
            "parentId": ("parent", _or_null(_id)),
            "labelIds": ("labels", _ids),
            **_STAMPS,
        },
    ),
}

_KIND_OF: Mapping[type, str] = {make: kind for kind, (make, _) in _MEMBERS.items()}  # type: ignore[misc]
