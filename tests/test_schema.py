"""The schema: printed, described, and held to the store."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    is_introspection_type,
    is_specified_scalar_type,
)

from gql_tasks.cli import main
from gql_tasks.domain.page import Direction, Nulls, OrderField
from gql_tasks.domain.plan import Column, Entity, ReadShape
from gql_tasks.domain.task import TaskChanges
from gql_tasks.graphql.inputs import NullsOrder, OrderDirection, TaskOrderField, UpdateTaskInput
from gql_tasks.graphql.schema import print_sdl
from gql_tasks.graphql.selection import _python_names
from gql_tasks.store.compile import COLUMNS, TABLES, compile_statement
from gql_tasks.store.dialects import POSTGRESQL, SQLITE, Dialect
from tests.conftest import Client

PRINTED = Path(__file__).parents[1] / "schema.graphql"


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(PRINTED.read_text("utf-8"))


def test_printed_schema() -> None:
    """schema.graphql is what the types print; `gql-tasks schema > schema.graphql` makes it so."""
    assert PRINTED.read_text("utf-8") == print_sdl()


def test_schema_command() -> None:
    """`gql-tasks schema` prints schema.graphql."""
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.output) == (0, PRINTED.read_text("utf-8"))


def test_everything_is_described(schema: GraphQLSchema) -> None:
    """Every type, field, argument, input field and enum value has a description: a sentence."""
    undescribed = []
    for name, named in schema.type_map.items():
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


def test_every_field_has_sql(schema: GraphQLSchema) -> None:
    """Each field of Task is a column of the compiler's, under the name that the code gives it."""
    assert list(_python_names()) == list(task_type(schema).fields)
    assert set(_python_names().values()) - COLUMNS[Entity.TASK].keys() == set()


def test_every_column_is_shown() -> None:
    """Each column of the table is a field of the public type."""
    shown = {COLUMNS[Entity.TASK][name].column for name in _python_names().values()}
    assert shown == set(TABLES[Entity.TASK].columns.keys())


@pytest.mark.parametrize("dialect", [SQLITE, POSTGRESQL], ids=["sqlite", "postgresql"])
def test_a_field_without_sql_fails(dialect: Dialect) -> None:
    """The compiler has no answer for a field that it does not know."""
    shape = ReadShape(Entity.TASK, (Column("due", "due_on"),), many=False)
    with pytest.raises(KeyError, match="due_on"):
        compile_statement(shape, dialect)


async def test_an_unknown_field_is_refused(client: Client) -> None:
    """A field that is not in the schema is a validation error; nothing is run."""
    assert await client.graphql("{ tasks { dueOn } }") == {
        "errors": [
            {
                "message": "Cannot query field 'dueOn' on type 'Task'.",
                "locations": [{"line": 1, "column": 11}],
                "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"},
            }
        ]
    }


@pytest.mark.parametrize(
    ("public", "domain"),
    [(TaskOrderField, OrderField), (OrderDirection, Direction), (NullsOrder, Nulls)],
)
def test_enums_are_the_domains(public: type, domain: type) -> None:
    """A public enum has the members of the domain's, under the same names."""
    assert {name: member.value for name, member in public.__members__.items()} == dict(
        domain.__members__
    )


def test_update_input_is_the_domains(schema: GraphQLSchema) -> None:
    """UpdateTaskInput has the keys of TaskChanges."""
    assert set(UpdateTaskInput.__annotations__) == set(TaskChanges.__annotations__)
    update = schema.type_map["UpdateTaskInput"]
    assert isinstance(update, GraphQLInputObjectType)
    assert set(update.fields) == set(TaskChanges.__annotations__)


def task_type(schema: GraphQLSchema) -> GraphQLObjectType:
    task = schema.type_map["Task"]
    assert isinstance(task, GraphQLObjectType)
    return task
