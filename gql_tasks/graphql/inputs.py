"""Input types, and what they are in the domain.

Where a field left out and a field that is null mean different things, it is a `Maybe`; elsewhere
null is as good as nothing.
"""

from datetime import date, datetime
from typing import Any, cast

import strawberry
from strawberry import UNSET

from gql_tasks.domain.label import LabelChanges, NewLabel
from gql_tasks.domain.position import Place
from gql_tasks.domain.project import NewProject, ProjectChanges
from gql_tasks.domain.task import Due, FromParent, NewTask, TaskChanges
from gql_tasks.graphql.conversion import convertible
from gql_tasks.graphql.types.enums import Priority

COLOR = "as #rgb or #rrggbb; it is kept as #rrggbb in small letters"


@convertible
@strawberry.input(one_of=True, description="When a task is due: on a day, or at a moment.")
class DueInput:
    """A client's spelling of Due."""

    on: strawberry.Maybe[date] = strawberry.field(description="Due on this day.")
    at: strawberry.Maybe[datetime] = strawberry.field(
        description="Due at this moment; kept to the millisecond."
    )

    def to_domain(self) -> Due:
        """Say it in the domain's words."""
        return Due(**_sent(self))


@convertible
@strawberry.input(
    one_of=True,
    description="Where a row goes in the order made by hand. There is one such order for all "
    "tasks, and one for all projects: every list sorted by position follows it.",
)
class PlaceInput:
    """A client's spelling of Place."""

    before: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Right before the row with this id, wherever that stands."
    )
    after: strawberry.Maybe[strawberry.ID] = strawberry.field(
        description="Right after the row with this id, wherever that stands."
    )
    at_start: strawberry.Maybe[bool] = strawberry.field(
        description="Before all others; true is the only value it takes."
    )
    at_end: strawberry.Maybe[bool] = strawberry.field(
        description="After all others; true is the only value it takes."
    )

    def to_domain(self) -> Place:
        """Say it in the domain's words."""
        return Place(**_sent(self))


@convertible
@strawberry.input(
    description="A new task, with its subtasks if there are any: up to 1,000 tasks in all (10,000 "
    "for createTasks), 10 levels of subtasks, and 5,000 labels (50,000 for createTasks)."
)
class CreateTaskInput:
    """A client's spelling of NewTask."""

    title: str = strawberry.field(description="What is to be done; not blank.")
    description: str = strawberry.field(default="", description="More about it.")
    completed: bool = strawberry.field(default=False, description="Whether it is done already.")
    priority: Priority = strawberry.field(default=Priority.NONE, description="How much it matters.")
    due: DueInput | None = strawberry.field(default=UNSET, description="When it is due.")
    start_on: date | None = strawberry.field(
        default=UNSET, description="The day until which plans hide it."
    )
    project_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The project it belongs to. Left out, a subtask belongs to its parent's; with "
        "null it belongs to none."
    )
    parent_id: strawberry.ID | None = strawberry.field(
        default=UNSET,
        description="The task it is a part of. Not in subtasks: their parent is the task that "
        "they stand in.",
    )
    label_ids: list[strawberry.ID] | None = strawberry.field(
        default=UNSET, description="Its labels; one that is named twice counts once."
    )
    place: PlaceInput | None = strawberry.field(
        default=UNSET, description="Where it goes in the order made by hand; to the end without."
    )
    subtasks: list["CreateTaskInput"] | None = strawberry.field(
        default=UNSET, description="Created together with this task, in the same transaction."
    )

    def to_domain(self) -> NewTask:
        """Say it in the domain's words."""
        return NewTask(
            title=self.title,
            description=self.description,
            completed=self.completed,
            priority=_in_domain(self.priority),
            due=self.due.to_domain() if self.due else None,
            start_on=self.start_on or None,
            project_id=self.project_id.value if self.project_id else FromParent.PROJECT,
            parent_id=self.parent_id if self.parent_id is not UNSET else None,
            label_ids=tuple(self.label_ids or ()),
            place=self.place.to_domain() if self.place else None,
            subtasks=tuple(subtask.to_domain() for subtask in self.subtasks or ()),
        )


@convertible
@strawberry.input(
    description="Changes to a task. A field left out keeps its value; null clears it, "
    "where it can be empty."
)
class UpdateTaskInput:
    """A client's spelling of TaskChanges."""

    title: strawberry.Maybe[str | None] = strawberry.field(
        description="A new title; neither blank nor null."
    )
    description: strawberry.Maybe[str | None] = strawberry.field(
        description="A new description; null empties it."
    )
    completed: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is done; not null. Its subtasks stay as they are."
    )
    priority: strawberry.Maybe[Priority | None] = strawberry.field(
        description="How much it matters; not null."
    )
    due: strawberry.Maybe[DueInput | None] = strawberry.field(
        description="When it is due, in place of what was there; null for never."
    )
    start_on: strawberry.Maybe[date | None] = strawberry.field(
        description="The day until which plans hide it; null for none."
    )
    project_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The project it moves to, without its subtasks; null for none."
    )
    parent_id: strawberry.Maybe[strawberry.ID | None] = strawberry.field(
        description="The task it becomes a part of, with its subtasks; null for none. Its project "
        "stays as it is."
    )
    add_label_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="Labels to give it, if it does not have them; not null."
    )
    remove_label_ids: strawberry.Maybe[list[strawberry.ID] | None] = strawberry.field(
        description="Labels to take from it, if it has them; not null."
    )
    place: strawberry.Maybe[PlaceInput | None] = strawberry.field(
        description="Where it goes in the order made by hand; not null."
    )

    def to_domain(self) -> TaskChanges:
        """Keep what was sent, null or not, and leave out what was not."""
        return cast("TaskChanges", _changes(self))


@convertible
@strawberry.input(description="A new project.")
class CreateProjectInput:
    """A client's spelling of NewProject."""

    name: str = strawberry.field(description="What it is called; not blank.")
    color: str | None = strawberry.field(default=UNSET, description=f"A color, {COLOR}.")
    place: PlaceInput | None = strawberry.field(
        default=UNSET, description="Where it goes in the order made by hand; to the end without."
    )

    def to_domain(self) -> NewProject:
        """Say it in the domain's words."""
        return NewProject(
            name=self.name,
            color=self.color if self.color is not UNSET else None,
            place=self.place.to_domain() if self.place else None,
        )


@convertible
@strawberry.input(
    description="Changes to a project. A field left out keeps its value; null clears it, "
    "where it can be empty."
)
class UpdateProjectInput:
    """A client's spelling of ProjectChanges."""

    name: strawberry.Maybe[str | None] = strawberry.field(
        description="A new name; neither blank nor null."
    )
    color: strawberry.Maybe[str | None] = strawberry.field(
        description=f"A new color, {COLOR}; null for none."
    )
    archived: strawberry.Maybe[bool | None] = strawberry.field(
        description="Whether it is out of use; not null. True sets archivedAt to now, unless it is "
        "set already; false clears it. Its tasks stay as they are."
    )
    place: strawberry.Maybe[PlaceInput | None] = strawberry.field(
        description="Where it goes in the order made by hand; not null."
    )

    def to_domain(self) -> ProjectChanges:
        """Keep what was sent, null or not, and leave out what was not."""
        return cast("ProjectChanges", _changes(self))


@convertible
@strawberry.input(description="A new label.")
class CreateLabelInput:
    """A client's spelling of NewLabel."""

    name: str = strawberry.field(description="What it says; not blank.")
    color: str | None = strawberry.field(default=UNSET, description=f"A color, {COLOR}.")

    def to_domain(self) -> NewLabel:
        """Say it in the domain's words."""
        return NewLabel(self.name, self.color if self.color is not UNSET else None)


@convertible
@strawberry.input(
    description="Changes to a label. A field left out keeps its value; null clears it, "
    "where it can be empty."
)
class UpdateLabelInput:
    """A client's spelling of LabelChanges."""

    name: strawberry.Maybe[str | None] = strawberry.field(
        description="A new name; neither blank nor null."
    )
    color: strawberry.Maybe[str | None] = strawberry.field(
        description=f"A new color, {COLOR}; null for none."
    )

    def to_domain(self) -> LabelChanges:
        """Keep what was sent, null or not, and leave out what was not."""
        return cast("LabelChanges", _changes(self))


def _changes(sent: object) -> dict[str, Any]:
    """Say changes in the domain's words: the input's fields are its keys; a test holds them so."""
    return {name: _in_domain(value) for name, value in _sent(sent).items()}


def _sent(maybes: object) -> dict[str, Any]:
    """Read the fields that were sent from an input that has nothing but Maybe."""
    return {name: some.value for name, some in vars(maybes).items() if some}


def _in_domain(value: Any) -> Any:
    match value:
        case DueInput() | PlaceInput():
            return value.to_domain()
        case Priority():
            return value.value
        case list():
            return tuple(value)
    return value
