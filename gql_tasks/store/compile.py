"""Read shapes to SQL: one statement whose result is already the JSON of the answer. Pure.

    a row      SELECT json_object(...) FROM tasks WHERE id = :id
    a list     SELECT count(*), json_group_array(json_object(...))
               FROM (SELECT ... FROM tasks WHERE ... ORDER BY ... LIMIT :n OFFSET :m) AS tasks

What a row leads to is a subquery in its object, however deep. The count beside the root's list
tells one that is whole from one that was cut off at the limit.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    FromClause,
    Select,
    func,
    select,
)

from gql_tasks.domain.plan import (
    ById,
    Column,
    Connection,
    Constant,
    Count,
    Many,
    One,
    Page,
    ReadShape,
    Row,
    Rows,
    Selected,
    Since,
)
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.values import Value
from gql_tasks.store.change_page import write_since
from gql_tasks.store.columns import COLUMNS, columns_read
from gql_tasks.store.dialects import Dialect, Expression, quoted
from gql_tasks.store.matching import conditions
from gql_tasks.store.order import DEFAULT_ORDER, sorting
from gql_tasks.store.page import write_page
from gql_tasks.store.scope import Reached, Scope, slot_index

AS_THEY_ARE = frozenset({int, str})
"""Values that both drivers take as they are."""


@dataclass(slots=True)
class Statement:
    """A compiled shape: text for the driver, and the order in which it takes its values.

    `proven_fast` is what `store/sqlite.py` has learnt of it: where its next run belongs.
    """

    text: str
    parameters: tuple[int, ...]
    many: bool
    dialect: Dialect
    proven_fast: bool = field(default=False, compare=False)

    def bind(self, values: tuple[Value, ...]) -> tuple[Any, ...]:
        """Put the values in the text's order, in the driver's forms."""
        found = tuple([values[index] for index in self.parameters])
        if AS_THEY_ARE.issuperset(map(type, found)):
            return found
        bind = self.dialect.bind_value
        return tuple([value if type(value) in AS_THEY_ARE else bind(value) for value in found])


def compile_statement(shape: ReadShape, dialect: Dialect) -> Statement:
    """Compile a shape to a dialect's text."""
    return compile_select(compile_shape(shape, dialect), dialect, many=isinstance(shape, Rows))


def compile_select(statement: Select[Any], dialect: Dialect, *, many: bool) -> Statement:
    """Compile a statement whose only parameters are slots."""
    compiled = statement.compile(dialect=dialect.sqlalchemy)
    parameters = tuple(map(slot_index, compiled.positiontup or ()))
    return Statement(str(compiled), parameters, many, dialect)


def compile_shape(shape: ReadShape, dialect: Dialect) -> Select[*tuple[Any, ...]]:
    """Build the statement of a shape."""
    compiler = Compiler(dialect)
    match shape:
        case Row():
            return compiler.row(shape)
        case Rows():
            return compiler.rows(shape)
        case Page():
            return select(dialect.json_to_text(compiler.page(shape)))
        case ById():
            return compiler.by_id(shape)
        case Since():
            document = write_since(shape, compiler.scope, compiler.document)
            return select(dialect.json_to_text(document))


class Compiler:
    """One statement being built."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.scope = Scope(dialect)

    def row(self, shape: Row) -> Select[Any]:
        """Read one row."""
        row = self.scope.alias(shape.entity)
        document = self.document(shape.entity, shape.fields, row)
        return select(self.dialect.json_to_text(document)).where(
            row.c.id == self.scope.bind(shape.id, BigInteger())
        )

    def by_id(self, shape: ById) -> Select[*tuple[Any, ...]]:
        """Read rows with their ids."""
        row = self.scope.alias(shape.entity)
        document = self.document(shape.entity, shape.fields, row)
        ids = self.scope.bind(shape.ids, self.dialect.list_type(BigInteger()))
        return select(row.c.id, self.dialect.json_to_text(document)).where(
            self.dialect.is_one_of(row.c.id, ids)
        )

    def rows(self, shape: Rows) -> Select[*tuple[Any, ...]]:
        """Read a list, and how long it is."""
        rows = self.slice(shape, self.scope.all_of(shape.entity))
        array = self.dialect.json_array(self.document(shape.entity, shape.fields, rows))
        return select(func.count(), self.dialect.json_to_text(array)).select_from(rows)

    def document(self, entity: Entity, fields: tuple[Selected, ...], row: FromClause) -> Expression:
        """Write a row as an object."""
        return self.dialect.json_object(
            [(selected.key, self.value(entity, selected, row)) for selected in fields]
        )

    def value(self, entity: Entity, selected: Selected, row: FromClause) -> Expression:
        """Write one member of the object."""
        match selected:
            case Constant():
                return quoted(selected.text)
            case Column():
                return COLUMNS[entity][selected.name].value(self.dialect, row)
            case One():
                return self.one(selected, row)
            case Many():
                return self.many(selected, row)
            case Count():
                return self.count(selected, row)
            case Connection():
                return self.page(selected.page, self.scope.reach(selected.relation, row))

    def one(self, selected: One, row: FromClause) -> Expression:
        """Write the row that a to-one relation leads to, or null."""
        reached = self.scope.reach(selected.relation, row)
        entity = selected.relation.value.target
        document = self.document(entity, selected.fields, reached.target)
        statement = select(document).select_from(reached.from_).where(reached.joined)
        return statement.correlate(row).scalar_subquery()

    def many(self, selected: Many, row: FromClause) -> Expression:
        """Write the rows that a to-many relation leads to."""
        rows = self.slice(selected.rows, self.scope.reach(selected.relation, row))
        document = self.document(selected.rows.entity, selected.rows.fields, rows)
        return select(self.dialect.json_array(document)).select_from(rows).scalar_subquery()

    def count(self, selected: Count, row: FromClause) -> Expression:
        """Count the rows that a relation leads to."""
        keys = self.scope.reach_keys(selected.relation, row)
        if selected.where is None and keys is not None:
            return select(func.count()).where(keys).correlate(row).scalar_subquery()
        reached = self.scope.reach(selected.relation, row)
        where = conditions(selected.where, None, reached.target, self.scope)
        statement = select(func.count()).select_from(reached.from_).where(reached.joined, *where)
        return statement.correlate(row).scalar_subquery()

    def page(self, shape: Page, reached: Reached | None = None) -> Expression:
        """Write a page of a list, of all rows or of those that a relation leads to."""
        reached = reached or self.scope.all_of(shape.entity)
        return write_page(shape, reached, self.scope, self.document)

    def slice(self, shape: Rows, reached: Reached) -> FromClause:
        """Select the rows of a list, with the columns that its fields read."""
        table = reached.target
        statement = (
            select(*(table.c[name] for name in columns_read(shape.entity, shape.fields)))
            .select_from(reached.from_)
            .where(reached.joined, *conditions(shape.where, shape.search, table, self.scope))
            .order_by(
                *sorting(
                    shape.order_by or DEFAULT_ORDER[shape.entity], table, shape.search, self.scope
                )
            )
            .limit(self.dialect.at_most(self.scope.bind(shape.limit, BigInteger())))
            .offset(self.scope.bind(shape.offset, BigInteger()))
        )
        if reached.source is not None:
            statement = statement.correlate(reached.source)
        return statement.subquery(self.scope.name(shape.entity))
