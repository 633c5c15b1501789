"""People, groups and messages in memory, and what happens among them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Mapping, Sequence

from wechaty_puppet import (
    ContactPayload,
    ContactType,
    EventFriendshipPayload,
    EventLoginPayload,
    EventLogoutPayload,
    EventMessagePayload,
    EventRoomInvitePayload,
    EventRoomJoinPayload,
    EventRoomLeavePayload,
    EventScanPayload,
    FriendshipPayload,
    FriendshipType,
    MessagePayload,
    MessageType,
    RoomPayload,
    ScanStatus,
)

from wechat.delivery import Delivery
from wechat.events import Lost

#: Messages that can still be looked up; a session may last for days.
REMEMBERED = 10_000


class World:
    """What is around an account: each thing that happens becomes an event of its puppet.

    Args:
        account_id: The account itself.
        name: Its nickname.
    """

    def __init__(self, account_id: str, name: str) -> None:
        self._account_id = account_id
        self._delivery = Delivery()
        self._ids = itertools.count(1)
        self._contacts: dict[str, ContactPayload] = {}
        self._rooms: dict[str, RoomPayload] = {}
        self._aliases: dict[tuple[str, str], str] = {}
        self._messages: dict[str, MessagePayload] = {}
        self._requests: dict[str, FriendshipPayload] = {}
        self.add_contact(account_id, name)

    def add_contact(
        self, contact_id: str, name: str, kind: ContactType = ContactType.CONTACT_TYPE_PERSONAL
    ) -> None:
        """Somebody there is, or another name for somebody there was."""
        self._contacts[contact_id] = ContactPayload(id=contact_id, name=name, type=kind)

    def add_room(
        self,
        room_id: str,
        topic: str,
        member_ids: Sequence[str],
        aliases: Mapping[str, str] | None = None,
        owner_id: str = "",
    ) -> None:
        """A group; ``aliases`` are the names that members took in it, by id."""
        self._rooms[room_id] = RoomPayload(
            id=room_id, topic=topic, member_ids=list(member_ids), owner_id=owner_id
        )
        for contact_id, alias in (aliases or {}).items():
            self._aliases[room_id, contact_id] = alias

    def receive(
        self,
        talker_id: str,
        text: str,
        *,
        room_id: str = "",
        to_id: str = "",
        mention_ids: Sequence[str] = (),
        kind: MessageType = MessageType.MESSAGE_TYPE_TEXT,
        sent_at: float | None = None,
        message_id: str | None = None,
    ) -> str:
        """Somebody writes, or the account itself does on the phone.

        Args:
            to_id: Whom it is for in a private chat; the account if not given.
            sent_at: Unix seconds; now if not given.
            message_id: To have one id arrive twice.

        Returns:
            The message's id.
        """
        message = MessagePayload(
            id=message_id or f"in-{next(self._ids)}",
            text=text,
            timestamp=int((time.time() if sent_at is None else sent_at) * 1000),
            type=kind,
            from_id=talker_id,
            room_id=room_id,
            to_id="" if room_id else to_id or self._account_id,
            mention_ids=list(mention_ids),
        )
        self._messages[message.id] = message
        while len(self._messages) > REMEMBERED:
            del self._messages[next(iter(self._messages))]
        self._delivery.put_now("message", EventMessagePayload(message_id=message.id))
        identity: str = message.id
        return identity

    def log_in(self) -> None:
        self._delivery.put_now("login", EventLoginPayload(contact_id=self._account_id))

    def log_out(self, reason: str = "") -> None:
        payload = EventLogoutPayload(contact_id=self._account_id, data=reason)
        self._delivery.put_now("logout", payload)

    def lose(self, reason: str) -> None:
        """What the puppet of a gateway says when that is gone."""
        self._delivery.put_now("lost", Lost(reason))

    def show_login_code(self, code: str) -> None:
        payload = EventScanPayload(status=ScanStatus.Waiting, qrcode=code)
        self._delivery.put_now("scan", payload)

    def join(self, room_id: str, contact_ids: Sequence[str]) -> None:
        """People come into a room."""
        self._rooms[room_id].member_ids.extend(contact_ids)
        payload = EventRoomJoinPayload(
            room_id=room_id, invited_ids=list(contact_ids), inviter_id="", timestamp=time.time()
        )
        self._delivery.put_now("room-join", payload)

    def leave(self, room_id: str, contact_id: str, remover_id: str = "") -> None:
        """Somebody goes out of a room, or is removed by somebody."""
        self._rooms[room_id].member_ids.remove(contact_id)
        payload = EventRoomLeavePayload(
            room_id=room_id,
            removed_ids=[contact_id],
            remover_id=remover_id or contact_id,
            timestamp=time.time(),
        )
        self._delivery.put_now("room-leave", payload)

    def invite(self) -> str:
        """Somebody invites the account into a room; the invitation's id."""
        identity = f"invitation-{next(self._ids)}"
        payload = EventRoomInvitePayload(room_invitation_id=identity)
        self._delivery.put_now("room-invite", payload)
        return identity

    def befriend(
        self,
        contact_id: str,
        hello: str = "",
        kind: FriendshipType = FriendshipType.FRIENDSHIP_TYPE_RECEIVE,
    ) -> str:
        """Somebody asks to be friends, or (``CONFIRM``) became one; the request's id."""
        identity = f"friendship-{next(self._ids)}"
        self._requests[identity] = FriendshipPayload(
            id=identity, contact_id=contact_id, hello=hello, type=kind
        )
        payload = EventFriendshipPayload(friendship_id=identity)
        self._delivery.put_now("friendship", payload)
        return identity
