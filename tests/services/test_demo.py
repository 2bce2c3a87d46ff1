"""The demo: believable rows of any size, the same for a seed, that keep every promise."""

from datetime import UTC, datetime
from inspect import isawaitable
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from gql_tasks.cli import main
from gql_tasks.domain.errors import Invalid, Refused
from gql_tasks.domain.page import Order, OrderField
from gql_tasks.domain.plan import Column, Count, Many, One, ReadPlan, Rows
from gql_tasks.domain.position import is_position
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Slot
from gql_tasks.services import demo
from gql_tasks.store.address import open_database
from gql_tasks.store.columns import COLUMNS
from tests import sql
from tests.sql import Address
from tests.store.test_search import expected, search

NOW = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
TODAY = NOW.date().isoformat()
HALF_A_YEAR_AGO = "2026-05-26T00:00:00.000Z"

ID, NAME = Column("id", "id"), Column("name", "name")
SHOWN = tuple(Column(name, name) for name in COLUMNS[Entity.TASK])
LABELS = Rows(Entity.LABEL, (NAME,), Slot(0), Slot(1), order_by=(Order(OrderField.NAME),))
TASKS = Rows(
    Entity.TASK,
    (
        *SHOWN,
        One("project", Relation.TASK_PROJECT, (ID, NAME)),
        One("parent", Relation.TASK_PARENT, (ID, One("project", Relation.TASK_PROJECT, (ID,)))),
        Many("labels", Relation.TASK_LABELS, LABELS),
    ),
    Slot(0),
    Slot(1),
)
PROJECTS = Rows(
    Entity.PROJECT,
    (
        *(Column(name, name) for name in COLUMNS[Entity.PROJECT]),
        Count("task_count", Relation.PROJECT_TASKS),
    ),
    Slot(0),
    Slot(1),
)

Json = list[dict[str, Any]]


def fill(address: str, count: int, *, seed: int = 1, add: bool = False) -> list[int]:
    """Fill a store and return what its progress was."""
    progress: list[int] = []

    async def run() -> None:
        database = open_database(str(address))
        try:
            await database.open()
            await demo.fill(database, count, seed=seed, now=NOW, add=add, progress=progress.append)
        finally:
            await database.close()

    sql.run(run)
    return progress


def read(address: str, shape: Rows = TASKS) -> Json:
    """Read all rows, as the API shows them."""

    async def run() -> Any:
        database = open_database(str(address))
        session = database.session()
        try:
            answer = session.read(ReadPlan(shape, (1_000_000, 0)))
            return orjson.loads(orjson.dumps(await answer if isawaitable(answer) else answer))
        finally:
            await session.finish()
            await database.close()

    rows: Json = sql.run(run)
    return rows


def check(tasks: Json) -> None:
    """Assert what the API promises of every task, and what makes them believable."""
    now = NOW.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    seen: set[str] = set()
    for task in tasks:
        assert task["title"].strip() == task["title"] != ""
        assert "{" not in task["title"] + task["description"]
        assert HALF_A_YEAR_AGO <= task["created_at"] <= task["updated_at"] <= now
        assert task["completed"] == (task["completed_at"] is not None)
        assert task["created_at"] <= (task["completed_at"] or now) <= now
        assert (task["completed_at"] or task["created_at"]) <= task["updated_at"]
        assert task["due_on"] is None or task["due_at"] is None
        if task["start_on"] is not None:
            assert task["start_on"] < (task["due_on"] or task["due_at"])
        if task["parent"] is not None:
            assert task["parent"]["id"] in seen  # and so there is no cycle
            assert (task["project"] or {}).get("id") == (task["parent"]["project"] or {}).get("id")
        names = [label["name"] for label in task["labels"]]
        assert len(set(names)) == len(names)
        assert task["version"] >= 1 + task["completed"] + len(names)
        assert is_position(task["position"])
        seen.add(task["id"])
    assert all(left["position"] < right["position"] for left, right in pairwise(tasks))


@pytest.mark.parametrize("count", [0, 1, 50])
def test_writes_so_many(address: Address, count: int) -> None:
    """There are as many tasks as were asked for, subtasks included, each as it should be."""
    assert sum(fill(address, count)) == count
    tasks = read(address)
    assert [task["id_number"] for task in tasks] == list(range(1, count + 1))
    check(tasks)
    assert address.fetch("SELECT count(*) FROM labels") == [(12,)]
    projects = read(address, PROJECTS)
    assert len(projects) == 11
    assert sum(project["task_count"] for project in projects) == sum(
        task["project"] is not None for task in tasks
    )
    assert [project["name"] for project in projects if project["archived_at"]] == [
        "Moving to the new flat"
    ]
    assert {project["created_at"] for project in projects} == {"2026-05-26T17:30:00.000Z"}


def test_is_a_bit_of_everything(address: Address) -> None:
    """A thousand tasks hold what a screen may have to show."""
    fill(address, 1000)
    tasks = read(address)
    check(tasks)
    assert {task["priority"] for task in tasks} == {"NONE", "LOW", "MEDIUM", "HIGH", "URGENT"}
    assert {len(task["labels"]) for task in tasks} == {0, 1, 2, 3}
    open_tasks = [task for task in tasks if not task["completed"]]
    due = [task["due_on"] for task in open_tasks if task["due_on"]]
    assert 400 < len(open_tasks) < 600
    assert min(due) < TODAY < max(due)
    assert TODAY in due
    assert any(task["due_at"] for task in open_tasks)
    assert any(task["start_on"] and task["start_on"] > TODAY for task in open_tasks)
    by_id = {task["id"]: task for task in tasks}
    parents = [by_id[task["parent"]["id"]] for task in tasks if task["parent"]]
    assert any(parent["parent"] for parent in parents)
    assert any(parent["completed"] for parent in parents)
    assert max(len(task["description"]) for task in tasks) > 2000
    assert any(not task["title"].isascii() for task in tasks)
    assert len({task["title"] for task in tasks}) > 400


def test_is_the_same_for_a_seed(address: Address, tmp_path: Path) -> None:
    """Size, seed and day decide every value of every row, on whichever store."""
    other = tmp_path / "other.db"
    fill(address, 120, seed=7)
    fill(str(other), 120, seed=7)
    assert read(address) == read(str(other))
    fill(str(tmp_path / "another.db"), 120, seed=8)
    assert read(str(tmp_path / "another.db")) != read(str(other))


def test_large_ones_go_in_batches(address: Address) -> None:
    """More tasks than a transaction takes are written in several, in one order by hand."""
    progress = fill(address, demo.TASKS_AT_ONCE + 600)
    assert len(progress) == 2
    assert sum(progress) == demo.TASKS_AT_ONCE + 600
    check(read(address))


def test_found_by_search(address: Address) -> None:
    """The full-text index has the rows."""
    fill(address, 300)
    rows = address.fetch("SELECT id, title, description FROM tasks")
    texts = ["the", "buy milk", "größe", "買い物", "олена", "ibrahim", "zzz"]
    assert search(address, *texts) == [expected(rows, text) for text in texts]


def test_store_with_tasks_is_left_alone(address: Address) -> None:
    """Where there are tasks, nothing is written, unless it was said to add."""
    address.execute("INSERT INTO tasks (title) VALUES ('mine')")
    with pytest.raises(Refused) as refused:
        fill(address, 5)
    assert refused.value.problems == (Invalid("the store has tasks already", ("add",)),)
    assert address.fetch("SELECT title FROM tasks") == [("mine",)]
    assert address.fetch("SELECT count(*) FROM projects") == [(0,)]


def test_adds_to_what_is_there(address: Address) -> None:
    """Added tasks come after those that are there, and share projects and labels by name."""
    address.execute(
        "INSERT INTO projects (name) VALUES ('Garden')",
        "INSERT INTO labels (name) VALUES ('bug')",
        "INSERT INTO tasks (title, position) VALUES ('mine', 'not an index')",
    )
    fill(address, 40, add=True)
    fill(address, 40, seed=2, add=True)
    assert address.fetch("SELECT count(*) FROM projects WHERE name = 'Garden'") == [(1,)]
    assert address.fetch("SELECT count(*), count(DISTINCT name) FROM labels") == [(12, 12)]
    tasks = read(address)
    assert tasks[0]["title"] == "mine"
    assert len(tasks) == 81
    check(tasks[1:])
    assert tasks[0]["position"] < tasks[1]["position"]


def test_next_row_gets_the_next_id(address: Address) -> None:
    """Ids that the demo took are not given again."""
    fill(address, 3)
    address.execute("INSERT INTO tasks (title) VALUES ('mine')")
    assert address.fetch("SELECT id FROM tasks WHERE title = 'mine'") == [(4,)]


def test_command(address: Address) -> None:
    """The command says what it did and what to try next; it shows no password."""
    run = CliRunner().invoke
    database = str(address)
    name = open_database(database).name
    done = run(main, ["demo", "--database", database, "--tasks", "1200"])
    assert done.exit_code == 0
    assert done.stdout == (
        f"Wrote 1,200 tasks to {name}.\nTry: gql-tasks serve --database {name}\n"
    )
    refused = run(main, ["demo", "--database", database])
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert refused.stderr.endswith(f"gql-tasks: {name} has tasks already; --add adds to them\n")
    assert run(main, ["demo", "--database", database, "--add", "--tasks", "0"]).exit_code == 0
    assert address.fetch("SELECT count(*) FROM tasks") == [(1200,)]
