"""Filters to SQL: the conditions of `domain/filters.py` on the rows of a statement.

A condition may come out NULL where its filter is false, which WHERE, AND and OR take for the same;
only negation tells them apart, and asks whether the condition IS NOT TRUE. So a comparison is a
plain one, which an index serves.
"""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import assert_never

from sqlalchemy import (
    Exists,
    FromClause,
    Integer,
    String,
    and_,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
)

from gql_tasks.domain.filters import (
    All,
    Compare,
    Either,
    Filter,
    Is,
    IsNull,
    Not,
    Operator,
    Related,
    RelatedCount,
    every,
)
from gql_tasks.domain.relations import Relation
from gql_tasks.store.dialects import Condition, Expression
from gql_tasks.store.scope import SOURCE_COLUMN, Scope
from gql_tasks.store.tables import TaskLabelRow

COLUMNS: Mapping[str, str] = {"completed": "is_completed"}
"""The column of a field, where it is not called like the field."""

TEXTS = frozenset({"title", "description", "name"})
"""Fields that are shown as text even where other programs left no text in their columns."""

PLAIN: Mapping[Operator, Callable[[Expression, Expression], Condition]] = {
    Operator.EQ: eq,
    Operator.LT: lt,
    Operator.LTE: le,
    Operator.GT: gt,
    Operator.GTE: ge,
}


def condition(filter_: Filter, row: FromClause, scope: Scope) -> Condition:
    """Say in SQL that a filter holds for a row: true, or else false or NULL."""
    match filter_:
        case All(parts):
            return and_(true(), *(condition(part, row, scope) for part in parts))
        case Either(parts):
            return or_(false(), *(condition(part, row, scope) for part in parts))
        case Not(part):
            met = condition(part, row, scope)
            return not_(met) if isinstance(met, Exists) else met.is_not(true())
        case Compare():
            return _compare(filter_, _expression(filter_.field, row, scope), scope)
        case IsNull(field, null):
            expression = _expression(field, row, scope)
            return expression.is_(None) if null else expression.is_not(None)
        case Is(field, truth):
            # A constant: with a parameter in its place SQLite would prepare the statement anew for
            # every value, and PostgreSQL not use an index of open tasks.
            return _expression(field, row, scope) == (true() if truth else false())
        case Related(Relation.TASK_LABELS, Compare("id") as compare):
            return _labelled(compare, row, scope)
        case Related(relation, part) if relation.value.many:
            return _exists(relation, part, row, scope)
        case Related(relation, part):
            return _leads_to(relation, part, row, scope)
        case RelatedCount(relation, operator, slot):
            return PLAIN[operator](_count(relation, row, scope), scope.bind(slot, Integer()))
    assert_never(filter_)


def _expression(field: str, row: FromClause, scope: Scope) -> Expression:
    column = row.c[COLUMNS.get(field, field)]
    return scope.dialect.text(column) if field in TEXTS else column


def _compare(compare: Compare, left: Expression, scope: Scope) -> Condition:
    dialect = scope.dialect
    if compare.ignore_case:
        left = dialect.fold_case(left)
    type_ = String() if compare.field in TEXTS else left.type
    if compare.operator is Operator.IN:
        return dialect.is_one_of(left, scope.bind(compare.value, dialect.list_type(type_)))
    right = scope.bind(compare.value, type_)
    match compare.operator:
        case Operator.CONTAINS:
            return dialect.contains(left, right)
        case Operator.STARTS_WITH:
            return dialect.starts_with(left, right)
        case Operator.ENDS_WITH:
            return dialect.ends_with(left, right)
        case plain:
            return PLAIN[plain](left, right)


def _exists(relation: Relation, part: Filter, row: FromClause, scope: Scope) -> Exists:
    reached = scope.reach(relation, row)
    return (
        select(literal_column("1"))
        .select_from(reached.from_)
        .where(reached.joined, condition(part, reached.target, scope))
        .correlate(row)
        .exists()
    )


def _count(relation: Relation, row: FromClause, scope: Scope) -> Expression:
    reached = scope.reach(relation, row)
    return (
        select(func.count())
        .select_from(reached.from_)
        .where(reached.joined)
        .correlate(row)
        .scalar_subquery()
    )


def _labelled(compare: Compare, row: FromClause, scope: Scope) -> Condition:
    """Find the tasks of labels by their ids: the labels' index leads to them, as EXISTS does not in
    SQLite.
    """
    pairs = TaskLabelRow.__table__.alias(scope.name_of("task_labels"))
    tasks = select(pairs.c.task_id).where(_compare(compare, pairs.c.label_id, scope))
    return row.c.id.in_(tasks)


def _leads_to(relation: Relation, part: Filter, row: FromClause, scope: Scope) -> Condition:
    """Follow a to-one relation. What is asked of the id is asked of the column that holds it."""
    key = row.c[SOURCE_COLUMN[relation]]
    parts = part.parts if isinstance(part, All) else (part,)
    by_id = [part for part in parts if isinstance(part, Compare) and part.field == "id"]
    others = every(part for part in parts if part not in by_id)
    conditions = [_compare(compare, key, scope) for compare in by_id]
    if others != All():
        conditions.append(_exists(relation, others, row, scope))
    return and_(*conditions) if conditions else key.is_not(None)
