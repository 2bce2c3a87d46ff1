"""Exporting and importing as a person does it, with the command line."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from gql_tasks.cli import main
from tests.sql import Address


@dataclass
class Done:
    """How a command ended."""

    code: int
    output: str
    errors: list[str]


def gql_tasks(command: str, address: str, *arguments: str, given: bytes = b"") -> Done:
    """Run a command in this process; the bars on stderr are left out of the errors."""
    arguments = (command, "--database", str(address), *arguments)
    result = CliRunner().invoke(main, arguments, input=given, catch_exceptions=False)
    bars = {"Exporting", "Importing", "Writing tasks"}
    errors = [line for line in result.stderr.splitlines() if line not in bars]
    return Done(result.exit_code, result.stdout, errors)


def exported(address: str, *arguments: str) -> bytes:
    """Export a store to stdout."""
    arguments = ("export", "--database", str(address), *arguments)
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.stderr
    return result.stdout_bytes


def imported(address: str, file: Path | str, *arguments: str) -> str:
    """Import a file, which must succeed, and return what was said."""
    done = gql_tasks("import", address, str(file), *arguments)
    assert (done.code, done.errors) == (0, [])
    return done.output


def refused(address: str, file: Path | str, *arguments: str) -> list[str]:
    """Import a file, which must fail, and return what was said."""
    done = gql_tasks("import", address, str(file), *arguments)
    assert (done.code, done.output) == (1, "")
    return [line.removeprefix("gql-tasks: ").removeprefix(f"{file} ") for line in done.errors]


def everything(address: Address) -> list[list[tuple[Any, ...]]]:
    """Read every row there is, the log's too."""
    tables = ("tasks", "projects", "labels", "task_labels", "changes", "mutations")
    return [sorted(address.fetch(f"SELECT * FROM {table}"), key=repr) for table in tables]
