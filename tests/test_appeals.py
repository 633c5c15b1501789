"""申诉, and what follows from an admin's word on an alert."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.labelled import Labelled
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.alerts import Alerts
from handlers.audit.reader import corrected
from handlers.conduct import Mark, Step, StepState
from handlers.exchange import Exchange, Source
from handlers.orders import OrderKind
from ruleset import Assistant
from settings import Audit
from tests.fakes import NOW, Clock, message
from tests.moderated import OWNER, ROOM, Account, House, exempted, house


async def warned(one: House) -> Step:
    """甲 was warned for 「滚」, and the line has left."""
    await one.says("jia", "滚", to="yi", points=3.0)
    await one.leaves()
    return (await one.steps())[-1]


async def to_be_removed(one: House) -> Step:
    """Whether 甲 is to be removed was asked."""
    for _ in range(5):
        await one.says("jia", to="yi", points=2.0, after_s=60)
    return (await one.steps())[-1]


async def now(one: House, step: Step) -> Step:
    kept = await one.store.step(step.id)
    assert kept is not None
    return kept


def learnt(folder: Path) -> list[Labelled]:
    return corrected(Audit(folder=str(folder)))


async def test_an_appeal_is_answered_and_told_with_the_evidence(tmp_path: Path) -> None:
    """One kind line to the member; the admins see their words and what led to the warning."""
    async with house(tmp_path) as one:
        step = await warned(one)
        reply = await one.appeals_to("jia")
        [raised] = one.alerts.raised

        assert reply is not None
        assert (Source.COMMAND, "appealed") == (reply.source, reply.name)
        assert (AlertKind.APPEAL, step.id, "jia") == (
            raised.alert.kind,
            raised.alert.step_id,
            raised.alert.person_id,
        )
        assert "「申诉 我没骂人」" in raised.alert.text
        assert "「滚」 生气 0.93" in raised.alert.text


async def test_an_appeal_in_private_counts_too(tmp_path: Path) -> None:
    """About the last warning, in whichever group it was."""
    async with house(tmp_path) as one:
        await warned(one)
        reply = await one.appeals_to("jia", chat_id="jia")

        assert (["appeal"], "appealed") == (one.told, reply and reply.name)


async def test_a_warning_is_appealed_once(tmp_path: Path) -> None:
    """Again, also after a restart, the member hears that it is being looked at."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await warned(one)
        await one.appeals_to("jia")
    async with house(tmp_path, clock) as one:
        reply = await one.appeals_to("jia", chat_id="jia")

        assert ([], "appealed-again") == (one.told, reply and reply.name)


@pytest.mark.parametrize("who", ["not warned", "long ago", "other words", "nobody decides"])
async def test_other_appeals_are_ordinary_words(tmp_path: Path, who: str) -> None:
    """Of somebody who was not warned today, or where there is nobody to decide."""
    async with house(tmp_path, owner="" if who == "nobody decides" else OWNER) as one:
        await warned(one)
        one.clock.pass_by(90_000 if who == "long ago" else 60)
        words = "我要申诉" if who == "other words" else "申诉"
        reply = await one.appeals_to("yi" if who == "not warned" else "jia", words)

        assert (None, []) == (reply, one.told)


async def test_a_warning_of_shadow_cannot_be_appealed(tmp_path: Path) -> None:
    """Nobody heard of it."""
    async with house(tmp_path, mode="shadow") as one:
        await one.says("jia", to="yi", points=3.0)

        assert await one.appeals_to("jia") is None


async def test_an_overturned_warning_is_forgiven_and_learnt_from(tmp_path: Path) -> None:
    """No points are left, the reader is corrected, and the group hears that it was wrong."""
    async with house(tmp_path) as one:
        await one.says("jia", "哼", to="bing", points=1.0)
        step = await warned(one)
        await one.appeals_to("jia")
        answer = await one.answers(Word.YES)
        line = one.said[-1]

        assert "好，撤销了，不再计分，以后会少犯。在群里也跟 TA 说了。" == answer
        assert (Mark.WRONG, {}) == ((await now(one, step)).mark, one.tally.of_room(ROOM))
        assert (ROOM, "overturned") == (line.message.chat_id, line.reply and line.reply.name)
    assert [("滚", "neutral"), ("滚", "safe")] == [(x.text, x.label) for x in learnt(tmp_path)]


async def test_what_was_forgiven_stays_so_after_a_restart(tmp_path: Path) -> None:
    """The log knows it as well as the memory."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await warned(one)
        await one.appeals_to("jia")
        await one.answers(Word.YES)
    async with house(tmp_path, clock) as one:
        assert {} == one.tally.of_room(ROOM)


async def test_a_warning_that_stands_is_told_so(tmp_path: Path) -> None:
    """Nothing is forgiven, nothing learnt, and the member hears it without blame."""
    async with house(tmp_path) as one:
        step = await warned(one)
        await one.appeals_to("jia")
        await one.answers(Word.NO)
        reply = await one.appeals_to("jia", chat_id="jia")

        assert (Mark.RIGHT, {"jia": 3.0}) == (
            (await now(one, step)).mark,
            one.tally.of_room(ROOM),
        )
        assert "upheld" == (one.said[-1].reply and one.said[-1].reply.name)
        assert "upheld" == (reply and reply.name)
    assert [] == learnt(tmp_path)


async def test_an_appeal_has_one_ruling(tmp_path: Path) -> None:
    """Of two admins the first decides; the second is told that it is settled."""
    async with house(tmp_path) as one:
        step = await warned(one)
        await one.appeals_to("jia")
        await one.answers(Word.YES)
        second = await one.answers(Word.NO)

        assert (Mark.WRONG, "这次申诉之前已经有结论了。") == ((await now(one, step)).mark, second)


async def test_a_quiet_group_hears_of_no_ruling(tmp_path: Path) -> None:
    """And the admin is not told that it did."""
    async with house(tmp_path) as one:
        await warned(one)
        await one.appeals_to("jia")
        await one.orders.give(OrderKind.QUIET, chat_id=ROOM)
        answer = await one.answers(Word.YES)

        assert (1, "好，撤销了，不再计分，以后会少犯。") == (len(one.said), answer)


async def test_a_wrong_correction_is_taken_back_whole(tmp_path: Path) -> None:
    """Right after wrong: the message counts again, and nothing is learnt from it."""
    async with house(tmp_path) as one:
        step = await warned(one)
        num = await one.review.wrong(step, OWNER)
        forgiven = one.tally.of_room(ROOM)
        await one.review.right(await now(one, step), OWNER)

        assert (2, {}, {"jia": 3.0}) == (num, forgiven, one.tally.of_room(ROOM))
        assert Mark.RIGHT == (await now(one, step)).mark
    assert [] == learnt(tmp_path)


async def test_wrong_twice_is_learnt_once(tmp_path: Path) -> None:
    """Two admins of one mind make no two lessons."""
    async with house(tmp_path) as one:
        step = await warned(one)
        await one.review.wrong(step, OWNER)
        await one.review.wrong(await now(one, step), OWNER)

    assert 2 == len(learnt(tmp_path))


async def test_a_flood_called_wrong_teaches_no_mood(tmp_path: Path) -> None:
    """What was read of the message was no reason for it."""
    async with house(tmp_path) as one:
        await one.says("jia", points=3.0, rule="flood")
        num = await one.review.wrong((await one.steps())[-1], OWNER)

        assert (0, {}) == (num, one.tally.of_room(ROOM))


@pytest.mark.parametrize(
    ("word", "mark"), [(Word.YES, Mark.RIGHT), (Word.NO, Mark.WRONG), (Word.HUSH, None)]
)
async def test_an_alert_of_heat_is_marked_by_its_answer(
    tmp_path: Path, word: Word, mark: Mark | None
) -> None:
    """好 is right, 不 is wrong, 静 says nothing of it."""
    async with house(tmp_path) as one:
        for _ in range(3):
            await one.says("jia", to="yi", points=2.0, after_s=30)
        await one.answers(word)

        assert (["heat"], mark) == (one.told, (await one.steps())[-1].mark)


async def test_who_is_no_admin_any_more_decides_nothing(tmp_path: Path) -> None:
    """Between alert and answer somebody may have been taken off the list."""
    async with house(tmp_path) as one:
        step = await to_be_removed(one)
        answer = await one.answers(Word.YES, by="yi")

        assert "你现在不是这个群的管理员了，我没有动。" == answer
        assert ([], StepState.DUE) == (one.account.removed, (await now(one, step)).state)


async def test_two_yeses_remove_once(tmp_path: Path) -> None:
    """The second admin is told that it is settled."""
    async with house(tmp_path) as one:
        await to_be_removed(one)
        answers = [await one.answers(Word.YES), await one.answers(Word.YES)]

        assert ["好，已经请出群了。", "这一步之前已经处理过了。"] == answers
        assert ["jia"] == one.account.removed


async def test_no_lets_them_stay(tmp_path: Path) -> None:
    """And the next heated message does not ask again at once."""
    async with house(tmp_path) as one:
        await to_be_removed(one)
        await one.answers(Word.NO)
        late = await one.answers(Word.YES)
        await one.says("jia", to="yi", points=2.0, after_s=60)

        assert ([], ["heat", "remove"]) == (one.account.removed, one.told)
        assert "这一步之前已经处理过了。" == late


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ("mode", "这个群现在不是执行模式，我没有动。"),
        ("exempt", "TA 是管理员或者被豁免了，我没有动。"),
        ("sold", "群主不是我这个号（或者暂时查不到），我请不了人。"),
        ("gone", "TA 已经不在群里了。"),
        ("error", "没能请出去，微信那边没有答应，麻烦你手动处理。"),
    ],
)
async def test_everything_is_asked_anew_before_a_removal(
    tmp_path: Path, change: str, answer: str
) -> None:
    """Hours may lie between the question and the yes."""
    account = Account(error=OSError("busy") if change == "error" else None)
    async with house(tmp_path, account=account) as one:
        await to_be_removed(one)
        if change == "mode":
            await one.orders.give(OrderKind.MODE, chat_id=ROOM, value="warn")
        elif change == "exempt":
            await exempted(one, "jia")
        account.is_owner = change != "sold"
        account.members -= {"jia"} if change == "gone" else set()

        assert (answer, []) == (await one.answers(Word.YES), account.removed)


async def test_guests_are_no_raid(tmp_path: Path) -> None:
    """不 on a raid: who came with it counts as a member like any other, others stay new."""
    async with house(tmp_path) as one:
        await one.orders.give(OrderKind.NEW, chat_id=ROOM, person_id="of before")
        one.clock.pass_by(3600)
        for n in range(3):
            await one.orders.give(OrderKind.NEW, chat_id=ROOM, person_id=f"guest-{n}")
        await one.orders.give(OrderKind.NEW, chat_id="elsewhere", person_id="x")
        raid = Alert(AlertKind.RAID, "…", ROOM)
        one.alerts.raised.append(Raised(1, raid, OWNER, one.clock(), one.clock() + 60))
        answer = await one.answers(Word.NO)

        assert "好，是你请来的，这 3 位按普通成员算。" == answer
        assert {"of before", "x"} == {order.person_id for order in one.orders.all(OrderKind.NEW)}


async def test_an_alert_about_a_step_that_is_gone_says_so(tmp_path: Path) -> None:
    """Steps are erased with their time; the alert may outlive them."""
    async with house(tmp_path) as one:
        await warned(one)
        await one.appeals_to("jia")
        last = one.alerts.raised[-1]
        one.alerts.raised.append(replace(last, alert=replace(last.alert, step_id=999)))

        assert "这一步的记录已经不在了，我没有动。" == await one.answers(Word.YES)


async def test_a_word_in_private_reaches_the_step(tmp_path: Path) -> None:
    """With the real alerts: 不, written by the owner after an alert of heat, marks it wrong."""
    async with house(tmp_path) as one:
        for _ in range(3):
            await one.says("jia", to="yi", points=2.0, after_s=30)
        alerts = Alerts(
            *(one.alerts.store, one.orders, one.said.append, one.responders, Assistant()),
            clock=one.clock,
        )
        told = one.alerts.raised.pop().alert
        await one.alerts.store.answer(1, Word.HUSH, one.clock())
        await alerts.tell(told, [OWNER])
        await one.leaves()
        alerts.ended(one.said[-1])
        no = message("不", chat_id=OWNER, talker_id=OWNER, sent_at=one.clock())
        answered = await alerts.answer(Exchange(no, cleaned="不"))

        assert "好，算我弄错了：这条不再计分，以后也会少犯。" == (
            answered.reply and answered.reply.text
        )
        assert Mark.WRONG == (await one.steps())[-1].mark
