"""The root fields that read: parse, one call, return."""

from collections.abc import Awaitable
from typing import Annotated, TypeAlias

import strawberry
from strawberry import UNSET

from gql_tasks.domain.changes import SyncToken
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.selection import plan_root
from gql_tasks.graphql.types.arguments import (
    After,
    Before,
    Filter,
    First,
    Last,
    Limit,
    Offset,
    OrderBy,
    Search,
)
from gql_tasks.graphql.types.change import ChangePage
from gql_tasks.graphql.types.connection import TaskConnection
from gql_tasks.graphql.types.label import Label
from gql_tasks.graphql.types.project import Project
from gql_tasks.graphql.types.task import Task
from gql_tasks.store.database import Answer

Read: TypeAlias = Answer | Awaitable[Answer]


@strawberry.type(description="Everything that can be read. One operation sees one snapshot.")
class Query:
    """The roots of every read. Their arguments are read where their plans are made."""

    @strawberry.field(graphql_type=Task | None, description="The task with this id, or null.")
    def task(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the public name
            strawberry.ID, strawberry.argument(description="The task's id.")
        ],
    ) -> Read:
        """Read one task."""
        return _read(info)

    @strawberry.field(
        graphql_type=list[Task],
        description="Every task that matches, as a plain list. Without a limit it returns all of "
        "them, up to the server's row cap (an error past it, never a silent cut).",
    )
    def tasks(
        self,
        info: Info,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        search: Search = UNSET,
        order_by: OrderBy = UNSET,
        limit: Limit = UNSET,
        offset: Offset = UNSET,
    ) -> Read:
        """Read a list of tasks."""
        return _read(info)

    @strawberry.field(
        graphql_type=TaskConnection,
        description="The same tasks page by page, with counts and facets from the same snapshot.",
    )
    def tasks_connection(
        self,
        info: Info,
        filter: Filter = UNSET,  # noqa: A002  # the public name
        search: Search = UNSET,
        order_by: OrderBy = UNSET,
        first: First = UNSET,
        after: After = UNSET,
        last: Last = UNSET,
        before: Before = UNSET,
    ) -> Read:
        """Read a page of tasks."""
        return _read(info)

    @strawberry.field(graphql_type=Project | None, description="The project with this id, or null.")
    def project(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the public name
            strawberry.ID, strawberry.argument(description="The project's id.")
        ],
    ) -> Read:
        """Read one project."""
        return _read(info)

    @strawberry.field(graphql_type=list[Project], description="The projects, by position.")
    def projects(
        self,
        info: Info,
        include_archived: Annotated[  # noqa: FBT002  # the public default
            bool, strawberry.argument(description="Also those that are archived.")
        ] = False,
    ) -> Read:
        """Read the projects."""
        return _read(info)

    @strawberry.field(graphql_type=Label | None, description="The label with this id, or null.")
    def label(
        self,
        info: Info,
        id: Annotated[  # noqa: A002  # the public name
            strawberry.ID, strawberry.argument(description="The label's id.")
        ],
    ) -> Read:
        """Read one label."""
        return _read(info)

    @strawberry.field(
        graphql_type=ChangePage,
        description="What changed after a token, oldest first, deletions included.",
    )
    def changes(
        self,
        info: Info,
        since: Annotated[
            SyncToken | None,
            strawberry.argument(
                description="Only what changed after this; all that is kept without it."
            ),
        ] = UNSET,
        limit: Annotated[
            int, strawberry.argument(description="At most this many changes, the oldest ones.")
        ] = 500,
    ) -> Read:
        """Read a part of the change log."""
        return _read(info)

    @strawberry.field(graphql_type=list[Label], description="The labels, by name.")
    def labels(self, info: Info) -> Read:
        """Read the labels."""
        return _read(info)


def _read(info: Info) -> Read:
    plan = plan_root(info)
    return None if plan is None else info.context.session.read(plan)
