"""What comes of each foreign format, to the value."""

from pathlib import Path
from typing import Any

import pytest

from tests.change_log import world_of
from tests.conftest import SEED
from tests.services.moving import exported, gql_tasks, imported
from tests.sql import Address

TODOIST = SEED / "Moving [6Crg8jQ886Wh4P5g].csv"
TASKWARRIOR = SEED / "taskwarrior.json"

PLAIN = {
    "description": "",
    "completed": False,
    "completedAt": None,
    "priority": "NONE",
    "dueOn": None,
    "dueAt": None,
    "startOn": None,
    "project": None,
    "parent": None,
    "labels": set[str](),
}


def tasks_of(address: Address, *also: str) -> list[dict[str, Any]]:
    """Read the tasks in the order made by hand, with what they lead to by title and name."""
    world = world_of(address)
    names = {key: row.get("name", row.get("title")) for key, row in world.items()}
    tasks = [row for (entity, _), row in world.items() if entity == "TASK"]
    return [
        {"title": task["title"]}
        | {name: task[name] for name in (*PLAIN, *also) if name in task}
        | {
            "project": names.get(("PROJECT", int(task["projectId"] or 0))),
            "parent": names.get(("TASK", int(task["parentId"] or 0))),
            "labels": {names["LABEL", int(label)] for label in task["labelIds"]},
        }
        for task in sorted(tasks, key=lambda task: task["position"])
    ]


def test_todoist(address: Address) -> None:
    """A project of Todoist: outline, priorities, labels, dates and zones; nothing lost unsaid."""
    said = imported(address, TODOIST, "--format", "todoist").splitlines()
    assert said[0].startswith("Wrote 1 project, 3 labels and 6 tasks to ")
    assert said[1:] == [
        "  DATE, as text in the description: 2",
        "  DURATION, as text in the description: 1",
        "  RESPONSIBLE, as text in the description: 1",
        "  authors of tasks, left out: 1",
        "  comments on the project, left out: 1",
        "  comments, as text in the description: 2",
        "  descriptions of sections, left out: 1",
        "  rows about how Todoist shows the project, left out: 1",
        "  sections without tasks, left out: 1",
        "  sections, as labels of their tasks: 1",
    ]
    plain = PLAIN | {"project": "Moving"}
    assert tasks_of(address) == [
        plain
        | {
            "title": "Oil the windows",
            "description": "With linseed oil,\nthinly\n\nDate: every year\n\n"
            "Comment (Ada (8908577), 2025-06-08T07:02:05.000000Z): "
            'Used "Ballistol" instead\n\nComment: Worked',
            "priority": "HIGH",
            "labels": {"house", "two-words"},
        },
        plain
        | {
            "title": "Bathroom",
            "description": "Responsible: Bob (200)",
            "dueOn": "2026-02-03",
            "parent": "Oil the windows",
        },
        plain
        | {
            "title": "Tiles",
            "description": "Duration: 30 minute",
            "priority": "MEDIUM",
            "dueAt": "2026-02-03T23:30:00.000Z",
            "parent": "Bathroom",
        },
        plain
        | {
            "title": "Mirror",
            "priority": "URGENT",
            "dueAt": "2026-02-03T08:15:00.000Z",
            "parent": "Oil the windows",
        },
        plain | {"title": "Fence", "dueOn": "2026-07-19", "labels": {"Garden"}},
        plain
        | {
            "title": "@errand",
            "description": "Date: 2026-02-03T09:15",
            "dueOn": "2026-07-20",
            "labels": {"Garden"},
        },
    ]


def test_taskwarrior(address: Address) -> None:
    """Taskwarrior's tasks: statuses, moments, tags, projects; what has no place stays as text."""
    said = imported(address, TASKWARRIOR, "--format", "taskwarrior").splitlines()
    assert said[0].startswith("Wrote 1 project, 2 labels and 5 tasks to ")
    assert said[1:] == [
        "  deleted tasks, left out: 1",
        "  depends, as text in the description: 2",
        "  estimate, as text in the description: 1",
        "  recur, as text in the description: 1",
        "  start, as text in the description: 1",
        "  wait, as text in the description: 1",
    ]
    second = "2026-01-02T08:00:00.000Z"
    plain = PLAIN | {"createdAt": second, "updatedAt": second}
    assert tasks_of(address, "createdAt", "updatedAt") == [
        plain
        | {
            "title": "Paint the fence",
            "description": "2026-01-03T10:15:00.000Z: Asked Ada\n"
            '2026-01-04T08:00:00.000Z: She said "yes"\ndepends: Buy paint',
            "priority": "HIGH",
            "dueAt": "2026-01-31T22:59:59.000Z",
            "startOn": "2026-01-20",
            "project": "house.garden",
            "labels": {"outside", "next"},
            "createdAt": "2026-01-01T08:00:00.000Z",
            "updatedAt": "2026-01-04T08:00:00.000Z",
        },
        plain
        | {
            "title": "Buy paint",
            "completed": True,
            "completedAt": "2026-01-03T12:00:00.000Z",
            "project": "house.garden",
            "updatedAt": "2026-01-03T12:00:01.000Z",
        },
        plain
        | {
            "title": "Call the bank",
            "description": "wait: 2026-03-01T09:30:00.000Z\nestimate: 90",
            "priority": "LOW",
            "startOn": "2026-03-01",
        },
        plain
        | {
            "title": "Pay rent",
            "description": "recur: monthly",
            "dueAt": "2026-02-01T00:00:00.000Z",
        },
        plain
        | {
            "title": "Water the plants 🌱",
            "description": "depends: Paint the fence\n"
            "depends: 6f4d2c1a-0000-4000-8000-00000000000f\nstart: 20260103T080000Z",
        },
    ]


def test_taskwarrior_lines(tmp_path: Path) -> None:
    """An object a line, as Taskwarrior writes with json.array=off, gives the same as an array."""
    array = TASKWARRIOR.read_text()
    forms = {
        "array": array,
        "lines": array.strip("[]\n").replace("},\n", "}\n"),
        "one line": array.replace("\n", ""),
    }
    found = []
    for name, text in forms.items():
        file, store = tmp_path / name, Address(str(tmp_path / f"{name}.db"))
        file.write_text(text)
        imported(store, file, "--format", "taskwarrior")
        found.append(tasks_of(store, "createdAt"))
    assert found[0] == found[1] == found[2]


def test_csv_stays_the_same(address: Address, tmp_path: Path) -> None:
    """A table of tasks, imported, is the same table, ids and order included."""
    origin = Address(str(tmp_path / "origin.db"))
    assert gql_tasks("demo", origin, "--tasks", "400").code == 0
    origin.execute(
        "DELETE FROM tasks WHERE id % 7 = 0",
        "UPDATE tasks SET position = 'a0V' WHERE id = 300",
        "UPDATE labels SET name = 'one, \"two\"' WHERE id = 1",
        "UPDATE tasks SET title = '=HYPERLINK(\"x\"), ''@SUM''' WHERE id = 2",
    )
    first = exported(origin, "--format", "csv")
    (tmp_path / "tasks.csv").write_bytes(first)
    imported(address, tmp_path / "tasks.csv", "--format", "csv")
    assert exported(address, "--format", "csv") == first


def test_csv_by_hand(address: Address, tmp_path: Path) -> None:
    """A table needs a title and nothing else; spreadsheets' capitals and marks are read."""
    (tmp_path / "tasks.csv").write_bytes(
        b'\xef\xbb\xbftitle,completed,labels,due\r\nTea,TRUE,"b, a,""x, y""",2026-01-31T08:00+01:00'
        b"\r\n,,,\r\nMilk\r\n"
    )
    imported(address, tmp_path / "tasks.csv", "--format", "csv")
    tea, milk = tasks_of(address)
    assert tea.pop("completedAt") is not None
    assert tea == {name: value for name, value in PLAIN.items() if name != "completedAt"} | {
        "title": "Tea",
        "completed": True,
        "labels": {"a", "b", "x, y"},
        "dueAt": "2026-01-31T07:00:00.000Z",
    }
    assert milk == PLAIN | {"title": "Milk"}


@pytest.mark.parametrize("format_name", ["todoist", "taskwarrior"])
def test_added_twice(address: Address, format_name: str) -> None:
    """Foreign tasks are added beside others; projects and labels of a name are there once."""
    file = {"todoist": TODOIST, "taskwarrior": TASKWARRIOR}[format_name]
    for _ in range(2):
        imported(address, file, "--format", format_name, "--add")
    for table in ("projects", "labels"):
        names = [name for (name,) in address.fetch(f"SELECT name FROM {table}")]
        assert len(names) == len({*names}) > 0
    titles = [task["title"] for task in tasks_of(address)]
    assert titles[: len(titles) // 2] == titles[len(titles) // 2 :]
