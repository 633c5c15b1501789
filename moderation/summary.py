"""The day of a group in a few lines: facts and templates, nothing that a model wrote."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, product

from engine.mood import Mood
from handlers.conduct import Mark, Step, StepState
from handlers.day import Spoken
from handlers.exchange import Action
from handlers.sanitize import shown_name
from handlers.shown import local
from moderation.course import Slot, known, mood_of, peaks, quote, quoted

_MOODS = {
    Mood.NEUTRAL: "平静",
    Mood.HAPPY: "开心",
    Mood.ANGRY: "有火气",
    Mood.SAD: "低落",
    Mood.FEAR: "不安",
    Mood.SURPRISE: "惊讶",
}
_STEPS = {
    Action.NOTE: "留意",
    Action.CALM: "劝和",
    Action.WARN: "提醒",
    Action.ALERT: "告诉管理员",
    Action.REMOVE: "移出",
}
_STATES = {
    StepState.WOULD: "只记了，没有说",
    StepState.DUE: "正要办",
    StepState.DONE: "",
    StepState.FAILED: "没办成",
}
#: Hour at which each part of a day begins, the last first.
_PARTS = ((18, "晚上"), (14, "下午"), (11, "中午"), (6, "早上"), (0, "凌晨"))
#: Fewer messages than these say nothing of a part of the day.
_ENOUGH = 5
#: Whose name was not kept.
SOMEBODY = "有人"
#: Names that one line holds.
MOST_NAMES = 5


@dataclass(frozen=True, slots=True)
class Day:
    """All that a summary tells of.

    Attributes:
        room_name: Hostile input, as are the names in the rest.
        course: Its half hours, in order.
        steps: Those decided on that day, in any order.
        is_public: Whether the group itself reads it: then nobody is named for what they did.
    """

    room_name: str
    course: tuple[Slot, ...]
    steps: tuple[Step, ...] = ()
    is_public: bool = False

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        return tuple(one for slot in self.course for one in slot.spoken)


def summary(day: Day) -> str:
    """The lines, each of them short."""
    spoken = day.spoken
    num_people = len({one.person_id for one in spoken})
    where = f"群「{shown_name(day.room_name)}」" if day.room_name else "群里"
    lines = [f"{where}这一天：{len(spoken)} 条消息，{num_people} 个人说话。"]
    lines += [f"心情：{_weather(day.course)}。", *_shares(spoken), *_peaks(day)]
    lines += [*_steps(day), *_corrections(day)]
    return "\n".join(lines)


def _weather(course: Sequence[Slot]) -> str:
    """ "昨晚平静，早上、中午开心，晚上有火气"."""
    last = local(course[-1].at).date()
    parts: list[tuple[str, Mood]] = []
    for part, group in groupby(course, key=lambda slot: _part(slot.at, last)):
        spoken = [one for slot in group for one in slot.spoken]
        if len(spoken) >= _ENOUGH:
            parts.append((part, mood_of(spoken)))
    if not parts:
        return "话不多，看不出来"
    if len({mood for _, mood in parts}) == 1:
        return f"一天下来都{_MOODS[parts[0][1]]}"
    words = (
        "、".join(part for part, _ in group) + _MOODS[mood]
        for mood, group in groupby(parts, key=lambda each: each[1])
    )
    return "，".join(words)


def _shares(spoken: Sequence[Spoken]) -> Iterator[str]:
    read = known(spoken)
    if read:
        moods = Counter(one.mood for one in read if one.mood)
        shares = (f"{_MOODS[mood]} {n / len(read):.0%}" for mood, n in moods.most_common())
        yield f"读得准的 {len(read)} 条里：{'，'.join(shares)}。"


def _peaks(day: Day) -> Iterator[str]:
    for slot in peaks(day.course):
        said = quote(slot, is_public=day.is_public)
        words = f"，{shown_name(said.name) or SOMEBODY}：「{quoted(said.text)}」" if said else ""
        yield f"· {local(slot.at):%H:%M} {_MOODS[slot.mood]}（{len(slot.carriers)} 条）{words}"


def _steps(day: Day) -> Iterator[str]:
    """A line for each kind of step and how far it got: "提醒 3 次：小明 2 次、小红"."""
    for action, state in product(_STEPS, _STATES):
        steps = [step for step in day.steps if (step.action, step.state) == (action, state)]
        if steps:
            whom = "" if day.is_public else f"：{_whom(steps, day)}"
            how = f"（{_STATES[state]}）" if _STATES[state] else ""
            yield f"{_STEPS[action]} {len(steps)} 次{whom}{how}。"


def _corrections(day: Day) -> Iterator[str]:
    if wrong := [step for step in day.steps if step.mark is Mark.WRONG]:
        whom = "" if day.is_public else f"（{_whom(wrong, day)}）"
        yield f"管理员说弄错了 {len(wrong)} 次{whom}，已经改正。"
    if num := sum(step.mark is Mark.RIGHT for step in day.steps):
        yield f"管理员说没错 {num} 次。"


def _whom(steps: Sequence[Step], day: Day) -> str:
    names = {one.person_id: one.name for one in day.spoken}
    times: Counter[str] = Counter()
    for step in steps:
        sides = (step.person_name, names.get(step.other_id, ""))
        times["和".join(shown_name(name) for name in sides if name) or SOMEBODY] += 1
    told = [f"{name} {num} 次" if num > 1 else name for name, num in times.most_common(MOST_NAMES)]
    return "、".join(told) + ("等" if len(times) > MOST_NAMES else "")


def _part(at: float, last: date) -> str:
    moment = local(at)
    part = next(name for hour, name in _PARTS if moment.hour >= hour)
    if moment.date() == last:
        return part
    return "昨晚" if part == "晚上" else f"昨天{part}"
