"""Tasks as a table: CSV with a row a task, its project and labels by name.

Texts are written as they are, also where a spreadsheet would take one for a formula (`=1+1`): a
guard would change the data. What a table does not hold is left out: positions, but for the order of
the rows, versions, colors, archived projects, labels and projects that no task has, and the
difference between a NULL and an empty text.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from gql_tasks.domain.errors import Problem
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.text import name_problems, text_problems
from gql_tasks.services.formats.records import (
    Reading,
    Record,
    TaskRecord,
    Wrong,
    day_or_moment,
    day_text,
    quoted,
    read_moment,
)
from gql_tasks.services.formats.rows import read_table
from gql_tasks.services.formats.source import Unreadable

COLUMNS: Final = (
    "id",
    "title",
    "description",
    "completed",
    "completed_at",
    "priority",
    "due",
    "start",
    "project",
    "labels",
    "parent",
    "created_at",
    "updated_at",
)

BOOLEANS: Final = {"": False, "false": False, "true": True}


def write_header() -> bytes:
    """Write the first row."""
    return _written(COLUMNS)


def write_task(
    task: Mapping[str, Any], projects: Mapping[str, str], labels: Mapping[str, str]
) -> bytes:
    """Write the row of a task, with the names that projects and labels have by their ids."""
    names = sorted(labels[label_id] for label_id in task["labelIds"])
    project_id = task["projectId"]
    return _written(
        (
            task["id"],
            task["title"],
            task["description"],
            "true" if task["completed"] else "false",
            task["completedAt"],
            task["priority"],
            task["dueOn"] or task["dueAt"],
            task["startOn"],
            None if project_id is None else projects[project_id],
            _written(names, end="").decode() if names else "",
            task["parentId"],
            task["createdAt"],
            task["updatedAt"],
        )
    )


def _written(cells: Iterable[str | None], end: str = "\r\n") -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerow(cells)
    return text.getvalue().encode()


def read(reading: Reading) -> Iterator[Record]:
    """Read a table. Of the columns only `title` must be there; without ids tasks are numbered."""
    table = read_table(reading.source)
    for column in table.columns:
        if column not in COLUMNS:
            raise Unreadable(1, f"{quoted(column)} is no column: {', '.join(COLUMNS)}")
    if "title" not in table.columns:
        raise Unreadable(1, "there is no column title")
    if "parent" in table.columns and "id" not in table.columns:
        raise Unreadable(1, "the column parent needs a column id")
    for number, (line, cells) in enumerate(table.rows, 1):
        try:
            yield _task(line, cells, number)
        except ValueError as error:
            yield Wrong(line, str(error))


def _task(line: int, cells: Mapping[str, str], number: int) -> TaskRecord:
    title, description = cells["title"], cells.get("description", "")
    _refuse(name_problems(title, ("title",)))
    _refuse(text_problems(description, ("description",)))
    due_on, due_at = _due(cells)
    completed_at = _moment(cells, "completed_at")
    completed = _completed(cells)
    if completed_at is not None and not completed:
        raise ValueError("completed_at is given, and completed is not true")
    return TaskRecord(
        line=line,
        id=_id(cells, "id") if "id" in cells else number,
        title=title,
        description=description,
        completed=completed,
        completed_at=completed_at,
        priority=_priority(cells),
        due_on=due_on,
        due_at=due_at,
        start_on=_day(cells, "start"),
        project=cells.get("project") or None,
        parent=_id(cells, "parent") if cells.get("parent") else None,
        labels=_labels(cells),
        created_at=_moment(cells, "created_at"),
        updated_at=_moment(cells, "updated_at"),
    )


def _refuse(problems: Iterable[Problem]) -> None:
    for problem in problems:
        raise ValueError(problem.message)


def _id(cells: Mapping[str, str], column: str) -> int:
    number = parse_id(cells[column])
    if number is None:
        raise ValueError(f"{column} {quoted(cells[column])} is not an id such as 17")
    return number


def _completed(cells: Mapping[str, str]) -> bool:
    value = cells.get("completed", "")
    if value.lower() not in BOOLEANS:  # spreadsheets write TRUE
        raise ValueError(f"completed {quoted(value)} is not true or false")
    return BOOLEANS[value.lower()]


def _priority(cells: Mapping[str, str]) -> Priority:
    value = cells.get("priority") or Priority.NONE.name
    if value not in Priority.__members__:
        names = ", ".join(Priority.__members__)
        raise ValueError(f"priority {quoted(value)} is not one of {names}")
    return Priority[value]


def _due(cells: Mapping[str, str]) -> tuple[str | None, str | None]:
    if not (value := cells.get("due", "")):
        return None, None
    try:
        return day_or_moment(value)
    except ValueError:
        message = "is not a day such as 2026-01-31 or a moment such as 2026-01-31T08:00:00Z"
        raise ValueError(f"due {quoted(value)} {message}") from None


def _day(cells: Mapping[str, str], column: str) -> str | None:
    if not (value := cells.get(column, "")):
        return None
    try:
        return day_text(value)
    except ValueError:
        raise ValueError(f"{column} {quoted(value)} is not a day such as 2026-01-31") from None


def _moment(cells: Mapping[str, str], column: str) -> str | None:
    if not (value := cells.get(column, "")):
        return None
    try:
        return read_moment(value)
    except ValueError:
        message = "is not a moment such as 2026-01-31T08:00:00Z"
        raise ValueError(f"{column} {quoted(value)} {message}") from None


def _labels(cells: Mapping[str, str]) -> tuple[str, ...]:
    """Read names with commas between them; one that has a comma itself is in quotes."""
    value = cells.get("labels", "")
    try:
        names = next(csv.reader([value], strict=True, skipinitialspace=True), [])
    except csv.Error as error:
        raise ValueError(f"labels {quoted(value)} is not a list: {error}") from None
    return tuple(dict.fromkeys(name for name in names if name))
