"""Keeping the change log as long as was promised, and no longer."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from gql_tasks.domain.errors import StoreUnavailable
from gql_tasks.store.database import Database
from gql_tasks.store.prune import prune_changes

logger = logging.getLogger("gql_tasks.log")

AT_ONCE = 2_000
"""Entries that one transaction deletes; writers wait for it no longer than that takes."""

FIRST_SECONDS = 60.0
"""After the start; a server that starts has more urgent things to do."""

EVERY_SECONDS = 3_600.0


async def prune(database: Database, *, days: int, rows: int, now: datetime) -> int:
    """Delete what is older than so many days or beyond so many rows, and tell how many that was."""
    work = partial(prune_changes, before=now - timedelta(days=days), keep=rows, at_once=AT_ONCE)
    total = 0
    while pruned := await database.write(work):
        total += pruned
        if pruned < AT_ONCE:
            break
    return total


async def keep_pruned(
    database: Database, *, days: int, rows: int, clock: Callable[[], datetime]
) -> None:
    """Prune now and then, until cancelled."""
    await asyncio.sleep(FIRST_SECONDS)
    while True:
        try:
            if pruned := await prune(database, days=days, rows=rows, now=clock()):
                logger.info("pruned %d changes from the log", pruned)
        except StoreUnavailable as error:
            logger.warning("the change log was not pruned: %s", error)
        except Exception:  # a bug, or a damaged file: the log grows, but the server goes on
            logger.exception("the change log was not pruned")
        await asyncio.sleep(EVERY_SECONDS)
