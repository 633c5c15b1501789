"""What the bot says by itself: a welcome to a group, a word to the owner. All of it on record."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from handlers.audit.errors import AuditError
from handlers.exchange import Exchange, Gate, Kind, Message, Reply, Source, new_id
from handlers.sanitize import MAX_NAME, clean

log = structlog.get_logger()

#: Shorter absences are reconnections nobody would notice.
WORTH_TELLING_S = 60.0


class Notices:
    """Listens to the account and speaks where the settings say so.

    Args:
        submit: Takes a message; the pipeline's.
        say: Records and delivers an exchange that answers nobody; the pipeline's.
        owner: Id of the contact who is told of outages; empty: nobody.
        welcome: Line for people who join a group, ``{names}`` in it; empty: nothing is said.
    """

    def __init__(
        self,
        submit: Callable[[Message], Awaitable[None]],
        say: Callable[[Exchange], None],
        *,
        owner: str,
        welcome: str,
    ) -> None:
        self._submit, self._say, self._owner, self._welcome = submit, say, owner, welcome

    async def message(self, message: Message) -> None:
        try:
            await self._submit(message)
        except AuditError:
            # Without a row no answer: the disk may be full, and the next message may fit again.
            log.exception("message.not_taken", message=message.id)

    async def joined(self, room_id: str, room_name: str, names: Sequence[str]) -> None:
        log.info("room.joined", room=room_id, people=len(names))
        if self._welcome:
            line = self._welcome.replace("{names}", "、".join(names))
            self._say(_notice(room_id, room_name, line, "welcome"))

    async def online(self, name: str, away_s: float | None) -> None:
        if self._owner and away_s is not None and away_s >= WORTH_TELLING_S:
            minutes = max(1, round(away_s / 60))
            line = f"我刚刚掉线了大约 {minutes} 分钟，现在回来了。期间太久的消息我只记录，不回复。"
            self._say(_notice(self._owner, None, line, "back-online"))

    async def offline(self, reason: str) -> None:
        """The account logs it itself, and while it is gone there is no way to tell anyone."""

    def ended(self, exchange: Exchange) -> None:
        """A word to the owner where a message was left for them to answer."""
        if self._owner and exchange.gate is Gate.UNSURE:
            name = clean(exchange.message.talker_name, MAX_NAME)
            where = exchange.message.room_name
            place = f"群「{clean(where, MAX_NAME)}」里" if where else ""
            line = f"{place}{name} 的一条消息我没有把握，没回，你有空看看。"
            self._say(_notice(self._owner, None, line, "unsure"))

    async def befriended(self, contact_id: str) -> None:
        log.info("account.befriended", contact=contact_id)


def _notice(chat_id: str, room_name: str | None, text: str, name: str) -> Exchange:
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
    return Exchange(message).answered(Reply(text, Source.NOTICE, name=name))
