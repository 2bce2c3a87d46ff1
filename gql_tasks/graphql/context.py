"""What a resolver gets beside its arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import strawberry

from gql_tasks.domain.moments import Moment
from gql_tasks.graphql.atomic import Writer
from gql_tasks.graphql.observation import Observation
from gql_tasks.services.live import Live
from gql_tasks.store.database import Database, OperationSession, T, WriteSession


@dataclass(slots=True)
class Context:
    """The context of one operation.

    `session` is the operation's SQLAlchemy session: every read of the operation goes through it
    and sees one snapshot. A mutation field writes in a session and a transaction of its own, or,
    where the mutation is @atomic, in that of `writer`. `live` tells subscriptions of events.
    `max_rows` is the most rows a list may answer. `moment` is when the operation happens, and in
    which time zone its caller lives. `observation` notes what becomes of it.
    With `tells_cost` the answer says what the operation costs.
    """

    session: OperationSession
    database: Database
    live: Live
    max_rows: int
    moment: Moment
    observation: Observation
    writer: Writer | None = None
    tells_cost: bool = False

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Run `work` with a session that writes, in one transaction."""
        return await (self.writer or self.database).write(work, short=short)


Info: TypeAlias = strawberry.Info[Context, None]
