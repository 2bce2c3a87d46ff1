"""`gql-tasks doctor`: every line of it, each fault made from outside, on both stores."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from gql_tasks.store import migrate, upkeep
from gql_tasks.store.sqlite_driver import sqlite3
from tests import postgresql, sql
from tests.conftest import serve
from tests.faults.program import Faults
from tests.sql import Address
from tests.test_cli import ENVIRONMENT, Result, gql_tasks, process

ROWS = (
    "INSERT INTO projects (name) VALUES ('House')",
    "INSERT INTO labels (name) VALUES ('red')",
    "INSERT INTO tasks (title, project_id) VALUES ('Tea', 1), ('Milk', NULL), (NULL, NULL)",
    "INSERT INTO task_labels (task_id, label_id) VALUES (1, 1)",
    "UPDATE labels SET color = '#ff0000'",
    "DELETE FROM tasks WHERE id = 2",
)

WELL = {
    "sqlite": r"""
ok    file         {place}, [\d,]+ bytes
ok    permissions  the file and its directory may be read and written
ok    disk         [\d,]+ bytes are free
ok    sqlite       SQLite 3\.\d+\.\d+
ok    journal      the journal mode is wal
ok    lock         nobody keeps others from writing
ok    integrity    every page is as it should be
ok    references   every row that another leads to is there
ok    migrations   all have run
ok    schema       tables, indexes and triggers are as they were made
ok    search       every task is found by its words
ok    log          8 changes, epoch [0-9a-f]{{6}}
ok    changes      the log and the rows agree
""",
    "postgresql": r"""
ok    connection   {place}
ok    server       PostgreSQL \d+\.\d+
ok    migrations   all have run
ok    permissions  every table may be read and written
ok    schema       tables, indexes, triggers and functions are as made
ok    search       every task is found by its words
ok    log          8 changes, epoch [0-9a-f]{{6}}
ok    changes      the log and the rows agree
""",
}


def doctor(address: Address | Path | str, *flags: str) -> Result:
    """Run it."""
    return gql_tasks("doctor", "--database", str(address), *flags, cwd=Path("/"))


def troubles(address: Address | Path | str) -> list[str]:
    """Run it and take the lines of what is wrong, without the word."""
    result = doctor(address)
    wrong = [line[6:] for line in result.output.splitlines() if line.startswith("wrong")]
    assert (result.code, result.errors) == (1 if wrong else 0, "")
    return [re.sub(" +", " ", line) for line in wrong]


@pytest.fixture
def rows(address: Address) -> Address:
    """A store with a few rows, written by another program."""
    address.execute(*ROWS)
    return address


def test_all_is_well(rows: Address, store: str) -> None:
    """A store that nothing is wrong with gets a line for each check, and the exit code 0."""
    place = rows if rows.is_sqlite else re.sub(r"\?.*", "", rows)
    result = doctor(rows)
    assert re.fullmatch(WELL[store].format(place=re.escape(place)).lstrip(), result.output)
    assert (result.code, result.errors) == (0, "")


def test_nothing_is_touched(rows: Address, store: str, tmp_path: Path) -> None:
    """Looking changes nothing: not a byte of a file, nor what a killed server left beside it."""
    if store == "postgresql":
        before = rows.fetch("SELECT relname, relfilenode FROM pg_class ORDER BY 1")
        doctor(rows)
        assert rows.fetch("SELECT relname, relfilenode FROM pg_class ORDER BY 1") == before
        return
    files = lambda: {path.name: path.read_bytes() for path in tmp_path.iterdir()}  # noqa: E731
    closed = files()
    assert closed.keys() == {"tasks.db"}
    doctor(rows)
    assert files() == closed
    with serve("--database", rows) as server:
        httpx2.post(f"{server.url}/tasks/", json={"title": "x"}).raise_for_status()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    killed = files()
    assert killed.keys() == {"tasks.db", "tasks.db-wal", "tasks.db-shm"}
    assert doctor(rows).code == 0
    after = files()
    assert [after[name] == killed[name] for name in ("tasks.db", "tasks.db-wal")] == [True, True]


def test_while_a_server_runs(rows: Address) -> None:
    """A store that is served, and written to meanwhile, is looked at all the same."""
    with serve("--database", rows) as server:
        for _ in range(3):
            httpx2.post(f"{server.url}/tasks/", json={"title": "x"}).raise_for_status()
            assert troubles(rows) == []


ANEW = "; `gql-tasks doctor --fix` makes it anew"
THEM_ANEW = "; `gql-tasks doctor --fix` makes them anew"
LOGGED = "; `gql-tasks doctor --fix` writes what is missing into the log"
RESTORE = "; keep a copy of the file, and put a backup in its place: `gql-tasks restore BACKUP`"
ONE_ROW = "changes 1 row is not what the log says: "

SQLITE_FAULTS: dict[str, tuple[tuple[str, ...], list[str], bool]] = {
    "trigger missing": (
        ("DROP TRIGGER tasks_log_delete",),
        [f"schema missing or changed: trigger tasks_log_delete{THEM_ANEW}"],
        True,
    ),
    "trigger changed": (
        (
            "DROP TRIGGER labels_leave",
            "CREATE TRIGGER labels_leave AFTER DELETE ON labels BEGIN SELECT 1; END",
        ),
        [f"schema missing or changed: trigger labels_leave{THEM_ANEW}"],
        True,
    ),
    "indexes missing": (
        (
            "DROP INDEX ix_tasks_due",
            "DROP INDEX ix_tasks_position",
            "DROP INDEX ix_tasks_parent_id",
            "DROP INDEX ix_changes_row_id",
        ),
        [
            (
                "schema missing or changed: index ix_changes_row_id, index ix_tasks_due,"
                f" index ix_tasks_parent_id and 1 more{THEM_ANEW}"
            )
        ],
        True,
    ),
    "column missing": (
        ("ALTER TABLE mutations DROP COLUMN answer",),
        [f"schema missing or changed: column mutations.answer{RESTORE}"],
        False,
    ),
    "other words": (
        ("UPDATE tasks_search SET title = 'Coffee' WHERE rowid = 1",),
        [f"search other words are indexed: task 1{ANEW}"],
        True,
    ),
    "words of no task": (
        ("INSERT INTO tasks_search (rowid, title) VALUES (77, 'gone')",),
        [f"search other words are indexed: task 77{ANEW}"],
        True,
    ),
    "index damaged": (
        ("DELETE FROM tasks_search_data WHERE id > 1000",),
        [f"search the search index is damaged{ANEW}"],
        True,
    ),
    "index without its words": (
        (
            "UPDATE tasks_search_content SET c0 = 'Coffee' WHERE id = 1",
            "DROP TRIGGER tasks_search_update",
            "UPDATE tasks SET title = 'Coffee' WHERE id = 1",
        ),
        [
            f"schema missing or changed: trigger tasks_search_update{THEM_ANEW}",
            f"search the search index is damaged{ANEW}",
        ],
        True,
    ),
    "leads nowhere": (
        ("PRAGMA foreign_keys=OFF", "UPDATE tasks SET project_id = 99 WHERE id = 3"),
        [
            "references what they lead to is not there: tasks 3; write them again without it",
        ],
        False,
    ),
    "written behind the log": (
        ("DROP TRIGGER tasks_stamp_update", "UPDATE tasks SET title = 'Cocoa' WHERE id = 1"),
        [
            f"schema missing or changed: trigger tasks_stamp_update{THEM_ANEW}",
            f"{ONE_ROW}task 1{LOGGED}",
        ],
        True,
    ),
    "deleted behind the log": (
        ("DROP TRIGGER tasks_log_delete", "DELETE FROM tasks WHERE id = 3"),
        [
            f"schema missing or changed: trigger tasks_log_delete{THEM_ANEW}",
            f"{ONE_ROW}task 3{LOGGED}",
        ],
        True,
    ),
    "label written behind the log": (
        ("DROP TRIGGER labels_stamp_update", "UPDATE labels SET name = 'blue'"),
        [
            f"schema missing or changed: trigger labels_stamp_update{THEM_ANEW}",
            f"{ONE_ROW}label 1{LOGGED}",
        ],
        True,
    ),
    "log without a name": (
        ("DELETE FROM change_log",),
        ["log change_log has not the one row that names the log; restore a backup"],
        False,
    ),
    "log with a wrong name": (
        ("UPDATE change_log SET epoch = 'tea'",),
        ["log change_log has not the one row that names the log; restore a backup"],
        False,
    ),
    "pruned and there": (
        ("UPDATE change_log SET pruned_through = 2",),
        ["log entry 1 is there, and the log says it was pruned; restore a backup"],
        False,
    ),
    "numbers that begin again": (
        ("DELETE FROM sqlite_sequence WHERE name = 'changes'",),
        ["log the next entry would be 1, behind those that are there; restore a backup"],
        False,
    ),
    "journal": (
        ("PRAGMA journal_mode=DELETE",),
        [
            (
                "journal the journal mode is delete: readers and the writer wait for each other;"
                " `gql-tasks serve` switches to wal"
            )
        ],
        False,
    ),
    "newer": (
        ("UPDATE gql_tasks_version SET version_num = '9999'",),
        [
            (
                "migrations PLACE was migrated by a newer gql_tasks (revision 9999);"
                " upgrade this one; name another file, or upgrade"
            )
        ],
        False,
    ),
}


@pytest.fixture
def file(tmp_path: Path) -> Address:
    """A SQLite store with a few rows."""
    address = Address(str(tmp_path / "tasks.db"))
    assert gql_tasks("migrate", "--database", address, cwd=tmp_path).code == 0
    address.execute(*ROWS)
    return address


@pytest.mark.parametrize("fault", SQLITE_FAULTS)
def test_fault_of_a_file(file: Address, fault: str) -> None:
    """Each fault is a line that says what is wrong and what to do; --fix does it where it can."""
    statements, expected, fixable = SQLITE_FAULTS[fault]
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)
    expected = [line.replace("PLACE", file) for line in expected]
    assert troubles(file) == expected
    if fixable:
        fixed = doctor(file, "--fix")  # 0: nothing is wrong any more
        assert (fixed.code, fixed.errors, fixed.output[:6]) == (0, "", "fixed ")
        # Once more there is nothing to do.
        assert doctor(file, "--fix").output.startswith("ok ")


def test_indexes_made_anew_are_planned_with(file: Address) -> None:
    """What SQLite's planner knew of an index, which goes with it, comes back with it."""
    known = "SELECT tbl, idx, stat FROM sqlite_stat1 ORDER BY tbl, idx"
    before = file.fetch(known)
    file.execute("DROP INDEX ix_tasks_open_due")
    assert file.fetch(known) != before
    assert doctor(file, "--fix").output.splitlines()[0] == "fixed index ix_tasks_open_due"
    assert file.fetch(known) == before


def test_what_was_missed_is_told(file: Address) -> None:
    """What --fix writes into the log is what the row was there, and what it is."""
    file.execute("DROP TRIGGER tasks_stamp_update", "UPDATE tasks SET title = 'Cocoa' WHERE id = 1")
    fixed = doctor(file, "--fix").output.splitlines()
    assert fixed[:2] == [
        "fixed trigger tasks_stamp_update",
        "fixed what is logged of task 1",
    ]
    ((entity, row, before, after),) = file.fetch(
        "SELECT entity, row_id, before ->> '$.title', after ->> '$.title' FROM changes"
        " ORDER BY id DESC LIMIT 1"
    )
    assert (entity, row, before, after) == ("TASK", 1, "Tea", "Cocoa")
    file.execute("UPDATE tasks SET title = 'Coffee' WHERE id = 1")
    assert troubles(file) == []


def test_what_the_tutorial_left(tutorial_file: Path) -> None:
    """A tutorial's file is told to be migrated, and what stands on that is not looked at."""
    result = doctor(tutorial_file)
    assert (result.code, result.errors) == (1, "")
    more = len(migrate.every_migration()) - 3
    pending = f"pending: 0001, 0002, 0003 and {more} more; `gql-tasks migrate` runs them"
    assert f"wrong migrations   {pending}\n" in result.output
    unchecked = [line.split()[1] for line in result.output.splitlines() if line[0] == "-"]
    assert unchecked == ["schema", "search", "log", "changes"]
    refused = doctor(tutorial_file, "--fix")
    assert (refused.code, refused.output) == (1, "")
    assert refused.errors == (
        f"gql-tasks: {tutorial_file} was not fixed: it is not migrated;"
        " `gql-tasks migrate` does that\n"
    )
    assert gql_tasks("migrate", "--database", str(tutorial_file), cwd=Path("/")).code == 0
    assert troubles(tutorial_file) == []


ODD = (
    "INSERT INTO tasks (title, description, completed) VALUES (X'00ff', 9e999, 'yes')",
    "UPDATE tasks SET title = X'e4', version = '7', position = X'6131' WHERE id = 1",
    "UPDATE tasks SET created_at = 'yesterday', due_on = 'soon', priority = 4 WHERE id = 3",
    "UPDATE projects SET name = X'ff', archived_at = 5",
    "UPDATE labels SET name = 1.5, updated_at = 'then', color = ''",
    "INSERT OR REPLACE INTO tasks (id, title) VALUES (3, 'İ' || char(10) || '\\\"')",
    "UPDATE tasks SET id = 70 WHERE id = 1",
    "INSERT INTO task_labels VALUES (70, 99)",
    "UPDATE tasks SET parent_id = 88 WHERE id = 70",
)


def test_odd_values_are_no_fault(file: Address) -> None:
    """Whatever other programs wrote where no type keeps them from it agrees with log and index."""
    with closing(sqlite3.connect(file)) as connection:
        for statement in ODD:
            connection.execute(statement)
        connection.commit()
    assert [line.split()[0] for line in troubles(file)] == ["references"]


def test_no_file(tmp_path: Path) -> None:
    """A file that is not there is told of and not made; --fix says the same."""
    place = tmp_path / "tasks.db"
    remedy = "`gql-tasks serve` makes a new store"
    assert doctor(place) == Result(1, f"wrong file         there is no {place}; {remedy}\n", "")
    assert doctor(place, "--fix").errors == f"gql-tasks: there is no file {place}\n"
    assert [*tmp_path.iterdir()] == []


def test_directory(tmp_path: Path) -> None:
    """A directory is no store."""
    problem = f"wrong file         {tmp_path} is not a file; name a file with --database\n"
    assert doctor(tmp_path) == Result(1, problem, "")


def test_link(file: Address, tmp_path: Path) -> None:
    """Of a link the file is looked at that it leads to, and the log beside that."""
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE tasks SET title = title")
        connection.commit()
        assert troubles(link) == []
    assert [*link.parent.iterdir()] == [link]


def test_not_a_database(tmp_path: Path) -> None:
    """A file that is no database is told to be replaced by a backup."""
    place = tmp_path / "tasks.db"
    place.write_text("tea " * 5000)
    assert troubles(place) == [f"integrity it cannot be read: file is not a database{RESTORE}"]


def test_damaged_pages(file: Address) -> None:
    """Damaged pages are found, and what can still be read is looked at."""
    path = Path(file)
    pages = bytearray(path.read_bytes())
    ((root,),) = file.fetch("SELECT rootpage FROM sqlite_master WHERE name = 'ix_tasks_title'")
    pages[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(pages)
    found = troubles(file)
    assert len(found) == 1
    assert re.fullmatch(
        rf"integrity the file is damaged: [^;\n]*[Pp]age {root}\b[^;\n]*{re.escape(RESTORE)}",
        found[0],
    )


def test_short_file(file: Address) -> None:
    """A file whose end was lost is told to be replaced by a backup."""
    os.truncate(file, 4096 * 3)
    found = troubles(file)
    assert found != []
    assert all(line.endswith(RESTORE) for line in found)


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "PRAGMA locking_mode=EXCLUSIVE"])
def test_locked(file: Address, lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program that keeps others from writing, or from reading, is told of."""
    monkeypatch.setattr(upkeep, "BUSY_TIMEOUT_SECONDS", 0.2)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(lock)
        if "EXCLUSIVE" in lock:
            connection.execute("UPDATE tasks SET title = title")
        assert troubles(file) == [
            "lock another program keeps the file locked; find it, `fuser FILE`, and end it"
        ]
    assert troubles(file) == []


def test_permissions(file: Address, tmp_path: Path) -> None:
    """What may not be read or written is named."""
    remedy = "give the file, what is beside it and the directory to who serves"
    run = lambda: process("doctor", "--database", file, cwd=Path("/"))  # noqa: E731
    Path(file).chmod(0o444)
    try:
        result = run()
        assert (result.code, result.errors) == (1, "")
        assert f"wrong permissions  tasks.db may not be written; {remedy}\n" in result.output
        assert "\n-     lock         looked at once the file may be written\n" in result.output
        Path(file).chmod(0o644)
        tmp_path.chmod(0o555)
        problem = f"SQLite's log cannot be made in {tmp_path}"
        assert f"wrong permissions  {problem}; {remedy}\n" in run().output
        tmp_path.chmod(0o755)
        tmp_path.chmod(0o000)
        problem = f"{file} cannot be looked at: Permission denied"
        line = f"wrong file         {problem}; do this as the user who serves\n"
        assert run() == Result(1, line, "")
        tmp_path.chmod(0o755)
        Path(file).chmod(0o000)
        result = run()
        problem = "tasks.db may not be read, tasks.db may not be written"
        assert f"wrong permissions  {problem}; {remedy}\n" in result.output
        assert f"integrity    it cannot be read: unable to open database file{RESTORE}\n" in (
            result.output
        )
    finally:
        tmp_path.chmod(0o755)
        Path(file).chmod(0o644)
    assert run().code == 0


def test_what_the_system_says(file: Address, tmp_path: Path) -> None:
    """A log that belongs to another user than the file is named, and little room is told of."""
    faults = Faults(tmp_path, Path(file))
    with (
        closing(sqlite3.connect(file)) as connection,
        faults.injected(owner=os.getuid() + 1, free=4 * 1024 * 1024),
    ):
        connection.execute("SELECT * FROM tasks").fetchall()
        ended = subprocess.run(
            [sys.executable, "-m", "gql_tasks", "doctor", "--database", file],
            env=ENVIRONMENT | faults.environment,
            capture_output=True,
            text=True,
        )
    assert (ended.returncode, ended.stderr) == (1, "")
    assert [line for line in ended.stdout.splitlines() if line.startswith("wrong")] == [
        (
            "wrong permissions  tasks.db-wal belongs to another user than tasks.db;"
            " give the file, what is beside it and the directory to who serves"
        ),
        "wrong disk         4,194,304 bytes are free; make room before writes fail",
    ]


def test_settings_are_looked_at(file: Address) -> None:
    """A setting that no server would start with is told of."""
    result = gql_tasks("doctor", "--database", file, cwd=Path("/"), GQL_TASKS_PORT="tea")
    assert result.code == 1
    assert result.errors.startswith("gql-tasks: GQL_TASKS_PORT 'tea': ")


@pytest.fixture
def database(empty_database: Callable[[], str]) -> Address:
    """A PostgreSQL store with a few rows, in a database of its own."""
    address = Address(empty_database())
    assert gql_tasks("migrate", "--database", address, cwd=Path("/")).code == 0
    address.execute(*ROWS)
    return address


PG_RESTORE = "; restore a backup"

POSTGRESQL_FAULTS: dict[str, tuple[tuple[str, ...], list[str], bool]] = {
    "trigger missing": (
        ("DROP TRIGGER tasks_stamp ON tasks",),
        [f"schema missing or changed: trigger tasks_stamp{THEM_ANEW}"],
        True,
    ),
    "trigger switched off": (
        ("ALTER TABLE tasks DISABLE TRIGGER tasks_log_delete", "DELETE FROM tasks WHERE id = 3"),
        [
            f"schema missing or changed: trigger tasks_log_delete (switched off){THEM_ANEW}",
            f"{ONE_ROW}task 3{LOGGED}",
        ],
        True,
    ),
    "entries without numbers": (
        (
            "ALTER TABLE changes DISABLE TRIGGER changes_number",
            "UPDATE tasks SET title = 'Cocoa' WHERE id = 1",
        ),
        [
            f"schema missing or changed: trigger changes_number (switched off){THEM_ANEW}",
            f"log there are entries without a number, which nobody will read{PG_RESTORE}",
            f"{ONE_ROW}task 1{LOGGED}",
        ],
        False,
    ),
    "index missing": (
        ("DROP INDEX ix_tasks_search",),
        [f"schema missing or changed: index ix_tasks_search{THEM_ANEW}"],
        True,
    ),
    "index not valid": (
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_tasks_due'::regclass",),
        [f"schema missing or changed: index ix_tasks_due (not valid){THEM_ANEW}"],
        True,
    ),
    "function changed": (
        (
            (
                "CREATE OR REPLACE FUNCTION labels_stamp() RETURNS trigger LANGUAGE plpgsql AS"
                " 'BEGIN RETURN NEW; END'"
            ),
        ),
        [f"schema missing or changed: function labels_stamp{PG_RESTORE}"],
        False,
    ),
    "other words": (
        (
            (
                "CREATE OR REPLACE FUNCTION tasks_search_words(indexed text) RETURNS tsvector"
                " LANGUAGE sql IMMUTABLE"
                " AS $$ SELECT to_tsvector('simple', coalesce(indexed, '') || 'x') $$"
            ),
        ),
        [
            f"schema missing or changed: function tasks_search_words{PG_RESTORE}",
            "search other words are indexed: task 1, task 3; write their titles again",
        ],
        False,
    ),
    "numbers that begin again": (
        ("ALTER SEQUENCE changes_numbered RESTART",),
        [f"log the next entry would be 1, behind those that are there{PG_RESTORE}"],
        False,
    ),
    "table gone": (
        ("DROP TABLE change_log",),
        [
            (
                "schema missing or changed: column change_log.epoch, column change_log.id,"
                f" column change_log.last_mutation and 3 more{PG_RESTORE}"
            ),
            f'log cannot be read: relation "change_log" does not exist{PG_RESTORE}',
        ],
        False,
    ),
}


@pytest.mark.parametrize("fault", POSTGRESQL_FAULTS)
def test_fault_of_a_database(database: Address, fault: str) -> None:
    """Each fault is a line that says what is wrong and what to do; --fix does it where it can."""
    statements, expected, fixable = POSTGRESQL_FAULTS[fault]
    database.execute(*statements)
    assert troubles(database) == expected
    if fixable:
        fixed = doctor(database, "--fix")  # 0: nothing is wrong any more
        assert (fixed.code, fixed.errors, fixed.output[:6]) == (0, "", "fixed ")


def test_fix_of_a_database_that_cannot_be_fixed(database: Address) -> None:
    """Where nothing can be written without a table, --fix says so in one line."""
    database.execute("DROP TABLE change_log")
    reason = 'relation "change_log" does not exist'
    name = re.sub(r"\?.*", "", database)
    assert doctor(database, "--fix") == Result(
        1, "", f"gql-tasks: {name} was not fixed: {reason}\n"
    )


def test_rights(database: Address) -> None:
    """What the user of the URL may not do is named; who may make nothing has nothing to compare."""
    role = f"clerk_{os.getpid()}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    as_clerk = Address(database.replace("postgres@", f"{role}@"))
    try:
        database.execute(
            f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
            f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        )
        lines = doctor(as_clerk).output.splitlines()
        assert lines[3:5] == [
            (
                "wrong permissions  not granted: UPDATE on change_log, UPDATE on changes,"
                " UPDATE on labels and 4 more; GRANT it to the user of the URL"
            ),
            lines[4],
        ]
        assert re.fullmatch(
            r"-     schema       there is nothing to compare with: permission denied for .*",
            lines[4],
        )
        assert [line[:5] for line in lines[5:]] == ["ok   "] * 3
    finally:
        database.execute(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def test_pending(empty_database: Callable[[], str]) -> None:
    """A database that is not migrated is told to be, and nothing is made in it."""
    url = empty_database()
    result = doctor(url)
    assert (result.code, result.errors) == (1, "")
    assert [line[:18].split() for line in result.output.splitlines()] == [
        ["ok", "connection"],
        ["ok", "server"],
        ["wrong", "migrations"],
        *(["-", name] for name in ("permissions", "schema", "search", "log", "changes")),
    ]
    assert (
        sql.run(postgresql.fetch, url, "SELECT 1 FROM pg_tables WHERE schemaname = 'public'") == []
    )
    assert doctor(url, "--fix").errors == (
        f"gql-tasks: {re.sub(r'[?].*', '', url)} is not migrated; `gql-tasks migrate` does that\n"
    )


def test_no_server() -> None:
    """A server that does not answer is one line."""
    result = doctor("postgresql://nobody:secret@127.0.0.1:1/tasks")
    assert (result.code, result.errors, result.output.count("\n")) == (1, "", 1)
    assert result.output.startswith(
        "wrong connection   postgresql://nobody@127.0.0.1:1/tasks cannot be used: "
    )
    assert result.output.endswith("; see that the server runs, and what the URL says\n")
