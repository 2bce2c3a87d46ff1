"""The README is true: its examples run, its tables are complete, its commands exist."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from click.testing import CliRunner

from gql_tasks import __version__
from gql_tasks.cli import main
from gql_tasks.config import PREFIX, Settings
from gql_tasks.domain import search, task
from gql_tasks.graphql import execution, filters, limits, planner, socket_messages, writing
from gql_tasks.services import live
from gql_tasks.services.formats import source
from gql_tasks.store import database, postgresql_connections
from gql_tasks.web import connections, json_body, wall
from tests.conftest import Client, Server

README = (Path(__file__).parent.parent / "README.md").read_text()


BEFORE_COOKBOOK, COOKBOOK, AFTER_COOKBOOK = re.split(
    r"^(?=## Cookbook|## From a shell)", README, flags=re.MULTILINE
)


def blocks(text: str = BEFORE_COOKBOOK + AFTER_COOKBOOK) -> list[tuple[str, str]]:
    """Find the fenced blocks: their language and their text."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def examples() -> Iterator[tuple[str, str]]:
    """Pair each GraphQL block with the JSON that follows it."""
    found = blocks()
    for (language, operation), (answer_language, answer) in pairwise(found):
        if language == "graphql":
            assert answer_language == "json", f"no answer follows {operation}"
            yield operation, answer


async def test_operations_give_the_answers_shown(client: Client) -> None:
    """The GraphQL examples, run in order over an empty store, give the answers shown."""
    pairs = list(examples())
    assert len(pairs) == 7
    for operation, answer in pairs:
        assert json.dumps(await client.graphql(operation)) == json.dumps(json.loads(answer))


def test_cookbook_is_tested() -> None:
    """The cookbook's documents are those of tests/queries, whose answers and SQL are checked."""
    files = (Path(__file__).parent / "queries").glob("screen_*.graphql")
    documents = [
        re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).strip() for path in files
    ]
    shown = [text.strip() for language, text in blocks(COOKBOOK) if language == "graphql"]
    assert sorted(shown) == sorted(documents)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_shell_sessions_print_what_is_shown(served: Server) -> None:
    """The console examples, run in order against a server, print what is shown."""
    for language, session in blocks():
        if language == "console":
            for command, printed in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", session, re.MULTILINE):
                arguments = shlex.split(command.replace("http://127.0.0.1:8000", served.url))
                result = subprocess.run(arguments, capture_output=True, text=True, check=True)
                assert result.stdout.replace("\\n", "\n").strip() == printed.strip(), command


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_example_runs(served: Server, tmp_path: Path) -> None:
    """The JavaScript examples run under Node and print the tasks."""
    sync, list_ = [text for language, text in blocks() if language == "js"]
    assert run_script(list_, served, tmp_path) == "[]\n"
    httpx2.post(f"{served.url}/tasks/", json={"title": "Tea"}).raise_for_status()
    assert run_script(sync, served, tmp_path) == "[ 'Tea' ]\n"
    # From the beginning of the log, and from a token of another store, it comes to the same.
    resumed = sync.replace("await readEverything();\nawait sync();", "await sync();")
    assert run_script(resumed, served, tmp_path) == "[ 'Tea' ]\n"
    foreign = resumed.replace("let token = null", 'let token = "000000-000000000000"')
    assert run_script(foreign, served, tmp_path) == "[ 'Tea' ]\n"


def run_script(text: str, server: Server, directory: Path) -> str:
    """Run an example against a server and return what it prints."""
    script = directory / "example.mjs"
    script.write_text(text.replace("http://127.0.0.1:8000", server.url))
    return subprocess.run(["node", script], capture_output=True, text=True, check=True).stdout


def test_live_example_is_tested() -> None:
    """The live example is the one that tests/clients runs in a browser."""
    (example,) = [text for language, text in blocks() if language == "javascript"]
    assert example == (Path(__file__).parent / "clients/src/live_tasks.mjs").read_text()


def test_speed_is_as_recorded() -> None:
    """The table of speeds has the figures of the recorded run."""
    recorded = json.loads((Path(__file__).parent / "benchmarks/recorded.json").read_text())
    expected = {
        name: [
            f"{row['gql_tasks']['requests_per_second']:,.0f}",
            f"{row['gql_tasks']['p50_ms']:.1f}",
            f"{row['gql_tasks']['p99_ms']:.1f}",
            f"{row['gql_tasks']['cpu_us']:,.0f}",
            f"{row['documented']['requests_per_second']:,.0f}",
            f"{row['ratio']:.1f}x",
            f"{row['target']}x",
            "" if row["kept"] is None else f"{row['kept']['requests_per_second']:,.0f}",
        ]
        for name, row in recorded["workloads"].items()
    }
    rows = re.findall(r"^\| [^|]* \(`(\w+)`\) \| (.*) \|$", README, re.MULTILINE)
    assert {name: cells.split(" | ") for name, cells in rows} == expected


def test_speed_with_newer_sqlite_is_as_recorded() -> None:
    """So has that of the run with the SQLite that the extra brings."""
    path = Path(__file__).parent / "benchmarks/recorded_newer_sqlite.json"
    recorded = json.loads(path.read_text())
    expected = [
        f"| `{name}` | {row['gql_tasks']['requests_per_second']:,.0f} "
        f"| {row['gql_tasks']['cpu_us']:,.0f} | {row['ratio']:.1f}x | {row['target']}x |"
        for name, row in recorded["workloads"].items()
    ]
    heading = "| query | requests/s | processor µs a request | ratio | target |\n"
    table = README.partition(heading)[2].partition("\n\n")[0]
    assert table.splitlines()[1:] == expected
    assert f"SQLite {recorded['sqlite'].rpartition('.')[0]}" in README


def test_settings_table_is_complete() -> None:
    """Every setting stands in the table: flag, variable, default and sentence."""
    rows = re.findall(r"^\| `(--[a-z-]+)` \| `(\w+)` \| `(.*?)` \| (.*) \|$", README, re.MULTILINE)
    assert sorted(rows) == sorted(
        (
            f"--{name.replace('_', '-')}",
            PREFIX + name.upper(),
            str(field.default),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    )


def test_limits_are_the_ones_in_force() -> None:
    """The table of limits has the numbers that the code has."""
    (table,) = re.findall(r"^## Limits$(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    assert [int(number) for number in re.findall(r"\| (\d+) \|$", table, re.MULTILINE)] == [
        execution.MAX_VARIABLE_VALUES,
        execution.MAX_INTROSPECTIONS,
        limits.MAX_INTROSPECTION_DEPTH,
        planner.MAX_READS,
        planner.MAX_DEPTH,
        filters.MAX_CONDITIONS,
        filters.MAX_RELATED,
        search.MAX_WORDS,
        database.MAX_ANSWER_BYTES,
        socket_messages.MAX_ID_CHARACTERS,
        json_body.MAX_DEPTH,
        wall.MAX_HEADERS,
        connections.MAX_HEAD_BYTES,
        connections.UNREAD_SECONDS,
        task.MAX_TASKS,
        task.MAX_LEVELS,
        task.MAX_LABELS,
        task.MAX_AT_ONCE,
        task.MAX_LABELS_AT_ONCE,
        writing.MAX_ID_CHARACTERS,
        live.MAX_BACKLOG,
        source.MAX_BYTES,
        postgresql_connections.POOL_SIZE,
        postgresql_connections.POOL_SECONDS,
        postgresql_connections.LOCK_SECONDS,
    ]


def test_promises_are_shown() -> None:
    """Every promise names tests, and each of them is there."""
    (section,) = re.findall(r"^## What is promised$(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (?!promise|---)(.*) \| (.*) \| (.*) \|$", section, re.MULTILINE)
    files = {
        path.name: path.read_text("utf-8") for path in Path(__file__).parent.rglob("test_*.py")
    }
    missing = []
    for _, _, shown in rows:
        named = re.findall(r"`(?:(test_\w+\.py)::)?(test_\w+)`", shown)
        file = ""
        for given, name in named:
            file = given or file
            if not re.search(rf"^(?:async )?def {name}\(", files.get(file, ""), re.MULTILINE):
                missing.append(f"{file}::{name}")
        assert named
    assert missing == []


def test_commands_exist_and_are_named() -> None:
    """Every command is named in the README, and every command named there exists."""
    named = set(re.findall(r"gql-tasks ([a-z]+)", README))
    assert named == set(main.commands)


def test_flags_exist() -> None:
    """Every flag that the README names in code is one that a command takes."""
    help_text = "".join(
        CliRunner().invoke(main, [command, "--help"]).output for command in main.commands
    )
    flags = set(re.findall(r"`(--[a-z-]+)`", README))
    assert {flag for flag in flags if flag not in help_text} == set()


def test_banner_is_as_shown(served: Server) -> None:
    """The banner shown is the one of this version."""
    (banner,) = [text for language, text in blocks() if language == "text"]
    assert banner.startswith(f"gql_tasks {__version__}\n")
