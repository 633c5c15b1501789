"""Garbage on the wire: the account comes back, and messages with it."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.gateway_fake import FakeGateway
from tests.recorder import PATIENCE_S, Recorder, running
from tests.test_connection import QUICK, puppet_of
from tests.wire import wired

BACK_WITHIN_S = 5.0


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
        wired(gateway.port) as wire,
        running(puppet_of(wire.port, channel=channel), recorder, channel) as account,
    ):
        for n in range(times):
            wire.insert(garbage(chance), to_client=chance.random() < 0.7)
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
