"""Projects are written, changed, ordered and deleted, or refused with nothing written."""

import asyncio

from gql_tasks.domain.errors import Invalid, NotFound, Refused
from gql_tasks.domain.position import Place
from gql_tasks.domain.project import NewProject, ProjectChanges
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.services import projects, tasks
from tests.services.conftest import Store

PROJECTS = "SELECT name, color, version FROM projects ORDER BY id"


async def create(store: Store, *names: str) -> None:
    """Write projects, one after the other."""
    for name in names:
        await store.write(lambda s, n=name: projects.create_project(s, NewProject(n)))


async def test_create(store_of_tasks: Store) -> None:
    """A project goes to the end, or where it is asked to go."""
    await create(store_of_tasks, "a", "b")
    for place in (Place(at_start=True), Place(before="2"), Place(after="1"), Place(at_end=True)):
        new = NewProject("c", "#FFF", place)
        await store_of_tasks.write(lambda s, n=new: projects.create_project(s, n))
    assert store_of_tasks.in_order("projects") == [3, 1, 5, 4, 2, 6]
    assert store_of_tasks.fetch(PROJECTS)[2:] == [("c", "#ffffff", 1)] * 4


async def test_create_refused(store_of_tasks: Store) -> None:
    """All problems come together, those of the neighbour too."""
    new = NewProject("", "red", Place(before="7"))
    assert await store_of_tasks.refused(lambda s: projects.create_project(s, new)) == [
        Invalid('name "" is blank', ("input", "name")),
        Invalid('color "red" is not #rgb or #rrggbb', ("input", "color")),
        NotFound('no project has the id "7"', ("input", "place", "before"), "7"),
    ]


async def test_update(store_of_tasks: Store) -> None:
    """What is sent changes, in one step; what changes nothing leaves the version."""
    await create(store_of_tasks, "a", "b")
    for changes, expected in (
        (ProjectChanges(), ("a", None, 1)),
        (ProjectChanges(name="a", archived=False, place=Place(at_start=True)), ("a", None, 1)),
        (ProjectChanges(place=Place(before="2")), ("a", None, 1)),
        (ProjectChanges(name="c", color="#123", place=Place(at_end=True)), ("c", "#112233", 2)),
        (ProjectChanges(color=None), ("c", None, 3)),
    ):
        work = lambda s, c=changes: projects.update_project(s, "1", c)  # noqa: E731
        assert await store_of_tasks.write(work) == 1
        assert store_of_tasks.fetch(PROJECTS)[0] == expected
    assert store_of_tasks.in_order("projects") == [2, 1]


async def test_archive(store_of_tasks: Store) -> None:
    """Archiving sets the moment once; an archived project stays where it is."""
    await create(store_of_tasks, "a")
    archived_at = "SELECT archived_at, version FROM projects"

    async def archive(*, archived: bool) -> tuple[object, int]:
        changes = ProjectChanges(archived=archived)
        await store_of_tasks.write(lambda s: projects.update_project(s, "1", changes))
        ((moment, version),) = store_of_tasks.fetch(archived_at)
        return moment, version

    moment, version = await archive(archived=True)
    assert moment is not None
    assert version == 2
    assert await archive(archived=True) == (moment, 2)
    assert await archive(archived=False) == (None, 3)
    assert await archive(archived=False) == (None, 3)


async def test_update_refused(store_of_tasks: Store) -> None:
    """What is wrong with the input and with the project itself are told together."""
    await create(store_of_tasks, "a")
    changes = ProjectChanges(name=" ", archived=None, place=Place(after="1"))
    problems = [
        Invalid('name " " is blank', ("input", "name")),
        Invalid("archived cannot be null", ("input", "archived")),
    ]
    assert await store_of_tasks.refused(lambda s: projects.update_project(s, "1", changes)) == [
        *problems,
        Invalid("project 1 cannot be placed after itself", ("input", "place", "after")),
    ]
    assert await store_of_tasks.refused(lambda s: projects.update_project(s, "x", changes)) == [
        NotFound('no project has the id "x"', ("id",), "x"),
        *problems,
    ]


async def test_delete_keeps_tasks(store_of_tasks: Store) -> None:
    """The tasks stay, without a project, changed by it."""
    await create(store_of_tasks, "a")
    task = NewTask("t", project_id="1", subtasks=(NewTask("u"),))
    await store_of_tasks.write(lambda s: tasks.create_task(s, task))
    deleted = await store_of_tasks.write(
        lambda s: projects.delete_project(s, "1", delete_tasks=False)
    )
    assert (deleted.id, deleted.task_ids) == (1, [])
    assert store_of_tasks.fetch(PROJECTS) == []
    assert store_of_tasks.fetch("SELECT project_id, parent_id, version FROM tasks") == [
        (None, None, 2),
        (None, 1, 2),
    ]


async def test_delete_with_tasks(store_of_tasks: Store) -> None:
    """Its tasks go, those of others stay: a subtask that is not in the project moves up."""
    await create(store_of_tasks, "a")
    elsewhere = NewTask("5", project_id=None)
    deep = NewTask("3", subtasks=(NewTask("4", subtasks=(elsewhere,)),))
    for task in (NewTask("1"), NewTask("2", project_id="1", parent_id="1", subtasks=(deep,))):
        await store_of_tasks.write(lambda s, t=task: tasks.create_task(s, t))
    deleted = await store_of_tasks.write(
        lambda s: projects.delete_project(s, "1", delete_tasks=True)
    )
    assert (deleted.id, deleted.task_ids) == (1, [2, 3, 4])
    assert store_of_tasks.fetch("SELECT id, parent_id FROM tasks ORDER BY id") == [
        (1, None),
        (5, 1),
    ]


async def test_delete_refused(store_of_tasks: Store) -> None:
    """A project that is not there takes no tasks with it."""
    await store_of_tasks.write(lambda s: tasks.create_task(s, NewTask("a")))
    assert await store_of_tasks.refused(
        lambda s: projects.delete_project(s, "1", delete_tasks=True)
    ) == [NotFound('no project has the id "1"', ("id",), "1")]


async def test_delete_while_tasks_are_put_in(store_of_tasks: Store) -> None:
    """Each task is put in before the project goes, or refused after; nothing else comes of it."""
    for round_ in range(1, 6):
        await create(store_of_tasks, "a")
        parent = NewTask("p", project_id=str(round_))
        parent_id = str(await store_of_tasks.write(lambda s, p=parent: tasks.create_task(s, p)))
        changes = TaskChanges(project_id=str(round_))
        results = await asyncio.gather(
            store_of_tasks.write(lambda s, p=parent: tasks.create_task(s, p)),
            store_of_tasks.write(
                lambda s, i=parent_id: tasks.create_task(s, NewTask("c", parent_id=i))
            ),
            store_of_tasks.write(
                lambda s, r=round_: projects.delete_project(s, str(r), delete_tasks=False)
            ),
            store_of_tasks.write(lambda s, i=parent_id, c=changes: tasks.update_task(s, i, c)),
            store_of_tasks.write(lambda s, p=parent: tasks.create_task(s, p)),
            return_exceptions=True,
        )
        missing = NotFound(
            f'no project has the id "{round_}"', ("input", "project_id"), str(round_)
        )
        for result in results:
            if isinstance(result, BaseException):
                assert isinstance(result, Refused)
                assert result.problems == (missing,)
        assert store_of_tasks.fetch("SELECT id FROM tasks WHERE project_id IS NOT NULL") == []
