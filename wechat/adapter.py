"""A Wechaty message, translated at the door into one that no handler needs wechaty to read.

Ids decide. Whatever cannot be looked up makes a message less trusted, never an exception.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import structlog
from wechaty import Contact, Room
from wechaty import Message as WechatyMessage
from wechaty_puppet import ContactPayload, ContactType, MessagePayload, MessageType

from handlers.exchange import Kind, Message
from handlers.mention import cut_mention
from handlers.sanitize import split_quote
from wechat.names import RoomNames
from wechat.presence import Identity

log = structlog.get_logger()

_KINDS: Mapping[MessageType, Kind] = {
    MessageType.MESSAGE_TYPE_TEXT: Kind.TEXT,
    MessageType.MESSAGE_TYPE_IMAGE: Kind.IMAGE,
    MessageType.MESSAGE_TYPE_AUDIO: Kind.AUDIO,
    MessageType.MESSAGE_TYPE_VIDEO: Kind.VIDEO,
    MessageType.MESSAGE_TYPE_EMOTICON: Kind.STICKER,
    MessageType.MESSAGE_TYPE_ATTACHMENT: Kind.FILE,
    MessageType.MESSAGE_TYPE_URL: Kind.LINK,
    MessageType.MESSAGE_TYPE_MINI_PROGRAM: Kind.LINK,
    MessageType.MESSAGE_TYPE_CHAT_HISTORY: Kind.LINK,
    MessageType.MESSAGE_TYPE_CONTACT: Kind.CARD,
    MessageType.MESSAGE_TYPE_LOCATION: Kind.CARD,
    MessageType.MESSAGE_TYPE_TRANSFER: Kind.MONEY,
    MessageType.MESSAGE_TYPE_RED_ENVELOPE: Kind.MONEY,
    MessageType.MESSAGE_TYPE_RECALLED: Kind.RECALL,
}

#: WeChat's own accounts: team, file transfer, friend requests, notes to oneself, mail, news.
_SERVICES = frozenset(
    {"weixin", "filehelper", "fmessage", "medianote", "floatbottle", "qqmail", "qmessage"}
    | {"tmessage", "newsapp", "notifymessage", "weibo", "mphelper"}
)
#: Timestamps above are milliseconds: as seconds they would be after the year 5000.
_MOST_SECONDS = 10**11


class Unseen(Exception):
    """A message could not be looked up; maybe later."""


class Adapter:
    """Translates messages.

    Args:
        names: Where names within rooms come from.
        clock: Unix seconds, for a message that does not say when it was sent.
    """

    def __init__(self, names: RoomNames, clock: Callable[[], float] = time.time) -> None:
        self._names = names
        self._clock = clock

    async def translate(self, message: WechatyMessage, me: Identity) -> Message | None:
        """The message; None, with a line in the log, where there is none to answer for.

        Raises:
            Unseen: The gateway did not show it.
        """
        identity: str = message.message_id
        try:
            payload = message.payload = await message.puppet.message_payload(identity)
        except Exception as error:
            raise Unseen(type(error).__name__) from error
        talker_id, room_id = payload.from_id or "", payload.room_id or ""
        is_self = talker_id == me.id
        # On the phone the account writes to somebody: that is the chat, not the account itself.
        other_id = (payload.to_id or "") if is_self else talker_id
        if not talker_id or not (room_id or other_id):
            log.warning("message.skipped", id=identity, reason="nobody wrote it")
            return None
        talker = message.wechaty.Contact.load(talker_id)
        is_known = await is_ready(talker)
        translated = Message(
            id=identity,
            chat_id=room_id or other_id,
            talker_id=talker_id,
            # Never the name the owner gave a friend: a reply might use it, and it is private.
            talker_name=(is_known and talker.payload.name) or talker_id,
            text=payload.text or "",
            raw=payload.text or "",
            kind=_KINDS.get(payload.type, Kind.UNKNOWN),
            sent_at=sent_at(payload, self._clock()),
            is_self=is_self,
            is_official=not is_known or _is_official(talker.payload),
        )
        if not room_id:
            return translated
        return await self._in_room(translated, message.wechaty.Room.load(room_id), payload, me)

    async def _in_room(
        self, message: Message, room: Room, payload: MessagePayload, me: Identity
    ) -> Message:
        is_known = await is_ready(room)
        alias = await self._names.alias(message.chat_id, message.talker_id)
        mine = await self._names.alias(message.chat_id, me.id)
        text, mentions_me = read_mention(
            message.raw, payload.mention_ids or (), me.id, (*me.names, *([mine] if mine else []))
        )
        return replace(
            message,
            text=text,
            talker_name=alias or message.talker_name,
            room_name=(room.payload.topic or "") if is_known else "",
            mentions_me=mentions_me,
            mention_ids=others_mentioned(message.raw, payload.mention_ids or (), me.id),
        )


def sent_at(payload: MessagePayload, now: float) -> float:
    """When a message was sent, in Unix seconds; ``now`` where it does not say.

    ``Message.age()`` upstream divides seconds by a thousand once more.
    """
    stamp = float(payload.timestamp or 0)
    if not stamp:
        return now
    return stamp / 1000 if stamp > _MOST_SECONDS else stamp


async def is_ready(thing: Contact | Room) -> bool:
    """Whether what is known of a contact or a room is there, after looking it up if need be."""
    try:
        await thing.ready()
    except Exception as error:
        log.warning("lookup.failed", of=type(thing).__name__, error=type(error).__name__)
    return bool(thing.is_ready())


def _is_official(contact: ContactPayload) -> bool:
    """Whether to take an account for no person. ``Contact.is_offical()`` upstream is False for an
    account whose kind it does not know; here that counts as official, which is never answered.
    """
    if contact.id in _SERVICES or contact.id.startswith("gh_"):
        return True
    return bool(contact.type != ContactType.CONTACT_TYPE_PERSONAL)


def read_mention(
    text: str, mention_ids: Sequence[str], my_id: str, names: Sequence[str]
) -> tuple[str, bool]:
    """The text without the account's own @name, and whether the account was meant by one.

    ``mention_self()`` upstream goes by the ids alone, which some puppets leave empty. Some others
    list every member for @所有人, which calls on nobody in particular. A name that stands only in
    a quotation calls on nobody either: somebody repeats what another one said.
    """
    rest, _ = cut_mention(text, names)
    authored, _ = split_quote(text)
    is_named = cut_mention(authored, names)[1]
    if not mention_ids:
        return rest, is_named
    if my_id not in mention_ids:
        return text, False
    return rest, is_named or not _calls_everybody(text)


def others_mentioned(text: str, mention_ids: Sequence[str], my_id: str) -> tuple[str, ...]:
    """Ids of those a message @mentions, each once; nobody where it calls on everybody."""
    authored, _ = split_quote(text)
    if _calls_everybody(authored):
        return ()
    return tuple(dict.fromkeys(i for i in mention_ids if i and i != my_id))


def _calls_everybody(text: str) -> bool:
    folded = text.casefold().replace("＠", "@")
    return "@所有人" in folded or "@all" in folded.split()
