"""The time of day, and how long it is until another."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from handlers.skills.numerals import COUNT, whole
from handlers.skills.question import Question

# Not "都几点了" and "几点": a rebuke, and "when?" about whatever was talked of.
_NOW = re.compile(
    r"(?:现在|这会儿?|此刻)(?:是)?(?:几点(?:几分|钟)?|什么时间)[了啦]?|(?:几点|几点钟|什么时间)[了啦]"
    r"|(?:现在|当前)(?:的)?时间(?:是(?:多少|几点)?)?|几点[了啦]现在|报时"
)
_BEIJING = re.compile(r"(?:现在)?北京时间(?:现在)?(?:是)?(?:几点了?|多少)?|北京现在(?:是)?几点了?")
_NOW_EN = re.compile(
    r"what(?:'s|s| is) the (?:current )?time(?: (?:now|right now))?"
    r"|what time is it(?: (?:now|right now))?|what time it is|(?:current )?time now|got the time"
)
_PART = r"(?P<part>凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|夜里|半夜|早|晚)"
_CLOCK = (
    rf"(?P<day>今天|明天|今|明)?{_PART}?"
    rf"(?P<hour>{COUNT})(?:点钟?|:|时)(?:(?P<half>半)|(?P<quarter>[一三])刻|(?P<minute>{COUNT})分?|整)?"
)
_HOW_LONG = (
    r"(?:还有|还要|还剩|还差)?(?:多久|多长时间|多少时间|几个?小时|多少个?小时|多少分钟|几分钟)"
)
_UNTIL = re.compile(
    rf"(?:现在)?(?:离|距离?|到){_CLOCK}{_HOW_LONG}"
    rf"|还?有?{_HOW_LONG}到{_CLOCK.replace('?P<', '?P<x')}"
)
_UNTIL_EN = re.compile(
    r"how (?:long|many hours|many minutes)(?: (?:is it|left|do i have))? (?:until|till|to|before)"
    r" (?P<hour>\d{1,2})(?::(?P<minute>\d{2}))?(?: ?(?P<part>am|pm|a\.m|p\.m)| o'clock)?"
)
_AFTERNOON = frozenset({"中午", "下午", "傍晚", "晚上", "夜里", "晚", "pm", "p.m"})
_CHINA = timezone(timedelta(hours=8))


def time_of_day(question: Question) -> str | None:
    """What time it is; Beijing time where that is asked for by name."""
    if question.is_english:
        if not _NOW_EN.fullmatch(question.text):
            return None
        return f"It's {_spoken_en(question.now)}."
    if _BEIJING.fullmatch(question.text):
        return f"现在是北京时间{_spoken(question.now.astimezone(_CHINA))}。"
    if _NOW.fullmatch(question.text):
        return f"现在是{_spoken(question.now)}。"
    return None


def until_clock(question: Question) -> str | None:
    """How long until a time of day, the next one of that name."""
    match = (_UNTIL_EN if question.is_english else _UNTIL).fullmatch(question.text)
    if match is None:
        return None
    found = {key.removeprefix("x"): value for key, value in match.groupdict().items() if value}
    target = _target(found, question.now)
    if target is None:
        return None
    # By way of UTC: a subtraction in one zone forgets that a clock may be put forward between.
    left = round((target.astimezone(UTC) - question.now.astimezone(UTC)).total_seconds() / 60)
    hours, minutes = divmod(left, 60)
    if question.is_english:
        parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes or not hours else ""]
        return f"{' '.join(filter(None, parts))} until {_spoken_en(target)}."
    is_next = target.date() > question.now.date()
    words = f"{'明天' if is_next else ''}{_spoken(target)}"
    if is_next and (target.hour, target.minute) == (0, 0):
        words = "今晚12点"
    span = (f"{hours}个小时" if hours else "") + (f"{minutes}分钟" if minutes or not hours else "")
    return f"离{words}还有{span}。"


def _target(found: dict[str, str], now: datetime) -> datetime | None:
    hour, minute = whole(found["hour"]), whole(found.get("minute", "0"))
    if "half" in found or "quarter" in found:
        minute = {"一": 15, "三": 45}.get(found.get("quarter", ""), 30)
    if hour is None or minute is None or hour > 24 or minute > 59:
        return None
    part, day = found.get("part", ""), found.get("day", "")
    if hour < 12 and part in _AFTERNOON:
        hour += 12
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    # Six o'clock said bare is the next one, in the morning or the evening.
    hours = (hour, hour + 12) if hour <= 12 and not part and day[:1] != "明" else (hour,)
    if hour == 12 and part in {"晚上", "夜里", "半夜", "凌晨", "晚"}:
        hours = (24,)
    first = 1 if day[:1] == "明" else 0
    days = (first,) if day else (0, 1)
    candidates = [
        midnight + timedelta(days=d, hours=h, minutes=minute) for d in days for h in hours
    ]
    return min((time for time in candidates if time > now), default=None)


def _spoken(time: datetime) -> str:
    names = ((5, "凌晨"), (8, "早上"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
    part = next(name for hour, name in names if time.hour < hour)
    minute = f"{time.minute}分" if time.minute else "整"
    hour = time.hour - 12 if time.hour > 12 else time.hour
    return f"{part}{hour}点{minute}"


def _spoken_en(time: datetime) -> str:
    return f"{time.hour % 12 or 12}:{time.minute:02} {'am' if time.hour < 12 else 'pm'}"
