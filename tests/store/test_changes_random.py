"""Random statements by random writers leave a log from which the tables can be written again."""

from contextlib import closing, suppress

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gql_tasks.domain.errors import Refused
from gql_tasks.domain.project import NewProject
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.services import labels, projects, tasks
from gql_tasks.store.address import open_database
from gql_tasks.store.database import Database, WriteSession
from gql_tasks.store.sqlite_driver import sqlite3
from tests import sql
from tests.change_log import log_of, replayed, world_of
from tests.sql import Address

Step = tuple[str, ...]
"""Who writes, and what: a statement, or a service with its arguments."""

TASKS = st.sampled_from("12345")
LABELS = st.sampled_from("123")
PROJECTS = st.sampled_from("12")
SETS = st.lists(
    st.sampled_from(
        [
            "title = 'x'",
            "title = NULL",
            "description = 'é\"\\'",
            "completed = true",
            "completed = false",
            "completed = NULL",
            "priority = 4",
            "due_on = '2026-01-31', due_at = NULL",
            "due_at = '2026-01-31T08:00:00.000Z', due_on = NULL",
            "start_on = NULL",
            "position = ''",
            "position = 'b12'",
            "project_id = 1",
            "project_id = NULL",
            "parent_id = 1",
            "parent_id = NULL",
            "version = 3",
            "created_at = '2001-01-01T00:00:00.000Z'",
            "completed_at = '2001-01-01T00:00:00.000Z'",
        ]
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda part: part.partition(" ")[0],
).map(", ".join)
WHERE = st.one_of(
    st.just(""),
    TASKS.map(" WHERE id = {}".format),
    st.lists(TASKS, min_size=1, max_size=3).map(lambda ids: f" WHERE id IN ({', '.join(ids)})"),
)
PAIRS = st.lists(st.builds("({}, {})".format, TASKS, LABELS), min_size=1, max_size=3).map(
    lambda pairs: ", ".join(dict.fromkeys(pairs))
)
PAIR = st.builds(" WHERE task_id = {} AND label_id = {}".format, TASKS, LABELS)
STATEMENTS = st.one_of(
    st.builds("UPDATE tasks SET {}{}".format, SETS, WHERE),
    st.builds("DELETE FROM tasks{}".format, WHERE),
    st.builds("UPDATE tasks SET id = id + 5{}".format, WHERE),
    st.builds("INSERT INTO tasks (id, title, parent_id) VALUES ({}, 'n', {})".format, TASKS, TASKS),
    st.builds("INSERT INTO tasks (id) VALUES ({}), ({})".format, TASKS, TASKS),
    st.builds("INSERT INTO task_labels (task_id, label_id) VALUES {}".format, PAIRS),
    st.builds(
        "INSERT INTO task_labels (task_id, label_id) VALUES {} ON CONFLICT DO NOTHING".format, PAIRS
    ),
    st.builds("DELETE FROM task_labels{}".format, st.just("") | PAIR),
    st.builds("UPDATE task_labels SET label_id = {}{}".format, LABELS, st.just("") | PAIR),
    st.builds("UPDATE task_labels SET task_id = {}{}".format, TASKS, st.just("") | PAIR),
    st.builds("DELETE FROM labels WHERE id = {}".format, LABELS),
    st.builds("UPDATE labels SET name = name || 'x', color = '#{}'".format, LABELS),
    st.builds("INSERT INTO labels (id, name) VALUES ({}, 'n')".format, LABELS),
    st.builds("DELETE FROM projects WHERE id = {}".format, PROJECTS),
    st.builds("UPDATE projects SET archived_at = '200{}-01-01'".format, PROJECTS),
    st.builds("INSERT INTO projects (id, name) VALUES ({}, 'n')".format, PROJECTS),
)
REPLACING = st.one_of(
    st.builds("REPLACE INTO tasks (id, title) VALUES ({}, 'r')".format, TASKS),
    st.builds("REPLACE INTO labels (id, name) VALUES ({}, 'r')".format, LABELS),
    st.builds("REPLACE INTO projects (id, name) VALUES ({}, 'r')".format, PROJECTS),
    st.builds("REPLACE INTO task_labels (task_id, label_id) VALUES {}".format, PAIRS),
    st.builds("UPDATE OR REPLACE task_labels SET label_id = {}".format, LABELS),
    st.builds("UPDATE OR REPLACE task_labels SET task_id = {}{}".format, TASKS, PAIR),
    st.builds("UPDATE OR REPLACE tasks SET id = {} WHERE id = {}".format, TASKS, TASKS),
    st.builds("UPDATE OR IGNORE tasks SET id = {}{}".format, TASKS, WHERE),
    st.builds("INSERT OR IGNORE INTO tasks (id, title) VALUES ({}, 'i')".format, TASKS),
)
WRITERS = st.sampled_from(["", "foreign_keys", "recursive_triggers", "both"])
SERVICES = st.one_of(
    st.tuples(st.just("service"), st.sampled_from(["create", "update", "delete"]), TASKS, LABELS),
    st.tuples(
        st.just("service"), st.sampled_from(["project", "delete_project", "delete_label"]), PROJECTS
    ),
)
STEPS = st.one_of(
    st.tuples(WRITERS, STATEMENTS),
    st.tuples(WRITERS, STATEMENTS),
    st.tuples(WRITERS, REPLACING),
    SERVICES,
)

BEGIN = (
    "DELETE FROM tasks",
    "DELETE FROM task_labels",
    "DELETE FROM labels",
    "DELETE FROM projects",
    "DELETE FROM changes",
    "INSERT INTO projects (id, name) VALUES (1, 'p'), (2, 'q')",
    "INSERT INTO labels (id, name) VALUES (1, 'a'), (2, 'b'), (3, 'c')",
    (
        "INSERT INTO tasks (id, title, project_id, parent_id) VALUES"
        " (1, 'a', 1, NULL), (2, 'b', 2, 1), (3, 'c', 1, 2)"
    ),
    "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1), (1, 2), (2, 1)",
)

UNUSED = tuple(
    f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH 1000" for table in ("tasks", "projects")
)
"""PostgreSQL does not know which ids others have taken."""

OPTIONS = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@OPTIONS
@given(steps=st.lists(STEPS, min_size=1, max_size=12))
async def test_replay(address: Address, steps: list[Step]) -> None:
    """Applied to nothing, the log gives the tables' rows; each entry begins where its row was."""
    address.execute(*BEGIN, *(() if address.is_sqlite else UNUSED))
    database = open_database(str(address))
    if any(step[0] == "service" for step in steps):
        await database.open()
    try:
        for step in steps:
            await take(step, address, database)
    finally:
        await database.close()
    assert replayed(log_of(address)) == world_of(address)


async def take(step: Step, address: Address, database: Database) -> None:
    """Write, or be refused."""
    match step:
        case ("service", *arguments):
            with suppress(Refused):
                await database.write(lambda session: serve(session, *arguments))
        case (pragmas, statement) if address.is_sqlite:
            with closing(sqlite3.connect(address, isolation_level=None)) as connection:
                connection.execute(f"PRAGMA foreign_keys = {pragmas in {'foreign_keys', 'both'}}")
                connection.execute(
                    f"PRAGMA recursive_triggers = {pragmas in {'recursive_triggers', 'both'}}"
                )
                with suppress(sqlite3.IntegrityError):
                    connection.execute(statement)
        case (_, statement) if " OR " not in statement and not statement.startswith("REPLACE"):
            sql.run(_write, str(address), statement)


async def _write(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        with suppress(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(statement)
    finally:
        await connection.close()


def serve(session: WriteSession, what: str, row_id: str, label_id: str = "") -> None:
    """Write as the doors do."""
    match what:
        case "create":
            below = NewTask("below", completed=True, label_ids=(label_id,))
            tasks.create_task(session, NewTask("new", parent_id=row_id, subtasks=(below,)))
        case "update":
            tasks.update_task(
                session,
                row_id,
                TaskChanges(title="changed", completed=True, add_label_ids=(label_id,)),
            )
        case "delete":
            tasks.delete_task(session, row_id)
        case "project":
            projects.create_project(session, NewProject("new"))
        case "delete_project":
            projects.delete_project(session, row_id, delete_tasks=True)
        case "delete_label":
            labels.delete_label(session, row_id)
