"""A WeChat account, as the rest of the program sees it: messages come in, words go out."""

from __future__ import annotations

import base64
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import structlog
from wechaty_puppet import FileBox, PayloadType, Puppet

import settings
from handlers.restriction import is_refusal
from wechat.errors import NotConnected, SendRestricted, SendUncertain
from wechat.invitations import Invitations
from wechat.login_code import draw_login_code
from wechat.presence import Presence
from wechat.session import Handlers, Session

__all__ = ["Account", "Handlers"]

T = TypeVar("T")

log = structlog.get_logger()

#: What WeChat's own clients write after the name in an @mention.
AFTER_MENTION = "\u2005"


class Account:
    """One account on a puppet, run by a real Wechaty.

    Args:
        puppet: The account behind a gateway, or one in this process.
        channel: What to do about requests and invitations.
        account: The name the bot answers to beside its nickname.
        handlers: Who is told what happens.
        clock: Monotonic seconds.
        show_code: Shows a login code to a person.
    """

    def __init__(
        self,
        puppet: Puppet,
        channel: settings.Channel,
        account: settings.Account,
        handlers: Handlers,
        *,
        clock: Callable[[], float] = time.monotonic,
        show_code: Callable[[str], None] = draw_login_code,
    ) -> None:
        self._puppet = puppet
        self._configured_name = account.name
        self._presence = Presence(clock)
        self._invitations = Invitations(puppet, channel, handlers.befriended)
        self._session = Session(
            puppet, handlers, self._invitations, self._presence, account.name, show_code
        )

    @property
    def online(self) -> bool:
        return self._presence.online

    @property
    def id(self) -> str:
        """Of the last login; empty before the first."""
        identity = self._presence.identity
        return identity.id if identity else ""

    @property
    def name(self) -> str:
        """The nickname as of the last login; before the first, the name in the settings."""
        identity = self._presence.identity
        return identity.names[0] if identity else self._configured_name

    async def run(self) -> None:
        """Run until ``close``.

        Raises:
            GatewayRefused: The gateway does not accept the token, or is not who it should be.
        """
        try:
            await self._session.run()
        finally:
            self._presence.leave()
            await self._invitations.close()

    async def close(self) -> None:
        """Hang up; the account stays logged in. ``run`` returns, once a handler at work is done."""
        self._presence.leave()
        await self._puppet.stop()

    async def send(
        self, chat_id: str, text: str, mentions: Sequence[tuple[str, str]] = ()
    ) -> str | None:
        """Send a text, once.

        ``Contact.say`` and ``Room.say`` upstream fetch what they sent and raise when that fails,
        although the text went out; and the @name of a mention they leave to nobody to write.

        Args:
            chat_id: Of a room or of a person.
            mentions: Id and name of each person called on; their @names are put before the text.

        Returns:
            The id the message got, or None where the platform gives none.

        Raises:
            NotConnected: Certainly not sent.
            SendRestricted: Certainly not sent, since too much was; nothing more should be now.
            SendUncertain: May have been sent, so it is not to be tried again.
        """
        names = "".join(f"@{' '.join(name.split())}{AFTER_MENTION}" for _, name in mentions)
        ids = [contact_id for contact_id, _ in mentions]
        async with self._once(f"a text for {chat_id}"):
            sent: str | None = await self._puppet.message_send_text(chat_id, names + text, ids)
        return sent or None

    async def send_picture(self, chat_id: str, png: bytes, name: str) -> str | None:
        """Send a picture, once.

        Args:
            png: A small one: it goes to the gateway in a single call.
            name: Of the file, with its ending.

        Returns:
            As ``send``, which raises the same.
        """
        box = FileBox.from_base64(base64.b64encode(png), name)
        async with self._once(f"a picture for {chat_id}"):
            sent: str | None = await self._puppet.message_send_file(chat_id, box)
        return sent or None

    async def remove(self, room_id: str, person_id: str) -> None:
        """Remove a member of a room that the account owns; WeChat lets nobody else.

        Raises:
            NotConnected, SendRestricted, SendUncertain: As ``send``.
        """
        async with self._once(f"the removal of {person_id} from {room_id}"):
            await self._puppet.room_delete(room_id, person_id)

    async def owns(self, room_id: str) -> bool:
        """Whether the account owns a room; False too where that cannot be learnt."""
        payload = await self._learnt(room_id, self._puppet.room_payload)
        return payload is not None and bool(self.id) and payload.owner_id == self.id

    async def is_member(self, room_id: str, person_id: str) -> bool:
        """Whether somebody is in a room now; False too where that cannot be learnt."""
        members = await self._learnt(room_id, self._puppet.room_members)
        return members is not None and person_id in members

    async def _learnt(self, room_id: str, ask: Callable[[str], Awaitable[T]]) -> T | None:
        """What the gateway answers about a room now; None where it does not."""
        try:
            await self._forget(room_id)
            return await ask(room_id)
        except Exception as error:
            log.warning("room.unknown", room=room_id, error=type(error).__name__)
            return None

    async def _forget(self, room_id: str) -> None:
        """Have the gateway look the room up anew: it keeps one for as long as nothing it hears
        of changes, and not every puppet hears of a new owner.
        """
        await self._puppet.dirty_payload(PayloadType.PAYLOAD_TYPE_ROOM, room_id)

    @asynccontextmanager
    async def _once(self, what: str) -> AsyncIterator[None]:
        """Around a call that must not be made twice: says what is known where it fails."""
        if not self.online:
            raise NotConnected(f"{what} was not tried: the account is not online")
        try:
            yield
        except NotConnected:
            raise
        except Exception as error:
            if is_refusal(error):
                raise SendRestricted(f"WeChat would not take {what}: too many of late") from error
            kind = type(error).__name__
            raise SendUncertain(
                f"{what} failed on the way ({kind}); it may have arrived"
            ) from error
