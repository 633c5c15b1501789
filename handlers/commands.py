"""/help, /reset and /status: what a chat may ask of the bot itself, answered without the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from handlers.duration import in_words
from handlers.exchange import Exchange, Message, Reply, Source


class Command(StrEnum):
    HELP = "help"
    RESET = "reset"
    STATUS = "status"


_WORDS: Mapping[str, Command] = MappingProxyType(
    {
        "help": Command.HELP,
        "帮助": Command.HELP,
        "reset": Command.RESET,
        "重置": Command.RESET,
        "status": Command.STATUS,
        "状态": Command.STATUS,
    }
)

_NOT_YOURS = "这个只告诉主人哦，想聊天的话我在呢。"
_NOT_HERE = "群里就不说这个啦，私聊我再问吧。"
_FORGOTTEN = "好，之前聊的我都放下了，我们重新开始吧。"


def parse(text: str) -> Command | None:
    """The command that ``text`` is, or None.

    A slash (``/`` or ``／``) and one word, Chinese or English, in any case, and nothing else:
    ``/help me`` and ``/unknown`` are what people write to each other, so they are ordinary text.
    """
    word = text.strip()
    if not word.startswith(("/", "／")):
        return None
    return _WORDS.get(word[1:].casefold())


@dataclass(frozen=True, slots=True)
class Status:
    """What /status tells.

    Attributes:
        uptime_s: Seconds since the start.
        num_today: Messages received since midnight.
        mood_ms: Median of the recent readings, milliseconds; None before the first.
        reply_ms: Median of the recent replies, milliseconds; None before the first.
        num_waiting: Messages waiting for an answer.
    """

    model: str
    precision: str
    uptime_s: float
    num_today: int
    mood_ms: float | None
    reply_ms: float | None
    num_waiting: int


class Facts(Protocol):
    def status(self) -> Status: ...


class Commands:
    """Answers commands.

    /reset changes nothing here: its answer on record (COMMAND, ``reset``) is the mark after which
    the history of that chat begins.

    Args:
        facts: Where /status looks.
        owner: Id of the account's owner, the only one told the status; empty: everyone may ask
            in private.
        more: What else /help names to the one who asks, a line each: commands of other stages.
    """

    def __init__(
        self,
        facts: Facts,
        *,
        owner: str = "",
        more: Sequence[Callable[[Message], Sequence[str]]] = (),
    ) -> None:
        self._facts = facts
        self._owner, self._more = owner, more

    def answer(self, command: Command, message: Message) -> Reply:
        match command:
            case Command.HELP:
                text = self._help(message)
            case Command.RESET:
                text = _FORGOTTEN
            case Command.STATUS:
                text = self._status(message)
        return Reply(text, Source.COMMAND, name=command.value)

    def _help(self, message: Message) -> str:
        lines = [
            "我是聊天机器人，直接发文字就能聊。还可以对我说：",
            "/重置（/reset）忘掉这里之前聊的",
            "/帮助（/help）看这段说明",
        ]
        if self._refusal(message) is None:
            lines.append("/状态（/status）看看我运行得怎么样")
        for others in self._more:
            lines += others(message)
        return "\n".join(lines)

    def _status(self, message: Message) -> str:
        return self._refusal(message) or _described(self._facts.status())

    def _refusal(self, message: Message) -> str | None:
        if self._owner:
            return None if message.talker_id == self._owner else _NOT_YOURS
        return None if message.is_private else _NOT_HERE


def command(commands: Commands) -> Callable[[Exchange], Exchange]:
    """A stage that answers an addressed message that is a command, and lets all others pass."""

    def stage(exchange: Exchange) -> Exchange:
        found = parse(exchange.cleaned)
        if found is None:
            return exchange
        return exchange.answered(commands.answer(found, exchange.message))

    return stage


def _described(status: Status) -> str:
    return "\n".join(
        (
            f"模型：{status.model}（{status.precision}）",
            f"已运行：{in_words(status.uptime_s)}",
            f"今天收到：{status.num_today} 条",
            f"读心情：{_median(status.mood_ms)}，写回复：{_median(status.reply_ms)}（中位数）",
            f"等待中：{status.num_waiting} 条",
        )
    )


def _median(ms: float | None) -> str:
    if ms is None:
        return "还没有数据"
    return f"{ms:.0f} 毫秒" if ms < 1000 else f"{ms / 1000:.1f} 秒"
