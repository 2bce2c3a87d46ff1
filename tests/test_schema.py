"""The schema: printed, described, and held to the store."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
    get_named_type,
    is_input_object_type,
    is_introspection_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_required_argument,
    is_required_input_field,
    is_specified_scalar_type,
)
from strawberry.utils.str_converters import to_camel_case

from gql_tasks.cli import main
from gql_tasks.domain.label import LabelChanges, NewLabel
from gql_tasks.domain.page import Direction, FacetField, Nulls, OrderField
from gql_tasks.domain.plan import Column, Row
from gql_tasks.domain.priority import Priority
from gql_tasks.domain.project import NewProject, ProjectChanges
from gql_tasks.domain.relations import Entity, Relation
from gql_tasks.domain.task import NewTask, TaskChanges
from gql_tasks.domain.values import Slot
from gql_tasks.graphql.planner import COUNTS, ENTITIES, RELATIONS, python_names
from gql_tasks.graphql.schema import print_sdl
from gql_tasks.graphql.types import enums
from gql_tasks.store.columns import COLUMNS
from gql_tasks.store.compile import compile_statement
from gql_tasks.store.dialects import Dialect
from gql_tasks.store.postgresql_sql import POSTGRESQL
from gql_tasks.store.scope import TABLES
from gql_tasks.store.sqlite_sql import SQLITE
from tests.conftest import Client
from tests.sql import Address

PRINTED = Path(__file__).parents[1] / "schema.graphql"
SCHEMA = build_schema(PRINTED.read_text("utf-8"))

NOT_SHOWN: Mapping[Entity, set[str]] = {
    Entity.TASK: {
        "completed",  # as other programs wrote it; is_completed is what it means
        "due",  # dueOn or dueAt, to sort by
        "project_id",  # project { id }
        "parent_id",  # parent { id }
    },
    Entity.PROJECT: set(),
    Entity.LABEL: {"created_at", "updated_at"},
    Entity.CHANGE: {"nulls"},
}
"""Columns that no field shows as they are."""

FOR_REST = {"id_number"}
"""Fields that only REST shows."""


def test_printed_schema() -> None:
    """schema.graphql is what the types print; `gql-tasks schema > schema.graphql` makes it so."""
    assert PRINTED.read_text("utf-8") == print_sdl()


def test_schema_command() -> None:
    """`gql-tasks schema` prints schema.graphql."""
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.output) == (0, PRINTED.read_text("utf-8"))


def test_everything_is_described() -> None:
    """Every type, field, argument, input field and enum value has a description: a sentence."""
    undescribed = []
    for name, named in SCHEMA.type_map.items():
        if is_introspection_type(named) or is_specified_scalar_type(named):
            continue
        parts = {name: named}
        for field_name, field in getattr(named, "fields", {}).items():
            parts[f"{name}.{field_name}"] = field
            for argument_name, argument in getattr(field, "args", {}).items():
                parts[f"{name}.{field_name}({argument_name}:)"] = argument
        if isinstance(named, GraphQLEnumType):
            parts |= {f"{name}.{value_name}": value for value_name, value in named.values.items()}
        undescribed += [
            part for part, node in parts.items() if not (node.description or "").endswith(".")
        ]
    assert undescribed == []


@pytest.mark.parametrize("name", ENTITIES)
def test_every_field_has_sql(name: str) -> None:
    """Each field of a row's type is a column of the compiler's, a relation or a count."""
    entity = ENTITIES[name]
    for field, declared in object_type(name).fields.items():
        relation = RELATIONS.get((name, field)) or COUNTS.get((name, field))
        target = get_named_type(declared.type)
        if relation is None:
            assert is_leaf_type(target), field
            assert python_names(name)[field] in COLUMNS[entity], field
            continue
        assert relation.value.source is entity, field
        if (name, field) in COUNTS:
            assert target.name == "Int", field
        elif target.name == "TaskConnection":
            assert relation.value.target is Entity.TASK, field
        else:
            assert relation.value.target is ENTITIES[target.name], field
            assert relation.value.many is declared_as_list(declared.type), field


def test_every_relation_is_shown() -> None:
    """The relations that the planner knows are all there are, and all are fields."""
    assert {*RELATIONS.values(), *COUNTS.values()} == {*Relation}
    shown = {(name, field) for name in ENTITIES for field in object_type(name).fields}
    assert (RELATIONS.keys() | COUNTS.keys()) - shown == set()


@pytest.mark.parametrize("name", ENTITIES)
def test_every_column_is_shown(name: str) -> None:
    """Each column of a table is a field of the public type, or said not to be."""
    entity = ENTITIES[name]
    names = {
        python_names(name)[field]
        for field in object_type(name).fields
        if (name, field) not in RELATIONS.keys() | COUNTS.keys()
    }
    assert COLUMNS[entity].keys() - names - FOR_REST == set()
    shown = {column for name in names for column in COLUMNS[entity][name].columns}
    assert set(TABLES[entity].columns.keys()) - shown == NOT_SHOWN[entity]


@pytest.mark.parametrize("entity", Entity)
@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_field_without_sql_fails(entity: Entity, dialect: Dialect) -> None:
    """The compiler has no answer for a field that it does not know."""
    shape = Row(entity, (Column("size", "size"),), Slot(0))
    with pytest.raises(KeyError, match="size"):
        compile_statement(shape, dialect)


async def test_an_unknown_field_is_refused(client: Client) -> None:
    """A field that is not in the schema is a validation error; nothing is run."""
    assert await client.graphql("{ tasks { size } }") == {
        "errors": [
            {
                "message": "Cannot query field 'size' on type 'Task'.",
                "locations": [{"line": 1, "column": 11}],
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            }
        ]
    }


ROWS = [
    f"INSERT INTO {columns} VALUES {', '.join(f'({id_}, {text!r})' for id_ in (901, 902, 903))} "
    "ON CONFLICT DO NOTHING"
    for columns, text in (
        ("projects (id, name)", "a"),
        ("labels (id, name)", "a"),
        ("tasks (id, title)", "a"),
    )
] + [
    "INSERT INTO task_labels VALUES (901, 901), (902, 902) ON CONFLICT DO NOTHING",
    "UPDATE tasks SET project_id = 901, parent_id = NULL WHERE id = 901",
    "UPDATE tasks SET project_id = 901, parent_id = 901 WHERE id > 901",
]
"""Three of each, written again before each document."""

TOO_DEEP = '{title: "a", subtasks: [' * 11 + '{title: "a"}' + "]}" * 11

WAYS = {
    "Query": "{ § }",
    "Mutation": "mutation { § }",
    "Task": "{ tasks { § } }",
    "Project": "{ projects { § } }",
    "Label": "{ labels { § } }",
    "TaskConnection": "{ tasksConnection { § } }",
    "TaskEdge": "{ tasksConnection { edges { § } } }",
    "PageInfo": "{ tasksConnection { pageInfo { § } } }",
    "Facet": "{ tasksConnection { facets(by: [DUE]) { § } } }",
    "FacetBucket": "{ tasksConnection { facets(by: [DUE]) { buckets { § } } } }",
    "TaskPayload": 'mutation { updateTask(id: 902, input: {title: "b"}) { § } }',
    "ProjectPayload": 'mutation { updateProject(id: 902, input: {name: "b"}) { § } }',
    "LabelPayload": 'mutation { updateLabel(id: 902, input: {name: "b"}) { § } }',
    "DeletePayload": "mutation { deleteTask(id: 903) { § } }",
    "InvalidProblem": 'mutation { createTask(input: {title: ""}) '
    "{ problems { ... on InvalidProblem { § } } } }",
    "NotFoundProblem": "mutation { deleteTask(id: 9) "
    "{ problems { ... on NotFoundProblem { § } } } }",
    "Change": "{ changes { changes { § } } }",
    "ChangePage": "{ changes { § } }",
    "TasksPayload": 'mutation { createTasks(input: [{title: "b"}]) { § } }',
    "UndoPayload": 'mutation { undo(token: "000000-000000000000") { § } }',
    "VersionConflictProblem": 'mutation { updateTask(id: 902, ifVersion: 99, input: {title: "b"}) '
    "{ problems { ... on VersionConflictProblem { § } } } }",
    "RolledBackProblem": "mutation @atomic { updateTask(id: 902, input: {}) "
    "{ problems { ... on RolledBackProblem { § } } } deleteTask(id: 9) { deletedIds } }",
    "TooManyProblem": f"mutation {{ createTask(input: {TOO_DEEP}) "
    "{ problems { ... on TooManyProblem { § } } } }",
}
"""How a document comes to the fields of each type, at the place of the §."""

SUBSCRIBED = {"Subscription", "TaskEvent"}
"""Types that no request answers; tests/services/test_live.py reads their fields."""

VALUES = {
    "ID": '"902"',
    "String": '"a"',
    "Boolean": "true",
    "Int": "1",
    "Date": '"2026-01-31"',
    "DateTime": '"2026-01-31T08:00:00Z"',
    "SyncToken": '"000000-000000000000"',
    "DateOrDuration": '"-P2W"',
    "DateTimeOrDuration": '"PT36H"',
}
"""A value of each scalar."""

VALUES_OF = {
    "CreateLabelInput.color": '"#abc"',
    "CreateProjectInput.color": '"#abc"',
    "UpdateLabelInput.color": '"#abc"',
    "UpdateProjectInput.color": '"#abc"',
    "CreateLabelInput.name": '"b"',
    "UpdateLabelInput.name": '"b"',
    "UpdateTaskInput.parentId": '"901"',
    "PlaceInput.before": '"901"',
    "PlaceInput.after": '"901"',
}
"""Values where not any will do."""


async def test_every_field_is_answered(client: Client, address: Address) -> None:
    """Each field of each object type can be asked for, and its answer has it."""
    failures = {}
    for name, way in WAYS.items():
        for field, declared in object_type(name).fields.items():
            address.execute(*ROWS)
            text = f"answer: {call(name, field, {})}{selection(declared.type)}"
            body = await client.graphql(way.replace("§", text))
            if "errors" in body or "answer" not in str(body):
                failures[f"{name}.{field}"] = body
    assert failures == {}
    object_types = {
        name
        for name, named in SCHEMA.type_map.items()
        if isinstance(named, GraphQLObjectType) and not is_introspection_type(named)
    }
    assert object_types == WAYS.keys() | SUBSCRIBED


async def test_every_argument_is_read(client: Client, address: Address) -> None:
    """Each argument of each field is taken."""
    failures = {}
    for name, way in WAYS.items():
        for field, declared in object_type(name).fields.items():
            for argument, part in declared.args.items():
                address.execute(*ROWS)
                given = value(f"{name}.{field}", part)
                if argument == "clientMutationId":
                    given = f'"{name}.{field}"'
                if argument == "ifVersion":
                    table = f"{field[6:].lower()}s"
                    (row,) = address.fetch(f"SELECT version FROM {table} WHERE id = 902")
                    given = str(row[0])
                others = (
                    {"filter": "{id: {eq: 902}}"} if field in {"updateTasks", "deleteTasks"} else {}
                )
                if field == "undo":
                    document = 'mutation { createLabel(input: {name: "c"}) { syncToken } }'
                    token = (await client.data(document))["createLabel"]["syncToken"]
                    others = {"token": f'"{token}"'}
                if argument in {"after", "before"}:
                    page = f"{field} {{ pageInfo {{ startCursor }} }}"
                    cursor = first_cursor(await client.data(way.replace("§", page)))
                    given = f'"{cursor}"'
                text = call(name, field, {argument: given} | others)
                text += selection(declared.type)
                failure = await failure_of(client, way.replace("§", text))
                if failure is not None:
                    failures[f"{name}.{field}({argument}:)"] = failure
    assert failures == {}


async def test_every_input_field_is_read(client: Client, address: Address) -> None:
    """Each field of each input type is taken, wherever the shortest way to it leads."""
    failures = {}
    for name, way in ways_to_inputs().items():
        for field, part in input_type(name).fields.items():
            address.execute(*ROWS)
            given = {field: value(f"{name}.{field}", part)}
            failure = await failure_of(client, way.replace("§", members(name, given)))
            if failure is not None:
                failures[f"{name}.{field}"] = failure
    assert failures == {}
    assert ways_to_inputs().keys() == {
        name for name, named in SCHEMA.type_map.items() if isinstance(named, GraphQLInputObjectType)
    }


@pytest.mark.parametrize(
    "argument", ['orderBy: {field: %s}, search: "a"', "filter: {priority: {eq: %s}}"]
)
async def test_every_enum_value_is_read(client: Client, argument: str) -> None:
    """Every order and every priority is taken."""
    enum = SCHEMA.type_map["TaskOrderField" if "orderBy" in argument else "Priority"]
    assert isinstance(enum, GraphQLEnumType)
    for value in enum.values:
        document = f"{{ tasks({argument % value}) {{ id }} }}"
        assert await client.data(document) == {"tasks": []}, value


@pytest.mark.parametrize(
    ("public", "domain"),
    [
        (
            enums.TaskOrderField,
            {field.name: field for field in {*OrderField} - {OrderField.NAME}},
        ),
        (enums.OrderDirection, Direction.__members__),
        (enums.NullsOrder, Nulls.__members__),
        (enums.TaskFacetField, FacetField.__members__),
        (enums.Priority, Priority.__members__),
    ],
)
def test_enums_are_the_domains(public: Any, domain: Mapping[str, Any]) -> None:
    """A public enum has the members of the domain's, under the same names."""
    assert {name: member.value for name, member in public.__members__.items()} == dict(domain)


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("UpdateTaskInput", TaskChanges),
        ("UpdateProjectInput", ProjectChanges),
        ("UpdateLabelInput", LabelChanges),
    ],
)
def test_update_inputs_are_the_domains(name: str, domain: Any) -> None:
    """An update's input has the keys of the domain's changes."""
    assert [*input_type(name).fields] == [to_camel_case(key) for key in domain.__annotations__]


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("CreateTaskInput", NewTask),
        ("CreateProjectInput", NewProject),
        ("CreateLabelInput", NewLabel),
    ],
)
def test_create_inputs_are_the_domains(name: str, domain: Any) -> None:
    """A create's input has the fields of the domain's new row."""
    assert [*input_type(name).fields] == [to_camel_case(field.name) for field in fields(domain)]


async def failure_of(client: Client, document: str) -> Any:
    """Run a document and return what went wrong, problems included."""
    body = await client.graphql(document)
    if "errors" in body:
        return body["errors"]
    return [
        answer["problems"]
        for answer in body["data"].values()
        if isinstance(answer, dict) and answer.get("problems")
    ] or None


def object_type(name: str) -> GraphQLObjectType:
    named = SCHEMA.type_map[name]
    assert isinstance(named, GraphQLObjectType)
    return named


def input_type(name: str) -> GraphQLInputObjectType:
    named = SCHEMA.type_map[name]
    assert isinstance(named, GraphQLInputObjectType)
    return named


def declared_as_list(declared: Any) -> bool:
    return is_list_type(declared.of_type if is_non_null_type(declared) else declared)


def first_cursor(data: Any) -> str:
    """Find the first cursor in an answer."""
    match data:
        case {"startCursor": str(cursor)}:
            return cursor
        case dict():
            found = map(first_cursor, data.values())
        case list():
            found = map(first_cursor, data)
        case _:
            return ""
    return next(filter(None, found), "")


def selection(declared: Any) -> str:
    """Select something under a field."""
    named = get_named_type(declared)
    if is_leaf_type(named):
        return ""
    return f" {{ __typename {'problems { message }' if named.name.endswith('Payload') else ''} }}"


def call(parent: str, field: str, given: Mapping[str, str]) -> str:
    """Call a field with these arguments and the others that it needs."""
    arguments = ", ".join(
        f"{name}: {given.get(name) or value(f'{parent}.{field}', argument)}"
        for name, argument in object_type(parent).fields[field].args.items()
        if name in given or is_required_argument(argument)
    )
    return f"{field}({arguments})" if arguments else field


def members(parent: str, given: Mapping[str, str]) -> str:
    """Write these fields of an input object and the others that it needs."""
    return ", ".join(
        f"{name}: {given.get(name) or value(f'{parent}.{name}', part)}"
        for name, part in input_type(parent).fields.items()
        if name in given or is_required_input_field(part)
    )


def value(of: str, declared: GraphQLArgument | GraphQLInputField) -> str:
    """Write a value of an argument's or an input field's type."""
    named = get_named_type(declared.type)
    if of in VALUES_OF:
        text = VALUES_OF[of]
    elif isinstance(named, GraphQLEnumType):
        text = next(iter(named.values))
    elif isinstance(named, GraphQLInputObjectType):
        first, part = next(iter(named.fields.items()))
        any_will_do = named.is_one_of or named.name.startswith("Update")
        given = {first: value(f"{named.name}.{first}", part)} if any_will_do else {}
        text = f"{{{members(named.name, given)}}}"
    else:
        text = VALUES[named.name]
    return f"[{text}]" if declared_as_list(declared.type) else text


def ways_to_inputs() -> dict[str, str]:
    """Find how a document comes to the fields of each input type, the shortest way first."""
    waiting: list[tuple[str, str]] = []
    for root in ("Query", "Mutation"):
        for field, declared in object_type(root).fields.items():
            for argument, part in declared.args.items():
                if is_input_object_type(named := get_named_type(part.type)):
                    given = {argument: "[{§}]" if declared_as_list(part.type) else "{§}"}
                    text = call(root, field, given) + selection(declared.type)
                    waiting.append((named.name, WAYS[root].replace("§", text)))
    ways: dict[str, str] = {}
    while waiting:
        name, way = waiting.pop(0)
        if ways.setdefault(name, way) is not way:
            continue
        for field, part in input_type(name).fields.items():
            if is_input_object_type(named := get_named_type(part.type)):
                given = {field: "[{§}]" if declared_as_list(part.type) else "{§}"}
                waiting.append((named.name, way.replace("§", members(name, given))))
    return ways
