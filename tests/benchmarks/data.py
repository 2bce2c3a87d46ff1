"""The tasks that both servers serve: a formula of the id, so that answers are known without one."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import create_engine

from gql_tasks.store.address import open_database
from tests.benchmarks.documented import Base

PROJECTS = 100
LABELS = 20
FIRST_DUE_ON = date(2026, 1, 1)


def title(task_id: int) -> str:
    return f"Task number {task_id}"


def description(task_id: int) -> str:
    return f"What there is to say of task {task_id}, with “quotes” and a line\nof its own"


def completed(task_id: int) -> bool:
    return task_id % 3 == 0


def due_on(task_id: int) -> str | None:
    """Give a day of one year; every seventh task is due on none."""
    if task_id % 7 == 0:
        return None
    return (FIRST_DUE_ON + timedelta(days=task_id * 31 % 367)).isoformat()


def project_id(task_id: int) -> int:
    return task_id % PROJECTS + 1


def tasks_of_project(project_id: int, tasks: int) -> range:
    return range(project_id - 1 or PROJECTS, tasks + 1, PROJECTS)


def project_name(project_id: int) -> str:
    return f"Project {project_id}"


def label_ids(task_id: int) -> list[int]:
    """Give 0 to 3 labels, by name, which is by id."""
    return sorted((task_id * 7 + place * 3) % LABELS + 1 for place in range(task_id // 5 % 4))


def label_name(label_id: int) -> str:
    return f"label-{label_id:02}"


def fill_documented(path: Path, tasks: int) -> None:
    """Make the baseline's file as its own models have it."""
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    engine.dispose()
    with closing(_connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO projects (id, name) VALUES (?, ?)",
            ((number, project_name(number)) for number in range(1, PROJECTS + 1)),
        )
        connection.executemany(
            "INSERT INTO labels (id, name) VALUES (?, ?)",
            ((number, label_name(number)) for number in range(1, LABELS + 1)),
        )
        connection.executemany(
            "INSERT INTO tasks (id, title, description, completed, due_on, project_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            _task_rows(tasks),
        )
        connection.executemany(
            "INSERT INTO task_labels (task_id, label_id) VALUES (?, ?)",
            ((number, label) for number in range(1, tasks + 1) for label in label_ids(number)),
        )
        connection.execute("COMMIT")


def fill_gql_tasks(path: Path, documented: Path) -> None:
    """Make our store with its own migrations, and copy the baseline's rows into it.

    A statement a table, so that the full-text index is brought up to date once and not for every
    row; the triggers do the rest of their work on each.
    """
    asyncio.run(_migrate(path))
    with closing(_connect(path)) as connection:
        connection.execute("ATTACH ? AS documented", (str(documented),))
        connection.execute("BEGIN")
        connection.execute(
            "INSERT INTO projects (id, name) SELECT id, name FROM documented.projects"
        )
        connection.execute("INSERT INTO labels (id, name) SELECT id, name FROM documented.labels")
        connection.execute(
            "INSERT INTO tasks (id, title, description, completed, due_on, project_id)"
            " SELECT id, title, description, completed, due_on, project_id FROM documented.tasks"
        )
        connection.execute(
            "INSERT INTO task_labels SELECT task_id, label_id FROM documented.task_labels"
        )
        connection.execute("COMMIT")


async def _migrate(path: Path) -> None:
    database = open_database(str(path))
    await database.open()
    await database.close()


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")  # of this connection alone
    return connection


def _task_rows(tasks: int) -> Iterator[tuple[object, ...]]:
    for number in range(1, tasks + 1):
        yield (
            number,
            title(number),
            description(number),
            completed(number),
            due_on(number),
            project_id(number),
        )
