"""Mutations: whose changes are told apart from others', and whose answers are kept.

Each unit of work that a WriteSession does is one mutation. Its number is in the log beside its
changes; a client's own id for it, and the answer it was given, are in `mutations`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, text, update

from gql_tasks.domain.changes import SyncToken
from gql_tasks.store.database import Mutation, T, WriteSession
from gql_tasks.store.tables import MutationRow

_BEGIN = {
    "sqlite": (
        "SELECT last_mutation + 1, epoch,"
        " coalesce((SELECT max(id) FROM changes), pruned_through) FROM change_log"
    ),
    "postgresql": (
        "SELECT CAST(set_config('gql_tasks.mutation', CAST(nextval('mutations_number') AS text),"
        " true) AS bigint), epoch, coalesce((SELECT max(id) FROM changes), pruned_through)"
        " FROM change_log"
    ),
}
"""On SQLite this is asked by the first mutation of a transaction; the others count on from it."""

_NAME = "UPDATE change_log SET mutation = ?1, last_mutation = ?1"
END = "UPDATE change_log SET mutation = NULL WHERE mutation IS NOT NULL"
"""How SQLite knows whose a change is, and, as the last of a transaction that commits, that it is
nobody's from here on. PostgreSQL forgets with the transaction.
"""

_mutations: Any = MutationRow.__table__

_RANGE = (
    "SELECT min(id) FILTER (WHERE mutation_id = {mark}),"
    " max(id) FILTER (WHERE mutation_id = {mark}),"
    " max(id) FROM changes WHERE id > {after}"
)
_RANGES = {
    "sqlite": _RANGE.format(mark="?1", after="?2"),
    "postgresql": _RANGE.format(mark="$1", after="$2"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A mutation as its client named it. `digest` stands for all that it asks for."""

    client_mutation_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What is known of a mutation that was done before: what it asked for, and its answer."""

    digest: str
    answer: str


def run(session: WriteSession, work: Callable[[WriteSession], T]) -> T:
    """Do a unit of work, so that its changes are those of one mutation."""
    session.mutation = _next(session)
    if session.store == "sqlite":
        session.rows(_NAME, (session.mutation.number,))
    result = work(session)
    session.flush()
    return result


def _next(session: WriteSession) -> Mutation:
    last: Mutation | None = getattr(session, "mutation", None)
    if last is not None and session.store == "sqlite":
        return Mutation(last.number + 1, last.epoch, last.start)
    [(number, epoch, start)] = session.rows(_BEGIN[session.store])
    return Mutation(number, epoch, start)


def token_of(session: WriteSession) -> SyncToken:
    """Name the position after this mutation's changes, and with it the changes.

    On PostgreSQL this numbers them, and takes the lock for it that is held until the commit.
    """
    session.flush()
    mutation = session.mutation
    if session.store == "postgresql":
        session.execute(text("SET CONSTRAINTS changes_number IMMEDIATE"))
        session.execute(text("SET CONSTRAINTS changes_number DEFERRED"))
    [(first, last, head)] = session.rows(_RANGES[session.store], (mutation.number, mutation.start))
    if first is None:  # nothing was changed
        return SyncToken(mutation.epoch, head or mutation.start, head or mutation.start)
    return SyncToken(mutation.epoch, last, first - 1)


def claim(session: WriteSession, request: Request) -> Kept | None:
    """Take a client's id for this mutation, or find what was done under it before.

    On PostgreSQL it waits for another transaction that is just using the id.
    """
    added = session.execute(
        text(
            "INSERT INTO mutations (id, client_mutation_id, request)"
            " VALUES (:id, :client_mutation_id, :request) ON CONFLICT DO NOTHING RETURNING id"
        ),
        {
            "id": session.mutation.number,
            "client_mutation_id": request.client_mutation_id,
            "request": request.digest,
        },
    ).first()
    if added is not None:
        return None
    found = session.execute(
        select(_mutations.c.request, _mutations.c.answer).where(
            _mutations.c.client_mutation_id == request.client_mutation_id
        )
    ).one()
    return Kept(found.request, found.answer)


def keep(session: WriteSession, answer: str) -> None:
    """Keep the answer of the mutation whose id was claimed."""
    session.execute(
        update(_mutations).where(_mutations.c.id == session.mutation.number).values(answer=answer)
    )
