"""Selections to what is read of a row or a page, as deep as the selection goes."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache
from typing import Any, cast

from graphql import FieldNode, GraphQLObjectType, get_argument_values
from graphql.execution.values import VariableValues
from strawberry.schema.name_converter import NameConverter
from strawberry.types.base import get_object_definition

from gql_tasks.domain.cursor import fingerprint, read_cursor
from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.facets import without_own
from gql_tasks.domain.filters import Filter, every, size
from gql_tasks.domain.moments import midnight
from gql_tasks.domain.page import FacetField, Order, OrderField, Slice, Window, total_order
from gql_tasks.domain.plan import (
    UNLIMITED,
    Bound,
    Buckets,
    Column,
    Connection,
    Constant,
    Count,
    Edges,
    Entries,
    Facet,
    Facets,
    Many,
    Node,
    Nodes,
    One,
    Page,
    PageInfo,
    PageSelected,
    Rows,
    Selected,
    Token,
    Total,
)
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.search import SearchText, read_search
from gql_tasks.domain.values import Slot, Values
from gql_tasks.graphql.collect import ResolveInfo, collect, object_type_of
from gql_tasks.graphql.filters import read_filter
from gql_tasks.graphql.types import change, connection
from gql_tasks.graphql.types.label import Label
from gql_tasks.graphql.types.project import Project
from gql_tasks.graphql.types.task import Task

DECLARED: Mapping[str, type] = {
    declared.__name__: declared
    for declared in (
        Task,
        Project,
        Label,
        connection.TaskEdge,
        connection.PageInfo,
        connection.Facet,
        connection.FacetBucket,
        change.Change,
        change.ChangePage,
        change.TaskEvent,
    )
}

ENTITIES: Mapping[str, Entity] = {
    "Task": Entity.TASK,
    "Project": Entity.PROJECT,
    "Label": Entity.LABEL,
    "Change": Entity.CHANGE,
}

RELATIONS: Mapping[tuple[str, str], Relation] = {
    ("Task", "project"): Relation.TASK_PROJECT,
    ("Task", "parent"): Relation.TASK_PARENT,
    ("Task", "subtasks"): Relation.TASK_SUBTASKS,
    ("Task", "labels"): Relation.TASK_LABELS,
    ("Task", "history"): Relation.TASK_HISTORY,
    ("Project", "tasks"): Relation.PROJECT_TASKS,
    ("Project", "tasksConnection"): Relation.PROJECT_TASKS,
}

COUNTS: Mapping[tuple[str, str], Relation] = {
    ("Task", "subtaskCount"): Relation.TASK_SUBTASKS,
    ("Project", "taskCount"): Relation.PROJECT_TASKS,
    ("Label", "taskCount"): Relation.LABEL_TASKS,
}

MAX_DEPTH = 10
"""Relations that a selection may follow in a row: a subtask of a subtask of ..."""

MAX_READS = 1_000
"""What a root field may read: fields, with fragments opened, and conditions, each time they are
asked. The statement is compiled on the event loop, where everybody waits for it.
"""

BY_HAND = (Order(OrderField.POSITION),)
"""How the tasks of a project and the subtasks of a task come where nothing else is asked."""


class Planner:
    """One plan being made: walks a selection and binds the values it meets, in its order."""

    def __init__(self, info: ResolveInfo) -> None:
        self.info = info
        self.values = Values()
        self.depth = 0
        self.reads = 0
        self.unbounded = False  # whether a list of any length is read inside of a row
        coerced = cast("dict[str, Any]", info.variable_values)  # Strawberry's, not graphql-core's
        self.variables = VariableValues({}, coerced)

    def charge(self, reads: int) -> None:
        """Count what the plan reads, before it is planned. Raises InvalidArgument for too much."""
        self.reads += reads
        if self.reads > MAX_READS:
            raise InvalidArgument(f"the selection reads more than {MAX_READS} fields or conditions")

    def rows_visited(self, at_root: int) -> int:
        """Say how many rows the plan steps over, as far as that can be known."""
        return UNLIMITED if self.unbounded else at_root

    def fields(
        self, object_type: GraphQLObjectType, nodes: list[FieldNode]
    ) -> tuple[Selected, ...]:
        """Say what the selection sets under these nodes read of a row."""
        if self.depth > MAX_DEPTH:
            raise InvalidArgument(f"the selection follows more than {MAX_DEPTH} relations in a row")
        self.depth += 1
        try:
            return tuple(
                self.selected(object_type, key, found)
                for key, found in collect(self.info, object_type, nodes).items()
            )
        finally:
            self.depth -= 1

    def selected(self, parent: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Selected:
        """Say what one field reads."""
        self.charge(1)
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, parent.name)
        if (relation := COUNTS.get((parent.name, name))) is not None:
            self.unbounded |= relation.value.source is not Entity.TASK
            return Count(key, relation, self.filter(self.arguments(parent, nodes[0])))
        if (relation := RELATIONS.get((parent.name, name))) is None:
            return Column(key, python_names(parent.name)[name])
        target = object_type_of(parent.fields[name].type)
        if not relation.value.many:
            return One(key, relation, self.fields(target, nodes))
        arguments = self.arguments(parent, nodes[0])
        self.unbounded |= relation is Relation.PROJECT_TASKS and arguments.get("limit") is None
        if target.name == "TaskConnection":
            return Connection(key, relation, self.page(target, nodes, arguments, BY_HAND))
        # A list inside a list has no cap of its own.
        part = Slice.of(arguments, self.info.context.max_rows)
        limit = UNLIMITED if part.limit is None else part.limit
        order = BY_HAND if relation.value.target is Entity.TASK else ()
        return Many(key, relation, self.rows(target, nodes, arguments, limit, part.offset, order))

    def rows(
        self,
        object_type: GraphQLObjectType,
        nodes: list[FieldNode],
        arguments: Mapping[str, Any],
        limit: int,
        offset: int,
        default_order: tuple[Order, ...] = (),
        where: Filter | None = None,
    ) -> Rows:
        """Say which rows a list's arguments ask for, and what is read of each."""
        entity = ENTITIES[object_type.name]
        given = [part for part in (where, self.filter(arguments)) if part is not None]
        search = self.search(arguments)
        order_by = self.order_by(arguments, default_order)
        return Rows(
            entity,
            limit=self.values.bind(limit),
            offset=self.values.bind(offset),
            where=every(given) if given else None,
            search=search,
            order_by=order_by,
            fields=self.fields(object_type, nodes),
        )

    def page(
        self,
        object_type: GraphQLObjectType,
        nodes: list[FieldNode],
        arguments: Mapping[str, Any],
        default_order: tuple[Order, ...],
    ) -> Page:
        """Say which page a connection's arguments ask for, and what is read of it."""
        window = Window.of(arguments, self.info.context.max_rows)
        order_by = total_order(self.order_by(arguments, default_order))
        search = self.search(arguments)
        where = self.filter(arguments)
        made_for = fingerprint(order_by, arguments.get("filter"), arguments.get("search"))
        return Page(
            Entity.TASK,
            order_by=order_by,
            size=self.values.bind(window.size),
            fingerprint=self.values.bind(made_for),
            where=where,
            search=search,
            after=self.bound(arguments, "after", made_for, order_by),
            before=self.bound(arguments, "before", made_for, order_by),
            backward=window.backward,
            fields=tuple(
                self.page_selected(object_type, key, found, where)
                for key, found in collect(self.info, object_type, nodes).items()
            ),
        )

    def bound(
        self,
        arguments: Mapping[str, Any],
        name: str,
        made_for: str,
        order_by: tuple[Order, ...],
    ) -> Bound | None:
        """Read a cursor's place in the order, null like one that is absent."""
        cursor = arguments.get(name)
        if cursor is None:
            return None
        keys = read_cursor(cursor, made_for, order_by, name)
        return tuple(None if key is None else self.values.bind(key) for key in keys)

    def page_selected(
        self,
        object_type: GraphQLObjectType,
        key: str,
        nodes: list[FieldNode],
        where: Filter | None,
    ) -> PageSelected:
        """Say what one field of a page reads; its counts ask the page's conditions again."""
        self.charge(1)
        conditions = 0 if where is None else size(where)
        name = nodes[0].name.value
        if name == "__typename":
            return Constant(key, object_type.name)
        if name == "syncToken":
            return Token(key)
        if name == "totalCount":
            self.charge(conditions)
            return Total(key)
        target = object_type_of(object_type.fields[name].type)
        match name:
            case "edges":
                return Edges(key, tuple(self.parts(target, nodes)))
            case "nodes":
                return Nodes(key, self.fields(target, nodes))
            case "pageInfo":
                self.charge(conditions)
                return PageInfo(key, tuple(self.parts(target, nodes)))
            case _:
                by = self.arguments(object_type, nodes[0])["by"]
                self.charge(conditions * len(set(by)))
                facets = tuple(self.facet(field.value, where) for field in dict.fromkeys(by))
                return Facets(key, facets, tuple(self.parts(target, nodes)))

    def parts(self, object_type: GraphQLObjectType, nodes: list[FieldNode]) -> Iterable[Any]:
        """Say what the fields of a part of a page read."""
        for key, found in collect(self.info, object_type, nodes).items():
            self.charge(1)
            name = found[0].name.value
            if name == "__typename":
                yield Constant(key, object_type.name)
            elif name == "node":
                target = object_type_of(object_type.fields[name].type)
                yield Node(key, self.fields(target, found))
            elif name == "changes":
                target = object_type_of(object_type.fields[name].type)
                yield Entries(key, self.fields(target, found))
            elif name == "buckets":
                target = object_type_of(object_type.fields[name].type)
                yield Buckets(key, tuple(self.parts(target, found)))
            else:
                yield Column(key, python_names(object_type.name)[name])

    def facet(self, field: FacetField, where: Filter | None) -> Facet:
        """Say what a facet counts: the matching rows, whatever the filter says of its own field."""
        others = without_own(where, field)
        if field is not FacetField.DUE:
            return Facet(field, others)
        moment = self.info.context.moment
        return Facet(
            field,
            others,
            tuple(
                (self.values.bind(day), self.values.bind(midnight(day, moment.zone)))
                for day in (moment.today + timedelta(days=days) for days in (0, 1, 8))
            ),
        )

    def order_by(
        self, arguments: Mapping[str, Any], default: tuple[Order, ...]
    ) -> tuple[Order, ...]:
        """Read the argument `orderBy`; relevance needs a search, and is nothing without words."""
        raw = arguments.get("orderBy")
        if not raw:
            return default
        orders = tuple(
            Order(order["field"].value, order["direction"].value, order["nulls"].value)
            for order in raw
        )
        if arguments.get("search") is None and any(map(_is_relevance, orders)):
            raise InvalidArgument("orderBy RELEVANCE needs a search to be relevant to")
        if self.search_words(arguments) is None:
            orders = tuple(order for order in orders if not _is_relevance(order)) or default
        return total_order(orders)

    def filter(self, arguments: Mapping[str, Any]) -> Filter | None:
        """Read the argument `filter`, null like one that is absent."""
        raw = arguments.get("filter")
        if raw is None:
            return None
        filter_ = read_filter(raw, self.values, self.info.context.moment)
        self.charge(size(filter_))
        return filter_

    def search(self, arguments: Mapping[str, Any]) -> Slot | None:
        """Bind the argument `search`, null like one that is absent or has no words."""
        words = self.search_words(arguments)
        return None if words is None else self.values.bind(words)

    def search_words(self, arguments: Mapping[str, Any]) -> SearchText | None:
        """Read the words of a search."""
        text = arguments.get("search")
        return None if text is None else read_search(text)

    def arguments(self, parent: GraphQLObjectType, node: FieldNode) -> Mapping[str, Any]:
        """Coerce a field's arguments."""
        return get_argument_values(parent.fields[node.name.value], node, self.variables)


def _is_relevance(order: Order) -> bool:
    return order.field is OrderField.RELEVANCE


@cache
def python_names(type_name: str) -> Mapping[str, str]:
    """Map a type's fields as clients spell them to the code's spelling."""
    names = NameConverter()
    fields = get_object_definition(DECLARED[type_name], strict=True).fields
    return {names.get_graphql_name(field): field.python_name for field in fields}
