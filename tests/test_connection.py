"""The connection to a gateway, over real gRPC: what breaks it, and that it always comes back."""

from __future__ import annotations

import asyncio
import itertools
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from wechaty_grpc.wechaty.puppet import EventResponse, EventType

import settings
from handlers.exchange import Kind
from handlers.refusal import NotSent
from tests.gateway_fake import TEXT, FakeGateway
from tests.recorder import PATIENCE_S, Recorder, running
from tests.wire import Wire, wired
from wechat.account import Account
from wechat.connection import READ_AHEAD, ReconnectingPuppet
from wechat.endpoint import ENDPOINT, TOKEN, from_environment
from wechat.errors import GatewayRefused, NotConnected, SendUncertain

#: Waits as short as the settings allow, so that a test of recovery is not a test of patience.
QUICK = settings.Channel(reconnect_max_s=0.5, call_timeout_s=5)

BACK_WITHIN_S = 5.0
ROOT = Path(__file__).resolve().parent.parent


def puppet_of(
    port: int, token: str = "token", channel: settings.Channel = QUICK
) -> ReconnectingPuppet:
    environment = {TOKEN: token, ENDPOINT: f"localhost:{port}"}
    return ReconnectingPuppet(from_environment(channel, environment), channel)


@asynccontextmanager
async def connected(
    recorder: Recorder, channel: settings.Channel = QUICK
) -> AsyncIterator[tuple[FakeGateway, Wire, Account]]:
    """An account that is online at a gateway, with a wire between them to cut."""
    gateway = FakeGateway()
    gateway.add_contact("alice", "Alice")
    async with (
        gateway.serving(),
        wired(gateway.port) as wire,
        running(puppet_of(wire.port, channel=channel), recorder, channel) as account,
    ):
        yield gateway, wire, account


async def test_a_message_comes_in_and_a_text_goes_out() -> None:
    """Both directions work over the wire; the text's id is the one the gateway gave it."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, account):
        gateway.receive("alice", "你好")
        message = await recorder.next_message()

        sent_id = await account.send(message.chat_id, "在呢", [("alice", "Alice")])

    assert (message.text, message.kind, message.is_official) == ("你好", Kind.TEXT, False)
    assert gateway.sent.get_nowait() == ("alice", "@Alice\u2005在呢", ["alice"])
    assert sent_id is not None
    assert sent_id.startswith("out-")


async def test_connecting_does_not_log_the_account_out() -> None:
    """No Stop is sent, neither at the first connection nor at the next, nor at the end."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, wire, _):
        await kill_and_recover(gateway, wire, recorder, down_s=0)

    assert gateway.calls == ["Start", "Start"]


async def kill_and_recover(
    gateway: FakeGateway, wire: Wire, recorder: Recorder, down_s: float
) -> float:
    """Kill a gateway, have it back, and see a message through; seconds from back to online."""
    await wire.down()
    assert (await recorder.next_told())[0] == "offline"
    await asyncio.sleep(down_s)
    back = time.monotonic()
    await wire.up()
    assert (await recorder.next_told())[0] == "online"
    took = time.monotonic() - back
    gateway.receive("alice", "还在吗")
    assert (await recorder.next_message()).text == "还在吗"
    return took


@pytest.mark.parametrize(
    ("num_kills", "longest_down_s", "channel"),
    [
        (10, 0.5, QUICK),
        pytest.param(
            *(100, 10.0, settings.Channel()),
            marks=[pytest.mark.soak, pytest.mark.timeout(1500)],
        ),
    ],
)
async def test_a_killed_gateway_is_reached_again(
    num_kills: int, longest_down_s: float, channel: settings.Channel
) -> None:
    """After each kill the account is online again within seconds of the gateway's return."""
    recorder, chance = Recorder(), random.Random(7)  # noqa: S311
    async with connected(recorder, channel) as (gateway, wire, _):
        took = [
            await kill_and_recover(gateway, wire, recorder, chance.uniform(0, longest_down_s))
            for _ in range(num_kills)
        ]

    assert max(took) < BACK_WITHIN_S


MALFORMED = (
    b"\xff\xff\xff",
    b"\x08\x02\x12\x03\xff\xfe\xfd",  # a message whose payload is not UTF-8
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="")),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="{")),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="null")),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="[1]")),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="{}")),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload='{"messageId": 5}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload="[" * 100_000)),
    bytes(EventResponse(type=EventType.EVENT_TYPE_MESSAGE, payload='{"messageId": "none"}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_LOGIN, payload='{"contactId": null}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_SCAN, payload='{"status": 99}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_ROOM_JOIN, payload='{"inviteeIdList": "x"}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_DIRTY, payload='{"payloadType": "x"}')),
    bytes(EventResponse(type=EventType.EVENT_TYPE_ERROR, payload='{"gerror": "{}"}')),
)


@pytest.mark.parametrize("number", [200, pytest.param(1000, marks=pytest.mark.soak)])
async def test_a_malformed_event_costs_only_itself(number: int) -> None:
    """With one before each good message, every good one is handled, on one connection."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        for data in itertools.islice(itertools.cycle(MALFORMED), number):
            gateway.emit_raw(data)
            gateway.receive("alice", "你好")

        received = [(await recorder.next_message()).text for _ in range(number)]

    assert received == ["你好"] * number
    assert gateway.calls.count("Start") == 1
    assert recorder.told.empty()


async def test_unknown_types_are_survived() -> None:
    """Messages of types 0 to 63 all arrive, those we do not know as unknown; events likewise."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        for kind in range(64):
            gateway.emit(kind)
            gateway.receive("alice", "…", kind=kind)

        kinds = [(await recorder.next_message()).kind for _ in range(64)]

    assert kinds[TEXT] is Kind.TEXT
    assert kinds[15] is Kind.VIDEO
    assert set(kinds[16:]) == {Kind.UNKNOWN}
    assert gateway.calls.count("Start") == 1


async def test_every_login_of_a_session_is_seen() -> None:
    """Ten logins are ten, where upstream sees the first alone."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        for _ in range(9):
            gateway.log_in()

        told = [await recorder.next_told() for _ in range(9)]

    assert told == [("online", "机器人", 0.0)] * 9


async def test_messages_come_in_order_with_few_asked_for_at_once() -> None:
    """A burst is read ahead only so far, however many there are, and nothing overtakes."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        sent = [gateway.receive("alice", "…") for _ in range(1000)]

        received = [(await recorder.next_message()).id for _ in sent]

    assert received == sent
    assert 1 < gateway.most_lookups <= READ_AHEAD + 2


async def test_a_backlog_of_events_does_not_keep_messages_from_being_looked_up() -> None:
    """Events wait at the gateway, of which 8 MB here do, without using up the line for calls."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        for _ in range(80):
            gateway.emit(EventType.EVENT_TYPE_HEARTBEAT, data="x" * 100_000)
            gateway.receive("alice", "你好")

        received = [(await recorder.next_message()).text for _ in range(80)]

    assert received == ["你好"] * 80


async def test_what_changed_is_looked_up_anew() -> None:
    """A gateway's word that a contact or a room is out of date is heeded."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        gateway.add_room("room", "旧群名", ["bot", "alice"])
        gateway.receive("alice", "一", room_id="room")
        before = await recorder.next_message()
        gateway.add_contact("alice", "艾丽丝")
        gateway.add_room("room", "新群名", ["bot", "alice"])
        gateway.emit(EventType.EVENT_TYPE_DIRTY, payloadType=2, payloadId="alice")
        gateway.emit(EventType.EVENT_TYPE_ROOM_TOPIC, roomId="room", newTopic="新群名")
        gateway.receive("alice", "二", room_id="room")

        after = await recorder.next_message()

    assert (before.talker_name, before.room_name) == ("Alice", "旧群名")
    assert (after.talker_name, after.room_name) == ("艾丽丝", "新群名")


async def test_a_wrong_token_ends_the_program_with_a_reason() -> None:
    """The first connection fails for good, names the variable, and nowhere is the token seen."""
    gateway, recorder = FakeGateway("right"), Recorder()
    async with gateway.serving():
        puppet = puppet_of(gateway.port, "wrong-secret")
        account = Account(puppet, QUICK, settings.Account(), recorder)
        with capture_logs() as lines, pytest.raises(GatewayRefused, match=TOKEN) as raised:
            await asyncio.wait_for(account.run(), PATIENCE_S)

    assert "wrong-secret" not in f"{raised.value}{raised.value.__cause__}{lines}"
    assert f"localhost:{gateway.port}" in str(raised.value)


async def test_a_token_changed_later_is_reported_and_waited_out() -> None:
    """Once it was connected, a refusal may be a gateway in the middle of being set up anew."""
    recorder = Recorder()
    with capture_logs() as lines:
        async with connected(recorder) as (gateway, wire, _):
            gateway.token = "another"
            await wire.down()
            await wire.up()
            assert (await recorder.next_told())[0] == "offline"
            await until(lambda: "gateway.refused" in events(lines))
            gateway.token = "token"

            told = await recorder.next_told()

    assert told[0] == "online"
    assert events(lines).count("gateway.refused") == 1


async def test_a_gateway_that_is_down_at_the_start_is_waited_for() -> None:
    """It is said once where it was looked for and what to check, however many attempts are made."""
    gateway, recorder = FakeGateway(), Recorder()
    with capture_logs() as lines:
        async with gateway.serving(), wired(gateway.port) as wire:
            await wire.down()
            account = Account(puppet_of(wire.port), QUICK, settings.Account(), recorder)
            run = asyncio.create_task(account.run())
            await asyncio.sleep(1.5)
            await wire.up()

            told = await recorder.next_told()
            await account.close()
            await run

    (down,) = [line for line in lines if line["event"] == "gateway.down"]
    assert told == ("online", "机器人", None)
    assert (down["endpoint"], down["log_level"]) == (f"localhost:{wire.port}", "warning")
    assert ENDPOINT in down["check"]
    assert "refused" in down["reason"].lower() or "connect call failed" in down["reason"].lower()


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="no process can be stopped here")
@pytest.mark.parametrize(
    ("channel", "within_s"),
    [
        (QUICK.model_copy(update={"keepalive_s": 1.0, "call_timeout_s": 1.0}), 3.0),
        pytest.param(settings.Channel(), 60.0, marks=pytest.mark.soak, id="as shipped"),
    ],
)
async def test_a_frozen_gateway_is_noticed(channel: settings.Channel, within_s: float) -> None:
    """A process that is stopped keeps its connections; pings left unanswered give it away."""
    recorder = Recorder()
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
            told = await asyncio.wait_for(recorder.told.get(), max(within_s, PATIENCE_S))
            noticed_after = time.monotonic() - frozen
            process.send_signal(signal.SIGCONT)
            back = time.monotonic()
            told_again = await recorder.next_told()
            back_after = time.monotonic() - back
    finally:
        process.kill()
        await process.wait()
    print(f"frozen gateway noticed after {noticed_after:.0f} s, back after {back_after:.1f} s")

    assert (told[0], told_again[0]) == ("offline", "online")
    assert noticed_after < within_s
    assert back_after < BACK_WITHIN_S + channel.reconnect_max_s


async def test_an_account_held_by_another_client_is_taken_over_once() -> None:
    """A stale stream is ended by one Stop; where somebody takes it back, there is no second one."""
    gateway, recorder = FakeGateway(), Recorder()
    gateway.held_by_other = True
    with capture_logs() as lines:
        async with (
            gateway.serving(),
            wired(gateway.port) as wire,
            running(puppet_of(wire.port), recorder, QUICK),
        ):
            gateway.held_by_other = True
            await wire.down()
            await wire.up()
            assert (await recorder.next_told())[0] == "offline"
            await until(lambda: gateway.calls.count("Start") >= 8)

    assert gateway.calls.count("Stop") == 1
    assert events(lines).count("gateway.taken") == 2


async def test_a_call_that_is_not_answered_ends_at_its_deadline() -> None:
    """It has begun, so nobody knows whether it got through."""
    channel = QUICK.model_copy(update={"call_timeout_s": 0.3})
    async with connected(Recorder(), channel) as (gateway, _, account):
        gateway.hold.add("MessageSendText")
        began = time.monotonic()

        with pytest.raises(SendUncertain):
            await account.send("alice", "在吗")

    assert time.monotonic() - began < 2


async def test_a_text_whose_answer_is_lost_is_uncertain() -> None:
    """The gateway took it and was gone before it could say so: sent once, and never again."""
    async with connected(Recorder()) as (gateway, wire, account):
        gateway.on_sent = wire.down

        with pytest.raises(SendUncertain):
            await account.send("alice", "在吗")

    assert gateway.sent.qsize() == 1


async def test_a_picture_and_a_removal_go_over_the_wire_once() -> None:
    """What is lost on the way back is uncertain; a member who was removed is one no more."""
    async with connected(Recorder()) as (gateway, _, account):
        gateway.add_room("room", "实验室", ["bot", "alice", "bob"], owner_id="bot")
        sent_id = await account.send_picture("alice", b"\x89PNG", "日报.png")
        owns, was_member = await account.owns("room"), await account.is_member("room", "bob")
        await account.remove("room", "bob")
        is_member = await account.is_member("room", "bob")
        elsewhere = await account.owns("nowhere"), await account.is_member("nowhere", "bob")

        assert gateway.files.get_nowait() == ("alice", "日报.png", b"\x89PNG")
    assert sent_id
    assert (owns, was_member, is_member, elsewhere) == (True, True, False, (False, False))
    assert gateway.calls.count("RoomDel") == 1


async def test_a_picture_or_a_removal_that_is_not_answered_is_uncertain() -> None:
    """Either may have happened, so neither is tried again."""
    channel = QUICK.model_copy(update={"call_timeout_s": 0.3})
    async with connected(Recorder(), channel) as (gateway, _, account):
        gateway.hold |= {"MessageSendFile", "RoomDel"}

        for attempt in (account.send_picture("alice", b"", "a.png"), account.remove("room", "bob")):
            with pytest.raises(SendUncertain):
                await attempt


async def test_a_text_for_a_gateway_that_is_gone_is_certainly_not_sent() -> None:
    """Handlers can tell: the error is theirs as well."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, wire, account):
        await wire.down()
        await recorder.next_told()

        with pytest.raises(NotConnected) as raised:
            await account.send("alice", "在吗")

    assert isinstance(raised.value, NotSent)
    assert gateway.sent.empty()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


def events(lines: Sequence[Mapping[str, object]]) -> list[object]:
    return [line["event"] for line in lines]
