"""The field being resolved to its read plan."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import FieldNode, GraphQLObjectType

from gql_tasks.domain.filters import Filter
from gql_tasks.domain.page import Slice
from gql_tasks.domain.plan import (
    UNLIMITED,
    ReadPlan,
    Row,
)
from gql_tasks.graphql.collect import ResolveInfo, collect, object_type_of
from gql_tasks.graphql.context import Info
from gql_tasks.graphql.planner import ENTITIES, Planner


def plan_row(info: Info, row_id: int) -> ReadPlan:
    """Plan to read the row with this id for the field being resolved."""
    raw = info._raw_info  # noqa: SLF001  # Strawberry's selected_fields loses fragments' order
    return _plan_row(raw, object_type_of(raw.return_type), raw.field_nodes, row_id)


def plan_rows(info: Info, where: Filter | None = None) -> ReadPlan:
    """Plan to read the list that the arguments of the field being resolved ask for.

    `where` is a condition of the field's own. Raises InvalidArgument.
    """
    raw = info._raw_info  # noqa: SLF001  # as above
    planner = Planner(raw)
    arguments = planner.arguments(raw.parent_type, raw.field_nodes[0])
    part = Slice.of(arguments, raw.context.max_rows)
    object_type = object_type_of(raw.return_type)
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


def plan_page(info: Info) -> ReadPlan:
    """Plan to read the page that the arguments of the field being resolved ask for.

    Raises InvalidArgument and InvalidCursor.
    """
    raw = info._raw_info  # noqa: SLF001  # as above
    planner = Planner(raw)
    arguments = planner.arguments(raw.parent_type, raw.field_nodes[0])
    page = planner.page(object_type_of(raw.return_type), raw.field_nodes, arguments, ())
    return ReadPlan(page, tuple(planner.values.items), rows_visited=UNLIMITED)


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What a payload's field reads of a row, whose id is not known before it is written."""

    info: ResolveInfo
    object_type: GraphQLObjectType
    nodes: list[FieldNode]

    def for_id(self, row_id: int) -> ReadPlan:
        """Plan to read the row."""
        return _plan_row(self.info, self.object_type, self.nodes, row_id)


def plans_under(info: Info, name: str) -> Mapping[str, RowPlan]:
    """Plan what a field of the payload being resolved reads, a response key each."""
    raw = info._raw_info  # noqa: SLF001  # as above
    payload = object_type_of(raw.return_type)
    return {
        key: RowPlan(raw, object_type_of(payload.fields[name].type), nodes)
        for key, nodes in collect(raw, payload, raw.field_nodes).items()
        if nodes[0].name.value == name
    }


def _plan_row(
    info: ResolveInfo, object_type: GraphQLObjectType, nodes: list[FieldNode], row_id: int
) -> ReadPlan:
    planner = Planner(info)
    slot = planner.values.bind(row_id)
    entity = ENTITIES[object_type.name]
    row = Row(entity, planner.fields(object_type, nodes), slot)
    return ReadPlan(row, tuple(planner.values.items), rows_visited=planner.rows_visited(1))
