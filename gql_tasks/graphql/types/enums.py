"""Enums as clients see them; their values are the domain's."""

from enum import Enum

import strawberry

from gql_tasks.domain import page, priority


@strawberry.enum(description="How much a task matters.")
class Priority(Enum):
    """A client's spelling of Priority."""

    NONE = strawberry.enum_value(priority.Priority.NONE, description="Nothing is said.")
    LOW = strawberry.enum_value(priority.Priority.LOW, description="Some day.")
    MEDIUM = strawberry.enum_value(priority.Priority.MEDIUM, description="Soon.")
    HIGH = strawberry.enum_value(priority.Priority.HIGH, description="Before the others.")
    URGENT = strawberry.enum_value(priority.Priority.URGENT, description="At once.")


@strawberry.enum(description="What tasks can be sorted by.")
class TaskOrderField(Enum):
    """A client's spelling of OrderField."""

    ID = strawberry.enum_value(page.OrderField.ID, description="The id, as a number.")
    POSITION = strawberry.enum_value(
        page.OrderField.POSITION, description="The order made by hand."
    )
    TITLE = strawberry.enum_value(
        page.OrderField.TITLE, description="The title, by code point: capitals come first."
    )
    COMPLETED = strawberry.enum_value(
        page.OrderField.COMPLETED, description="Whether it is done; open ones come first."
    )
    COMPLETED_AT = strawberry.enum_value(
        page.OrderField.COMPLETED_AT, description="When it was completed."
    )
    PRIORITY = strawberry.enum_value(
        page.OrderField.PRIORITY, description="The priority; NONE comes first, URGENT last."
    )
    DUE = strawberry.enum_value(
        page.OrderField.DUE,
        description="When it is due. A day without a time comes before the instants of that day "
        "in UTC.",
    )
    START_ON = strawberry.enum_value(
        page.OrderField.START_ON, description="The day from which it is planned."
    )
    CREATED_AT = strawberry.enum_value(
        page.OrderField.CREATED_AT, description="When it was created."
    )
    UPDATED_AT = strawberry.enum_value(
        page.OrderField.UPDATED_AT, description="When it last changed."
    )
    RELEVANCE = strawberry.enum_value(
        page.OrderField.RELEVANCE,
        description="How well it fits the search, the best first; only where there is one.",
    )


@strawberry.enum(description="Which end of an order comes first.")
class OrderDirection(Enum):
    """A client's spelling of Direction."""

    ASC = strawberry.enum_value(page.Direction.ASC, description="The smallest first.")
    DESC = strawberry.enum_value(page.Direction.DESC, description="The largest first.")


@strawberry.enum(description="Where tasks without a value come, whichever the direction.")
class NullsOrder(Enum):
    """A client's spelling of Nulls."""

    FIRST = strawberry.enum_value(page.Nulls.FIRST, description="Before the others.")
    LAST = strawberry.enum_value(page.Nulls.LAST, description="After the others.")


@strawberry.enum(description="What matching tasks can be counted by.")
class TaskFacetField(Enum):
    """A client's spelling of FacetField."""

    COMPLETED = strawberry.enum_value(
        page.FacetField.COMPLETED, description="Open and completed: false and true."
    )
    PRIORITY = strawberry.enum_value(
        page.FacetField.PRIORITY, description="The priority, the most urgent first."
    )
    PROJECT = strawberry.enum_value(
        page.FacetField.PROJECT, description="The project, by position."
    )
    LABEL = strawberry.enum_value(
        page.FacetField.LABEL,
        description="Each label, by name; a task with two is in two buckets.",
    )
    DUE = strawberry.enum_value(
        page.FacetField.DUE,
        description="OVERDUE, TODAY, NEXT_WEEK (the seven days after today) and LATER, by the "
        "days of the request's time zone.",
    )
