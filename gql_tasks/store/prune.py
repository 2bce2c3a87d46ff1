"""Cutting the change log at its old end."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update

from gql_tasks.store.database import WriteSession
from gql_tasks.store.tables import ChangeLogRow, ChangeRow, MutationRow

_changes: Any = ChangeRow.__table__
_mutations: Any = MutationRow.__table__
_log: Any = ChangeLogRow.__table__


def prune_changes(session: WriteSession, *, before: datetime, keep: int, at_once: int) -> int:
    """Delete entries that are older than `before` or not among the newest `keep`.

    At most `at_once` of them, the oldest first, and never one that comes after an entry that stays:
    the log keeps everything after `pruned_through`. Returns how many there were.
    """
    session.execute(select(_log.c.epoch).with_for_update())  # others prune after this one
    too_many = session.scalar(
        select(_changes.c.id)
        .where(_changes.c.id > 0)
        .order_by(_changes.c.id.desc())
        .offset(keep)
        .limit(1)
    )
    oldest = session.execute(
        select(_changes.c.id, _changes.c.at)
        .where(_changes.c.id > 0)
        .order_by(_changes.c.id)
        .limit(at_once)
    )
    pruned = []
    for row in oldest:
        if row.at >= before and (too_many is None or row.id > too_many):
            break
        pruned.append(row.id)
    if pruned:
        gone = _changes.c.id.between(pruned[0], pruned[-1])
        session.execute(delete(_changes).where(gone))
        session.execute(update(_log).values(pruned_through=pruned[-1]))
    session.execute(delete(_mutations).where(_mutations.c.at < before))
    return len(pruned)
