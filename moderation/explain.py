"""What admins ask about a room or a member: the mood of late, and why a step was taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

from handlers.conduct import Mark, Shown, Step, StepState
from handlers.day import Spoken
from handlers.exchange import Action
from handlers.sanitize import shown_name
from handlers.shown import MOODS
from moderation.desk import Place
from moderation.people import Unclear
from moderation.telling import MODES, RULES, evidence

#: How far back the mood of a room and of a member is summed up, seconds.
ROOM_S, PERSON_S = 2 * 3600.0, 24 * 3600.0
#: Steps older than this are for ``audit report``.
STEPS_S = 30 * 86_400.0
#: Evidence shown with a step: older points had faded to a sixteenth.
_HALF_LIVES = 4
_MOST_POINTS = 3

ACTIONS: Mapping[Action, str] = MappingProxyType(
    {
        Action.NOTE: "记一笔",
        Action.CALM: "劝和",
        Action.WARN: "提醒",
        Action.ALERT: "报给管理员",
        Action.REMOVE: "移出群",
    }
)
_STATES: Mapping[StepState, str] = MappingProxyType(
    {
        StepState.WOULD: "本来要{}，旁观中没有做",
        StepState.DUE: "正要{}",
        StepState.DONE: "{}，做了",
        StepState.FAILED: "要{}，没做成",
    }
)
_MARKS: Mapping[Mark, str] = MappingProxyType({Mark.RIGHT: "对", Mark.WRONG: "错"})


class Day(Protocol):
    async def spoken(
        self, room_id: str, since: float, until: float, *, person_id: str = ""
    ) -> Sequence[Spoken]: ...


class Conduct(Protocol):
    async def step(self, step_id: int) -> Step | None: ...

    async def steps(
        self, since: float, *, room_id: str = "", person_id: str = ""
    ) -> Sequence[Step]: ...

    async def shown(
        self, room_id: str, person_id: str, since: float, *, with_forgiven: bool = False
    ) -> Sequence[Shown]: ...


class Points(Protocol):
    def points(self, room_id: str, person_id: str) -> float: ...
    def of_room(self, room_id: str) -> Mapping[str, float]: ...


class Explain:
    """Everything from the log and the tally; nothing is phrased by a model.

    Args:
        clock: Unix seconds now.
    """

    def __init__(
        self,
        day: Day,
        conduct: Conduct,
        points: Points,
        *,
        half_life_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._day, self._conduct, self._points = day, conduct, points
        self._half_life_s, self._clock = half_life_s, clock

    async def mood(self, place: Place, names: Mapping[str, str], *, is_private: bool) -> str:
        """Of a room; who has points only in private: nobody is to be pilloried."""
        now = self._clock()
        spoken = await self._day.spoken(place.id, now - ROOM_S, now)
        lines = [f"{place.shown}最近两小时{_counted(spoken)}"]
        if is_private and (points := self._points.of_room(place.id)):
            most = [item for item in points.items() if item[1] >= 0.05][:_MOST_POINTS]
            listed = [
                f"{shown_name(names.get(id_, '')) or '一位成员'} {n:.1f} 分" for id_, n in most
            ]
            lines += [f"记着分的：{'、'.join(listed)}"] if listed else []
        return "\n".join(lines)

    async def mood_of(self, place: Place, person_id: str, name: str) -> str:
        now = self._clock()
        spoken = await self._day.spoken(place.id, now - PERSON_S, now, person_id=person_id)
        points = self._points.points(place.id, person_id)
        return f"{shown_name(name)} 在{place.shown}一天内{_counted(spoken)}\n现在 {points:.1f} 分"

    async def step(self, place: Place, person_id: str = "") -> Step:
        """The last step there, about that person where one is named.

        Raises:
            Unclear: There was none of late.
        """
        since = self._clock() - STEPS_S
        steps = await self._conduct.steps(since, room_id=place.id, person_id=person_id)
        told = [step for step in steps if step.action is not Action.NOTE]
        if not steps:
            raise Unclear(f"{place.shown}里最近一个月没有这样的事。")
        return (told or list(steps))[0]

    async def numbered(self, number: int) -> Step | None:
        return await self._conduct.step(number)

    async def why(self, step: Step, names: Mapping[str, str], *, is_private: bool) -> str:
        """What led to a step; what members wrote only in private."""
        place = Place(step.room_id, step.room_name)
        lines = [
            f"#{step.id} {_at(step.at)} {place.shown}对 {_who(step, names)}：{_done(step)}",
            f"规则：{RULES.get(step.rule, step.rule)}，当时 {step.points:.1f} 分，"
            f"模式：{MODES.get(step.mode, step.mode)}",
        ]
        if is_private:
            lines += evidence(await self._shown(step), names)
        else:
            lines.append(f"原话和分数私聊里看：/为什么 #{step.id}")
        marked = f"你们说过「{_MARKS[step.mark]}」，" if step.mark else "判断得对吗？"
        lines.append(f"{marked}可以回 /对 {step.id} 或 /错 {step.id}")
        return "\n".join(lines)

    async def _shown(self, step: Step) -> Sequence[Shown]:
        since = step.at - _HALF_LIVES * self._half_life_s
        found: list[Shown] = []
        for person_id in filter(None, (step.person_id, step.other_id)):
            found += await self._conduct.shown(step.room_id, person_id, since, with_forgiven=True)
        # What came later did not lead to it, but what did may have been kept a moment after.
        led = [one for one in found if one.at <= step.at or one.exchange_id == step.exchange_id]
        return sorted(led, key=lambda one: one.at)


def named(step: Step) -> str:
    """A step in a few words: whoever marks it sees which one it was."""
    what = ACTIONS.get(step.action, step.action.value)
    return f"#{step.id}（{_at(step.at)} {what} {shown_name(step.person_name) or '一位成员'}）"


def _who(step: Step, names: Mapping[str, str]) -> str:
    told = (step.person_name or names.get(step.person_id, ""), names.get(step.other_id, ""))
    return " 和 ".join(shown_name(name) for name in told if name) or "一位成员"


def _done(step: Step) -> str:
    return _STATES[step.state].format(ACTIONS.get(step.action, step.action.value))


def _counted(spoken: Sequence[Spoken]) -> str:
    if not spoken:
        return "没有人说话"
    moods = Counter(one.mood for one in spoken if one.mood and not one.unsure)
    listed = [f"{MOODS[mood]} {number}" for mood, number in moods.most_common(4)]
    unsure = len(spoken) - sum(moods.values())
    listed += [f"没把握的 {unsure}"] if unsure else []
    heated = [one for one in spoken if one.points > 0]
    tail = f"；带火气的 {len(heated)} 条，最近一条在 {_at(heated[-1].at)}" if heated else ""
    return f" {len(spoken)} 条：{'、'.join(listed)}{tail}"


def _at(at: float) -> str:
    return time.strftime("%m-%d %H:%M", time.localtime(at))
