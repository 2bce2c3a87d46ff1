"""Undo: every mutation can be taken back by its token, and the taking back as well."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.change_log import World, log_of, replayed, world_of
from tests.conftest import Client, running_app
from tests.sql import Address

FIELDS = "problems { code message path } syncToken"
UNDO = """
mutation ($token: SyncToken!) {
  undo(token: $token) {
    undone { id entity operation }
    problems {
      code message path
      ... on VersionConflictProblem {
        currentVersion task { id } project { id } label { id }
      }
    }
    syncToken
  }
}
"""
WORLD = """mutation {
  a: createProject(input: {name: "Home", color: "#aabbcc"}) { problems { message } }
  b: createProject(input: {name: "Work"}) { problems { message } }
  c: createLabel(input: {name: "calm", color: "#123456"}) { problems { message } }
  d: createLabel(input: {name: "loud"}) { problems { message } }
  e: createTask(input: {
    title: "top", projectId: 1, labelIds: [1, 2], subtasks: [
      {title: "middle", completed: true, labelIds: [1], subtasks: [{title: "low", projectId: 2}]}
    ]
  }) { problems { message } }
  f: createTask(input: {
    title: "other", description: "d", priority: HIGH, due: {on: "2026-01-31"}, projectId: 2
  }) { problems { message } }
}"""
MUTATIONS = [
    'createTask(input: {title: "new", labelIds: [1, 2], subtasks: [{title: "sub"}]})',
    'createTask(input: {title: "new", parentId: 1, place: {atStart: true}})',
    'createTasks(input: [{title: "a"}, {title: "b", labelIds: [1]}])',
    'updateTask(id: 4, input: {title: "x", description: null, priority: NONE})',
    'updateTask(id: 4, input: {due: {at: "2026-02-01T08:00:00.123Z"}, startOn: "2026-01-01"})',
    "updateTask(id: 4, input: {due: null, projectId: null, parentId: 3})",
    "updateTask(id: 4, input: {completed: true})",
    "updateTask(id: 2, input: {completed: false})",
    "updateTask(id: 1, input: {addLabelIds: [1], removeLabelIds: [2]})",
    "updateTask(id: 1, input: {place: {atEnd: true}})",
    "updateTask(id: 4, input: {place: {before: 1}, completed: true, addLabelIds: [2]})",
    "updateTask(id: 1, input: {})",
    'updateTasks(filter: {}, atMost: 9, input: {title: "all", completed: true, addLabelIds: [2]})',
    "updateTasks(filter: {}, atMost: 9, input: {place: {atEnd: true}, parentId: null})",
    "deleteTask(id: 1)",
    "deleteTask(id: 2)",
    "deleteTasks(filter: {}, atMost: 9)",
    "deleteTasks(filter: {id: {in: [1, 3]}}, atMost: 9)",
    "deleteTasks(filter: {id: {eq: 99}})",
    'createProject(input: {name: "new", place: {atStart: true}})',
    'updateProject(id: 1, input: {name: "x", color: null, place: {atEnd: true}})',
    "updateProject(id: 1, input: {archived: true})",
    "deleteProject(id: 1)",
    "deleteProject(id: 1, deleteTasks: true)",
    "deleteProject(id: 2, deleteTasks: true)",
    'createLabel(input: {name: "new"})',
    'updateLabel(id: 1, input: {name: "x", color: null})',
    "deleteLabel(id: 1)",
]


def content(world: World) -> World:
    """Leave out what the taking back stamps itself."""
    return {
        key: {name: value for name, value in row.items() if name not in {"version", "updatedAt"}}
        for key, row in world.items()
    }


async def mutate(client: Client, field: str) -> str:
    """Do a mutation and return its token."""
    answer = (await client.data(f"mutation {{ done: {field} {{ {FIELDS} }} }}"))["done"]
    assert answer["problems"] == []
    return str(answer["syncToken"])


async def undo(client: Client, token: str) -> str:
    """Take a mutation back and return the token of that."""
    answer = (await client.data(UNDO, {"token": token}))["undo"]
    assert answer["problems"] == []
    return str(answer["syncToken"])


async def refused(client: Client, address: Address, token: str) -> list[dict[str, Any]]:
    """Fail to take a mutation back, with nothing written; return the problems."""
    before = world_of(address), log_of(address)
    answer = (await client.data(UNDO, {"token": token}))["undo"]
    assert (world_of(address), log_of(address)) == before
    assert answer["undone"] == []
    assert answer["syncToken"] is None
    return list(answer["problems"])


def conflict(message: str, version: int, **shown: Any) -> dict[str, Any]:
    """Write the problem of a row that has changed since."""
    rows = dict.fromkeys(("task", "project", "label")) | shown
    return {
        "code": "VERSION_CONFLICT",
        "message": message,
        "path": ["token"],
        "currentVersion": version,
        **rows,
    }


def invalid(message: str) -> dict[str, Any]:
    """Write the problem of a token that is no mutation's."""
    return {"code": "INVALID", "message": message, "path": ["token"]}


async def test_every_mutation(client: Client, address: Address) -> None:
    """What a mutation did is undone, redone and undone, to the last column."""
    await client.data(WORLD)
    before = content(world_of(address))
    for field in MUTATIONS:
        token = await mutate(client, field)
        after = content(world_of(address))
        token = await undo(client, token)
        assert content(world_of(address)) == before, field
        token = await undo(client, token)
        assert content(world_of(address)) == after, field
        await undo(client, token)
        assert content(world_of(address)) == before, field
    assert replayed(log_of(address)) == world_of(address)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(fields=st.lists(st.sampled_from(MUTATIONS), min_size=2, max_size=6))
async def test_one_after_the_other(address: Address, fields: list[str]) -> None:
    """Whatever was done can be undone in reverse order, and everything is as it was."""
    address.execute(*(f"DELETE FROM {table}" for table in ("tasks", "projects", "labels")))
    restart = (
        "DELETE FROM sqlite_sequence WHERE name IN ('projects', 'labels')"
        if address.is_sqlite
        else ";".join(
            f"ALTER TABLE {table} ALTER COLUMN id RESTART"
            for table in ("tasks", "projects", "labels")
        )
    )
    address.execute(restart)
    async with running_app(str(address)) as client:
        await client.data(WORLD)
        done = []
        for field in fields:
            before = content(world_of(address))
            answer = (await client.data(f"mutation {{ done: {field} {{ {FIELDS} }} }}"))["done"]
            if not answer["problems"]:
                done.append((before, answer["syncToken"]))
        for before, token in reversed(done):
            await undo(client, token)
            assert content(world_of(address)) == before


async def test_what_is_answered(client: Client, address: Address) -> None:
    """An undo answers the changes that it took back, oldest first."""
    await client.data(WORLD)
    token = await mutate(client, "deleteTask(id: 2)")
    answer = (await client.data(UNDO, {"token": token}))["undo"]
    assert answer["undone"] == [
        {"id": "2", "entity": "TASK", "operation": "DELETE"},
        {"id": "3", "entity": "TASK", "operation": "UPDATE"},
    ]


async def test_rows_of_others(client: Client, address: Address) -> None:
    """NULLs, odd values and stamps that other programs wrote come back as they were."""
    address.execute(
        "INSERT INTO tasks (id, title, description, completed) VALUES (1, NULL, NULL, NULL)",
        "INSERT INTO tasks (id, title, completed) VALUES (2, 'done', true)",
        "UPDATE tasks SET completed_at = NULL, created_at = '2001-01-01T00:00:00.000Z'",
    )
    query = (
        "SELECT id, title, description, completed, completed_at, created_at FROM tasks ORDER BY id"
    )
    before = address.fetch(query)
    for field in (
        "deleteTasks(filter: {}, atMost: 9)",
        'updateTasks(filter: {}, atMost: 9, input: {title: "x", completed: true})',
        "updateTasks(filter: {}, input: {completed: false}, atMost: 9)",
        "deleteTask(id: 1)",
        "deleteTask(id: 2)",
        'updateTask(id: 1, input: {title: "x"})',
        "updateTask(id: 2, input: {completed: false})",
    ):
        await undo(client, await undo(client, await undo(client, await mutate(client, field))))
        assert address.fetch(query) == before


async def test_odd_days(client: Client, address: Address) -> None:
    """What another program wrote where a day should stand comes back as it was."""
    if not address.is_sqlite:
        return  # PostgreSQL takes no such value
    address.execute(
        "INSERT INTO tasks (id, title, due_on, start_on) VALUES (1, 't', 'soon', '2026-1-1')",
        "INSERT INTO tasks (id, title, due_at) VALUES (2, 't', '2026-01-31 08:00')",
    )
    before = address.fetch("SELECT id, due_on, start_on, due_at FROM tasks")
    for field in (
        "deleteTasks(filter: {}, atMost: 9)",
        "updateTasks(filter: {}, input: {due: null, startOn: null}, atMost: 9)",
    ):
        await undo(client, await mutate(client, field))
        assert address.fetch("SELECT id, due_on, start_on, due_at FROM tasks") == before


# Refused


@pytest.mark.parametrize(
    ("field", "since", "problem"),
    [
        (
            'updateTask(id: 1, input: {title: "x"})',
            'updateTask(id: 1, input: {title: "y"})',
            conflict("task 1 has changed since", 5, task={"id": "1"}),
        ),
        (
            'updateTask(id: 1, input: {title: "x"})',
            "deleteTask(id: 1)",
            conflict("task 1 is gone", 0),
        ),
        (
            'updateProject(id: 1, input: {name: "x"})',
            'updateProject(id: 1, input: {name: "y"})',
            conflict("project 1 has changed since", 3, project={"id": "1"}),
        ),
        (
            "updateLabel(id: 1, input: {color: null})",
            'updateLabel(id: 1, input: {name: "y"})',
            conflict("label 1 has changed since", 3, label={"id": "1"}),
        ),
        (
            "updateTask(id: 4, input: {projectId: 1})",
            "deleteProject(id: 2)",
            conflict("task 4 belonged to project 2, which is gone", 2, task={"id": "4"}),
        ),
        (
            "updateTask(id: 3, input: {parentId: 4})",
            "deleteTask(id: 2)",
            conflict("task 3 belonged to task 2, which is gone", 2, task={"id": "3"}),
        ),
        (
            "updateTask(id: 1, input: {removeLabelIds: [2]})",
            "deleteLabel(id: 2)",
            conflict("task 1 belonged to label 2, which is gone", 4, task={"id": "1"}),
        ),
        (
            "deleteTask(id: 4)",
            "deleteProject(id: 2)",
            conflict("task 4 belonged to project 2, which is gone", 0),
        ),
        (
            'createProject(input: {name: "new"})',
            "updateTask(id: 1, input: {projectId: 3})",
            conflict("project 3 is in use by task 1", 1, project={"id": "3"}),
        ),
        (
            'createLabel(input: {name: "new"})',
            "updateTask(id: 1, input: {addLabelIds: [3]})",
            conflict("label 3 is in use by task 1", 1, label={"id": "3"}),
        ),
        (
            'createTask(input: {title: "new"})',
            "updateTask(id: 1, input: {parentId: 5})",
            conflict("task 5 is in use by task 1", 1, task={"id": "5"}),
        ),
        (
            "updateTask(id: 3, input: {parentId: 4})",
            "updateTask(id: 2, input: {parentId: 3})",
            conflict("task 3 has task 2 under it by now", 2, task={"id": "3"}),
        ),
    ],
)
async def test_changed_since(
    client: Client, address: Address, field: str, since: str, problem: dict[str, Any]
) -> None:
    """What has changed since, or would lead nowhere, is told, and nothing is written."""
    await client.data(WORLD)
    token = await mutate(client, field)
    await mutate(client, since)
    assert await refused(client, address, token) == [problem]


async def test_a_cycle_of_two(client: Client, address: Address) -> None:
    """Two moves that are taken back together must not tie a cycle with moves made since."""
    await client.data(
        """mutation { createTasks(input: [
            {title: "1"}, {title: "2"}, {title: "3"}, {title: "4", parentId: null}, {title: "5"}
        ]) { problems { message } } }"""
    )
    await mutate(client, "updateTask(id: 1, input: {parentId: 3})")
    await mutate(client, "updateTask(id: 2, input: {parentId: 4})")
    token = await mutate(
        client, "updateTasks(filter: {id: {in: [1, 2]}}, atMost: 2, input: {parentId: 5})"
    )
    await mutate(client, "updateTask(id: 3, input: {parentId: 2})")
    await mutate(client, "updateTask(id: 4, input: {parentId: 1})")
    assert await refused(client, address, token) == [
        conflict("task 1 has task 3 under it by now", 3, task={"id": "1"}),
        conflict("task 2 has task 4 under it by now", 3, task={"id": "2"}),
    ]


async def test_an_id_used_again(client: Client, address: Address) -> None:
    """A row of another program's that has the id of the one that was written is left alone."""
    token = await mutate(client, 'createTask(input: {title: "mine"})')
    address.execute("DELETE FROM tasks", "INSERT INTO tasks (id, title) VALUES (1, 'theirs')")
    assert await refused(client, address, token) == [
        conflict("task 1 has changed since", 1, task={"id": "1"})
    ]
    token = await mutate(client, "deleteTask(id: 1)")
    address.execute("INSERT INTO tasks (id, title) VALUES (1, 'again')")
    assert await refused(client, address, token) == [
        conflict("task 1 has changed since", 1, task={"id": "1"})
    ]


async def test_tokens(client: Client, address: Address) -> None:
    """A token that is no mutation's of this log is told from one that is."""
    token = await mutate(client, 'createTask(input: {title: "one"})')
    epoch, end, start = token.split("-")
    await mutate(client, 'createTask(input: {title: "two"})')
    position = (await client.data("{ tasksConnection { syncToken } }"))["tasksConnection"]
    gone = "is no longer in the change log, or of another store's"
    for wrong, message in (
        (position["syncToken"], "is of a position, not of a mutation: undo takes a payload's"),
        (f"{epoch}-{end}", "is of a position, not of a mutation: undo takes a payload's"),
        (f"{int(epoch, 16) ^ 1:06x}-{end}-{start}", gone),
        (
            f"{epoch}-{end}-{10**10:012x}",
            "is of a position, not of a mutation: undo takes a payload's",
        ),
        (f"{epoch}-{10**10:012x}-{start}", gone),
        (
            f"{epoch}-{int(end, 16) + 1:012x}-{start}",
            "is of a position, not of a mutation: undo takes a payload's",
        ),
    ):
        assert await refused(client, address, wrong) == [invalid(f'token "{wrong}" {message}')]
    for garbage in (
        "",
        "x",
        f"{token}-",
        token.upper() + "0",
        f" {token}",
        "\u0661" * 6 + token[6:],
    ):
        body = await client.graphql(UNDO, {"token": garbage})
        assert body.get("data") is None
        (error,) = body["errors"]
        assert error["extensions"] == {"code": "BAD_USER_INPUT"}
    address.execute("UPDATE change_log SET pruned_through = 1")
    assert await refused(client, address, token) == [invalid(f'token "{token}" {gone}')]


async def test_ten_thousand(client: Client, address: Address) -> None:
    """Ten thousand tasks are deleted, come back, and go again."""
    numbers = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)"
        " SELECT i, 't' || i, CASE WHEN i > 1 THEN i / 2 END FROM n"
    )
    address.execute(f"INSERT INTO tasks (id, title, parent_id) {numbers}")
    before = content(world_of(address))
    token = await mutate(client, "deleteTasks(filter: {}, atMost: 10000)")
    assert world_of(address) == {}
    token = await undo(client, token)
    assert content(world_of(address)) == before
    await undo(client, token)
    assert world_of(address) == {}
    token = await mutate(client, 'createTask(input: {title: "x"})')


async def test_ten_thousand_moves(client: Client, address: Address) -> None:
    """Ten thousand tasks that were given a parent go back to their own."""
    numbers = (
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10001)"
        " SELECT i, 't' || i, CASE WHEN i > 2 THEN i - 1 END FROM n"
    )
    address.execute(f"INSERT INTO tasks (id, title, parent_id) {numbers}")
    before = content(world_of(address))
    token = await mutate(
        client, "updateTasks(filter: {id: {neq: 1}}, atMost: 10000, input: {parentId: 1})"
    )
    await undo(client, token)
    assert content(world_of(address)) == before
