"""Problems: what the caller of a mutation can put right, as data."""

from enum import Enum

import strawberry
from strawberry.utils.str_converters import to_camel_case

from gql_tasks.domain import errors


@strawberry.enum(description="The kinds of problems.")
class ProblemCode(Enum):
    """What the caller has to do about a problem."""

    INVALID = strawberry.enum_value("INVALID", description="A value breaks a rule.")
    NOT_FOUND = strawberry.enum_value("NOT_FOUND", description="There is no row with this id.")
    TOO_MANY = strawberry.enum_value(
        "TOO_MANY", description="It is more at once than one mutation takes."
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


@strawberry.type(description="More at once than one mutation takes.")
class TooManyProblem(Problem):
    """The work is to be split."""

    limit: int = strawberry.field(description="How many it takes.")
    actual: int = strawberry.field(description="How many there were.")


def problems_of(refused: errors.Refused) -> list[Problem]:
    """Show a refusal to the client, in the order in which its problems were found."""
    return [*map(_problem, refused.problems)]


def _problem(problem: errors.Problem) -> Problem:
    path = [to_camel_case(step) for step in problem.path]
    match problem:
        case errors.NotFound(message=message, id=row_id):
            return NotFoundProblem(
                code=ProblemCode.NOT_FOUND, message=message, path=path, id=strawberry.ID(row_id)
            )
        case errors.TooMany(message=message, limit=limit, actual=actual):
            return TooManyProblem(
                code=ProblemCode.TOO_MANY, message=message, path=path, limit=limit, actual=actual
            )
        case errors.Problem(message=message):
            return InvalidProblem(code=ProblemCode.INVALID, message=message, path=path)
