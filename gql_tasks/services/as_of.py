"""Rows as they were at a position of the change log, for filters that ask about related rows."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from gql_tasks.domain.changes import Change, State
from gql_tasks.domain.events import value_of
from gql_tasks.domain.filters import (
    All,
    Compare,
    Either,
    Filter,
    IsNull,
    Not,
    Related,
    RelatedCount,
    Row,
)
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Scalar
from gql_tasks.store.changes import current_states, ids_leading_to
from gql_tasks.store.database import ReadSession

RelationPath = tuple[Relation, ...]

_MEMBERS = {
    Relation.TASK_PROJECT: "projectId",
    Relation.TASK_PARENT: "parentId",
    Relation.TASK_LABELS: "labelIds",
}
"""Where a task's state names what a relation leads to."""


def relations_of(filter_: Filter | None) -> frozenset[RelationPath]:
    """List the ways from a task to the rows whose own changes may change what a filter says.

    That a task leads to a row, by its id, is in the task's own state.
    """
    match filter_:
        case All(parts) | Either(parts):
            return frozenset().union(*map(relations_of, parts))
        case Not(part):
            return relations_of(part)
        case RelatedCount(relation, _, _):
            return frozenset({(relation,)} if relation is Relation.TASK_SUBTASKS else ())
        case Related(relation, part):
            deeper = {(relation, *path) for path in relations_of(part)}
            own = relation is Relation.TASK_SUBTASKS or not _asks_only_ids(part)
            return frozenset(deeper | ({(relation,)} if own else set()))
        case _:
            return frozenset()


def _asks_only_ids(filter_: Filter) -> bool:
    match filter_:
        case All(parts) | Either(parts):
            return all(map(_asks_only_ids, parts))
        case Not(part):
            return _asks_only_ids(part)
        case Compare(field=field) | IsNull(field=field):
            return field == "id"
        case _:
            return False


class AsOf:
    """The rows at any position from which on all changes are known.

    A row is what its last change made of it, what its first change says it was before, or, where
    it was not changed, what it is now.
    """

    def __init__(self, session: ReadSession, changes: Sequence[Change]) -> None:
        self._session = session
        self._changes: defaultdict[tuple[Entity, int], list[Change]] = defaultdict(list)
        self._led: defaultdict[tuple[Relation, int], set[int]] = defaultdict(set)
        for change in changes:
            self._changes[change.entity, change.row_id].append(change)
            if change.entity is Entity.TASK:
                for relation in _MEMBERS:
                    for led_to in _led_to(change.before, relation) | _led_to(
                        change.after, relation
                    ):
                        self._led[relation, led_to].add(change.row_id)
        self._current: dict[tuple[Entity, int], State | None] = {}

    def state(self, entity: Entity, row_id: int, position: int) -> State | None:
        """Find a row; None where it did not exist."""
        key = (entity, row_id)
        if changes := self._changes.get(key):
            place = bisect_right(changes, position, key=attrgetter("position"))
            return changes[place - 1].after if place else changes[0].before
        if key not in self._current:
            self.look_up(entity, [row_id])
        return self._current[key]

    def look_up(self, entity: Entity, ids: Iterable[int]) -> None:
        """Read the rows that will be asked for, those that were not changed, all at once."""
        keys = {(entity, row_id) for row_id in ids} - self._changes.keys() - self._current.keys()
        if keys:
            states = current_states(self._session, entity, [row_id for _, row_id in keys])
            self._current |= {key: states.get(key[1]) for key in keys}

    def tasks_leading_to(self, relation: Relation, row_id: int, position: int) -> set[int]:
        """Find the tasks that a relation led from to a row."""
        if relation is Relation.TASK_SUBTASKS:
            state = self.state(Entity.TASK, row_id, position)
            parent = None if state is None else state["parentId"]
            return set() if parent is None else {int(parent)}
        candidates = ids_leading_to(self._session, relation, row_id)
        candidates |= self._led.get((relation, row_id), set())
        self.look_up(Entity.TASK, candidates)
        return {
            task_id
            for task_id in candidates
            if row_id in _led_to(self.state(Entity.TASK, task_id, position), relation)
        }

    def tasks_affected(self, path: RelationPath, row_id: int, position: int) -> set[int]:
        """Find the tasks from which a way led to a row."""
        found = {row_id}
        for relation in reversed(path):
            found = {
                task_id
                for led_to in found
                for task_id in self.tasks_leading_to(relation, led_to, position)
            }
        return found

    def row(self, entity: Entity, row_id: int, position: int) -> "RowAsOf | None":
        """Find a row for a filter to ask."""
        state = self.state(entity, row_id, position)
        return None if state is None else RowAsOf(self, state, position)


@dataclass(frozen=True, slots=True)
class RowAsOf:
    """A row at a position, as filters ask it."""

    as_of: AsOf
    state: State
    position: int

    def value(self, field: str) -> Scalar | None:
        """Read a field."""
        return value_of(self.state, field)

    def related(self, relation: Relation) -> Iterable[Row]:
        """Find the rows that a relation leads to."""
        if relation is Relation.TASK_SUBTASKS:
            parent = int(self.state["id"])
            ids = self.as_of.tasks_leading_to(Relation.TASK_PARENT, parent, self.position)
        else:
            ids = _led_to(self.state, relation)
        for row_id in ids:
            yield LazyRow(self.as_of, relation.value.target, row_id, self.position)


@dataclass(frozen=True, slots=True)
class LazyRow:
    """A related row, which is looked up only for more than its id."""

    as_of: AsOf
    entity: Entity
    id: int
    position: int

    def value(self, field: str) -> Scalar | None:
        """Read a field; a row that another program left out has none."""
        if field == "id":
            return self.id
        state = self.as_of.state(self.entity, self.id, self.position)
        return None if state is None else value_of(state, field)

    def related(self, relation: Relation) -> Iterable[Row]:
        """Find the rows that a relation leads to."""
        row = self.as_of.row(self.entity, self.id, self.position)
        return () if row is None else row.related(relation)


def _led_to(state: State | None, relation: Relation) -> set[int]:
    led_to = None if state is None else state[_MEMBERS[relation]]
    match led_to:
        case None:
            return set()
        case list():
            return {int(row_id) for row_id in led_to}
        case _:
            return {int(led_to)}
