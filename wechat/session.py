"""One run of Wechaty on a puppet that looks after itself: handlers are told what happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from wechaty import Contact, Room, Wechaty, WechatyOptions
from wechaty_puppet import (
    EventLoginPayload,
    EventLogoutPayload,
    EventMessagePayload,
    EventRoomJoinPayload,
    EventRoomLeavePayload,
    EventRoomTopicPayload,
    EventScanPayload,
    Puppet,
    ScanStatus,
)

from handlers.exchange import Message
from wechat.adapter import Adapter, Unseen, is_ready
from wechat.delivery import Listener
from wechat.events import Dirty, Lost
from wechat.invitations import Invitations
from wechat.missed import Missed
from wechat.names import RoomNames
from wechat.presence import Identity, Presence

log = structlog.get_logger()


class Handlers(Protocol):
    """Who is told what an account sees: one call at a time, in the order things happened."""

    async def message(self, message: Message) -> None:
        """A message, the account's own included."""

    async def joined(self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]) -> None:
        """People other than the account came into a room; id and name of each."""

    async def online(self, name: str, away_s: float | None) -> None:
        """A login; seconds since the logout or outage before it, None at the first."""

    async def offline(self, reason: str) -> None:
        """A logout, or the gateway is gone."""

    async def befriended(self, contact_id: str) -> None:
        """Somebody became a friend. Not in order with the others."""


class Session(Wechaty):  # type: ignore[misc]  # upstream is untyped
    """A Wechaty whose listeners on the puppet are its own.

    Upstream's see only the first login of a session, take an id for handled before its message
    could be fetched, draw the login code on stdout, start a web server, and lose an event when one
    name in it cannot be looked up.

    Args:
        puppet: Hands over one event at a time; its ``start`` lasts as long as the session.
        presence: Kept up to date here.
        configured_name: What the bot answers to beside the account's nickname.
        show_code: Shows a login code to a person.
    """

    def __init__(
        self,
        puppet: Puppet,
        handlers: Handlers,
        invitations: Invitations,
        presence: Presence,
        configured_name: str,
        show_code: Callable[[str], None],
    ) -> None:
        # A scheduler of our own, as upstream's keeps a job.db in the working folder.
        super().__init__(WechatyOptions(puppet=puppet, scheduler=AsyncIOScheduler()))
        self._handlers = handlers
        self._invitations = invitations
        self._presence = presence
        self._configured_name = configured_name
        self._show_code = show_code
        self._shown_code = ""
        self._names = RoomNames(puppet)
        self._adapter = Adapter(self._names)
        self._missed = Missed()

    async def run(self) -> None:
        """Run until the puppet is stopped: what ``start`` does, without hiding how it ended."""
        # Kept on the classes: a second session would be given objects of the first.
        Contact._pool.clear()
        Room._pool.clear()
        await self.init_puppet()
        await self.init_puppet_event_bridge(self.puppet)
        await self.puppet.start()

    async def init_puppet_event_bridge(self, puppet: Puppet) -> None:
        for event, listener in self._listeners().items():
            puppet.on(event, listener)

    def _listeners(self) -> Mapping[str, Listener]:
        return {
            "login": self._login,
            "logout": self._logout,
            "lost": self._lost,
            "scan": self._scan,
            "message": self._message,
            "room-join": self._room_join,
            "room-leave": self._room_changed,
            "room-topic": self._room_changed,
            "dirty": self._dirty,
            "friendship": self._invitations.friendship,
            "room-invite": self._invitations.room_invite,
        }

    async def _login(self, payload: EventLoginPayload) -> None:
        Contact._pool.pop(payload.contact_id, None)  # the nickname may have changed
        contact = self.ContactSelf.load(payload.contact_id)
        nickname = contact.payload.name if await is_ready(contact) else ""
        names = tuple(dict.fromkeys(name for name in (nickname, self._configured_name) if name))
        me = Identity(payload.contact_id, names)
        away_s = self._presence.arrive(me)
        log.info("account.online", id=payload.contact_id, away_s=away_s)
        await self._handlers.online(names[0], away_s)
        await self._take_missed(me)

    async def _logout(self, payload: EventLogoutPayload) -> None:
        await self._leave(f"logged out: {payload.data}" if payload.data else "logged out")

    async def _lost(self, payload: Lost) -> None:
        await self._leave(payload.reason)

    async def _leave(self, reason: str) -> None:
        if self._presence.leave():
            log.warning("account.offline", reason=reason)
            await self._handlers.offline(reason)

    async def _scan(self, payload: EventScanPayload) -> None:
        log.info("account.scan", status=payload.status.name.lower())
        is_to_be_scanned = payload.status in (ScanStatus.Waiting, ScanStatus.Timeout)
        # Gateways repeat a code until it is used or replaced.
        if is_to_be_scanned and payload.qrcode and payload.qrcode != self._shown_code:
            self._shown_code = payload.qrcode
            self._show_code(payload.qrcode)

    async def _message(self, payload: EventMessagePayload) -> None:
        me = self._presence.identity
        if me is None:
            # Whether it is our own cannot be told, and answering ourselves has no end.
            log.warning("message.skipped", id=payload.message_id, reason="nobody is logged in")
            return
        if await self._take(payload.message_id, me):
            await self._take_missed(me)

    async def _take(self, message_id: str, me: Identity) -> bool:
        """Look a message up and hand it over; False where the gateway did not show it."""
        try:
            translated = await self._adapter.translate(self.Message.load(message_id), me)
        except Unseen as error:
            self._missed.note(message_id, str(error))
            return False
        self._missed.found(message_id)
        if translated is not None:
            await self._handlers.message(translated)
        return True

    async def _take_missed(self, me: Identity) -> None:
        """The gateway answers: ask again for what it did not show before."""
        for message_id in self._missed.all():
            if not await self._take(message_id, me):
                return

    async def _room_join(self, payload: EventRoomJoinPayload) -> None:
        self._forget_room(payload.room_id)
        room = self.Room.load(payload.room_id)
        topic = room.payload.topic if await is_ready(room) else ""
        me = self._presence.identity.id if self._presence.identity else ""
        contacts = [self.Contact.load(i) for i in payload.invited_ids if i != me]
        people = [
            (c.contact_id, (await is_ready(c) and c.payload.name) or c.contact_id) for c in contacts
        ]
        if people:
            await self._handlers.joined(payload.room_id, topic, people)

    async def _room_changed(self, payload: EventRoomLeavePayload | EventRoomTopicPayload) -> None:
        self._forget_room(payload.room_id)

    async def _dirty(self, payload: Dirty) -> None:
        if payload.room:
            self._forget_room(payload.id)
        else:
            Contact._pool.pop(payload.id, None)

    def _forget_room(self, room_id: str) -> None:
        """Have it looked up anew when next needed; ``Room.ready(force_sync=True)`` does not."""
        Room._pool.pop(room_id, None)
        self._names.forget(room_id)
