"""Calls to a gateway, with what moved between 0.x and 1.x gateways set right.

A puppet service of 2022 (wechaty-puppet-service 0.8.10) speaks to gateways whose messages have
changed since: optional strings moved to a new field number, so that setting a room's topic, its
announcement or a contact's alias arrives as asking for it, and nothing says so.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Optional

import betterproto
from grpclib.config import Configuration
from wechaty_grpc.wechaty import PuppetStub
from wechaty_puppet import FileBox, FriendshipPayload, MessagePayload, MessageType, PuppetOptions
from wechaty_puppet_service.puppet import PuppetService

from wechat.endpoint import Endpoint
from wechat.errors import NotConnected
from wechat.line import Line

#: Message types as gateways number them, by position. The enum of the same name on our side has
#: another order (a gateway's Text is 7, which here is Video), and upstream fails on 16 and above.
_MESSAGE_TYPES = (
    MessageType.MESSAGE_TYPE_UNSPECIFIED,
    MessageType.MESSAGE_TYPE_ATTACHMENT,
    MessageType.MESSAGE_TYPE_AUDIO,
    MessageType.MESSAGE_TYPE_CONTACT,
    MessageType.MESSAGE_TYPE_CHAT_HISTORY,
    MessageType.MESSAGE_TYPE_EMOTICON,
    MessageType.MESSAGE_TYPE_IMAGE,
    MessageType.MESSAGE_TYPE_TEXT,
    MessageType.MESSAGE_TYPE_LOCATION,
    MessageType.MESSAGE_TYPE_MINI_PROGRAM,
    MessageType.MESSAGE_TYPE_UNSPECIFIED,  # GroupNote, which our side does not have
    MessageType.MESSAGE_TYPE_TRANSFER,
    MessageType.MESSAGE_TYPE_RED_ENVELOPE,
    MessageType.MESSAGE_TYPE_RECALLED,
    MessageType.MESSAGE_TYPE_URL,
    MessageType.MESSAGE_TYPE_VIDEO,
)

#: How gateways of either generation number a file that stands in the call itself.
_BASE64 = 1

#: Bytes of one stream that may be under way. The connection's window is 4 MB, and so is a stream's
#: unless told otherwise: then events that wait to be read leave none for the answers to calls, the
#: very ones that reading the next event may be waiting for.
_STREAM_WINDOW = 2**20


@dataclass(eq=False, repr=False)
class _TextRequest(betterproto.Message):  # type: ignore[misc]  # upstream is untyped
    """RoomTopic, RoomAnnounce and ContactAlias: the text where 0.x and where 1.x look for it.

    ``Optional``, because betterproto 1.2.5 reads the annotations and knows no other spelling.
    """

    id: str = betterproto.string_field(1)
    text_0x: Optional[str] = betterproto.message_field(2, wraps=betterproto.TYPE_STRING)  # noqa: UP045
    text_1x: str = betterproto.string_field(3)


@dataclass(eq=False, repr=False)
class _TextResponse(betterproto.Message):  # type: ignore[misc]  # upstream is untyped
    text_0x: Optional[str] = betterproto.message_field(1, wraps=betterproto.TYPE_STRING)  # noqa: UP045
    text_1x: str = betterproto.string_field(2)


class GatewayCalls(PuppetService):  # type: ignore[misc]  # upstream is untyped
    """A puppet service whose calls have a deadline and reach gateways of either generation.

    Args:
        endpoint: The gateway.
        call_timeout_s: Seconds a call may take.
        keepalive_s: Seconds between two HTTP/2 pings; a gateway that leaves one unanswered for
            half as long again is taken for dead, even if its end of the line still stands.
    """

    def __init__(self, endpoint: Endpoint, call_timeout_s: float, keepalive_s: float) -> None:
        super().__init__(PuppetOptions(token=endpoint.token, end_point=str(endpoint)))
        self._puppet_stub: PuppetStub | None = None
        self._endpoint = endpoint
        self._call_timeout_s = call_timeout_s
        self._keepalive_s = keepalive_s

    @property
    def puppet_stub(self) -> PuppetStub:
        """What upstream's calls go through.

        Raises:
            NotConnected: There is no connection, so the call was not made.
        """
        if self._puppet_stub is None:
            raise NotConnected(f"there is no connection to the gateway at {self._endpoint}")
        return self._puppet_stub

    async def message_payload(self, message_id: str) -> MessagePayload:
        """A message, its type in our numbering; types we do not know are UNSPECIFIED."""
        payload = await self.puppet_stub.message_payload(id=message_id)
        kind = int(payload.type)
        known = 0 <= kind < len(_MESSAGE_TYPES)
        payload.type = _MESSAGE_TYPES[kind if known else 0]
        return payload

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str | None:
        """Send a text; the id it got, or None where the puppet behind the gateway gives none.

        Raises:
            NotConnected: There is no gateway at the other end; nothing was sent.
        """
        with self._reached():
            response = await self.puppet_stub.message_send_text(
                conversation_id=conversation_id, text=message, mentonal_ids=list(mention_ids or ())
            )
        identity: str | None = response.id
        return identity or None

    async def message_send_file(self, conversation_id: str, file: FileBox) -> str | None:
        """Send a small file; the id it got. Whole in one call, of which gateways take 4 MB.

        Not by ``FileBox.to_json_str``: it warns of each attribute of its own that is deprecated.

        Raises:
            NotConnected: There is no gateway at the other end; nothing was sent.
        """
        box = {"name": file.name, "boxType": _BASE64, "base64": file.base64.decode()}
        with self._reached():
            response = await self.puppet_stub.message_send_file(
                conversation_id=conversation_id, filebox=json.dumps(box)
            )
        identity: str | None = response.id
        return identity or None

    async def room_delete(self, room_id: str, contact_id: str) -> None:
        """Remove a member, which an owner can.

        Raises:
            NotConnected: There is no gateway at the other end; nobody was removed.
        """
        with self._reached():
            await super().room_delete(room_id, contact_id)

    async def friendship_payload(
        self, friendship_id: str, payload: FriendshipPayload | None = None
    ) -> FriendshipPayload:
        """A friend request. Upstream sends ``"null"`` along, to a 0.x gateway a new value."""
        return await self.puppet_stub.friendship_payload(id=friendship_id)

    async def room_topic(self, room_id: str, new_topic: str) -> None:
        await self._text("RoomTopic", room_id, new_topic)

    async def room_announce(self, room_id: str, announcement: str | None = None) -> str:
        """The announcement of a room, after setting it where one is given."""
        return await self._text("RoomAnnounce", room_id, announcement)

    async def contact_alias(self, contact_id: str, alias: str | None = None) -> str:
        """The name the account has for a contact, after setting it where one is given."""
        return await self._text("ContactAlias", contact_id, alias)

    async def _text(self, call: str, identity: str, text: str | None) -> str:
        request = _TextRequest(id=identity)
        if text is not None:
            request.text_0x = request.text_1x = text
        route = f"/wechaty.Puppet/{call}"
        response = await self.puppet_stub._unary_unary(route, request, _TextResponse)
        return text if text is not None else response.text_1x or response.text_0x or ""

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Tells the calls that certainly changed nothing from those that may have."""
        try:
            yield
        except (ConnectionRefusedError, socket.gaierror) as error:
            raise NotConnected(f"the gateway at {self._endpoint} cannot be reached") from error

    def _dial(self) -> Line:
        """A line to the gateway, not opened before the first call on it."""
        config = Configuration(
            _keepalive_time=self._keepalive_s,
            _keepalive_timeout=self._keepalive_s / 2,
            _keepalive_permit_without_calls=True,
            _http2_max_pings_without_data=0,  # no bound: a quiet account is not a dead one
            _http2_min_sent_ping_interval_without_data=self._keepalive_s / 2,
            http2_stream_window_size=_STREAM_WINDOW,
            ssl_target_name_override=self._endpoint.tls_name,
        )
        channel = Line(
            self._endpoint.host, self._endpoint.port, ssl=self._endpoint.tls, config=config
        )
        channel._authority = self._endpoint.token  # where 0.x gateways look for the token
        return channel

    def _stub(self, channel: Line, timeout_s: float | None) -> PuppetStub:
        """Calls on a line, with the token where 1.x gateways look for it."""
        metadata = {"authorization": f"Wechaty {self._endpoint.token}"}
        return PuppetStub(channel, timeout=timeout_s, metadata=metadata)
