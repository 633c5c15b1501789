"""A WeChat account, as the rest of the program sees it: messages come in, texts go out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from wechaty_puppet import Puppet

import settings
from handlers.restriction import is_refusal
from wechat.errors import NotConnected, SendRestricted, SendUncertain
from wechat.invitations import Invitations
from wechat.login_code import draw_login_code
from wechat.presence import Presence
from wechat.session import Handlers, Session

__all__ = ["Account", "Handlers"]

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
        if not self.online:
            raise NotConnected(f"nothing was sent to {chat_id}: the account is not online")
        names = "".join(f"@{' '.join(name.split())}{AFTER_MENTION}" for _, name in mentions)
        ids = [contact_id for contact_id, _ in mentions]
        try:
            sent: str | None = await self._puppet.message_send_text(chat_id, names + text, ids)
        except NotConnected:
            raise
        except Exception as error:
            kind = type(error).__name__
            if is_refusal(error):
                raise SendRestricted(
                    f"WeChat would not take a text for {chat_id}: too many of late"
                ) from error
            raise SendUncertain(
                f"sending to {chat_id} failed on the way ({kind}); the text may have arrived"
            ) from error
        return sent or None
