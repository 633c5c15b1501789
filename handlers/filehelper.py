"""文件传输助手 as the owner's desk: for owners whose own account is the one that answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from handlers.exchange import Exchange, Gate, Kind, Message

#: WeChat's chat with oneself, on all devices. As ``account.owner`` alerts go there.
FILE_HELPER = "filehelper"


class Ear(Protocol):
    async def is_echo(self, message: Message) -> bool: ...


class FileHelper:
    """Takes what the owner types there for a message to the bot.

    Without it such an owner could be told of things and never say 好: what they type is the
    account's own, like all that the bot sends.

    Args:
        ear: Tells what the owner typed from what comes back of the bot's own sends.
        owner: ``account.owner``; for any other nothing is changed.
    """

    def __init__(self, ear: Ear, owner: str) -> None:
        self._ear, self._is_desk = ear, owner == FILE_HELPER

    async def opened(self, message: Message) -> Message:
        """The message as one of the owner, if it is words typed there: pictures and files put
        there are for other devices.

        Raises:
            AuditError: Nobody knows, since the log cannot be read.
        """
        is_there = self._is_desk and message.is_self and message.chat_id == FILE_HELPER
        if not is_there or message.kind is not Kind.TEXT or await self._ear.is_echo(message):
            return message
        return replace(message, talker_id=FILE_HELPER, is_self=False, is_official=False)

    def stage(self) -> Callable[[Exchange], Exchange]:
        """Goes after all that answers owners: files and notes are put there too, and no bot chats
        about them. Nor may an echo that nobody knew again begin a talk of the bot with itself.
        """

        def end(exchange: Exchange) -> Exchange:
            if exchange.message.chat_id != FILE_HELPER:
                return exchange
            return exchange.stopped(Gate.OWN, "a note to oneself: no command, question or answer")

        return end
