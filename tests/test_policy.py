from __future__ import annotations

from dataclasses import replace

import pytest

from engine.mood import Mood, Reading
from handlers.exchange import Action, Exchange, Message, Verdict
from handlers.policy import MoodRule, Rule, judge, spared
from tests.fakes import reading, room_message

GROUP = room_message("滚", talker_id="t1")
ANGRY = reading(Mood.ANGRY)


def always(name: str, points: float = 1.0, action: Action = Action.NOTE) -> MoodRule:
    return lambda exchange, reading: Verdict(action, name, "always", points)


def told(name: str, points: float = 1.0, action: Action = Action.NOTE) -> Rule:
    return lambda exchange, reading: Verdict(
        action, name, f"mood {reading and reading.mood}", points
    )


def verdict_of(exchange: Exchange, *moods: MoodRule, rules: tuple[Rule, ...] = ()) -> Verdict:
    verdict = judge(moods, rules, is_spared=spared("o1", is_admin))(exchange).verdict
    assert verdict is not None
    return verdict


def is_admin(message: Message) -> bool:
    return message.talker_id == "a1"


@pytest.mark.parametrize(
    ("message", "found", "detail"),
    [
        (GROUP, None, "no reading"),
        (GROUP, reading(Mood.ANGRY, 0.4), "unsure: angry 0.40, polarity -0.52"),
        (
            room_message("你们别管我，我不想活了"),
            replace(ANGRY, distress=True),
            "distress: angry 0.90, polarity -0.92",
        ),
        (replace(GROUP, is_self=True), ANGRY, "own message"),
        (replace(GROUP, talker_id="o1"), ANGRY, "message of the owner"),
        (replace(GROUP, talker_id="a1"), ANGRY, "message of an admin or somebody exempt"),
    ],
)
def test_no_rule_over_moods_forgets_whom_to_spare(
    message: Message, found: Reading | None, detail: str
) -> None:
    """No reading, an unsure one, distress; of the account, the owner, admins: NONE (trap 24)."""
    exchange = Exchange(message, cleaned=message.text, reading=found)

    assert Verdict(Action.NONE, "spared", detail) == verdict_of(exchange, always("zealous"))


@pytest.mark.parametrize("found", [None, reading(Mood.ANGRY, 0.4)])
def test_a_flood_is_one_whatever_its_mood(found: Reading | None) -> None:
    """Rules that need no mood are asked about messages without a reading, or with an unsure one."""
    verdict = verdict_of(Exchange(GROUP, reading=found), always("heat"), rules=(told("flood"),))

    assert "flood" == verdict.rule


@pytest.mark.parametrize("talker_id", ["o1", "a1"])
def test_admins_may_flood(talker_id: str) -> None:
    """Who is spared is spared by the rules that need no mood, too."""
    exchange = Exchange(replace(GROUP, talker_id=talker_id), reading=ANGRY)

    assert "spared" == verdict_of(exchange, rules=(told("flood"),)).rule


def test_an_insult_that_a_head_takes_for_distress_is_judged() -> None:
    """Only words of distress spare their writer, not the figure alone."""
    exchange = Exchange(GROUP, cleaned="滚", reading=replace(ANGRY, distress=True))

    assert "heat" == verdict_of(exchange, always("heat")).rule


def test_nobody_is_owner_by_having_no_id() -> None:
    """Without an owner in the settings, an empty talker id spares nobody."""
    nameless = Exchange(replace(GROUP, talker_id=""), reading=ANGRY)
    stage = judge([always("heat")], is_spared=spared("", is_admin))

    assert Verdict(Action.NOTE, "heat", "always", 1.0) == stage(nameless).verdict


def test_the_worst_finding_is_the_one_that_counts() -> None:
    """Most points first, whatever a rule on trial notes; then a note; then the first rule."""
    angry = Exchange(GROUP, reading=ANGRY)
    half, dry = always("half", 0.7, Action.NONE), always("dry", 0.0)

    assert "half" == verdict_of(angry, dry, half).rule
    assert "dry" == verdict_of(angry, always("none", 0.0, Action.NONE), dry).rule
    assert "heat" == verdict_of(angry, half, always("heat"), always("second")).rule
    assert "flood" == verdict_of(angry, always("heat"), rules=(told("flood", 1.5),)).rule
    assert "heat" == verdict_of(angry, always("heat"), rules=(told("flood"),)).rule


def test_no_rules_no_finding() -> None:
    """Without rules the verdict still says so."""
    assert Verdict(Action.NONE, "none", "no rules") == verdict_of(Exchange(GROUP, reading=ANGRY))
