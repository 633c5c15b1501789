"""Events of a gateway, read into what wechaty's listeners take."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechaty_grpc.wechaty.puppet import EventResponse, EventType
from wechaty_puppet import ScanStatus

from wechat.events import Dirty, MalformedEvent, RawEvent, translate

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)
FIELDS = st.sampled_from(
    ["messageId", "contactId", "status", "roomId", "inviteeIdList", "payloadType", "payloadId"]
)


def event(kind: int, **fields: object) -> RawEvent:
    return RawEvent(bytes(EventResponse(type=kind, payload=json.dumps(fields))))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_malformed(data: bytes) -> None:
    """Whatever arrives is an event, one nobody listens to, or malformed."""
    try:
        translated = translate(RawEvent(data))
    except MalformedEvent:
        return

    assert translated is None or isinstance(translated[0], str)


@given(kind=st.integers(0, 63), fields=st.dictionaries(FIELDS, JSON))
def test_no_fields_raise_anything_but_malformed(kind: int, fields: dict[str, object]) -> None:
    """Nor does any content of the fields; ids that come through are texts, and not empty."""
    try:
        translated = translate(event(kind, **fields))
    except MalformedEvent:
        return

    assert translated is None or all(
        isinstance(getattr(translated[1], name, "x"), str) and getattr(translated[1], name, "x")
        for name in ("message_id", "contact_id", "room_id", "friendship_id")
    )


@pytest.mark.parametrize(
    ("raw", "name", "field", "value"),
    [
        (event(EventType.EVENT_TYPE_MESSAGE, messageId="m"), "message", "message_id", "m"),
        (event(EventType.EVENT_TYPE_LOGIN, contactId="c"), "login", "contact_id", "c"),
        (event(EventType.EVENT_TYPE_LOGOUT, contactId="c"), "logout", "data", ""),
        (event(EventType.EVENT_TYPE_SCAN, status=2), "scan", "status", ScanStatus.Waiting),
        (
            event(EventType.EVENT_TYPE_ROOM_JOIN, roomId="r", inviteeIdList=["a", "b"]),
            *("room-join", "invited_ids", ["a", "b"]),
        ),
        (
            event(EventType.EVENT_TYPE_ROOM_LEAVE, roomId="r", removeeIdList=["a"]),
            *("room-leave", "removed_ids", ["a"]),
        ),
    ],
)
def test_what_an_event_says_is_kept(raw: RawEvent, name: str, field: str, value: object) -> None:
    """Fields that not every gateway sends may be missing."""
    translated = translate(raw)

    assert translated is not None
    assert (translated[0], getattr(translated[1], field)) == (name, value)


@pytest.mark.parametrize(
    ("payload_type", "expected"),
    [
        (2, Dirty("x", room=False)),
        (3, Dirty("x", room=True)),
        (4, Dirty("x", room=True)),
        (1, None),
    ],
)
def test_what_is_out_of_date_is_a_contact_or_a_room(
    payload_type: int, expected: Dirty | None
) -> None:
    """A member of a room counts as the room; messages do not change."""
    translated = translate(
        event(EventType.EVENT_TYPE_DIRTY, payloadType=payload_type, payloadId="x")
    )

    assert (translated and translated[1]) == expected
