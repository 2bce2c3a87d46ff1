"""The first look at a file: what is in it, whether its rows lead to each other, what is wrong."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from gql_tasks.domain.errors import MAX_PROBLEMS
from gql_tasks.domain.text import name_problems
from gql_tasks.domain.tree import in_cycles
from gql_tasks.services.formats.records import (
    LabelRecord,
    ProjectRecord,
    Record,
    TaskRecord,
    Wrong,
)
from gql_tasks.services.formats.source import Unreadable

Names: TypeAlias = dict[str, None]
"""Names of rows that are led to by name, each once, in the order of the file."""


@dataclass(slots=True)
class Contents:
    """What a file holds. Its tasks are not kept: there may be a million of them.

    `task_numbers` has the place of each task in the file by its id, and `positions` their positions
    in that order, where the format has any.
    """

    projects: dict[int, ProjectRecord] = field(default_factory=dict)
    labels: dict[int, LabelRecord] = field(default_factory=dict)
    project_names: Names = field(default_factory=dict)
    label_names: Names = field(default_factory=dict)
    task_numbers: dict[int, int] = field(default_factory=dict)
    positions: list[str] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    wrong_count: int = 0

    @property
    def all_project_names(self) -> set[str]:
        """Name the projects, however they are led to."""
        return {*self.project_names, *(project.name for project in self.projects.values())}

    @property
    def all_label_names(self) -> set[str]:
        """Name the labels, however they are led to."""
        return {*self.label_names, *(label.name for label in self.labels.values())}


def check(records: Iterator[Record], *, may_cycle: bool) -> Contents:
    """Read a file to its end, or to where it cannot be read on."""
    checking = _Checking()
    try:
        for record in records:
            checking.add(record)
        checking.check_parents(may_cycle=may_cycle)
    except Unreadable as error:
        checking.tell(error.line, error.message)
    checking.contents.wrong.sort(key=lambda wrong: wrong.line)
    return checking.contents


class _Checking:
    def __init__(self) -> None:
        self.contents = Contents()
        self._parents: dict[int, int] = {}
        self._lines: dict[int, int] = {}

    def tell(self, line: int, message: str) -> None:
        """Note that a line is wrong."""
        self.contents.wrong_count += 1
        if len(self.contents.wrong) < MAX_PROBLEMS:
            self.contents.wrong.append(Wrong(line, message))

    def add(self, record: Record) -> None:
        """Take a record in."""
        contents = self.contents
        match record:
            case Wrong():
                self.tell(record.line, record.message)
            case ProjectRecord():
                self._once("project", record, contents.projects)
                contents.projects[record.id] = record
            case LabelRecord():
                self._once("label", record, contents.labels)
                contents.labels[record.id] = record
            case TaskRecord():
                self._once("task", record, contents.task_numbers)
                contents.task_numbers[record.id] = len(contents.task_numbers)
                if record.position is not None:
                    contents.positions.append(record.position)
                if record.parent is not None:
                    self._parents[record.id] = record.parent
                    self._lines[record.id] = record.line
                self._led("project", record, contents.projects, contents.project_names)
                self._led("label", record, contents.labels, contents.label_names)

    def check_parents(self, *, may_cycle: bool) -> None:
        """See that parents are there, which may come after their subtasks."""
        for task_id, parent_id in self._parents.items():
            if parent_id not in self.contents.task_numbers:
                self.tell(self._lines[task_id], f"no task of the file has the id {parent_id}")
        if not may_cycle:
            for task_id in in_cycles({**self._parents}):
                self.tell(self._lines[task_id], f"task {task_id} is a subtask of itself")

    def _once(
        self, kind: str, record: ProjectRecord | LabelRecord | TaskRecord, there: Iterable[int]
    ) -> None:
        if kind != "task" and self.contents.task_numbers:
            self.tell(record.line, f"the {kind} comes after tasks; it has to come before them")
        if record.id in there:
            self.tell(record.line, f"another {kind} of the file has the id {record.id}")

    def _led(
        self, kind: str, record: TaskRecord, there: Iterable[int], names: dict[str, None]
    ) -> None:
        for led in (record.project,) if kind == "project" else record.labels:
            if isinstance(led, int):
                if led not in there:
                    self.tell(record.line, f"no {kind} of the file has the id {led}")
            elif led is not None and led not in names:
                names[led] = None
                for problem in name_problems(led, (kind,)):
                    self.tell(record.line, problem.message)
