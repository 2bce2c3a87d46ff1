"""Live events: what is told of which change, to whom, in which order, and what that costs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, closing
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.services import live as live_module
from gql_tasks.services import watches
from gql_tasks.store import sqlite
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import Client, running_app
from tests.graphql.live import becomes
from tests.sql import Address
from tests.statements import statements_run
from tests.watching import BRIEF, FULL, Listing, Watching, watching
from tests.writers import EMPTY, SETUP, Writers, filters

CREATE = """mutation ($input: CreateTaskInput!, $once: ID) {
  createTask(input: $input, clientMutationId: $once) { task { id } problems { message } syncToken }
}"""
UPDATE = """mutation ($id: ID!, $input: UpdateTaskInput!) {
  updateTask(id: $id, input: $input) { problems { message } syncToken }
}"""
MARK = {"title": {"eq": "mark"}}
"""Beside any filter: what ends a test of silence."""


@pytest.fixture
async def feed(address: Address) -> AsyncIterator[Watching]:
    async with watching(str(address)) as feed:
        yield feed


async def create(client: Client, title: str, **fields: Any) -> str:
    data = await client.data(CREATE, {"input": {"title": title, **fields}})
    return str(data["createTask"]["task"]["id"])


async def update(client: Client, task_id: str, **fields: Any) -> str:
    payload = (await client.data(UPDATE, {"id": task_id, "input": fields}))["updateTask"]
    assert payload["problems"] == []
    return str(payload["syncToken"])


async def position(client: Client) -> str:
    return str(
        (await client.data("{ tasksConnection { syncToken } }"))["tasksConnection"]["syncToken"]
    )


async def test_every_kind_by_graphql(client: Client, feed: Watching) -> None:
    """GraphQL's writes are CREATED, UPDATED, LEFT, ENTERED and DELETED, with what changed."""
    async with feed.stream(completed={"eq": False}) as stream:
        task = await create(client, "a", labelIds=[])
        await update(client, task, title="b", priority="HIGH")
        await update(client, task, completed=True)
        await update(client, task, title="unseen")
        await update(client, task, completed=False)
        await client.data(f"mutation {{ deleteTask(id: {task}) {{ deletedIds }} }}")
        assert await stream.brief(5) == [
            ("CREATED", task, []),
            ("UPDATED", task, ["title", "priority"]),
            ("LEFT", task, ["completed", "completedAt"]),
            ("ENTERED", task, ["completed", "completedAt"]),
            ("DELETED", task, []),
        ]


async def test_every_kind_by_rest(client: Client, feed: Watching) -> None:
    """REST's writes are told as GraphQL's are."""
    async with feed.stream(completed={"eq": False}) as stream:
        task = str((await client.http.post("/tasks/", json={"title": "a"})).json()["id"])
        for body in ({"title": "b"}, {"completed": True}, {"completed": False}):
            await client.http.put(f"/tasks/{task}", json=body)
        await client.http.delete(f"/tasks/{task}")
        assert await stream.brief(5) == [
            ("CREATED", task, []),
            ("UPDATED", task, ["title"]),
            ("LEFT", task, ["completed", "completedAt"]),
            ("ENTERED", task, ["completed", "completedAt"]),
            ("DELETED", task, []),
        ]


async def test_every_kind_by_other_programs(address: Address, feed: Watching) -> None:
    """Another program's statements are told as the server's own writes are."""
    async with feed.stream(completed={"eq": False}) as stream:
        address.execute("INSERT INTO tasks (id, title, description) VALUES (7, 'a', NULL)")
        address.execute("UPDATE tasks SET title = 'b'")
        address.execute("UPDATE tasks SET title = 'b'")
        address.execute("UPDATE tasks SET completed = true")
        address.execute("UPDATE tasks SET completed = NULL")
        address.execute("DELETE FROM tasks")
        assert await stream.brief(5) == [
            ("CREATED", "7", []),
            ("UPDATED", "7", ["title"]),
            ("LEFT", "7", ["completed", "completedAt"]),
            ("ENTERED", "7", ["completed", "completedAt"]),
            ("DELETED", "7", []),
        ]


async def test_every_field(client: Client, feed: Watching) -> None:
    """An event has what was selected, by alias, fragment and __typename, in the order asked for."""
    selection = """again: kind ...Rest __typename
      task { ...More parent { title project { name } labels { name } } subtasks { title } }"""
    fragments = """
    fragment Rest on TaskEvent { changedFields mine: clientMutationId id syncToken }
    fragment More on Task { __typename heading: title labels { __typename name } version }"""
    project = await client.data('mutation { createProject(input: {name: "p"}) { project { id } } }')
    label = await client.data('mutation { createLabel(input: {name: "l"}) { label { id } } }')
    labels = [label["createLabel"]["label"]["id"]]
    parent = await create(
        client, "above", projectId=project["createProject"]["project"]["id"], labelIds=labels
    )
    async with feed.stream(selection, fragments=fragments, title={"eq": "x"}) as stream:
        payload = await client.data(
            CREATE,
            {
                "input": {
                    "title": "x",
                    "parentId": parent,
                    "labelIds": labels,
                    "subtasks": [{"title": "under"}],
                },
                "once": "mine-1",
            },
        )
        event = await stream.next()
    created = payload["createTask"]
    token = event.pop("syncToken")
    assert token <= created["syncToken"]
    assert [*event.items()] == [
        ("again", "CREATED"),
        ("changedFields", []),
        ("mine", "mine-1"),
        ("id", created["task"]["id"]),
        ("__typename", "TaskEvent"),
        (
            "task",
            {
                "__typename": "Task",
                "heading": "x",
                "labels": [{"__typename": "Label", "name": "l"}],
                "version": event["task"]["version"],
                "parent": {"title": "above", "project": {"name": "p"}, "labels": [{"name": "l"}]},
                "subtasks": [{"title": "under"}],
            },
        ),
    ]


async def test_deleted_task_is_null(client: Client, feed: Watching) -> None:
    """The task of DELETED is null, and its id is there."""
    task = await create(client, "a")
    async with feed.stream("kind id task { title }") as stream:
        await client.data(f"mutation {{ deleteTask(id: {task}) {{ deletedIds }} }}")
        assert await stream.brief(1) == [("DELETED", task, None)]


@pytest.mark.parametrize("subscribers", [1, 50])
async def test_one_read_a_selection(
    client: Client, address: Address, feed: Watching, subscribers: int
) -> None:
    """Fifty subscribers with one selection cost the statements of one: log, entries, tasks."""
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(feed.stream("id task { title project { name } }"))
            for _ in range(subscribers)
        ]
        address.execute("INSERT INTO tasks (title) VALUES ('first')")
        assert [await stream.brief(1) for stream in streams] == [
            [("1", {"title": "first", "project": None})]
        ] * subscribers
        with statements_run() as statements:
            address.execute("INSERT INTO tasks (title) VALUES ('second')")
            told = [await stream.brief(1) for stream in streams]
    assert told == [[("2", {"title": "second", "project": None})]] * subscribers
    reads = [s.text for s in statements if s.text.lstrip().startswith(("SELECT", "WITH"))]
    assert len(reads) == 3, reads


async def test_statements_do_not_grow_with_tasks(
    client: Client, address: Address, feed: Watching
) -> None:
    """A project's new name is told of 400 tasks with no statement for each of them."""
    address.execute(
        "INSERT INTO projects (name) VALUES ('p')",
        *("INSERT INTO tasks (title, project_id) VALUES ('t', 1)",) * 400,
    )
    async with feed.stream("kind id", project={"name": {"eq": "q"}}) as stream:
        with statements_run() as statements:
            address.execute("UPDATE projects SET name = 'q'")
            assert await stream.brief(400) == [("ENTERED", str(n)) for n in range(1, 401)]
    assert len(statements) < 12


RELATED: dict[str, tuple[dict[str, Any], str, str]] = {
    "own field": (
        {"title": {"eq": "b"}},
        "UPDATE tasks SET title = 'b' WHERE id = 1",
        "UPDATE tasks SET title = 'a' WHERE id = 1",
    ),
    "null of another program": (
        {"description": {"eq": ""}},
        "UPDATE tasks SET description = NULL WHERE id = 1",
        "UPDATE tasks SET description = 'd' WHERE id = 1",
    ),
    "a day ahead": (
        {"dueOn": {"lt": "P7D"}},
        "UPDATE tasks SET due_on = '2001-01-01' WHERE id = 1",
        "UPDATE tasks SET due_on = NULL WHERE id = 1",
    ),
    "an instant": (
        {"dueAt": {"gt": "-P1D"}},
        "UPDATE tasks SET due_at = '9999-01-01T00:00:00.000Z' WHERE id = 1",
        "UPDATE tasks SET due_at = NULL WHERE id = 1",
    ),
    "project renamed": (
        {"project": {"name": {"eq": "q"}}},
        "UPDATE projects SET name = 'q' WHERE id = 1",
        "UPDATE projects SET name = 'p' WHERE id = 1",
    ),
    "project archived": (
        {"project": {"archived": True}},
        "UPDATE projects SET archived_at = '2026-01-01T00:00:00.000Z' WHERE id = 1",
        "UPDATE projects SET archived_at = NULL WHERE id = 1",
    ),
    "project by id": (
        {"project": {"id": {"eq": "2"}}},
        "UPDATE tasks SET project_id = 2 WHERE id = 1",
        "UPDATE tasks SET project_id = 1 WHERE id = 1",
    ),
    "label by id": (
        {"labels": {"some": {"id": {"eq": "2"}}}},
        "INSERT INTO task_labels VALUES (1, 2)",
        "DELETE FROM task_labels WHERE label_id = 2",
    ),
    "label renamed": (
        {"labels": {"some": {"name": {"eq": "m"}}}},
        "UPDATE labels SET name = 'm' WHERE id = 1",
        "UPDATE labels SET name = 'l' WHERE id = 1",
    ),
    "no label": (
        {"labels": {"none": {"name": {"eq": "l"}}}},
        "UPDATE labels SET name = 'm' WHERE id = 1",
        "UPDATE labels SET name = 'l' WHERE id = 1",
    ),
    "labels counted": (
        {"labels": {"count": {"gte": 2}}},
        "INSERT INTO task_labels VALUES (1, 2)",
        "DELETE FROM task_labels WHERE label_id = 2",
    ),
    "parent's field": (
        {"parent": {"title": {"eq": "z"}}},
        "UPDATE tasks SET title = 'z' WHERE id = 8",
        "UPDATE tasks SET title = 'above' WHERE id = 8",
    ),
    "another parent": (
        {"parent": {"title": {"eq": "other"}}},
        "UPDATE tasks SET parent_id = 9 WHERE id = 1",
        "UPDATE tasks SET parent_id = 8 WHERE id = 1",
    ),
    "some subtask": (
        {"subtasks": {"some": {"completed": {"eq": True}}}},
        "UPDATE tasks SET completed = true WHERE id = 11",
        "UPDATE tasks SET completed = false WHERE id = 11",
    ),
    "every subtask": (
        {"subtasks": {"every": {"completed": {"eq": True}}}, "id": {"eq": "1"}},
        "UPDATE tasks SET completed = true WHERE id = 11",
        "UPDATE tasks SET completed = NULL WHERE id = 11",
    ),
    "no subtask": (
        {"subtasks": {"none": {"title": {"eq": "under"}}}, "id": {"eq": "1"}},
        "UPDATE tasks SET title = 'u' WHERE id = 11",
        "UPDATE tasks SET title = 'under' WHERE id = 11",
    ),
    "subtask deleted": (
        {"subtasks": {"count": {"eq": 0}}, "id": {"eq": "1"}},
        "DELETE FROM tasks WHERE id = 11",
        "INSERT INTO tasks (id, title, parent_id) VALUES (11, 'under', 1)",
    ),
    "subtask moved": (
        {"subtasks": {"count": {"gte": 1}}, "id": {"eq": "9"}},
        "UPDATE tasks SET parent_id = 9 WHERE id = 11",
        "UPDATE tasks SET parent_id = 1 WHERE id = 11",
    ),
    "subtask's label": (
        {"subtasks": {"some": {"labels": {"some": {"name": {"eq": "n"}}}}}},
        "UPDATE labels SET name = 'n' WHERE id = 3",
        "UPDATE labels SET name = 'k' WHERE id = 3",
    ),
    "grandparent's project": (
        {"parent": {"parent": {"project": {"name": {"eq": "q"}}}}},
        "UPDATE projects SET name = 'q' WHERE id = 2",
        "UPDATE projects SET name = 'o' WHERE id = 2",
    ),
    "not": (
        {"not": {"project": {"name": {"eq": "p"}}}, "id": {"eq": "1"}},
        "UPDATE projects SET name = 'q' WHERE id = 1",
        "UPDATE projects SET name = 'p' WHERE id = 1",
    ),
}

FAMILY = (
    "INSERT INTO projects (name) VALUES ('p')",
    "INSERT INTO projects (name) VALUES ('o')",
    *(f"INSERT INTO labels (name) VALUES ('{name}')" for name in "lxk"),
    "INSERT INTO tasks (id, title, description) VALUES (7, 'top', 'd')",
    "INSERT INTO tasks (id, title, description, parent_id) VALUES (8, 'above', 'd', 7)",
    "INSERT INTO tasks (id, title, description) VALUES (9, 'other', 'd')",
    "INSERT INTO tasks (id, title, description, parent_id, project_id) VALUES (1, 'a', 'd', 8, 1)",
    "INSERT INTO tasks (id, title, description, parent_id) VALUES (11, 'under', 'd', 1)",
    "UPDATE tasks SET project_id = 2 WHERE id = 7",
    "INSERT INTO task_labels VALUES (1, 1)",
    "INSERT INTO task_labels VALUES (11, 3)",
)

SIBLINGS = (
    *(f"INSERT INTO tasks (id, title, project_id) VALUES ({n}, 't', 1)" for n in (12, 13, 14)),
)


@pytest.mark.parametrize("name", RELATED)
async def test_filters(address: Address, feed: Watching, name: str) -> None:
    """A task is ENTERED when what its filter asks becomes true, whichever row says so, and LEFT."""
    filter_, enters, leaves = RELATED[name]
    if not address.is_sqlite:
        enters = enters.replace(".000Z'", "Z'")
    address.execute(*FAMILY)
    task = filter_.get("id", {}).get("eq", "1")
    async with feed.stream("kind id", **filter_) as stream:
        address.execute(enters)
        assert await stream.brief(1) == [("ENTERED", task)]
        address.execute(leaves)
        assert await stream.brief(1) == [("LEFT", task)]


async def test_what_does_not_concern_the_filter(address: Address, feed: Watching) -> None:
    """Other tasks, rows that no filter asks about, and changes that change nothing tell nothing."""
    address.execute(*FAMILY)
    concerned = {"or": [{"project": {"name": {"eq": "p"}}}, MARK]}
    async with feed.stream(BRIEF, **concerned) as stream:
        address.execute(
            "UPDATE projects SET name = 'elsewhere' WHERE id = 2",
            "UPDATE projects SET color = '#ffffff' WHERE id = 1",
            "UPDATE labels SET name = 'renamed'",
            "UPDATE tasks SET title = 'x' WHERE id IN (7, 8, 9, 11)",
            "UPDATE tasks SET title = title",
            "DELETE FROM task_labels WHERE task_id = 11",
            "INSERT INTO tasks (id, title) VALUES (20, 'mark')",
        )
        assert await stream.brief(1) == [("CREATED", "20", [])]


async def test_bulk_reaches_a_fast_subscriber(address: Address, feed: Watching) -> None:
    """5,000 tasks of one transaction are told to a subscriber that reads, in their order."""
    numbers = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000)"
    async with feed.stream("id syncToken") as stream:
        address.execute(f"INSERT INTO tasks (title) {numbers} SELECT 'bulk' FROM n")
        events = await stream.brief(5_000)
    assert [event[0] for event in events] == [str(n) for n in range(1, 5_001)]
    assert [event[1] for event in events] == sorted({event[1] for event in events})


async def test_too_slow(address: Address, feed: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not take events is cut off and can go on from the last one; others are not."""
    monkeypatch.setattr(live_module, "MAX_BACKLOG", 10)
    async with feed.stream("id syncToken") as slow, feed.stream("id") as other:
        address.execute("INSERT INTO tasks (title) VALUES ('a')")
        assert await other.brief(1) == [("1",)]
        [(_, token)] = await slow.brief(1)
        for number in range(2, 20):
            address.execute(f"INSERT INTO tasks (id, title) VALUES ({number}, 'a')")
            assert await other.brief(1) == [(str(number),)]
        response = await slow.response()
        assert [error["extensions"]["code"] for error in response["errors"]] == ["TOO_SLOW"]
        assert await slow.ended()
    async with feed.stream("id", since=token) as resumed:
        assert await resumed.brief(19) == [*((str(n),) for n in range(2, 20)), (None,)]


async def test_since(client: Client, feed: Watching) -> None:
    """What was missed is replayed, then CAUGHT_UP, then what comes, each once and in order."""
    token = await position(client)
    tasks = [await create(client, "a") for _ in range(3)]
    await update(client, tasks[0], title="b")
    async with feed.stream(BRIEF, since=token) as stream:
        assert await stream.brief(5) == [
            *(("CREATED", task, []) for task in tasks),
            ("UPDATED", tasks[0], ["title"]),
            ("CAUGHT_UP", None, []),
        ]
        later = await create(client, "c")
        assert await stream.brief(1) == [("CREATED", later, [])]


async def test_every_token_resumes(address: Address, feed: Watching) -> None:
    """From any event's token on, all that come after it are told."""
    address.execute(*FAMILY, *SIBLINGS)
    filter_ = {"project": {"name": {"eq": "q"}}}
    async with feed.stream("kind id syncToken", **filter_) as stream:
        address.execute(
            "UPDATE projects SET name = 'q' WHERE id = 1", "DELETE FROM tasks WHERE id = 12"
        )
        events = await stream.brief(5)
    assert [event[:2] for event in events] == [
        ("ENTERED", "1"),
        ("ENTERED", "12"),
        ("ENTERED", "13"),
        ("ENTERED", "14"),
        ("DELETED", "12"),
    ]
    for place, event in enumerate(events):
        rest = [other[:2] for other in events[place + 1 :]]
        async with feed.stream("kind id", since=event[2], **filter_) as resumed:
            told: list[tuple[Any, ...]] = []
            while ("CAUGHT_UP", None) not in told:
                told += await resumed.brief(1)
        assert told[-1 - len(rest) : -1] == rest  # before them, others of the same change may be


async def test_replay_beside_writers(client: Client, address: Address, feed: Watching) -> None:
    """Whatever is written during a replay is told once, in its order."""
    token = await position(client)
    for _ in range(300):
        address.execute("INSERT INTO tasks (title) VALUES ('before')")

    async def write() -> None:
        for _ in range(60):
            await create(client, "beside")

    writing = asyncio.create_task(write())
    async with AsyncExitStack() as stack:
        streams = [
            await stack.enter_async_context(feed.stream("kind id", since=token)) for _ in range(8)
        ]
        told = await asyncio.gather(*(stream.brief(361) for stream in streams))
    await writing
    for events in told:
        assert [event[1] for event in events if event[1]] == [str(n) for n in range(1, 361)]
        assert events.count(("CAUGHT_UP", None)) == 1


async def test_tokens_that_cannot_be_resumed(
    client: Client, address: Address, feed: Watching
) -> None:
    """Older than the log, of another log, ahead of it: RESYNC_REQUIRED, then live."""
    old = await position(client)
    address.execute("INSERT INTO tasks (title) VALUES ('a')")
    head = await position(client)
    address.execute(
        "DELETE FROM changes",
        f"UPDATE change_log SET pruned_through = {int(head.split('-')[1], 16)}",
    )
    ahead = f"{head.split('-')[0]}-{2**40:012x}"
    for number, token in enumerate((old, "abcdef-000000000000", ahead), 2):
        async with feed.stream("kind id syncToken task { title }", since=token) as stream:
            first = asyncio.create_task(stream.brief(1))
            assert await first == [("RESYNC_REQUIRED", None, await position(client), None)]
            following = asyncio.create_task(stream.next())
            await becomes(lambda: feed.live.subscriber_count == 1)
            address.execute(f"INSERT INTO tasks (id, title) VALUES ({number}, 'b')")
            event = await following
            assert (event["kind"], event["id"], event["task"]) == (
                "CREATED",
                str(number),
                {"title": "b"},
            )


@pytest.mark.parametrize(
    "token", ["", "x", "abcdef", "abcdef-00000000000g", "\u0660bcdef-000000000000"]
)
async def test_malformed_token(feed: Watching, address: Address, token: str) -> None:
    """What is no token is refused as the argument's error."""
    async with feed.stream("kind", since=token or "-") as stream:
        response = await stream.response()
    assert [error["extensions"]["code"] for error in response["errors"]] == ["BAD_USER_INPUT"]


async def test_truncate(address: Address, feed: Watching) -> None:
    """A TRUNCATE on PostgreSQL is RESYNC_REQUIRED for everybody, and what follows is live."""
    if address.is_sqlite:
        return
    address.execute(*FAMILY)
    async with feed.stream("kind id") as stream, feed.stream("kind", **MARK) as other:
        for number in (30, 31):
            address.execute("TRUNCATE tasks CASCADE")
            assert await stream.brief(1) == [("RESYNC_REQUIRED", None)]
            assert await other.brief(1) == [("RESYNC_REQUIRED",)]
            address.execute(f"INSERT INTO tasks (id, title) VALUES ({number}, 'a')")
            assert await stream.brief(1) == [("CREATED", str(number))]


async def test_pruned_under_the_feed(address: Address, feed: Watching) -> None:
    """A feed whose place in the log was pruned tells everybody to read again, and goes on."""
    async with feed.stream("kind id") as stream:
        address.execute("INSERT INTO tasks (title) VALUES ('a')")
        assert await stream.brief(1) == [("CREATED", "1")]
        if address.is_sqlite:
            with closing(sqlite3.connect(address)) as connection:
                connection.execute("INSERT INTO tasks (title) VALUES ('unseen')")
                connection.execute("DELETE FROM changes")
                connection.execute("UPDATE change_log SET pruned_through = 99")
                connection.execute("UPDATE sqlite_sequence SET seq = 99 WHERE name = 'changes'")
                connection.commit()
        else:
            address.execute(
                "BEGIN; INSERT INTO tasks (title) VALUES ('unseen'); DELETE FROM changes;"
                " UPDATE change_log SET pruned_through = 99; SELECT pg_notify('gql_tasks', '');"
                " SELECT setval('changes_numbered', 99); COMMIT"
            )
        assert await stream.brief(1) == [("RESYNC_REQUIRED", None)]
        address.execute("DELETE FROM tasks WHERE title = 'unseen'")
        assert await stream.brief(1) == [("DELETED", "2")]


async def test_too_many_affected(
    address: Address, feed: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change that concerns more tasks than are told one by one is RESYNC_REQUIRED."""
    monkeypatch.setattr(watches, "MAX_AFFECTED", 2)
    address.execute(*FAMILY, *SIBLINGS)
    async with feed.stream("kind id", project={"name": {"neq": "p"}}) as stream:
        address.execute("UPDATE projects SET name = 'q' WHERE id = 1")
        assert await stream.brief(1) == [("RESYNC_REQUIRED", None)]


async def test_failing_watch(
    address: Address, feed: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A watch whose statement fails ends its own subscribers; the others miss nothing."""
    real = watches.documents

    def documents(session: Any, watch: Any, *rest: Any) -> Any:
        if watch.members[0].key == "broken":
            session.connection().exec_driver_sql("SELECT * FROM nowhere")
        return real(session, watch, *rest)

    async with (
        feed.stream("kind id") as good,
        feed.stream("broken: kind") as broken,
        feed.stream("id kind") as fine,
    ):
        monkeypatch.setattr(watches, "documents", documents)
        for number in ("1", "2"):
            address.execute("INSERT INTO tasks (title) VALUES ('a')")
            assert await good.brief(1) == [("CREATED", number)]
            assert await fine.brief(1) == [(number, "CREATED")]
        response = await broken.response()
        codes = [error["extensions"]["code"] for error in response["errors"]]
        assert (codes, await broken.ended()) == (["INTERNAL_SERVER_ERROR"], True)
        assert feed.live.subscriber_count == 2


async def test_subscribers_come_and_go(address: Address, feed: Watching) -> None:
    """The feed stops with its last subscriber and starts with the next; no task stays behind."""
    before = len(asyncio.all_tasks())
    for number in range(1, 6):
        async with feed.stream("id") as stream, feed.stream("id"):
            assert feed.live.subscriber_count == 2
            address.execute("INSERT INTO tasks (title) VALUES ('a')")
            assert await stream.brief(1) == [(str(number),)]
        assert feed.live.subscriber_count == 0
        await feed.silent()
    assert len(asyncio.all_tasks()) == before


async def test_connections_are_cut(
    address: Address, feed: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When PostgreSQL's connections are cut, the listener's too, what was missed is told after."""
    if address.is_sqlite:
        return
    monkeypatch.setattr(live_module, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr("gql_tasks.store.postgresql.RECONNECT_SECONDS", 0.01)
    async with feed.stream("id") as stream:
        for number in range(1, 4):
            address.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
                f"INSERT INTO tasks (id, title) VALUES ({number}, 'a')",
            )
            assert await stream.brief(1) == [(str(number),)]


async def test_locked_file(
    address: Address, feed: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a program has the SQLite file for itself the feed waits, and the loop does not."""
    if not address.is_sqlite:
        return
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_SECONDS", 0.05)
    async with feed.stream("id") as stream:
        with closing(sqlite3.connect(address, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("INSERT INTO tasks (title) VALUES ('a')")
            waiting = asyncio.create_task(stream.brief(1))
            await asyncio.sleep(0.1)
            assert not waiting.done()
            connection.execute("COMMIT")
        assert await waiting == [("1",)]


async def test_unreadable_values(address: Address, feed: Watching) -> None:
    """A day that is none, which a program may leave in SQLite, meets no condition on days."""
    day = "'soon'" if address.is_sqlite else "'infinity'"
    async with feed.stream("kind id", dueOn={"isNull": True}) as stream:
        address.execute("INSERT INTO tasks (title) VALUES ('a')")
        address.execute(f"INSERT INTO tasks (title, due_on) VALUES ('b', {day})")
        address.execute("INSERT INTO tasks (title) VALUES ('c')")
        assert (await stream.brief(1))[0] == ("CREATED", "1")
        assert ("CREATED", "3") in await stream.brief(2)


ROUNDS = 8


async def _play(address: Address, random: Random) -> None:
    """Keep a list by events through random writes and disconnections, and compare it."""
    address.execute(*EMPTY)
    address.execute(*SETUP)
    async with running_app(str(address)) as client, watching(str(address)) as feed:
        writers = Writers(random, client, address)
        for _ in range(6):
            await writers.write()
        listing = Listing({"or": [filters(random), MARK]})
        await listing.begin(client)
        for _ in range(3):
            async with feed.stream(FULL, since=listing.token, **listing.filter) as stream:
                for _ in range(random.randint(0, ROUNDS)):
                    await writers.write()
                written = await client.data(CREATE, {"input": {"title": "mark"}})
                for _ in range(random.choice((2, 10**9))):  # it is cut off early, or it is not
                    event = await stream.next()
                    await listing.heed(event, client)
                    if event["syncToken"] >= written["createTask"]["syncToken"][:19]:
                        fresh = Listing(listing.filter)
                        await fresh.begin(client)
                        assert listing.tasks == fresh.tasks, (listing.filter, writers.written)
                        break
        async with feed.stream(FULL, since=listing.token, **listing.filter) as stream:
            while (event := await stream.next())["kind"] != "CAUGHT_UP":
                await listing.heed(event, client)
        fresh = Listing(listing.filter)
        await fresh.begin(client)
        assert listing.tasks == fresh.tasks, (listing.filter, writers.written)


@settings(max_examples=12, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_a_list_kept_by_events_is_what_a_query_answers(address: Address, seed: int) -> None:
    """Whatever is asked, written, and missed, a list kept by events equals a fresh query."""
    asyncio.run(_play(address, Random(seed)))
