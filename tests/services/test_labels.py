"""Labels are written, changed and deleted, or refused with nothing written."""

from gql_tasks.domain.errors import Invalid, NotFound
from gql_tasks.domain.label import LabelChanges, NewLabel
from gql_tasks.domain.task import NewTask
from gql_tasks.services import labels, tasks
from tests.services.conftest import Store

LABELS = "SELECT name, color, version FROM labels ORDER BY id"


async def test_create(store_of_tasks: Store) -> None:
    """A label is written with its color as #rrggbb; a name may be there twice."""
    write = store_of_tasks.write
    assert await write(lambda s: labels.create_label(s, NewLabel("home", "#ABC"))) == 1
    assert await write(lambda s: labels.create_label(s, NewLabel("home"))) == 2
    assert store_of_tasks.fetch(LABELS) == [("home", "#aabbcc", 1), ("home", None, 1)]


async def test_create_refused(store_of_tasks: Store) -> None:
    """All problems come together."""
    assert await store_of_tasks.refused(lambda s: labels.create_label(s, NewLabel(" ", "red"))) == [
        Invalid('name " " is blank', ("input", "name")),
        Invalid('color "red" is not #rgb or #rrggbb', ("input", "color")),
    ]


async def test_update(store_of_tasks: Store) -> None:
    """What is sent changes; null clears the color; what changes nothing leaves the version."""
    write = store_of_tasks.write
    await write(lambda s: labels.create_label(s, NewLabel("home", "#abc")))
    for changes, expected in (
        (LabelChanges(), ("home", "#aabbcc", 1)),
        (LabelChanges(name="home", color="#AABBCC"), ("home", "#aabbcc", 1)),
        (LabelChanges(name="house"), ("house", "#aabbcc", 2)),
        (LabelChanges(color=None), ("house", None, 3)),
        (LabelChanges(name="home", color="#123456"), ("home", "#123456", 4)),
    ):
        assert await write(lambda s, c=changes: labels.update_label(s, "1", c)) == 1
        assert store_of_tasks.fetch(LABELS) == [expected]


async def test_update_refused(store_of_tasks: Store) -> None:
    """A label that is not there and what is wrong with the input are told together."""
    await store_of_tasks.write(lambda s: labels.create_label(s, NewLabel("home")))
    null = Invalid("name cannot be null", ("input", "name"))
    changes = LabelChanges(name=None)
    assert await store_of_tasks.refused(lambda s: labels.update_label(s, "1", changes)) == [null]
    assert await store_of_tasks.refused(lambda s: labels.update_label(s, "01", changes)) == [
        NotFound('no label has the id "01"', ("id",), "01"),
        null,
    ]


async def test_delete(store_of_tasks: Store) -> None:
    """The tasks that had the label stay, changed by it."""
    write = store_of_tasks.write
    for name in ("home", "work"):
        await write(lambda s, n=name: labels.create_label(s, NewLabel(n)))
    await write(lambda s: tasks.create_task(s, NewTask("a", label_ids=("1", "2"))))
    ((version,),) = store_of_tasks.fetch("SELECT version FROM tasks")
    assert await write(lambda s: labels.delete_label(s, "1")) == 1
    assert store_of_tasks.fetch(LABELS) == [("work", None, 1)]
    assert store_of_tasks.fetch("SELECT task_id, label_id FROM task_labels") == [(1, 2)]
    assert store_of_tasks.fetch("SELECT title, version FROM tasks") == [("a", version + 1)]
    assert await store_of_tasks.refused(lambda s: labels.delete_label(s, "1")) == [
        NotFound('no label has the id "1"', ("id",), "1")
    ]
