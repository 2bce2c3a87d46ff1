"""Search and what this program writes: whoever looks, in the transaction or after it, finds it."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.domain.errors import StatementTimeout, StoreDamaged
from gql_tasks.domain.plan import ReadPlan
from gql_tasks.domain.search import read_search
from gql_tasks.domain.task import NewTask
from gql_tasks.services import tasks
from gql_tasks.store.database import ReadSession, WriteSession
from gql_tasks.store.sqlite import SqliteDatabase
from tests import sql
from tests.conftest import Client
from tests.faults.outside import assert_whole, damage
from tests.sql import Address
from tests.store.test_search import SHAPE, Copy, expected, search

TEXTS = ("a", "b", "c", "d", "e")


def found(session: ReadSession, text: str) -> list[int]:
    """Search as a payload does."""
    words = read_search(text)
    assert words is not None
    answer = session.execute_plan(ReadPlan(SHAPE, (1000, 0, words)))
    return [int(row["id"]) for row in orjson.loads(orjson.dumps(answer))]


# Groups of writes, some of which fail


class Odd(Exception):
    """Ends a unit of work."""


@dataclass
class Unit:
    """Statements of one mutation, after which it may search, and fail."""

    statements: list[str]
    looks: bool
    fails: bool
    sees: list[list[int]]

    def __call__(self, session: WriteSession) -> list[list[int]]:
        for statement in self.statements:
            session.rows(statement)
        seen = [found(session, text) for text in TEXTS] if self.looks else []
        assert seen == self.sees
        if self.fails:
            raise Odd
        return seen


def draw_unit(draw: st.DataObject, copy: Copy) -> Unit:
    """Make a unit, and do it to the copy."""
    before = dict(copy.rows)
    count, looks, fails = draw.draw(st.tuples(st.integers(1, 3), st.booleans(), st.booleans()))
    statements = [copy.statement(draw, is_sqlite=True) for _ in range(count)]
    rows = [(key, *texts) for key, texts in copy.rows.items()]
    sees = [expected(rows, text) for text in TEXTS] if looks else []
    if fails:
        copy.rows = before
    return Unit(statements, looks, fails, sees)


async def _write(path: Path, groups: list[tuple[str, list[Unit]]]) -> list[object]:
    """Write groups: together in a transaction of theirs, or in the writer's, short or not."""
    database = SqliteDatabase(path)
    outcomes: list[object] = []
    try:
        for way, units in groups:
            if way == "block":
                async with database.transaction() as transaction:
                    for unit in units:
                        outcomes += await asyncio.gather(
                            transaction.write(unit), return_exceptions=True
                        )
            else:
                writes = (database.write(unit, short=way == "short") for unit in units)
                outcomes += await asyncio.gather(*writes, return_exceptions=True)
    finally:
        await database.close()
    return outcomes


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_index_follows_groups(file: Address, draw: st.DataObject) -> None:
    """Whatever units write, search and take back within a transaction, what is there is found."""
    copy = Copy()
    file.execute("DELETE FROM tasks", copy.statement(draw, is_sqlite=True))
    ways = draw.draw(st.lists(st.sampled_from(["short", "long", "block"]), min_size=1, max_size=4))
    groups = [
        (way, [draw_unit(draw, copy) for _ in range(draw.draw(st.integers(1, 4)))]) for way in ways
    ]
    outcomes = sql.run(_write, Path(file), groups)
    units = [unit for _, units in groups for unit in units]
    assert [outcome for outcome in outcomes if not isinstance(outcome, Odd)] == [
        unit.sees for unit in units if not unit.fails
    ]
    rows = [(key, *texts) for key, texts in copy.rows.items()]
    assert search(file, *TEXTS) == [expected(rows, text) for text in TEXTS]
    assert_whole(Path(file))


# Triggers of the file's owner


TRIGGERS = {
    "INSERT INTO tasks (title) VALUES ('theirs')": {
        1: "first",
        2: "ours",
        3: "theirs",
        4: "ours",
        5: "theirs",
    },
    "INSERT OR REPLACE INTO tasks (id, title) VALUES (1, 'theirs ' || NEW.id)": {
        1: "theirs 3",
        2: "ours",
        3: "ours",
    },
    "UPDATE tasks SET id = id + 100 WHERE id = 1": {101: "first", 2: "ours", 102: "ours"},
    "DELETE FROM tasks WHERE id = 1": {2: "ours", 3: "ours"},
    **{
        f"UPDATE OR {conflict} tasks SET title = title || ' theirs' WHERE id = 1": {
            1: "first theirs theirs",
            2: "ours",
            3: "ours",
        }
        for conflict in ("ABORT", "FAIL", "ROLLBACK", "IGNORE", "REPLACE")
    },
}


@pytest.mark.parametrize("statement", TRIGGERS)
async def test_triggers_of_the_files_owner(file: Address, statement: str) -> None:
    """What they write within our mutations is done, found, and in the log as the mutations'."""
    file.execute(
        "INSERT INTO tasks (title) VALUES ('first')",
        f"CREATE TRIGGER mine AFTER INSERT ON tasks WHEN NEW.title = 'ours' BEGIN {statement}; END",
    )

    def create(session: WriteSession) -> int:
        return tasks.create_task(session, NewTask("ours"))

    def never(session: WriteSession) -> None:
        create(session)
        raise Odd

    database = SqliteDatabase(Path(file))
    writes = (database.write(unit, short=True) for unit in (create, never, create))
    created, failed, _ = await asyncio.gather(*writes, return_exceptions=True)
    await database.close()
    assert (created, type(failed)) == (2, Odd)
    rows = dict(file.fetch("SELECT id, title FROM tasks"))
    assert rows == TRIGGERS[statement]
    words = ("first", "theirs", "ours")
    assert search(file, *words) == [
        sorted(key for key, title in rows.items() if word in title.split()) for word in words
    ]
    mutations = file.fetch("SELECT DISTINCT mutation_id FROM changes ORDER BY 1")
    assert mutations == [(None,), (1,), (3,)]
    assert_whole(Path(file))


# What goes wrong while a group is indexed


async def test_an_index_that_cannot_be_written(file: Address) -> None:
    """Where a group cannot be indexed, each of it is told, and nothing of it is written."""
    file.execute("INSERT INTO tasks (title) VALUES ('before')")
    damage(Path(file), "tasks_search_data")
    database = SqliteDatabase(Path(file))

    def create(session: WriteSession) -> int:
        return tasks.create_task(session, NewTask("refused"))

    def complete(session: WriteSession) -> None:
        tasks.update_task(session, "1", {"completed": True})

    for short in (True, False):
        writes = (database.write(create, short=short) for _ in range(3))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [StoreDamaged] * 3
        await database.write(complete, short=short)  # which has no other words
    await database.close()
    assert file.fetch("SELECT id, title, completed FROM tasks") == [(1, "before", 1)]
    assert file.fetch("SELECT mutation FROM change_log") == [(None,)]


async def test_an_index_that_takes_too_long(file: Address) -> None:
    """The time of a statement is the index's too: a write whose words take longer is not done."""
    database = SqliteDatabase(Path(file), statement_seconds=0.02)
    words = " ".join(f"{number:x}" for number in range(20_000))

    def create(session: WriteSession) -> None:
        for _ in range(40):
            tasks.create_task(session, NewTask(words[:500], description=words))

    for short in (True, False):
        with pytest.raises(StatementTimeout) as stopped:
            await database.write(create, short=short)
        assert stopped.value.seconds == 0.02
    task_id = await database.write(lambda session: tasks.create_task(session, NewTask("after")))
    await database.close()
    assert file.fetch("SELECT id, title FROM tasks") == [(task_id, "after")]
    assert_whole(Path(file))


# Payloads


TASK = "{ task { project { tasks(%s) { title } } } }"


async def test_a_payload_that_searches(client: Client) -> None:
    """It finds what its mutation has written, and no more what it has replaced."""
    created = await client.data('mutation { createProject(input: {name: "p"}) { project { id } } }')
    project = created["createProject"]["project"]["id"]
    create = f"""mutation ($title: String!) {{
      createTask(input: {{title: $title, projectId: {project}}}) {TASK % 'search: "plum"'}
    }}"""
    update = f"""mutation ($title: String!) {{
      updateTask(id: 1, input: {{title: $title}}) {TASK % 'search: "plum"'}
    }}"""
    for document, title, titles in (
        (create, "a plum", ["a plum"]),
        (create, "a pear", ["a plum"]),
        (create, "plums", ["a plum", "plums"]),
        (update, "a peach", ["plums"]),
        (update, "plum", ["plum", "plums"]),
    ):
        data = await client.data(document, {"title": title})
        [payload] = data.values()
        found = payload["task"]["project"]["tasks"]
        assert sorted(task["title"] for task in found) == titles
    both = f"""mutation @atomic {{
      a: updateTask(id: 1, input: {{title: "gone"}}) {TASK % 'search: "plum"'}
      b: updateTask(id: 99, input: {{title: "none"}}) {{ problems {{ code }} }}
    }}"""
    refused = await client.data(both)
    assert refused["b"] == {"problems": [{"code": "NOT_FOUND"}]}
    assert await client.data(
        '{ tasks(search: "gone") { id } tasksConnection(search: "plum") { totalCount } }'
    ) == {
        "tasks": [],
        "tasksConnection": {"totalCount": 2},
    }
