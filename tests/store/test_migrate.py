"""Migration: the tutorial's file opens in place and stays a file that other programs write."""

import asyncio
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Boolean, Connection, Integer, String, create_engine, select
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.store.address import open_database
from gql_tasks.store.migrate import HEAD, VERSION_TABLE, every_migration
from gql_tasks.store.migrations.statistics import STATISTICS
from gql_tasks.store.sqlite_driver import sqlite3
from gql_tasks.store.tables import Base
from tests import sql
from tests.conftest import SEED, Client, running_app, serve
from tests.sql import Address

NEWEST = every_migration()[-1].partition(":")[0]

TUTORIAL_SCHEMA = [
    ("ix_tasks_id", "CREATE INDEX ix_tasks_id ON tasks (id)"),
    ("ix_tasks_title", "CREATE INDEX ix_tasks_title ON tasks (title)"),
]

# Every stored value as SQLite keeps it: its type, and its bytes.
ROWS = """
    SELECT id, typeof(title), CAST(title AS BLOB), typeof(description), CAST(description AS BLOB),
           typeof(completed), completed
    FROM tasks ORDER BY id
"""

LONG_AGO = "2001-01-01T00:00:00.000Z"


class TutorialBase(DeclarativeBase):
    pass


class TutorialTask(TutorialBase):
    """The tutorial's model: its four columns, and no word of those that came later."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, index=True)
    title: Mapped[str | None] = mapped_column(String, index=True)
    description: Mapped[str | None] = mapped_column(String, default="")
    completed: Mapped[bool | None] = mapped_column(Boolean, default=False)


@contextmanager
def tutorial_program(path: Path) -> Iterator[Session]:
    """Open the file as the tutorial's program does: tables made where there are none, a session."""
    engine = create_engine(f"sqlite:///{path}")
    TutorialBase.metadata.create_all(engine)
    with Session(engine, autoflush=False) as session:
        yield session
    engine.dispose()


async def migrate(address: Path | str) -> None:
    database = open_database(str(address))
    try:
        await database.open()
    finally:
        await database.close()


async def pending(address: Path | str) -> list[str]:
    database = open_database(str(address))
    try:
        return await database.pending_migrations()
    finally:
        await database.close()


def fetch(path: Path, query: str) -> list[tuple[Any, ...]]:
    return Address(path).fetch(query)


# The tutorial's file


async def test_tutorial_file_loses_nothing(tutorial_file: Path) -> None:
    """Each of the file's 11 rows is there byte for byte, and so are its indexes."""
    before = fetch(tutorial_file, ROWS)
    assert len(before) == 11
    assert {row[1] for row in before} == {"text", "null"}
    assert max(len(row[4] or b"") for row in before) == 70_000
    assert max(row[0] for row in before) > 2**31
    await migrate(tutorial_file)
    assert fetch(tutorial_file, ROWS) == before
    indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
    assert set(TUTORIAL_SCHEMA) <= set(fetch(tutorial_file, indexes))
    assert fetch(tutorial_file, "PRAGMA integrity_check") == [("ok",)]


async def test_tutorial_file_is_served(tutorial_file: Path) -> None:
    """Both doors serve every row of the file, NULLs as empty texts and false."""
    stored = fetch(tutorial_file, "SELECT id, title, description, completed FROM tasks ORDER BY id")
    expected = [
        {
            "id": row_id,
            "title": title or "",
            "description": description or "",
            "completed": bool(completed),
        }
        for row_id, title, description, completed in stored
    ]
    async with running_app(str(tutorial_file)) as client:
        assert (await client.http.get("/tasks/")).json() == expected
        graphql = await client.data("{ tasks { id title description completed version } }")
        assert graphql["tasks"] == [
            {**task, "id": str(task["id"]), "version": 1} for task in expected
        ]


async def test_rows_that_were_there_are_dated_with_the_migration(tutorial_file: Path) -> None:
    """Rows of before the migration have one moment of creation and no moment of completion."""
    await migrate(tutorial_file)
    ((moments, first, updated, completed_at, unstamped),) = fetch(
        tutorial_file,
        "SELECT count(DISTINCT created_at), min(created_at), min(updated_at), max(completed_at), "
        "sum(created_at < '2020') FROM tasks",
    )
    assert (moments, updated, completed_at, unstamped) == (1, first, None, 0)


async def test_what_the_user_added_survives(tutorial_file: Path) -> None:
    """A column, index, view, trigger and table of the user's own are kept, and no trigger fires."""
    Address(tutorial_file).execute(
        "ALTER TABLE tasks ADD COLUMN colour VARCHAR DEFAULT 'red'",
        "UPDATE tasks SET colour = 'blue' WHERE id = 2",
        "CREATE UNIQUE INDEX my_index ON tasks (title, id) WHERE completed",
        "CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE NOT completed",
        "CREATE TABLE audit (id INTEGER PRIMARY KEY, what TEXT)",
        "INSERT INTO audit (what) VALUES ('mine')",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)",
        "INSERT INTO alembic_version VALUES ('my_own_revision')",
        'CREATE TRIGGER "my ""trigger" AFTER UPDATE ON tasks '
        "BEGIN INSERT INTO audit (what) VALUES ('task ' || NEW.id); END",
    )
    added = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE '%tasks%' ORDER BY 1, 2"
    everything = ("SELECT id, colour FROM tasks", "SELECT * FROM open_tasks", "SELECT * FROM audit")
    before = [fetch(tutorial_file, query) for query in everything]
    schema = set(fetch(tutorial_file, added))
    await migrate(tutorial_file)
    assert [fetch(tutorial_file, query) for query in everything] == before
    new = {("table", VERSION_TABLE), ("index", f"sqlite_autoindex_{VERSION_TABLE}_1")}
    assert {row for row in fetch(tutorial_file, added) if row[:2] not in new} >= schema
    assert fetch(tutorial_file, "SELECT * FROM alembic_version") == [("my_own_revision",)]
    Address(tutorial_file).execute("UPDATE tasks SET title = 'mine still fires' WHERE id = 1")
    assert ("task 1",) in fetch(tutorial_file, "SELECT what FROM audit")


def test_tutorial_program_works_on_while_the_server_runs(tutorial_file: Path) -> None:
    """What the tutorial's program inserts, updates and deletes is served at once."""
    with (
        serve("--database", str(tutorial_file)) as server,
        httpx2.Client(base_url=server.url) as http,
        tutorial_program(tutorial_file) as program,
    ):
        task = TutorialTask(title="From the tutorial")
        program.add(task)
        program.commit()
        path = f"/tasks/{task.id}"
        query = f"{{ task(id: {task.id}) {{ title completed version }} }}"
        served = {"title": "From the tutorial", "completed": False}
        assert http.get(path).json() == served | {"description": "", "id": task.id}
        assert _task(http, query) == served | {"version": 1}
        task.completed = True
        program.commit()
        assert _task(http, query) == served | {"completed": True, "version": 2}
        program.delete(task)
        program.commit()
        assert _task(http, query) is None
        assert http.get(path).status_code == 404
        http.post("/tasks/", json={"title": "From the server"}).raise_for_status()
        assert "From the server" in program.scalars(select(TutorialTask.title)).all()


def _task(http: httpx2.Client, query: str) -> Any:
    return http.post("/graphql", json={"query": query}).json()["data"]["task"]


# What other writers do, on both stores


@pytest.fixture
def from_outside(address: Address) -> Callable[[str], tuple[Any, ...]]:
    """Run a statement as sqlite3 or psql would, and read the only row's stamps.

    A stamp that is not of long ago, to which each run sets them back, is shown as "now".
    """

    def run(statement: str) -> tuple[Any, ...]:
        address.execute(statement)
        text = (
            "strftime('%Y', {})" if address.is_sqlite else "to_char({} AT TIME ZONE 'UTC', 'YYYY')"
        )
        stamps = ", ".join(
            text.format(column) for column in ("created_at", "updated_at", "completed_at")
        )
        ((version, *years),) = address.fetch(f"SELECT version, {stamps} FROM tasks")
        address.execute(
            f"UPDATE tasks SET created_at = '{LONG_AGO}', updated_at = '{LONG_AGO}'",
            f"UPDATE tasks SET completed_at = '{LONG_AGO}' WHERE completed_at IS NOT NULL",
        )
        names = {"2001": "long ago", None: None}
        return (version, *(names.get(year, "now") for year in years))

    return run


def test_stamps_follow_every_writer(from_outside: Callable[[str], tuple[Any, ...]]) -> None:
    """Version, updatedAt and completedAt move with a change, whoever makes it, and only then."""
    # columns: version, created_at, updated_at, completed_at
    assert from_outside("INSERT INTO tasks (title) VALUES ('a')") == (1, "now", "now", None)
    for statement, stamps in [
        ("UPDATE tasks SET title = 'a'", (1, "long ago", "long ago", None)),
        ("UPDATE tasks SET title = 'b'", (2, "long ago", "now", None)),
        ("UPDATE tasks SET title = NULL", (3, "long ago", "now", None)),
        ("UPDATE tasks SET title = NULL", (3, "long ago", "long ago", None)),
        ("UPDATE tasks SET description = ''", (4, "long ago", "now", None)),
        ("UPDATE tasks SET completed = false", (5, "long ago", "now", None)),
        ("UPDATE tasks SET completed = true", (6, "long ago", "now", "now")),
        ("UPDATE tasks SET completed = true", (6, "long ago", "long ago", "long ago")),
        ("UPDATE tasks SET title = 'c'", (7, "long ago", "now", "long ago")),
        ("UPDATE tasks SET completed = NULL", (8, "long ago", "now", None)),
        ("UPDATE tasks SET completed = true, title = 'd'", (9, "long ago", "now", "now")),
        ("UPDATE tasks SET completed = false", (10, "long ago", "now", None)),
        ("UPDATE tasks SET id = 7", (10, "long ago", "long ago", None)),
    ]:
        assert from_outside(statement) == stamps, statement


def test_a_task_inserted_completed_is_stamped(
    from_outside: Callable[[str], tuple[Any, ...]],
) -> None:
    """A row that another program inserts as completed has the moment of that."""
    inserted = from_outside("INSERT INTO tasks (title, completed) VALUES ('done', true)")
    assert inserted == (1, "now", "now", "now")


async def test_writers_from_outside_are_served_at_once(client: Client, address: Address) -> None:
    """What sqlite3 or psql writes while the application runs is in its next answers."""
    address.execute("INSERT INTO tasks (title, completed) VALUES ('from outside', NULL)")
    task = {"title": "from outside", "description": "", "completed": False, "id": 1}
    assert (await client.http.get("/tasks/")).json() == [task]
    query = "{ task(id: 1) { title completed version completedAt } }"
    read = {"title": "from outside", "completed": False, "version": 1, "completedAt": None}
    assert await client.data(query) == {"task": read}
    address.execute("UPDATE tasks SET title = 'changed'")
    assert await client.data(query) == {"task": read | {"title": "changed", "version": 2}}
    assert (await client.http.get("/tasks/1")).json() == task | {"title": "changed"}
    address.execute("DELETE FROM tasks")
    assert await client.data(query) == {"task": None}
    assert (await client.http.get("/tasks/")).json() == []


# Running migrations


def test_a_table_that_is_there_is_kept(new_address: Address) -> None:
    """The tutorial's table is added to where it is, on PostgreSQL as on SQLite."""
    key = "INTEGER PRIMARY KEY" if new_address.is_sqlite else "SERIAL PRIMARY KEY"
    new_address.execute(
        TABLE.format(key, ", colour VARCHAR"),
        "INSERT INTO tasks (title, colour) VALUES ('mine', 'red'), (NULL, 'blue')",
    )
    sql.run(migrate, new_address)
    new_address.execute("INSERT INTO tasks (title) VALUES ('later')")
    assert new_address.fetch("SELECT id, title, colour, version FROM tasks ORDER BY id") == [
        (1, "mine", "red", 1),
        (2, None, "blue", 1),
        (3, "later", None, 1),
    ]


def test_the_newest_is_known_without_looking() -> None:
    """What is named as the newest migration is the newest there is."""
    assert HEAD == NEWEST


def test_a_server_has_no_use_for_alembic(tmp_path: Path) -> None:
    """A migrated file is served without what migrates, and without PostgreSQL's driver."""
    path = tmp_path / "tasks.db"
    sql.run(migrate, path)
    look = (
        "import asyncio, sys\n"
        "import gql_tasks.cli\n"
        "from gql_tasks.app import create_app\n"
        "from gql_tasks.config import Settings\n"
        "async def serve():\n"
        f"    app = create_app(Settings(database={str(path)!r}))\n"
        "    async with app.router.lifespan_context(app):\n"
        "        print(sorted({'alembic', 'asyncpg'} & {*sys.modules}))\n"
        "asyncio.run(serve())\n"
    )
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_migrating_again_does_nothing(address: Address) -> None:
    """A second migration finds nothing pending and changes nothing."""
    address.execute("INSERT INTO tasks (title) VALUES ('a')")
    before = address.fetch("SELECT * FROM tasks"), _ddl(address)
    assert sql.run(pending, str(address)) == []
    sql.run(migrate, str(address))
    assert (address.fetch("SELECT * FROM tasks"), _ddl(address)) == before


def test_looking_changes_nothing(tutorial_file: Path) -> None:
    """Listing what is pending leaves the file as it was, to the byte."""
    before = tutorial_file.read_bytes()
    first, *_ = sql.run(pending, tutorial_file)
    assert first.startswith("0001: the tutorial's table")
    assert tutorial_file.read_bytes() == before
    assert [path.name for path in tutorial_file.parent.iterdir()] == ["tasks.db"]


@pytest.fixture
def new_address(store: str, tmp_path: Path, request: pytest.FixtureRequest) -> Address:
    """Where a store can be that nothing has touched."""
    if store == "postgresql":
        return Address(request.getfixturevalue("empty_database")())
    return Address(tmp_path / "new.db")


async def test_eight_at_once(new_address: Address) -> None:
    """Of eight that open a new store at once one migrates it, and all of them can use it."""
    await asyncio.gather(*(migrate(new_address) for _ in range(8)))
    assert new_address.fetch(f"SELECT count(*) FROM {VERSION_TABLE}") == [(1,)]
    assert new_address.fetch("SELECT count(*) FROM tasks") == [(0,)]


def test_processes_at_once(tutorial_file: Path) -> None:
    """Of several processes that migrate a file at once none fails."""
    before = fetch(tutorial_file, ROWS)
    processes = [_migrating(tutorial_file) for _ in range(3)]
    results = [(process.communicate(timeout=60), process.returncode) for process in processes]
    assert [(errors, code) for (_, errors), code in results] == [("", 0)] * 3
    assert fetch(tutorial_file, ROWS) == before
    assert fetch(tutorial_file, f"SELECT * FROM {VERSION_TABLE}") == [(NEWEST,)]


TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid"
"""In the order of their making, by which SQLite sets them off."""


async def test_triggers_are_exchanged_in_their_places(tutorial_file: Path) -> None:
    """A store of before 0007 gets its triggers where the old ones were, between the user's own."""
    mine = "CREATE TRIGGER mine AFTER UPDATE ON {} BEGIN SELECT 1; END"
    Address(tutorial_file).execute(mine.format("tasks"))
    await migrate(tutorial_file)
    Address(tutorial_file).execute(mine.replace("mine", "mine_too").format("projects"))
    made = fetch(tutorial_file, TRIGGERS)
    rows = fetch(tutorial_file, "SELECT * FROM tasks")
    names = [name for name, _ in made]
    assert names.index("mine") < names.index("projects_stamp_update") < names.index("mine_too")
    indexes = "SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name"
    indexed = fetch(tutorial_file, indexes)
    older = ("projects_stamp_update", "task_labels_exchange")
    Address(tutorial_file).execute(
        f"UPDATE {VERSION_TABLE} SET version_num = '0006'",
        *(f"DROP INDEX ix_tasks_open_{name}" for name in ("id", "position", "due", "project_id")),
        "CREATE INDEX ix_tasks_is_completed ON tasks (is_completed, due, id)",
        "DROP INDEX ix_tasks_due",
        "CREATE INDEX ix_tasks_due ON tasks (due, id, is_completed)",
        "PRAGMA writable_schema = ON",
        f"UPDATE sqlite_master SET sql = replace(sql, 'BEGIN', 'BEGIN SELECT 6;') "
        f"WHERE name IN {older}",
    )
    found = [name for name, text in fetch(tutorial_file, TRIGGERS) if "SELECT 6" in text]
    assert found == [*older]
    assert await pending(tutorial_file) == ["0007: writes that write less."]
    await migrate(tutorial_file)
    assert fetch(tutorial_file, TRIGGERS) == made
    assert fetch(tutorial_file, "SELECT * FROM tasks") == rows
    assert fetch(tutorial_file, indexes) == indexed


async def test_the_users_statistics_stay(tutorial_file: Path) -> None:
    """SQLite's planner is told of the indexes that migrations make, and keeps what it knew."""
    mine = ("tasks", "mine", "11 11")
    address = Address(tutorial_file)
    address.execute("CREATE INDEX mine ON tasks (description)", "ANALYZE")
    address.execute("UPDATE sqlite_stat1 SET stat = '11 11' WHERE idx = 'mine'")
    analyzed = {index for (index,) in fetch(tutorial_file, "SELECT idx FROM sqlite_stat1")}
    assert analyzed == {"mine", "ix_tasks_id", "ix_tasks_title"}
    await migrate(tutorial_file)
    statistics = fetch(tutorial_file, "SELECT tbl, idx, stat FROM sqlite_stat1")
    assert sorted(statistics, key=str) == sorted([mine, *STATISTICS], key=str)
    of_indexes = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index' AND sql NOT NULL"
    told = {(table, index) for table, index, _ in statistics}
    assert {*fetch(tutorial_file, of_indexes)} <= told


# Stores that are not ours


def test_newer_store_is_refused(address: Address) -> None:
    """A store that a newer program migrated is refused in one line, and left alone."""
    address.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    try:
        with pytest.raises(StoreUnusable) as refused:
            sql.run(migrate, str(address))
    finally:
        address.execute(f"UPDATE {VERSION_TABLE} SET version_num = '{NEWEST}'")
    assert str(refused.value) == (
        f"{open_database(address).name} was migrated by a newer gql_tasks (revision 9999); "
        "upgrade this one"
    )


TABLE = "CREATE TABLE tasks (id {}, title VARCHAR, description VARCHAR, completed BOOLEAN{})"
NO_KEY = "has a table tasks without an integer primary key id: it is not a task store"
REFUSED = {
    "CREATE TABLE tasks (id INTEGER PRIMARY KEY, name VARCHAR, completed BOOLEAN)": (
        "has a table tasks without description, title: it is not a task store"
    ),
    TABLE.format("VARCHAR(36) PRIMARY KEY", ""): NO_KEY,
    TABLE.format("INTEGER", ""): NO_KEY,
    "CREATE VIEW tasks AS SELECT 1 AS id, 'x' AS title, 'y' AS description, true AS completed": (
        NO_KEY
    ),
    TABLE.format("INTEGER PRIMARY KEY", ", version VARCHAR, created_at VARCHAR"): (
        "has a table tasks with created_at, version of its own, "
        "which gql_tasks would add; rename what is there"
    ),
}


@pytest.mark.parametrize("statement", REFUSED)
def test_other_tables_are_refused(new_address: Address, statement: str) -> None:
    """A table tasks that is not the tutorial's is refused in one line, and left alone."""
    new_address.execute(statement)
    before = Path(new_address).read_bytes() if new_address.is_sqlite else _ddl(new_address)
    with pytest.raises(StoreUnusable) as refused:
        sql.run(migrate, str(new_address))
    assert str(refused.value) == f"{open_database(new_address).name} {REFUSED[statement]}"
    assert (
        Path(new_address).read_bytes() if new_address.is_sqlite else _ddl(new_address)
    ) == before


def test_a_migration_that_fails_leaves_no_trace(new_address: Address) -> None:
    """What stops a migration half-way is one line, and what had been done is undone."""
    # In the way of the last thing that the migration makes.
    obstacle = (
        "CREATE TRIGGER tasks_stamp_update AFTER DELETE ON tasks BEGIN SELECT 1; END"
        if new_address.is_sqlite
        else "CREATE FUNCTION tasks_stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'"
    )
    new_address.execute(TABLE.format("INTEGER PRIMARY KEY", ""), obstacle)
    before = _ddl(new_address)
    with pytest.raises(StoreUnusable) as refused:
        sql.run(migrate, str(new_address))
    name = open_database(new_address).name
    assert str(refused.value) in {
        f"{name} cannot be used: trigger tasks_stamp_update already exists",
        f'{name} cannot be used: function "tasks_stamp" already exists with same argument types',
    }
    assert _ddl(new_address) == before


# Interruption


@pytest.fixture(scope="module")
def large_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tutorial's file with so many rows that its migration takes a while."""
    path = tmp_path_factory.mktemp("large") / "tasks.db"
    shutil.copy(SEED / "tutorial_tasks.db", path)
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO tasks (title, description, completed) VALUES (?, ?, ?)",
            ((f"task {n}", "text " * 20, n % 2) for n in range(40_000)),
        )
        connection.commit()
    return path


def test_kill_while_migrating(large_file: Path, tmp_path: Path) -> None:
    """A file whose migration is killed at any moment is as it was or migrated, with every row."""
    rows = fetch(large_file, ROWS)
    schema = fetch(large_file, "SELECT * FROM sqlite_master")
    whole_seconds = _kill_after(None, _copy(large_file, tmp_path / "whole.db"))
    migrated = []
    for step in range(6):
        path = _copy(large_file, tmp_path / f"{step}.db")
        _kill_after(whole_seconds * step / 5, path)
        assert fetch(path, "PRAGMA integrity_check") == [("ok",)]
        assert fetch(path, ROWS) == rows
        migrated.append(fetch(path, "SELECT * FROM sqlite_master") != schema)
        assert sql.run(pending, path) == [] or not migrated[-1]
        with tutorial_program(path) as program:
            program.add(TutorialTask(id=-1, title="after the kill"))
            program.commit()
        sql.run(migrate, path)
        assert fetch(path, ROWS)[1:] == rows
        path.unlink()
    assert migrated[0] is False  # the kills do come in time


def _copy(source: Path, target: Path) -> Path:
    return Path(shutil.copy(source, target))


def _migrating(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "gql_tasks", "migrate", "--database", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _kill_after(seconds: float | None, path: Path) -> float:
    """Kill a migration so long after it has begun, or when it is done; say how long that was."""
    with _migrating(path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("pending")
        start = time.monotonic()
        if seconds is None:
            while (line := process.stdout.readline()).startswith("pending"):
                pass
            assert line == f"{path} is migrated.\n"
            seconds = time.monotonic() - start
        else:
            time.sleep(seconds)  # the moment of the kill is what the test varies
        process.kill()
    return seconds


# The shape that migrations leave


def test_ddl(address: Address, request: pytest.FixtureRequest) -> None:
    """A migrated empty store has the DDL that stands beside this test."""
    name = "ddl.sqlite.sql" if address.is_sqlite else "ddl.postgresql.sql"
    snapshot = Path(__file__).parent / name
    if request.config.getoption("--update-snapshots"):
        snapshot.write_text(_ddl(address))
    assert _ddl(address) == snapshot.read_text()


def test_tables_are_what_the_migrations_make(address: Address) -> None:
    """Alembic finds no difference between tables.py and a migrated store."""
    assert sql.run(_differences, address) == []


def _is_declared(_thing: Any, name: str, kind: str, *_about: Any) -> bool:
    """Leave out the search index, each store's own, the tutorial's indexes, only SQLite's, and
    foreign keys: SQLAlchemy does not see what SQLite's do on delete. All of them are in the DDL.
    """
    return not (
        kind == "foreign_key_constraint"
        or (kind == "table" and name.startswith("tasks_search"))
        or (kind == "column" and name == "search")
        or (kind == "index" and name in {"ix_tasks_search", "ix_tasks_id", "ix_tasks_title"})
    )


async def _differences(address: Address) -> list[Any]:
    def compare(connection: Connection) -> list[Any]:
        options = {
            "version_table": VERSION_TABLE,
            "compare_type": True,
            "include_object": _is_declared,
        }
        return compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata)

    if address.is_sqlite:
        engine = create_engine(f"sqlite:///{address}")
        with engine.connect() as connection:
            differences = compare(connection)
        engine.dispose()
        return differences
    server = create_async_engine(address.replace("postgresql:", "postgresql+asyncpg:"))
    async with server.connect() as connection:
        differences = await connection.run_sync(compare)
    await server.dispose()
    return differences


def _ddl(address: Address) -> str:
    """Write down a store's schema, each statement as its database would say it."""
    if address.is_sqlite:
        # Some builds of SQLite keep statistics in two tables, some in one.
        query = "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND name NOT LIKE 'sqlite_stat_'"
        query += " ORDER BY tbl_name, rowid"
        statements = [statement for (statement,) in address.fetch(query)]
    else:
        statements = [
            statement for query in POSTGRESQL_DDL for (statement,) in address.fetch(query)
        ]
    return "".join(f"{_dedented(statement)};\n\n" for statement in statements)


def _dedented(statement: str) -> str:
    """Move a statement to the margin; its first line is there already."""
    first, *rest = statement.rstrip().splitlines()
    indent = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return re.sub(
        r"[ \t]+$", "", "\n".join([first, *(line[indent:] for line in rest)]), flags=re.MULTILINE
    )


POSTGRESQL_DDL = (
    """
    SELECT format(E'CREATE TABLE %I (\n%s\n)', relname, string_agg(
        format('    %I %s', attname, format_type(atttypid, atttypmod))
        || CASE attidentity WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
        || coalesce(' DEFAULT ' || pg_get_expr(adbin, adrelid), '')
        || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END,
        E',\n' ORDER BY attnum))
    FROM pg_class
    JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
    GROUP BY relname ORDER BY relname
    """,
    """
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY tablename, indexname
    """,
    """
    SELECT rtrim(pg_get_functiondef(oid), E'\n') FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace ORDER BY proname
    """,
    """
    SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname
    """,
)
