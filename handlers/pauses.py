"""The owner wants silence, everywhere or in one chat: typed on the phone, or said to the bot."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from handlers.day import Chat
from handlers.exchange import Exchange, Message, Reply, Source
from handlers.filehelper import FILE_HELPER
from handlers.notice import notice
from handlers.orders import OrderKind, Orders
from handlers.pause import Verb, Where, Wish, parse
from handlers.sanitize import clean, shown_name

log = structlog.get_logger()

#: Chats that are found by name had somebody write in them since then.
KNOWN_S = 30 * 86_400.0
#: Of an id, so many characters at its end can tell two chats of one name apart.
TAIL = 6
MAX_LISTED = 8
#: What makes the bot silent in a chat, and ends with /resume.
_SILENCES = (OrderKind.PAUSE, OrderKind.TAKEOVER, OrderKind.HAND_OVER)

_NOT_YOURS = "这个只听主人的哦，想聊天的话我在呢。"
_ALWAYS_HERE = "这儿是咱俩的私聊，你的话我总会回。全停就说 /暂停，只停一处就说 /暂停 名字。"


class Past(Protocol):
    async def chats(self, since: float) -> Sequence[Chat]: ...


class Pauses:
    """Carries out /pause and /resume.

    An own message typed in a chat is for that chat, and nothing is answered there; where somebody
    else's account is the owner's, that is told. From the owner's own account in private it is for
    everywhere, or for the chat that is named; in a group for that group.

    Args:
        past: Where chats are found by name.
        say: Records and delivers an exchange that answers nobody; the pipeline's.
        owner: Id of the account's owner; empty: then only own messages count.
        clock: Unix seconds now.
    """

    def __init__(
        self,
        orders: Orders,
        past: Past,
        say: Callable[[Exchange], None],
        *,
        owner: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._orders, self._past, self._say = orders, past, say
        self._owner, self._clock = owner, clock

    def help(self, message: Message) -> Sequence[str]:
        """What /help names to the owner."""
        if not self._owner or message.talker_id != self._owner:
            return ()
        where = "，可加聊天的名字" if message.is_private else ""
        return f"/暂停 30m（/pause）我先不回{where}", "/继续（/resume）我接着回"

    async def typed(self, message: Message) -> bool:
        """Carry out an own message, if it is a command; whether it was one.

        Raises:
            AuditError: It could not be kept, so nothing was done.
        """
        wish = parse(message.text)
        if wish is None or wish.where not in (Where.UNSAID, Where.HERE):
            return False
        is_note = message.chat_id in (message.talker_id, FILE_HELPER)
        where = "" if is_note else message.chat_id
        line = await self._done(wish, where, "那个聊天" if where else "", message.talker_id)
        if self._owner and self._owner not in (message.talker_id, message.chat_id):
            self._say(notice(self._owner, None, line, wish.verb))
        return True

    async def stage(self, exchange: Exchange) -> Exchange:
        """Answers the owner's commands, and refuses in private those of others."""
        message, wish = exchange.message, parse(exchange.cleaned)
        if wish is None:
            return exchange
        if not self._owner or message.talker_id != self._owner:
            is_command = message.is_private and not wish.where
            return _answered(exchange, wish, _NOT_YOURS) if is_command else exchange
        line = await (self._in_private if message.is_private else self._in_room)(wish, message)
        return _answered(exchange, wish, line) if line else exchange

    async def _in_room(self, wish: Wish, message: Message) -> str:
        if wish.where not in (Where.UNSAID, Where.HERE):
            return ""
        return await self._done(wish, message.chat_id, "这个群", message.talker_id)

    async def _in_private(self, wish: Wish, message: Message) -> str:
        by = message.talker_id
        if wish.where == Where.HERE:
            return _ALWAYS_HERE
        if wish.where == Where.ALL and wish.verb is Verb.RESUME:
            return await self._everywhere()
        if wish.where in (Where.UNSAID, Where.ALL):
            return await self._done(wish, "", "", by)
        chats = await self._past.chats(self._clock() - KNOWN_S)
        found = _named(chats, wish.where)
        if len(found) != 1:
            return _which(found, wish)
        return await self._done(wish, found[0].id, f"「{_name(found[0])}」", by)

    # -- what is done ------------------------------------------------------------------

    async def _done(self, wish: Wish, chat_id: str, place: str, by: str) -> str:
        log.info("chat.wished", verb=wish.verb, everywhere=not chat_id, seconds=wish.seconds)
        if wish.verb is Verb.RESUME:
            return await self._resume(chat_id, place)
        order = await self._orders.give(
            OrderKind.PAUSE, chat_id=chat_id, seconds=wish.seconds, by=by
        )
        until = "直到你说 /继续" if order.until is None else f"到{self._at(order.until)}为止"
        what = f"{place}我先不回了" if place else "我先歇着，谁都不回"
        sooner = "" if order.until is None else "，要早点就说 /继续"
        return f"好，{what}，{until}{sooner}。"

    async def _resume(self, chat_id: str, place: str) -> str:
        kinds = _SILENCES if chat_id else (OrderKind.PAUSE,)
        ended = [await self._orders.take_back(kind, chat_id=chat_id) for kind in kinds]
        if chat_id and self._orders.find(OrderKind.PAUSE):
            return f"{place}可以回了，不过现在全部停着，要恢复就说 /继续。"
        done = f"好，{place}我接着回。" if any(ended) else f"{place}我本来就在回呢。"
        return done if chat_id else done + await self._still_silent()

    async def _everywhere(self) -> str:
        silent = [order for kind in _SILENCES for order in self._orders.all(kind)]
        for order in silent:
            await self._orders.take_back(order.kind, chat_id=order.chat_id)
        return "好，都恢复了，我接着回。" if silent else "我本来就都在回呢。"

    async def _still_silent(self) -> str:
        """Chats that an end of silence everywhere leaves silent, by name."""
        ids = {order.chat_id for kind in _SILENCES for order in self._orders.all(kind)} - {""}
        if not ids:
            return ""
        chats = await self._past.chats(self._clock() - KNOWN_S)
        names = [_name(chat) for chat in chats if chat.id in ids][:MAX_LISTED]
        named = f"：{'、'.join(names)}" if names else ""
        return f"\n还有 {len(ids)} 个聊天停着{named}。恢复就说 /继续 名字，或者 /继续 全部。"

    def _at(self, until: float) -> str:
        now, at = (
            datetime.fromtimestamp(moment, UTC).astimezone() for moment in (self._clock(), until)
        )
        days = (at.date() - now.date()).days
        day = {0: "", 1: "明天"}.get(days, f"{at.month}月{at.day}日")
        return f" {day} {at:%H:%M} ".replace("  ", " ")


def _answered(exchange: Exchange, wish: Wish, line: str) -> Exchange:
    return exchange.answered(Reply(line, Source.COMMAND, name=wish.verb))


def _name(chat: Chat) -> str:
    name = chat.talker_name if chat.room_name is None else chat.room_name
    return shown_name(name)


def _named(chats: Sequence[Chat], asked: str) -> list[Chat]:
    """Those of exactly that id or name, else those whose id ends so or whose name holds it."""
    wanted = clean(asked).casefold()
    same = [chat for chat in chats if chat.id == asked or _name(chat).casefold() == wanted]
    if same:
        return same
    return [
        chat
        for chat in chats
        if wanted in _name(chat).casefold() or (len(asked) >= TAIL and chat.id.endswith(asked))
    ]


def _which(found: Sequence[Chat], wish: Wish) -> str:
    if not found:
        name = shown_name(wish.where)
        return f"最近没有叫「{name}」的聊天，换个名字试试？"
    lines = [f"{_name(chat)}（{chat.id[-TAIL:]}）" for chat in found[:MAX_LISTED]]
    verb = "暂停" if wish.verb is Verb.PAUSE else "继续"
    return "\n".join(("是哪一个？", *lines, f"说 /{verb} 加上括号里的几位就行。"))
