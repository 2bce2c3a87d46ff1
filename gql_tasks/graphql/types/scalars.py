"""Scalars that are this API's own."""

import re
from datetime import UTC, datetime

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def parse_instant(value: object) -> datetime:
    """Read an RFC 3339 date and time; without an offset nobody knows which moment it means."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # a 31st of February, or a year 0 after all
    raise GraphQLError(
        f"DateTime cannot represent {value!r:.60}: "
        "it takes an RFC 3339 instant such as 2026-01-31T08:00:00Z"
    )


DATE_TIME: ScalarDefinition = strawberry.scalar(
    name="DateTime",
    description="RFC 3339 instant, always with an offset; answers are UTC with a trailing Z.",
    specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
    serialize=datetime.isoformat,
    parse_value=parse_instant,
)
