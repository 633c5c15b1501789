"""How the answers put things: moods, reasons for silence, quotations, lists of bounded length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.mood import Mood
from handlers.day import Chat, Said
from handlers.exchange import Gate, Kind
from handlers.sanitize import own_words, shown_name
from handlers.shown import MOODS, cut

#: Characters of an answer, and of one that was asked for whole.
MAX_CHARS, MAX_WHOLE = 600, 3000
_QUOTED = 30

UNPLEASANT = (Mood.ANGRY, Mood.SAD, Mood.FEAR)
_KINDS: Mapping[Kind, str] = {
    Kind.IMAGE: "[图片]",
    Kind.AUDIO: "[语音]",
    Kind.VIDEO: "[视频]",
    Kind.STICKER: "[表情]",
    Kind.FILE: "[文件]",
    Kind.LINK: "[链接]",
    Kind.CARD: "[名片]",
    Kind.MONEY: "[红包或转账]",
    Kind.RECALL: "[撤回了一条]",
}
#: Why there was no answer, for the one who asks; what is not named here is the program's trouble.
REASONS: Mapping[Gate, str] = {
    Gate.OFFICIAL: "是公众号或服务号，我不回",
    Gate.STALE: "收到时已经太久了，只记录不回",
    Gate.NOT_TEXT: "不是文字，我看不懂",
    Gate.EMPTY: "没有能看懂的字",
    Gate.NOT_ALLOWED: "设置里这个聊天不让我回",
    Gate.NOT_ADDRESSED: "群里没有叫我",
    Gate.MERGED: "和后面的消息一起处理了",
    Gate.TAKEN_OVER: "你刚自己在那里说过话，我就没插嘴",
    Gate.PAUSED: "你让我暂停了",
    Gate.PRESENT: "设置里这段时间你自己回",
    Gate.HANDED_OVER: "那个聊天已经交给你了",
    Gate.UNSURE: "我没有把握回好",
    Gate.QUIET: "在免打扰时间",
    Gate.LOOP: "对方像是另一个机器人",
    Gate.BUDGET: "发得太多了，要省着点",
    Gate.RESTRICTED: "微信提示操作频繁，我在歇着",
    Gate.FAILED: "模型没能写出来",
    Gate.OVERLOADED: "消息太多，没顾上",
    Gate.STOPPING: "那时我正在退出",
    Gate.INTERRUPTED: "那时我被中断了",
}


def reason(gate: Gate | None) -> str:
    return REASONS.get(gate, "出了点错") if gate else "还没处理完"


def place(name: str | None, fallback: str = "没留下名字") -> str:
    """A name as it may be shown; with ``audit.pseudonyms`` there is none."""
    return shown_name(name or "") or f"（{fallback}）"


def title(chat: Chat) -> str:
    if chat.room_name is None:
        return place(chat.talker_name)
    return f"群「{place(chat.room_name)}」"


def of_others(messages: Iterable[Said], until: float) -> Iterator[Said]:
    """Those that people wrote before then: neither the account's own, nor what the bot said."""
    for one in messages:
        if one.talker_id and one.gate is not Gate.OWN and one.at < until:
            yield one


def quoted(text: str, kind: Kind = Kind.TEXT, max_chars: int = _QUOTED) -> str:
    """What was said, without what it quotes itself, on one line and no longer than so."""
    if kind is not Kind.TEXT:
        return _KINDS.get(kind, "[不是文字]")
    plain = own_words(text).replace("\n", " ")
    return f"「{cut(plain, max_chars)}」"


def feeling(said: Said) -> str:
    """（生气） behind a message that was surely read so; else nothing."""
    if said.mood is None or said.mood is Mood.NEUTRAL or said.unsure:
        return ""
    return f"（{MOODS[said.mood]}）"


def moods_of(counted: Mapping[Mood, int]) -> str:
    """开心 3、生气 1, the most frequent first, without the neutral ones; empty where all are."""
    shown = [mood for mood in Mood if mood is not Mood.NEUTRAL and counted.get(mood)]
    shown.sort(key=lambda mood: -counted[mood])
    return "、".join(f"{MOODS[mood]} {counted[mood]}" for mood in shown)


def bounded(
    head: Iterable[str], lines: Sequence[str], ask: str = "", *, whole: bool = False
) -> str:
    """The head, as many of the lines as there is room for, and how to get the others.

    Args:
        ask: What to say to be told all of them; empty: nothing.
    """
    room = (MAX_WHOLE if whole else MAX_CHARS) - len(ask) - 20
    shown: list[str] = list(head)
    used, num = sum(len(line) + 1 for line in shown), 0
    for line in lines:
        used += len(line) + 1
        if used > room:
            break
        num += 1
        shown.append(line)
    if left := len(lines) - num:
        shown.append(f"还有 {left} 条" + (f"，问「{ask}」。" if ask and not whole else "。"))
    return "\n".join(shown)
