"""The Task type."""

from datetime import datetime

import strawberry


@strawberry.type(description="Something to be done.")
class Task:
    """A declaration: the database writes a task's JSON, so no resolver ever makes one."""

    id: strawberry.ID = strawberry.field(
        description="The row's id in the store: the number REST shows."
    )
    title: str = strawberry.field(
        description="What is to be done. Never blank when written here; "
        "other programs may leave it empty."
    )
    description: str = strawberry.field(description="More about it; empty where there is none.")
    completed: bool = strawberry.field(description="Whether it is done.")
    completed_at: datetime | None = strawberry.field(
        description="When it was completed. Null while it is open, and where it was completed "
        "before the store recorded the time."
    )
    version: int = strawberry.field(description="Grows by one with every change, whoever makes it.")
    created_at: datetime = strawberry.field(
        description="When it was created, or migrated from a store that kept no time."
    )
    updated_at: datetime = strawberry.field(description="When it last changed.")
