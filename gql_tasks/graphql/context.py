"""What a resolver gets beside its arguments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import strawberry

from gql_tasks.domain.moments import Moment
from gql_tasks.store.database import Database, OperationSession, T, WriteSession


@dataclass(frozen=True, slots=True)
class Context:
    """The context of one operation.

    `session` is the operation's SQLAlchemy session: every read of the operation goes through it
    and sees one snapshot. A mutation field writes in a session and a transaction of its own.
    `max_rows` is the most rows a list may answer. `moment` is when the operation happens, and in
    which time zone its caller lives.
    """

    session: OperationSession
    database: Database
    max_rows: int
    moment: Moment

    async def write(self, work: Callable[[WriteSession], T]) -> T:
        """Run `work` with a session that writes, in one transaction."""
        return await self.database.write(work)


Info: TypeAlias = strawberry.Info[Context, None]
