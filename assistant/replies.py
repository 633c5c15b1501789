"""What the bot answered somebody, and why it was silent, from the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.names import Unclear, contacts, people, pick, rooms
from assistant.phrases import bounded, feeling, of_others, place, quoted, reason
from assistant.questions import Question
from assistant.spans import WEEK_S, span, when
from assistant.times import Zone
from handlers.day import Chat, Said
from handlers.exchange import Gate, Outcome

#: Messages that are looked at, and shown: the newest.
_MESSAGES, _SHOWN = 300, 5
_REPLY_CHARS = 60


class Day(Protocol):
    async def chats(self, since: float) -> Sequence[Chat]: ...
    async def said(self, chat: str, since: float, limit: int) -> Sequence[Said]: ...


@dataclass(frozen=True, slots=True)
class _Found:
    """The messages of those who are meant, oldest first, of them and of a group."""

    name: str
    messages: Sequence[Said]
    span: str

    @property
    def answered(self) -> list[Said]:
        return [one for one in self.messages if one.reply and one.has_left]

    @property
    def unanswered(self) -> list[Said]:
        """Neither answered nor part of what was answered together."""
        done = {one.exchange_id for one in self.answered}
        return [
            one
            for one in self.messages
            if one.exchange_id not in done and not (one.gate is Gate.MERGED and one.detail in done)
        ]


class Replies:
    """Tells what was said to somebody.

    Args:
        owner: Whose own chat with the bot is not told of.
    """

    def __init__(self, day: Day, *, owner: str, zone: Zone) -> None:
        self._day, self._owner, self._zone = day, owner, zone

    async def said(self, question: Question, now: float) -> str:
        """The last answers that left, each with the message that it answered."""
        found = await self._find(question, now)
        if isinstance(found, Unclear):
            return found.line
        lines = [self._answer(one, now) for one in found.answered[-_SHOWN:]]
        if lines:
            more = len(found.answered) - len(lines)
            head = f"{found.span}我回了{found.name} {len(found.answered)} 次"
            return bounded([f"{head}，最近 {len(lines)} 次：" if more else f"{head}："], lines)
        last = found.unanswered[-1:]
        why = "".join(f"最近一条是{self._message(one, now)}：{reason(one.gate)}。" for one in last)
        return f"{found.span}我没回过{found.name}。{why}"

    async def why(self, question: Question, now: float) -> str:
        """The last messages that got no answer, and the gate that ended each."""
        found = await self._find(question, now)
        if isinstance(found, Unclear):
            return found.line
        silent = found.unanswered
        if not silent:
            last = "".join(f"最近一次：{self._answer(one, now)}" for one in found.answered[-1:])
            return f"{found.span}{found.name}的消息我都回了。{last}"
        lines = [f"{self._message(one, now)}：{reason(one.gate)}" for one in silent[-_SHOWN:]]
        head = f"{found.span}{found.name}有 {len(silent)} 条我没回"
        return bounded(
            [f"{head}，最近 {len(lines)} 条：" if silent[_SHOWN:] else f"{head}："], lines
        )

    async def heard(self, question: Question, now: float) -> str:
        """The last messages with their moods, answered or not; empty where nobody is known so.

        Nearly anything may stand before 说了什么: 你在说什么.
        """
        found = await self._find(question, now)
        if isinstance(found, Unclear):
            return "" if found.is_unknown else found.line
        answered = {one.exchange_id for one in found.answered}
        lines = [
            self._answer(one, now) if one.exchange_id in answered else self._message(one, now)
            for one in found.messages[-_SHOWN:]
        ]
        head = f"{found.span}{found.name}说了 {len(found.messages)} 条"
        more = len(found.messages) > _SHOWN
        return bounded([f"{head}，最近 {len(lines)} 条：" if more else f"{head}："], lines)

    async def _find(self, question: Question, now: float) -> _Found | Unclear:
        days = span(question.period, now, self._zone) if question.period else None
        since, until = (days.since, days.until) if days else (now - WEEK_S, now + 1)
        messages = [
            one
            for one in of_others(await self._day.said(question.name, since, _MESSAGES), until)
            if one.talker_id != self._owner
        ]
        groups = {one.chat_id: one.room_name for one in messages if one.room_name is not None}
        names = people(messages) | groups
        known: list[str] = []
        if not names:
            chats = await self._day.chats(now - WEEK_S)
            known = [*contacts(chats).values(), *rooms(chats).values()]
        picked = pick(question.name, names, known)
        if isinstance(picked, Unclear):
            return picked
        meant = [one for one in messages if {one.talker_id, one.chat_id} & picked]
        name = place(next(names[id_] for id_ in names if id_ in picked))
        return _Found(name, meant, days.name if days else "最近七天")

    def _message(self, one: Said, now: float) -> str:
        where = f"在「{place(one.room_name)}」" if one.room_name is not None else ""
        moment = when(one.at, now, self._zone)
        return f"{moment}{where}说{quoted(one.text, one.kind)}{feeling(one)}"

    def _answer(self, one: Said, now: float) -> str:
        doubt = "（不确定发出去没有）" if one.outcome is Outcome.UNCERTAIN else ""
        return f"{self._message(one, now)}，我回{quoted(one.reply, max_chars=_REPLY_CHARS)}{doubt}"
