"""An account in this process, with no gateway: the console channel, and a bed for tests."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass

from wechaty_puppet import (
    ContactPayload,
    FileBox,
    FriendshipPayload,
    FriendshipType,
    MessagePayload,
    PayloadType,
    Puppet,
    PuppetOptions,
    RoomMemberPayload,
    RoomPayload,
)

from wechat.delivery import Listener
from wechat.events import Dirty
from wechat.world import World


@dataclass(frozen=True, slots=True)
class Sent:
    """What left the account.

    Attributes:
        text: What was said; of a picture, its file name.
        picture: The bytes of a picture.
    """

    id: str
    chat_id: str
    text: str
    mention_ids: tuple[str, ...] = ()
    picture: bytes = b""


class InProcessPuppet(World, Puppet):  # type: ignore[misc]  # upstream is untyped
    """An account in a small world of its own; ``receive`` and the like make things happen there.

    Args:
        account_id: The account itself.
        name: Its nickname.

    Attributes:
        outbox: Texts and pictures sent, in order.
        calls: What else was asked of the account: name of the call, then its arguments.
    """

    def __init__(self, account_id: str = "bot", name: str = "一心") -> None:
        Puppet.__init__(self, PuppetOptions(), "in-process")
        World.__init__(self, account_id, name)
        self.outbox: asyncio.Queue[Sent] = asyncio.Queue()
        self.calls: list[tuple[str, ...]] = []
        self._stopped = asyncio.Event()

    def on(self, event_name: str, caller: Listener) -> None:
        self._delivery.listen(event_name, caller)

    def listener_count(self, event_name: str) -> int:
        return self._delivery.count(event_name)

    def self_id(self) -> str:
        return self._account_id

    async def start(self) -> None:
        """Log in, and run until ``stop``."""
        self._delivery.start()
        self.log_in()
        try:
            await self._stopped.wait()
        finally:
            await self._delivery.stop()

    async def stop(self) -> None:
        self._stopped.set()
        await self._delivery.stop()

    async def message_payload(self, message_id: str) -> MessagePayload:
        return self._messages[message_id]

    async def contact_payload(self, contact_id: str) -> ContactPayload:
        return self._contacts[contact_id]

    async def room_payload(self, room_id: str) -> RoomPayload:
        return self._rooms[room_id]

    async def room_members(self, room_id: str) -> list[str]:
        return list(self._rooms[room_id].member_ids)

    async def room_member_payload(self, room_id: str, contact_id: str) -> RoomMemberPayload:
        return RoomMemberPayload(
            id=contact_id,
            name=self._contacts[contact_id].name,
            room_alias=self._aliases.get((room_id, contact_id), ""),
        )

    async def friendship_payload(
        self, friendship_id: str, payload: FriendshipPayload | None = None
    ) -> FriendshipPayload:
        return self._requests[friendship_id]

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str:
        sent = Sent(f"out-{next(self._ids)}", conversation_id, message, tuple(mention_ids or ()))
        self.outbox.put_nowait(sent)
        return sent.id

    async def message_send_file(self, conversation_id: str, file: FileBox) -> str:
        picture = base64.b64decode(file.base64)
        sent = Sent(f"out-{next(self._ids)}", conversation_id, file.name, picture=picture)
        self.outbox.put_nowait(sent)
        return sent.id

    async def message_recall(self, message_id: str) -> bool:
        self.calls.append(("message_recall", message_id))
        return True

    async def friendship_accept(self, friendship_id: str) -> None:
        self.calls.append(("friendship_accept", friendship_id))
        contact_id = self._requests[friendship_id].contact_id
        self.befriend(contact_id, kind=FriendshipType.FRIENDSHIP_TYPE_CONFIRM)

    async def room_invitation_accept(self, room_invitation_id: str) -> None:
        self.calls.append(("room_invitation_accept", room_invitation_id))

    async def room_delete(self, room_id: str, contact_id: str) -> None:
        """Remove a member."""
        self.calls.append(("room_delete", room_id, contact_id))
        self.leave(room_id, contact_id, remover_id=self._account_id)

    async def dirty_payload(self, payload_type: PayloadType, payload_id: str) -> None:
        """Say that something known is out of date, as gateways do when they are asked to forget."""
        is_room = payload_type is PayloadType.PAYLOAD_TYPE_ROOM
        self._delivery.put_now("dirty", Dirty(payload_id, room=is_room))
