"""What the compilers share in one statement: the dialect, fresh names, bound values."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    FromClause,
    and_,
    bindparam,
    literal_column,
    true,
)
from sqlalchemy.types import TypeEngine

from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.values import Slot
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.tables import ChangeRow, LabelRow, ProjectRow, TaskLabelRow, TaskRow

TABLES: Mapping[Entity, Any] = {
    Entity.TASK: TaskRow.__table__,
    Entity.PROJECT: ProjectRow.__table__,
    Entity.LABEL: LabelRow.__table__,
    Entity.CHANGE: ChangeRow.__table__,
}

NONE_LEFT_OUT: ColumnElement[int] = literal_column("0")
"""An offset. Without one SQLAlchemy binds a 0 of its own for SQLite, which is no plan's value."""

SOURCE_COLUMN: Mapping[Relation, str] = {
    Relation.TASK_PROJECT: "project_id",
    Relation.TASK_PARENT: "parent_id",
    Relation.TASK_SUBTASKS: "id",
    Relation.TASK_LABELS: "id",
    Relation.PROJECT_TASKS: "id",
    Relation.LABEL_TASKS: "id",
    Relation.TASK_HISTORY: "id",
}
"""The column of a relation's source that leads to its target."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Rows to read: their table, what to select it from, and what joins it to a row of `source`.

    Without a source they are all of the table's.
    """

    target: FromClause
    from_: FromClause
    joined: ColumnElement[bool]
    source: FromClause | None


class Scope:
    """One statement being built."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._numbers = count(1)

    def alias(self, entity: Entity) -> FromClause:
        """Take a table under a name that no other part of the statement uses."""
        table: FromClause = TABLES[entity].alias(self.name(entity))
        return table

    def name(self, entity: Entity) -> str:
        """Make a name for rows of an entity that no other part of the statement uses."""
        return self.name_of(TABLES[entity].name)

    def name_of(self, what: str) -> str:
        """Make a name that no other part of the statement uses."""
        return f"{what}_{next(self._numbers)}"

    def all_of(self, entity: Entity) -> Reached:
        """Begin with all rows of an entity."""
        target = self.alias(entity)
        return Reached(target, target, true(), None)

    def reach(self, relation: Relation, source: FromClause) -> Reached:
        """Follow a relation from a row of `source` to the rows it leads to."""
        target = self.alias(relation.value.target)
        match relation:
            case Relation.TASK_LABELS:
                return self._reach_by_pairs(source, "task_id", target, "label_id")
            case Relation.LABEL_TASKS:
                return self._reach_by_pairs(source, "label_id", target, "task_id")
            case _:
                return Reached(target, target, _joined(relation, source, target), source)

    def _reach_by_pairs(
        self, source: FromClause, known: str, target: FromClause, wanted: str
    ) -> Reached:
        pairs = TaskLabelRow.__table__.alias(self.name_of("task_labels"))
        from_ = pairs.join(target, target.c.id == pairs.c[wanted])
        return Reached(target, from_, pairs.c[known] == source.c.id, source)

    def bind(self, slot: Slot, type_: TypeEngine[Any]) -> BindParameter[Any]:
        """Refer to a value, which the statement takes as this type."""
        return bindparam(parameter_name(slot), type_=type_)

    def reach_keys(self, relation: Relation, source: FromClause) -> ColumnElement[bool] | None:
        """Find the pairs that lead to the rows, where pairs do: to count them no row is needed."""
        known = {Relation.TASK_LABELS: "task_id", Relation.LABEL_TASKS: "label_id"}.get(relation)
        if known is None:
            return None
        pairs = TaskLabelRow.__table__.alias(self.name_of("task_labels"))
        found: ColumnElement[bool] = pairs.c[known] == source.c.id
        return found


def _joined(relation: Relation, source: FromClause, target: FromClause) -> ColumnElement[bool]:
    """Say which rows of `target` belong to a row of `source`, where a column of one says it."""
    match relation:
        case Relation.TASK_PROJECT | Relation.TASK_PARENT:
            joined = target.c.id == source.c[SOURCE_COLUMN[relation]]
        case Relation.TASK_SUBTASKS:
            joined = target.c.parent_id == source.c.id
        case Relation.PROJECT_TASKS:
            joined = target.c.project_id == source.c.id
        case Relation.TASK_HISTORY:
            of_tasks = target.c.entity == literal_column(f"'{Entity.TASK.name}'")
            joined = and_(target.c.row_id == source.c.id, of_tasks)
        case _:
            raise AssertionError(f"{relation} goes by pairs")
    return joined


def parameter_name(slot: Slot) -> str:
    """Name the parameter of a slot."""
    return f"v{slot.index}"


def slot_index(parameter: str) -> int:
    """Read a slot's index back from the name of its parameter."""
    return int(parameter.removeprefix("v"))
