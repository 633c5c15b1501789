"""What admins may ask and order, in the room or in private: by id, never by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from handlers.exchange import Exchange, Message, Reply, Source
from moderation.asks import Ask, Asked, parse
from moderation.desk import Place
from moderation.people import Unclear
from moderation.rooms import Rooms

_NOT_YOURS = "这个只有群管理员能用哦。"
_HELP = (
    "/心情 [名字]（/mood）最近的心情",
    "/为什么 [名字|#编号]（/why）为什么有这一步",
    "/对 /错 [#编号]（/right /wrong）判断得对不对",
    "/原谅 名字（/forgive）清掉记着的分",
    "/豁免 名字 [取消]（/exempt）不给这个人记分",
    "/模式 [关|旁观|提醒|执行]（/mode）这个群怎么管",
    "/安静 30m（/quiet）先别说话；取消：/安静 取消",
    "/日报（/digest）今天的总结",
)
_HELP_IN_PRIVATE = "/群 [编号]（/room）上面这些说的是哪个群"


class Requests(Protocol):
    async def carry_out(
        self, asked: Asked, place: Place | None, message: Message
    ) -> str | Reply: ...


class AdminCommands:
    """Two stages: for commands in a room that is moderated, and for those in private.

    In a room an admin need not call the bot, so whatever is no exact command is left alone, and
    so is everything that others write.

    Args:
        owner: Id of the account's owner, who may mean another /why; empty: nobody.
    """

    def __init__(self, rooms: Rooms, requests: Requests, *, owner: str = "") -> None:
        self._rooms, self._requests, self._owner = rooms, requests, owner

    def help(self, message: Message) -> Sequence[str]:
        """What /help names to whoever asks there."""
        if message.is_private:
            is_admin = self._rooms.is_any_admin(message.talker_id)
            return (*_HELP, _HELP_IN_PRIVATE) if is_admin else ()
        return _HELP if self._rooms.is_admin(message.chat_id, message.talker_id) else ()

    async def in_room(self, exchange: Exchange) -> Exchange:
        """A stage for groups."""
        message = exchange.message
        asked = None if message.is_private else parse(exchange.cleaned)
        if asked is None or asked.ask is Ask.ROOM:
            return exchange
        # A room that is not moderated can be told to be, and nothing else.
        is_off = self._rooms.mode(message.chat_id) == "off" and asked.ask is not Ask.MODE
        if is_off or not self._rooms.is_admin(message.chat_id, message.talker_id):
            return exchange
        return await self._answered(
            exchange, asked, Place(message.chat_id, message.room_name or "")
        )

    async def in_private(self, exchange: Exchange) -> Exchange:
        """A stage for private chats; what is not of an admin passes."""
        message = exchange.message
        asked = parse(exchange.cleaned) if message.is_private else None
        if asked is None or not self._rooms.is_any_admin(message.talker_id):
            return exchange
        return await self._answered(exchange, asked, None)

    def refuse(self, exchange: Exchange) -> Exchange:
        """A stage that tells everybody else in private that these are not for them."""
        message = exchange.message
        asked = parse(exchange.cleaned) if message.is_private else None
        if asked is None or message.talker_id == self._owner:
            return exchange
        return exchange.answered(Reply(_NOT_YOURS, Source.COMMAND, name=asked.ask.value))

    async def _answered(self, exchange: Exchange, asked: Asked, place: Place | None) -> Exchange:
        message = exchange.message
        try:
            reply = await self._requests.carry_out(asked, place, message)
        except Unclear as error:
            if self._may_be_about_a_chat(asked, message):
                return exchange
            reply = str(error)
        if isinstance(reply, str):
            reply = Reply(reply, Source.COMMAND, name=asked.ask.value)
        return exchange.answered(reply)

    def _may_be_about_a_chat(self, asked: Asked, message: Message) -> bool:
        """The owner asks with the same word why somebody in another chat got no answer."""
        is_named = asked.ask is Ask.WHY and asked.rest and asked.number is None
        return bool(is_named and message.is_private and message.talker_id == self._owner)
