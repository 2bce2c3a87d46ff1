"""What day it is, and what day it is then."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from gql_tasks.domain.errors import InvalidArgument
from gql_tasks.domain.moments import Duration, Moment, moment_in, to_millisecond

NOW = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
UTC_MOMENT = moment_in(None, NOW)


def duration(text: str) -> Duration:
    """Read a duration that is one."""
    read = Duration.parse(text)
    assert read is not None
    return read


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        (None, date(2026, 1, 31)),
        ("UTC", date(2026, 1, 31)),
        ("Europe/Berlin", date(2026, 2, 1)),
        ("America/New_York", date(2026, 1, 31)),
        ("Pacific/Kiritimati", date(2026, 2, 1)),
    ],
)
def test_today_is_the_callers(zone: str | None, day: date) -> None:
    """At one instant it is one day here and another there."""
    assert moment_in(zone, NOW).today == day


@pytest.mark.parametrize(
    "zone", ["", "Mars/Base", "Europe", "../../etc/passwd", "/etc/passwd", "\0", "ä", "x" * 5000]
)
def test_an_unknown_zone_is_refused(zone: str) -> None:
    """What is no zone's name is an error that repeats it, and no file is read for it."""
    with pytest.raises(InvalidArgument) as refused:
        moment_in(zone, NOW)
    shown = zone if len(zone) <= 60 else zone[:57] + "..."
    assert str(refused.value) == (
        f'time zone "{shown}" is unknown: it takes an IANA name such as Europe/Berlin'
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("P7D", Duration(days=7)),
        ("+P7D", Duration(days=7)),
        ("-P2W", Duration(days=-14)),
        ("P1Y2M3W4D", Duration(months=14, days=25)),
        ("PT36H", Duration(seconds=129_600, has_time=True)),
        ("-P1DT1H1M1S", Duration(days=-1, seconds=-3661, has_time=True)),
        ("P0D", Duration()),
        ("PT0S", Duration(has_time=True)),
    ],
)
def test_durations_are_read(text: str, expected: Duration) -> None:
    """Every designator counts; a sign holds for all of them."""
    assert Duration.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "P", "PT", "P1", "1D", "P1DT", "PD", "p7d", "P-7D", "P1.5D", "PT0,5H", "P1D2M"),
        *("P1H", "PT1D", " P7D", "P7D\n", "P\u0667D", "P1234567890D", "P1DP1D", "--P1D"),
    ],
)
def test_what_is_no_duration_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert Duration.parse(text) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("P0D", date(2026, 1, 31)),
        ("P1D", date(2026, 2, 1)),
        ("-P1W", date(2026, 1, 24)),
        ("P1M", date(2026, 2, 28)),
        ("P25M", date(2028, 2, 29)),
        ("-P2M", date(2025, 11, 30)),
        ("P1M1D", date(2026, 3, 1)),
        ("-P2025Y", date(1, 1, 31)),
        ("P7973Y11M", date(9999, 12, 31)),
    ],
)
def test_days_are_counted_by_the_calendar(text: str, day: date) -> None:
    """Months are held to their end, and only then are days counted."""
    assert UTC_MOMENT.day_after(duration(text)) == day


@pytest.mark.parametrize(
    "text", ["-P2026Y", "P7973Y11M1D", "P999999999Y", "-P999999999M", "P999999999W", "-P999999999D"]
)
def test_days_outside_of_the_calendar_are_refused(text: str) -> None:
    """A duration that leaves the years 1 to 9999 is an error that repeats it."""
    with pytest.raises(InvalidArgument) as refused:
        UTC_MOMENT.day_after(duration(text))
    assert str(refused.value) == f"{text} from today leads out of the years 1 to 9999"
    with pytest.raises(InvalidArgument) as refused:
        UTC_MOMENT.instant_after(duration(f"{text}T1H"))
    assert str(refused.value) == f"{text}T1H from now leads out of the years 1 to 9999"


def test_hours_are_exact_and_days_keep_the_clock() -> None:
    """Across a change of the clock, P1D is this time tomorrow and PT24H is not."""
    berlin = ZoneInfo("Europe/Berlin")
    evening_before = Moment(datetime(2026, 3, 28, 12, 0, tzinfo=UTC), berlin)  # 13:00 there
    assert evening_before.instant_after(duration("P1D")) == datetime(2026, 3, 29, 11, tzinfo=UTC)
    assert evening_before.instant_after(duration("PT24H")) == datetime(2026, 3, 29, 12, tzinfo=UTC)


def test_a_time_that_the_clock_leaves_out_moves_forward() -> None:
    """Half past two does not exist on the day on which two o'clock becomes three."""
    night_before = Moment(datetime(2026, 3, 28, 1, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert night_before.instant_after(duration("P1D")) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_instants_are_rounded_to_the_millisecond() -> None:
    """Up or down as asked; what has no fraction of a millisecond stays."""
    whole = datetime(2026, 1, 31, 8, 0, 0, 1000, tzinfo=UTC)
    for microsecond, up, expected in [
        (1000, True, 1000),
        (1000, False, 1000),
        (1001, True, 2000),
        (1001, False, 1000),
        (1999, False, 1000),
    ]:
        rounded = to_millisecond(whole.replace(microsecond=microsecond), up=up)
        assert rounded == whole.replace(microsecond=expected)
    with pytest.raises(OverflowError):
        to_millisecond(datetime.max.replace(tzinfo=UTC), up=True)
