"""What an answer should be: graphql-core's own executor over plain dicts, sorted by Python."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync

from gql_tasks.domain.errors import NotFound, Refused
from gql_tasks.domain.page import DEFAULT_PAGE_SIZE
from gql_tasks.domain.position import keys_between
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.task import (
    NewTask,
    TaskChanges,
    new_task_problems,
    task_changes_problems,
    unfold,
)
from tests.sql import Address

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text("utf-8"))

INSTANT = "2026-01-31T08:00:00.000Z"
"""What stands for every moment that a test cannot know beforehand."""

CURSOR = "a cursor"
"""What stands for every cursor."""

MAX_ROWS = 10_000

Row = dict[str, Any]


@dataclass(frozen=True)
class Answered:
    """An answer, its objects as tuples of pairs: the order of keys counts."""

    data: Any
    error_paths: list[tuple[str | int, ...]]

    @classmethod
    def of(cls, response: str) -> "Answered":
        """Read a response's JSON."""
        body = dict(json.loads(response, object_pairs_hook=tuple))
        assert "data" in body, response
        paths = [tuple(dict(error)["path"]) for error in body.get("errors", ())]
        return cls(body["data"], sorted(paths, key=repr))


def execute(
    root: dict[str, Any], query: str, variables: dict[str, Any], operation_name: str | None
) -> Answered:
    """Run a valid document with graphql-core."""
    result = graphql_sync(
        SCHEMA, query, root, variable_values=variables, operation_name=operation_name
    )
    errors = [error.formatted for error in result.errors or ()]
    assert all("path" in error for error in errors), errors
    return Answered.of(json.dumps({"data": result.data, "errors": errors}))


@dataclass(frozen=True)
class Stored:
    """What a store holds; the pairs are of a task's id and a label's."""

    tasks: list[Row]
    projects: list[Row]
    labels: list[Row]
    pairs: set[tuple[int, int]]

    @classmethod
    def read(cls, address: Address) -> "Stored":
        """Read the tables from outside."""
        pairs = {(task, label) for task, label in address.fetch("SELECT * FROM task_labels")}
        return cls(*(_table(address, name) for name in ("tasks", "projects", "labels")), pairs)


class World:
    """Resolvers of every field that reads, over the rows of a store."""

    def __init__(self, stored: Stored) -> None:
        self.pairs = stored.pairs
        self.tasks = {row["id"]: self.task(row) for row in stored.tasks}
        self.projects = {row["id"]: self.project(row) for row in stored.projects}
        self.labels = {row["id"]: self.label(row) for row in stored.labels}

    def root(self) -> dict[str, Any]:
        """Resolve Query's fields."""
        tasks, by_id = self.tasks_where(lambda _: True), ("ID",)
        return {
            "task": _by_id(self.tasks),
            "tasks": lambda _info, **arguments: _slice(tasks(), by_id, **arguments),
            "tasksConnection": lambda _info, **arguments: _page(tasks(), by_id, **arguments),
            "project": _by_id(self.projects),
            "projects": lambda _info, includeArchived: sorted(  # noqa: N803  # the public name
                (
                    row
                    for row in self.projects.values()
                    if includeArchived or row["archivedAt"] is None
                ),
                key=lambda row: (row["position"], row["id"]),
            ),
            "label": _by_id(self.labels),
            "labels": lambda _info: _by_name(self.labels.values()),
        }

    def tasks_where(self, holds: Callable[[Row], bool]) -> Callable[[], list[Row]]:
        """Find tasks when they are asked for: rows are made one after the other."""
        return lambda: [row for row in self.tasks.values() if holds(row)]

    def task(self, row: Row) -> Row:
        """Resolve Task's fields."""
        subtasks = self.tasks_where(lambda other: other["parentId"] == row["id"])
        return shown(row) | {
            "project": lambda _info: self.projects.get(row["projectId"]),
            "parent": lambda _info: self.tasks.get(row["parentId"]),
            "labels": lambda _info: _by_name(
                label for label in self.labels.values() if (row["id"], label["id"]) in self.pairs
            ),
            "subtasks": lambda _info, **arguments: _slice(subtasks(), **arguments),
            "subtaskCount": lambda _info, **arguments: _count(subtasks(), **arguments),
        }

    def project(self, row: Row) -> Row:
        """Resolve Project's fields."""
        tasks = self.tasks_where(lambda task: task["projectId"] == row["id"])
        return row | {
            "tasks": lambda _info, **arguments: _slice(tasks(), **arguments),
            "tasksConnection": lambda _info, **arguments: _page(tasks(), **arguments),
            "taskCount": lambda _info, **arguments: _count(tasks(), **arguments),
        }

    def label(self, row: Row) -> Row:
        """Resolve Label's fields."""
        tasks = self.tasks_where(lambda task: (task["id"], row["id"]) in self.pairs)
        return row | {"taskCount": lambda _info, **arguments: _count(tasks(), **arguments)}


BY_HAND = ("POSITION", "ID")


def _by_id(rows: dict[int, Row]) -> Callable[..., Row | None]:
    texts = {str(row_id): row for row_id, row in rows.items()}

    def find(_info: GraphQLResolveInfo, id: str) -> Row | None:  # noqa: A002  # the public name
        return texts.get(id)

    return find


def _by_name(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["name"], row["id"]))


def _slice(
    rows: list[Row],
    default: tuple[str, ...] = BY_HAND,
    limit: int | None = None,
    offset: int | None = None,
    **arguments: Any,
) -> list[Row]:
    if (offset or 0) < 0 or (limit is not None and not 0 <= limit <= MAX_ROWS):
        raise GraphQLError("out of range")
    return _ordered(rows, default, **arguments)[offset or 0 :][:limit]


def _page(
    rows: list[Row],
    default: tuple[str, ...] = BY_HAND,
    first: int | None = None,
    **arguments: Any,
) -> Row:
    size = DEFAULT_PAGE_SIZE if first is None else first
    if not 0 <= size <= MAX_ROWS:
        raise GraphQLError("out of range")
    found = _ordered(rows, default, **arguments)
    nodes = found[:size]
    cursor = CURSOR if nodes else None
    return {
        "edges": [{"cursor": CURSOR, "node": node} for node in nodes],
        "nodes": nodes,
        "pageInfo": {
            "hasNextPage": len(found) > size,
            "hasPreviousPage": False,
            "startCursor": cursor,
            "endCursor": cursor,
        },
        "totalCount": len(found),
    }


def _count(rows: list[Row], filter: Row | None = None) -> int:  # noqa: A002  # the public name
    return sum(_matches(row, filter or {}) for row in rows)


def _ordered(
    rows: list[Row],
    default: tuple[str, ...],
    filter: Row | None = None,  # noqa: A002  # the public name
    orderBy: list[Row] | None = None,  # noqa: N803  # the public name
) -> list[Row]:
    found = [row for row in rows if _matches(row, filter or {})]
    keys = orderBy or [{"field": key, "direction": "ASC", "nulls": "LAST"} for key in default]
    # The id ends every order, in the direction of the last key.
    for order in reversed([*keys, {**keys[-1], "field": "ID"}]):
        _sort(found, **order)
    return found


RANKS = {priority.name: priority.value for priority in Priority}

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, given: value == given,
    "neq": lambda value, given: value != given,
    "in": lambda value, given: value in given,
    "gte": lambda value, given: RANKS[value] >= RANKS[given],
    "contains": lambda value, given: given in value,
    "startsWith": lambda value, given: value.startswith(given),
}


def _matches(row: Row, conditions: Row) -> bool:
    """Evaluate a filter on completed, priority and title."""
    return all(
        OPERATORS[operator](row[field], given)
        for field, parts in conditions.items()
        for operator, given in parts.items()
        if operator != "ignoreCase"
    )


SORT_KEYS: dict[str, Callable[[Row], Any]] = {
    "ID": lambda row: row["id"],
    "POSITION": lambda row: row["position"],
    "TITLE": lambda row: row["title"],
    "COMPLETED": lambda row: row["completed"],
    "COMPLETED_AT": lambda row: row["completedAt"],
    "PRIORITY": lambda row: RANKS[row["priority"]],
    "DUE": lambda row: row["dueAt"] or (row["dueOn"] and f"{row['dueOn']}T00:00:00.000Z"),
    "START_ON": lambda row: row["startOn"],
    "CREATED_AT": lambda row: row["createdAt"],
    "UPDATED_AT": lambda row: row["updatedAt"],
}


def _sort(rows: list[Row], field: str, direction: str, nulls: str) -> None:
    key = SORT_KEYS[field]
    without = [row for row in rows if key(row) is None]
    # Sorting keeps the order of what is equal, also in reverse.
    with_value = sorted(
        (row for row in rows if key(row) is not None), key=key, reverse=direction == "DESC"
    )
    rows[:] = without + with_value if nulls == "FIRST" else with_value + without


def shown(row: Row) -> Row:
    """Show what the schema promises for the NULLs of other programs."""
    return row | {
        "title": row["title"] or "",
        "description": row["description"] or "",
        "completed": bool(row["completed"]),
        "priority": Priority(row["priority"]).name,
    }


STAMPS = {"version": "version", "created_at": "createdAt", "updated_at": "updatedAt"}

COLUMNS = {
    "tasks": {
        "id": "id",
        "title": "title",
        "description": "description",
        "completed": "completed",
        "completed_at": "completedAt",
        "priority": "priority",
        "due_on": "dueOn",
        "due_at": "dueAt",
        "start_on": "startOn",
        "position": "position",
        "project_id": "projectId",
        "parent_id": "parentId",
        **STAMPS,
    },
    "projects": {
        "id": "id",
        "name": "name",
        "color": "color",
        "position": "position",
        "archived_at": "archivedAt",
        **STAMPS,
    },
    "labels": {"id": "id", "name": "name", "color": "color", "version": "version"},
}


def _table(address: Address, table: str) -> list[Row]:
    columns = COLUMNS[table]
    stored = address.fetch(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id")
    return [dict(zip(columns.values(), map(_in_json, row), strict=True)) for row in stored]


def _in_json(value: Any) -> Any:
    match value:
        case datetime():
            text = value.astimezone(UTC).isoformat(timespec="milliseconds")
            return text.replace("+00:00", "Z")
        case date():
            return value.isoformat()
    return value


class Model:
    """A store of tasks in a dict, and Mutation's fields over it. The rules are the domain's."""

    def __init__(self, rows: Iterable[Row], *, reuses_ids: bool) -> None:
        self.rows = {row["id"]: row for row in rows}
        self.last_id = max(self.rows, default=0)
        self.reuses_ids = reuses_ids

    def root(self) -> dict[str, Any]:
        """Resolve Mutation's fields."""
        return {
            "createTask": self.create_task,
            "updateTask": self.update_task,
            "deleteTask": self.delete_task,
        }

    def create_task(self, _info: GraphQLResolveInfo, input: dict[str, Any]) -> Any:  # noqa: A002
        """Add a row under the next id."""
        task = NewTask(input["title"], input["description"], input["completed"])
        if problems := [*new_task_problems(unfold(task))]:
            return _refused("TaskPayload", Refused(*problems))
        self.last_id = 1 + (max(self.rows, default=0) if self.reuses_ids else self.last_id)
        last = max((row["position"] for row in self.rows.values()), default=None)
        keys = keys_between(last, None, 1)
        assert keys is not None
        self.rows[self.last_id] = {
            "id": self.last_id,
            "title": task.title,
            "description": task.description,
            "completed": task.completed,
            "completedAt": INSTANT if task.completed else None,
            "priority": 0,
            "dueOn": None,
            "dueAt": None,
            "startOn": None,
            "position": keys[0],
            "projectId": None,
            "parentId": None,
            "version": 1,
            "createdAt": INSTANT,
            "updatedAt": INSTANT,
        }
        return self._written(self.last_id)

    def update_task(self, _info: GraphQLResolveInfo, id: str, input: TaskChanges) -> Any:  # noqa: A002
        """Change a row; one change, one version."""
        problems = [*task_changes_problems(input)]
        try:
            row = self._existing(id)
        except Refused as refused:
            return _refused("TaskPayload", Refused(*refused.problems, *problems))
        if problems:
            return _refused("TaskPayload", Refused(*problems))
        before = dict(row)
        row.update(input)
        if "description" in input:
            row["description"] = input["description"] or ""
        row["completedAt"] = INSTANT if row["completed"] else None
        row["version"] += row != before
        return self._written(row["id"])

    def delete_task(self, _info: GraphQLResolveInfo, id: str) -> Any:  # noqa: A002
        """Remove a row."""
        try:
            row = self._existing(id)
        except Refused as refused:
            return _refused("DeletePayload", refused)
        del self.rows[row["id"]]
        return {
            "__typename": "DeletePayload",
            "problems": [],
            "deletedIds": [row["id"]],
            "deletedTaskIds": [],
        }

    def _existing(self, row_id: str) -> Row:
        for row in self.rows.values():
            if str(row["id"]) == row_id:
                return row
        raise Refused(NotFound(f"no task has the id {_quoted(row_id)}", ("id",), row_id))

    def _written(self, row_id: int) -> Row:
        world = World(Stored([*self.rows.values()], [], [], set()))
        return {"__typename": "TaskPayload", "problems": [], "task": world.tasks[row_id]}


def _quoted(text: str) -> str:
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}..."'


def _refused(payload: str, refused: Refused) -> Row:
    problems = [
        {
            "__typename": "NotFoundProblem" if isinstance(problem, NotFound) else "InvalidProblem",
            "code": "NOT_FOUND" if isinstance(problem, NotFound) else "INVALID",
            "message": problem.message,
            "path": problem.path,
            "id": getattr(problem, "id", None),
        }
        for problem in refused.problems
    ]
    return {
        "__typename": payload,
        "problems": problems,
        "task": None,
        "deletedIds": [],
        "deletedTaskIds": [],
    }
