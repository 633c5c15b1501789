"""Garbage on the wire and a gateway that freezes: the account comes back, and messages with it."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import settings
from tests.gateway_fake import FakeGateway
from tests.program import ROOT
from tests.recorder import PATIENCE_S, Recorder, running
from tests.test_connection import QUICK, puppet_of

BACK_WITHIN_S = 5.0
NOTICED_WITHIN_S = 60.0


class Noise:
    """A line to a gateway that sometimes carries bytes nobody sent.

    Args:
        target: Port of the gateway on this machine.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._tasks: set[asyncio.Task[None]] = set()
        self._to_client: list[asyncio.StreamWriter] = []
        self._to_gateway: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Noise]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for end in (*self._to_client, *self._to_gateway):
                end.transport.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await server.wait_closed()

    def insert(self, data: bytes, *, to_client: bool) -> None:
        """Put bytes into the newest connection, between whatever is on its way."""
        (self._to_client if to_client else self._to_gateway)[-1].write(data)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._to_client.append(writer)
        self._to_gateway.append(far_writer)
        for ends in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._relay(*ends))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()


def garbage(chance: random.Random) -> bytes:
    """Random bytes, text of another protocol, or an HTTP/2 frame that makes no sense."""
    length = chance.choice((1, 9, 100, 5000))
    frame = chance.randrange(1 << 14).to_bytes(3, "big") + chance.randbytes(6 + length)
    return chance.choice((chance.randbytes(length), b"HTTP/1.1 400 Bad Request\r\n\r\n", frame))


@pytest.mark.parametrize(
    "times", [2, pytest.param(100, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])]
)
async def test_garbage_on_the_wire_is_survived(times: int) -> None:
    """Random bytes to either side, 100 times: messages come through again within 5 s."""
    recorder, chance, took = Recorder(), random.Random(times), list[float]()  # noqa: S311
    channel = QUICK.model_copy(update={"keepalive_s": 1.0, "call_timeout_s": 1.0})
    gateway = FakeGateway()
    gateway.add_contact("alice", "Alice")
    async with (
        gateway.serving(),
        Noise(gateway.port).up() as noise,
        running(puppet_of(noise.port, channel=channel), recorder, channel) as account,
    ):
        for n in range(times):
            noise.insert(garbage(chance), to_client=chance.random() < 0.7)
            start = time.monotonic()
            await heard(gateway, recorder, f"第{n}句")
            took.append(time.monotonic() - start)
        await account.send("alice", "在")

        sent = await asyncio.wait_for(gateway.sent.get(), PATIENCE_S)
    print(f"garbage {times} times: heard again after at most {max(took):.1f} s")

    assert max(took) < BACK_WITHIN_S
    assert sent[:2] == ("alice", "在")


async def heard(gateway: FakeGateway, recorder: Recorder, text: str) -> None:
    """Say it, again and again as a person would, until it is heard."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            gateway.receive("alice", text)
            await asyncio.sleep(0.02)
            while not recorder.messages.empty():
                if recorder.messages.get_nowait().text == text:
                    return


@pytest.mark.soak
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
async def test_a_frozen_gateway_is_noticed_with_the_settings_as_shipped() -> None:
    """SIGSTOP: its connections stay, its silence is noticed within 60 s, its return at once."""
    recorder, channel = Recorder(), settings.Channel()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.gateway_fake", "token"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))
        async with running(puppet_of(port, channel=channel), recorder, channel):
            process.send_signal(signal.SIGSTOP)
            frozen = time.monotonic()
            told = await asyncio.wait_for(recorder.told.get(), NOTICED_WITHIN_S)
            noticed_after = time.monotonic() - frozen
            process.send_signal(signal.SIGCONT)
            back = time.monotonic()
            told_again = await asyncio.wait_for(recorder.told.get(), NOTICED_WITHIN_S)
            back_after = time.monotonic() - back
    finally:
        process.kill()
        await process.wait()
    print(f"frozen gateway noticed after {noticed_after:.0f} s, back after {back_after:.1f} s")

    assert (told[0], told_again[0]) == ("offline", "online")
    assert noticed_after < NOTICED_WITHIN_S
    assert back_after < BACK_WITHIN_S + settings.Channel().reconnect_max_s
