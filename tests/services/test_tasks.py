"""Tasks are written, changed and deleted, or refused with nothing written."""

import asyncio
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from gql_tasks.domain.errors import Invalid, NotFound, Refused, TooMany
from gql_tasks.domain.label import NewLabel
from gql_tasks.domain.position import Place
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.project import NewProject
from gql_tasks.domain.task import Due, NewTask, TaskChanges
from gql_tasks.services import labels, projects, tasks
from gql_tasks.store.rows import add_labels
from tests.conftest import Client
from tests.services.conftest import Store

TREE = (
    "SELECT task.title, task.project_id, parent.title"
    " FROM tasks task LEFT JOIN tasks parent ON parent.id = task.parent_id ORDER BY task.title"
)
IN_ORDER = "SELECT title FROM tasks ORDER BY position, id"
PARENTS = "SELECT id, parent_id FROM tasks ORDER BY id"
LABELS = "SELECT task_id, label_id FROM task_labels ORDER BY task_id, label_id"


async def create(store: Store, *new: NewTask) -> None:
    """Write tasks, one after the other."""
    for task in new:
        await store.write(lambda s, t=task: tasks.create_task(s, t))


async def update(store: Store, task_id: int | str, changes: TaskChanges) -> int:
    """Change a task."""
    return await store.write(lambda s: tasks.update_task(s, str(task_id), changes))


async def add_rows(store: Store) -> None:
    """Write two projects and three labels."""
    for name in "ab":
        await store.write(lambda s, n=name: projects.create_project(s, NewProject(n)))
    for name in "abc":
        await store.write(lambda s, n=name: labels.create_label(s, NewLabel(n)))


async def test_create(store_of_tasks: Store) -> None:
    """Every field is written."""
    await add_rows(store_of_tasks)
    moment = datetime(2026, 1, 31, 8, 30, 15, 123999, tzinfo=timezone(timedelta(hours=2)))
    await create(
        store_of_tasks,
        NewTask("parent"),
        NewTask(
            "a",
            description="more",
            completed=True,
            priority=Priority.URGENT,
            due=Due(at=moment),
            start_on=date(2026, 1, 30),
            project_id="2",
            parent_id="1",
            label_ids=("3", "1", "3"),
            place=Place(before="1"),
        ),
    )
    instant = "strftime('%Y-%m-%dT%H:%M:%fZ', due_at)"
    if not store_of_tasks.address.is_sqlite:
        instant = """to_char(timezone('UTC', due_at), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')"""
    assert store_of_tasks.fetch(
        "SELECT title, description, is_completed, completed_at IS NOT NULL, priority, due_on, "
        f"{instant}, CAST(start_on AS VARCHAR), project_id, parent_id FROM tasks WHERE id = 2"
    ) == [("a", "more", 1, 1, 4, None, "2026-01-31T06:30:15.123Z", "2026-01-30", 2, 1)]
    assert store_of_tasks.fetch(LABELS) == [(2, 1), (2, 3)]
    assert store_of_tasks.in_order() == [2, 1]


async def test_create_tree(store_of_tasks: Store) -> None:
    """Subtasks are written with their task, ordered by hand as they stand, in its project."""
    await add_rows(store_of_tasks)
    task = NewTask(
        "1",
        project_id="1",
        subtasks=(
            NewTask("2", label_ids=("1",), subtasks=(NewTask("3"), NewTask("4", project_id="2"))),
            NewTask("5", project_id=None, subtasks=(NewTask("6"),)),
            NewTask("7", place=Place(at_start=True)),
        ),
    )
    await create(store_of_tasks, task)
    assert store_of_tasks.fetch(TREE) == [
        ("1", 1, None),
        ("2", 1, "1"),
        ("3", 1, "2"),
        ("4", 2, "2"),
        ("5", None, "1"),
        ("6", None, "5"),
        ("7", 1, "1"),
    ]
    assert "".join(title for (title,) in store_of_tasks.fetch(IN_ORDER)) == "7123456"
    assert store_of_tasks.fetch(LABELS) == [(2, 1)]


async def test_places_in_a_tree(store_of_tasks: Store) -> None:
    """The tasks of a tree go to their places as if they were written one after the other."""
    await create(store_of_tasks, NewTask("x"), NewTask("y"))
    after_x, at_start, at_end = Place(after="1"), Place(at_start=True), Place(at_end=True)
    task = NewTask(
        "a",
        place=Place(before="2"),
        subtasks=(
            NewTask("b", place=after_x),
            NewTask("c", place=at_end, subtasks=(NewTask("d", place=at_start), NewTask("e"))),
            NewTask("f", place=Place(after="2")),
            NewTask("g", place=after_x),
            NewTask("h", place=at_start),
        ),
    )
    await create(store_of_tasks, task)
    assert "".join(title for (title,) in store_of_tasks.fetch(IN_ORDER)) == "hdxgbayfce"


async def test_too_many_labels(store_of_tasks: Store) -> None:
    """An input names 5,000 labels, those of all its tasks together, and not one more."""
    await add_rows(store_of_tasks)
    await create(
        store_of_tasks,
        NewTask("a", label_ids=("1",) * 2500, subtasks=(NewTask("b", label_ids=("2",) * 2500),)),
    )
    problem = TooMany(
        "5001 labels are more than the 5000 that one input may name", ("input",), 5000, 5001
    )
    many = NewTask("a", label_ids=("9",), subtasks=(NewTask("b", label_ids=("1",) * 5000),))
    assert await store_of_tasks.refused(lambda s: tasks.create_task(s, many)) == [problem]
    changes = TaskChanges(add_label_ids=("9",) * 5000, remove_label_ids=("1",))
    assert await store_of_tasks.refused(lambda s: tasks.update_task(s, "1", changes)) == [problem]


async def test_a_hundred_problems(store_of_tasks: Store) -> None:
    """Of many problems the first hundred are told."""
    task = NewTask("a", label_ids=("1",) * 101)
    problems = await store_of_tasks.refused(lambda s: tasks.create_task(s, task))
    assert [problem.path[-1] for problem in problems] == [*map(str, range(100))]


async def test_create_under_parent(store_of_tasks: Store) -> None:
    """A new subtask of a task that is there takes its project, unless it says another or none."""
    await add_rows(store_of_tasks)
    await create(
        store_of_tasks,
        NewTask("1", project_id="2"),
        NewTask("2", parent_id="1"),
        NewTask("3", parent_id="1", project_id="1"),
        NewTask("4", parent_id="1", project_id=None),
    )
    assert store_of_tasks.fetch(TREE) == [
        ("1", 2, None),
        ("2", 2, "1"),
        ("3", 1, "1"),
        ("4", None, "1"),
    ]


async def test_create_refused(store_of_tasks: Store) -> None:
    """Broken rules and missing rows of a whole tree are told together, and nothing is written."""
    await add_rows(store_of_tasks)
    task = NewTask(
        " ",
        project_id="3",
        parent_id="1",
        label_ids=("1", "x", "4"),
        place=Place(after="9"),
        subtasks=(NewTask("", project_id="٣"), NewTask("fine", label_ids=("2", "4"))),
    )
    assert await store_of_tasks.refused(lambda s: tasks.create_task(s, task)) == [
        Invalid('title " " is blank', ("input", "title")),
        Invalid('title "" is blank', ("input", "subtasks", "0", "title")),
        NotFound('no project has the id "3"', ("input", "project_id"), "3"),
        NotFound('no task has the id "1"', ("input", "parent_id"), "1"),
        NotFound('no label has the id "x"', ("input", "label_ids", "1"), "x"),
        NotFound('no label has the id "4"', ("input", "label_ids", "2"), "4"),
        NotFound('no task has the id "9"', ("input", "place", "after"), "9"),
        NotFound('no project has the id "٣"', ("input", "subtasks", "0", "project_id"), "٣"),
        NotFound('no label has the id "4"', ("input", "subtasks", "1", "label_ids", "1"), "4"),
    ]


async def test_create_too_many(store_of_tasks: Store) -> None:
    """A thousand tasks are written at once, and not one more."""
    leaf = NewTask("leaf")
    await create(store_of_tasks, NewTask("stem", subtasks=(leaf,) * 999))
    assert store_of_tasks.in_order() == [*range(1, 1001)]
    message = "1001 tasks are more than the 1000 that one input may create"
    assert await store_of_tasks.refused(
        lambda s: tasks.create_task(s, NewTask("stem", subtasks=(leaf,) * 1000))
    ) == [TooMany(message, ("input", "subtasks"), 1000, 1001)]


@pytest.mark.parametrize("day", [date.min, date(999, 12, 31), date(2024, 2, 29), date.max])
async def test_every_day_is_kept(store_of_tasks: Store, day: date) -> None:
    """Days and instants of the years 1 to 9999 come back as they were written."""
    moment = datetime.combine(day, datetime.max.time(), UTC)
    midnight = datetime.combine(day, datetime.min.time(), UTC)
    await create(
        store_of_tasks,
        NewTask("1", due=Due(on=day), start_on=day),
        NewTask("2", due=Due(at=moment)),
        NewTask("3", due=Due(at=midnight)),
    )
    assert store_of_tasks.fetch(
        "SELECT CAST(due_on AS VARCHAR), CAST(start_on AS VARCHAR) FROM tasks WHERE id = 1"
    ) == [(day.isoformat(), day.isoformat())]
    assert [
        text.replace(" ", "T").removesuffix("Z").removesuffix("+00").removesuffix(".000")
        for (text,) in store_of_tasks.fetch(
            "SELECT CAST(due AS VARCHAR) FROM tasks ORDER BY due, id"
        )
    ] == [f"{day}T00:00:00", f"{day}T00:00:00", f"{day}T23:59:59.999"]


async def test_update(store_of_tasks: Store) -> None:
    """What is sent changes, in one step; what changes nothing leaves the version."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1"), NewTask("2"))
    fields = (
        "title, description, priority, CAST(due_on AS VARCHAR), due_at IS NOT NULL, "
        "CAST(start_on AS VARCHAR), project_id, parent_id, version"
    )
    everything = TaskChanges(
        title="one",
        description="more",
        priority=Priority.HIGH,
        due=Due(on=date(2026, 2, 1)),
        start_on=date(2026, 1, 1),
        project_id="2",
        parent_id="2",
        place=Place(at_end=True),
    )
    due_at = TaskChanges(due=Due(at=datetime(2026, 2, 1, tzinfo=UTC)))
    cleared = TaskChanges(
        description=None, due=None, start_on=None, project_id=None, parent_id=None
    )
    full = ("one", "more", 3, "2026-02-01", 0, "2026-01-01", 2, 2)
    for changes, expected in (
        (TaskChanges(), ("1", "", 0, None, 0, None, None, None, 1)),
        (
            TaskChanges(title="1", due=None, place=Place(before="2")),
            ("1", "", 0, None, 0, None, None, None, 1),
        ),
        (everything, (*full, 2)),
        (everything, (*full, 2)),
        (due_at, ("one", "more", 3, None, 1, "2026-01-01", 2, 2, 3)),
        (cleared, ("one", "", 3, None, 0, None, None, None, 4)),
    ):
        assert await update(store_of_tasks, 1, changes) == 1
        (row,) = store_of_tasks.fetch(f"SELECT {fields} FROM tasks WHERE id = 1")
        assert row == expected
    assert store_of_tasks.in_order() == [2, 1]


async def test_update_labels(store_of_tasks: Store) -> None:
    """Labels are added and removed; one that is there already, or not there, is no matter."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1", label_ids=("1", "2")))
    changes = TaskChanges(add_label_ids=("2", "3", "3"), remove_label_ids=("1", "1"))
    await update(store_of_tasks, 1, changes)
    assert store_of_tasks.fetch(LABELS) == [(1, 2), (1, 3)]
    ((version,),) = store_of_tasks.fetch("SELECT version FROM tasks")
    await update(store_of_tasks, 1, changes)
    assert store_of_tasks.fetch(LABELS) == [(1, 2), (1, 3)]
    assert store_of_tasks.fetch("SELECT version FROM tasks") == [(version,)]


async def test_update_refused(store_of_tasks: Store) -> None:
    """Broken rules, missing rows and a cycle are told together, and nothing is written."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1", subtasks=(NewTask("2"),)))
    changes = TaskChanges(
        title=None,
        due=Due(),
        project_id="7",
        parent_id="2",
        add_label_ids=("1", "8"),
        remove_label_ids=("1", "9"),
        place=Place(after="1"),
    )
    problems = [
        Invalid("title cannot be null", ("input", "title")),
        Invalid("due takes exactly one of on and at", ("input", "due")),
        Invalid('label "1" is to be both added and removed', ("input", "remove_label_ids", "0")),
        NotFound('no project has the id "7"', ("input", "project_id"), "7"),
        NotFound('no label has the id "8"', ("input", "add_label_ids", "1"), "8"),
        NotFound('no label has the id "9"', ("input", "remove_label_ids", "1"), "9"),
    ]
    assert await store_of_tasks.refused(lambda s: tasks.update_task(s, "1", changes)) == [
        *problems,
        Invalid("task 1 cannot be placed after itself", ("input", "place", "after")),
        Invalid("task 2 is a subtask of task 1 and cannot be its parent", ("input", "parent_id")),
    ]
    assert await store_of_tasks.refused(lambda s: tasks.update_task(s, "3", changes)) == [
        NotFound('no task has the id "3"', ("id",), "3"),
        *problems,
    ]


async def test_parent_cycles(store_of_tasks: Store) -> None:
    """A task is not its own parent, nor under itself however deep; a subtask may move about."""
    await create(
        store_of_tasks,
        NewTask("1", subtasks=(NewTask("2", subtasks=(NewTask("3"),)),)),
        NewTask("4"),
    )
    path = ("input", "parent_id")
    for parent_id, message in (
        ("1", "task 1 cannot be its own parent"),
        ("3", "task 3 is a subtask of task 1 and cannot be its parent"),
    ):
        changes = TaskChanges(title="no", parent_id=parent_id)
        problems = await store_of_tasks.refused(lambda s, c=changes: tasks.update_task(s, "1", c))
        assert problems == [Invalid(message, path)]
    await update(store_of_tasks, 3, TaskChanges(parent_id="1"))
    await update(store_of_tasks, 2, TaskChanges(parent_id="3"))
    await update(store_of_tasks, 1, TaskChanges(parent_id="4"))
    assert store_of_tasks.fetch(PARENTS) == [(1, 4), (2, 3), (3, 1), (4, None)]


async def test_cycles_that_others_tied(store_of_tasks: Store) -> None:
    """A cycle in the store stops no write: a task moves out of it, another moves under it."""
    await create(store_of_tasks, *map(NewTask, "123"))
    store_of_tasks.execute(
        "UPDATE tasks SET parent_id = 2 WHERE id = 1", "UPDATE tasks SET parent_id = 1 WHERE id = 2"
    )
    await update(store_of_tasks, 3, TaskChanges(parent_id="1"))
    await update(store_of_tasks, 1, TaskChanges(parent_id=None))
    assert store_of_tasks.fetch(PARENTS) == [(1, None), (2, 1), (3, 1)]


async def test_parents_of_each_other_at_once(store_of_tasks: Store) -> None:
    """Of two updates at once that would tie a cycle, one is refused."""
    await create(store_of_tasks, *map(NewTask, "123"))
    for _ in range(5):
        results = await asyncio.gather(
            *(
                update(store_of_tasks, task_id, TaskChanges(parent_id=parent_id))
                for task_id, parent_id in ((1, "2"), (2, "3"), (3, "1"))
            ),
            return_exceptions=True,
        )
        (refused,) = [result for result in results if isinstance(result, BaseException)]
        assert isinstance(refused, Refused)
        assert [problem.path for problem in refused.problems] == [("input", "parent_id")]
        for task_id in (1, 2, 3):
            await update(store_of_tasks, task_id, TaskChanges(parent_id=None))


async def test_completing_leaves_subtasks(store_of_tasks: Store) -> None:
    """A completed parent's subtasks are as open as before."""
    await create(store_of_tasks, NewTask("1", subtasks=(NewTask("2"),)))
    await update(store_of_tasks, 1, TaskChanges(completed=True))
    completed = store_of_tasks.fetch("SELECT id, is_completed, version FROM tasks ORDER BY id")
    assert completed == [(1, 1, 2), (2, 0, 1)]


async def test_delete(store_of_tasks: Store) -> None:
    """A deleted task's subtasks move up to its own parent, its labels let go of it."""
    await add_rows(store_of_tasks)
    middle = NewTask("2", label_ids=("1",), subtasks=(NewTask("3", subtasks=(NewTask("4"),)),))
    await create(store_of_tasks, NewTask("1", subtasks=(middle,)))
    assert await store_of_tasks.write(lambda s: tasks.delete_task(s, "2")) == 2
    assert store_of_tasks.fetch(PARENTS) == [(1, None), (3, 1), (4, 3)]
    assert store_of_tasks.fetch(LABELS) == []
    await store_of_tasks.write(lambda s: tasks.delete_task(s, "1"))
    assert store_of_tasks.fetch(PARENTS) == [(3, None), (4, 3)]
    assert store_of_tasks.fetch("SELECT version FROM tasks ORDER BY id") == [(3,), (1,)]
    assert await store_of_tasks.refused(lambda s: tasks.delete_task(s, "2")) == [
        NotFound('no task has the id "2"', ("id",), "2")
    ]


async def test_delete_while_subtasks_are_written(store_of_tasks: Store) -> None:
    """A subtask is written before its parent goes, and moves up, or it is refused."""
    for round_ in range(5):
        parent_id = str(await store_of_tasks.write(lambda s: tasks.create_task(s, NewTask("p"))))
        child = NewTask("c", parent_id=parent_id, label_ids=())
        results = await asyncio.gather(
            store_of_tasks.write(lambda s, c=child: tasks.create_task(s, c)),
            store_of_tasks.write(lambda s, i=parent_id: tasks.delete_task(s, i)),
            store_of_tasks.write(lambda s, c=child: tasks.create_task(s, c)),
            return_exceptions=True,
        )
        missing = NotFound(f'no task has the id "{parent_id}"', ("input", "parent_id"), parent_id)
        for result in results:
            if isinstance(result, BaseException):
                assert isinstance(result, Refused), round_
                assert result.problems == (missing,)
        assert store_of_tasks.fetch("SELECT id FROM tasks WHERE parent_id IS NOT NULL") == []


async def test_labels_that_are_there(store_of_tasks: Store) -> None:
    """A label that another program gave at the same time is no error."""
    await add_rows(store_of_tasks)
    await create(store_of_tasks, NewTask("1"))
    for _ in range(2):
        await store_of_tasks.write(lambda s: add_labels(s, [1], [1, 2]))
    assert store_of_tasks.fetch(LABELS) == [(1, 1), (1, 2)]


async def test_a_token_that_is_asked_for_later(client: Client) -> None:
    """A mutation whose first answer leaves its syncToken out has one all the same, to undo it."""
    document = """mutation ($title: String!, $id: ID!) {
      createTask(clientMutationId: $id, input: {title: $title}) { %s }
    }"""
    titles = ("a", "b", "c")
    for shown in ("task { title }", "task { title } syncToken"):
        answers = await asyncio.gather(
            *(client.data(document % shown, {"title": title, "id": title}) for title in titles)
        )
        created = [answer["createTask"] for answer in answers]
        assert [payload["task"]["title"] for payload in created] == [*titles]
    undo = "mutation ($token: SyncToken!) { undo(token: $token) { problems { message } } }"
    undone = await client.data(undo, {"token": created[1]["syncToken"]})
    assert undone == {"undo": {"problems": []}}
    left = await client.data("{ tasks { title } }")
    assert sorted(task["title"] for task in left["tasks"]) == ["a", "c"]
