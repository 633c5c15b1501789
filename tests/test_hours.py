"""Spans of the local week: weekdays, midnights, and the day the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from handlers.hours import Hours, local_now
from section import Span

#: A Monday.
MONDAY = datetime(2026, 11, 23)  # noqa: DTZ001 - the clock on the wall
DAY = dict(zip("一二三四五六日", range(7), strict=True))


def at(day: str, hour: str) -> datetime:
    clock = datetime.strptime(hour, "%H:%M")  # noqa: DTZ007
    return MONDAY + timedelta(days=DAY[day], hours=clock.hour, minutes=clock.minute)


def hours(spans: list[str], now: datetime) -> Hours:
    return Hours(spans, now=lambda: now)


@pytest.mark.parametrize(
    ("span", "day", "hour", "is_in"),
    [
        ("Mon-Fri 09:00-18:00", "一", "09:00", True),
        ("Mon-Fri 09:00-18:00", "五", "17:59", True),
        ("Mon-Fri 09:00-18:00", "五", "18:00", False),
        ("Mon-Fri 09:00-18:00", "六", "12:00", False),
        ("周一-周五 09:00-18:00", "三", "12:00", True),
        ("周六,周日 22:00-08:00", "六", "22:00", True),
        ("周六,周日 22:00-08:00", "六", "07:59", False),
        ("周六,周日 22:00-08:00", "一", "07:59", True),
        ("周六,周日 22:00-08:00", "一", "22:00", False),
        ("Sun 00:00-00:00", "日", "00:00", True),
        ("Sun 00:00-00:00", "日", "23:59", True),
        ("Sun 00:00-00:00", "一", "00:00", False),
        ("Sun 00:00-00:00", "六", "23:59", False),
        ("Sat-Mon,Wed 10:00-11:00", "日", "10:30", True),
        ("Sat-Mon,Wed 10:00-11:00", "二", "10:30", False),
        ("23:00-07:30", "四", "03:00", True),
    ],
)
def test_a_span_past_midnight_belongs_to_the_day_it_begins(
    span: str, day: str, hour: str, is_in: bool
) -> None:
    """Days are those on which it begins; its first minute is in it, its last is not."""
    found = hours([span], at(day, hour)).span()

    assert (span if is_in else None) == found


@pytest.mark.parametrize(
    ("spans", "day", "hour", "expected"),
    [
        (["Mon-Fri 09:00-18:00"], "五", "18:00", "一"),
        (["Mon-Fri 09:00-18:00"], "一", "09:00", "一"),
        (["Mon 09:00-12:00", "Mon 12:00-18:00"], "一", "10:00", "一"),
    ],
)
def test_it_knows_when_it_is_over(spans: list[str], day: str, hour: str, expected: str) -> None:
    """The next moment at which in becomes out or out in; spans that touch are one."""
    changes = hours(spans, at(day, hour)).changes_at()

    assert changes is not None
    assert DAY[expected] == changes.weekday()
    assert changes.hour == (9 if day == "五" else 18)


def test_it_looks_a_week_ahead() -> None:
    """A span of an hour a week, just over, begins again on the same day of the next one."""
    changes = hours(["Mon 09:00-10:00"], at("一", "12:00")).changes_at()

    assert MONDAY + timedelta(days=7, hours=9) == changes


@pytest.mark.parametrize("spans", [[], ["00:00-00:00"]])
def test_always_and_never_do_not_change(spans: list[str]) -> None:
    """Without spans, and with one of the whole day, there is no next moment."""
    assert hours(spans, MONDAY).changes_at() is None


@effort(max_examples=30)
@given(
    st.lists(
        st.builds(
            "{} {:02}:{:02}-{:02}:{:02}".format,
            st.sampled_from(["Mon", "Tue-Thu", "Fri,Sun", "Sat-Mon", "周六", "Mon-Sun"]),
            *(st.integers(0, 23), st.integers(0, 59), st.integers(0, 23), st.integers(0, 59)),
        ),
        min_size=1,
        max_size=3,
    ),
    st.integers(0, 7 * 24 * 60 - 1),
)
def test_nothing_changes_before_the_moment_it_tells(spans: list[str], minute: int) -> None:
    """Minute by minute up to it everything is as now, and then it is not."""
    now = MONDAY + timedelta(minutes=minute)
    is_in = hours(spans, now).span() is not None
    changes = hours(spans, now).changes_at()
    until = changes or now + timedelta(days=8)
    moment = now
    while moment < until:
        assert is_in == (hours(spans, moment).span() is not None)
        moment += timedelta(minutes=1)

    assert changes is None or is_in != (hours(spans, changes).span() is not None)


@pytest.mark.parametrize(
    ("utc", "is_in"),
    [
        # Berlin goes to summer time on 2026-03-29 at 01:00 UTC, back on 2026-10-25 at 01:00 UTC.
        (datetime(2026, 3, 28, 22, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 5, 29, tzinfo=UTC), True),
        (datetime(2026, 3, 29, 5, 30, tzinfo=UTC), False),
        (datetime(2026, 10, 25, 6, 29, tzinfo=UTC), True),
        (datetime(2026, 10, 25, 6, 30, tzinfo=UTC), False),
    ],
)
def test_on_the_day_the_clocks_change_it_ends_by_the_wall(utc: datetime, is_in: bool) -> None:
    """23:00-07:30 ends at 07:30 by the clock on the wall, however long that night is."""
    night = Hours(["23:00-07:30"], now=lambda: utc.astimezone(ZoneInfo("Europe/Berlin")))

    assert is_in == (night.span() is not None)


def test_every_span_the_settings_take_can_be_read() -> None:
    """What the settings refuse never comes here, and what they take is never refused here."""
    check = TypeAdapter(Span).validate_python
    taken = [
        "23:00-07:30",
        "Mon-Fri 09:00-18:00",
        "周六,周日 22:00-08:00",
        "Mon,周三-周五 1:00-2:00",
    ]
    for text in taken[:3]:
        assert hours([check(text)], MONDAY)

    with pytest.raises(ValidationError):
        check(taken[3])


def test_the_time_is_the_local_one() -> None:
    """By default it is now, with the machine's zone."""
    assert abs(datetime.now(UTC) - local_now()) < timedelta(seconds=5)
    assert local_now().utcoffset() == datetime.now(UTC).astimezone().utcoffset()
