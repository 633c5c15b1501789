"""Messages of a real Wechaty, on the in-process puppet, translated into ours."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from wechaty_puppet import ContactType, MessagePayload, MessageType, RoomMemberPayload

from handlers.exchange import Kind, Message
from tests.recorder import Recorder, running
from wechat.adapter import read_mention, sent_at
from wechat.names import KEEP_S, MOST, RoomNames
from wechat.puppet import InProcessPuppet


def small_world() -> InProcessPuppet:
    puppet = InProcessPuppet("bot", "机器人")
    puppet.add_contact("alice", "Alice")
    puppet.add_room("room", "实验室", ["bot", "alice"], aliases={"alice": "阿丽", "bot": "小助手"})
    return puppet


async def received(puppet: InProcessPuppet, talker: str, text: str, **details: object) -> Message:
    """What handlers are told of one message that comes in."""
    recorder = Recorder()
    async with running(puppet, recorder):
        puppet.receive(talker, text, **details)  # type: ignore[arg-type]  # passed through
        return await recorder.next_message()


async def test_a_private_message() -> None:
    """It belongs to the talker's chat, has no room, and its text is as it arrived."""
    message = await received(small_world(), "alice", " @机器人 你好 ", message_id="m1", sent_at=1e9)

    assert message == Message(
        id="m1",
        chat_id="alice",
        talker_id="alice",
        talker_name="Alice",
        text=" @机器人 你好 ",
        raw=" @机器人 你好 ",
        kind=Kind.TEXT,
        sent_at=1e9,
    )


async def test_a_group_message() -> None:
    """It belongs to the room's chat; the talker goes by the name taken in that room."""
    message = await received(small_world(), "alice", "大家好", room_id="room")

    assert (message.chat_id, message.room_name, message.talker_name) == ("room", "实验室", "阿丽")
    assert not message.is_private
    assert not message.mentions_me


@pytest.mark.parametrize("name", ["机器人", "小助手", "一心"])
async def test_a_mention_by_any_of_its_names_is_found_and_cut(name: str) -> None:
    """Nickname, alias in the room and the settings' name all call the account, without any ids."""
    message = await received(small_world(), "alice", f"@{name}\u2005在吗", room_id="room")

    assert (message.text, message.mentions_me) == ("在吗", True)
    assert message.raw == f"@{name}\u2005在吗"


async def test_a_mention_inside_a_quotation_calls_on_nobody() -> None:
    """Repeating what somebody said to the bot is not saying it to the bot."""
    quote = "「小明：@机器人 你好」\n- - - - - - - - - - - - - - -\n笑死"
    message = await received(small_world(), "alice", quote, room_id="room")

    assert not message.mentions_me
    assert "笑死" in message.text


@pytest.mark.parametrize(
    ("text", "mention_ids", "rest", "mentions_me"),
    [
        ("@旧名字\u2005在吗", ["bot"], "@旧名字\u2005在吗", True),
        ("@机器人\u2005在吗", ["bot", "alice"], "在吗", True),
        ("@机器人 你问他", ["alice"], "@机器人 你问他", False),
        ("@所有人 开会", ["bot", "alice"], "@所有人 开会", False),
        ("@ALL meeting", ["bot", "alice"], "@ALL meeting", False),
        ("@所有人 @机器人 开会", ["bot", "alice"], "@所有人 开会", True),
        ("@所有人 开会", [], "@所有人 开会", False),
    ],
)
async def test_mention_ids_decide_where_there_are_any(
    text: str, mention_ids: list[str], rest: str, mentions_me: bool
) -> None:
    """An id without a known name counts, a name without its id does not, everybody is nobody."""
    message = await received(small_world(), "alice", text, room_id="room", mention_ids=mention_ids)

    assert (message.text, message.mentions_me) == (rest, mentions_me)


@pytest.mark.parametrize(
    ("text", "mention_ids", "expected"),
    [
        ("@阿丽 @鲍勃 你们看", ["carol", "bob", "carol", "bot"], ("carol", "bob")),
        ("@所有人 开会", ["bot", "carol", "bob"], ()),
        (
            "「鲍勃：@所有人 开会」\n- - - - - - - - - - - - - - -\n@阿丽 去吗",
            ["carol"],
            ("carol",),
        ),
        ("大家好", [], ()),
    ],
)
async def test_others_who_are_mentioned_are_told_by_id(
    text: str, mention_ids: list[str], expected: tuple[str, ...]
) -> None:
    """Each once and never the account; @所有人 is nobody, but in somebody else's words."""
    message = await received(small_world(), "alice", text, room_id="room", mention_ids=mention_ids)

    assert message.mention_ids == expected


@pytest.mark.parametrize("name", ["(a+)+$", "[", "\\", ".*", "a" * 10_000, "@", " ", ""])
async def test_a_hostile_nickname_is_only_text(name: str) -> None:
    """Upstream builds a pattern of it; here it is compared, so it neither fails nor takes long."""
    puppet = InProcessPuppet("bot", name)
    puppet.add_contact("alice", name)
    puppet.add_room("room", name, ["bot", "alice"], aliases={"alice": name})
    began = time.perf_counter()

    message = await received(puppet, "alice", "a" * 5_000 + "! @一心 在吗", room_id="room")

    assert message.mentions_me
    assert message.talker_name
    assert time.perf_counter() - began < 1


async def test_its_own_messages_are_known_by_id() -> None:
    """What the account wrote on the phone belongs to the chat with the one it wrote to."""
    private = await received(small_world(), "bot", "我在忙", to_id="alice")
    group = await received(small_world(), "bot", "我在忙", room_id="room")

    assert (private.is_self, private.chat_id) == (True, "alice")
    assert (group.is_self, group.chat_id) == (True, "room")


@pytest.mark.parametrize(
    ("contact_id", "kind", "is_official"),
    [
        ("wxid_x", ContactType.CONTACT_TYPE_PERSONAL, False),
        ("wxid_x", ContactType.CONTACT_TYPE_OFFICIAL, True),
        ("wxid_x", ContactType.CONTACT_TYPE_CORPORATION, True),
        ("wxid_x", ContactType.CONTACT_TYPE_UNSPECIFIED, True),
        ("gh_051c89260e5d", ContactType.CONTACT_TYPE_PERSONAL, True),
        ("weixin", ContactType.CONTACT_TYPE_PERSONAL, True),
        ("filehelper", ContactType.CONTACT_TYPE_PERSONAL, True),
    ],
)
async def test_only_a_person_is_not_official(
    contact_id: str, kind: ContactType, is_official: bool
) -> None:
    """Official by id or by kind, and also where the kind is not known."""
    puppet = small_world()
    puppet.add_contact(contact_id, "某某", kind)

    message = await received(puppet, contact_id, "你好")

    assert message.is_official == is_official


async def test_a_talker_who_cannot_be_looked_up_counts_as_official() -> None:
    """The message is told, by id and trusted with nothing, and the next one is as usual."""
    puppet, recorder = small_world(), Recorder()
    async with running(puppet, recorder):
        puppet.receive("stranger", "你好", room_id="nowhere")
        puppet.receive("alice", "你好")

        unknown, known = await recorder.next_message(), await recorder.next_message()

    assert (unknown.is_official, unknown.talker_name, unknown.room_name) == (True, "stranger", "")
    assert not known.is_official


async def test_a_message_that_cannot_be_looked_up_costs_itself_alone() -> None:
    """It is asked for again after those that follow, three times in all; the log has its id."""
    puppet, recorder = HollowPuppet("bot", "机器人"), Recorder()
    puppet.add_contact("alice", "Alice")
    with capture_logs() as lines:
        async with running(puppet, recorder):
            lost, hollow = (puppet.receive("alice", text) for text in ("lost", "hollow"))
            heard = []
            for text in ("一", "二", "三"):
                puppet.receive("alice", text)
                heard.append((await recorder.next_message()).text)

    assert heard == ["一", "二", "三"]
    assert [line["id"] for line in lines if line["event"] == "message.skipped"] == [hollow]
    assert [line["id"] for line in lines if line["event"] == "message.missed"] == [lost] * 2
    assert [line["id"] for line in lines if line["event"] == "message.lost"] == [lost]


async def test_a_message_shown_late_is_not_lost() -> None:
    """One that the gateway could not show comes once it can, after a message or a login."""
    puppet, recorder = HollowPuppet("bot", "机器人"), Recorder()
    puppet.add_contact("alice", "Alice")
    async with running(puppet, recorder):
        puppet.receive("alice", "lost")
        puppet.receive("alice", "一")
        first = await recorder.next_message()
        puppet.is_hollow = False
        puppet.receive("alice", "二")
        rest = [(await recorder.next_message()).text for _ in range(2)]

    assert first.text == "一"
    assert rest == ["二", "lost"]


class HollowPuppet(InProcessPuppet):
    """Forgets a message that says "lost", and who wrote the one that says "hollow"."""

    is_hollow = True

    async def message_payload(self, message_id: str) -> MessagePayload:
        payload = await super().message_payload(message_id)
        if payload.text == "lost" and self.is_hollow:
            raise LookupError(message_id)
        return MessagePayload(id=message_id) if payload.text == "hollow" else payload


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (MessageType.MESSAGE_TYPE_TEXT, Kind.TEXT),
        (MessageType.MESSAGE_TYPE_IMAGE, Kind.IMAGE),
        (MessageType.MESSAGE_TYPE_AUDIO, Kind.AUDIO),
        (MessageType.MESSAGE_TYPE_VIDEO, Kind.VIDEO),
        (MessageType.MESSAGE_TYPE_EMOTICON, Kind.STICKER),
        (MessageType.MESSAGE_TYPE_ATTACHMENT, Kind.FILE),
        (MessageType.MESSAGE_TYPE_URL, Kind.LINK),
        (MessageType.MESSAGE_TYPE_CONTACT, Kind.CARD),
        (MessageType.MESSAGE_TYPE_RED_ENVELOPE, Kind.MONEY),
        (MessageType.MESSAGE_TYPE_RECALLED, Kind.RECALL),
        (MessageType.MESSAGE_TYPE_UNSPECIFIED, Kind.UNKNOWN),
        (99, Kind.UNKNOWN),
    ],
)
async def test_what_a_message_carries(kind: MessageType, expected: Kind) -> None:
    """Types are told in our words; one that nobody has heard of is unknown."""
    message = await received(small_world(), "alice", "…", kind=kind)

    assert message.kind is expected


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [(1_700_000_000, 1.7e9), (1_700_000_000_123, 1.7e9 + 0.123), (0, 42.0)],
)
async def test_time_sent_is_seconds_whatever_the_gateway_counts_in(
    stamp: int, expected: float
) -> None:
    """Seconds and milliseconds are told apart; a message without a time was sent when it came."""
    seconds = sent_at(MessagePayload(timestamp=stamp), now=42.0)

    assert seconds == pytest.approx(expected)


@given(text=st.text(), names=st.lists(st.text(), max_size=3))
def test_no_text_breaks_the_search_for_a_mention(text: str, names: list[str]) -> None:
    """Whatever is typed and whatever the account is called, an id that is ours means us."""
    _, mentions_me = read_mention(text, ["bot"], "bot", names)

    assert mentions_me or "@所有人" in text or "@all" in text.casefold() or "＠" in text


async def test_names_in_a_room_are_asked_for_once_in_a_while() -> None:
    """Known ones are not asked for again until they are old, or until something changed there."""
    puppet = CountingPuppet("bot", "机器人")
    puppet.add_room("room", "实验室", ["bot"], aliases={"bot": "小助手"})
    now = 0.0
    names = RoomNames(puppet, lambda: now)
    asked = []
    for seconds in (0.0, KEEP_S - 1, KEEP_S + 1):
        now = seconds
        await names.alias("room", "bot")
        asked.append(puppet.asked)
    names.forget("room")

    alias = await names.alias("room", "bot")

    assert (alias, asked, puppet.asked) == ("小助手", [1, 1, 2], 3)


async def test_a_name_that_cannot_be_learnt_is_empty_and_remembered_so() -> None:
    """A puppet that has no names to give is not asked at every message."""
    puppet = CountingPuppet("bot", "机器人")
    names = RoomNames(puppet)

    aliases = [await names.alias("room", "stranger") for _ in range(3)]

    assert (aliases, puppet.asked) == ([""] * 3, 1)


async def test_names_are_forgotten_rather_than_kept_without_end() -> None:
    """However many people talk, no more than the limit are remembered; the newest are."""
    puppet = CountingPuppet("bot", "机器人")
    names = RoomNames(puppet)
    for number in range(MOST + 10):
        await names.alias("room", f"member-{number}")
    asked = puppet.asked

    await names.alias("room", f"member-{MOST}")
    await names.alias("room", "member-0")

    assert puppet.asked == asked + 1


class CountingPuppet(InProcessPuppet):
    def __init__(self, account_id: str, name: str) -> None:
        super().__init__(account_id, name)
        self.asked = 0

    async def room_member_payload(self, room_id: str, contact_id: str) -> RoomMemberPayload:
        self.asked += 1
        return await super().room_member_payload(room_id, contact_id)
