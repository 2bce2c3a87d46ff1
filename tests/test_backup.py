"""`gql-tasks backup` and `restore`: all or nothing, under a running server, and when killed."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gql_tasks.store import upkeep
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import SEED, Server, running_app, serve
from tests.sql import Address
from tests.test_cli import ENVIRONMENT, ROOT, Result, gql_tasks, process

SECONDS = 30


def run(*arguments: str | Path, cwd: Path = ROOT) -> Result:
    """Run a command on files."""
    return gql_tasks(*map(str, arguments), cwd=cwd)


def new_store(path: Path, *titles: str) -> Address:
    """Make a store with tasks of these titles."""
    address = Address(str(path))
    assert run("migrate", "--database", path).code == 0
    rows = ", ".join(f"('{title}')" for title in titles)
    if titles:
        address.execute(f"INSERT INTO tasks (title) VALUES {rows}")
    return address


def titles(path: Path | str) -> list[str]:
    """Read the titles in a file from outside."""
    rows = Address(str(path)).fetch("SELECT title FROM tasks ORDER BY id")
    return [title for (title,) in rows]


def epoch(path: Path | str) -> str:
    """Read the log's name from outside."""
    ((name,),) = Address(str(path)).fetch("SELECT epoch FROM change_log")
    return str(name)


def assert_sound(path: Path | str) -> None:
    """Have the doctor look; a file that was not served yet need not be in WAL mode."""
    lines = run("doctor", "--database", path).output.splitlines()
    assert [line for line in lines if line[:5] == "wrong" and " journal " not in line] == []


def names(directory: Path) -> set[str]:
    """List a directory."""
    return {path.name for path in directory.iterdir()}


@pytest.fixture
def store_file(tmp_path: Path) -> Path:
    """A store with two tasks."""
    new_store(tmp_path / "tasks.db", "Tea", "Milk")
    return tmp_path / "tasks.db"


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A store whose copying takes a while, 100 MB."""
    path = tmp_path / "tasks.db"
    new_store(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (filling BLOB)")
        connection.execute("PRAGMA synchronous=OFF")
        for _ in range(50):
            connection.execute("INSERT INTO mine VALUES (randomblob(2000000))")
        connection.execute("INSERT INTO tasks (title) VALUES ('large')")
        connection.commit()
    return path


def dump(path: Path) -> bytes:
    """Have the shell of SQLite write all of a file."""
    ended = subprocess.run(["sqlite3", path, ".dump"], capture_output=True, check=True)
    return ended.stdout


# Backup


def test_backup(store_file: Path, tmp_path: Path) -> None:
    """A backup is one file that any SQLite opens, with the rows, the log, and its name."""
    file = tmp_path / "backup.db"
    result = run("backup", file, "--database", store_file)
    held = "2 tasks, 0 projects, 0 labels"
    assert result == Result(0, f"{file} is a backup of {store_file}: {held}.\n", "Copying\n")
    assert names(tmp_path) == {"tasks.db", "backup.db"}
    assert dump(file) == dump(store_file)
    assert file.read_bytes()[18:20] == b"\1\1"  # no log beside it is needed
    assert_sound(file)


def test_backup_of_a_store_that_is_written(store_file: Path, tmp_path: Path) -> None:
    """While writers write, a backup is the store at one moment, and nobody is refused a write."""
    store = Address(str(store_file))
    file = tmp_path / "backup.db"
    with serve("--database", store) as server, writing(server) as written:
        for number in range(3):
            before = len(written)
            assert run("backup", file, "--force", "--database", store).code == 0
            after = len(written)
            there = titles(file)[2:]
            # Acknowledged before it began: in it. In it: the first so many that were written.
            assert before <= len(there) <= after + 1, number
            assert there == [f"task {i}" for i in range(len(there))]
            assert_sound(file)
        eventually(lambda: len(written) > after)
    assert titles(store)[2:] == [f"task {i}" for i in range(len(titles(store)) - 2)]


@contextmanager
def writing(server: Server) -> Iterator[list[int]]:
    """Write tasks one after the other until the block ends; the list has those acknowledged."""
    written: list[int] = []
    ended = threading.Event()
    failures: list[str] = []

    def write() -> None:
        with httpx2.Client(base_url=server.url, timeout=SECONDS) as http:
            while not ended.is_set():
                answer = http.post("/tasks/", json={"title": f"task {len(written)}"})
                if answer.status_code != 200:
                    failures.append(answer.text)
                    return
                written.append(answer.json()["id"])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        ended.set()
        thread.join()
    assert failures == []


def eventually(condition: Any) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("file", "source", "message"),
    [
        ("old", "tasks.db", "old is there already; --force replaces a file"),
        ("tasks.db", "tasks.db", "tasks.db is the store itself"),
        ("link", "tasks.db", "link is the store itself"),
        ("new", "none.db", "there is no file none.db"),
        ("new", "directory", "there is no file directory"),
        ("none/new", "tasks.db", "none/new was not written: unable to open database file"),
        ("new", "old", "new was not written: file is not a database"),
    ],
)
def test_backup_refused(
    store_file: Path, tmp_path: Path, file: str, source: str, message: str
) -> None:
    """What cannot be done is one line, and nothing was written."""
    (tmp_path / "old").write_bytes(b"x" * 10_000)
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("tasks.db")
    before = names(tmp_path)
    result = run("backup", file, "--database", source, cwd=tmp_path)
    assert (result.code, result.output) == (1, "")
    assert result.errors.removeprefix("Copying\n") == f"gql-tasks: {message}\n"
    assert names(tmp_path) == before
    assert (tmp_path / "old").read_bytes() == b"x" * 10_000


def test_no_permission(store_file: Path, tmp_path: Path) -> None:
    """A directory that may not be looked into, or written to, is one line."""
    locked = tmp_path / "locked"
    locked.mkdir()
    for mode, message in (
        (0o000, f"{locked}/backup.db: Permission denied"),
        (0o555, f"{locked}/backup.db was not written: unable to open database file"),
    ):
        locked.chmod(mode)
        result = process("backup", f"{locked}/backup.db", "--database", str(store_file), cwd=ROOT)
        assert result == Result(1, "", f"gql-tasks: {message}\n")
    locked.chmod(0o755)
    assert names(locked) == set()


def test_backup_of_a_damaged_store(store_file: Path, tmp_path: Path) -> None:
    """A store that is damaged is not copied over a backup that is good."""
    file = tmp_path / "backup.db"
    assert run("backup", file, "--database", store_file).code == 0
    damage(store_file)
    result = run("backup", file, "--force", "--database", store_file)
    assert result.code == 1
    assert f"gql-tasks: {file} was not written: " in result.errors
    assert titles(file) == ["Tea", "Milk"]
    assert names(tmp_path) == {"tasks.db", "backup.db"}


def damage(path: Path) -> None:
    """Write over a page of an index."""
    ((root,),) = Address(str(path)).fetch(
        "SELECT rootpage FROM sqlite_master WHERE name = 'ix_tasks_title'"
    )
    pages = bytearray(path.read_bytes())
    pages[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    path.write_bytes(pages)


def test_full_disk(store_file: Path, tmp_path: Path) -> None:
    """Where there is no room, the backup that was there is there still, and nothing else."""
    file = tmp_path / "backup.db"
    assert run("backup", file, "--database", store_file).code == 0
    before = file.read_bytes()
    Address(str(store_file)).execute("INSERT INTO tasks (title) VALUES ('Jam')")
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, 100_000))
    ended = command("backup", file, "--force", "--database", store_file, preexec_fn=limit)
    _, errors = ended.communicate(timeout=SECONDS)
    assert ended.returncode == 1
    assert re.fullmatch(
        rf"gql-tasks: {file} was not written: (disk I/O error|database or disk is full)\n",
        errors.removeprefix("Copying\n"),
    )
    assert file.read_bytes() == before
    assert names(tmp_path) == {"tasks.db", "backup.db"}


def command(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "gql_tasks", *map(str, arguments)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_killed_backup(large: Path, tmp_path: Path) -> None:
    """A backup that is killed leaves the one that was there, and the next one clears up."""
    file, part = tmp_path / "backup.db", tmp_path / "backup.db.part"
    file.write_bytes(b"before")
    process = command("backup", file, "--force", "--database", large)
    eventually(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert file.read_bytes() == b"before"
    assert part.exists()
    assert run("backup", file, "--force", "--database", large).code == 0
    assert titles(file) == ["large"]
    assert not part.exists()


def test_interrupted_backup(large: Path, tmp_path: Path) -> None:
    """A backup that is interrupted with Ctrl+C ends, and leaves nothing."""
    part = tmp_path / "backup.db.part"
    process = command("backup", tmp_path / "backup.db", "--database", large)
    eventually(lambda: part.exists() and part.stat().st_size > 0)
    assert interrupted(process) == "\nAborted!\n"
    assert names(tmp_path) == {"tasks.db"}


def interrupted(process: subprocess.Popen[str]) -> str:
    """End a command as Ctrl+C does, and return what it said after its bar."""
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (1, "")
    return re.sub("^(Copying|Restoring)\n", "", errors)


def test_links(store_file: Path, tmp_path: Path) -> None:
    """A link to a backup, or to a store, stays one, and what it leads to is replaced."""
    links = tmp_path / "links"
    links.mkdir()
    for name in ("tasks.db", "backup.db"):
        (links / name).symlink_to(tmp_path / name)
    (tmp_path / "backup.db").write_bytes(b"before")
    backup = ("backup", links / "backup.db", "--database", links / "tasks.db")
    assert run(*backup, "--force").code == 0
    assert titles(tmp_path / "backup.db") == ["Tea", "Milk"]
    for content in (store_file.read_bytes(), b"tea " * 5000):
        store_file.write_bytes(content)
        restore = ("restore", links / "backup.db", "--database", links / "tasks.db")
        assert run(*restore, "--force").code == 0
        assert titles(store_file) == ["Tea", "Milk"]
    assert all(link.is_symlink() for link in links.iterdir())
    assert names(links) == {"tasks.db", "backup.db"}
    assert names(tmp_path) == {"links", "tasks.db", "backup.db", "tasks.db.damaged"}


# Restore


@pytest.fixture
def backup_file(tmp_path: Path) -> Path:
    """A backup with one task, in a directory of its own."""
    directory = tmp_path / "backups"
    directory.mkdir()
    new_store(directory / "of.db", "Backed up")
    assert run("backup", directory / "backup.db", "--database", directory / "of.db").code == 0
    return directory / "backup.db"


def test_restore(store_file: Path, backup_file: Path) -> None:
    """A store with tasks is replaced with --force only; its log has another name afterwards."""
    names_before = names(store_file.parent)
    old = epoch(store_file)
    refused = run("restore", backup_file, "--database", store_file)
    held = "2 tasks, 0 projects, 0 labels"
    assert refused == Result(
        1,
        "",
        f"gql-tasks: {store_file} was not restored: it holds {held}; --force replaces it\n",
    )
    assert titles(store_file) == ["Tea", "Milk"]
    sentence = f"what is in {backup_file}: 1 task, 0 projects, 0 labels; before: {held}."
    dry_run = run("restore", backup_file, "--database", store_file, "--force", "--dry-run")
    assert (dry_run.code, dry_run.output) == (0, f"{store_file} would hold {sentence}\n")
    assert (titles(store_file), epoch(store_file)) == (["Tea", "Milk"], old)
    done = run("restore", backup_file, "--database", store_file, "--force")
    assert done == Result(0, f"{store_file} holds {sentence}\n", "Restoring\n")
    assert titles(store_file) == ["Backed up"]
    assert epoch(store_file) not in {old, epoch(backup_file)}
    assert names(store_file.parent) == names_before
    assert_sound(store_file)


def test_restore_to_nothing(tmp_path: Path, backup_file: Path) -> None:
    """Where there is no store the backup becomes one; a log that was left there is none of its."""
    path = tmp_path / "new.db"
    (tmp_path / "new.db-wal").write_bytes(b"left")
    dry_run = run("restore", backup_file, "--database", path, "--dry-run")
    sentence = f"what is in {backup_file}: 1 task, 0 projects, 0 labels; before: nothing."
    assert (dry_run.code, dry_run.output) == (0, f"{path} would hold {sentence}\n")
    assert not path.exists()
    done = run("restore", backup_file, "--database", path)
    assert (done.code, done.output) == (0, f"{path} holds {sentence}\n")
    assert titles(path) == ["Backed up"]
    assert epoch(path) != epoch(backup_file)
    assert names(tmp_path) == {"new.db", "backups"}


def test_restore_of_another_version(tmp_path: Path) -> None:
    """The tutorial's file is a backup too: it is migrated on the way, and itself stays as it is."""
    file = Path(shutil.copy(SEED / "tutorial_tasks.db", tmp_path / "tutorial.db"))
    before = file.read_bytes()
    result = run("restore", file, "--database", tmp_path / "tasks.db")
    assert (result.code, result.errors) == (0, "Restoring\n")
    assert ", migrated: " in result.output
    assert titles(tmp_path / "tasks.db") == titles(file)
    assert file.read_bytes() == before
    assert_sound(tmp_path / "tasks.db")


def test_restore_with_other_pages(store_file: Path, backup_file: Path) -> None:
    """A backup whose pages have another size is written with the store's."""
    with closing(sqlite3.connect(backup_file, isolation_level=None)) as connection:
        connection.execute("PRAGMA page_size=1024")
        connection.execute("VACUUM")
    assert run("restore", backup_file, "--database", store_file, "--force").code == 0
    assert titles(store_file) == ["Backed up"]
    assert_sound(store_file)


FOREIGN = "CREATE TABLE other (id INTEGER)"


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("missing", "there is no file {file}"),
        ("itself", "{store} is the store itself"),
        ("text", "{store} was not restored: file is not a database"),
        ("damaged", "{store} was not restored: {file} is damaged; take another backup"),
        (
            "foreign",
            "{store} was not restored: {file} has no table tasks: it is no backup of a task store",
        ),
        (
            "newer",
            (
                "{store} was not restored: {file} was migrated by a newer gql_tasks"
                " (revision 9999); upgrade this one"
            ),
        ),
    ],
)
def test_bad_backup(store_file: Path, backup_file: Path, fault: str, message: str) -> None:
    """A backup that is none is refused, --force or not, and the store is as it was."""
    before = store_file.read_bytes()
    match fault:
        case "missing":
            backup_file.unlink()
        case "itself":
            backup_file = store_file
        case "text":
            backup_file.write_bytes(b"tea " * 5000)
        case "damaged":
            damage(backup_file)
        case "foreign":
            backup_file.unlink()
            Address(str(backup_file)).execute(FOREIGN)
        case "newer":
            Address(str(backup_file)).execute("UPDATE gql_tasks_version SET version_num = '9999'")
    expected = message.format(store=store_file, file=backup_file)
    for flags in (("--dry-run", "--force"), ("--force",)):
        result = run("restore", backup_file, "--database", store_file, *flags)
        assert (result.code, result.output) == (1, "")
        assert result.errors.removeprefix("Restoring\n") == f"gql-tasks: {expected}\n"
    assert store_file.read_bytes() == before
    assert names(store_file.parent) == {"tasks.db", "backups"}


def test_doubtful_backup(tmp_path: Path, backup_file: Path) -> None:
    """A backup whose log does not agree with its rows is restored with --force only."""
    Address(str(backup_file)).execute(
        "DROP TRIGGER tasks_stamp_update", "UPDATE tasks SET title = 'Other'"
    )
    path = tmp_path / "tasks.db"
    result = run("restore", backup_file, "--database", path)
    assert result.errors.removeprefix("Restoring\n") == (
        f"gql-tasks: {path} was not restored: {backup_file} has schema: missing or changed:"
        " trigger tasks_stamp_update; --force restores it all the same\n"
    )
    assert not path.exists()
    assert run("restore", backup_file, "--database", path, "--force").code == 0
    assert titles(path) == ["Other"]


def test_over_a_damaged_store(store_file: Path, backup_file: Path) -> None:
    """A damaged store is replaced; one that is no database any more is kept under another name."""
    damage(store_file)
    assert run("restore", backup_file, "--database", store_file, "--force").code == 0
    assert_sound(store_file)
    store_file.write_bytes(b"tea " * 5000)
    refused = run("restore", backup_file, "--database", store_file)
    assert refused.errors == (
        f"gql-tasks: {store_file} was not restored: it holds what cannot be read;"
        " --force replaces it\n"
    )
    done = run("restore", backup_file, "--database", store_file, "--force")
    assert (done.code, done.output[-31:]) == (0, "; before: what cannot be read.\n"[-31:])
    assert titles(store_file) == ["Backed up"]
    assert_sound(store_file)
    assert Path(f"{store_file}.damaged").read_bytes() == b"tea " * 5000


def test_damaged_while_it_is_open(store_file: Path, backup_file: Path) -> None:
    """A file that is no database any more is not taken away from a program that has it open."""
    with serve("--database", str(store_file)) as server:
        httpx2.get(f"{server.url}/tasks/").raise_for_status()
        with store_file.open("r+b") as file:
            file.write(b"tea " * 1024)
        result = run("restore", backup_file, "--database", store_file, "--force")
        assert result.code == 1
        assert result.errors.removeprefix("Restoring\n") == (
            f"gql-tasks: {store_file} was not restored:"
            " another program has it open; stop it and try again\n"
        )
        assert names(store_file.parent) >= {"tasks.db", "tasks.db-wal"}
        assert not Path(f"{store_file}.damaged").exists()


SINCE = """query ($since: SyncToken!) {
  changes(since: $since) { changes { id } nextToken resyncRequired }
}"""


def graphql(server: Server, query: str, **variables: Any) -> Any:
    """Run an operation."""
    body = {"query": query, "variables": variables}
    # Certificates take longer to load than all else.
    answer = httpx2.post(f"{server.url}/graphql", json=body, timeout=SECONDS, verify=False).json()
    assert "errors" not in answer, answer
    return answer["data"]


def test_restore_under_a_server(store_file: Path, backup_file: Path) -> None:
    """A running server goes on with the restored rows: reads, writes, subscribers and sync."""
    page = "{ tasksConnection(first: 9) { nodes { id title } syncToken } }"
    one = '{ task(id: "1") { title } }'
    create = 'mutation { createTask(input: {title: "After"}) { task { id } syncToken } }'
    with serve("--database", str(store_file), "--workers", "2") as server:
        for _ in range(20):  # until it is answered the short way in both
            assert graphql(server, one) == {"task": {"title": "Tea"}}
        token = graphql(server, page)["tasksConnection"]["syncToken"]
        graphql(server, create)
        with subscribed(server) as events:
            assert next(events)[0] == "CAUGHT_UP"
            assert run("restore", backup_file, "--database", store_file, "--force").code == 0
            assert next(events)[0] == "RESYNC_REQUIRED"
            for _ in range(20):
                assert graphql(server, one) == {"task": {"title": "Backed up"}}
            changes = graphql(server, SINCE, since=token)["changes"]
            assert (changes["resyncRequired"], changes["changes"]) == (True, [])
            made = graphql(server, create)["createTask"]
            assert next(events) == ("CREATED", made["task"]["id"])
        assert graphql(server, page)["tasksConnection"]["nodes"] == [
            {"id": "1", "title": "Backed up"},
            {"id": made["task"]["id"], "title": "After"},
        ]
        found = graphql(server, '{ tasks(search: "backed") { id } }')
        assert found == {"tasks": [{"id": "1"}]}
        again = graphql(server, SINCE, since=changes["nextToken"])["changes"]
        assert [change["id"] for change in again["changes"]] == [made["task"]["id"]]
        assert_sound(store_file)
    assert_sound(store_file)


@contextmanager
def subscribed(server: Server) -> Iterator[Iterator[tuple[str, str | None]]]:
    """Subscribe to events by a stream; they are read as (kind, id)."""
    token = graphql(server, "{ syncToken: tasksConnection(first: 1) { syncToken } }")
    query = "subscription ($since: SyncToken) { taskEvents(since: $since) { kind id } }"
    body = {"query": query, "variables": {"since": token["syncToken"]["syncToken"]}}
    pattern = re.compile(r'"kind":"(\w+)","id":(?:"(\d+)"|null)')
    with httpx2.stream(
        "POST",
        f"{server.url}/graphql",
        json=body,
        headers={"Accept": "text/event-stream"},
        timeout=SECONDS,
    ) as response:
        yield (
            (found[1], found[2])
            for line in response.iter_lines()
            if (found := pattern.search(line))
        )


def test_restore_under_writers(store_file: Path, backup_file: Path) -> None:
    """Restores between concurrent writes refuse none of them, and the log stays true."""
    with serve("--database", str(store_file)) as server, writing(server) as written:
        for _ in range(3):
            before = len(written)
            assert run("restore", backup_file, "--database", store_file, "--force").code == 0
            eventually(lambda: len(written) > before + 5)  # noqa: B023  # called at once
    assert titles(store_file)[0] == "Backed up"
    assert_sound(store_file)


def test_killed_restore(large: Path, backup_file: Path) -> None:
    """A restore that is killed, also while it writes to the store, leaves what was there."""
    big = backup_file.parent / "big.db"
    shutil.copy(large, big)
    Address(str(big)).execute("UPDATE tasks SET title = 'restored'")
    copied, log = Path(f"{large}.restoring"), Path(f"{large}-wal")
    for grows in (copied, log):
        process = command("restore", big, "--database", large, "--force")
        eventually(lambda: grows.exists() and grows.stat().st_size > 1_000_000)  # noqa: B023
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert copied.exists()
        with closing(sqlite3.connect(large)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert titles(large) == ["large"]
    assert run("restore", backup_file, "--database", large, "--force").code == 0
    assert titles(large) == ["Backed up"]
    assert not copied.exists()
    assert_sound(large)


def test_interrupted_restore(large: Path, backup_file: Path) -> None:
    """A restore that is interrupted with Ctrl+C ends, and leaves the store as it was."""
    big = backup_file.parent / "big.db"
    shutil.copy(large, big)
    Address(str(large)).execute("UPDATE tasks SET title = 'newer'")
    part = Path(f"{large}.restoring")
    process = command("restore", big, "--database", large, "--force")
    eventually(lambda: part.exists() and part.stat().st_size > 0)
    assert interrupted(process) == "\nAborted!\n"
    assert titles(large) == ["newer"]
    assert names(large.parent) == {"tasks.db", "backups"}


def test_restore_of_a_locked_store(
    store_file: Path, backup_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that another program keeps locked is left as it is, after some time."""
    monkeypatch.setattr(upkeep, "BUSY_TIMEOUT_SECONDS", 0.2)
    with closing(sqlite3.connect(store_file, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        result = run("restore", backup_file, "--database", store_file, "--force")
        assert (result.code, result.output) == (1, "")
        assert result.errors.removeprefix("Restoring\n") == (
            f"gql-tasks: {store_file} was not restored:"
            " another program keeps the file locked; try again\n"
        )
    assert titles(store_file) == ["Tea", "Milk"]


def test_no_room_to_restore(store_file: Path, backup_file: Path) -> None:
    """Where there is no room, the store is as it was, and nothing is left beside it."""
    limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, 100_000))
    ended = command("restore", backup_file, "--database", store_file, "--force", preexec_fn=limit)
    _, errors = ended.communicate(timeout=SECONDS)
    assert ended.returncode == 1
    assert f"gql-tasks: {store_file} was not restored: " in errors
    assert titles(store_file) == ["Tea", "Milk"]
    assert names(store_file.parent) == {"tasks.db", "backups"}


def test_postgresql_has_its_own() -> None:
    """PostgreSQL's own tools are named, and nothing is connected to."""
    url = "postgresql://user:secret@127.0.0.1:1/tasks"
    for name in ("backup", "restore"):
        assert run(name, os.devnull + "x", "--database", url) == Result(
            1,
            "",
            "gql-tasks: postgresql://user@127.0.0.1:1/tasks is PostgreSQL's to back up and"
            " restore: use pg_dump and pg_restore\n",
        )


@pytest.fixture
def database(empty_database: Callable[[], str]) -> Address:
    """A PostgreSQL database of its own."""
    return Address(empty_database())


async def test_a_dump_begins_a_log(database: Address) -> None:
    """The statement that the README has for restored dumps makes every token ask to read again."""
    readme = (ROOT / "README.md").read_text()
    (statement,) = re.findall(r"^```sql\n(.*)\n```$", readme, re.MULTILINE)
    async with running_app(database) as client:
        page = await client.data("{ tasksConnection(first: 1) { syncToken } }")
        token = page["tasksConnection"]["syncToken"]
        asked = await client.data(SINCE, {"since": token})
        assert asked["changes"]["resyncRequired"] is False
        database.execute(statement)
        asked = await client.data(SINCE, {"since": token})
        assert asked["changes"]["resyncRequired"] is True
