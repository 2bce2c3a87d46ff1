"""Facets to SQL: how many matching rows fall in each bucket, an array of buckets a facet."""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    case,
    cast,
    func,
    literal_column,
    nulls_last,
    or_,
    select,
)

from gql_tasks.domain.page import FacetField
from gql_tasks.domain.plan import Buckets, Column, Constant, Facet, Facets
from gql_tasks.domain.values import Slot
from gql_tasks.store.dialects import PRIORITIES, Expression, quoted
from gql_tasks.store.matching import conditions
from gql_tasks.store.scope import NONE_LEFT_OUT, Reached, Scope
from gql_tasks.store.tables import Day, Instant, LabelRow, ProjectRow, TaskLabelRow

MANY: ColumnElement[int] = literal_column("1000000")
"""More than there ever are: a limit keeps SQLite from losing a subquery's order."""

DUE_BUCKETS = (
    ("OVERDUE", "Overdue"),
    ("TODAY", "Today"),
    ("NEXT_WEEK", "Next 7 days"),
    ("LATER", "Later"),
)


def write_facets(facets: Facets, search: Slot | None, reached: Reached, scope: Scope) -> Expression:
    """Write the facets as an array, in the order in which they were asked for."""
    return scope.dialect.json_list(
        [_write_facet(facet, facets, search, reached, scope) for facet in facets.facets]
    )


def _write_facet(
    facet: Facet, facets: Facets, search: Slot | None, reached: Reached, scope: Scope
) -> Expression:
    members: list[tuple[str, Expression]] = []
    for selected in facets.fields:
        match selected:
            case Constant():
                members.append((selected.key, quoted(selected.text)))
            case Column():
                members.append((selected.key, quoted(facet.field.name)))
            case Buckets():
                buckets = _write_buckets(selected, facet, search, reached, scope)
                members.append((selected.key, buckets))
    return scope.dialect.json_object(members)


def _write_buckets(
    selected: Buckets, facet: Facet, search: Slot | None, reached: Reached, scope: Scope
) -> Expression:
    """Group the rows by what the facet counts; the buckets come in its natural order, none last."""
    task = reached.target
    matching = [reached.joined, *conditions(facet.where, search, task, scope)]
    key, label, rank, from_ = _grouping(facet, task, reached.from_, scope)
    keyed = (
        select(key.label("key"), label.label("label"), rank.label("rank"))
        .select_from(from_)
        .where(*matching)
    )
    if reached.source is not None:
        keyed = keyed.correlate(reached.source)
    row = keyed.subquery(scope.name_of("keyed"))
    grouped = (
        select(row, func.count().label("count"))
        .group_by(row.c.key, row.c.label, row.c.rank)
        .order_by(nulls_last(row.c.rank.asc()), row.c.key)
    )
    bucket = grouped.limit(MANY).offset(NONE_LEFT_OUT).subquery(scope.name_of("buckets"))
    members = [
        (
            fact.key,
            quoted(fact.text) if isinstance(fact, Constant) else bucket.c[fact.name],
        )
        for fact in selected.fields
    ]
    document = scope.dialect.json_object(members)
    array = scope.dialect.json_array(document)
    return select(array).select_from(bucket).scalar_subquery()


def _grouping(
    facet: Facet, task: FromClause, from_: FromClause, scope: Scope
) -> tuple[Expression, Expression, Expression, FromClause]:
    """Say what a facet groups by: a key, its words for people, its rank, and what that needs."""
    match facet.field:
        case FacetField.COMPLETED:
            done = scope.dialect.truth(task.c.is_completed)
            done_key = case((done, quoted("true")), else_=quoted("false"))
            label = case((done, quoted("Completed")), else_=quoted("Open"))
            return done_key, label, done_key, from_
        case FacetField.PRIORITY:
            key = scope.dialect.priority(task.c.priority)
            names: dict[Any, Expression] = {
                literal_column(str(rank)): quoted(name.capitalize())
                for rank, name in enumerate(PRIORITIES)
            }
            return key, case(names, value=task.c.priority), -task.c.priority, from_
        case FacetField.PROJECT:
            project = ProjectRow.__table__.alias(scope.name_of("projects"))
            joined = from_.outerjoin(project, project.c.id == task.c.project_id)
            return (*_named(project, "No project", scope), project.c.position, joined)
        case FacetField.LABEL:
            pairs = TaskLabelRow.__table__.alias(scope.name_of("task_labels"))
            label_row = LabelRow.__table__.alias(scope.name_of("labels"))
            joined = from_.outerjoin(
                pairs.join(label_row, label_row.c.id == pairs.c.label_id),
                pairs.c.task_id == task.c.id,
            )
            rank = scope.dialect.by_code_point(label_row.c.name)
            return (*_named(label_row, "No label", scope), rank, joined)
        case FacetField.DUE:
            return (*_due(facet, task, scope), from_)


def _named(row: FromClause, none: str, scope: Scope) -> tuple[Expression, Expression]:
    name = scope.dialect.nullable_text(row.c.name)
    return cast(row.c.id, String), func.coalesce(name, quoted(none))


def _due(facet: Facet, task: FromClause, scope: Scope) -> tuple[Expression, Expression, Expression]:
    """Sort dates by the caller's days; the day itself, and not a moment of it, is due on dueOn."""
    conditions: list[tuple[ColumnElement[bool], int]] = [
        (and_(task.c.due_on.is_(None), task.c.due_at.is_(None)), 4),
        *(
            (
                or_(
                    task.c.due_on < scope.bind(day, Day()),
                    task.c.due_at < scope.bind(beginning, Instant()),
                ),
                index,
            )
            for index, (day, beginning) in enumerate(facet.days)
        ),
    ]

    def choose(values: list[Expression]) -> Expression:
        return case(
            *((condition, values[index]) for condition, index in conditions), else_=values[3]
        )

    keys = [quoted(key) for key, _ in DUE_BUCKETS]
    labels = [quoted(label) for _, label in DUE_BUCKETS]
    null: Expression = literal_column("NULL")
    return (
        choose([*keys, null]),
        choose([*labels, quoted("No date")]),
        choose([*(literal_column(str(rank)) for rank in range(4)), null]),
    )
