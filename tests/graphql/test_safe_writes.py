"""Safe writes: nothing is overwritten unseen (ifVersion) or done twice (clientMutationId)."""

import asyncio
from contextlib import ExitStack
from typing import Any

import httpx2
import pytest

from tests.change_log import log_of, world_of
from tests.conftest import Client, running_app, serve
from tests.sql import Address

WORLD = """mutation {
  a: createProject(input: {name: "p"}) { problems { message } }
  b: createLabel(input: {name: "l"}) { problems { message } }
  c: createTask(input: {title: "t", projectId: 1, subtasks: [{title: "u"}]}) {
    problems { message }
  }
}"""
CONFLICT = """problems {
  code message path
  ... on VersionConflictProblem {
    currentVersion task { id title } project { id name } label { id name }
  }
}"""

VERSIONED = [
    ("task", "updateTask", 'input: {title: "x"}'),
    ("task", "deleteTask", ""),
    ("project", "updateProject", 'input: {name: "x"}'),
    ("project", "deleteProject", ""),
    ("project", "deleteProject", "deleteTasks: true"),
    ("label", "updateLabel", 'input: {name: "x"}'),
    ("label", "deleteLabel", ""),
]
ROWS = {
    "task": {"id": "1", "title": "t"},
    "project": {"id": "1", "name": "p"},
    "label": {"id": "1", "name": "l"},
}


# ifVersion


@pytest.mark.parametrize("version", [0, 2, -1, 2**31 - 1])
async def test_another_version(client: Client, address: Address, version: int) -> None:
    """A write of a row that has another version is refused with the row as it stands."""
    await client.data(WORLD)
    before = world_of(address), log_of(address)
    for kind, field, arguments in VERSIONED:
        answer = await client.data(
            f"mutation {{ {field}(id: 1, ifVersion: {version}, {arguments}) {{ {CONFLICT} }} }}"
        )
        assert answer[field]["problems"] == [
            {
                "code": "VERSION_CONFLICT",
                "message": f"{kind} 1 has version 1, not {version}",
                "path": ["ifVersion"],
                "currentVersion": 1,
                **dict.fromkeys(ROWS),
                kind: ROWS[kind],
            }
        ]
    assert (world_of(address), log_of(address)) == before


async def test_that_version(client: Client) -> None:
    """A write of a row that has the version is done; null asks for none."""
    for kind, field, arguments in VERSIONED:
        for version in ("1", "null"):
            name = "title" if kind == "task" else "name"
            create = f'create{kind.title()}(input: {{{name}: "n"}})'
            created = await client.data(f"mutation {{ {create} {{ {kind} {{ id }} }} }}")
            (row,) = created.values()
            answer = await client.data(
                f"mutation {{ {field}(id: {row[kind]['id']}, ifVersion: {version}, {arguments})"
                " { problems { message } } }"
            )
            assert answer == {field: {"problems": []}}


async def test_no_row(client: Client) -> None:
    """A row that is not there is NOT_FOUND, whatever version it should have."""
    for kind, field, arguments in VERSIONED:
        answer = await client.data(
            f"mutation {{ {field}(id: 9, ifVersion: 1, {arguments}) {{ {CONFLICT} }} }}"
        )
        assert answer[field]["problems"] == [
            {"code": "NOT_FOUND", "message": f'no {kind} has the id "9"', "path": ["id"]}
        ]


# clientMutationId

SELECTED = {
    "TaskPayload": "task { id title version labels { name } history { after } }",
    "TasksPayload": "affectedCount tasks { id title version }",
    "ProjectPayload": "project { id name version }",
    "LabelPayload": "label { id name version }",
    "DeletePayload": "deletedIds deletedTaskIds",
    "UndoPayload": "undone { id before after at }",
}
NAMED = [
    (r'createTask(input: {title: "\u0001\b\f☕ \"\\ /\u007f", labelIds: [1]}, ID)', "TaskPayload"),
    ('updateTask(id: 1, input: {title: "x"}, ifVersion: 1, ID)', "TaskPayload"),
    ("deleteTask(id: 1, ID)", "DeletePayload"),
    (
        'createTasks(input: [{title: "a"}, {title: "b", subtasks: [{title: "c"}]}], ID)',
        "TasksPayload",
    ),
    ("createTasks(input: [], ID)", "TasksPayload"),
    ("updateTasks(filter: {}, input: {completed: true}, atMost: 5, ID)", "TasksPayload"),
    ('deleteTasks(filter: {title: {eq: "u"}}, ID)', "DeletePayload"),
    ('createProject(input: {name: "q"}, ID)', "ProjectPayload"),
    ('updateProject(id: 1, input: {name: "q", archived: true}, ID)', "ProjectPayload"),
    ("deleteProject(id: 1, deleteTasks: true, ID)", "DeletePayload"),
    ('createLabel(input: {name: "q"}, ID)', "LabelPayload"),
    ('updateLabel(id: 1, input: {color: "#abc"}, ID)', "LabelPayload"),
    ("deleteLabel(id: 1, ID)", "DeletePayload"),
    ('undo(token: "TOKEN", ID)', "UndoPayload"),
]


@pytest.mark.parametrize("directive", ["", "@atomic"])
async def test_the_same_again(client: Client, address: Address, directive: str) -> None:
    """Every mutation that is sent again is answered byte for byte as before; nothing is written."""
    for number, (field, payload) in enumerate(NAMED):
        address.execute(*(f"DELETE FROM {table}" for table in ("tasks", "projects", "labels")))
        address.execute(
            "INSERT INTO projects (id, name) VALUES (1, 'p')",
            "INSERT INTO labels (id, name) VALUES (1, 'l')",
            "INSERT INTO tasks (id, title, project_id) VALUES (1, 't', 1), (2, 'u', 1)",
        )
        if not address.is_sqlite:
            for table in ("tasks", "projects", "labels"):
                address.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 100")
        token = (await client.data('mutation { createLabel(input: {name: "z"}) { syncToken } }'))[
            "createLabel"
        ]["syncToken"]
        named = field.replace("ID", f'clientMutationId: "m{number}{directive}"')
        query = (
            f"mutation {directive} {{ {named.replace('TOKEN', token)} {{"
            f" {SELECTED[payload]} clientMutationId syncToken problems {{ message path }} }} }}"
        )
        first = await client.http.post("/graphql", json={"query": query})
        (done,) = first.json()["data"].values()
        assert done["problems"] == []
        before = world_of(address), log_of(address)
        again = await client.http.post("/graphql", json={"query": query})
        assert again.content == first.content
        assert (world_of(address), log_of(address)) == before


async def test_another_selection(client: Client) -> None:
    """What the first answer did not show is read as it is now; the rest is as it was."""
    query = 'mutation { createTask(input: {title: "a"}, clientMutationId: "m") { %s } }'
    first = (await client.data(query % "syncToken a: task { title }"))["createTask"]
    await client.data('mutation { updateTask(id: 1, input: {title: "b"}) { syncToken } }')
    again = await client.data(query % "syncToken b: task { title } c: task { id title version }")
    assert again["createTask"] == {
        "syncToken": first["syncToken"],
        "b": {"title": "a"},
        "c": {"id": "1", "title": "b", "version": 2},
    }
    await client.data("mutation { deleteTask(id: 1) { syncToken } }")
    gone = await client.data(query % "a: task { title } b: task { id }")
    assert gone["createTask"] == {"a": {"title": "a"}, "b": None}


async def test_the_same_in_other_words(client: Client, address: Address) -> None:
    """A request is the same by what it asks for, with variables or without."""
    plain = 'mutation { createTask(input: {title: "a"}, clientMutationId: "m") { task { id } } }'
    variables = """mutation ($t: String!, $m: ID, $p: Priority! = NONE) {
      x: createTask(clientMutationId: $m, input: {priority: $p, title: $t}) { task { id } }
    }"""
    assert (await client.data(plain))["createTask"] == {"task": {"id": "1"}}
    answer = await client.data(variables, {"t": "a", "m": "m"})
    assert answer == {"x": {"task": {"id": "1"}}}
    assert len(log_of(address)) == 1


@pytest.mark.parametrize(
    "other",
    [
        'createTask(input: {title: "b"}, clientMutationId: "m")',
        'createTask(input: {title: "a", description: "x"}, clientMutationId: "m")',
        'createTasks(input: [{title: "a"}], clientMutationId: "m")',
        'deleteTask(id: 1, clientMutationId: "m")',
    ],
)
async def test_another_request(client: Client, address: Address, other: str) -> None:
    """An id that was another request's is a problem, and nothing is written."""
    await client.data(
        'mutation { createTask(input: {title: "a"}, clientMutationId: "m") { task { id } } }'
    )
    before = world_of(address), log_of(address)
    fields = "clientMutationId syncToken problems { code message path }"
    (answer,) = (await client.data(f"mutation {{ {other} {{ {fields} }} }}")).values()
    assert answer == {
        "clientMutationId": "m",
        "syncToken": None,
        "problems": [
            {
                "code": "INVALID",
                "message": 'clientMutationId "m" was another mutation\'s; take a new one',
                "path": ["clientMutationId"],
            }
        ],
    }
    assert (world_of(address), log_of(address)) == before


async def test_after_a_refusal(client: Client, address: Address) -> None:
    """A refused attempt takes no id: the same id may then ask for another thing."""
    query = """mutation ($title: String!) {
      createTask(input: {title: $title}, clientMutationId: "m") { task { id } problems { code } }
    }"""
    assert (await client.data(query, {"title": ""}))["createTask"]["problems"] == [
        {"code": "INVALID"}
    ]
    assert (await client.data(query, {"title": "a"}))["createTask"] == {
        "task": {"id": world_id(address)},
        "problems": [],
    }


def world_id(address: Address) -> str:
    """Read the id of the only task."""
    ((row_id,),) = address.fetch("SELECT id FROM tasks")
    return str(row_id)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x" * 201, "clientMutationId is longer than 200 characters"),
        ("a\0b", "client mutation id holds a NUL character (U+0000)"),
    ],
)
async def test_ids_that_cannot_be(
    client: Client, address: Address, name: str, message: str
) -> None:
    """An id that is too long or holds a NUL is a problem; 200 characters are not too many."""
    query = """mutation ($m: ID) {
      createTask(input: {title: "a"}, clientMutationId: $m) {
        task { id } problems { code message path }
      }
    }"""
    answer = (await client.data(query, {"m": name}))["createTask"]
    assert answer["task"] is None
    assert answer["problems"] == [
        {"code": "INVALID", "message": message, "path": ["clientMutationId"]}
    ]
    assert log_of(address) == []
    assert (await client.data(query, {"m": "☕" * 200}))["createTask"]["problems"] == []
    for none in ("", None):
        assert (await client.data(query, {"m": none}))["createTask"]["problems"] == []
    assert len(log_of(address)) == 3


ONE = """mutation {
  createTask(input: {title: "a"}, clientMutationId: "m") { task { id version } syncToken }
}"""


async def test_at_the_same_moment(client: Client, address: Address) -> None:
    """Of the same mutation from many connections at once one is done, and all are answered so."""
    query = ONE
    async with running_app(str(address)) as other:
        answers = await asyncio.gather(
            *(each.data(query) for each in (client, other) for _ in range(5))
        )
    assert len({str(answer) for answer in answers}) == 1
    assert len(log_of(address)) == 1


async def test_two_processes_and_a_restart(address: Address) -> None:
    """Two servers answer the same, and so does one that is started later."""
    query = ONE
    with ExitStack() as stack:
        servers = [stack.enter_context(serve("--database", str(address))) for _ in range(2)]
        async with httpx2.AsyncClient() as http:
            answers = await asyncio.gather(
                *(
                    http.post(f"{server.url}/graphql", json={"query": query})
                    for server in servers
                    for _ in range(3)
                )
            )
    assert len({answer.content for answer in answers}) == 1
    async with running_app(str(address)) as client:
        assert await client.graphql(query) == answers[0].json()
    assert len(log_of(address)) == 1


# Bulk


async def test_bulk(client: Client, address: Address) -> None:
    """Many tasks are written, changed and deleted by one field each, in the promised order."""
    created = await client.data(
        """mutation { createTasks(input: [{title: "b", subtasks: [{title: "c"}]}, {title: "a"}]) {
            affectedCount tasks { title subtasks { title } } problems { message }
        } }"""
    )
    assert created["createTasks"] == {
        "affectedCount": 2,
        "tasks": [{"title": "b", "subtasks": [{"title": "c"}]}, {"title": "a", "subtasks": []}],
        "problems": [],
    }
    changed = await client.data(
        """mutation { updateTasks(
            filter: {title: {in: ["a", "b"]}}, input: {completed: true}, atMost: 2
        ) { affectedCount tasks { title completed } problems { message } } }"""
    )
    assert changed["updateTasks"] == {
        "affectedCount": 2,
        "tasks": [{"title": "b", "completed": True}, {"title": "a", "completed": True}],
        "problems": [],
    }
    deleted = await client.data(
        """mutation { deleteTasks(filter: {completed: {eq: true}}, atMost: 2) {
            deletedIds deletedTaskIds problems { message }
        } }"""
    )
    assert deleted["deleteTasks"] == {
        "deletedIds": ["1", "3"],
        "deletedTaskIds": [],
        "problems": [],
    }
    assert address.fetch("SELECT title, parent_id FROM tasks") == [("c", None)]


@pytest.mark.parametrize("field", ["deleteTasks(%s)", "updateTasks(%s, input: {completed: true})"])
async def test_too_many(client: Client, address: Address, field: str) -> None:
    """More matches than atMost are TOO_MANY; an atMost that cannot be is INVALID."""
    await client.data('mutation { createTasks(input: [{title: "a"}, {title: "b"}]) { syncToken } }')
    before = world_of(address), log_of(address)
    fields = """{ syncToken problems {
        code path ... on TooManyProblem { limit actual }
    } }"""
    problems = []
    for arguments in ("", ", atMost: 1", ", atMost: 0", ", atMost: -1", ", atMost: 10001"):
        call = field % f"filter: {{}}{arguments}"
        (answer,) = (await client.data(f"mutation {{ {call} {fields} }}")).values()
        assert answer["syncToken"] is None
        problems += answer["problems"]
    too_many: dict[str, Any] = {"code": "TOO_MANY", "path": ["atMost"], "limit": 1, "actual": 2}
    assert problems == [
        too_many,
        too_many,
        too_many | {"limit": 0},
        {"code": "INVALID", "path": ["atMost"]},
        problems[4],
    ]
    assert problems[4]["path"] == ["atMost"]
    assert (world_of(address), log_of(address)) == before
