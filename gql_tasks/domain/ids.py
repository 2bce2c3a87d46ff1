"""Ids as callers write them, and what is said of one that no row has."""

import re
from dataclasses import dataclass

from gql_tasks.domain.errors import NotFound, Path
from gql_tasks.domain.relations import Entity
from gql_tasks.domain.text import shown

MAX_ID = 2**63 - 1

_ID = re.compile(r"0|-?[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """A row that an input names: its kind, its id as it was sent, and where it stands."""

    entity: Entity
    id: str
    path: Path


def parse_id(text: str) -> int | None:
    """Read the one spelling of an id: ASCII digits, no leading zero, within 64 bits.

    Anything else, `" 7"`, `"1e3"` or another script's digits, is the id of no row: None.
    """
    if not _ID.fullmatch(text):
        return None
    number = int(text)
    return number if -MAX_ID - 1 <= number <= MAX_ID else None


def not_found(reference: Reference) -> NotFound:
    """Say that no row has the id."""
    message = f"no {reference.entity.value} has the id {shown(reference.id)}"
    return NotFound(message, reference.path, reference.id)
