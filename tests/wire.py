"""A line to a gateway that can be cut, so that its other end looks killed and comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Wire:
    """Passes bytes between a port of its own and a gateway's, while it is up.

    Args:
        target: Port of the gateway on this machine.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._newest: tuple[asyncio.StreamWriter, asyncio.StreamWriter] | None = None
        self._relays: set[asyncio.Task[None]] = set()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def insert(self, data: bytes, *, to_client: bool) -> None:
        """Put bytes into the newest connection, between whatever is on its way."""
        assert self._newest is not None
        to_its_client, to_the_gateway = self._newest
        (to_its_client if to_client else to_the_gateway).write(data)

    async def down(self) -> None:
        """Refuse connections, and break those there are without a word: what a kill looks like."""
        if self._server is None:
            return
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*self._relays, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._ends |= {writer, far_writer}
        self._newest = writer, far_writer
        for task in (
            asyncio.create_task(self._relay(reader, far_writer)),
            asyncio.create_task(self._relay(far_reader, writer)),
        ):
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._ends.discard(writer)


@asynccontextmanager
async def wired(target: int) -> AsyncIterator[Wire]:
    """A wire that is up, and down for good afterwards."""
    wire = Wire(target)
    await wire.up()
    try:
        yield wire
    finally:
        await wire.down()
