"""What is asked, in either server's spelling, and what the answer must be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tests.benchmarks import data

ROTATION = 5_000
"""How many ids a rotating workload goes through: no cache of answers gains by it."""

CREATED_TITLE = "Created by the benchmark"
CREATED_DESCRIPTION = "With a description, “quotes” and all"

Json = dict[str, Any]


@dataclass(frozen=True)
class Spelling:
    """How a server wants the queries, and where the answer stands in what it says."""

    name: str
    queries: Mapping[str, str]
    unwrap: Callable[[str, Json], Any]


@dataclass(frozen=True)
class Workload:
    """A query, the values it is sent with, one after the other, and the answer to each.

    `target` is how many times the baseline's requests per second are wanted.
    """

    name: str
    target: float
    variables: Sequence[Json]
    expected: Callable[[Json], Any]
    writes: bool = False

    def requests(self, spelling: Spelling) -> list[bytes]:
        """Write the HTTP requests of one rotation."""
        return [http_request(spelling.queries[self.name], values) for values in self.variables]

    def check(self, spelling: Spelling, number: int, body: bytes) -> None:
        """Raise WrongAnswer unless `body` answers the request with this number in full."""
        values = self.variables[number % len(self.variables)]
        wanted = self.expected(values)
        answer = orjson.loads(body)
        got = spelling.unwrap(self.name, answer["data"]) if "errors" not in answer else answer
        if isinstance(wanted, dict) and wanted.get("id") is ANY_ID and isinstance(got, dict):
            wanted = wanted | {"id": got.get("id")}
        if got != wanted:
            raise WrongAnswer(
                f"{spelling.name} answered {self.name} of {values} with {str(got)[:300]},"
                f" not {str(wanted)[:300]}"
            )


class WrongAnswer(Exception):
    """A server answered something else than the formula says."""


ANY_ID = object()
"""Stands for the id of a row that is being made."""


def http_request(query: str, variables: Json) -> bytes:
    """Write a request as a client that keeps its connection sends it."""
    body = orjson.dumps({"query": query, "variables": variables})
    head = (
        "POST /graphql HTTP/1.1\r\n"
        "Host: 127.0.0.1\r\n"
        "Content-Type: application/json\r\n"
        "Accept: application/json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "\r\n"
    )
    return head.encode() + body


def workloads(tasks: int) -> dict[str, Workload]:
    """List what is measured over a store of so many tasks, writes last."""
    ids = rotated_ids(tasks)
    every = [
        Workload("one", 35, [{"id": str(number)} for number in ids], _one),
        Workload("list100", 30, [{}], lambda _: _list(100)),
        Workload("list1000", 25, [{}], lambda _: _list(1000)),
        Workload("nested", 120, [{}], lambda _: [_nested(number) for number in range(1, 51)]),
        Workload(
            "filter",
            45,
            [{"project": str(number)} for number in range(1, data.PROJECTS + 1)],
            lambda values: _filter(tasks, int(values["project"])),
        ),
        Workload(
            "create",
            15,
            [{"title": CREATED_TITLE, "description": CREATED_DESCRIPTION}],
            lambda values: {"id": ANY_ID, **values, "completed": False},
            writes=True,
        ),
        Workload(
            "update",
            15,
            # Twice round: what is done the first time is undone the second, so that every one of
            # them changes its row.
            [
                {"id": str(number), "completed": data.completed(number) is undo}
                for undo in (False, True)
                for number in ids
            ],
            lambda values: {**_task(int(values["id"])), "completed": values["completed"]},
            writes=True,
        ),
    ]
    return {workload.name: workload for workload in every}


def rotated_ids(tasks: int) -> list[int]:
    """Spread the ids of a rotation over the table. 7919 is a prime: none comes twice."""
    return [number * 7919 % tasks + 1 for number in range(min(ROTATION, tasks))]


def _task(number: int) -> Json:
    return {"id": str(number), "title": data.title(number), "completed": data.completed(number)}


def _one(values: Json) -> Json:
    return _task(int(values["id"]))


def _list(count: int) -> list[Json]:
    return [
        {**_task(number), "description": data.description(number)} for number in range(1, count + 1)
    ]


def _nested(number: int) -> Json:
    project = data.project_id(number)
    return {
        "id": str(number),
        "title": data.title(number),
        "project": {"id": str(project), "name": data.project_name(project)},
        "labels": [
            {"id": str(label), "name": data.label_name(label)} for label in data.label_ids(number)
        ],
    }


def _filter(tasks: int, project: int) -> list[Json]:
    found = [
        number for number in data.tasks_of_project(project, tasks) if not data.completed(number)
    ]
    found.sort(key=lambda number: (data.due_on(number) or "9", number))
    return [{**_task(number), "dueOn": data.due_on(number)} for number in found[:20]]


ONE = "query One($id: ID!) { task(id: $id) { id title completed } }"
LIST = "{ id title description completed }"
NESTED = "{ tasks(limit: 50) { id title project { id name } labels { id name } } }"

OURS = Spelling(
    "gql_tasks",
    {
        "one": ONE,
        "list100": f"query List100 {{ tasks(limit: 100) {LIST} }}",
        "list1000": f"query List1000 {{ tasks(limit: 1000) {LIST} }}",
        "nested": f"query Nested {NESTED}",
        "filter": "query Filter($project: ID!) { tasks("
        "filter: { project: { id: { eq: $project } }, completed: { eq: false } }"
        " orderBy: [{ field: DUE }] limit: 20) { id title completed dueOn } }",
        "create": "mutation Create($title: String!, $description: String!) {"
        " createTask(input: { title: $title, description: $description })"
        " { task { id title description completed } problems { message } } }",
        "update": "mutation Update($id: ID!, $completed: Boolean!) {"
        " updateTask(id: $id, input: { completed: $completed })"
        " { task { id title completed } problems { message } } }",
    },
    lambda name, answer: _root(answer)["task"] if name in {"create", "update"} else _root(answer),
)

DOCUMENTED = Spelling(
    "documented",
    {
        **{name: OURS.queries[name] for name in ("one", "list100", "list1000", "nested")},
        "filter": "query Filter($project: ID!) { tasks("
        "projectId: $project, completed: false, orderBy: DUE_ON, limit: 20)"
        " { id title completed dueOn } }",
        "create": "mutation Create($title: String!, $description: String!) {"
        " createTask(title: $title, description: $description)"
        " { id title description completed } }",
        "update": "mutation Update($id: ID!, $completed: Boolean!) {"
        " updateTask(id: $id, completed: $completed) { id title completed } }",
    },
    lambda _name, answer: _root(answer),
)


def _root(answer: Json) -> Any:
    """Take the value of the answer's one root field."""
    [value] = answer.values()
    return value
