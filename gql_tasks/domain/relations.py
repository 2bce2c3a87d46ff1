"""What can be read, and how one leads to another."""

from dataclasses import dataclass
from enum import Enum


class Entity(Enum):
    """The kinds of rows. CHANGE is an entry of the change log."""

    TASK = "task"
    PROJECT = "project"
    LABEL = "label"
    CHANGE = "change"


@dataclass(frozen=True, slots=True)
class Path:
    """From a row of `source` to the row or rows of `target` that belong to it."""

    source: Entity
    target: Entity
    many: bool


class Relation(Enum):
    """The ways from row to row. What joins them stands in the store."""

    TASK_PROJECT = Path(Entity.TASK, Entity.PROJECT, many=False)
    TASK_PARENT = Path(Entity.TASK, Entity.TASK, many=False)
    TASK_SUBTASKS = Path(Entity.TASK, Entity.TASK, many=True)
    TASK_LABELS = Path(Entity.TASK, Entity.LABEL, many=True)
    PROJECT_TASKS = Path(Entity.PROJECT, Entity.TASK, many=True)
    LABEL_TASKS = Path(Entity.LABEL, Entity.TASK, many=True)
    TASK_HISTORY = Path(Entity.TASK, Entity.CHANGE, many=True)
