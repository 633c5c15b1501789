"""What is said about reminders, in the words of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.times import Doubt, Zone, clock, spoken
from assistant.wish import Wish
from handlers.duration import in_words
from handlers.reminder import Reminder

#: Later than this is worth a word.
LATE_S = 120.0
#: Lines of a list; WeChat shows no more without scrolling.
_MAX_LISTED = 15
_ASKED_BACK: Mapping[Doubt, tuple[str, str]] = {
    Doubt.NONE: ("好，什么时候提醒你？", "明早九点"),
    Doubt.NO_HOUR: ("「{words}」几点呢？", "明天上午9点"),
    Doubt.UNCLEAR: ("「{words}」我拿不准是哪个时候。说全一点好吗？", "明天晚上7点"),
    Doubt.NO_SUCH: ("「{words}」好像没有这个时间，换个说法？", "明天晚上7点"),
    Doubt.PAST: ("「{words}」已经过了，要改到什么时候？", ""),
    Doubt.FAR: ("「{words}」太远啦，我最多记三年内的。", ""),
    Doubt.REPEATED: ("每天、每周重复的提醒我还不会，只能一次一次记。", "明早8点"),
}


def taken(one: Reminder, now: float, zone: Zone) -> str:
    """Repeats date, weekday and time: a wrong reading is to be seen at once."""
    what = one.text or "到时间了"
    return (
        f"好，{spoken(one.due_at, now, zone)}提醒你：{what}。\n（不用了就说「取消提醒{one.id}」）"
    )


def asked_back(wish: Wish) -> str:
    """What is missing or unclear about the time, with an example in the asker's own words."""
    line, example = _ASKED_BACK[wish.doubt or Doubt.NONE]
    asked = line.replace("{words}", wish.words)
    return f"{asked}比如「{example}提醒我{wish.matter or '开会'}」。" if example else asked


def listed(reminders: Sequence[Reminder], now: float, zone: Zone) -> str:
    if not reminders:
        return "现在没有要提醒你的事。"
    lines = [
        f"#{one.id} {spoken(one.due_at, now, zone)} {one.text or '到时间了'}"
        for one in reminders[:_MAX_LISTED]
    ]
    more = [f"还有 {len(reminders) - _MAX_LISTED} 个"] if len(reminders) > _MAX_LISTED else []
    ending = f"不用了就说「取消提醒{reminders[0].id}」。"
    return "\n".join([f"要提醒你的有 {len(reminders)} 件：", *lines, *more, ending])


def reminding(one: Reminder, now: float, zone: Zone) -> str:
    line = f"提醒你：{one.text}" if one.text else "时间到了，你让我这会儿提醒你。"
    late_s = now - one.due_at
    if late_s < LATE_S:
        return line
    due = zone.wall(one.due_at)
    is_today = due.date() == zone.wall(now).date()
    when = clock(due) if is_today else spoken(one.due_at, now, zone)
    return f"{line}\n（原定{when}，我没能准时，晚了 {in_words(late_s)}）"
