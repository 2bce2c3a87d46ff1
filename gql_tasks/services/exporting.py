"""Writing every task to a file, from one snapshot, while others go on writing to the store."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TypeAlias

from gql_tasks.domain.errors import StoreUnusable
from gql_tasks.domain.relations import Entity
from gql_tasks.services.formats import csv_tasks, json_lines
from gql_tasks.services.formats.files import FileRefused, Progress, Write, written
from gql_tasks.services.formats.records import Moved
from gql_tasks.services.formats.source import MAX_BYTES
from gql_tasks.store.database import Database, ReadSession
from gql_tasks.store.whole_rows import WholeRows

TOLD_EVERY = 500
"""Tasks after which progress is told."""


Lines: TypeAlias = Callable[[WholeRows, Moved], Iterator[tuple[str, bytes]]]
"""Writes the lines of a format, each with the id of the task that it is, or none."""


async def export(database: Database, file: str, format_name: str, progress: Progress) -> Moved:
    """Write a store's tasks to a file, in one of FORMATS.

    Raises FileRefused, having left the file as it was, StoreUnusable for a store that has to be
    migrated first, and StoreUnavailable.
    """
    if await database.pending_migrations():
        raise StoreUnusable(
            f"{database.name} is not there yet, or has to be migrated; "
            "gql-tasks migrate --dry-run shows what is pending"
        )
    with written(file) as write:
        work = partial(_export, lines=FORMATS[format_name], write=write, progress=progress)
        return await database.read(work)


def _export(session: ReadSession, lines: Lines, write: Write, progress: Progress) -> Moved:
    rows = WholeRows(session)
    exported = Moved(
        rows.count(Entity.PROJECT), rows.count(Entity.LABEL), rows.count(Entity.TASK), rows.remarks
    )
    done = 0
    for task_id, line in lines(rows, exported):
        if len(line) > MAX_BYTES:
            message = f"task {task_id} would be a line of {len(line)} bytes, and {MAX_BYTES} are"
            raise FileRefused(f"{message} as many as can be read")
        write(line)
        done += bool(task_id)
        if done % TOLD_EVERY == 0 or done == exported.tasks:
            progress(done, exported.tasks)
    return exported


def _json_lines(rows: WholeRows, counts: Moved) -> Iterator[tuple[str, bytes]]:
    """Write lines, and the ids of those that are tasks."""
    yield (
        "",
        json_lines.write_header(
            {"projects": counts.projects, "labels": counts.labels, "tasks": counts.tasks}
        ),
    )
    for kind, found in (("project", rows.projects()), ("label", rows.labels())):
        for row in found:
            yield "", json_lines.write_row(kind, row)
    for task in rows.tasks():
        yield task["id"], json_lines.write_row("task", task)


def _csv(rows: WholeRows, _: Moved) -> Iterator[tuple[str, bytes]]:
    yield "", csv_tasks.write_header()
    projects, labels = _names(rows.projects()), _names(rows.labels())
    for task in rows.tasks_in_order():
        yield task["id"], csv_tasks.write_task(task, projects, labels)


def _names(rows: Iterable[dict[str, str]]) -> dict[str, str]:
    return {row["id"]: row["name"] for row in rows}


FORMATS: Mapping[str, Lines] = {"jsonl": _json_lines, "csv": _csv}
