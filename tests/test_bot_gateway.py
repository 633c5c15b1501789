"""The whole bot at the real npm gateway: from a WeChat message to its answer and its audit row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from handlers.exchange import Gate, Outcome
from tests.gateway_node import NodeGateway, node_gateway
from tests.program import Home, Running, running
from wechat.endpoint import ENDPOINT, TOKEN

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(900)]

ROOM = "lab@chatroom"
#: Answers at once: how long a person would wait is tested elsewhere.
QUICK = {
    "CHANNEL__KIND": "wechaty",
    "CHANNEL__RECONNECT_MAX_S": "0.5",
    "DELIVER__DELAY_MIN_S": "0",
    "DELIVER__DELAY_MAX_S": "0",
    "DELIVER__DELAY_PER_CHAR_S": "0",
    "DELIVER__GAP_S": "0",
    "ANSWER__BURST_S": "0.2",
    "LOG__FORMAT": "json",
}


@asynccontextmanager
async def bot_at(gateway: NodeGateway, home: Home, **overrides: str) -> AsyncIterator[Running]:
    where = {TOKEN: "token", ENDPOINT: f"127.0.0.1:{gateway.port}"}
    async with running(home, QUICK | where | overrides) as program:
        await program.logged("account.online")
        yield program


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.furnish(tmp_path_factory.mktemp("home"))


@pytest.fixture
def home(furnished: Home, tmp_path: Path) -> Home:
    return furnished.with_audit(tmp_path / "audit")


async def recorded(home: Home, text: str, outcome: Outcome) -> None:
    """Wait until the row of a message has an outcome."""
    async with asyncio.timeout(60):
        while not any(r.raw == text and r.outcome == outcome for r in home.records()):
            await asyncio.sleep(0.05)


async def test_messages_are_answered_as_promised(home: Home) -> None:
    """A direct message and an @mention are answered; chatter, own and stale ones only recorded."""
    async with node_gateway() as gateway, bot_at(gateway, home):
        await gateway.say("alice", "你好")
        private = await gateway.called("messageSendText")
        await gateway.say("bob", "中午吃什么", room=ROOM)
        await gateway.say("alice", "很久以前的话", ageS=3600)
        await gateway.say("bot", "我自己说的", to="alice")
        await gateway.say("alice", "@一心\u2005在吗", room=ROOM)
        mentioned = await gateway.called("messageSendText")
        await recorded(home, "@一心\u2005在吗", Outcome.SENT)

    assert private["chatId"] == "alice"
    assert (mentioned["chatId"], mentioned["mentionIds"]) == (ROOM, ["alice"])
    assert mentioned["text"].startswith("@Alice\u2005")
    assert home.record_of("你好").mood is not None
    assert home.record_of("中午吃什么").gate == Gate.NOT_ADDRESSED
    assert home.record_of("中午吃什么").mood is not None
    assert home.record_of("很久以前的话").gate == Gate.STALE
    assert home.record_of("我自己说的").gate == Gate.OWN


async def test_a_restarted_gateway_is_survived(home: Home) -> None:
    """The gateway is killed and comes back: the bot logs in again and answers, in one process."""
    async with node_gateway() as gateway, bot_at(gateway, home) as program:
        await gateway.say("alice", "第一句")
        await recorded(home, "第一句", Outcome.SENT)
        await gateway.kill()
        await program.logged("account.offline")
        await gateway.start()
        async with asyncio.timeout(30):
            while program.log.count("account.online") < 2:
                await asyncio.sleep(0.05)
        await gateway.say("alice", "第二句")
        await recorded(home, "第二句", Outcome.SENT)

    # The answers come back as the account's own messages; the last may not be through yet.
    assert [r.outcome for r in home.records() if r.talker_id == "alice"] == [Outcome.SENT] * 2


async def test_the_same_message_after_a_restart_of_the_bot_is_not_answered_again(
    home: Home,
) -> None:
    """A puppet that replays a message to the next process gets one answer and one row in all."""
    async with node_gateway() as gateway:
        async with bot_at(gateway, home):
            await gateway.say("alice", "只说一次", id="replayed")
            await gateway.called("messageSendText")
            await recorded(home, "只说一次", Outcome.SENT)
        async with bot_at(gateway, home):
            await gateway.say("alice", "只说一次", id="replayed")
            await gateway.say("alice", "下一句")
            answer = await gateway.called("messageSendText")
            await recorded(home, "下一句", Outcome.SENT)

    assert answer["chatId"] == "alice"
    assert len([r for r in home.records() if r.raw == "只说一次"]) == 1


@pytest.mark.soak
async def test_a_wrong_token_ends_the_program_with_the_way_out(home: Home) -> None:
    """A gateway that does not accept the token: exit 1, the variable named, the token not."""
    async with node_gateway(token="right-token") as gateway:
        where = {TOKEN: "wrong-token-1234", ENDPOINT: f"127.0.0.1:{gateway.port}"}
        async with running(home, QUICK | where) as program:
            code = await program.ended()

    assert code == 1
    assert TOKEN in program.log
    assert "wrong-token-1234" not in program.log


@pytest.mark.soak
async def test_a_gateway_that_is_down_is_waited_for(home: Home) -> None:
    """Started before its gateway the bot says so once, waits, and answers when it is there."""
    async with node_gateway() as gateway:
        await gateway.kill()
        where = {TOKEN: "token", ENDPOINT: f"127.0.0.1:{gateway.port}"}
        async with running(home, QUICK | where) as program:
            await program.logged("gateway.down")
            await gateway.start()
            await program.logged("account.online")
            await gateway.say("alice", "来了吗")
            await gateway.called("messageSendText")

    assert program.log.count("gateway.down") == 1
