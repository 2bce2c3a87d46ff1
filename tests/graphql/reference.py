"""What an answer should be: graphql-core's own executor over plain dicts, sorted by Python."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo, build_schema, graphql_sync

from gql_tasks.domain.errors import NotFound, Refused
from gql_tasks.domain.task import NewTask, TaskChanges, check_changes
from tests.sql import Address

SCHEMA = build_schema((Path(__file__).parents[2] / "schema.graphql").read_text("utf-8"))

INSTANT = "2026-01-31T08:00:00.000Z"
"""What stands for every moment that a test cannot know beforehand."""

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


def query_root(rows: Iterable[Row]) -> dict[str, Any]:
    """Resolve Query's fields over rows."""
    by_id = {str(row["id"]): _shown(row) for row in rows}

    def task(_info: GraphQLResolveInfo, id: str) -> Row | None:  # noqa: A002  # the public name
        return by_id.get(id)

    def tasks(_info: GraphQLResolveInfo, **arguments: Any) -> list[Row]:
        limit, offset = arguments.get("limit"), arguments.get("offset") or 0
        if offset < 0 or (limit is not None and not 0 <= limit <= 10_000):
            raise GraphQLError("out of range")
        found = sorted(by_id.values(), key=lambda row: row["id"])
        for order in reversed(arguments.get("orderBy") or ()):
            _sort(found, **order)
        return found[offset:][:limit]

    return {"task": task, "tasks": tasks}


def _sort(rows: list[Row], field: str, direction: str, nulls: str) -> None:
    key = {
        "ID": "id",
        "TITLE": "title",
        "COMPLETED": "completed",
        "COMPLETED_AT": "completedAt",
        "CREATED_AT": "createdAt",
        "UPDATED_AT": "updatedAt",
    }[field]
    without = [row for row in rows if row[key] is None]
    # Sorting keeps the order of what is equal, also in reverse.
    with_value = sorted(
        (row for row in rows if row[key] is not None),
        key=lambda row: row[key],
        reverse=direction == "DESC",
    )
    rows[:] = without + with_value if nulls == "FIRST" else with_value + without


def _shown(row: Row) -> Row:
    """Show what the schema promises for the NULLs of other programs."""
    return row | {
        "title": row["title"] or "",
        "description": row["description"] or "",
        "completed": bool(row["completed"]),
    }


COLUMNS = {
    "id": "id",
    "title": "title",
    "description": "description",
    "completed": "completed",
    "completed_at": "completedAt",
    "version": "version",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
}


def stored_rows(address: Address) -> list[Row]:
    """Read the table from outside."""
    stored = address.fetch(f"SELECT {', '.join(COLUMNS)} FROM tasks ORDER BY id")
    return [dict(zip(COLUMNS.values(), map(_instant, row), strict=True)) for row in stored]


def _instant(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
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
        try:
            NewTask(**input)
        except Refused as refused:
            return _refused("TaskPayload", refused)
        self.last_id = 1 + (max(self.rows, default=0) if self.reuses_ids else self.last_id)
        self.rows[self.last_id] = {
            "id": self.last_id,
            **input,
            "completedAt": INSTANT if input["completed"] else None,
            "version": 1,
            "createdAt": INSTANT,
            "updatedAt": INSTANT,
        }
        return self._written(self.last_id)

    def update_task(self, _info: GraphQLResolveInfo, id: str, input: TaskChanges) -> Any:  # noqa: A002
        """Change a row; one change, one version."""
        try:
            check_changes(input)
            row = self._existing(id)
        except Refused as refused:
            return _refused("TaskPayload", refused)
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
        return {"__typename": "DeletePayload", "problems": [], "deletedIds": [row["id"]]}

    def _existing(self, row_id: str) -> Row:
        for row in self.rows.values():
            if str(row["id"]) == row_id:
                return row
        raise Refused(NotFound(f"no task has the id {_quoted(row_id)}", ("id",), row_id))

    def _written(self, row_id: int) -> Row:
        return {"__typename": "TaskPayload", "problems": [], "task": _shown(self.rows[row_id])}


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
    return {"__typename": payload, "problems": problems, "task": None, "deletedIds": []}
