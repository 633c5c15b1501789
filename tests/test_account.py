"""The account on the in-process puppet: a real Wechaty, no gateway."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

import pytest
from grpclib import GRPCError, Status
from wechaty_puppet import FileBox, FriendshipType

import settings
from handlers.exchange import Message
from tests.recorder import PATIENCE_S, Recorder, running
from wechat.account import Account
from wechat.connection import ReconnectingPuppet
from wechat.endpoint import ENDPOINT, TOKEN, from_environment
from wechat.errors import NotConnected, SendRestricted, SendUncertain
from wechat.login_code import draw_login_code
from wechat.presence import Identity, Presence
from wechat.puppet import InProcessPuppet, Sent

#: To a puppet, any bytes are a picture.
PNG = bytes(range(256)) * 100


def small_world() -> InProcessPuppet:
    puppet = InProcessPuppet("bot", "机器人")
    puppet.add_contact("alice", "Alice")
    puppet.add_contact("bob", "Bob")
    puppet.add_room("room", "实验室", ["bot", "alice"], owner_id="bot")
    puppet.add_room("other", "别人的群", ["bot", "alice"], owner_id="alice")
    return puppet


async def test_a_login_names_the_account() -> None:
    """After the login the account is online under its own nickname; the first has no time away."""
    puppet, recorder = small_world(), Recorder()
    account = Account(puppet, settings.Channel(), settings.Account(name="一心"), recorder)
    before = (account.online, account.id, account.name)
    run = asyncio.create_task(account.run())

    told = await recorder.next_told()

    assert before == (False, "", "一心")
    assert told == ("online", "机器人", None)
    assert (account.online, account.id, account.name) == (True, "bot", "机器人")
    await account.close()
    await run
    assert not account.online


async def test_messages_arrive_one_at_a_time_in_order() -> None:
    """Of 500 messages none overtakes another, even where a handler is slow with some."""
    puppet, recorder = small_world(), SlowRecorder()
    async with running(puppet, recorder):
        sent = [puppet.receive("alice", f"第{i}条") for i in range(500)]

        received = [(await recorder.next_message()).id for _ in sent]

    assert received == sent
    assert recorder.most_at_once == 1


class SlowRecorder(Recorder):
    """Gives way to others now and then, and counts how many messages it is given at once."""

    def __init__(self) -> None:
        super().__init__()
        self._at_once = 0
        self.most_at_once = 0

    async def message(self, message: Message) -> None:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0.001 if message.text.endswith("0条") else 0)
        self._at_once -= 1
        await super().message(message)


async def test_an_id_that_comes_twice_is_told_twice() -> None:
    """Whether a message was seen before is for the handlers to say, who keep a row of each."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder):
        for _ in range(2):
            puppet.receive("alice", "在吗", message_id="same")

        received = [await recorder.next_message(), await recorder.next_message()]

    assert [message.id for message in received] == ["same", "same"]


async def test_a_handler_that_fails_does_not_stop_the_next_message() -> None:
    """An exception out of a handler costs the one message it was about."""
    puppet, recorder = small_world(), FailingRecorder()
    async with running(puppet, recorder):
        puppet.receive("alice", "boom")
        puppet.receive("alice", "你好")

        received = await recorder.next_message()

    assert received.text == "你好"


class FailingRecorder(Recorder):
    async def message(self, message: Message) -> None:
        if message.text == "boom":
            raise RuntimeError("a handler's own fault")
        await super().message(message)


async def test_a_text_goes_out_with_its_mentions_written() -> None:
    """Each person called on gets @name and U+2005 before the text, and their id with it."""
    puppet = small_world()
    async with running(puppet, Recorder()) as account:
        sent_id = await account.send("room", "辛苦了", [("alice", "Alice"), ("bob", "Bob\n B")])

        sent = puppet.outbox.get_nowait()

    text = "@Alice\u2005@Bob B\u2005辛苦了"
    assert sent == Sent(str(sent_id), "room", text, ("alice", "bob"))


async def test_a_picture_goes_out_whole() -> None:
    """Its bytes, under its name, to the chat it is for."""
    puppet = small_world()
    async with running(puppet, Recorder()) as account:
        sent_id = await account.send_picture("alice", PNG, "日报.png")

        sent = puppet.outbox.get_nowait()

    assert sent == Sent(str(sent_id), "alice", "日报.png", picture=PNG)


async def test_a_member_is_removed_from_a_room_of_its_own() -> None:
    """It knows which room it owns and who is in it, now and not as of the last look."""
    puppet = small_world()
    async with running(puppet, Recorder()) as account:
        owned = [await account.owns(room) for room in ("room", "other", "nowhere")]
        before = [await account.is_member(room, "alice") for room in ("room", "nowhere")]
        await account.remove("room", "alice")

        after = await account.is_member("room", "alice")

    assert (owned, before, after) == ([True, False, False], [True, False], False)
    assert puppet.calls == [("room_delete", "room", "alice")]


async def test_nothing_is_sent_while_offline() -> None:
    """Before the login, after a logout and after an outage a send fails as certainly not sent."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder) as account:
        puppet.log_out()
        await recorder.next_told()
        for attempt in (
            account.send("alice", "在"),
            account.send_picture("alice", PNG, "日报.png"),
            account.remove("room", "alice"),
        ):
            with pytest.raises(NotConnected):
                await attempt
        puppet.log_in()
        await recorder.next_told()
        puppet.lose("the connection broke")
        await recorder.next_told()

        with pytest.raises(NotConnected):
            await account.send("alice", "在")

    assert puppet.outbox.empty()
    assert puppet.calls == []


async def test_a_send_that_fails_on_the_way_is_uncertain_and_made_once() -> None:
    """An error after the text went out is told apart from one before, and nothing is sent again."""
    puppet = ForgetfulPuppet("bot", "机器人")
    async with running(puppet, Recorder()) as account:
        with pytest.raises(SendUncertain, match="may have arrived"):
            await account.send("alice", "在")

        assert puppet.outbox.qsize() == 1


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("操作过于频繁，可稍后再试。", SendRestricted),
        ("AssertionError [ERR_ASSERTION]: 1205 == 0", SendRestricted),
        ("AssertionError [ERR_ASSERTION]: 1204 == 0", SendUncertain),
        ("13 INTERNAL: token abc", SendUncertain),
    ],
)
async def test_a_send_that_wechat_refuses_is_known_and_not_repeated_to_anyone(
    told: str, expected: type[Exception]
) -> None:
    """操作过于频繁 is certainly not sent; and no error repeats what the gateway said."""
    puppet = RefusingPuppet("bot", "机器人")
    puppet.told = told
    async with running(puppet, Recorder()) as account:
        with pytest.raises(expected) as raised:
            await account.send("alice", "在")
        with pytest.raises(expected) as raised_by_picture:
            await account.send_picture("alice", PNG, "日报.png")

    assert told not in str(raised.value) + str(raised_by_picture.value)


class RefusingPuppet(InProcessPuppet):
    """Sends nothing, and says why as gateways do."""

    told = ""

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str:
        raise GRPCError(Status.INTERNAL, self.told)

    async def message_send_file(self, conversation_id: str, file: FileBox) -> str:
        raise GRPCError(Status.INTERNAL, self.told)


class ForgetfulPuppet(InProcessPuppet):
    """Sends, and then fails to say so, as gateways do that lose their answer."""

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str:
        await super().message_send_text(conversation_id, message, mention_ids)
        raise ConnectionResetError


def test_time_away_is_counted_from_the_moment_of_leaving() -> None:
    """None at the first login, nought without a logout between, else the seconds since it."""
    now = 100.0
    presence = Presence(lambda: now)
    identity = Identity("bot", ("机器人",))
    first, again = presence.arrive(identity), presence.arrive(identity)
    left = (presence.leave(), presence.leave())
    now = 130.0

    away = presence.arrive(identity)

    assert (first, again, left, away) == (None, 0.0, (True, False), 30.0)


async def test_logout_and_login_are_told_every_time() -> None:
    """Ten logouts and logins within a session are ten of each, with the reason that was given."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder):
        for _ in range(10):
            puppet.log_out("kicked")
            puppet.log_in()

        told = [await recorder.next_told() for _ in range(20)]

    assert [t[0] for t in told] == ["offline", "online"] * 10
    assert told[0] == ("offline", "logged out: kicked")


async def test_a_logout_and_an_outage_in_one_are_told_once() -> None:
    """An account that is offline already does not go offline again."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder):
        puppet.log_out()
        puppet.lose("the connection broke")
        puppet.log_in()

        told = [await recorder.next_told(), await recorder.next_told()]

    assert [t[0] for t in told] == ["offline", "online"]


async def test_people_who_join_are_told_by_name_without_the_account_itself() -> None:
    """A newcomer whose name cannot be learnt is told by id; the account's own joining never is."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder):
        puppet.join("room", ["bot"])
        puppet.join("room", ["bot", "bob", "stranger"])

        told = await recorder.next_told()

    assert told == ("joined", "room", "实验室", (("bob", "Bob"), ("stranger", "stranger")))


@pytest.mark.parametrize(
    ("channel", "accepted"),
    [
        (settings.Channel(), False),
        (settings.Channel(friend_requests="accept"), True),
        (settings.Channel(friend_requests="accept-with-word", friend_word="实验"), True),
        (settings.Channel(friend_requests="accept-with-word", friend_word="芝麻开门"), False),
    ],
)
async def test_friend_requests_follow_the_settings(
    channel: settings.Channel, accepted: bool
) -> None:
    """Ignored, accepted, or accepted for the right word; a friend made is told once."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder, channel):
        request = puppet.befriend("alice", "我是实验室的")
        puppet.befriend("bob", kind=FriendshipType.FRIENDSHIP_TYPE_CONFIRM)
        told = [await recorder.next_told() for _ in range(1 + accepted)]

    expected = [("befriended", "alice")] * accepted + [("befriended", "bob")]
    assert told == expected
    assert puppet.calls == [("friendship_accept", request)] * accepted
    assert recorder.told.empty()


@pytest.mark.parametrize("setting", ["ignore", "accept"])
async def test_room_invitations_follow_the_settings(setting: str) -> None:
    """An invitation is accepted where the settings say so, and only there."""
    channel = replace_setting(room_invitations=setting)
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder, channel):
        invitation = puppet.invite()
        puppet.receive("alice", "之后")
        await recorder.next_message()
        await asyncio.sleep(0)  # invitations are answered beside the messages

    expected = [("room_invitation_accept", invitation)] if setting == "accept" else []
    assert puppet.calls == expected


def replace_setting(**changes: str) -> settings.Channel:
    return settings.Channel.model_validate(changes)


async def test_a_login_code_is_shown_once_until_it_changes() -> None:
    """A gateway that repeats its code does not fill the terminal."""
    puppet, recorder = small_world(), Recorder()
    codes: list[str] = []
    async with running(puppet, recorder, show_code=codes):
        for code in ("one", "one", "two"):
            puppet.show_login_code(code)
        puppet.receive("alice", "之后")
        await recorder.next_message()

    assert codes == ["one", "two"]


def test_the_login_code_is_drawn_with_an_address() -> None:
    """The drawing comes with a page that shows the same code, its characters quoted."""
    out = io.StringIO()

    draw_login_code("https://login.weixin.qq.com/l/a b", out)

    assert "https://wechaty.js.org/qrcode/https%3A%2F%2Flogin.weixin.qq.com%2Fl%2Fa%20b" in (
        out.getvalue()
    )
    assert any(character in out.getvalue() for character in "█▀▄")


async def test_closing_lets_the_handler_at_work_finish() -> None:
    """What a handler has begun with a message is ended before ``run`` returns."""
    puppet, recorder = small_world(), SteadyRecorder()
    async with running(puppet, recorder):
        puppet.receive("alice", "你好")
        await recorder.begun.wait()
        recorder.go_on.set()

    assert recorder.messages.qsize() == 1


class SteadyRecorder(Recorder):
    """Begins with a message, and ends it some turns of the loop after it may."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def message(self, message: Message) -> None:
        self.begun.set()
        await self.go_on.wait()
        await asyncio.sleep(0.01)
        await super().message(message)


async def test_an_account_closed_before_it_ran_does_not_run() -> None:
    """A program stopped while it starts up ends, on either kind of puppet."""
    environment = {TOKEN: "token", ENDPOINT: "127.0.0.1:9"}
    channel = settings.Channel()
    for puppet in (
        small_world(),
        ReconnectingPuppet(from_environment(channel, environment), channel),
    ):
        account = Account(puppet, channel, settings.Account(), Recorder())
        await account.close()

        await asyncio.wait_for(account.run(), PATIENCE_S)


async def test_two_accounts_in_one_process_do_not_share_what_they_know() -> None:
    """Upstream keeps contacts on its classes; a later account must not see an earlier one's."""
    names = []
    for name in ("Alice", "艾丽丝"):
        puppet, recorder = small_world(), Recorder()
        puppet.add_contact("alice", name)
        async with running(puppet, recorder):
            puppet.receive("alice", "你好")
            names.append((await recorder.next_message()).talker_name)

    assert names == ["Alice", "艾丽丝"]
