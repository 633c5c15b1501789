"""What the bot says by itself, as an exchange that answers nobody."""

from __future__ import annotations

import time
from collections.abc import Sequence

from handlers.exchange import Exchange, Kind, Message, Reply, Source, new_id


def notice(
    chat_id: str,
    room_name: str | None,
    text: str,
    name: str,
    mentions: Sequence[tuple[str, str]] = (),
    picture: bytes = b"",
) -> Exchange:
    """A line for a chat, decided and ready for ``Pipeline.say``.

    Its ``id`` is known before it is said, so that what led to it can be kept with it.

    Args:
        room_name: Topic of the group; None in a private chat.
        name: What kind of notice it is, for the audit log.
        mentions: Id and name of each person called on; in a group only.
        picture: PNG that is sent after the text.
    """
    message = Message(
        id=f"notice-{new_id()}",
        chat_id=chat_id,
        talker_id="",
        talker_name="",
        text="",
        raw="",
        kind=Kind.EVENT,
        sent_at=time.time(),
        room_name=room_name,
    )
    reply = Reply(text, Source.NOTICE, name=name, mentions=tuple(mentions), picture=picture)
    return Exchange(message).answered(reply)
