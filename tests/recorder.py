"""Handlers that write down what they are told, and an account run for as long as a test needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from wechaty_puppet import Puppet

import settings
from handlers.exchange import Message
from wechat.account import Account

#: Long enough for a busy machine; nothing here waits for it unless something is wrong.
PATIENCE_S = 10.0

Told = tuple[object, ...]


class Recorder:
    """Keeps messages in one queue and everything else in another, each in order."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.told: asyncio.Queue[Told] = asyncio.Queue()

    async def message(self, message: Message) -> None:
        self.messages.put_nowait(message)

    async def joined(self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]) -> None:
        self.told.put_nowait(("joined", room_id, room_name, tuple(people)))

    async def online(self, name: str, away_s: float | None) -> None:
        self.told.put_nowait(("online", name, away_s))

    async def offline(self, reason: str) -> None:
        self.told.put_nowait(("offline", reason))

    async def befriended(self, contact_id: str) -> None:
        self.told.put_nowait(("befriended", contact_id))

    async def next_message(self) -> Message:
        return await asyncio.wait_for(self.messages.get(), PATIENCE_S)

    async def next_told(self) -> Told:
        return await asyncio.wait_for(self.told.get(), PATIENCE_S)


@asynccontextmanager
async def running(
    puppet: Puppet,
    recorder: Recorder,
    channel: settings.Channel | None = None,
    show_code: list[str] | None = None,
) -> AsyncIterator[Account]:
    """An account on a puppet, logged in; closed and run to its end afterwards.

    Args:
        show_code: Takes the login codes that would have been drawn.
    """
    codes = [] if show_code is None else show_code
    account = Account(
        puppet,
        channel or settings.Channel(),
        settings.Account(name="一心"),
        recorder,
        show_code=codes.append,
    )
    run = asyncio.create_task(account.run())
    try:
        assert (await recorder.next_told())[0] == "online"
        yield account
    finally:
        await account.close()
        await asyncio.wait_for(run, PATIENCE_S)
