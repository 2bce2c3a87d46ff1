"""What the command line does to a store that is in operation, in the words it prints."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from gql_tasks.services import exporting, importing
from gql_tasks.services.formats.files import STANDARD
from gql_tasks.store import upkeep
from gql_tasks.store.database import Database
from gql_tasks.store.sqlite_copies import Progress


async def doctor(database: Database, *, fix: bool) -> bool:
    """Print a line for each check, and tell whether all is well."""
    if fix:
        for done in await upkeep.fix(database):
            click.echo(f"fixed {done}")
    well = True
    async for found in upkeep.examine(database):
        remedy = f"; {found.remedy}" if found.remedy else ""
        click.echo(f"{found.state.value:5} {found.check:12} {found.text}{remedy}")
        well = well and not found.wrong
        await asyncio.sleep(0)  # here Ctrl+C ends it
    return well


async def backup(database: Database, *, file: Path, force: bool) -> None:
    """Copy a store to a file."""
    with progress_bar("Copying") as progress:
        held = upkeep.back_up(database, file, overwrite=force, progress=progress)
    click.echo(f"{file} is a backup of {database.name}: {held}.")


async def restore(database: Database, *, file: Path, dry_run: bool, force: bool) -> None:
    """Put a backup in the place of a store."""
    with progress_bar("Restoring") as progress:
        done = upkeep.restore(database, file, overwrite=force, dry_run=dry_run, progress=progress)
    holds = "would hold" if dry_run else "holds"
    migrated = ", migrated" if done.pending else ""
    click.echo(
        f"{database.name} {holds} what is in {file}{migrated}: {done.after}; before: {done.before}."
    )


async def export_to(database: Database, *, file: str, kind: str) -> None:
    """Write all tasks to a file."""
    with progress_bar("Exporting", hidden=file == STANDARD) as progress:
        done = await exporting.export(database, file, kind, progress)
    if file != STANDARD:
        click.echo(f"Wrote {done} to {file}.")
    for remark in done.told:
        click.echo(f"  {remark}", err=True)


async def import_from(
    database: Database, *, file: str, kind: str, dry_run: bool, add: bool
) -> None:
    """Take over the tasks in a file."""
    how = importing.How(kind, datetime.now(UTC), add=add, dry_run=dry_run)
    with progress_bar("Importing", hidden=file == STANDARD) as progress:
        done = await importing.import_file(database, file, how, progress)
    click.echo(f"{'Would write' if dry_run else 'Wrote'} {done} to {database.name}.")
    for remark in done.told:
        click.echo(f"  {remark}")


@contextmanager
def progress_bar(label: str, *, hidden: bool = False) -> Iterator[Progress]:
    """Show on stderr how much is done, and of how much, once there is something to show.

    Whoever tells it may be in a thread, or keep the event loop to himself: either is ended here
    after Ctrl+C, unless all is done.
    """
    task = asyncio.current_task()
    with ExitStack() as stack:
        bars: list[Any] = []

        def advance(done: int, total: int) -> None:
            if done < total and task and task.cancelling():
                raise asyncio.CancelledError
            if not bars:
                bar = click.progressbar(length=total, label=label, file=sys.stderr, hidden=hidden)
                bars.append(stack.enter_context(bar))
            bars[0].length = total
            bars[0].update(done - bars[0].pos)

        yield advance
