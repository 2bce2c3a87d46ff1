"""The command line as a person meets it: addresses, settings, one line where something is wrong."""

import asyncio
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from gql_tasks import __version__
from gql_tasks.cli import main
from gql_tasks.config import PREFIX, Settings
from gql_tasks.graphql.schema import print_sdl
from gql_tasks.store.sqlite import SqliteDatabase
from gql_tasks.store.sqlite_driver import sqlite3
from tests.conftest import SEED, serve
from tests.sql import Address

ROOT = Path(__file__).parent.parent
SECONDS = 30

# The settings of whoever runs the tests are not those of the tests.
CLEAN = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
ENVIRONMENT = CLEAN | {"PYTHONPATH": str(ROOT)}


@dataclass
class Result:
    """How a command ended."""

    code: int
    output: str
    errors: str


def gql_tasks(*arguments: str, cwd: Path, **variables: str) -> Result:
    """Run a command to its end, in this process; an exception is passed on."""
    unset = {name: None for name in os.environ if name.startswith(PREFIX)}
    with chdir(cwd):
        result = CliRunner().invoke(
            main, arguments, env=unset | variables, prog_name="gql-tasks", catch_exceptions=False
        )
    return Result(result.exit_code, result.stdout, result.stderr)


# Root is exempt from file permissions by two capabilities; what it starts without them is not.
WITHOUT_EXEMPTION = """
import ctypes, os, sys
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
os.execv(sys.executable, [sys.executable, "-m", "gql_tasks", *sys.argv[1:]])
"""


def process(*arguments: str, cwd: Path) -> Result:
    """Run a command to its end, as a process that file permissions bind, whoever runs the tests."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXEMPTION, *arguments],
        cwd=cwd,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


@dataclass
class Serving:
    """A server that runs: its addresses as it printed them, and how to end it."""

    process: subprocess.Popen[str]
    banner: str

    @property
    def url(self) -> str:
        (url,) = re.findall(r"REST +(\S+)/tasks/", self.banner)
        return url

    def graphql(self, query: str, **variables: Any) -> Any:
        body = {"query": query, "variables": variables}
        return httpx2.post(f"{self.url}/graphql", json=body).json()

    def end(self, number: signal.Signals) -> Result:
        """Send a signal and wait for what it does."""
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=SECONDS)
        return Result(self.process.returncode, output, errors)


@contextmanager
def serving(*arguments: str, cwd: Path, **variables: str) -> Iterator[Serving]:
    """Run `gql-tasks serve`, on a free port unless told otherwise, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gql_tasks", "serve", *arguments],
        cwd=cwd,
        env={**ENVIRONMENT, f"{PREFIX}PORT": "0", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        banner = "".join(iter(process.stdout.readline, "Stop with Ctrl+C.\n"))
        server = Serving(process, banner)
        # The port is open since before the banner: this waits for the answer, not for the port.
        httpx2.get(f"{server.url}/graphql?query={{__typename}}", timeout=SECONDS)
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


# What it prints


def test_addresses(tmp_path: Path) -> None:
    """Serve prints the addresses of GraphQL, GraphiQL, REST, its docs, and the file's full path."""
    with serving(cwd=tmp_path) as server:
        url = re.escape(server.url)
        assert re.fullmatch(
            rf"gql_tasks {__version__}\n"
            rf"  GraphQL    {url}/graphql\n"
            rf"  GraphiQL   {url}/graphql in a browser\n"
            rf"  REST       {url}/tasks/\n"
            rf"  REST docs  {url}/docs\n"
            rf"  Store      {tmp_path}/tasks\.db\n",
            server.banner,
        )
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", server.url)
        assert (tmp_path / "tasks.db").is_file()
        html = {"accept": "text/html"}
        for path in ("/graphql", "/docs"):
            page = httpx2.get(server.url + path, headers=html)
            assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
        assert httpx2.get(f"{server.url}/tasks/").json() == []


def test_schema(tmp_path: Path) -> None:
    """Schema prints the SDL and touches nothing."""
    result = gql_tasks("schema", cwd=tmp_path)
    assert result == Result(0, print_sdl(), "")
    assert list(tmp_path.iterdir()) == []


def test_version(tmp_path: Path) -> None:
    """--version prints the version."""
    result = gql_tasks("--version", cwd=tmp_path)
    assert result == Result(0, f"gql-tasks, version {__version__}\n", "")


def test_help_names_every_setting(tmp_path: Path) -> None:
    """The help of serve has each setting's flag, variable, default and sentence."""
    text = " ".join(gql_tasks("serve", "--help", cwd=tmp_path).output.split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')} " in text
        assert f"{field.description} [{PREFIX}{name.upper()}; default: {field.default}]" in text


def test_migrate(tmp_path: Path) -> None:
    """Migrate shows what is pending and runs it; with --dry-run it only shows it."""
    path = tmp_path / "tasks.db"
    path.write_bytes((SEED / "tutorial_tasks.db").read_bytes())
    dry_run = gql_tasks("migrate", "--dry-run", cwd=tmp_path)
    assert re.fullmatch(
        r"pending  0001: the tutorial's table, .*\n(pending  \d{4}: .*\n)+", dry_run.output
    )
    assert path.read_bytes() == (SEED / "tutorial_tasks.db").read_bytes()
    done = gql_tasks("migrate", cwd=tmp_path)
    assert done == Result(0, f"{dry_run.output}{path} is migrated.\n", "")
    up_to_date = Result(0, f"{path} is up to date.\n", "")
    assert gql_tasks("migrate", "--dry-run", cwd=tmp_path) == up_to_date
    assert gql_tasks("migrate", "--database", str(path), cwd=ROOT) == up_to_date


def test_dry_run_creates_nothing(tmp_path: Path) -> None:
    """A dry run on a file that is not there lists every migration and does not create it."""
    result = gql_tasks("migrate", "--dry-run", "--database", "new.db", cwd=tmp_path)
    assert (result.code, result.output[:14]) == (0, "pending  0001:")
    assert list(tmp_path.iterdir()) == []


# Settings


DEFAULTS = {name: str(field.default) for name, field in Settings.model_fields.items()}


def test_variables(tmp_path: Path) -> None:
    """Every GQL_TASKS_* variable is heard."""
    variables = {name.upper(): value for name, value in DEFAULTS.items()} | {
        "DATABASE": "by_variable.db",
        "HOST": "127.0.0.2",
        "PORT": str(_free_port()),
        "WORKERS": "1",
        "MAX_ROWS": "2",
        "LOG_DAYS": "2",
        "LOG_ROWS": "2000",
        "MAX_BODY_BYTES": "2000",
    }
    with serving(
        cwd=tmp_path, **{PREFIX + name: value for name, value in variables.items()}
    ) as server:
        assert server.url == f"http://127.0.0.2:{variables['PORT']}"
        _assert_limits(server, max_rows=2, max_body_bytes=2000)
        assert (tmp_path / "by_variable.db").is_file()


def test_flags_win(tmp_path: Path) -> None:
    """Every flag is heard, and wins over its variable."""
    port = str(_free_port())
    flags = {
        "--database": "by_flag.db",
        "--host": "127.0.0.3",
        "--port": port,
        "--workers": "1",
        "--max-rows": "3",
        "--log-days": "3",
        "--log-rows": "3000",
        "--max-body-bytes": "3000",
    }
    flags = {f"--{name.replace('_', '-')}": value for name, value in DEFAULTS.items()} | flags
    # Few of these could serve, but for the flags.
    variables = {PREFIX + name.upper(): "0" for name in Settings.model_fields} | {
        f"{PREFIX}DATABASE": "no/such/directory.db"
    }
    switches = {"True": "--", "False": "--no-"}
    arguments = [
        part
        for flag, value in flags.items()
        for part in ([flag.replace("--", switches[value])] if value in switches else [flag, value])
    ]
    with serving(*arguments, cwd=tmp_path, **variables) as server:
        assert server.url == f"http://127.0.0.3:{port}"
        _assert_limits(server, max_rows=3, max_body_bytes=3000)
        assert (tmp_path / "by_flag.db").is_file()


def _assert_limits(server: Serving, *, max_rows: int, max_body_bytes: int) -> None:
    refused = server.graphql(f"{{ tasks(limit: {max_rows + 1}) {{ id }} }}")
    assert refused["errors"][0]["message"] == (
        f"limit {max_rows + 1} is not between 0 and {max_rows}"
    )
    body = b"x" * (max_body_bytes + 1)
    assert httpx2.post(f"{server.url}/tasks/", content=body).status_code == 413


def test_ipv6(tmp_path: Path) -> None:
    """An IPv6 host is listened on, and stands in brackets in the addresses."""
    with serving("--host", "::1", cwd=tmp_path) as server:
        assert re.fullmatch(r"http://\[::1\]:\d+", server.url)
        assert httpx2.get(f"{server.url}/tasks/").json() == []


def test_workers(tmp_path: Path) -> None:
    """Two workers answer on one port, and each reads what was written through either."""
    with serving("--workers", "2", cwd=tmp_path) as server:
        workers = _workers(server, tmp_path / "tasks.db", 2)
        with httpx2.Client(base_url=server.url, timeout=SECONDS) as http:
            for written, stopped in enumerate(workers, start=1):
                http.post("/tasks/", json={"title": "seen by both"}).raise_for_status()
                os.kill(stopped, signal.SIGSTOP)  # so that it is the other one that answers
                answer = httpx2.get(f"{server.url}/tasks/", timeout=SECONDS)
                os.kill(stopped, signal.SIGCONT)
                assert len(answer.json()) == written
        result = server.end(signal.SIGTERM)
        assert (result.code, result.errors) == (0, "")


def _workers(server: Serving, store: Path, count: int) -> list[int]:
    """Wait until so many of a server's children have opened its store."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        workers = [int(pid) for pid in children.read_text().split() if _has_opened(pid, store)]
        if len(workers) == count:
            return workers
        time.sleep(0.02)
    raise AssertionError(f"the server has not {count} workers")


def _has_opened(pid: str, store: Path) -> bool:
    """Tell whether a process has its two connections: a reader looks first, a writer migrates."""
    try:
        links = [link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()]
    except FileNotFoundError:  # a descriptor was closed meanwhile
        return False
    return links.count(store) >= 2


def test_reload(tmp_path: Path) -> None:
    """--reload serves, and ends cleanly."""
    with serving("--reload", cwd=tmp_path) as server:
        assert httpx2.get(f"{server.url}/tasks/").json() == []
        result = server.end(signal.SIGINT)
        assert (result.code, result.errors) == (0, "")


def test_uvicorn_factory(tmp_path: Path) -> None:
    """`uvicorn --factory gql_tasks.app:create_app` serves the same application."""
    port = _free_port()
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "uvicorn", "--factory", "gql_tasks.app:create_app"),
            *("--port", str(port), "--log-level", "warning"),
        ],
        cwd=tmp_path,
        env=ENVIRONMENT | {f"{PREFIX}DATABASE": "by_uvicorn.db"},
    )
    try:
        _await_port(port)
        assert httpx2.get(f"http://127.0.0.1:{port}/tasks/", timeout=SECONDS).json() == []
        assert (tmp_path / "by_uvicorn.db").is_file()
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_port(port: int) -> None:
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"nothing listens on port {port}")


# What is wrong is one line


NOT_OURS = "it is not a task store"


def text_file(path: Path) -> None:
    path.write_text("a text file, long enough to have a header of its own" * 9)


def foreign_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tasks (id INTEGER PRIMARY KEY, name TEXT)")


@pytest.mark.parametrize(
    ("prepare", "line"),
    [
        (Path.mkdir, "tasks.db is a directory, not a database file"),
        (text_file, "tasks.db cannot be used: file is not a database"),
        (
            foreign_table,
            "{path} has a table tasks without completed, description, title: " + NOT_OURS,
        ),
    ],
)
def test_files_that_are_no_store(
    tmp_path: Path, prepare: Callable[[Path], None], line: str
) -> None:
    """A file that is something else is one line, and exit code 1."""
    path = tmp_path / "tasks.db"
    prepare(path)
    for command in ("serve", "migrate"):
        result = gql_tasks(command, cwd=tmp_path, GQL_TASKS_PORT="0")
        assert result == Result(1, "", f"gql-tasks: {line.format(path=path)}\n")


@pytest.mark.parametrize(
    ("file_mode", "directory_mode", "reason"),
    [
        (0o444, 0o755, "attempt to write a readonly database"),
        (0o644, 0o555, "attempt to write a readonly database"),
        (0o000, 0o755, "unable to open database file"),
    ],
)
def test_missing_permissions(
    tmp_path: Path, file_mode: int, directory_mode: int, reason: str
) -> None:
    """A file that cannot be read or written is one line, and exit code 1."""
    path = tmp_path / "tasks.db"
    path.write_bytes((SEED / "tutorial_tasks.db").read_bytes())
    path.chmod(file_mode)
    tmp_path.chmod(directory_mode)
    result = process("serve", "--port", "0", cwd=tmp_path)
    tmp_path.chmod(0o755)
    assert result == Result(1, "", f"gql-tasks: tasks.db cannot be used: {reason}\n")


UNUSABLE = {
    "no/where.db": "no/where.db: there is no directory no",
    ":memory:": "a database in memory cannot be shared; name a file",
    "sqlite://": "a database in memory cannot be shared; name a file",
    "sqlite://a.db": "sqlite://a.db is not a SQLite URL such as sqlite:///tasks.db",
    "mysql://me:secret@h/d": '"mysql" is not a database gql_tasks knows: sqlite, postgresql',
    "postgresql://me:secret@127.0.0.1:1/d": (
        "postgresql://me@127.0.0.1:1/d cannot be used: "
        f"[Errno {errno.ECONNREFUSED}] Connect call failed ('127.0.0.1', 1)"
    ),
    "postgresql://me:sec/ret@h/d": (
        "postgresql://me@h/d is not a URL; in a password, / is written as %2F and # as %23"
    ),
    "postgresql://me:secret@h/d?sslmode=maybe": (
        "postgresql://me@h/d cannot be used: `sslmode` parameter must be one of: "
        "disable, allow, prefer, require, verify-ca, verify-full"
    ),
}


@pytest.mark.parametrize("address", UNUSABLE)
def test_unusable_addresses(tmp_path: Path, address: str) -> None:
    """An address that cannot be used is one line, without a password, and exit code 1."""
    result = gql_tasks("serve", "--port", "0", "--database", address, cwd=tmp_path)
    assert result == Result(1, "", f"gql-tasks: {UNUSABLE[address]}\n")
    assert list(tmp_path.iterdir()) == []


def test_missing_postgresql_database(empty_database: Callable[[], str], tmp_path: Path) -> None:
    """A PostgreSQL database that is not there is one line, for every command that needs it."""
    url = re.sub(r"/test\d+", "/nowhere", empty_database())
    for command in (("serve", "--port", "0"), ("migrate",), ("migrate", "--dry-run")):
        result = gql_tasks(*command, "--database", url, cwd=tmp_path)
        assert result == Result(
            1,
            "",
            "gql-tasks: postgresql://postgres@/nowhere cannot be used: "
            'database "nowhere" does not exist\n',
        )


@pytest.mark.parametrize(
    ("variables", "arguments", "lines"),
    [
        ({"PORT": "abc"}, [], ["GQL_TASKS_PORT 'abc': Input should be a valid integer"]),
        ({}, ["--port", "abc"], ["--port 'abc': Input should be a valid integer"]),
        ({}, ["--port", "65536"], ["--port '65536': Input should be less than or equal to 65535"]),
        ({}, ["--workers", "0"], ["--workers '0': Input should be greater than or equal to 1"]),
        (
            {"HOST": "", "WORKERS": "1.5"},
            ["--max-rows", "-1", "--max-body-bytes", "1"],
            [
                "GQL_TASKS_HOST '': String should have at least 1 character",
                "GQL_TASKS_WORKERS '1.5': Input should be a valid integer",
                "--max-rows '-1': Input should be greater than or equal to 1",
                "--max-body-bytes '1': Input should be greater than or equal to 1024",
            ],
        ),
        ({}, ["--host", "8.8.8.8"], ["cannot listen on 8.8.8.8 port 8000: Cannot assign"]),
        ({}, ["--host", "no.such.invalid"], ["cannot listen on no.such.invalid port 8000: "]),
        ({}, ["--host", "x" * 70], [f"cannot listen on {'x' * 70} port 8000: "]),
    ],
)
def test_bad_settings(
    tmp_path: Path, variables: dict[str, str], arguments: list[str], lines: list[str]
) -> None:
    """Each bad setting is one line that names the flag or the variable and what it was."""
    prefixed = {PREFIX + name: value for name, value in variables.items()}
    result = gql_tasks("serve", *arguments, cwd=tmp_path, **prefixed)
    assert (result.code, result.output) == (1, "")
    for printed, line in zip(result.errors.splitlines(), lines, strict=True):
        assert printed.startswith(f"gql-tasks: {line}")
    assert list(tmp_path.iterdir()) == []


def test_busy_port(tmp_path: Path) -> None:
    """A port that is taken is one line, and no store is made."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = gql_tasks("serve", "--port", str(port), cwd=tmp_path)
    line = f"gql-tasks: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert result == Result(1, "", line)
    assert list(tmp_path.iterdir()) == []


def test_locked_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program keeps locked is one line."""
    monkeypatch.setattr(
        "gql_tasks.cli.open_database",
        lambda address: SqliteDatabase(Path(address), busy_timeout_seconds=0.1),
    )
    path = tmp_path / "tasks.db"
    path.write_bytes((SEED / "tutorial_tasks.db").read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        result = gql_tasks("migrate", cwd=tmp_path)
    line = "gql-tasks: tasks.db is locked by another program; stop it and try again\n"
    assert result == Result(1, "", line)


def test_start_beside_a_writer(tmp_path: Path) -> None:
    """A store that is migrated is served from the start while another program writes to it."""
    path = tmp_path / "tasks.db"
    assert gql_tasks("migrate", cwd=tmp_path).code == 0
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO tasks (title) VALUES ('theirs')")
        with serve("--database", str(path)) as server:
            assert httpx2.get(f"{server.url}/tasks/").json() == []
            other.execute("COMMIT")
            ours = httpx2.post(f"{server.url}/tasks/", json={"title": "ours"}).json()
            assert ours["id"] == 2


# Ends and new beginnings


def test_ends_cleanly_and_keeps_everything(tmp_path: Path) -> None:
    """A signal ends the server without a word; the next one serves what was there."""
    kept = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with serving(cwd=tmp_path) as server:
            assert httpx2.get(f"{server.url}/tasks/").json() == kept
            created = httpx2.post(f"{server.url}/tasks/", json={"title": number.name})
            kept.append(created.json())
            result = server.end(number)
        assert result.code in {0, -number}
        assert (result.output, result.errors) == ("", "")
        assert [path.name for path in tmp_path.iterdir()] == ["tasks.db"]  # the log is tidied away
    assert Address(tmp_path / "tasks.db").fetch("SELECT title FROM tasks ORDER BY id") == [
        ("SIGTERM",),
        ("SIGINT",),
    ]


def test_kill_loses_no_acknowledged_write(tmp_path: Path) -> None:
    """Whatever moment a server is killed at, the next one has every write that was acknowledged."""
    acknowledged: set[str] = set()
    attempted: list[str] = []
    for enough in (40, 100, 0):
        with serving(cwd=tmp_path) as server:
            served = server.graphql("{ tasks { title } }")["data"]["tasks"]
            titles = [task["title"] for task in served]
            assert len(set(titles)) == len(titles)
            assert acknowledged <= set(titles) <= set(attempted)
            if enough:
                written = asyncio.run(_write_until_killed(server, enough, attempted))
                assert len(written) >= enough
                acknowledged |= written


async def _write_until_killed(server: Serving, enough: int, attempted: list[str]) -> set[str]:
    """Write from eight clients at once; kill the server when enough was acknowledged."""
    acknowledged: set[str] = set()

    async def write() -> None:
        async with httpx2.AsyncClient() as http:
            while True:
                title = f"task {len(attempted)}"
                attempted.append(title)
                try:
                    response = await http.post(f"{server.url}/graphql", json=_create(title))
                except httpx2.TransportError:
                    return
                acknowledged.add(response.json()["data"]["createTask"]["task"]["title"])
                if len(acknowledged) == enough:
                    server.process.kill()

    await asyncio.gather(*(write() for _ in range(8)))
    return acknowledged


def _create(title: str) -> dict[str, Any]:
    return {
        "query": "mutation ($title: String!) {"
        " createTask(input: {title: $title}) { task { title } } }",
        "variables": {"title": title},
    }
