"""A town of people around the whole bot, at the in-process puppet or at the real npm gateway.

All is real but what the model writes: moods are read by the small bundled model, replies are a
script's, so that a scene plays the same every time.
"""

from __future__ import annotations

import asyncio
import base64
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, cast

import sqlalchemy as sa

import service
from engine.engine import Engine
from engine.mood import Reading
from engine.talk import Asked, Draft
from handlers.audit import conduct
from handlers.audit.database import Database
from handlers.audit.tables import orders
from handlers.conduct import Step
from handlers.exchange import Exchange
from handlers.orders import OrderKind
from handlers.reply import Personas
from moderation.lines import Lines
from settings import Channel as ChannelSettings
from settings import Settings
from tests.gateway_node import NodeGateway, node_gateway
from tests.house import ScriptedEngine
from wechat.channel import Channel
from wechat.connection import ReconnectingPuppet
from wechat.endpoint import Endpoint
from wechat.puppet import InProcessPuppet, Sent

if TYPE_CHECKING:
    from wechaty_puppet import Puppet

PATIENCE_S = 30.0
LOOK_S = 0.1
ROOM = "lab@chatroom"
OWNER = "boss"


@dataclass(frozen=True, slots=True)
class Said:
    """What left the account.

    Attributes:
        picture: A PNG; then there is no text.
    """

    chat_id: str
    text: str
    mention_ids: tuple[str, ...] = ()
    picture: bytes = b""


class Reader(ScriptedEngine):
    """Reads as the real model does, and writes a line at once, or when told to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.is_writing = asyncio.Event()

    async def read_mood(self, text: str) -> Reading:
        return await self._engine.read_mood(text)

    async def drafts(self, asked: Asked, num: int) -> list[Draft]:
        self.is_writing.set()
        await self.may_write.wait()
        return await super().drafts(asked, num)


class Place(Protocol):
    """Where messages come from and go to."""

    @property
    def puppet(self) -> Puppet: ...
    async def meet(self, people: Sequence[str]) -> None: ...
    async def come(self, who: str) -> None: ...
    async def say(
        self, who: str, text: str, room: bool, mention: Sequence[str], to: str
    ) -> str: ...
    async def own(self) -> None: ...
    async def listen(self, hear: Callable[[Said], None]) -> None: ...


class TellingPuppet(InProcessPuppet):
    """One that also tells whom it removed."""

    async def room_delete(self, room_id: str, contact_id: str) -> None:
        await super().room_delete(room_id, contact_id)
        self.outbox.put_nowait(Sent("", room_id, f"<removed {contact_id}>"))


class InProcess:
    """The town around the in-process puppet."""

    def __init__(self) -> None:
        self.puppet = TellingPuppet(account_id="bot", name="一心")
        self._people: list[str] = ["bot"]

    async def meet(self, people: Sequence[str]) -> None:
        for who in people:
            self.puppet.add_contact(who, who.title())
        self._people += people
        self.puppet.add_room(ROOM, "实验室", self._people)

    async def come(self, who: str) -> None:
        self.puppet.add_contact(who, who.title())
        self.puppet.join(ROOM, [who])

    async def say(self, who: str, text: str, room: bool, mention: Sequence[str], to: str) -> str:
        return self.puppet.receive(
            who, text, room_id=ROOM if room else "", mention_ids=mention, to_id=to
        )

    async def own(self) -> None:
        self.puppet.add_room(ROOM, "实验室", self._people, owner_id="bot")

    async def listen(self, hear: Callable[[Said], None]) -> None:
        while True:
            sent = await self.puppet.outbox.get()
            hear(Said(sent.chat_id, sent.text, sent.mention_ids, sent.picture))


class AtGateway:
    """The town behind npm's gateway; what the account sends comes back as its own message."""

    def __init__(self, gateway: NodeGateway) -> None:
        self._gateway = gateway
        endpoint = Endpoint("127.0.0.1", gateway.port, "token")
        self.puppet = ReconnectingPuppet(endpoint, ChannelSettings())

    async def meet(self, people: Sequence[str]) -> None:
        for who in people:
            await self.come(who)

    async def come(self, who: str) -> None:
        await self._gateway.do("join", id=who, name=who.title(), room=ROOM, by="alice")

    async def say(self, who: str, text: str, room: bool, mention: Sequence[str], to: str) -> str:
        where = {"room": ROOM} if room else {"to": to or "bot"}
        await self._gateway.say(who, text, mention=list(mention), **where)
        return ""

    async def own(self) -> None:
        await self._gateway.do("own", room=ROOM, id="bot")

    async def listen(self, hear: Callable[[Said], None]) -> None:
        while True:
            call = await self._gateway.calls.get()
            if call["call"] == "messageSendText":
                hear(Said(call["chatId"], call["text"], tuple(call["mentionIds"])))
            elif call["call"] == "messageSendFile":
                hear(Said(call["chatId"], "", (), base64.b64decode(call["base64"])))
            elif call["call"] == "roomDel":
                hear(Said(call["roomId"], f"<removed {call['contactId']}>"))


@dataclass
class Town:
    """People who write, and what the bot said.

    Attributes:
        said: Everything that left, in order.
        ended: Exchanges that ended, by text.
    """

    place: Place
    reader: Reader
    said: list[Said] = field(default_factory=list)
    ended: dict[str, Exchange] = field(default_factory=dict)
    _heard: set[int] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def meet(self, *people: str) -> None:
        await self.place.meet(people)

    async def write(
        self,
        who: str,
        text: str,
        *,
        mention: Sequence[str] = (),
        private: bool = False,
        to: str = "",
    ) -> Exchange:
        """Somebody writes, in the room unless ``private``; how it ended."""
        await self.begin(who, text, mention=mention, private=private, to=to)
        return await self.ending(text)

    async def ending(self, text: str) -> Exchange:
        """How the message of that text ended, once it has."""
        await self.until(lambda: text in self.ended)
        return self.ended[text]

    async def begin(
        self,
        who: str,
        text: str,
        *,
        mention: Sequence[str] = (),
        private: bool = False,
        to: str = "",
    ) -> None:
        """Somebody writes; nothing is waited for."""
        self.ended.pop(text, None)
        await self.place.say(who, text, not (private or to), mention, to)

    async def hears(self, chat_id: str, part: str = "") -> Said:
        """The next thing said in a chat that holds ``part``, each told once."""
        found: list[int] = []

        def look() -> bool:
            found[:] = [
                number
                for number, said in enumerate(self.said)
                if number not in self._heard and said.chat_id == chat_id and part in said.text
            ]
            return bool(found)

        await self.until(look)
        self._heard.add(found[0])
        return self.said[found[0]]

    def told(self, chat_id: str) -> list[str]:
        """All texts said in a chat so far."""
        return [said.text for said in self.said if said.chat_id == chat_id]

    def note(self, exchange: Exchange) -> None:
        self.ended[exchange.message.raw] = exchange
        self._changed.set()

    def hear(self, said: Said) -> None:
        self.said.append(said)
        self._changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that one of these, or the log, will show."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():
                self._changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), LOOK_S)


@asynccontextmanager
async def place_of(kind: str) -> AsyncIterator[Place]:
    """``in-process`` or ``gateway``."""
    if kind == "in-process":
        yield InProcess()
        return
    async with node_gateway() as gateway:
        yield AtGateway(gateway)


@asynccontextmanager
async def town(settings: Settings, place: Place, engine: Engine) -> AsyncIterator[Town]:
    """The bot at work there; at the end it is stopped, and what it was about to say is said."""
    closed = asyncio.Event()
    played = Town(place, Reader(engine))

    async def until_closed() -> None:
        await closed.wait()

    channel = Channel("wechaty", place.puppet, settings.deliver, 0.0, until_closed, played.note)
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    online = asyncio.Event()

    async def logged_in(_: object) -> None:
        online.set()

    place.puppet.on("login", logged_in)
    listening = asyncio.create_task(place.listen(played.hear))
    serving = asyncio.create_task(
        service.serve(
            *(settings, channel, cast("Engine", played.reader)),
            *(Personas.load(settings), Lines.load(), None),
        )
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            await online.wait()
        yield played
        closed.set()
        await serving
        await asyncio.sleep(0.05)
    finally:
        for task in (serving, listening):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        for number, handler in before.items():
            signal.signal(number, handler)


def steps_of(settings: Settings) -> list[Step]:
    """All steps on record, oldest first."""
    with closing(Database.to_read(settings.audit)) as database, database.begin() as connection:
        return list(conduct.steps(connection, 0.0))


def takeovers_of(settings: Settings) -> list[str]:
    """Chats that the owner took over, or was given."""
    with closing(Database.to_read(settings.audit)) as database, database.begin() as connection:
        kinds = connection.execute(sa.select(orders.c.kind, orders.c.chat_id))
        return [chat_id for kind, chat_id in kinds if kind == OrderKind.TAKEOVER]
