"""Filters as clients write them. What they mean is read in `graphql/filters.py`."""

from typing import Any

import strawberry
from strawberry import UNSET

from gql_tasks.graphql.types.enums import Priority
from gql_tasks.graphql.types.scalars import DateOrDuration, DateTimeOrDuration


def _part(description: str, name: str | None = None) -> Any:  # a field stands for its default
    """Declare a part of a filter that may be left out; null is not the same and is refused."""
    return strawberry.field(default=UNSET, description=description, name=name)


@strawberry.input(
    description="Conditions on an id. All that are given must hold. An id that no row can have, "
    'such as "x", equals none.'
)
class IdFilter:
    """A condition on an id."""

    eq: strawberry.ID | None = _part("It is this one.")
    neq: strawberry.ID | None = _part("It is another one, or there is none.")
    in_: list[strawberry.ID] | None = _part("It is one of these; of none for an empty list.", "in")
    not_in: list[strawberry.ID] | None = _part("It is none of these, or there is none.")
    is_null: bool | None = _part("True: there is none. False: there is one.")


@strawberry.input(
    description="Conditions on a text. All that are given must hold. Texts are compared character "
    "by character; no character is a wildcard."
)
class StringFilter:
    """A condition on a text."""

    eq: str | None = _part("It is this text.")
    neq: str | None = _part("It is another text, or there is none.")
    in_: list[str] | None = _part("It is one of these; of none for an empty list.", "in")
    not_in: list[str] | None = _part("It is none of these, or there is none.")
    contains: str | None = _part("It has this text in it. Every text has the empty one.")
    starts_with: str | None = _part("It begins with this text.")
    ends_with: str | None = _part("It ends with this text.")
    ignore_case: bool = strawberry.field(
        default=False,
        description="Take A to Z and a to z for the same, in every condition beside it. Other "
        "letters, such as Ä and ä, stay different: the two stores fold them differently.",
    )


@strawberry.input(description="Conditions on a truth. All that are given must hold.")
class BooleanFilter:
    """A condition on a truth."""

    eq: bool | None = _part("It is this.")
    neq: bool | None = _part("It is not this.")


@strawberry.input(
    description="Conditions on a priority. All that are given must hold. NONE is the lowest, "
    "URGENT the highest."
)
class PriorityFilter:
    """A condition on a priority."""

    eq: Priority | None = _part("It is this one.")
    neq: Priority | None = _part("It is another one.")
    in_: list[Priority] | None = _part("It is one of these; of none for an empty list.", "in")
    not_in: list[Priority] | None = _part("It is none of these.")
    lt: Priority | None = _part("It is lower.")
    lte: Priority | None = _part("It is this one or lower.")
    gt: Priority | None = _part("It is higher.")
    gte: Priority | None = _part("It is this one or higher.")


@strawberry.input(
    description="Conditions on a day. All that are given must hold. Where there is no day, only "
    "neq and isNull can."
)
class DateFilter:
    """A condition on a day."""

    eq: DateOrDuration | None = _part("It is this day.")
    neq: DateOrDuration | None = _part("It is another day, or there is none.")
    lt: DateOrDuration | None = _part("It is before this day.")
    lte: DateOrDuration | None = _part("It is this day or before it.")
    gt: DateOrDuration | None = _part("It is after this day.")
    gte: DateOrDuration | None = _part("It is this day or after it.")
    is_null: bool | None = _part("True: there is none. False: there is one.")


@strawberry.input(
    description="Conditions on an instant. All that are given must hold. Where there is none, "
    "only isNull can."
)
class DateTimeFilter:
    """A condition on an instant."""

    lt: DateTimeOrDuration | None = _part("It is before this one.")
    lte: DateTimeOrDuration | None = _part("It is this one or before it.")
    gt: DateTimeOrDuration | None = _part("It is after this one.")
    gte: DateTimeOrDuration | None = _part("It is this one or after it.")
    is_null: bool | None = _part("True: there is none. False: there is one.")


@strawberry.input(description="Conditions on a number. All that are given must hold.")
class IntFilter:
    """A condition on a number."""

    eq: int | None = _part("It is this number.")
    neq: int | None = _part("It is another number.")
    lt: int | None = _part("It is less.")
    lte: int | None = _part("It is this number or less.")
    gt: int | None = _part("It is more.")
    gte: int | None = _part("It is this number or more.")


@strawberry.input(
    description="Conditions on a task's project. All that are given must hold. Where a task has "
    "no project, its project's id, name and archived are missing: only isNull, neq and notIn can "
    "hold."
)
class ProjectFilter:
    """A condition on the project of a task."""

    id: IdFilter | None = _part("The project's id.")
    name: StringFilter | None = _part("The project's name.")
    archived: bool | None = _part(
        "True: it is in an archived project. False: it is in one that is not archived; for those "
        "without a project as well, ask for not: {project: {archived: true}}."
    )
    is_null: bool | None = _part("True: it has no project. False: it has one.")


@strawberry.input(description="Conditions on a label. All that are given must hold.")
class LabelFilter:
    """A condition on a label."""

    id: IdFilter | None = _part("The label's id.")
    name: StringFilter | None = _part("The label's name.")


@strawberry.input(
    description="Conditions on the labels of a task. All that are given must hold, each by itself."
)
class LabelListFilter:
    """A condition on the labels of a task."""

    some: LabelFilter | None = _part("At least one label meets this.")
    every: LabelFilter | None = _part("No label fails this; holds where there are no labels.")
    none: LabelFilter | None = _part("No label meets this; holds where there are no labels.")
    count: IntFilter | None = _part("How many labels it has.")


@strawberry.input(
    description="Conditions on the subtasks of a task. All that are given must hold, each by "
    "itself. Subtasks of subtasks are not meant."
)
class TaskListFilter:
    """A condition on the subtasks of a task."""

    some: "TaskFilter | None" = _part("At least one subtask meets this.")
    every: "TaskFilter | None" = _part("No subtask fails this; holds where there are none.")
    none: "TaskFilter | None" = _part("No subtask meets this; holds where there are none.")
    count: IntFilter | None = _part("How many subtasks it has.")


@strawberry.input(
    description="Conditions on a task. Sibling fields must all hold. {} matches everything; "
    "in: [] and or: [] match nothing; an operator given null is an error, never 'no filter'. neq "
    "and notIn match rows whose value is null."
)
class TaskFilter:
    """A condition on a task."""

    and_: list["TaskFilter"] | None = _part("All of these hold; so do none of them.", "and")
    or_: list["TaskFilter"] | None = _part("At least one of these holds.", "or")
    not_: "TaskFilter | None" = _part("This does not hold.", "not")
    id: IdFilter | None = _part("The task's id.")
    title: StringFilter | None = _part("The title.")
    description: StringFilter | None = _part("The description; empty where there is none.")
    completed: BooleanFilter | None = _part("Whether it is done.")
    completed_at: DateTimeFilter | None = _part("When it was completed.")
    priority: PriorityFilter | None = _part("How much it matters.")
    due_on: DateFilter | None = _part("The day on which it is due, where no time is set.")
    due_at: DateTimeFilter | None = _part("The instant at which it is due, where one is set.")
    start_on: DateFilter | None = _part("The day until which it is hidden from plans.")
    created_at: DateTimeFilter | None = _part("When it was created.")
    updated_at: DateTimeFilter | None = _part("When it last changed.")
    project: ProjectFilter | None = _part("The project it is in.")
    parent: "TaskFilter | None" = _part("It is a subtask, and the task it belongs to meets this.")
    has_parent: bool | None = _part("True: it is a subtask of another task. False: it is not.")
    labels: LabelListFilter | None = _part("The labels it has.")
    subtasks: TaskListFilter | None = _part("The tasks that are its own subtasks.")
