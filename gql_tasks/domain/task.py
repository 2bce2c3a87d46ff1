"""A task's own rules: what a new one holds, what a change may be, which rows both name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Literal, TypedDict

from gql_tasks.domain.errors import INPUT, Invalid, Path, Problem, TooMany
from gql_tasks.domain.ids import Reference
from gql_tasks.domain.position import Place, place_problems, place_references
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import name_problems, null_problem, shown, text_problems

MAX_TASKS = 1_000
"""Tasks that one input may create, subtasks of every level counted."""

MAX_LEVELS = 10
"""Levels of subtasks under the task that an input creates."""

MAX_LABELS = 5_000
"""Ids of labels that one input may name, those of all its tasks together."""

MAX_AT_ONCE = 10_000
"""Tasks that one bulk write may create, change or delete, subtasks of every level counted."""

MAX_LABELS_AT_ONCE = 50_000
"""Times that one bulk write may give a label to a task, or take one from it."""


AT_MOST: Path = ("at_most",)
"""The argument that says how many tasks a bulk write may change or delete."""


FEW_LABELS = 20
"""Labels that a write gives or takes without being a long one for it."""


class FromParent(Enum):
    """A value that is neither given nor refused: a subtask takes it from its parent."""

    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: on a day, or at a moment."""

    on: date | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to be written, and its subtasks with it. Ids are as callers write them.

    Without a place it goes to the end. Without a project it takes its parent's; None is no project.
    """

    title: str
    description: str = ""
    completed: bool = False
    priority: Priority = Priority.NONE
    due: Due | None = None
    start_on: date | None = None
    project_id: str | Literal[FromParent.PROJECT] | None = FromParent.PROJECT
    parent_id: str | None = None
    label_ids: tuple[str, ...] = ()
    place: Place | None = None
    subtasks: tuple["NewTask", ...] = ()

    @property
    def is_short(self) -> bool:
        """Tell whether it is written by a few statements about single rows."""
        return not self.subtasks and self.place is None and len(self.label_ids) <= FEW_LABELS


class TaskChanges(TypedDict, total=False):
    """What an update sets. A key left out keeps its value; None clears it where it can be empty."""

    title: str | None
    description: str | None
    completed: bool | None
    priority: Priority | None
    due: Due | None
    start_on: date | None
    project_id: str | None
    parent_id: str | None
    add_label_ids: tuple[str, ...] | None
    remove_label_ids: tuple[str, ...] | None
    place: Place | None


def is_short(changes: TaskChanges) -> bool:
    """Tell whether changes are written by a few statements about single rows."""
    labels = len(changes.get("add_label_ids") or ()) + len(changes.get("remove_label_ids") or ())
    return "place" not in changes and "parent_id" not in changes and labels <= FEW_LABELS


@dataclass(frozen=True, slots=True)
class Planted:
    """A task of a tree: where its input stands, and the index of its parent among all of them."""

    task: NewTask
    path: Path
    level: int
    parent: int | None


def unfold(task: NewTask) -> list[Planted]:
    """List a task and the subtasks under it, a parent before its subtasks, which keep their order.

    This is the order in which they are written, and so the order by hand of those without a place.
    """
    return _listed([Planted(task, INPUT, level=0, parent=None)])


def unfold_all(tasks: Sequence[NewTask]) -> list[Planted]:
    """List the tasks of several inputs and the subtasks under them, one input after the other."""
    return _listed(
        [
            Planted(task, (*INPUT, str(number)), level=0, parent=None)
            for number, task in enumerate(tasks)
        ]
    )


def _listed(roots: list[Planted]) -> list[Planted]:
    found: list[Planted] = []
    waiting = roots[::-1]
    while waiting:
        planted = waiting.pop()
        found.append(planted)
        waiting += [
            Planted(
                subtask,
                (*planted.path, "subtasks", str(number)),
                planted.level + 1,
                len(found) - 1,
            )
            for number, subtask in reversed([*enumerate(planted.task.subtasks)])
        ]
    return found


def new_task_problems(tree: list[Planted]) -> Iterator[Problem]:
    """Find what breaks a rule in a task and its subtasks; a tree too large is not looked into."""
    if len(tree) > MAX_TASKS:
        message = f"{len(tree)} tasks are more than the {MAX_TASKS} that one input may create"
        yield TooMany(message, (*INPUT, "subtasks"), MAX_TASKS, len(tree))
    else:
        yield from _problems_within(tree, _too_many_labels(_labels_named(tree)))


def new_tasks_problems(forest: list[Planted]) -> Iterator[Problem]:
    """Find what breaks a rule in the tasks of several inputs, as in one.

    Together they may be more than one input's; how deep each may be stays the same.
    """
    if len(forest) > MAX_AT_ONCE:
        message = f"{len(forest)} tasks are more than the {MAX_AT_ONCE} that one write may create"
        yield TooMany(message, INPUT, MAX_AT_ONCE, len(forest))
    else:
        yield from _problems_within(forest, labels_at_once_problem(_labels_named(forest)))


def at_most_problems(at_most: int) -> Iterator[Problem]:
    """Refuse to change or delete fewer tasks than none, or more than one write takes."""
    if not 0 <= at_most <= MAX_AT_ONCE:
        yield Invalid(f"at most {at_most} is not between 0 and {MAX_AT_ONCE}", AT_MOST)


def too_many_match(at_most: int, count: int) -> TooMany:
    """Refuse a filter that matches more tasks than were expected."""
    message = f"the filter matches {count} tasks, more than the {at_most} that may be written"
    return TooMany(message, AT_MOST, at_most, count)


def labels_at_once_problem(count: int) -> TooMany | None:
    """Refuse to give or take more labels than one bulk write does."""
    if count <= MAX_LABELS_AT_ONCE:
        return None
    message = f"{count} labels are more than the {MAX_LABELS_AT_ONCE} that one write gives or takes"
    return TooMany(message, INPUT, MAX_LABELS_AT_ONCE, count)


def task_changes_problems(changes: TaskChanges) -> Iterator[Problem]:
    """Find what breaks a rule."""
    if "title" in changes:
        yield from name_problems(changes["title"], (*INPUT, "title"))
    if (description := changes.get("description")) is not None:
        yield from text_problems(description, (*INPUT, "description"))
    for name in ("completed", "priority", "place", "add_label_ids", "remove_label_ids"):
        if name in changes and changes[name] is None:
            yield null_problem((*INPUT, name))
    yield from _due_problems(changes.get("due"), (*INPUT, "due"))
    if (place := changes.get("place")) is not None:
        yield from place_problems(place, (*INPUT, "place"))
    added, removed = changes.get("add_label_ids") or (), changes.get("remove_label_ids") or ()
    if too_many := _too_many_labels(len(added) + len(removed)):
        yield too_many
    both = {*added} & {*removed}
    for number, label_id in enumerate(removed):
        if label_id in both:
            message = f"label {shown(label_id)} is to be both added and removed"
            yield Invalid(message, (*INPUT, "remove_label_ids", str(number)))


def new_task_references(tree: Iterable[Planted]) -> Iterator[Reference]:
    """Name the rows that have to exist for a task and its subtasks."""
    for planted in tree:
        task, path = planted.task, planted.path
        if isinstance(task.project_id, str):
            yield Reference(Entity.PROJECT, task.project_id, (*path, "project_id"))
        if task.parent_id is not None:
            yield Reference(Entity.TASK, task.parent_id, (*path, "parent_id"))
        yield from _labels(task.label_ids, (*path, "label_ids"))
        if task.place is not None:
            yield from place_references(task.place, Entity.TASK, (*path, "place"))


def task_changes_references(changes: TaskChanges) -> Iterator[Reference]:
    """Name the rows that have to exist for a change."""
    if (project_id := changes.get("project_id")) is not None:
        yield Reference(Entity.PROJECT, project_id, (*INPUT, "project_id"))
    if (parent_id := changes.get("parent_id")) is not None:
        yield Reference(Entity.TASK, parent_id, (*INPUT, "parent_id"))
    yield from _labels(changes.get("add_label_ids") or (), (*INPUT, "add_label_ids"))
    yield from _labels(changes.get("remove_label_ids") or (), (*INPUT, "remove_label_ids"))
    if (place := changes.get("place")) is not None:
        yield from place_references(place, Entity.TASK, (*INPUT, "place"))


def cycle_problem(task_id: int, parent_id: int) -> Problem:
    """Refuse a parent that is the task itself, or under it."""
    if parent_id == task_id:
        message = f"task {task_id} cannot be its own parent"
    else:
        message = f"task {parent_id} is a subtask of task {task_id} and cannot be its parent"
    return Invalid(message, (*INPUT, "parent_id"))


def _problems_within(tree: list[Planted], too_many_labels: TooMany | None) -> Iterator[Problem]:
    deepest = max(tree, key=lambda planted: planted.level, default=None)
    if deepest is not None and deepest.level > MAX_LEVELS:
        message = (
            f"{deepest.level} levels of subtasks are more than the {MAX_LEVELS} that one input "
            "takes"
        )
        path = deepest.path[: deepest.path.index("subtasks") + 1]
        yield TooMany(message, path, MAX_LEVELS, deepest.level)
    elif too_many_labels is not None:
        yield too_many_labels
    else:
        for planted in tree:
            yield from _own_problems(planted)


def _own_problems(planted: Planted) -> Iterator[Problem]:
    task, path = planted.task, planted.path
    yield from name_problems(task.title, (*path, "title"))
    yield from text_problems(task.description, (*path, "description"))
    yield from _due_problems(task.due, (*path, "due"))
    if task.place is not None:
        yield from place_problems(task.place, (*path, "place"))
    if planted.parent is not None and task.parent_id is not None:
        message = "a subtask's parent is the task that it stands in; leave it out"
        yield Invalid(message, (*path, "parent_id"))


def _labels_named(tree: Iterable[Planted]) -> int:
    return sum(len(planted.task.label_ids) for planted in tree)


def _too_many_labels(count: int) -> TooMany | None:
    if count <= MAX_LABELS:
        return None
    message = f"{count} labels are more than the {MAX_LABELS} that one input may name"
    return TooMany(message, INPUT, MAX_LABELS, count)


def _due_problems(due: Due | None, path: Path) -> Iterator[Problem]:
    if due is not None and (due.on is None) == (due.at is None):
        yield Invalid("due takes exactly one of on and at", path)


def _labels(label_ids: Iterable[str], path: Path) -> Iterator[Reference]:
    for number, label_id in enumerate(label_ids):
        yield Reference(Entity.LABEL, label_id, (*path, str(number)))
