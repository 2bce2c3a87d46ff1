"""Reading every row there is, in pages, on one snapshot: what leaves the store in an export.

A row is a mapping of the API's own words to JSON's values, whichever store it is of. What other
programs wrote is told as the API shows it, but for NULLs, which stay NULL, and for moments, which
are spelled in one way where they can be read at all: so that a store that was made from these rows,
on either database, gives the same rows.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime
from itertools import chain
from typing import Any, TypeAlias

from sqlalchemy import func, select, text

from gql_tasks.domain.priority import Priority
from gql_tasks.domain.relations import Entity
from gql_tasks.store.database import ReadSession
from gql_tasks.store.listed import bound, unfolded
from gql_tasks.store.scope import TABLES
from gql_tasks.store.tables import instant_text

Whole: TypeAlias = dict[str, Any]

PAGE = 2_000
"""Rows that are read at once."""

_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)

# What leads to a row that is not there leads nowhere: other programs need not keep foreign keys.
_TASK_COLUMNS = """id, title, description, completed, is_completed, completed_at, priority,
    due_on, due_at, start_on, position, project_id, parent_id, version, created_at, updated_at,
    (SELECT p.id FROM projects AS p WHERE p.id = tasks.project_id) AS project_there,
    (SELECT t.id FROM tasks AS t WHERE t.id = tasks.parent_id) AS parent_there"""

_SELECT: Mapping[Entity, str] = {
    Entity.PROJECT: "id, name, color, position, archived_at, version, created_at, updated_at"
    " FROM projects",
    Entity.LABEL: "id, name, color, version, created_at, updated_at FROM labels",
    Entity.TASK: f"{_TASK_COLUMNS} FROM tasks",
}

_PLACES: Mapping[str, str] = {
    "id": "id > :after",
    # Looked up in the database: what is made of odd bytes here must not matter.
    "position, id": "(position, id) > (SELECT t.position, t.id FROM tasks t WHERE t.id = :after)",
}
"""Orders, and the rows that come after a row in them."""

_LABELS = """SELECT task_id, label_id FROM task_labels JOIN labels ON labels.id = label_id
    WHERE task_id IN ({ids}) ORDER BY task_id, label_id"""


class WholeRows:
    """The rows of a session's snapshot. `remarks` counts what could not be told as it is."""

    def __init__(self, session: ReadSession) -> None:
        self._session = session
        if session.get_bind().dialect.name == "postgresql":
            # Whoever the rows are written to may take their time to read them.
            session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        self.remarks: Counter[str] = Counter()

    def count(self, entity: Entity) -> int:
        """Count the rows of a kind."""
        return int(self._session.scalar(select(func.count()).select_from(TABLES[entity])) or 0)

    def projects(self) -> Iterator[Whole]:
        """Read the projects, in the order of their ids."""
        for row in chain.from_iterable(self._pages(Entity.PROJECT)):
            yield {
                "id": str(row.id),
                "name": self._text(row.name),
                "color": self._text(row.color),
                "position": self._position(row),
                "archivedAt": self._moment(row.archived_at),
                **self._stamps(row),
            }

    def labels(self) -> Iterator[Whole]:
        """Read the labels, in the order of their ids."""
        for row in chain.from_iterable(self._pages(Entity.LABEL)):
            yield {
                "id": str(row.id),
                "name": self._text(row.name),
                "color": self._text(row.color),
                **self._stamps(row),
            }

    def tasks(self) -> Iterator[Whole]:
        """Read the tasks, in the order of their ids."""
        return self._tasks("id")

    def tasks_in_order(self) -> Iterator[Whole]:
        """Read the tasks, in the order made by hand."""
        return self._tasks("position, id")

    def _pages(self, entity: Entity, order: str = "id") -> Iterator[Sequence[Any]]:
        start, end = f"SELECT {_SELECT[entity]}", f"ORDER BY {order} LIMIT {PAGE}"
        page = self._session.execute(text(f"{start} {end}")).all()
        following = text(f"{start} WHERE {_PLACES[order]} {end}")
        while page:
            yield page
            page = self._session.execute(following, {"after": page[-1].id}).all()

    def _tasks(self, order: str) -> Iterator[Whole]:
        for page in self._pages(Entity.TASK, order):
            labels = self._labels_of([row.id for row in page])
            for row in page:
                yield self._task(row, labels.get(row.id, []))

    def _labels_of(self, ids: Sequence[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        statement = text(_LABELS.format(ids=unfolded(self._session, "ids")))
        for task_id, label_id in self._session.execute(
            statement, {"ids": bound(self._session, ids)}
        ):
            found.setdefault(task_id, []).append(str(label_id))
        return found

    def _task(self, row: Any, labels: list[str]) -> Whole:
        for led, there in ((row.project_id, row.project_there), (row.parent_id, row.parent_there)):
            if led is not None and there is None:
                self.remarks["references to rows that are not there, left out"] += 1
        return {
            "id": str(row.id),
            "title": self._text(row.title),
            "description": self._text(row.description),
            "completed": None if row.completed is None else bool(row.is_completed),
            "completedAt": self._moment(row.completed_at),
            "priority": Priority(int(row.priority)).name,
            "dueOn": self._day(row.due_on),
            "dueAt": self._moment(row.due_at),
            "startOn": self._day(row.start_on),
            "position": self._position(row),
            "projectId": None if row.project_there is None else str(row.project_there),
            "parentId": None if row.parent_there is None else str(row.parent_there),
            "labelIds": labels,
            **self._stamps(row),
        }

    def _stamps(self, row: Any) -> Whole:
        version = row.version
        if not isinstance(version, int):
            cast = text("SELECT CAST(:version AS INTEGER)")
            version = self._session.scalar(cast, {"version": version})
        return {
            "version": version,
            "createdAt": self._moment(row.created_at),
            "updatedAt": self._moment(row.updated_at),
        }

    def _position(self, row: Any) -> str:
        """Tell a position; an empty one as the one that a row written without any gets."""
        position = self._text(row.position)
        if position:
            return position
        return "a0" if row.id < 0 else f"{chr(96 + len(str(row.id)))}{row.id}"

    def _text(self, value: str | bytes | None) -> str | None:
        if isinstance(value, bytes):  # a BLOB is shown as the text it would be
            value = value.decode("utf-8", "replace")
        if value is not None and "\ufffd" in value:
            self.remarks["texts with U+FFFD, which is written for bytes that are no text"] += 1
        return value

    def _moment(self, value: datetime | str | bytes | None) -> str | None:
        """Spell a moment; one without an offset is in UTC, as SQLite's own functions mean it."""
        if isinstance(value, datetime):
            return instant_text(value)
        moment = self._text(value)
        if moment is None or _CANONICAL.fullmatch(moment):
            return moment
        with suppress(ValueError, OverflowError):
            read = datetime.fromisoformat(moment)
            return instant_text(read if read.tzinfo else read.replace(tzinfo=UTC))
        return moment

    def _day(self, value: date | str | bytes | None) -> str | None:
        if isinstance(value, date):
            return value.isoformat()
        day = self._text(value)
        if day is not None and len(day) != len("2026-01-31"):
            with suppress(ValueError):
                return date.fromisoformat(day).isoformat()
        return day
