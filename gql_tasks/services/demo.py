"""A believable set of tasks, of any size, for trying things out.

The same size, seed and day give the same rows. The words are in `demo.toml`.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib.resources import files
from random import Random
from typing import Any, TypeVar

from gql_tasks.domain.errors import Invalid, Refused
from gql_tasks.domain.label import NewLabel
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.project import NewProject
from gql_tasks.domain.relations import Entity
from gql_tasks.services.labels import create_label
from gql_tasks.services.order import keys_for, lock_for_new
from gql_tasks.services.projects import create_project
from gql_tasks.store.bulk import BulkTask, ids_by_name, insert_tasks
from gql_tasks.store.database import Database, WriteSession
from gql_tasks.store.rows import rows_before
from gql_tasks.store.tables import ProjectRow

T = TypeVar("T")

TASKS_AT_ONCE = 5_000
"""Tasks a transaction: few waits for the disk, little memory, and other writers get their turn."""

MONTHS_BACK = timedelta(days=180)

# Each as often as it is meant to come up in a hundred.
PRIORITIES = (
    *[Priority.NONE] * 45,
    *[Priority.LOW] * 15,
    *[Priority.MEDIUM] * 22,
    *[Priority.HIGH] * 13,
    *[Priority.URGENT] * 5,
)
LABEL_COUNTS = (*[0] * 52, *[1] * 34, *[2] * 11, *[3] * 3)
DESCRIPTIONS = (*["none"] * 55, *["note"] * 32, *["list"] * 11, *["long"] * 2)

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Theme:
    """What tasks can be about. Tasks in no project have no `project_id`."""

    project_id: int | None
    label_ids: Sequence[int]
    titles: Sequence[str]
    plans: Sequence[tuple[str, Sequence[str]]]


async def fill(
    database: Database,
    count: int,
    *,
    seed: int,
    now: datetime,
    add: bool,
    progress: Callable[[int], None],
) -> None:
    """Write projects, labels and so many tasks, subtasks included.

    Each call of `progress` tells of so many tasks more. Projects and labels that are there by the
    same name are used. Raises Refused, having written nothing, for a store that has tasks already,
    unless it is to `add` to them.
    """
    texts = tomllib.loads((files(__package__) / "demo.toml").read_text("utf-8"))
    themes = await database.write(partial(_write_themes, texts=texts, now=now, add=add))
    author = _Author(texts, themes, Random(seed), now)  # noqa: S311  # must be repeatable
    for batch in author.batches(count):
        await database.write(partial(_write_tasks, tasks=batch))
        progress(len(batch))


def _write_themes(
    session: WriteSession, texts: Mapping[str, Any], now: datetime, *, add: bool
) -> list[Theme]:
    """Write the projects and the labels."""
    if not add and rows_before(session, Entity.TASK, None, 1, inclusive=False, without=()):
        raise Refused(Invalid("the store has tasks already", ("add",)))
    projects = ids_by_name(session, Entity.PROJECT)
    labels = ids_by_name(session, Entity.LABEL)
    for name, color in texts["labels"].items():
        if name not in labels:
            labels[name] = create_label(session, NewLabel(name, color or None))
    return [
        Theme(
            _project_id(session, theme, projects, now),
            [labels[name] for name in theme["labels"]],
            theme["titles"],
            list(theme["plans"].items()),
        )
        for theme in texts["themes"]
    ]


def _project_id(
    session: WriteSession, theme: Mapping[str, Any], existing: Mapping[str, int], now: datetime
) -> int | None:
    """Write a theme's project, if it has one that is not there."""
    if (name := theme.get("name")) is None:
        return None
    if name in existing:
        return existing[name]
    project_id = create_project(session, NewProject(name, theme["color"]))
    row = session.get_one(ProjectRow, project_id)
    if theme.get("archived"):
        row.archived_at = now - timedelta(days=9)
        session.flush()
    # In a statement of its own: one that changes the project is stamped by the database.
    row.created_at, row.updated_at = now - MONTHS_BACK, row.archived_at or now - MONTHS_BACK
    session.flush()
    return project_id


def _write_tasks(session: WriteSession, tasks: Sequence[BulkTask]) -> None:
    lock_for_new(session, Entity.TASK, [])
    insert_tasks(session, tasks, keys_for(session, Entity.TASK, [None] * len(tasks)))


class _Author:
    """Makes tasks up, in the order in which they were created."""

    def __init__(
        self, texts: Mapping[str, Any], themes: Sequence[Theme], random: Random, now: datetime
    ) -> None:
        self.texts = texts
        self.themes = themes
        self.random = random
        self.now = now
        self.today = now.astimezone(UTC).date()
        self.fillings: Mapping[str, Callable[[], str]] = {
            "who": lambda: self.one_of(texts["people"]),
            "thing": lambda: self.one_of(texts["things"]),
            "month": lambda: self.one_of(texts["months"]),
            "number": lambda: str(random.randint(2, 59)),
        }

    def batches(self, count: int) -> Iterator[list[BulkTask]]:
        """Make `count` tasks; subtasks come in the batch of their parent."""
        batch: list[BulkTask] = []
        for family in self.families(count):
            batch += family
            if len(batch) >= TASKS_AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch

    def families(self, count: int) -> Iterator[list[BulkTask]]:
        """Make tasks, each with the subtasks it has, if any."""
        made = 0
        while made < count:
            family = self.family(
                created_at=self.moment((made + self.random.random()) / count), at_most=count - made
            )
            made += len(family)
            yield family

    def family(self, created_at: datetime, at_most: int) -> list[BulkTask]:
        """Make a task, and perhaps its steps. A step may have a step of its own."""
        theme = self.one_of(self.themes)
        if not theme.plans or self.random.random() > 0.12:
            return [self.task(self.one_of(theme.titles), theme, created_at)]
        title, steps = self.one_of(theme.plans)
        parent = self.task(title, theme, created_at)
        family = [parent]
        for number, step in enumerate(steps[: at_most - 1], 1):
            above = family[-1] if number > 1 and self.random.random() < 0.15 else parent
            created = created_at + timedelta(seconds=20 * number)
            family.append(self.task(step, theme, created, above))
        return family

    def task(
        self, title: str, theme: Theme, created_at: datetime, parent: BulkTask | None = None
    ) -> BulkTask:
        """Make one task."""
        completed_at = self.completion(created_at, parent)
        edited_at = self.between(created_at) if self.random.random() < 0.3 else created_at
        task = BulkTask(
            title=self.written(title),
            description=self.description(),
            created_at=created_at,
            updated_at=max(edited_at, completed_at or created_at),
            completed=completed_at is not None,
            completed_at=completed_at,
            priority=self.one_of(PRIORITIES),
            project_id=theme.project_id,
            parent=parent,
            label_ids=self.labels(theme),
        )
        task.version += (edited_at > created_at) + (completed_at is not None) + len(task.label_ids)
        if self.random.random() < 0.45:
            self.set_dates(task)
        return task

    def moment(self, fraction: float) -> datetime:
        """Find a moment between then and yesterday evening, at an hour at which people plan."""
        days, part_of_day = divmod(fraction * MONTHS_BACK.days, 1)
        day = self.today - MONTHS_BACK + timedelta(days=days)
        return datetime.combine(day, time(7), UTC) + timedelta(hours=15 * part_of_day)

    def between(self, created_at: datetime) -> datetime:
        """Find a moment since a task was created, rather soon after than late."""
        return created_at + (self.now - created_at) * self.random.random() ** 2

    def completion(self, created_at: datetime, parent: BulkTask | None) -> datetime | None:
        """Say when a task was completed, if it was: the older, the likelier."""
        age = (self.now - created_at) / MONTHS_BACK
        likely = 0.15 + 0.6 * age
        if parent is not None and parent.completed_at is not None:
            likely = 0.95
        return self.between(created_at) if self.random.random() < likely else None

    def set_dates(self, task: BulkTask) -> None:
        """Give a task a due date: around its completion, or around today."""
        if task.completed_at is not None:
            due_on = task.completed_at.date() + timedelta(days=self.random.randint(-3, 4))
        else:
            due_on = self.today + timedelta(days=round(self.random.triangular(-12, 45, 2)))
        if self.random.random() < 0.75:
            task.due_on = due_on
        else:
            task.due_at = self.half_hour(due_on)
        if self.random.random() < 0.25:
            task.start_on = due_on - timedelta(days=self.random.randint(1, 14))

    def half_hour(self, day: date) -> datetime:
        """Find a time for an appointment."""
        return datetime.combine(day, time(7), UTC) + timedelta(
            minutes=self.random.randrange(24) * 30
        )

    def labels(self, theme: Theme) -> list[int]:
        """Choose labels that fit."""
        count = self.one_of(LABEL_COUNTS)
        return self.random.sample(theme.label_ids, count) if count else []

    def description(self) -> str:
        """Write a description: mostly none, now and then a long one."""
        paragraphs: list[str] = []
        match self.one_of(DESCRIPTIONS):
            case "note":
                paragraphs = [self.one_of(self.texts["notes"])]
            case "list":
                count = self.random.randint(2, 5)
                items = self.random.sample(self.texts["checklist"], count)
                paragraphs = [self.one_of(self.texts["notes"]), "\n".join(items)]
            case "long":
                paragraphs = self.random.choices(
                    (*self.texts["paragraphs"], *self.texts["notes"]), k=self.random.randint(8, 30)
                )
        return "\n\n".join(map(self.written, paragraphs))

    def written(self, text: str) -> str:
        """Fill the blanks in."""
        filled = _PLACEHOLDER.sub(lambda blank: self.fillings[blank[1]](), text)
        return filled[:1].upper() + filled[1:]

    def one_of(self, items: Sequence[T]) -> T:
        """Choose one, in a tenth of the time that Random.choice takes."""
        return items[int(self.random.random() * len(items))]
