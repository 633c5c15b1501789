"""Own messages: typed by the owner on the phone, or what comes back of the bot's own sends."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Protocol

from handlers.deliver import Chat
from handlers.discretion import words
from handlers.exchange import Kind, Message
from handlers.sanitize import own_words
from handlers.sentences import split

#: How long after a reply its copy may come back as an own message, beside ``max_age_s``.
ECHO_S = 600.0
#: From so many letters on a text that stands within a reply is a piece of it. "好的" stands within
#: many replies, and is what owners type.
PIECE = 6
#: What WeChat itself says in the account's name to a new friend.
_GREETINGS = (
    "我通过了你的朋友验证请求，现在我们可以开始聊天了",
    "我通過了你的朋友驗證請求，現在我們可以開始聊天了",
    "I've accepted your friend request. Now let's chat!",
)
#: Ids of sent messages that are remembered, far more than can come back at once.
MAX_IDS = 1000


class Store(Protocol):
    async def replies_since(self, chat_id: str, since: float) -> Sequence[str]: ...


class Echoes:
    """Tells the two apart: some puppets report what the bot sends as own messages like any other.

    By id, where the gateway gives the id of what it sent. It comes after the echo may have come,
    and never after a restart, so the words are compared as well, with what the log says that the
    bot said of late in that chat.

    Args:
        max_age_s: Seconds after which a message is a replay (``answer.max_age_s``).
        split_chars: Where long replies are split (``reply.split_chars``).
        clock: Unix seconds now.
    """

    def __init__(
        self,
        store: Store,
        *,
        max_age_s: float,
        split_chars: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._clock = store, clock
        self._max_age_s, self._split_chars = max_age_s, split_chars
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._pictured: dict[str, float] = {}

    def sent(self, message_id: str) -> None:
        """The id of a message that the bot sent."""
        self._ids[message_id] = None
        while len(self._ids) > MAX_IDS:
            self._ids.popitem(last=False)

    def pictured(self, chat_id: str) -> None:
        """The bot is about to send a picture there, of which no words can tell."""
        now = self._clock()
        self._pictured = {chat: at for chat, at in self._pictured.items() if now - at <= ECHO_S}
        self._pictured[chat_id] = now

    async def is_echo(self, message: Message) -> bool:
        """Whether an own message repeats what the bot said of late there, whole or in part.

        Words are compared without faces and marks, which gateways rewrite, unless there is nothing
        else. What WeChat says in the account's name is none of the owner's either.

        Raises:
            AuditError: Nobody knows, since the log cannot be read.
        """
        if message.id in self._ids:
            return True
        now = self._clock()
        if message.kind is Kind.IMAGE:
            return now - self._pictured.get(message.chat_id, -ECHO_S) < ECHO_S
        if message.kind is not Kind.TEXT or not (own := _key(own_words(message.text))):
            return False
        since = now - self._max_age_s - ECHO_S
        said = await self._store.replies_since(message.chat_id, since)
        # In a group the bot puts the asker's name before its words.
        is_calling = message.text.startswith("@")
        said = (*said, *_GREETINGS)
        return any(self._repeats(own, one, is_calling=is_calling) for one in said)

    def _repeats(self, own: str, said: str, *, is_calling: bool) -> bool:
        if len(own) >= PIECE and own in _key(said):
            return True
        pieces = {_key(piece) for piece in (said, *split(said, self._split_chars))}
        if is_calling:
            return any(own.endswith(piece) for piece in pieces if piece)
        return own in pieces


def _key(text: str) -> str:
    return words(text) or text.strip()


class Remembered:
    """A chat whose sends are remembered, to be told from what the owner types."""

    def __init__(self, chat: Chat, echoes: Echoes) -> None:
        self._chat, self._echoes = chat, echoes

    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None:
        return self._noted(await self._chat.send(chat_id, text, mentions))

    async def send_picture(self, chat_id: str, png: bytes, name: str) -> str | None:
        self._echoes.pictured(chat_id)
        return self._noted(await self._chat.send_picture(chat_id, png, name))

    def _noted(self, message_id: str | None) -> str | None:
        if message_id:
            self._echoes.sent(message_id)
        return message_id
