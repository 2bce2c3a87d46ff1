"""The root fields that go on: parse, one call, pass on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Any

import strawberry
from strawberry import UNSET

from gql_tasks.domain.changes import SyncToken
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.selection import plan_watch
from gql_tasks.graphql.types.arguments import Filter
from gql_tasks.graphql.types.change import TaskEvent


@strawberry.type(description="Everything that can be watched.")
class Subscription:
    """The roots of every subscription."""

    @strawberry.subscription(
        graphql_type=TaskEvent,
        description="Live changes to the tasks that match a filter. With since, everything missed "
        "is replayed first, then CAUGHT_UP, then live.",
    )
    async def task_events(
        self,
        info: Info,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        since: Annotated[
            SyncToken | None,
            strawberry.argument(
                description="Begin after this position: a syncToken of a page, a payload or an "
                "event. From now on without it."
            ),
        ] = UNSET,
    ) -> AsyncGenerator[Any, None]:
        """Tell events, each an answer that is written already."""
        watch = plan_watch(info)
        key = str(info.path.key)
        async with aclosing(info.context.live.events(watch, since or None)) as events:
            async for event in events:
                yield {key: event}
