from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.audit.errors import AuditError
from handlers.conduct import StepState
from handlers.exchange import Action, Exchange, Gate, Outcome, Verdict
from handlers.orders import OrderKind
from tests.fakes import NOW, Clock, message, room_message
from tests.moderated import OWNER, ROOM, Account, angry, exempted, house


async def test_a_first_attack_is_noted_and_nothing_is_said(tmp_path: Path) -> None:
    """One clear insult is evidence, a note, and points; the room hears nothing."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=1.5)

        assert ([Action.NOTE], [], {"jia": 1.5}) == (
            await one.actions(),
            one.said,
            one.tally.of_room(ROOM),
        )


async def test_who_goes_on_is_warned_by_name_once(tmp_path: Path) -> None:
    """The second insult is answered with a line to its writer, a third soon after is not."""
    async with house(tmp_path) as one:
        for _ in range(3):
            await one.says("jia", to="yi", points=1.6, after_s=30)
        [line] = one.said

        assert line.reply is not None
        assert ("warn", (("jia", "甲"),)) == (line.reply.name, line.reply.mentions)
        assert (ROOM, "同学群") == (line.message.chat_id, line.message.room_name)


async def test_the_admins_see_what_was_said_and_how_it_was_read(tmp_path: Path) -> None:
    """An alert has the messages with moods and points, and names the step it asks about."""
    async with house(tmp_path) as one:
        await one.says("yi", "大家好", points=0.1)
        for n in range(4):
            await one.says("jia", f"第{n}句", to="yi", points=1.6, after_s=60)
        [raised] = one.alerts.raised
        last = (await one.steps())[-1]

        assert (OWNER, last.id, "jia") == (
            raised.to_id,
            raised.alert.step_id,
            raised.alert.person_id,
        )
        assert "对 乙 「第3句」 生气 0.93，冒犯 0.90，+1.6 分" in raised.alert.text
        assert (Action.ALERT, StepState.DONE) == (last.action, last.state)


async def test_a_step_is_done_when_its_line_has_left(tmp_path: Path) -> None:
    """Sent, or maybe sent, is done; a line that did not leave has failed, and is tried again."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=3.0)
        await one.leaves(Outcome.FAILED)
        await one.says("jia", to="yi", points=1.0)
        await one.leaves(Outcome.UNCERTAIN)
        steps = await one.steps()

        assert [StepState.FAILED, StepState.DONE] == [step.state for step in steps]
        assert [line.id for line in one.said] == [step.notice_id for step in steps]


async def test_a_quarrel_is_one_incident(tmp_path: Path) -> None:
    """Both are calmed together, once; the step is about who began, with the points of both."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=2.2)
        await one.says("yi", to="jia", points=2.0, after_s=20)
        [line], step = one.said, (await one.steps())[-1]

        assert line.reply is not None
        assert ("calm", (("jia", "甲"), ("yi", "乙"))) == (line.reply.name, line.reply.mentions)
        assert (Action.CALM, "jia", "甲", "yi") == (
            step.action,
            step.person_id,
            step.person_name,
            step.other_id,
        )
        assert 3.2 == pytest.approx(step.points, abs=0.05)


async def test_who_was_attacked_gets_half_the_points_for_the_answer(tmp_path: Path) -> None:
    """And only for what they say to the attacker; whoever joins in has all of theirs."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=2.0)
        await one.says("yi", to="jia", points=2.0)
        await one.says("yi", to="bing", points=0.5)
        await one.says("bing", to="jia", points=1.5)

        assert {"jia": 2.0, "yi": 1.5, "bing": 1.5} == one.tally.of_room(ROOM)


async def test_the_attacked_and_bystanders_hear_nothing(tmp_path: Path) -> None:
    """Steps are about the attacker alone where nobody answers."""
    async with house(tmp_path) as one:
        for _ in range(5):
            await one.says("jia", to="yi", after_s=60)
            await one.says("bing", "别吵了", points=0.0)

        assert {"jia"} == {step.person_id for step in await one.steps()}


async def test_who_goes_on_after_calming_is_warned(tmp_path: Path) -> None:
    """The one who began has more points, and is the one."""
    async with house(tmp_path) as one:
        await one.says("jia", to="yi", points=2.0)
        await one.says("yi", to="jia", points=2.0)
        await one.says("jia", to="yi", points=2.0, after_s=60)

        assert [Action.NOTE, Action.CALM, Action.WARN] == await one.actions()
        assert "jia" == (await one.steps())[-1].person_id


async def test_teasing_is_never_spoken_to(tmp_path: Path) -> None:
    """Words not worth a note add up to one, however many; a rule that states a fact does warn."""
    async with house(tmp_path) as one:
        for _ in range(9):
            await one.says("jia", "你个憨憨", to="yi", points=0.8)
            await one.says("yi", "你才憨", to="jia", points=0.9)
        teasing = one.said[:]
        for _ in range(6):
            await one.says("bing", points=0.6, rule="repeats")

        assert ([], 1) == (teasing, len(one.said))
        assert {Action.NOTE, Action.WARN} == set(await one.actions())


async def test_shadow_says_nothing_and_tells_nobody(tmp_path: Path) -> None:
    """It keeps, step by step, what would have been done, the removal included."""
    async with house(tmp_path, mode="shadow") as one:
        for _ in range(6):
            await one.says("jia", to="yi", points=2.0, after_s=30)
        steps = await one.steps()

        assert ([], [], []) == (one.said, one.alerts.raised, one.account.removed)
        assert [Action.NOTE, Action.WARN, Action.ALERT, Action.REMOVE] == await one.actions()
        assert {(StepState.WOULD, "shadow")} == {(step.state, step.mode) for step in steps}


async def test_a_mode_that_is_ordered_counts_from_the_next_message(tmp_path: Path) -> None:
    """What shadow would have said is no warning yet: the first real one still comes."""
    async with house(tmp_path, mode="shadow") as one:
        await one.says("jia", to="yi", points=3.0)
        await one.orders.give(OrderKind.MODE, chat_id=ROOM, value="warn")
        await one.says("jia", to="yi", points=1.0, after_s=60)

        assert [StepState.WOULD, StepState.DUE] == [step.state for step in await one.steps()]
        assert 1 == len(one.said)


async def test_off_keeps_nothing(tmp_path: Path) -> None:
    """No evidence, no points, no step."""
    async with house(tmp_path, mode="off") as one:
        await one.says("jia", to="yi", points=9.0)

        assert ((), []) == (await one.store.evidence_since(0), await one.steps())


async def test_a_quiet_room_hears_nothing_and_its_admins_do(tmp_path: Path) -> None:
    """/quiet keeps lines out of the room; the admins are told as ever."""
    async with house(tmp_path) as one:
        await one.orders.give(OrderKind.QUIET, chat_id=ROOM, seconds=1800)
        for _ in range(3):
            await one.says("jia", to="yi", points=2.0, after_s=30)

        assert ([], ["heat"]) == (one.said, one.told)
        assert [StepState.DONE, StepState.WOULD, StepState.DONE] == [
            step.state for step in await one.steps()
        ]


async def test_without_an_admin_it_ends_with_a_warning(tmp_path: Path) -> None:
    """Where nobody can decide, nobody is told of and nobody removed."""
    async with house(tmp_path, owner="") as one:
        for _ in range(6):
            await one.says("jia", to="yi", points=2.0, after_s=60)

        assert [Action.NOTE, Action.WARN] == await one.actions()


@pytest.mark.parametrize("who", ["admin", "exempt", "self", "private", "no verdict"])
async def test_those_out_of_it_get_no_points(tmp_path: Path, who: str) -> None:
    """An admin, somebody exempt, the account, a private chat, a message nothing was found in."""
    said = room_message("滚", talker_id=OWNER if who == "admin" else "jia", is_self=who == "self")
    if who == "private":
        said = message("滚")
    verdict = None if who == "no verdict" else Verdict(Action.NOTE, "heat", "", 9.0, "yi")
    async with house(tmp_path) as one:
        if who == "exempt":
            await exempted(one, "jia")
        await one.moderator.stage(Exchange(said, reading=angry(), verdict=verdict))

        assert ((), []) == (await one.store.evidence_since(0), await one.steps())


async def test_a_rule_other_than_heat_warns_in_its_own_words(tmp_path: Path) -> None:
    """Who floods is asked to slow down."""
    async with house(tmp_path) as one:
        await one.says("jia", points=3.0, rule="flood")
        [line] = one.said

        assert line.reply is not None
        assert any(word in line.reply.text for word in ("慢一点", "稍微慢"))


async def test_removal_waits_for_an_admins_yes(tmp_path: Path) -> None:
    """The step is due, the admins are asked, and nobody is gone yet."""
    async with house(tmp_path) as one:
        for _ in range(5):
            await one.says("jia", to="yi", points=2.0, after_s=60)
        last = (await one.steps())[-1]

        assert (["heat", "remove"], []) == (one.told, one.account.removed)
        assert (Action.REMOVE, StepState.DUE) == (last.action, last.state)


async def test_removal_unasked_where_the_settings_say_so(tmp_path: Path) -> None:
    """The member is gone, and the admins are told of it."""
    async with house(tmp_path, remove_unasked=True) as one:
        for _ in range(5):
            await one.says("jia", to="yi", points=2.0, after_s=60)
        last = (await one.steps())[-1]

        assert (["jia"], StepState.DONE) == (one.account.removed, last.state)
        assert "已经请出群" in one.alerts.raised[-1].alert.text


async def test_nobody_is_removed_where_the_room_is_anothers(tmp_path: Path) -> None:
    """The admins were told, and are not asked for what cannot be."""
    async with house(tmp_path, account=Account(is_owner=False), remove_unasked=True) as one:
        for _ in range(6):
            await one.says("jia", to="yi", points=2.0, after_s=60)

        assert (["heat"], []) == (one.told, one.account.removed)


async def test_a_restart_loses_no_points(tmp_path: Path) -> None:
    """What everybody had before is what they have after, and the next step follows from it."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.says("jia", to="yi", points=2.0)
        await one.says("yi", to="jia", points=1.0, after_s=700)
        before = one.tally.of_room(ROOM)
    async with house(tmp_path, clock) as one:
        after = one.tally.of_room(ROOM)
        await one.says("jia", to="bing", points=2.0)

        assert before == after
        assert "warn" == (one.said[-1].reply and one.said[-1].reply.name)


async def test_with_pseudonyms_it_all_works_too(tmp_path: Path) -> None:
    """Names are in memory alone: both are called by them, and points are found after a restart."""
    clock = Clock(NOW)
    async with house(tmp_path, clock, pseudonyms=True) as one:
        await one.says("jia", to="yi", points=2.2)
        await one.says("yi", to="jia", points=2.0)
        [line], before = one.said, one.tally.of_room(ROOM)

        assert line.reply is not None
        assert (("jia", "甲"), ("yi", "乙")) == line.reply.mentions
    async with house(tmp_path, clock, pseudonyms=True) as one:
        await one.carrier.resume()

        assert (before, []) == (one.tally.of_room(ROOM), one.said)
        assert StepState.FAILED == (await one.steps())[-1].state


async def test_what_a_crash_cut_off_is_read_for_points(tmp_path: Path) -> None:
    """It counts as of when it was written, once over two restarts, and no step follows."""
    clock = Clock(NOW)
    said = room_message("你有完没完", talker_id="jia", talker_name="甲")
    async with house(tmp_path, clock) as one:
        await one.audit.receive(Exchange(said))
    clock.pass_by(900)
    for _ in range(2):
        async with house(tmp_path, clock) as one:
            await one.moderator.resume([judged])
            evidence = await one.store.evidence_since(0)

            assert [(NOW, 3.0)] == [(one.at, one.points) for one in evidence]
            assert 3.0 * 0.5**0.5 == pytest.approx(one.tally.points(ROOM, "jia"))
            assert [] == await one.steps()


async def test_what_was_cut_off_long_ago_stays_unread(tmp_path: Path) -> None:
    """After a half-life it is not worth it."""
    clock = Clock(NOW)
    async with house(tmp_path, clock) as one:
        await one.audit.receive(Exchange(room_message("你有完没完")))
    clock.pass_by(1801)
    async with house(tmp_path, clock) as one:
        await one.moderator.resume([judged])

        assert () == await one.store.evidence_since(0)


async def test_a_message_that_a_stage_ends_is_not_counted(tmp_path: Path) -> None:
    """Read again, it may turn out to be empty."""
    async with house(tmp_path) as one:
        await one.audit.receive(Exchange(room_message("\u200b")))
    async with house(tmp_path) as one:
        await one.moderator.resume([lambda exchange: exchange.stopped(Gate.EMPTY), judged])

        assert () == await one.store.evidence_since(0)


async def test_without_its_row_nothing_counts(tmp_path: Path) -> None:
    """Evidence that could not be kept adds no points, so a restart changes nothing."""
    async with house(tmp_path) as one:
        await one.audit.close()
        verdict = Verdict(Action.NOTE, "heat", "", 9.0, "yi")
        with pytest.raises(AuditError):
            await one.moderator.stage(Exchange(room_message("滚"), verdict=verdict))

        assert ({}, []) == (one.tally.of_room(ROOM), one.said)


async def judged(exchange: Exchange) -> Exchange:
    return replace(exchange, verdict=Verdict(Action.NOTE, "heat", "", 3.0, "yi"))
