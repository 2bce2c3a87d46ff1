"""The mutations of tasks, projects and labels: what they answer, and what a refusal leaves."""

from dataclasses import fields
from typing import Any

import pytest

from gql_tasks.domain.label import LabelChanges, NewLabel
from gql_tasks.domain.position import Place
from gql_tasks.domain.project import NewProject, ProjectChanges
from gql_tasks.domain.task import Due, NewTask, TaskChanges
from gql_tasks.graphql import inputs
from tests.conftest import Client
from tests.sql import Address

PROBLEMS = "problems { __typename code message path ... on NotFoundProblem { id } }"
CREATE_TASK = """
mutation ($input: CreateTaskInput!) {
  createTask(input: $input) {
    task {
      id title description completed priority dueOn dueAt startOn version
      project { id name } parent { id } labels { id name }
      subtasks { title project { id } subtasks { title labels { name } } }
    }
    PROBLEMS
  }
}
""".replace("PROBLEMS", PROBLEMS)
UPDATE_TASK = """
mutation ($id: ID! = 1, $input: UpdateTaskInput!) {
  updateTask(id: $id, input: $input) {
    task {
      title description completed priority dueOn dueAt startOn
      project { id } parent { id } labels { id }
    }
    PROBLEMS
  }
}
""".replace("PROBLEMS", PROBLEMS)


@pytest.mark.parametrize(
    ("sent", "meant"),
    [
        (inputs.DueInput, Due),
        (inputs.PlaceInput, Place),
        (inputs.CreateTaskInput, NewTask),
        (inputs.UpdateTaskInput, TaskChanges),
        (inputs.CreateProjectInput, NewProject),
        (inputs.UpdateProjectInput, ProjectChanges),
        (inputs.CreateLabelInput, NewLabel),
        (inputs.UpdateLabelInput, LabelChanges),
    ],
)
def test_inputs_are_the_domains(sent: type, meant: type) -> None:
    """An input has the fields of what it is in the domain, called the same."""
    assert {field.name for field in fields(sent)} == set(meant.__annotations__)


async def add_rows(client: Client) -> None:
    """Write two projects and two labels."""
    await client.data(
        """mutation {
            a: createProject(input: {name: "Home"}) { problems { message } }
            b: createProject(input: {name: "Work"}) { problems { message } }
            c: createLabel(input: {name: "calm"}) { problems { message } }
            d: createLabel(input: {name: "loud"}) { problems { message } }
        }"""
    )


def counts(address: Address) -> list[tuple[int, ...]]:
    """Count the rows of every table."""
    tables = ("tasks", "projects", "labels", "task_labels")
    return address.fetch(
        "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables)
    )


async def test_create_task(client: Client) -> None:
    """A task with everything that it may have is answered as it was written."""
    await add_rows(client)
    await client.data('mutation { createTask(input: {title: "parent"}) { task { id } } }')
    answer = await client.data(
        CREATE_TASK,
        {
            "input": {
                "title": "Tidy up",
                "description": "all of it",
                "priority": "HIGH",
                "due": {"at": "2026-02-01T10:00:00.5+02:00"},
                "startOn": "2026-01-31",
                "projectId": "2",
                "parentId": "1",
                "labelIds": ["2", "1", "2"],
                "place": {"before": "1"},
                "subtasks": [
                    {
                        "title": "kitchen",
                        "subtasks": [{"title": "sink", "labelIds": ["1"]}],
                    },
                    {"title": "garage", "projectId": None},
                ],
            }
        },
    )
    version = answer["createTask"]["task"].pop("version")
    assert version >= 1
    assert answer["createTask"] == {
        "task": {
            "id": "2",
            "title": "Tidy up",
            "description": "all of it",
            "completed": False,
            "priority": "HIGH",
            "dueOn": None,
            "dueAt": "2026-02-01T08:00:00.500Z",
            "startOn": "2026-01-31",
            "project": {"id": "2", "name": "Work"},
            "parent": {"id": "1"},
            "labels": [{"id": "1", "name": "calm"}, {"id": "2", "name": "loud"}],
            "subtasks": [
                {
                    "title": "kitchen",
                    "project": {"id": "2"},
                    "subtasks": [{"title": "sink", "labels": [{"name": "calm"}]}],
                },
                {"title": "garage", "project": None, "subtasks": []},
            ],
        },
        "problems": [],
    }
    in_order = await client.data("{ tasks(orderBy: [{field: POSITION}]) { title } }")
    assert [task["title"] for task in in_order["tasks"]] == [
        "Tidy up",
        "parent",
        "kitchen",
        "sink",
        "garage",
    ]


async def test_create_task_with_nulls(client: Client) -> None:
    """Null is as good as nothing in a new task."""
    nulls = dict.fromkeys(
        ("due", "startOn", "projectId", "parentId", "labelIds", "place", "subtasks")
    )
    answer = await client.data(CREATE_TASK, {"input": {"title": "bare", **nulls}})
    assert answer["createTask"] == {
        "task": {
            "id": "1",
            "title": "bare",
            "description": "",
            "completed": False,
            "priority": "NONE",
            "dueOn": None,
            "dueAt": None,
            "startOn": None,
            "version": 1,
            "project": None,
            "parent": None,
            "labels": [],
            "subtasks": [],
        },
        "problems": [],
    }


async def test_create_task_refused(client: Client, address: Address) -> None:
    """All problems of an input come together, each with its path, and nothing is written."""
    task = {
        "title": "",
        "projectId": "9",
        "labelIds": ["1"],
        "place": {"atStart": False},
        "subtasks": [{"title": "a"}, {"title": " ", "parentId": "3", "place": {"after": "1e0"}}],
    }
    answer = await client.data(CREATE_TASK, {"input": task})

    def invalid(message: str, *path: str) -> dict[str, Any]:
        return {
            "__typename": "InvalidProblem",
            "code": "INVALID",
            "message": message,
            "path": ["input", *path],
        }

    def missing(kind: str, id_: str, *path: str) -> dict[str, Any]:
        return {
            "__typename": "NotFoundProblem",
            "code": "NOT_FOUND",
            "message": f'no {kind} has the id "{id_}"',
            "path": ["input", *path],
            "id": id_,
        }

    own = "a subtask's parent is the task that it stands in; leave it out"
    assert answer["createTask"] == {
        "task": None,
        "problems": [
            invalid('title "" is blank', "title"),
            invalid("place takes true, or another place", "place", "atStart"),
            invalid('title " " is blank', "subtasks", "1", "title"),
            invalid(own, "subtasks", "1", "parentId"),
            missing("project", "9", "projectId"),
            missing("label", "1", "labelIds", "0"),
            missing("task", "3", "subtasks", "1", "parentId"),
            missing("task", "1e0", "subtasks", "1", "place", "after"),
        ],
    }
    assert counts(address) == [(0, 0, 0, 0)]


async def test_too_many_tasks(client: Client, address: Address) -> None:
    """An input of more tasks, or deeper, than one mutation takes says how many there were."""
    query = """mutation ($input: CreateTaskInput!) {
        createTask(input: $input) {
            problems { code message path ... on TooManyProblem { limit actual } } } }"""
    wide = {"title": "a", "subtasks": [{"title": "b"}] * 1000}
    assert await client.data(query, {"input": wide}) == {
        "createTask": {
            "problems": [
                {
                    "code": "TOO_MANY",
                    "message": "1001 tasks are more than the 1000 that one input may create",
                    "path": ["input", "subtasks"],
                    "limit": 1000,
                    "actual": 1001,
                }
            ]
        }
    }
    deep: dict[str, Any] = {"title": "leaf"}
    for _ in range(11):
        deep = {"title": "stem", "subtasks": [deep]}
    answer = await client.data(query, {"input": deep})
    (problem,) = answer["createTask"]["problems"]
    assert (problem["limit"], problem["actual"]) == (10, 11)
    assert counts(address) == [(0, 0, 0, 0)]


async def test_update_task(client: Client) -> None:
    """What is left out stays, null clears what can be empty."""
    await add_rows(client)
    full = {
        "title": "a",
        "description": "more",
        "completed": True,
        "priority": "LOW",
        "due": {"on": "2026-02-01"},
        "startOn": "2026-01-31",
        "projectId": "1",
        "labelIds": ["1"],
        "subtasks": [{"title": "b"}],
    }
    await client.data(CREATE_TASK, {"input": full})
    shown = {
        "title": "a",
        "description": "more",
        "completed": True,
        "priority": "LOW",
        "dueOn": "2026-02-01",
        "dueAt": None,
        "startOn": "2026-01-31",
        "project": {"id": "1"},
        "parent": None,
        "labels": [{"id": "1"}],
    }
    nulls = dict.fromkeys(("description", "due", "startOn", "projectId", "parentId"))
    for sent, changed in (
        ({}, {}),
        (
            {"due": {"at": "2026-02-01T00:00:00Z"}},
            {"dueOn": None, "dueAt": "2026-02-01T00:00:00.000Z"},
        ),
        (
            {"title": "c", "completed": False, "priority": "URGENT", "place": {"atEnd": True}},
            {"title": "c", "completed": False, "priority": "URGENT"},
        ),
        (
            {"projectId": "2", "addLabelIds": ["2", "2"], "removeLabelIds": ["1"]},
            {"project": {"id": "2"}, "labels": [{"id": "2"}]},
        ),
        (
            nulls,
            {"description": "", "dueAt": None, "startOn": None, "project": None},
        ),
    ):
        shown |= changed
        answer = await client.data(UPDATE_TASK, {"input": sent})
        assert answer == {"updateTask": {"task": shown, "problems": []}}
    in_order = await client.data("{ tasks(orderBy: [{field: POSITION}]) { title } }")
    assert in_order == {"tasks": [{"title": "b"}, {"title": "c"}]}


async def test_update_task_refused(client: Client, address: Address) -> None:
    """Null where a value cannot be empty, missing rows and a cycle: each with its path."""
    await client.data(CREATE_TASK, {"input": {"title": "a", "subtasks": [{"title": "b"}]}})
    before = address.fetch("SELECT * FROM tasks ORDER BY id")
    refused = ("title", "completed", "priority", "place", "addLabelIds", "removeLabelIds")
    answer = await client.data(UPDATE_TASK, {"input": dict.fromkeys(refused)})
    assert answer["updateTask"]["task"] is None
    assert [problem["path"] for problem in answer["updateTask"]["problems"]] == [
        ["input", name] for name in refused
    ]
    answer = await client.data(
        UPDATE_TASK, {"input": {"parentId": "2", "addLabelIds": ["7"], "place": {"before": "1"}}}
    )
    assert [
        (problem["message"], problem["path"]) for problem in answer["updateTask"]["problems"]
    ] == [
        ('no label has the id "7"', ["input", "addLabelIds", "0"]),
        ("task 1 cannot be placed before itself", ["input", "place", "before"]),
        ("task 2 is a subtask of task 1 and cannot be its parent", ["input", "parentId"]),
    ]
    answer = await client.data(UPDATE_TASK, {"id": "3", "input": {}})
    assert answer["updateTask"]["problems"] == [
        {
            "__typename": "NotFoundProblem",
            "code": "NOT_FOUND",
            "message": 'no task has the id "3"',
            "path": ["id"],
            "id": "3",
        }
    ]
    assert address.fetch("SELECT * FROM tasks ORDER BY id") == before


@pytest.mark.parametrize(
    "task",
    [
        '{title: "a", due: {on: "2026-01-31", at: "2026-01-31T00:00:00Z"}}',
        '{title: "a", due: {}}',
        '{title: "a", due: {on: null}}',
        '{title: "a", due: {on: "2026-02-30"}}',
        '{title: "a", due: {on: "2026-01-31T00:00:00Z"}}',
        '{title: "a", due: {at: "2026-01-31T00:00:00"}}',
        '{title: "a", startOn: "0000-01-01"}',
        '{title: "a", place: {before: "1", atEnd: true}}',
        '{title: "a", priority: SOON}',
        '{title: "a", priority: null}',
        '{title: "a", labelIds: [null]}',
        '{title: "a", subtasks: [{}]}',
        "{title: null}",
    ],
)
async def test_impossible_inputs(client: Client, address: Address, task: str) -> None:
    """What the schema does not allow is an error of the request."""
    body = await client.graphql("mutation { createTask(input: %s) { task { id } } }" % task)  # noqa: UP031
    assert "data" not in body
    assert {error["extensions"]["code"] for error in body["errors"]} == {
        "GRAPHQL_VALIDATION_FAILED"
    }
    assert counts(address) == [(0, 0, 0, 0)]


async def test_projects(client: Client) -> None:
    """A project is written, changed, archived and deleted."""
    shown = "project { id name color archivedAt version taskCount } problems { message path }"
    project = {
        "id": "1",
        "name": "Home",
        "color": "#aabbcc",
        "archivedAt": None,
        "version": 1,
        "taskCount": 0,
    }
    answer = await client.data(
        'mutation { createProject(input: {name: "Home", color: "#ABC"}) { %s } }' % shown  # noqa: UP031
    )
    assert answer == {"createProject": {"project": project, "problems": []}}
    update = "mutation ($input: UpdateProjectInput!) { updateProject(id: 1, input: $input) { %s } }"
    answer = await client.data(update % shown, {"input": {"archived": True, "color": None}})
    assert answer["updateProject"]["project"].pop("archivedAt") is not None
    changed = {name: value for name, value in project.items() if name != "archivedAt"}
    changed |= {"color": None, "version": 2}
    assert answer == {"updateProject": {"project": changed, "problems": []}}
    nulls = {"name": None, "archived": None, "place": None, "color": "red"}
    answer = await client.data(update % shown, {"input": nulls})
    assert answer["updateProject"] == {
        "project": None,
        "problems": [
            {"message": "name cannot be null", "path": ["input", "name"]},
            {"message": 'color "red" is not #rgb or #rrggbb', "path": ["input", "color"]},
            {"message": "archived cannot be null", "path": ["input", "archived"]},
            {"message": "place cannot be null", "path": ["input", "place"]},
        ],
    }


@pytest.mark.parametrize(
    ("arguments", "task_ids", "parents"),
    [
        ("id: 1", [], {"1": None, "2": "1", "3": "2"}),
        ("id: 1, deleteTasks: true", ["2"], {"1": None, "3": "1"}),
    ],
)
async def test_delete_project(
    client: Client, arguments: str, task_ids: list[str], parents: dict[str, str | None]
) -> None:
    """A deleted project's tasks stay unless asked; those that go are named apart."""
    await client.data(
        """mutation {
            a: createProject(input: {name: "Home"}) { project { id } }
            b: createProject(input: {name: "Work"}) { project { id } }
            c: createTask(input: {title: "above"}) { task { id } }
            d: createTask(input: {title: "in it", projectId: 1, parentId: 1, subtasks: [
                {title: "not in it", projectId: null}]}) { task { id } }
        }"""
    )
    answer = await client.data(
        "mutation { deleteProject(%s) { deletedIds deletedTaskIds problems { message } } }"  # noqa: UP031
        % arguments
    )
    assert answer == {
        "deleteProject": {"deletedIds": ["1"], "deletedTaskIds": task_ids, "problems": []}
    }
    left = await client.data("{ tasks { id project { id } parent { id } } projects { id } }")
    assert left == {
        "tasks": [
            {"id": id_, "project": None, "parent": parent and {"id": parent}}
            for id_, parent in parents.items()
        ],
        "projects": [{"id": "2"}],
    }


async def test_labels(client: Client, address: Address) -> None:
    """A label is written, changed and deleted, once."""
    shown = "label { id name color version taskCount } problems { message path }"
    label = {"id": "1", "name": "calm", "color": None, "version": 1, "taskCount": 0}
    answer = await client.data('mutation { createLabel(input: {name: "calm"}) { %s } }' % shown)  # noqa: UP031
    assert answer == {"createLabel": {"label": label, "problems": []}}
    answer = await client.data(
        'mutation { updateLabel(id: 1, input: {color: "#0F0"}) { %s } }' % shown  # noqa: UP031
    )
    label |= {"color": "#00ff00", "version": 2}
    assert answer == {"updateLabel": {"label": label, "problems": []}}
    answer = await client.data('mutation { updateLabel(id: 1, input: {name: ""}) { %s } }' % shown)  # noqa: UP031
    blank = {"message": 'name "" is blank', "path": ["input", "name"]}
    assert answer == {"updateLabel": {"label": None, "problems": [blank]}}
    delete = (
        "mutation { deleteLabel(id: 1) { deletedIds deletedTaskIds problems { message path } } }"
    )
    assert await client.data(delete) == {
        "deleteLabel": {"deletedIds": ["1"], "deletedTaskIds": [], "problems": []}
    }
    gone = {"message": 'no label has the id "1"', "path": ["id"]}
    assert await client.data(delete) == {
        "deleteLabel": {"deletedIds": [], "deletedTaskIds": [], "problems": [gone]}
    }
    assert counts(address) == [(0, 0, 0, 0)]


async def test_fields_run_in_order(client: Client) -> None:
    """Each mutation field sees what those before it wrote, and reads its payload then."""
    answer = await client.data(
        """mutation {
            a: createProject(input: {name: "Home"}) { project { taskCount } }
            b: createTask(input: {title: "x", projectId: 1}) { task { title } again: task { id } }
            c: updateProject(id: 1, input: {name: "House"}) { project { name taskCount } }
        }"""
    )
    assert answer == {
        "a": {"project": {"taskCount": 0}},
        "b": {"task": {"title": "x"}, "again": {"id": "1"}},
        "c": {"project": {"name": "House", "taskCount": 1}},
    }
