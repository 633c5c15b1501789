"""Delivery: paced, recorded first, and never sent twice."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from dataclasses import replace

import pytest

import settings
from handlers.budgets import Past
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from handlers.governor import Governor
from handlers.notice import notice
from handlers.refusal import NotSent, Restricted
from tests.fakes import MemoryLedger, RecordingChat, message, room_message

AT_ONCE = settings.Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)


def decided(text: str = "好呀。", *, in_room: bool = False) -> Exchange:
    asked = room_message() if in_room else message()
    return Exchange(asked).answered(Reply(text, Source.MODEL))


def deliverer(
    chat: RecordingChat, ledger: MemoryLedger, pace: settings.Deliver = AT_ONCE
) -> Deliverer:
    return Deliverer(
        chat,
        ledger,
        pace,
        split_chars=20,
        governor=Governor(gap_s=pace.gap_s),
        chance=random.Random(1),  # noqa: S311
    )


async def test_sending_is_on_record_before_the_text_leaves() -> None:
    """The row says sending when it leaves; that it was sent is for the caller to record."""
    chat, ledger = RecordingChat(), MemoryLedger()
    done = await deliverer(chat, ledger).deliver(decided())

    assert [("ming", "好呀。", ())] == chat.sent
    assert [Outcome.SENDING] == [outcome for _, outcome in ledger.history]
    assert Outcome.SENT is done.outcome


async def test_an_error_after_the_call_is_uncertain_and_never_sent_again() -> None:
    """200 sends that raise after delivery: 0 doubles, 200 uncertain."""
    chat, ledger = RecordingChat(errors=[OSError("lost")] * 200), MemoryLedger()
    outcomes = [(await deliverer(chat, ledger).deliver(decided())).outcome for _ in range(200)]

    assert [Outcome.UNCERTAIN] * 200 == outcomes
    assert 200 == len(chat.sent)


async def test_what_certainly_did_not_leave_is_failed() -> None:
    """NotSent is the one error that says the text is still here."""
    chat = RecordingChat(errors=[NotSent("offline")], sends_before_failing=False)
    done = await deliverer(chat, MemoryLedger()).deliver(decided())

    assert Outcome.FAILED is done.outcome
    assert [] == chat.sent


async def test_a_reply_cut_off_between_its_parts_is_uncertain() -> None:
    """When the first part left and the second did not, the other side has seen something."""
    chat = RecordingChat(errors=[None, NotSent("offline")], sends_before_failing=False)
    done = await deliverer(chat, MemoryLedger()).deliver(
        decided("这是第一句话，有点长。这是第二句话，也很长。")
    )

    assert Outcome.UNCERTAIN is done.outcome
    assert 1 == len(chat.sent)


async def test_in_a_group_the_asker_is_named_once() -> None:
    """A reply of several parts @mentions its asker in the first part only."""
    chat = RecordingChat()
    text = "这是第一句话，有点长。这是第二句话，也很长。"
    await deliverer(chat, MemoryLedger()).deliver(decided(text, in_room=True))

    assert [(("ming", "小明"),), ()] == [mentions for _, _, mentions in chat.sent]
    assert text == "".join(part for _, part, _ in chat.sent)


async def test_without_a_row_nothing_is_sent() -> None:
    """When the ledger cannot be written, delivery raises and the chat stays silent."""
    chat, ledger = RecordingChat(), MemoryLedger(error=OSError("disk full"))

    with pytest.raises(OSError, match="disk full"):
        await deliverer(chat, ledger).deliver(decided())
    assert [] == chat.sent


async def test_a_cancelled_send_is_uncertain() -> None:
    """A stop in the middle of a send leaves a row that says uncertain; or sending, for the next
    start to settle, where it cannot be written.
    """

    class Stuck(RecordingChat):
        async def send(self, *args: object, **kwargs: object) -> str | None:
            await asyncio.sleep(60)
            return None

    async def stopped(error: Exception | None) -> Outcome:
        ledger, exchange = MemoryLedger(), decided()
        sending = asyncio.create_task(deliverer(Stuck(), ledger).deliver(exchange))
        await asyncio.sleep(0.01)
        ledger.error = error
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        return ledger.rows[exchange.id].outcome

    assert Outcome.UNCERTAIN is await stopped(None)
    assert Outcome.SENDING is await stopped(OSError("disk full"))


async def test_answers_wait_like_a_person() -> None:
    """Each answer leaves within the configured span after it was decided, never before."""
    pace = AT_ONCE.model_copy(update={"delay_min_s": 0.05, "delay_max_s": 0.1})
    chat = RecordingChat()
    start = time.monotonic()
    await deliverer(chat, MemoryLedger(), pace).deliver(decided())

    assert 0.05 <= time.monotonic() - start < 0.2


async def test_any_two_messages_leave_a_gap_apart() -> None:
    """Ten chats answered at once still leave one by one, gap_s between them."""
    times: list[float] = []

    class Timed(RecordingChat):
        async def send(self, *args: object, **kwargs: object) -> str | None:
            times.append(time.monotonic())
            return None

    pace = AT_ONCE.model_copy(update={"gap_s": 0.02})
    outlet = deliverer(Timed(), MemoryLedger(), pace)
    await asyncio.gather(*(outlet.deliver(decided()) for _ in range(10)))

    assert min(b - a for a, b in itertools.pairwise(times)) >= 0.019


async def test_an_exchange_without_a_reply_is_refused() -> None:
    """Delivering nothing is a mistake of the caller, and is said so."""
    exchange = replace(decided(), reply=None)

    with pytest.raises(ValueError, match="no reply to deliver"):
        await deliverer(RecordingChat(), MemoryLedger()).deliver(exchange)


def governed(
    chat: RecordingChat, ledger: MemoryLedger, governor: Governor, *, owner: str = ""
) -> Deliverer:
    return Deliverer(chat, ledger, AT_ONCE, split_chars=20, governor=governor, owner=owner)


def governor_of(**changes: object) -> Governor:
    pace = AT_ONCE.model_copy(update={"warmup_days": 0} | changes)
    return Governor.of(pace, Past(0.0), quiet=lambda: None, rested=lambda: None)


async def test_over_the_budget_nothing_leaves_and_the_row_says_which() -> None:
    """The reply stays in the row, silent, for its owner to see; it was never about to be sent."""
    chat, ledger = RecordingChat(), MemoryLedger()
    outlet = governed(chat, ledger, governor_of(per_day_chat=2))
    done = [await outlet.deliver(decided()) for _ in range(3)]

    assert [Outcome.SENT, Outcome.SENT, Outcome.SILENT] == [each.outcome for each in done]
    assert (Gate.BUDGET, decided().reply) == (done[2].gate, done[2].reply)
    assert "deliver.per_day_chat" in done[2].detail
    assert (2, 2) == (len(chat.sent), len(ledger.history))


async def test_quiet_hours_are_not_the_owners() -> None:
    """A word to the owner leaves in quiet hours, all else ends as quiet."""
    chat = RecordingChat()
    governor = Governor(gap_s=0, quiet=lambda: "23:00-07:30")
    outlet = governed(chat, MemoryLedger(), governor, owner="boss")
    welcome = replace(decided(), message=room_message(talker_id=""))
    answers = [decided(), welcome, replace(decided(), message=message(chat_id="boss"))]
    done = [await outlet.deliver(each) for each in answers]

    assert [Gate.QUIET, Gate.QUIET, None] == [each.gate for each in done]
    assert ["boss"] == [chat_id for chat_id, *_ in chat.sent]


async def test_what_wechat_would_not_take_has_failed_and_the_rest_begins() -> None:
    """The one it refused is failed, those after it are silent; both say restricted."""
    chat = RecordingChat(errors=[Restricted("too many")], sends_before_failing=False)
    governor = governor_of(rest_s=1800)
    outlet = governed(chat, MemoryLedger(), governor)
    done = [await outlet.deliver(decided()) for _ in range(2)]
    governor.close()

    assert [Outcome.FAILED, Outcome.SILENT] == [each.outcome for each in done]
    assert [Gate.RESTRICTED] * 2 == [each.gate for each in done]
    assert [] == chat.sent


async def test_a_restriction_between_two_parts_is_uncertain() -> None:
    """The first part left: that is not nothing, and the second is never sent."""
    chat = RecordingChat(errors=[None, Restricted("too many")], sends_before_failing=False)
    governor = governor_of(rest_s=1800)
    text = "这是第一句话，有点长。这是第二句话，也很长。"
    done = await governed(chat, MemoryLedger(), governor).deliver(decided(text))
    governor.close()

    assert (Outcome.UNCERTAIN, 1, True) == (done.outcome, len(chat.sent), governor.is_resting)


@pytest.mark.parametrize("gap_s", [0.0, 60.0])
async def test_a_stop_before_anything_left_says_so(gap_s: float) -> None:
    """Cancelled while it waits for room, or for its turn with its row on sending: stopped."""
    chat, ledger = RecordingChat(), MemoryLedger()
    governor = governor_of(per_minute_chat=1 if not gap_s else 6, gap_s=gap_s)
    outlet = governed(chat, ledger, governor)
    await outlet.deliver(decided())
    exchange = decided()
    waiting = asyncio.create_task(outlet.deliver(exchange))
    await asyncio.sleep(0.01)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    governor.close()

    row = ledger.rows[exchange.id]
    assert (Outcome.SILENT, Gate.STOPPING, 1) == (row.outcome, row.gate, len(chat.sent))


async def test_a_notice_calls_on_nobody_unless_it_says_whom() -> None:
    """In a group a notice mentions those it names and no empty id; in private nobody."""
    chat = RecordingChat()
    outlet = deliverer(chat, MemoryLedger())
    calm = notice("r@chatroom", "群", "都消消气。", "calm", [("a", "小红"), ("b", "小刚")])
    for said in (
        calm,
        notice("r@chatroom", "群", "欢迎。", "welcome"),
        notice("a", None, "嗯。", "x"),
    ):
        await outlet.deliver(said)

    assert [(("a", "小红"), ("b", "小刚")), (), ()] == [mentions for *_, mentions in chat.sent]


async def test_a_list_is_sent_whole() -> None:
    """An answer to a command is no chat: it is not cut at sentences, as a long reply is."""
    chat, text = RecordingChat(), "第一句是有点长的话。第二句，也是很长的话。"
    outlet = deliverer(chat, MemoryLedger())
    for source in (Source.COMMAND, Source.NOTICE, Source.CANNED):
        await outlet.deliver(Exchange(message()).answered(Reply(text, source)))

    assert [text, text, "第一句是有点长的话。", "第二句，也是很长的话。"] == [
        said for _, said, _ in chat.sent
    ]


async def test_a_picture_follows_its_text_and_counts() -> None:
    """The picture is the last message of its reply, and takes its own room in the budgets."""
    chat = RecordingChat()
    governor = Governor.of(AT_ONCE, Past(0.0), quiet=lambda: None, rested=lambda: None)
    said = notice("a", None, "今天的心情。", "digest", picture=b"\x89PNG")
    outlet = Deliverer(chat, MemoryLedger(), AT_ONCE, split_chars=20, governor=governor)
    done = await outlet.deliver(said)
    governor.close()

    assert Outcome.SENT is done.outcome
    assert ["今天的心情。", "[digest.png]"] == [text for _, text, _ in chat.sent]
    assert [("a", "digest.png", b"\x89PNG")] == chat.pictures
    assert 2 == governor.used()["per_minute"][0]
