"""A gateway in Python over real gRPC, for what the real one cannot be made to do on demand.

wechaty_grpc has no server side, but to grpclib anything with ``__mapping__`` is a service.
``python -m tests.gateway_fake TOKEN`` serves one in a process of its own, and prints its port.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import ssl
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import wechaty_grpc.wechaty.puppet as rpc
from grpclib.const import Cardinality, Handler, Status
from grpclib.exceptions import GRPCError
from grpclib.server import Server, Stream

#: How gateways number a text message; our side's enum has another order.
TEXT = 7

Answer = Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class RawEvent:
    """Bytes sent as an event, whether they are one or not."""

    data: bytes

    def SerializeToString(self) -> bytes:
        """What the gRPC codec calls."""
        return self.data


class FakeGateway:
    """One account with contacts, rooms and messages; events go to whoever listens, or nowhere.

    Attributes:
        token: What a client must show; may be changed while it runs.
        port: Where it serves, once it does.
        calls: Names of the calls that change something, in order.
        sent: Chat id, text and mention ids of each text sent.
        files: Chat id, name and bytes of each file sent.
        held_by_other: Whether another client holds the account's event stream, until a Stop.
        hold: Calls named here are not answered.
        on_sent: Awaited after a text was taken and before the call is answered.
        most_lookups: Largest number of messages asked for at once.
    """

    def __init__(self, token: str = "token", account_id: str = "bot", name: str = "机器人") -> None:
        self.token = token
        self.port = 0
        self.calls: list[str] = []
        self.sent: asyncio.Queue[tuple[str, str, list[str]]] = asyncio.Queue()
        self.files: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()
        self.held_by_other = False
        self.hold: set[str] = set()
        self.on_sent: Callable[[], Awaitable[None]] | None = None
        self.most_lookups = 0
        self._num_lookups = 0
        self._account_id = account_id
        self._ids = itertools.count(1)
        self._contacts: dict[str, rpc.ContactPayloadResponse] = {}
        self._rooms: dict[str, rpc.RoomPayloadResponse] = {}
        self._messages: dict[str, rpc.MessagePayloadResponse] = {}
        self._stream: asyncio.Queue[RawEvent | None] | None = None
        self.add_contact(account_id, name)

    @asynccontextmanager
    async def serving(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[FakeGateway]:
        """Serve on a free port of this machine for as long as the context lasts."""
        server = Server([self])
        await server.start("127.0.0.1", 0, ssl=tls)
        # grpclib does not say which port it was given.
        self.port = server._server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    # What there is and what happens.

    def add_contact(self, contact_id: str, name: str) -> None:
        self._contacts[contact_id] = rpc.ContactPayloadResponse(id=contact_id, name=name, type=1)

    def add_room(
        self, room_id: str, topic: str, member_ids: Sequence[str], owner_id: str = ""
    ) -> None:
        self._rooms[room_id] = rpc.RoomPayloadResponse(
            id=room_id, topic=topic, member_ids=list(member_ids), owner_id=owner_id
        )

    def receive(self, talker_id: str, text: str, room_id: str = "", kind: int = TEXT) -> str:
        """Somebody writes; the message's id."""
        identity = f"in-{next(self._ids)}"
        self._messages[identity] = rpc.MessagePayloadResponse(
            id=identity,
            text=text,
            timestamp=int(time.time() * 1000),
            type=kind,
            from_id=talker_id,
            room_id=room_id,
            to_id="" if room_id else self._account_id,
        )
        self.emit(rpc.EventType.EVENT_TYPE_MESSAGE, messageId=identity)
        return identity

    def log_in(self) -> None:
        self.emit(rpc.EventType.EVENT_TYPE_LOGIN, contactId=self._account_id)

    def emit(self, kind: int, **payload: object) -> None:
        event = rpc.EventResponse(type=kind, payload=json.dumps(payload))
        self.emit_raw(bytes(event))

    def emit_raw(self, data: bytes) -> None:
        if self._stream is not None:
            self._stream.put_nowait(RawEvent(data))

    # Calls.

    async def start(self, request: rpc.StartRequest) -> rpc.StartResponse:
        self.calls.append("Start")
        return rpc.StartResponse()

    async def stop(self, request: rpc.StopRequest) -> rpc.StopResponse:
        self.calls.append("Stop")
        self.held_by_other = False
        return rpc.StopResponse()

    async def contact(self, request: rpc.ContactPayloadRequest) -> rpc.ContactPayloadResponse:
        return _found(self._contacts, request.id)

    async def room(self, request: rpc.RoomPayloadRequest) -> rpc.RoomPayloadResponse:
        return _found(self._rooms, request.id)

    async def member(self, request: rpc.RoomMemberPayloadRequest) -> rpc.RoomMemberPayloadResponse:
        return rpc.RoomMemberPayloadResponse(id=request.member_id)

    async def message(self, request: rpc.MessagePayloadRequest) -> rpc.MessagePayloadResponse:
        self._num_lookups += 1
        self.most_lookups = max(self.most_lookups, self._num_lookups)
        await asyncio.sleep(0)
        self._num_lookups -= 1
        return _found(self._messages, request.id)

    async def send_text(self, request: rpc.MessageSendTextRequest) -> rpc.MessageSendTextResponse:
        self.sent.put_nowait((request.conversation_id, request.text, list(request.mentonal_ids)))
        if self.on_sent is not None:
            await self.on_sent()
        return rpc.MessageSendTextResponse(id=f"out-{next(self._ids)}")

    async def send_file(self, request: rpc.MessageSendFileRequest) -> rpc.MessageSendFileResponse:
        box = json.loads(request.filebox)
        file = (request.conversation_id, box["name"], base64.b64decode(box["base64"]))
        self.files.put_nowait(file)
        return rpc.MessageSendFileResponse(id=f"out-{next(self._ids)}")

    async def members(self, request: rpc.RoomMemberListRequest) -> rpc.RoomMemberListResponse:
        room = _found(self._rooms, request.id)
        return rpc.RoomMemberListResponse(member_ids=room.member_ids)

    async def remove(self, request: rpc.RoomDelRequest) -> rpc.RoomDelResponse:
        self.calls.append("RoomDel")
        _found(self._rooms, request.id).member_ids.remove(request.contact_id)
        return rpc.RoomDelResponse()

    async def dirty(self, request: rpc.DirtyPayloadRequest) -> rpc.DirtyPayloadResponse:
        kind = rpc.EventType.EVENT_TYPE_DIRTY
        self.emit(kind, payloadType=int(request.type), payloadId=request.id)
        return rpc.DirtyPayloadResponse()

    def __mapping__(self) -> dict[str, Handler]:
        answers: dict[str, Answer] = {
            "Start": self.start,
            "Stop": self.stop,
            "ContactPayload": self.contact,
            "RoomPayload": self.room,
            "RoomMemberPayload": self.member,
            "MessagePayload": self.message,
            "MessageSendText": self.send_text,
            "MessageSendFile": self.send_file,
            "RoomMemberList": self.members,
            "RoomDel": self.remove,
            "DirtyPayload": self.dirty,
        }
        handlers = {
            f"/wechaty.Puppet/{name}": Handler(
                self._unary(name, answer),
                Cardinality.UNARY_UNARY,
                getattr(rpc, f"{name}Request"),
                getattr(rpc, f"{name}Response"),
            )
            for name, answer in answers.items()
        }
        handlers["/wechaty.Puppet/Event"] = Handler(
            self._events, Cardinality.UNARY_STREAM, rpc.EventRequest, RawEvent
        )
        return handlers

    def _unary(self, name: str, answer: Answer) -> Callable[[Stream], Awaitable[None]]:
        async def handle(stream: Stream) -> None:
            self._check_token(stream)
            request = await stream.recv_message()
            if name in self.hold:
                await asyncio.Event().wait()
            await stream.send_message(await answer(request))

        return handle

    async def _events(self, stream: Stream) -> None:
        self._check_token(stream)
        await stream.recv_message()
        if self._stream is not None or self.held_by_other:
            raise GRPCError(Status.ALREADY_EXISTS, "event() can not call twice")
        self._stream = asyncio.Queue()
        try:
            self.emit(rpc.EventType.EVENT_TYPE_HEARTBEAT, data="connected")
            self.log_in()
            while (event := await self._stream.get()) is not None:
                await stream.send_message(event)
        finally:
            self._stream = None

    def _check_token(self, stream: Stream) -> None:
        """As a 1.x gateway does, down to repeating the wrong token."""
        given = stream.metadata.get("authorization", "").removeprefix("Wechaty ")
        if given != self.token:
            raise GRPCError(Status.UNAUTHENTICATED, f'Invalid Wechaty TOKEN "{given}"')


def _found(things: dict[str, Any], identity: str) -> Any:
    if identity not in things:
        raise GRPCError(Status.UNKNOWN, f"no payload found for id {identity}")
    return things[identity]


async def _serve(token: str) -> None:
    async with FakeGateway(token).serving() as gateway:
        sys.stdout.write(f"{gateway.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
