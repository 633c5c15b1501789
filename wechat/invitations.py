"""Requests to become friends and invitations into groups, answered as the settings say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from wechaty_puppet import EventFriendshipPayload, EventRoomInvitePayload, FriendshipType, Puppet

from settings import Channel

log = structlog.get_logger()

#: Answers under way at once; a flood of requests beyond them is left for a person to see.
MOST_AT_ONCE = 8


class Invitations:
    """Answers requests beside the flow of messages, as a gateway may take long over each.

    Args:
        channel: ``friend_requests``, ``friend_word`` and ``room_invitations``.
        befriended: Told of each new friend once, also of one accepted on the phone.
    """

    def __init__(
        self, puppet: Puppet, channel: Channel, befriended: Callable[[str], Awaitable[None]]
    ) -> None:
        self._puppet = puppet
        self._channel = channel
        self._befriended = befriended
        self._friends: set[str] = set()
        self._at_work: set[asyncio.Task[None]] = set()

    async def friendship(self, payload: EventFriendshipPayload) -> None:
        self._begin("friendship", payload.friendship_id, self._answer_friend)

    async def room_invite(self, payload: EventRoomInvitePayload) -> None:
        self._begin("room-invite", payload.room_invitation_id, self._answer_room)

    async def close(self) -> None:
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    def _begin(
        self, kind: str, identity: str, answer: Callable[[str], Coroutine[None, None, None]]
    ) -> None:
        if len(self._at_work) >= MOST_AT_ONCE:
            log.warning("invitation.left", of=kind, id=identity, reason="too many at once")
            return
        task = asyncio.create_task(self._guarded(kind, identity, answer(identity)))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)

    async def _guarded(self, kind: str, identity: str, answer: Awaitable[None]) -> None:
        try:
            await answer
        except Exception as error:
            log.warning("invitation.failed", of=kind, id=identity, error=type(error).__name__)

    async def _answer_friend(self, friendship_id: str) -> None:
        request = await self._puppet.friendship_payload(friendship_id)
        if request.type == FriendshipType.FRIENDSHIP_TYPE_CONFIRM:
            await self._greet(request.contact_id)
        elif request.type == FriendshipType.FRIENDSHIP_TYPE_RECEIVE and self._welcomes(
            request.hello
        ):
            await self._puppet.friendship_accept(friendship_id)
            log.info("friend.accepted", contact=request.contact_id)
            await self._greet(request.contact_id)

    def _welcomes(self, hello: str) -> bool:
        match self._channel.friend_requests:
            case "accept":
                return True
            case "accept-with-word":
                return self._channel.friend_word in (hello or "")
            case "ignore":
                return False

    async def _greet(self, contact_id: str) -> None:
        # Accepting is followed by a confirmation on some gateways and by nothing on others.
        if contact_id and contact_id not in self._friends:
            self._friends.add(contact_id)
            await self._befriended(contact_id)

    async def _answer_room(self, invitation_id: str) -> None:
        if self._channel.room_invitations == "accept":
            # ``RoomInvitation.accept()`` upstream fails before it gets to this call.
            await self._puppet.room_invitation_accept(invitation_id)
            log.info("room.accepted", invitation=invitation_id)
