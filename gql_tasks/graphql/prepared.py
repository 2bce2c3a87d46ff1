"""Prepared queries: what a document asks for, worked out once and not once a request.

A query whose root fields are all planned (`selection.ROOTS`) needs no executor: its fields are
collected, planned and answered as graphql-core would, key by key. What the plans depend on is the
document and the variables, so a plan is kept for both; a row's plan, for any id. Dates that are
counted from now are planned each time.

Anything out of the ordinary is not answered here: a problem of any kind, a field that is not
planned, a document that is new. The executor then answers it from the start.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import orjson
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from graphql.language import Visitor

from gql_tasks.domain.ids import parse_id
from gql_tasks.domain.moments import Moment
from gql_tasks.graphql.collect import ResolveInfo, collect
from gql_tasks.graphql.kept_answers import KeptAnswers
from gql_tasks.graphql.measures import Measured, Measures
from gql_tasks.graphql.selection import ROOTS, plan_named_row
from gql_tasks.store.database import Database, PreparedRead
from gql_tasks.store.recent import Recent
from gql_tasks.web.metrics import OperationMetrics

MAX_PLANS = 1_000
MAX_PLANNED_CHARACTERS = 4_000_000
"""Plans that are kept, and their statements' characters: a plan's memory is some times as much."""

MAX_PREPARED_CHARACTERS = 500_000
"""What the documents of prepared operations may add up to: one takes a hundred times as much."""

MAX_VARIABLES_BYTES = 2_000
"""Plans are kept for variables that are no longer than this as JSON."""

Answers: TypeAlias = list[tuple[bytes, "PreparedRead | bytes"]]
"""For each response key, `"key":` as bytes, and what is read, or the answer itself."""

Planned: TypeAlias = tuple[Answers, int]
"""What is read, and what it costs."""

NULL = b"null"


class Unprepared(Exception):
    """A request for the executor."""


class Asked:
    """What plans are made for. `moment_asked` tells whether one of them asked what time it is."""

    def __init__(self, max_rows: int, now: Moment) -> None:
        self.max_rows = max_rows
        self.moment_asked = False
        self.moment = cast("Moment", AskedMoment(self, now))


class AskedMoment:
    """A moment that notes that it was asked for anything."""

    def __init__(self, asked: Asked, now: Moment) -> None:
        self._asked = asked
        self._now = now

    def __getattr__(self, name: str) -> Any:
        """Answer as the moment does."""
        self._asked.moment_asked = True
        return getattr(self._now, name)


@dataclass(slots=True)
class RootField:
    """As much of a GraphQLResolveInfo as planning reads."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variable_values: Mapping[str, Any]
    context: Asked
    parent_type: GraphQLObjectType
    field_name: str = ""
    field_nodes: list[FieldNode] = field(default_factory=list)
    return_type: GraphQLOutputType | None = None


class PreparedQuery:
    """One operation of one valid document."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, name: str | None, measured: Measured
    ) -> None:
        self.measured = measured
        self.operation = the_operation(document, name)
        if self.operation.operation is not OperationType.QUERY:
            raise Unprepared
        self.schema = schema
        self.query_type = cast("GraphQLObjectType", schema.query_type)
        self.fragments = fragments_of(document)
        self.definitions = self.operation.variable_definitions or ()
        self.uses = _variables_in(self.operation)
        self._row: tuple[str, bytes, PreparedRead] | None = None
        self.row_cost = 0
        self.metrics: OperationMetrics | None = None

    def coerce(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Coerce the variables. Raises Unprepared where they do not fit."""
        if not self.definitions:
            return {}
        values = get_variable_values(self.schema, self.definitions, variables)
        if not isinstance(values, VariableValues):
            raise Unprepared
        return values.coerced

    def plan(self, database: Database, asked: Asked, variables: dict[str, Any]) -> Answers:
        """Plan every root field, in their order. Raises Unprepared, and what planning raises."""
        root = RootField(self.schema, self.fragments, variables, asked, self.query_type)
        info = cast("ResolveInfo", root)
        answers: Answers = []
        nodes = cast("list[FieldNode]", [self.operation])  # it has a selection set as fields do
        for key, fields in collect(info, self.query_type, nodes).items():
            prefix = orjson.dumps(key) + b":"
            name = fields[0].name.value
            if name == "__typename":
                answers.append((prefix, orjson.dumps(self.query_type.name)))
                continue
            if name not in ROOTS:
                raise Unprepared
            root.field_name, root.field_nodes = name, fields
            root.return_type = self.query_type.fields[name].type
            plan = ROOTS[name](info)
            answers.append((prefix, NULL if plan is None else database.prepare(plan)))
        if len(answers) == 1 and root.field_nodes:
            self._remember_row(root.field_nodes[0], *answers[0])
        return answers

    def _remember_row(self, node: FieldNode, prefix: bytes, read: PreparedRead | bytes) -> None:
        """Keep the plan of a query of one row, whose only variable says which row it is."""
        if ROOTS[node.name.value] is plan_named_row and isinstance(read, PreparedRead):
            match node.arguments:
                case [argument] if isinstance(argument.value, VariableNode) and self.uses == 1:
                    self._row = (argument.value.name.value, prefix, read)

    def row(self, variables: dict[str, Any]) -> tuple[bytes, PreparedRead | bytes] | None:
        """Plan to read the row that the only variable names, if that is what the query does."""
        if self._row is None or len(variables) != 1:
            return None
        name, prefix, read = self._row
        value = variables.get(name)
        if type(value) is not str and type(value) is not int:
            return None  # coercion decides
        row_id = parse_id(str(value))
        if row_id is None:
            return prefix, NULL
        return prefix, PreparedRead(read.statement, read.plan, (row_id, *read.values[1:]))


class PreparedQueries:
    """The queries of valid documents, and their plans, those used last."""

    def __init__(
        self,
        schema: GraphQLSchema,
        database: Database,
        max_rows: int,
        measures: Measures,
        kept: KeptAnswers,
    ) -> None:
        self.kept = kept
        self._schema = schema
        self._database = database
        self._max_rows = max_rows
        self._measures = measures
        self._queries: Recent[tuple[str, str | None], PreparedQuery] = Recent(
            MAX_PLANS, most_size=MAX_PREPARED_CHARACTERS, size=lambda key, _: len(key[0])
        )
        self._plans: Recent[tuple[PreparedQuery, bytes], Planned] = Recent(
            MAX_PLANS,
            most_size=MAX_PLANNED_CHARACTERS,
            size=lambda _, planned: _characters(planned),
        )
        self.hits = self.misses = 0

    def known(self, text: str, name: str | None) -> PreparedQuery | None:
        """Find a query that was prepared."""
        return self._queries.get((text, name))

    def prepare(self, text: str, document: DocumentNode, name: str | None) -> PreparedQuery:
        """Prepare a query. Raises Unprepared for another operation."""
        measured = self._measures.of(self._schema, document)
        query = PreparedQuery(self._schema, document, name, measured)
        self._queries.put((text, name), query)
        return query

    async def answer(
        self, query: PreparedQuery, variables: dict[str, Any], now: Callable[[], Moment]
    ) -> tuple[bytes, int]:
        """Answer a query: the bytes of `{"data": ...}`, and what it costs.

        `now` tells the moment, where a plan is made. Raises Unprepared, and what the executor would
        make errors of: it has to.
        """
        row = query.row(variables)
        if row is not None:  # which is read as fast as anything is looked up
            self.hits += 1
            return await self._read([row]), query.row_cost
        key = (query, orjson.dumps(variables) if query.definitions else b"")
        version, kept = self.kept.get(key)
        if kept is not None:
            return kept
        answers, cost = self._plan(key, variables, now)
        answer = await self._read(answers), cost
        if key in self._plans:
            self.kept.put(key, version, answer)
        return answer

    async def _read(self, answers: Answers) -> bytes:
        reads = [read for _, read in answers if isinstance(read, PreparedRead)]
        found = self._database.answer(reads) if reads else []
        documents = iter(found if isinstance(found, list) else await found)
        parts = [
            prefix + (read if isinstance(read, bytes) else next(documents) or NULL)
            for prefix, read in answers
        ]
        return b'{"data":{' + b",".join(parts) + b"}}"

    def _plan(
        self,
        key: tuple[PreparedQuery, bytes],
        variables: dict[str, Any],
        now: Callable[[], Moment],
    ) -> Planned:
        query, _ = key
        if (planned := self._plans.get(key)) is not None:
            self.hits += 1
            return planned
        self.misses += 1
        cost = query.measured.cost(query.operation, variables)
        if query.measured.over_cost(cost):
            raise Unprepared
        asked = Asked(self._max_rows, now())
        answers = query.plan(self._database, asked, query.coerce(variables))
        if not asked.moment_asked and len(key[1]) <= MAX_VARIABLES_BYTES:
            self._plans.put(key, (answers, cost))
        query.row_cost = cost
        return answers, cost


def the_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """Find the operation that is meant. Raises Unprepared where there is none, or are several."""
    operations = [
        node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode)
        and (name is None or (node.name is not None and node.name.value == name))
    ]
    if len(operations) != 1:
        raise Unprepared
    return operations[0]


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """Find a document's fragments by their names."""
    return {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }


def _characters(planned: Planned) -> int:
    answers, _ = planned
    return sum(len(read.statement.text) for _, read in answers if isinstance(read, PreparedRead))


def _variables_in(operation: OperationDefinitionNode) -> int:
    """Count the uses of variables under an operation's selection set."""

    class Counting(Visitor):
        uses = 0

        def enter_variable(self, *_: Any) -> None:
            self.uses += 1

    counting = Counting()
    visit(operation.selection_set, counting)
    return counting.uses
