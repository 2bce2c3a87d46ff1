"""Now, today and durations: what dates that are counted from here are in the caller's time zone.

A day begins at midnight where the caller is, so every answer that depends on today depends on a
zone. Durations are ISO 8601: years and months by the calendar, held to the month's end (a month
after January 31st is the last of February), then weeks and days, then exact hours.
"""

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.text import shown

_DURATION = re.compile(
    r"([+-]?)P(?=[0-9T])(?:([0-9]{1,9})Y)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})W)?(?:([0-9]{1,9})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,9})H)?(?:([0-9]{1,9})M)?(?:([0-9]{1,9})S)?)?"
)

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time, negative where it leads back. `text` is as the caller wrote it."""

    months: int = 0
    days: int = 0
    seconds: int = 0
    has_time: bool = False
    text: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `P7D`, `-P2W`, `P1Y6M` or `PT36H`, in whole numbers; None for anything else."""
        match = _DURATION.fullmatch(text)
        if match is None:
            return None
        sign = -1 if match[1] == "-" else 1
        years, months, weeks, days, hours, minutes, seconds = (
            sign * int(number or 0) for number in match.groups()[1:]
        )
        return cls(
            months=12 * years + months,
            days=7 * weeks + days,
            seconds=3600 * hours + 60 * minutes + seconds,
            has_time="T" in text,
            text=text,
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """When an operation happens, and in which time zone its caller lives."""

    now: datetime
    zone: ZoneInfo

    @property
    def today(self) -> date:
        """The day it is where the caller is."""
        return self.now.astimezone(self.zone).date()

    def day_after(self, duration: Duration) -> date:
        """Count days, weeks, months and years from today.

        Raises InvalidArgument for a day before the year 1 or after 9999.
        """
        try:
            return _shifted(self.today, duration)
        except OverflowError as error:
            raise InvalidArgument(_out_of_range(duration, "today")) from error

    def instant_after(self, duration: Duration) -> datetime:
        """Count from now: days and longer keep the time of the caller's clock, hours are exact.

        So `P1D` is this time tomorrow, also where a clock change makes that 23 hours or 25. A time
        that the clock leaves out moves forward by what it leaves out. Raises InvalidArgument for an
        instant before the year 1 or after 9999.
        """
        try:
            instant = self.now
            if duration.months or duration.days:
                local = instant.astimezone(self.zone)
                day = _shifted(local.date(), duration)
                instant = datetime.combine(day, local.time(), self.zone).astimezone(UTC)
            return instant + timedelta(seconds=duration.seconds)
        except OverflowError as error:
            raise InvalidArgument(_out_of_range(duration, "now")) from error


def moment_in(zone_name: str | None, now: datetime) -> Moment:
    """Find the time zone with this IANA name, such as `Europe/Berlin`; UTC where it is None.

    Raises InvalidArgument for a name that no zone has.
    """
    try:
        return Moment(now, ZoneInfo("UTC" if zone_name is None else zone_name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # ValueError for a path that leads out of the zones, OSError for a directory of them.
        raise InvalidArgument(
            f"time zone {shown(zone_name or '')} is unknown: "
            "it takes an IANA name such as Europe/Berlin"
        ) from error


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Find the moment at which a day begins in a zone."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def to_millisecond(instant: datetime, *, up: bool) -> datetime:
    """Round to the precision that instants are kept in. Raises OverflowError."""
    down = instant.replace(microsecond=instant.microsecond // 1000 * 1000)
    return down + _MILLISECOND if up and down != instant else down


def _shifted(day: date, duration: Duration) -> date:
    """Add the calendar's part of a duration. Raises OverflowError."""
    year, month = divmod(12 * day.year + day.month - 1 + duration.months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(f"year {year} is out of range")
    _, last = monthrange(year, month + 1)
    shifted = day.replace(year=year, month=month + 1, day=min(day.day, last))
    return shifted + timedelta(days=duration.days)


def _out_of_range(duration: Duration, start: str) -> str:
    return f"{duration.text} from {start} leads out of the years 1 to 9999"
