"""What went on in the owner's chats, told from the audit log and templates: nothing is made up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from assistant.phrases import UNPLEASANT, bounded, moods_of, of_others, place, quoted, title
from assistant.questions import Question
from assistant.spans import Span, when
from assistant.times import Zone
from engine.mood import Mood
from handlers.day import Chat, Said, Spoken
from handlers.sanitize import own_words
from handlers.shown import MOODS

#: Chats that are looked into for who is upset, the last ones first; and messages of each.
_CHATS, _MESSAGES = 20, 200
_MEANT = {
    **dict.fromkeys(("生气", "生我气", "生的气", "生我的气", "火大", "发火"), (Mood.ANGRY,)),
    **dict.fromkeys(("angry", "mad", "不爽", "不满"), (Mood.ANGRY,)),
    **dict.fromkeys(("难过", "伤心", "sad"), (Mood.SAD,)),
    **dict.fromkeys(("着急", "害怕", "worried"), (Mood.FEAR,)),
}


class Day(Protocol):
    async def chats(self, since: float, until: float = ...) -> Sequence[Chat]: ...
    async def said(self, chat: str, since: float, limit: int) -> Sequence[Said]: ...
    async def spoken(self, room_id: str, since: float, until: float) -> Sequence[Spoken]: ...


class Answers:
    """Tells what happened, who is upset, and what was urgent.

    Args:
        is_urgent: Whether a text says that it is.
        owner: Whose own chat with the bot is not told of.
    """

    def __init__(
        self, day: Day, is_urgent: Callable[[str], bool], *, owner: str, zone: Zone
    ) -> None:
        self._day, self._is_urgent = day, is_urgent
        self._owner, self._zone = owner, zone

    async def _chats(self, span: Span) -> list[Chat]:
        found = await self._day.chats(span.since, span.until)
        own = await self._own_ids(span.since)
        return [chat for chat in found if chat.id not in own]

    async def _own_ids(self, since: float) -> set[str]:
        """The owner's id, and with ``audit.pseudonyms`` its code: found by the id, without a name.

        With a name it may be somebody who calls themselves so.
        """
        found = await self._day.said(self._owner, since, 1)
        return {self._owner, *(one.talker_id for one in found if not one.talker_name)}

    async def day(self, question: Question, span: Span, now: float) -> str:
        """Who wrote, how much, in which mood, and what was answered."""
        chats = await self._chats(span)
        if not chats:
            return f"{span.name}还没有人找你。"
        private = [chat for chat in chats if chat.room_name is None]
        num_in, num_answered = sum(c.num_in for c in chats), sum(c.num_answered for c in chats)
        head = f"{span.name}有 {len(private)} 个人找你，{len(chats) - len(private)} 个群有消息，"
        head += f"一共 {num_in} 条，我回了 {num_answered} 条。"
        groups = [chat for chat in chats if chat.room_name is not None]
        lines = [self._line(chat, now) for chat in (*private, *groups)]
        ask = f"{span.name} 全部"
        return bounded([head], lines, ask, whole=question.is_whole)

    def _line(self, chat: Chat, now: float) -> str:
        moods = moods_of(chat.moods)
        line = f"{title(chat)}：{chat.num_in} 条"
        if chat.room_name is None or chat.num_answered:
            line += f"，回了 {chat.num_answered} 条"
        return f"{line}，{moods + '，' if moods else ''}最近 {when(chat.last_at, now, self._zone)}"

    async def upset(self, question: Question, span: Span, now: float) -> str:
        """Who was surely angry, sad or afraid, with the last words that show it."""
        meant = _MEANT.get(question.word.casefold(), UNPLEASANT)
        chats = [c for c in await self._chats(span) if any(c.moods.get(mood) for mood in meant)]
        lines = [
            line for chat in chats[:_CHATS] for line in await self._upset(chat, span, meant, now)
        ]
        if not lines:
            words = "或".join(MOODS[mood] for mood in meant)
            return f"{span.name}没看出谁在{words}。没把握的我没算。"
        return bounded([f"{span.name}看着不太高兴的："], lines)

    async def urgent(self, span: Span, now: float) -> str:
        """Private messages that say they are urgent, and whether they were answered."""
        private = [chat for chat in await self._chats(span) if chat.room_name is None]
        lines = [
            f"{place(one.talker_name)} {when(one.at, now, self._zone)} {quoted(one.text)}"
            f"（{'我回了' if one.reply and one.has_left else '没回'}）"
            for chat in private[:_CHATS]
            for one in await self._said(chat, span)
            if self._is_urgent(own_words(one.text))
        ]
        if not lines:
            return f"{span.name}没看到像是急事的私聊。"
        return bounded([f"{span.name}像是急事的有 {len(lines)} 条："], lines)

    async def _upset(self, chat: Chat, span: Span, meant: Sequence[Mood], now: float) -> list[str]:
        words = await self._words(chat, span)
        shown = [one for one in words if one.mood in meant and one.person_id != self._owner]
        times = Counter(one.person_id for one in shown)
        where = f"在{title(chat)}" if chat.room_name is not None else ""
        return [
            f"{place(one.name)}{where}{MOODS[one.mood]}，"
            f"{when(one.at, now, self._zone)}说{quoted(one.text)}"
            + (f"（共 {times[id_]} 条）" if times[id_] > 1 else "")
            for id_, one in {one.person_id: one for one in shown}.items()
            if one.mood is not None
        ]

    async def _words(self, chat: Chat, span: Span) -> list[Spoken]:
        """What was surely read of a chat, oldest first, the same of a group and of a person."""
        if chat.room_name is not None:
            spoken = await self._day.spoken(chat.id, span.since, span.until)
            return [one for one in spoken if not one.unsure]
        return [
            Spoken(one.exchange_id, one.at, one.talker_id, one.talker_name, one.text, one.mood)
            for one in await self._said(chat, span)
            if not one.unsure
        ]

    async def _said(self, chat: Chat, span: Span) -> list[Said]:
        said = await self._day.said(chat.id, span.since, _MESSAGES)
        return [one for one in of_others(said, span.until) if one.chat_id == chat.id]
