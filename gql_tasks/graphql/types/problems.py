"""Problems: what the caller of a mutation can put right, as data."""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gql_tasks.domain import errors
from gql_tasks.domain.relations import Entity
from gql_tasks.graphql.context import Info
from gql_tasks.store.database import Answer

if TYPE_CHECKING:
    from gql_tasks.graphql.types.label import Label
    from gql_tasks.graphql.types.project import Project
    from gql_tasks.graphql.types.task import Task


ReadRow: TypeAlias = Callable[[Info, int], Awaitable[Answer]]
"""Reads the row with an id, what the field being resolved selects of it, as it is now."""


@strawberry.enum(description="The kinds of problems.")
class ProblemCode(Enum):
    """What the caller has to do about a problem."""

    INVALID = strawberry.enum_value("INVALID", description="A value breaks a rule.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no row with this id.")
    VERSION_CONFLICT = strawberry.enum_value(
        "VERSION_CONFLICT", description="The row has changed since the caller read it."
    )
    TOO_MANY = strawberry.enum_value(
        "TOO_MANY", description="It is more at once than one mutation takes."
    )
    ROLLED_BACK = strawberry.enum_value(
        "ROLLED_BACK",
        description="Nothing is wrong with this field, but with another of the same @atomic "
        "mutation.",
    )


@strawberry.interface(
    description="Something the caller can put right. "
    'path leads to the argument, as ["input", "title"].'
)
class Problem:
    """What every problem says."""

    code: ProblemCode = strawberry.field(description="What kind of problem it is.")
    message: str = strawberry.field(description="What is wrong, naming the thing and the value.")
    path: list[str] = strawberry.field(description="The way to the argument, from the field on.")


@strawberry.type(description="A value that breaks a rule.")
class InvalidProblem(Problem):
    """The value is to be changed."""


@strawberry.type(description="An id that no row has.")
class NotFoundProblem(Problem):
    """The id is to be looked up again."""

    id: strawberry.ID = strawberry.field(description="The id, as it was sent.")


def _current(entity: Entity, shown: Any) -> Any:
    """Declare a field that shows the row as it stands now, where it is of this kind."""

    async def read(self: "VersionConflictProblem", info: Info) -> Answer:
        if self.entity is not entity:
            return None
        return await self.read_row(info, self.row_id)

    return strawberry.field(
        resolver=read,
        graphql_type=shown,
        description=f"The {entity.value} as it stands now, where it is one and still there.",
    )


@strawberry.type(description="The row has moved on; here is how it stands now.")
class VersionConflictProblem(Problem):
    """The change is to be made again, on what is there."""

    current_version: int = strawberry.field(
        description="The version it has now; 0 where it is gone."
    )
    entity: strawberry.Private[Entity]
    row_id: strawberry.Private[int]
    read_row: strawberry.Private[ReadRow]

    task = _current(Entity.TASK, Annotated["Task", strawberry.lazy(".task")] | None)
    project = _current(Entity.PROJECT, Annotated["Project", strawberry.lazy(".project")] | None)
    label = _current(Entity.LABEL, Annotated["Label", strawberry.lazy(".label")] | None)


@strawberry.type(description="More at once than one mutation takes.")
class TooManyProblem(Problem):
    """The work is to be split."""

    limit: int = strawberry.field(description="How many it takes.")
    actual: int = strawberry.field(description="How many there were.")


@strawberry.type(description="Another field of the same @atomic mutation was not done.")
class RolledBackProblem(Problem):
    """The other field's problem is to be put right."""


PROBLEMS = (
    InvalidProblem,
    NotFoundProblem,
    VersionConflictProblem,
    TooManyProblem,
    RolledBackProblem,
)
"""Every kind of problem; no field names them but as a Problem."""


def problems_of(refused: errors.Refused, read_row: ReadRow) -> list[Problem]:
    """Show a refusal to the client, in the order in which its problems were found."""
    return [_problem(problem, read_row) for problem in refused.problems]


def _problem(problem: errors.Problem, read_row: ReadRow) -> Problem:
    path = [to_camel_case(step) for step in problem.path]
    message = problem.message
    match problem:
        case errors.NotFound(id=row_id):
            return NotFoundProblem(
                code=ProblemCode.NOT_FOUND, message=message, path=path, id=strawberry.ID(row_id)
            )
        case errors.VersionConflict(entity=entity, id=number, version=version):
            return VersionConflictProblem(
                code=ProblemCode.VERSION_CONFLICT,
                message=message,
                path=path,
                current_version=version or 0,
                entity=entity,
                row_id=number,
                read_row=read_row,
            )
        case errors.TooMany(limit=limit, actual=actual):
            return TooManyProblem(
                code=ProblemCode.TOO_MANY, message=message, path=path, limit=limit, actual=actual
            )
        case errors.RolledBack():
            return RolledBackProblem(code=ProblemCode.ROLLED_BACK, message=message, path=path)
        case _:
            return InvalidProblem(code=ProblemCode.INVALID, message=message, path=path)
