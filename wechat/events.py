"""What a gateway's event says, as the payloads that wechaty's listeners take."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from wechaty_grpc.wechaty.puppet import EventResponse
from wechaty_puppet import (
    EventFriendshipPayload,
    EventLoginPayload,
    EventLogoutPayload,
    EventMessagePayload,
    EventRoomInvitePayload,
    EventRoomJoinPayload,
    EventRoomLeavePayload,
    EventRoomTopicPayload,
    EventScanPayload,
    EventType,
    PayloadType,
    ScanStatus,
)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """An event not read yet. Read by the gRPC codec, one that is malformed would end the stream."""

    data: bytes

    @classmethod
    def FromString(cls, data: bytes) -> Self:
        """What the gRPC codec calls."""
        return cls(data)


@dataclass(frozen=True, slots=True)
class Dirty:
    """A gateway's word that what we know of a contact or a room is out of date.

    Attributes:
        room: Whether ``id`` is a room's; else it is a contact's.
    """

    id: str
    room: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """The way to the account is gone. Ours: upstream's clients are told nothing."""

    reason: str


class MalformedEvent(ValueError):
    """An event that does not hold what its kind must. Never repeats it: it may be of a chat."""


Fields = Mapping[str, Any]
#: Name of an event and its payload, of a class of upstream's or one of those above.
Named = tuple[str, Any]


def translate(event: RawEvent) -> Named | None:
    """Name and payload for the listeners; None for a kind nobody listens to.

    Raises:
        MalformedEvent: The bytes are no event, its payload is no JSON object, or lacks a field.
    """
    try:
        response = EventResponse().parse(event.data)
        make = _PAYLOADS.get(int(response.type))
        if make is None:
            return None
        fields = json.loads(response.payload)
        return make(fields)
    except Exception as error:
        # Whatever it is that upstream's parser stumbles over, one event must not end the stream.
        raise MalformedEvent(type(error).__name__) from None


def _text(fields: Fields, name: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise ValueError(name)
    return value


def _texts(fields: Fields, name: str) -> list[str]:
    values = fields[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(name)
    return values


def _login(fields: Fields) -> Named:
    return "login", EventLoginPayload(contact_id=_text(fields, "contactId"))


def _logout(fields: Fields) -> Named:
    reason = str(fields.get("data") or "")
    return "logout", EventLogoutPayload(contact_id=_text(fields, "contactId"), data=reason)


def _scan(fields: Fields) -> Named:
    status = ScanStatus(fields["status"])
    return "scan", EventScanPayload(status=status, qrcode=str(fields.get("qrcode") or ""))


def _message(fields: Fields) -> Named:
    return "message", EventMessagePayload(message_id=_text(fields, "messageId"))


def _friendship(fields: Fields) -> Named:
    return "friendship", EventFriendshipPayload(friendship_id=_text(fields, "friendshipId"))


def _invite(fields: Fields) -> Named:
    invitation = _text(fields, "roomInvitationId")
    return "room-invite", EventRoomInvitePayload(room_invitation_id=invitation)


def _join(fields: Fields) -> Named:
    return "room-join", EventRoomJoinPayload(
        invited_ids=_texts(fields, "inviteeIdList"),
        inviter_id=str(fields.get("inviterId") or ""),
        room_id=_text(fields, "roomId"),
        timestamp=fields.get("timestamp") or 0,
    )


def _leave(fields: Fields) -> Named:
    return "room-leave", EventRoomLeavePayload(
        removed_ids=_texts(fields, "removeeIdList"),
        remover_id=str(fields.get("removerId") or ""),
        room_id=_text(fields, "roomId"),
        timestamp=fields.get("timestamp") or 0,
    )


def _topic(fields: Fields) -> Named:
    return "room-topic", EventRoomTopicPayload(
        changer_id=str(fields.get("changerId") or ""),
        new_topic=str(fields.get("newTopic") or ""),
        old_topic=str(fields.get("oldTopic") or ""),
        room_id=_text(fields, "roomId"),
        timestamp=fields.get("timestamp") or 0,
    )


def _dirty(fields: Fields) -> Named | None:
    kind, identity = fields["payloadType"], _text(fields, "payloadId")
    if kind == PayloadType.PAYLOAD_TYPE_CONTACT:
        return "dirty", Dirty(identity, room=False)
    if kind in (PayloadType.PAYLOAD_TYPE_ROOM, PayloadType.PAYLOAD_TYPE_ROOM_MEMBER):
        return "dirty", Dirty(identity, room=True)
    return None


_PAYLOADS: Mapping[int, Callable[[Fields], Named | None]] = {
    EventType.EVENT_TYPE_MESSAGE: _message,
    EventType.EVENT_TYPE_LOGIN: _login,
    EventType.EVENT_TYPE_LOGOUT: _logout,
    EventType.EVENT_TYPE_SCAN: _scan,
    EventType.EVENT_TYPE_FRIENDSHIP: _friendship,
    EventType.EVENT_TYPE_ROOM_INVITE: _invite,
    EventType.EVENT_TYPE_ROOM_JOIN: _join,
    EventType.EVENT_TYPE_ROOM_LEAVE: _leave,
    EventType.EVENT_TYPE_ROOM_TOPIC: _topic,
    EventType.EVENT_TYPE_DIRTY: _dirty,
}
