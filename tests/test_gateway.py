"""The account at the real npm gateway with its mock puppet."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import settings
from handlers.exchange import Kind
from tests.gateway_node import NodeGateway, installed, node_gateway
from tests.recorder import PATIENCE_S, Recorder, running
from wechat.account import Account
from wechat.connection import ReconnectingPuppet
from wechat.endpoint import ENDPOINT, TOKEN, from_environment
from wechat.errors import GatewayRefused

pytestmark = [pytest.mark.gateway, pytest.mark.timeout(900)]

QUICK = settings.Channel(reconnect_max_s=0.5)
ROOM = "lab@chatroom"


def puppet_of(gateway: NodeGateway, channel: settings.Channel = QUICK) -> ReconnectingPuppet:
    environment = {TOKEN: "token", ENDPOINT: f"127.0.0.1:{gateway.port}"}
    return ReconnectingPuppet(from_environment(channel, environment), channel)


@asynccontextmanager
async def connected(
    recorder: Recorder,
    channel: settings.Channel = QUICK,
    show_code: list[str] | None = None,
) -> AsyncIterator[tuple[NodeGateway, Account, ReconnectingPuppet]]:
    async with node_gateway() as gateway:
        puppet = puppet_of(gateway, channel)
        async with running(puppet, recorder, channel, show_code) as account:
            yield gateway, account, puppet


async def test_a_private_message_is_answered_and_the_answer_known_as_our_own() -> None:
    """It comes in translated; what is sent comes back from the gateway as a message of ours."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, account, _):
        await gateway.say("alice", "你好", ageS=7)
        message = await recorder.next_message()
        sent_id = await account.send(message.chat_id, "在呢")
        call = await gateway.called("messageSendText")

        own = await recorder.next_message()

    assert (account.id, account.name) == ("bot", "机器人")
    assert (message.chat_id, message.talker_name, message.text) == ("alice", "Alice", "你好")
    assert (message.kind, message.is_official, message.is_self) == (Kind.TEXT, False, False)
    assert own.sent_at - message.sent_at == pytest.approx(7, abs=5)
    assert (call["chatId"], call["text"], call["id"]) == ("alice", "在呢", sent_id)
    assert (own.id, own.is_self, own.chat_id) == (sent_id, True, "alice")


async def test_group_messages_are_read_and_mentions_found() -> None:
    """Without a mention, with one by id, and with one by name alone; and one of ours goes out."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, account, _):
        await gateway.say("alice", "@Bob 鲍勃 今天谁值班", room=ROOM, mention=["bob"])
        await gateway.say("bob", "@机器人\u2005在吗", room=ROOM, mention=["bot"])
        await gateway.say("bob", "@一心 在吗", room=ROOM)
        plain, by_id, by_name = [await recorder.next_message() for _ in range(3)]
        await account.send(ROOM, "在呢", [("bob", by_id.talker_name)])

        call = await gateway.called("messageSendText")

    assert (plain.chat_id, plain.room_name, plain.mentions_me) == (ROOM, "实验室", False)
    assert (plain.mention_ids, by_id.mention_ids) == (("bob",), ())
    assert (by_id.talker_name, by_id.text, by_id.mentions_me) == ("Bob 鲍勃", "在吗", True)
    assert (by_name.text, by_name.mentions_me) == ("在吗", True)
    assert (call["text"], call["mentionIds"]) == ("@Bob 鲍勃\u2005在呢", ["bob"])


async def test_a_picture_arrives_at_the_gateway() -> None:
    """Whole, under its name, and with an id for it."""
    png = bytes(range(256)) * 160
    async with connected(Recorder()) as (gateway, account, _):
        sent_id = await account.send_picture("alice", png, "日报.png")

        call = await gateway.called("messageSendFile")

    assert (call["chatId"], call["name"]) == ("alice", "日报.png")
    assert base64.b64decode(call["base64"]) == png
    assert sent_id


async def test_a_member_is_removed_by_the_owner_of_a_room() -> None:
    """A new owner and a member who left are known, though the gateway keeps what it knew."""
    async with connected(Recorder()) as (gateway, account, _):
        before = await account.owns(ROOM)
        await gateway.do("own", room=ROOM, id="bot")
        owned = await account.owns(ROOM)
        was_member = await account.is_member(ROOM, "bob")
        await account.remove(ROOM, "bob")
        call = await gateway.called("roomDel")

        is_member = await account.is_member(ROOM, "bob")

    assert (before, owned) == (False, True)
    assert (was_member, is_member) == (True, False)
    assert (call["roomId"], call["contactId"]) == (ROOM, "bob")


async def test_joins_requests_and_invitations() -> None:
    """A newcomer is told by name; requests and invitations are accepted as the settings say."""
    recorder = Recorder()
    channel = QUICK.model_copy(
        update={
            "friend_requests": "accept-with-word",
            "friend_word": "芝麻开门",
            "room_invitations": "accept",
        }
    )
    async with connected(recorder, channel) as (gateway, _, _):
        await gateway.do("join", id="carol", name="Carol", room=ROOM, by="alice")
        joined = await recorder.next_told()
        await gateway.do("befriend", **{"from": "bob"}, hello="你好")
        await gateway.do("befriend", **{"from": "alice"}, hello="芝麻开门！")
        befriended = await recorder.next_told()
        await gateway.do("invite", id="invitation-1")

        invitation = await gateway.called("roomInvitationAccept")

    assert joined == ("joined", ROOM, "实验室", (("carol", "Carol"),))
    assert befriended == ("befriended", "alice")
    assert invitation["id"] == "invitation-1"
    assert recorder.told.empty()


async def test_logout_login_and_the_code_between() -> None:
    """Both are told, with the reason; the code to be scanned is shown."""
    recorder, codes = Recorder(), list[str]()
    async with connected(recorder, show_code=codes) as (gateway, account, _):
        await gateway.do("logout", reason="在别处登录")
        out, online_then = await recorder.next_told(), account.online
        await gateway.do("scan", code="https://login.weixin.qq.com/l/abc")
        await gateway.do("login")

        back = await recorder.next_told()

    assert (out, online_then) == (("offline", "logged out: 在别处登录"), False)
    assert back[:2] == ("online", "机器人")
    assert codes == ["https://login.weixin.qq.com/l/abc"]


async def test_a_killed_and_restarted_gateway_is_survived() -> None:
    """The outage and the return are told, and messages flow again."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, account, _):
        await gateway.kill()
        out = await recorder.next_told()
        await gateway.start()
        back = await recorder.next_told()
        await gateway.say("alice", "还在吗")
        message = await recorder.next_message()

        await account.send(message.chat_id, "在")

        assert (await gateway.called("messageSendText"))["text"] == "在"
    assert (out[0], back[0]) == ("offline", "online")


async def test_texts_whose_fields_moved_are_set_and_read() -> None:
    """Topic, announcement and alias reach a 1.x gateway, to which upstream's calls only ask."""
    async with connected(Recorder()) as (gateway, _, puppet):
        await puppet.room_topic(ROOM, "新群名")
        topic = await gateway.called("roomTopic")
        await puppet.room_announce(ROOM, "明天开会")
        await puppet.contact_alias("alice", "小艾")

        texts = [await puppet.room_announce(ROOM), await puppet.contact_alias("alice")]

    assert topic["text"] == "新群名"
    assert texts == ["明天开会", "小艾"]


async def test_odd_messages_do_not_stop_the_next() -> None:
    """Unknown types, a message that is gone, an error, a post: all survived in one session."""
    recorder = Recorder()
    async with connected(recorder) as (gateway, _, _):
        for kind in (10, 16, 63):
            await gateway.say("alice", "…", type=kind)
        await gateway.do("emit", name="message", payload={"messageId": "gone"})
        await gateway.do("emit", name="error", payload={"gerror": "{}"})
        await gateway.do("emit", name="post", payload={"postId": "1"})
        await gateway.say("nobody", "我是谁")
        await gateway.say("alice", "你好")

        received = [await recorder.next_message() for _ in range(5)]

    assert [message.kind for message in received[:3]] == [Kind.UNKNOWN] * 3
    assert (received[3].is_official, received[3].talker_id) == (True, "nobody")
    assert received[4].text == "你好"


async def test_a_wrong_token_is_refused_without_being_repeated() -> None:
    """The gateway quotes it in its answer; the error does not."""
    async with node_gateway("right") as gateway:
        environment = {TOKEN: "wrong-secret", ENDPOINT: f"127.0.0.1:{gateway.port}"}
        puppet = ReconnectingPuppet(from_environment(QUICK, environment), QUICK)
        account = Account(puppet, QUICK, settings.Account(), Recorder())

        with pytest.raises(GatewayRefused, match=TOKEN) as raised:
            await asyncio.wait_for(account.run(), PATIENCE_S)

    assert "wrong-secret" not in str(raised.value)


async def test_the_certificate_that_gateways_bring_along(tmp_path: Path) -> None:
    """It works with the Wechaty project's CA file and the name it bears."""
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text(await asyncio.to_thread(wechaty_ca))
    channel = QUICK.model_copy(update={"tls_ca": str(ca_file), "tls_name": "insecure"})
    recorder = Recorder()
    async with (
        node_gateway(tls=True) as gateway,
        running(puppet_of(gateway, channel), recorder, channel),
    ):
        await gateway.say("alice", "你好")

        message = await recorder.next_message()

    assert message.text == "你好"


def wechaty_ca() -> str:
    """The CA certificate inside the gateway's package."""
    module = "wechaty-puppet-service/dist/cjs/src/auth/ca.js"
    code = f"console.log(JSON.stringify(require('./node_modules/{module}').TLS_CA_CERT))"
    done = subprocess.run(
        ["node", "-e", code], cwd=installed(), capture_output=True, text=True, check=True
    )
    text: str = json.loads(done.stdout)
    return text
