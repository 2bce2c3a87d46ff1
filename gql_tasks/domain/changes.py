"""The change log's words: what a change is, and how a place in the log is named."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeAlias

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import shown

State: TypeAlias = Mapping[str, Any]
"""A row as the API shows it, by the API's own names; what it leads to by `projectId`, `parentId`
and `labelIds`."""

STAMPS = ("version", "updatedAt")
"""Members of a state that every change changes."""

_TOKEN = re.compile(r"([0-9a-f]{6})-([0-9a-f]{12})(?:-([0-9a-f]{12}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SyncToken:
    """A position in a log: after the entry with this number.

    `epoch` names the log. `start`, in the token of a mutation, is the position before its first
    change. As text tokens of one log sort as their positions do.
    """

    epoch: str
    position: int
    start: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a token. Raises InvalidArgument for what is none."""
        match = _TOKEN.fullmatch(text)
        if match is None:
            raise InvalidArgument(f"{shown(text)} is not a sync token")
        epoch, position, start = match.groups()
        return cls(epoch, int(position, 16), None if start is None else int(start, 16))

    def __str__(self) -> str:
        """Write the token as clients see it; the store writes the same (`Dialect.sync_token`)."""
        text = f"{self.epoch}-{self.position:012x}"
        return text if self.start is None else f"{text}-{self.start:012x}"


@dataclass(frozen=True, slots=True)
class Log:
    """Which log this is, the position up to which it was pruned, and that of its last entry."""

    epoch: str
    pruned_through: int
    head: int

    def holds(self, token: SyncToken) -> bool:
        """Tell whether everything after a token is here."""
        return token.epoch == self.epoch and self.pruned_through <= token.position <= self.head

    def token(self, position: int) -> SyncToken:
        """Name a position."""
        return SyncToken(self.epoch, position)


@dataclass(frozen=True, slots=True)
class Change:
    """An entry of the log: a row as it was and as it became.

    `nulls` names the columns that were NULL where `before` shows a value. `mutation` is the number
    of the mutation that made it, None for other programs; `client_mutation_id` is what its client
    called it.
    """

    position: int
    at: datetime
    entity: Entity
    row_id: int
    before: State | None
    after: State | None
    nulls: tuple[str, ...] = ()
    mutation: int | None = None
    client_mutation_id: str | None = None

    @property
    def changed_fields(self) -> list[str]:
        """Name the members that differ, but for the stamps; none where the row came or went."""
        before = self.before
        if before is None or self.after is None:
            return []
        return [
            name
            for name, value in self.after.items()
            if name not in STAMPS and before.get(name) != value
        ]
