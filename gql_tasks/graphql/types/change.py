"""The change log, as clients see it: changes, parts of the log, and events."""

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import JSON

from gql_tasks.domain.changes import SyncToken

if TYPE_CHECKING:
    from gql_tasks.graphql.types.task import Task


@strawberry.enum(name="Entity", description="The kinds of rows.")
class ChangedEntity(Enum):
    """What a change is of."""

    TASK = strawberry.enum_value("TASK", description="A task, its labels included.")
    PROJECT = strawberry.enum_value("PROJECT", description="A project.")
    LABEL = strawberry.enum_value("LABEL", description="A label.")


@strawberry.enum(description="What was done to a row.")
class Operation(Enum):
    """What a change did."""

    CREATE = strawberry.enum_value("CREATE", description="It was written.")
    UPDATE = strawberry.enum_value("UPDATE", description="It was changed.")
    DELETE = strawberry.enum_value("DELETE", description="It was deleted.")


@strawberry.type(
    description="A row as it was and as it became, whoever changed it. `before` and `after` are "
    "the row's own fields by their names in this API; what it leads to is named by projectId, "
    "parentId and labelIds."
)
class Change:
    """A declaration, read by plan."""

    sync_token: SyncToken = strawberry.field(description="The position after this change.")
    at: datetime = strawberry.field(description="When it was made.")
    entity: ChangedEntity = strawberry.field(description="What kind of row it is of.")
    id: strawberry.ID = strawberry.field(description="The row's id.")
    operation: Operation = strawberry.field(description="What was done.")
    changed_fields: list[str] = strawberry.field(
        description="The members of before and after that differ, but for version and updatedAt; "
        "empty where the row was created or deleted."
    )
    before: JSON | None = strawberry.field(description="The row before; null where it was created.")
    after: JSON | None = strawberry.field(description="The row after; null where it was deleted.")
    client_mutation_id: strawberry.ID | None = strawberry.field(
        description="The clientMutationId of the mutation that made it, where it had one."
    )


@strawberry.type(description="A part of the change log.")
class ChangePage:
    """A declaration, read by plan."""

    changes: list[Change] = strawberry.field(
        description="What changed, oldest first: the order in which it was committed."
    )
    next_token: SyncToken = strawberry.field(
        description="Where to go on from: hand it back as since. With resyncRequired it is the "
        "log's end."
    )
    has_more: bool = strawberry.field(description="Whether more has changed already.")
    resync_required: bool = strawberry.field(
        description="The token is older than the log, or of another store: read everything again."
    )


@strawberry.enum(description="What happened to a task, as its subscriber sees it.")
class TaskEventKind(Enum):
    """The kinds of events."""

    CREATED = strawberry.enum_value(
        "CREATED", description="A task was created that matches the filter."
    )
    UPDATED = strawberry.enum_value(
        "UPDATED", description="A task changed that matched the filter and still does."
    )
    ENTERED = strawberry.enum_value("ENTERED", description="A task began to match the filter.")
    LEFT = strawberry.enum_value("LEFT", description="A task ceased to match the filter.")
    DELETED = strawberry.enum_value(
        "DELETED", description="A task was deleted that matched the filter."
    )
    CAUGHT_UP = strawberry.enum_value(
        "CAUGHT_UP", description="Everything after since has been told; what follows is live."
    )
    RESYNC_REQUIRED = strawberry.enum_value(
        "RESYNC_REQUIRED",
        description="What happened cannot be told one by one: the token is older than the log, or "
        "of another store. Read again; what follows is live.",
    )


@strawberry.type(description="Something that happened to a task that matches, or matched.")
class TaskEvent:
    """A declaration, written by services/live.py."""

    kind: TaskEventKind = strawberry.field(description="What happened.")
    sync_token: SyncToken = strawberry.field(
        description="The position after this event: subscribe again from it and nothing is missed."
    )
    id: strawberry.ID | None = strawberry.field(
        description="The task's id; null for CAUGHT_UP and RESYNC_REQUIRED."
    )
    task: Annotated["Task", strawberry.lazy(".task")] | None = strawberry.field(
        description="The task as it is now; null where it is gone."
    )
    changed_fields: list[str] = strawberry.field(
        description="What changed: the names of a Change's members. Empty where the task itself "
        "did not change, but something that the filter asks about."
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(
        description="The clientMutationId of the mutation that caused it, so that a client can "
        "skip its own echo."
    )
