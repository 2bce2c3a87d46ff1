"""`@atomic`: every field of a mutation in one transaction, committed together or not at all."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from graphql import ExecutionResult, OperationDefinitionNode

from gql_tasks.domain.errors import Refused, RolledBack, WritersCollided
from gql_tasks.store.database import Database, Transaction, WriteSession

T = TypeVar("T")

ATTEMPTS = 5
"""How often a mutation is run that PostgreSQL ends so that another may go on."""


class Writer(Protocol):
    """What a mutation field hands its unit of work to."""

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Do a unit of work."""


class OneTransaction:
    """Does each field's work in the same transaction, none after one that was refused."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.outcomes: list[Refused | None] = []

    @property
    def refused(self) -> bool:
        """Tell whether a field was refused."""
        return any(self.outcomes)

    def check(self, result: ExecutionResult) -> None:
        """Raise, to roll back, where not all is well."""
        if result.errors or self.refused:
            raise _NotDone

    async def write(self, work: Callable[[WriteSession], T], *, short: bool = False) -> T:
        """Do a field's work."""
        if self.refused:
            raise rolled_back()
        try:
            result = await self._transaction.write(work)
        except Refused as refused:
            self.outcomes.append(refused)
            raise
        self.outcomes.append(None)
        return result


class Refusing:
    """Does nothing: tells each field why, so that none says that it wrote something."""

    def __init__(self, outcomes: list[Refused | None]) -> None:
        self._outcomes = iter(outcomes)

    async def write(
        self, work: Callable[[WriteSession], T], *, short: bool = False
    ) -> T:  # not done
        """Refuse a field's work."""
        raise next(self._outcomes, None) or rolled_back()


class _NotDone(Exception):
    """Rolls the transaction back."""


def rolled_back() -> Refused:
    """Refuse a field for the sake of another."""
    message = "another field of this @atomic mutation was not done, so this one was not either"
    return Refused(RolledBack(message, ()))


def is_atomic(operation: OperationDefinitionNode) -> bool:
    """Tell whether an operation is marked."""
    return any(directive.name.value == "atomic" for directive in operation.directives or ())


async def run_atomic(
    database: Database,
    run: Callable[[Writer], Awaitable[ExecutionResult]],
) -> ExecutionResult:
    """Run a mutation, with one transaction for all its fields.

    Where a field is refused, the mutation runs once more with nothing to write to, so that the
    payloads of the fields before it do not show what is not there. An error of a field nulls the
    whole answer anyway. Raises StoreUnavailable.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with database.transaction() as transaction:
                fields = OneTransaction(transaction)
                result = await run(fields)
                fields.check(result)
        except _NotDone:
            errors = result.errors or []
            collided = any(isinstance(error.original_error, WritersCollided) for error in errors)
            if collided and attempt < ATTEMPTS:
                continue
            return result if errors else await run(Refusing(fields.outcomes))
        except WritersCollided:
            if attempt == ATTEMPTS:
                raise
        else:
            return result
    raise AssertionError("unreachable: the last attempt returns or raises")
