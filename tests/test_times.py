"""Times in plain words: read right, or asked back."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.times import FARTHEST, Doubt, Named, Zone, midnight, spoken
from assistant.wish import read

TABLE = Path(__file__).parent / "tables" / "times.jsonl"
PHRASES = [json.loads(line) for line in TABLE.read_text("utf-8").splitlines()]
CHINA = Zone(ZoneInfo("Asia/Shanghai"))
NEW_YORK = Zone(ZoneInfo("America/New_York"))


def at(iso: str, zone: Zone = CHINA) -> float:
    """Unix seconds of a local time."""
    return datetime.fromisoformat(iso).replace(tzinfo=zone.tz).timestamp()


#: A Wednesday.
NOW = at("2026-11-18T14:20")


def shown(named: Named | None, zone: Zone = CHINA) -> str | None:
    """The local time, or the name of the doubt."""
    if named is None:
        return None
    return zone.wall(named.at).isoformat(timespec="minutes") if named.at else str(named.doubt)


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: str(phrase["text"]))
def test_phrases_written_by_hand(phrase: dict[str, str]) -> None:
    """Each is read whole, as meant on a Wednesday at 14:20, or doubted for its reason."""
    named = read(phrase["text"], 0, NOW, CHINA)

    assert phrase.get("at", phrase.get("doubt")) == shown(named)
    assert named is not None
    assert named.end == len(phrase["text"]) or named.doubt is not None


@pytest.mark.parametrize(
    "text",
    [
        "一点也不想",
        "三点一线",
        "时间",
        "半",
        "一点都不",
        "点",
        "May I",
        "12",
        "in",
    ],
)
def test_what_only_looks_like_a_time_is_none(text: str) -> None:
    """Words that begin as a time does are not taken for one."""
    assert read(text, 0, NOW, CHINA) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("九点二十个人开会", "九点"),
        ("明天九点到公司", "明天九点"),
        ("三点半孩子放学", "三点半"),
        ("九点五十五分出门", "九点五十五分"),
        ("5pm call mum", "5pm"),
    ],
)
def test_where_a_time_ends(text: str, words: str) -> None:
    """What is counted after the hour, or is the matter, is no part of it."""
    named = read(text, 0, NOW, CHINA)

    assert named is not None
    assert words == text[: named.end]


@pytest.mark.parametrize(
    ("now", "text", "expected"),
    [
        ("2026-11-18T22:30", "9点", "2026-11-19T09:00"),
        ("2026-11-18T22:30", "七点", "unclear"),
        ("2026-11-18T01:00", "三点", "2026-11-18T15:00"),
        ("2026-11-18T07:00", "8点", "2026-11-18T08:00"),
        ("2026-11-18T07:00", "今天8点", "unclear"),
        ("2026-11-18T14:20", "今天8点", "2026-11-18T20:00"),
        ("2026-11-22T12:00", "下周三上午9点", "2026-11-25T09:00"),
        ("2026-12-31T23:50", "20分钟后", "2027-01-01T00:10"),
        ("2026-12-31T23:50", "明早九点", "2027-01-01T09:00"),
        ("2026-01-31T12:00", "下个月31号上午9点", "no-such"),
        ("2026-01-31T12:00", "下个月28号上午9点", "2026-02-28T09:00"),
    ],
)
def test_the_hour_that_is_meant_depends_on_the_hour_it_is(
    now: str, text: str, expected: str
) -> None:
    """A bare hour is the next one that people are awake in; where two may be meant it is asked."""
    assert expected == shown(read(text, 0, at(now), CHINA))


def test_hours_that_pass_are_not_those_of_a_clock() -> None:
    """Over a change of the clock, 两小时后 is two hours later, and 明早九点 is nine on the wall."""
    before = at("2026-11-01T00:30", NEW_YORK)
    later = read("两小时后", 0, before, NEW_YORK)
    english = read("in 2 hours", 0, before, NEW_YORK)
    morning = read("明早九点", 0, at("2026-10-31T20:00", NEW_YORK), NEW_YORK)

    assert later is not None
    assert english is not None
    assert (before + 7200, before + 7200) == (later.at, english.at)
    assert "2026-11-01T09:00" == shown(morning, NEW_YORK)


def test_an_hour_that_the_clock_skips_is_no_time() -> None:
    """On the night the clock is put forward there is no 2:30, and it is asked back."""
    named = read("明天凌晨两点半", 0, at("2026-03-07T20:00", NEW_YORK), NEW_YORK)

    assert named is not None
    assert Doubt.NO_SUCH is named.doubt


def test_a_day_may_have_twenty_three_hours() -> None:
    """The day after the one that is put forward begins 23 hours after it began."""
    noon = at("2026-03-08T12:00", NEW_YORK)

    assert 23 * 3600 == midnight(noon, NEW_YORK, 1) - midnight(noon, NEW_YORK)


def test_a_day_may_begin_at_one() -> None:
    """Where the clock is put forward at midnight there is no such hour."""
    beirut = Zone(ZoneInfo("Asia/Beirut"))
    noon = at("2026-03-29T12:00", beirut)

    assert at("2026-03-29T01:00", beirut) == midnight(noon, beirut)


@given(
    st.text(
        alphabet="今明后天下周三日早晚上午点半刻分钟小时个月号年0123456789:：两十五 到过后前在",
        max_size=40,
    )
)
def test_any_mixture_is_read_or_doubted(text: str) -> None:
    """No words of time raise, and none is a moment that is past or farther than three years."""
    for begin in range(len(text)):
        named = read(text, begin, NOW, CHINA)
        if named is not None:
            assert begin < named.end <= len(text)
            assert (named.at is None) == (named.doubt is not None)
            assert named.at is None or 0 < named.at - NOW <= FARTHEST.total_seconds()


@given(st.text(max_size=30), st.sampled_from([CHINA, NEW_YORK]))
def test_any_text_is_read_or_doubted(text: str, zone: Zone) -> None:
    """No text raises, in no zone."""
    for begin in range(len(text)):
        read(text, begin, NOW, zone)


def test_a_moment_is_spoken_with_its_date_weekday_and_time() -> None:
    """So that a wrong reading is seen at once; with the year where it is another."""
    assert "明天（11月19号 周四）上午9:00" == spoken(at("2026-11-19T09:00"), NOW, CHINA)
    assert "11月25号 周三 下午3:30" == spoken(at("2026-11-25T15:30"), NOW, CHINA)
    assert "2027年1月3号 周日 凌晨0:05" == spoken(at("2027-01-03T00:05"), NOW, CHINA)
    assert "今天（11月18号 周三）中午12:00" == spoken(at("2026-11-18T12:00"), NOW, CHINA)


@pytest.mark.parametrize("text", ["9" * 300, "九" * 300, "明天" * 150, "in " * 100, "下个" * 150])
def test_hostile_words_are_read_in_no_time(text: str) -> None:
    """A time is looked for at every place of a long text in under 50 ms (trap 15)."""

    def search() -> float:
        start = time.perf_counter()
        for begin in range(len(text)):
            read(text, begin, NOW, CHINA)
        return time.perf_counter() - start

    assert min(search() for _ in range(3)) < 0.05
