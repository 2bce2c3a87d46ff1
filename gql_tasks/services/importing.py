"""Taking over the tasks of a file, all of them or none.

The file is read twice: once to check it, with nothing locked and nothing written, and once to write
it, in one transaction. So every line that is wrong is told, and others wait no longer than writing
takes.

A store that is empty becomes what the file says, ids included where the format has them. To one
that is not, tasks are added under new ids, at the end of the order made by hand; projects and
labels of the same name are taken for the same.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from datetime import datetime

from gql_tasks.services.formats import csv_tasks, json_lines, taskwarrior, todoist
from gql_tasks.services.formats.files import FileRefused, Progress, opened
from gql_tasks.services.formats.records import Moved, Reader, Reading, Remarks
from gql_tasks.services.formats.source import Source, Unreadable
from gql_tasks.services.import_check import Contents, check
from gql_tasks.services.import_writing import FileChanged, prepare, write
from gql_tasks.store.database import Database, WriteSession
from gql_tasks.store.whole_inserts import Target, target, target_of


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is read, whether the ids in it are a store's, and whether all else is as well."""

    read: Reader
    has_ids: bool = False
    is_exact: bool = False


FORMATS: Mapping[str, Format] = {
    "jsonl": Format(json_lines.read, has_ids=True, is_exact=True),
    "csv": Format(csv_tasks.read, has_ids=True),
    "todoist": Format(todoist.read),
    "taskwarrior": Format(taskwarrior.read),
}


@dataclass(frozen=True, slots=True)
class How:
    """One of FORMATS, when the import is, and what it may do."""

    format_name: str
    now: datetime
    _: KW_ONLY
    add: bool = False
    dry_run: bool = False


async def import_file(database: Database, file: str, how: How, progress: Progress) -> Moved:
    """Check a file, then write it, unless it is a dry run, which does not even open the store.

    Raises FileRefused for a file that is wrong, and for a store that is not empty unless it is to
    be added to; StoreUnusable and StoreUnavailable. Then nothing was written.
    """
    format_ = FORMATS[how.format_name]
    store = await target_of(database)
    _refuse_mixing(store, database.name, how)
    with opened(file) as content:
        source = Source(content, file, progress, passes=1 if how.dry_run else 2)
        keeps_ids = format_.has_ids and store.is_empty
        remarks = Remarks()
        records = format_.read(Reading(source, remarks, store.keeps_any_text))
        contents = check(records, may_cycle=format_.is_exact and keeps_ids)
        if contents.wrong_count:
            raise _wrong(file, contents)
        if not how.dry_run:
            reading = Reading(source, Remarks(), store.keeps_any_text)
            await _write(database, format_, reading, contents, how)
    return Moved(*_new(contents, store, keeps_ids=keeps_ids), len(contents.task_numbers), remarks)


async def _write(
    database: Database, format_: Format, reading: Reading, contents: Contents, how: How
) -> None:
    def work(session: WriteSession) -> None:
        prepare(session, alone=format_.has_ids and target(session).is_empty)
        store = target(session)  # which is now what it will be
        _refuse_mixing(store, database.name, how)
        keeps_ids = format_.has_ids and store.is_empty
        try:
            write(session, format_.read(reading), contents, how.now, keeps_ids=keeps_ids)
        except (FileChanged, Unreadable) as error:
            raise FileRefused(f"{reading.source.name} was changed while it was read") from error

    await database.open()
    # Not database.write, which may do its work twice.
    async with database.transaction() as transaction:
        await transaction.write(work)


def _wrong(name: str, contents: Contents) -> FileRefused:
    reasons = [f"{name} line {wrong.line}: {wrong.message}" for wrong in contents.wrong]
    if more := contents.wrong_count - len(reasons):
        reasons.append(f"{name}: and {more} lines more are wrong")
    return FileRefused(*reasons)


def _refuse_mixing(store: Target, name: str, how: How) -> None:
    if not (store.is_empty or how.add):
        raise FileRefused(f"{name} is not empty; --add adds to it")


def _new(contents: Contents, store: Target, *, keeps_ids: bool) -> tuple[int, int]:
    """Count the projects and the labels that are not there yet."""
    if keeps_ids:
        return (
            len(contents.projects) + len(contents.project_names),
            len(contents.labels) + len(contents.label_names),
        )
    return (
        len(contents.all_project_names - store.project_names),
        len(contents.all_label_names - store.label_names),
    )
