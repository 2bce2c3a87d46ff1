"""Variables and arguments coerced by what was worked out are those that graphql-core coerces."""

import os
from typing import Any, cast

import pytest
from graphql import (
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    build_ast_schema,
    get_argument_values,
    get_variable_values,
    parse,
)
from graphql.execution.values import VariableValues
from hypothesis import HealthCheck, example, given, settings

from gql_tasks.graphql.coercion import Variables
from gql_tasks.graphql.execution import PlannedExecutor, validation_errors
from gql_tasks.graphql.literals import read_arguments
from gql_tasks.graphql.prepared import Unprepared
from gql_tasks.graphql.schema import build_schema
from gql_tasks.web.json_body import MAX_DEPTH
from tests.conftest import Client
from tests.graphql.arguments import Call, calls
from tests.sql import Address

OWN = build_schema()._schema

OTHER = build_ast_schema(
    parse("""
  type Query { q: Int }
  type Mutation {
    f(one: One, ones: [One!], deep: [[Int!]]! = [[1, 2], 3], all: All!, same: All = {a: "d"}): Int
    g(level: Level! = LOW, levels: [Level]! = [], ids: [ID!], n: Float, in: [Inner] = {a: 1}): Int
  }
  enum Level { LOW HIGH }
  input One @oneOf { a: Int b: [String!] c: One }
  input Inner { a: Int! b: Int! = 2, c: [Int] = [3, null] d: Inner = {a: 4, d: null} e: Boolean }
  input All { a: String! one: One inner: Inner! = {a: 5} inners: [Inner!] level: Level = HIGH }
""")
)
"""What input types may be and those of the product are not."""

GENERATED = settings(
    max_examples=400,
    deadline=None,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],  # to draw a call takes longer than to coerce it
)


@GENERATED
@given(call=calls(OWN))
def test_the_same_values(call: Call) -> None:
    """A valid call of any mutation has graphql-core's arguments, and none where it has none."""
    check(OWN, call)


@GENERATED
@given(call=calls(OTHER))
@example(Call('mutation ($a: One) { f(one: $a, all: {a: "a"}) }', {"a": {"a": None}}))
@example(Call('mutation ($a: Int) { f(one: {a: $a, b: "b"}, all: {a: "a"}) }', {}))
@example(Call("mutation ($a: All!) { f(all: $a) }", {"a": {"a": "a", "odd": 1}}))
@example(Call("mutation ($a: [Level]!) { g(levels: $a) }", {"a": None}))
def test_the_same_values_of_other_types(call: Call) -> None:
    """So has a call with input types of every kind that there is."""
    check(OTHER, call)


def test_as_deep_as_json_may_be() -> None:
    """Values as deep as JSON may be, each in place of a list of one, are graphql-core's too."""
    value: dict[str, Any] = {"title": "a"}
    for _ in range(MAX_DEPTH - 3):  # the request holds its variables, and they hold this
        value = {"title": "a", "subtasks": value}
    call = Call("mutation ($a: [CreateTaskInput!]!) { createTasks(input: $a) }", {"a": value})
    assert compiled(OWN, call) == by_graphql_core(OWN, call) is not None


def test_scalars_of_any_shape() -> None:
    """An object as a scalar's literal, which graphql-core could read, is left to it."""
    text = "type Query { q: Int } type Mutation { f(a: Any): Int } scalar Any"
    schema = build_ast_schema(parse(text))
    call = Call("mutation ($b: Int) { f(a: {b: $b}) }", {"b": 1})
    assert by_graphql_core(schema, call) == "{'a': {'b': 1}}"
    _, field, node = parts(schema, call)
    with pytest.raises(Unprepared):
        read_arguments(field, node)


DAY = "2026-01-31"

PREPARED: list[tuple[str, str, dict[str, Any]]] = [
    ("", 'createTask(input: {title: "a", subtasks: {title: "b"}})', {}),
    (
        "$a: String!, $b: String",
        "createTask(input: {title: $a, description: $b, projectId: null})",
        {"a": "a"},
    ),
    ("$a: CreateTaskInput!", "createTask(input: $a)", {"a": {"title": "a", "due": {"on": DAY}}}),
    ("$a: Date!", 'createTask(input: {title: "a", due: {on: $a}, labelIds: 1})', {"a": DAY}),
    ("$a: [CreateTaskInput!]!", "createTasks(input: $a)", {"a": [{"title": "a"}] * 3}),
    (
        "$a: ID!, $b: UpdateTaskInput!",
        "updateTask(id: $a, input: $b)",
        {"a": 1, "b": {"due": None, "startOn": DAY, "priority": "HIGH", "place": {"atEnd": True}}},
    ),
    (
        "$a: ID!, $b: Int",
        "updateTask(id: $a, input: {completed: true}, ifVersion: $b)",
        {"a": 1},
    ),
    ("$a: ID = 1", "updateTask(id: 1, input: {addLabelIds: [$a]})", {"other": 1}),
    ("", "updateTasks(filter: {}, input: {priority: LOW}, atMost: 100)", {}),
    (
        "$a: TaskFilter!, $b: Int! = 9",
        "updateTasks(filter: $a, input: {completed: true}, atMost: $b)",
        {"a": {"and": [{"dueOn": {"lt": "P7D"}}, {"priority": {"in": ["LOW", "HIGH"]}}]}},
    ),
    ("$a: DateOrDuration", "deleteTasks(filter: {startOn: {lt: $a}}, atMost: 9)", {"a": "P1D"}),
    ("$a: ID!", "deleteTask(id: $a)", {"a": "2"}),
    ("", 'createProject(input: {name: "b", color: "#abc", place: {atStart: true}})', {}),
    ("$a: UpdateProjectInput!", "updateProject(id: 1, input: $a)", {"a": {"archived": True}}),
    ("$a: Boolean!", "deleteProject(id: 2, deleteTasks: $a)", {"a": False}),
    ("$a: String!", "createLabel(input: {name: $a})", {"a": "b"}),
    ("$a: String", "updateLabel(id: 1, input: {color: $a})", {"a": None}),
    ("$a: ID!", "deleteLabel(id: $a)", {"a": 2}),
]
"""Mutations of the kinds that apps send: the variables they declare, the field, what is sent."""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the document of each operation that an executor is made for."""
    noted: list[str] = []
    build = cast("Any", PlannedExecutor.build).__func__

    def noting(cls: Any, schema: Any, document: Any, *arguments: Any, **options: Any) -> Any:
        noted.append(document.loc.source.body)
        return build(cls, schema, document, *arguments, **options)

    monkeypatch.setattr(PlannedExecutor, "build", classmethod(noting))
    return noted


@pytest.mark.parametrize(("declared", "call", "variables"), PREPARED)
async def test_what_is_prepared(
    declared: str,
    call: str,
    variables: dict[str, Any],
    client: Client,
    address: Address,
    executed: list[str],
) -> None:
    """A mutation is the executor's once and then no more; its clientMutationId is good for both."""
    address.execute(
        *("INSERT INTO projects (name) VALUES ('p')", "INSERT INTO labels (name) VALUES ('l')") * 2,
        *["INSERT INTO tasks (title) VALUES ('t')"] * 2,
    )
    name, _, arguments = call.partition("(")
    document = (
        f"mutation ($m: ID!, {declared}) {{"
        f" {name}(clientMutationId: $m, {arguments} {{ clientMutationId problems {{ path }} }} }}"
    )
    sent = {**variables, "m": "m"}
    first = await client.data(document, sent)
    log = address.fetch("SELECT count(*) FROM changes")
    assert first == {name: {"clientMutationId": "m", "problems": []}}
    assert [await client.data(document, sent) for _ in range(2)] == [first] * 2
    assert address.fetch("SELECT count(*) FROM changes") == log
    assert executed == [document]


def check(schema: GraphQLSchema, call: Call) -> None:
    expected, found = by_graphql_core(schema, call), compiled(schema, call)
    if found is None and expected is not None:  # what is wrong with it was not asked for
        assert validation_errors(schema, parse(call.document), production=False)
    else:
        assert found == expected


def by_graphql_core(schema: GraphQLSchema, call: Call) -> str | None:
    """Write down the arguments that graphql-core has for a call, or None where it has none."""
    operation, field, node = parts(schema, call)
    values = get_variable_values(schema, operation.variable_definitions or (), call.variables)
    if not isinstance(values, VariableValues):
        return None
    try:
        return repr(get_argument_values(field, node, values))
    except GraphQLError:
        return None


def compiled(schema: GraphQLSchema, call: Call) -> str | None:
    """Write down those of what was worked out, which are the same the second time."""
    operation, field, node = parts(schema, call)
    try:
        coerce = Variables(schema).of(operation.variable_definitions or ())
        read = read_arguments(field, node)
        first, again = (repr(read(coerce(call.variables))) for _ in range(2))
    except Exception:  # noqa: BLE001  # whatever a scalar raises
        return None
    assert again == first
    return first


def parts(
    schema: GraphQLSchema, call: Call
) -> tuple[OperationDefinitionNode, GraphQLField, FieldNode]:
    operation = cast("OperationDefinitionNode", parse(call.document).definitions[0])
    node = cast("FieldNode", operation.selection_set.selections[0])
    assert schema.mutation_type is not None
    return operation, schema.mutation_type.fields[node.name.value], node
