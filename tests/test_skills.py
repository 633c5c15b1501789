"""Dates, times and sums are computed, and nothing else is taken for one."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.skills import Answer, answer
from handlers.skills.expression import work_out
from handlers.skills.numerals import spoken, whole

#: A Sunday evening.
NOW = datetime(2026, 11, 22, 22, 32, tzinfo=ZoneInfo("Asia/Shanghai"))
LINES = (Path(__file__).parent / "tables" / "skills.jsonl").read_text("utf-8").splitlines()
MESSAGES = [json.loads(line) for line in LINES]
ASKED = [(m["text"], m["skill"], m["reply"]) for m in MESSAGES if m["skill"] != "none"]
OTHER = [m["text"] for m in MESSAGES if m["skill"] == "none"]
WEEKDAYS = "一二三四五六日"


def reply(text: str, now: datetime = NOW) -> str:
    found = answer(text, now)
    assert found is not None, text
    return found.text


@pytest.mark.parametrize(("text", "skill", "said"), ASKED)
def test_what_can_be_computed_is(text: str, skill: str, said: str) -> None:
    """Each of these has one right answer, in the language of its question."""
    assert Answer(skill, said) == answer(text, NOW)


@pytest.mark.parametrize("text", OTHER)
def test_other_talk_is_left_alone(text: str) -> None:
    """A price, a size, a range, a rebuke, a plan: not a question for a calculator or calendar."""
    assert answer(text, NOW) is None


@pytest.mark.parametrize(
    "text", ["現在幾點", "今天星期幾？", "1＋1＝？", "  12 × 8 = ? ", "今天几号呀～"]
)
def test_spelling_does_not_matter(text: str) -> None:
    """Traditional characters, full-width figures, blanks and particles."""
    assert answer(text, NOW) is not None


@given(st.dates(date(1970, 1, 1), date(2090, 12, 31)), st.integers(0, 3000))
def test_days_from_now_are_those_of_the_calendar(today: date, days: int) -> None:
    """N天后 and N天前 name the date and weekday that datetime does."""
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    for word, step in (("后", days), ("前", -days)):
        day = today + timedelta(days=step)
        said = reply(f"{days}天{word}是几号", now)

        assert f"{day.month}月{day.day}号，星期{WEEKDAYS[day.weekday()]}。" in said
        assert (f"{day.year}年" in said) == (day.year != today.year)


@given(st.dates(date(1970, 1, 1), date(2090, 12, 31)), st.integers(0, 6))
def test_weekdays_belong_to_weeks_that_begin_on_monday(today: date, weekday: int) -> None:
    """下周三 lies in the week after this one, whatever today is."""
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    day = today - timedelta(days=today.weekday()) + timedelta(days=7 + weekday)

    assert f"{day.month}月{day.day}号" in reply(f"下周{WEEKDAYS[weekday]}是几号", now)


#: As published by observatories: 春节, 端午, 中秋, 清明.
PUBLISHED = {
    2024: ("2月10号", "6月10号", "9月17号", "4月4号"),
    2025: ("1月29号", "5月31号", "10月6号", "4月4号"),
    2026: ("2月17号", "6月19号", "9月25号", "4月5号"),
    2027: ("2月6号", "6月9号", "9月15号", "4月5号"),
    2028: ("1月26号", "5月28号", "10月3号", "4月4号"),
    2029: ("2月13号", "6月16号", "9月22号", "4月4号"),
    2030: ("2月3号", "6月5号", "9月12号", "4月5号"),
}


@pytest.mark.parametrize("year", PUBLISHED)
def test_festivals_are_when_the_almanac_says(year: int) -> None:
    """Three by the moon, one by the sun."""
    names = ("春节", "端午节", "中秋节", "清明节")
    now = datetime(year, 1, 1, 9, tzinfo=UTC)

    said = [reply(f"{year}年{name}是几号", now) for name in names]

    assert [f"{n}是{year}年{d}" for n, d in zip(names, PUBLISHED[year], strict=True)] == [
        line.partition("，")[0] for line in said
    ]


def test_the_week_of_a_festival_is_not_counted_to_the_next() -> None:
    """On 3 October 国庆还有几天 may ask how much of the holiday is left."""
    assert answer("国庆还有几天", datetime(2026, 10, 3, 9, tzinfo=UTC)) is None
    assert reply("离国庆还有几天", datetime(2026, 10, 1, 9, tzinfo=UTC)) == "今天就是国庆。"


def test_hours_until_a_time_cross_a_clock_change() -> None:
    """Six hours by the clock are five where it is put forward in between."""
    now = datetime(2026, 3, 29, 0, 0, tzinfo=ZoneInfo("Europe/Berlin"))

    assert reply("离早上6点还有多久", now) == "离早上6点整还有5个小时。"


def test_a_time_without_a_zone_is_refused() -> None:
    """How long until noon could be an hour off."""
    with pytest.raises(ValueError, match="has no time zone"):
        answer("几点了", datetime(2026, 1, 1))  # noqa: DTZ001 - the point


EXPRESSIONS = st.recursive(
    st.integers(0, 9999).map(str) | st.decimals(0, 99, places=2).map(str),
    lambda inner: st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({''.join(t)})"),
    max_leaves=6,
)


@given(EXPRESSIONS, st.sampled_from("+-*/"), EXPRESSIONS)
def test_sums_are_those_of_python_in_exact_fractions(left: str, sign: str, right: str) -> None:
    """The value equals what Fraction arithmetic makes of the same text."""
    text = f"{left}{sign}{right}"
    exact = re.sub(r"[\d.]+", r"Fraction('\g<0>')", text)
    try:
        expected = eval(exact, {"Fraction": Fraction})  # noqa: S307 - the oracle, on own text
    except ZeroDivisionError:
        with pytest.raises(ZeroDivisionError):
            work_out(text)
        return

    assert expected == work_out(text)


@given(st.integers(0, 99_999_999))
def test_chinese_numerals_are_read_back(value: int) -> None:
    """Every number up to a hundred million, written out in full."""
    assert value == whole(_written(value))


def _written(value: int) -> str:
    digits = "零一二三四五六七八九"
    if value >= 10_000:
        low = value % 10_000
        return f"{_written(value // 10_000)}万" + (
            "" if not low else ("零" if low < 1000 else "") + _written(low)
        )
    for unit, sign in ((1000, "千"), (100, "百"), (10, "十")):
        if value >= unit:
            low = value % unit
            gap = "零" if low and low < unit // 10 else ""
            return f"{digits[value // unit]}{sign}{gap}{_written(low) if low else ''}"
    return digits[value]


@given(st.fractions(-(10**9), 10**9, max_denominator=10**6))
def test_a_result_said_to_be_exact_is(value: Fraction) -> None:
    """Rounded figures are within half a hundredth, and said to be about."""
    figures, is_exact = spoken(value)

    assert is_exact == (Fraction(figures) == value)
    assert abs(Fraction(figures) - value) <= Fraction(1, 200)


@settings(max_examples=300)
@given(
    st.text(max_size=2000)
    | st.text("今明天几号周五点还有多少1+*()^%.=折的年月离到 了", max_size=90)
)
def test_no_text_raises_or_takes_long(text: str) -> None:
    """Whatever is typed: an answer or none, at once (trap 15)."""
    start = time.perf_counter()
    answer(text, NOW)

    assert time.perf_counter() - start < 0.05


HOSTILE = (
    *("9**9**9=?", "9^9^9等于几", "2^-2^64=?", "9的9次方的9次方是多少", "2的64次方的平方是多少"),
    *("(" * 70 + "1=?", "1" * 2000 + "+1=?", "-" * 70 + "1=?", "1" + "的平方" * 25 + "是多少"),
    *("99999999天后是几号", "9999年12月31号后是星期几", "九九九九年后是几号", "0月0号是星期几"),
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_sums_end_at_once(text: str) -> None:
    """Out of bounds is no question, and costs nothing."""
    start = time.perf_counter()
    answer(text, NOW)

    assert time.perf_counter() - start < 0.02
