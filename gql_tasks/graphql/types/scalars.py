"""Scalars that are this API's own."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import NewType

import strawberry
from graphql import GraphQLError
from strawberry.scalars import JSON
from strawberry.types.scalar import ScalarDefinition

from gql_tasks.domain.changes import SyncToken
from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.moments import Duration

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

INSTANT = "an RFC 3339 instant such as 2026-01-31T08:00:00Z"
DAY = "a day such as 2026-01-31"

DateOrDuration = NewType("DateOrDuration", object)
"""A `date`, or a `Duration` without hours."""

DateTimeOrDuration = NewType("DateTimeOrDuration", object)
"""A `datetime` in UTC, or a `Duration`."""


def parse_instant(value: object) -> datetime:
    """Read an RFC 3339 date and time; without an offset nobody knows which moment it means."""
    if (instant := _instant(value)) is None:
        raise _not_represented("DateTime", value, INSTANT)
    return instant


def parse_day(value: object) -> date:
    """Read a day of the calendar."""
    if (day := _day(value)) is None:
        raise _not_represented("Date", value, DAY)
    return day


def parse_day_or_duration(value: object) -> date | Duration:
    """Read a day, or a duration in whole days."""
    read = _day(value) or _duration(value)
    if read is None or (isinstance(read, Duration) and read.has_time):
        expected = f"{DAY}, or a duration in days, weeks, months or years such as P7D or -P2W"
        raise _not_represented("DateOrDuration", value, expected)
    return read


def parse_instant_or_duration(value: object) -> datetime | Duration:
    """Read an instant, or a duration."""
    read = _instant(value) or _duration(value)
    if read is None:
        expected = f"{INSTANT}, or a duration in whole numbers such as PT36H or -P2W"
        raise _not_represented("DateTimeOrDuration", value, expected)
    return read


def _instant(value: object) -> datetime | None:
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # a 31st of February, or a year 0 after all
    return None


def _day(value: object) -> date | None:
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # as above
    return None


def _duration(value: object) -> Duration | None:
    return Duration.parse(value) if isinstance(value, str) else None


def _not_represented(scalar: str, value: object, expected: str) -> GraphQLError:
    return GraphQLError(f"{scalar} cannot represent {value!r:.60}: it takes {expected}")


def parse_token(value: object) -> SyncToken:
    """Read a sync token."""
    try:
        return SyncToken.parse(value if isinstance(value, str) else repr(value))
    except InvalidArgument as error:
        expected = "a token that an answer of this API held"
        raise _not_represented("SyncToken", value, expected) from error


SCALARS: Mapping[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="RFC 3339 instant, always with an offset; answers are UTC with a trailing Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=datetime.isoformat,
        parse_value=parse_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A calendar day, YYYY-MM-DD, in no time zone.",
        serialize=date.isoformat,
        parse_value=parse_day,
    ),
    SyncToken: strawberry.scalar(
        name="SyncToken",
        description="A position in the change log. Opaque; later changes never sort before earlier "
        "ones.",
        serialize=str,
        parse_value=parse_token,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        specified_by_url="https://ecma-international.org/publications-and-standards/standards/ecma-404/",
    ),
    DateOrDuration: strawberry.scalar(
        name="DateOrDuration",
        description="A Date, or an ISO 8601 duration (P7D, -P2W) counted from today in the "
        "request's time zone. Months and years follow the calendar, held to the month's end: P1M "
        "after January 31st is the last day of February.",
        parse_value=parse_day_or_duration,
    ),
    DateTimeOrDuration: strawberry.scalar(
        name="DateTimeOrDuration",
        description="A DateTime, or an ISO 8601 duration (PT36H, -P2W) counted from now. Days and "
        "longer keep the time of the clock in the request's time zone; hours are exact.",
        parse_value=parse_instant_or_duration,
    ),
}
"""What each Python type is in the schema."""
