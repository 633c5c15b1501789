"""The mood of a group over some days, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from assistant.names import Unclear, pick, rooms
from assistant.phrases import UNPLEASANT, bounded, moods_of, place, quoted
from assistant.questions import Question
from assistant.spans import WEEK_S, Span, span, when
from assistant.times import Zone, clock
from engine.mood import Mood
from handlers.day import Chat, Spoken

#: From this part of what was surely read on, a mood is that of the group; and of so many at least.
_MARKED, _LEAST = 0.3, 3
_TONES = {
    Mood.HAPPY: "气氛不错",
    Mood.ANGRY: "火气有点大",
    Mood.SAD: "有点低落",
    Mood.FEAR: "有点紧张",
    Mood.SURPRISE: "挺热闹",
}


class Day(Protocol):
    async def chats(self, since: float) -> Sequence[Chat]: ...
    async def spoken(self, room_id: str, since: float, until: float) -> Sequence[Spoken]: ...


class Rooms:
    """Tells how a group was in the mood."""

    def __init__(self, day: Day, *, zone: Zone) -> None:
        self._day, self._zone = day, zone

    async def mood(self, question: Question, now: float) -> str:
        names = rooms(await self._day.chats(now - WEEK_S))
        picked = pick(f"{question.name}群", names)
        if isinstance(picked, Unclear):
            picked = pick(question.name, names, [*names.values()])
        if isinstance(picked, Unclear):
            return picked.line
        id_ = next(id_ for id_ in names if id_ in picked)
        days = span(question.period, now, self._zone)
        spoken = await self._day.spoken(id_, days.since, days.until)
        if not spoken:
            return f"{days.name}「{place(names[id_])}」里还没有人说话。"
        return self._told(names[id_], spoken, days, now)

    def _told(self, name: str, spoken: Sequence[Spoken], days: Span, now: float) -> str:
        sure = [one for one in spoken if not one.unsure]
        counts = Counter(one.mood for one in sure if one.mood is not None)
        people = len({one.person_id for one in spoken})
        head = f"{days.name}「{place(name)}」{len(spoken)} 条，{people} 个人说话，{tone(counts)}。"
        moods = moods_of(counts)
        lines = [f"看得出心情的：{moods}。"] if moods else []
        hour, num = Counter(
            self._zone.wall(one.at).replace(minute=0) for one in spoken
        ).most_common(1)[0]
        lines.append(f"说得最多的是{clock(hour.replace(second=0))}起的一小时，{num} 条。")
        if points := sum(one.points > 0 for one in spoken):
            lines.append(f"有 {points} 条记了分，问「/why」看明细。")
        lines += self._moments(sure, now)
        return bounded([head], lines)

    def _moments(self, sure: Sequence[Spoken], now: float) -> list[str]:
        """The words that carried it most, either way."""
        best = max((o for o in sure if o.mood is Mood.HAPPY), key=_side, default=None)
        worst = min((o for o in sure if o.mood in UNPLEASANT), key=_side, default=None)
        return [
            f"{label}：{when(one.at, now, self._zone)} {place(one.name)}{quoted(one.text)}"
            for label, one in (("最高兴", best), ("最不高兴", worst))
            if one is not None
        ]


def tone(counts: Counter[Mood]) -> str:
    """The mood that marks a group; 平稳 where none does."""
    for mood, num in counts.most_common():
        if mood is not Mood.NEUTRAL and num >= max(_LEAST, _MARKED * counts.total()):
            return _TONES[mood]
    return "气氛平稳"


def _side(one: Spoken) -> float:
    return one.polarity or 0.0
