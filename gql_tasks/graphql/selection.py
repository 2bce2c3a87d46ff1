"""The field being resolved to its read plan."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, NamedTuple

import orjson
from graphql import (
    FieldNode,
    GraphQLObjectType,
    GraphQLOutputType,
    get_nullable_type,
    is_list_type,
)

from gql_tasks.domain.changes import SyncToken
from gql_tasks.domain.filters import Filter, IsNull
from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.page import Slice
from gql_tasks.domain.plan import UNLIMITED, ById, Place, ReadPlan, Row, Since
from gql_tasks.domain.values import Value, Values
from gql_tasks.graphql.collect import ResolveInfo, collect, object_type_of
from gql_tasks.graphql.context import Context, Info
from gql_tasks.graphql.filters import read_filter
from gql_tasks.graphql.planner import ENTITIES, Planner, python_names
from gql_tasks.services.watches import Member, Watch
from gql_tasks.store.compile import Statement
from gql_tasks.store.database import Answer, PreparedRead, ReadSession


def plan_row(info: Info, row_id: int) -> ReadPlan:
    """Plan to read the row with this id for the field being resolved."""
    raw = info._raw_info  # noqa: SLF001  # Strawberry's selected_fields loses fragments' order
    return _plan_rows(raw, object_type_of(raw.return_type), raw.field_nodes, row_id)


def plan_named_row(raw: ResolveInfo) -> ReadPlan | None:
    """Plan to read the row whose id is an argument of a root field; None where no row has it."""
    planner = Planner(raw)
    row_id = parse_id(planner.arguments(raw.parent_type, raw.field_nodes[0])["id"])
    if row_id is None:
        return None
    return _plan_rows(raw, object_type_of(raw.return_type), raw.field_nodes, row_id)


def plan_rows(raw: ResolveInfo) -> ReadPlan:
    """Plan to read the list that the arguments of a root field ask for.

    Raises InvalidArgument.
    """
    planner = Planner(raw)
    arguments = planner.arguments(raw.parent_type, raw.field_nodes[0])
    part = Slice.of(arguments, raw.context.max_rows)
    object_type = object_type_of(raw.return_type)
    where = None
    if arguments.get("includeArchived") is False:
        where = IsNull("archived_at", null=True)
    rows = planner.rows(
        object_type, raw.field_nodes, arguments, part.rows_read, part.offset, where=where
    )
    values = tuple(planner.values.items)
    return ReadPlan(
        rows,
        values,
        rows_visited=planner.rows_visited(part.rows_read + part.offset),
        max_rows=part.max_rows,
    )


def plan_page(raw: ResolveInfo) -> ReadPlan:
    """Plan to read the page that the arguments of a root field ask for.

    Raises InvalidArgument and InvalidCursor.
    """
    planner = Planner(raw)
    arguments = planner.arguments(raw.parent_type, raw.field_nodes[0])
    page = planner.page(object_type_of(raw.return_type), raw.field_nodes, arguments, ())
    return ReadPlan(page, tuple(planner.values.items), rows_visited=UNLIMITED)


def plan_changes(raw: ResolveInfo) -> ReadPlan:
    """Plan to read the part of the change log that the arguments of a root field ask for.

    Raises InvalidArgument.
    """
    planner = Planner(raw)
    arguments = planner.arguments(raw.parent_type, raw.field_nodes[0])
    token: SyncToken | None = arguments.get("since")
    bind = planner.values.bind
    shape = Since(
        limit=bind(Slice.of(arguments, raw.context.max_rows).rows_read),
        place=None if token is None else Place(bind(token.epoch), bind(token.position)),
        fields=tuple(planner.parts(object_type_of(raw.return_type), raw.field_nodes)),
    )
    return ReadPlan(shape, tuple(planner.values.items), rows_visited=UNLIMITED)


ROOTS: Mapping[str, Callable[[ResolveInfo], ReadPlan | None]] = {
    "task": plan_named_row,
    "tasks": plan_rows,
    "tasksConnection": plan_page,
    "project": plan_named_row,
    "projects": plan_rows,
    "label": plan_named_row,
    "labels": plan_rows,
    "changes": plan_changes,
}
"""How each root field that reads is planned."""


def plan_root(info: Info) -> ReadPlan | None:
    """Plan what the root field being resolved reads; None where there can be nothing."""
    raw = info._raw_info  # noqa: SLF001  # as above
    return ROOTS[raw.field_name](raw)


def plan_watch(info: Info) -> Watch:
    """Plan what the subscription being resolved is to be told. Raises InvalidArgument."""
    raw = info._raw_info  # noqa: SLF001  # as above
    planner = Planner(raw)
    where = planner.filter(planner.arguments(raw.parent_type, raw.field_nodes[0]))
    event = object_type_of(raw.return_type)
    members = tuple(
        _member(raw, event, key, nodes)
        for key, nodes in collect(raw, event, raw.field_nodes).items()
    )
    return Watch(where, tuple(planner.values.items), members)


def _member(
    info: ResolveInfo, event: GraphQLObjectType, key: str, nodes: list[FieldNode]
) -> Member:
    name = nodes[0].name.value
    if name == "__typename":
        return Member(key, name, text=event.name)
    if name == "task":
        target = object_type_of(event.fields[name].type)
        return Member(key, name, task=_plan_rows(info, target, nodes, ()))
    return Member(key, python_names(event.name)[name])


@dataclass(slots=True)
class LaterPlan:
    """What is read of rows whose ids are not known yet."""

    plan: ReadPlan
    many: bool
    _statement: Statement | None = field(default=None, init=False)

    def read(self, session: ReadSession, ids: tuple[int, ...]) -> Answer | list[orjson.Fragment]:
        """Read the rows with these ids, those that are there; without `many` there is one."""
        if self.many:
            plan = replace(self.plan, values=(ids, *self.plan.values[1:]))
            found = session.execute_by_id(plan)
            return [found[row_id] for row_id in ids if row_id in found]
        if self._statement is None:
            self._statement = session.statements(self.plan.shape)
        values = (ids[0], *self.plan.values[1:])
        return session.execute_prepared(PreparedRead(self._statement, self.plan, values))

    @property
    def digest(self) -> str:
        """Stand for the selection and its values."""
        return sha256(repr((self.plan.shape, self.plan.values[1:])).encode()).hexdigest()[:16]


class PlannedField(NamedTuple):
    """A field being resolved whose payload is planned already: as much of Info as a write reads."""

    context: Context
    field_name: str
    arguments: Mapping[str, Any]
    plans: Mapping[str, LaterPlan]
    shows_token: bool


def arguments_under(info: Info | PlannedField) -> Mapping[str, Any]:
    """Read the arguments of the field being resolved as graphql-core coerces them, all of them."""
    if isinstance(info, PlannedField):
        return info.arguments
    raw = info._raw_info  # noqa: SLF001  # as above
    return Planner(raw).arguments(raw.parent_type, raw.field_nodes[0])


def required_filter(info: Info | PlannedField) -> tuple[Filter, tuple[Value, ...]]:
    """Read the filter of the field being resolved, which has to have one, and its values.

    Raises InvalidArgument.
    """
    values = Values()
    where = read_filter(arguments_under(info)["filter"], values, info.context.moment)
    return where, tuple(values.items)


def shows_token(info: Info | PlannedField) -> bool:
    """Tell whether the field being resolved may be asked for the position after its changes."""
    return info.shows_token if isinstance(info, PlannedField) else True


def plans_under(info: Info | PlannedField, name: str) -> Mapping[str, LaterPlan]:
    """Plan what a field of the type being resolved reads of rows, a response key each."""
    if isinstance(info, PlannedField):
        return info.plans
    return plans_of(info._raw_info, name)  # noqa: SLF001  # as above


def plans_of(raw: ResolveInfo, name: str) -> Mapping[str, LaterPlan]:
    """Plan what a field of this field's type reads of rows, a response key each."""
    parent = object_type_of(raw.return_type)
    return {
        key: plan_later(raw, parent.fields[name].type, nodes)
        for key, nodes in collect(raw, parent, raw.field_nodes).items()
        if nodes[0].name.value == name
    }


def plan_later(
    info: ResolveInfo, output_type: GraphQLOutputType, nodes: list[FieldNode]
) -> LaterPlan:
    """Plan what a selection reads of a row, or, where its field is a list, of rows."""
    many = is_list_type(get_nullable_type(output_type))
    object_type = object_type_of(output_type)
    return LaterPlan(_plan_rows(info, object_type, nodes, () if many else 0), many)


def _plan_rows(
    info: ResolveInfo,
    object_type: GraphQLObjectType,
    nodes: list[FieldNode],
    wanted: int | tuple[int, ...],
) -> ReadPlan:
    planner = Planner(info)
    slot = planner.values.bind(wanted)
    entity = ENTITIES[object_type.name]
    shape = ById if isinstance(wanted, tuple) else Row
    fields = planner.fields(object_type, nodes)
    plan = shape(entity, fields, slot)
    return ReadPlan(plan, tuple(planner.values.items), rows_visited=planner.rows_visited(1))
