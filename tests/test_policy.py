from __future__ import annotations

from dataclasses import replace

import pytest

from engine.mood import Mood, Reading
from handlers.exchange import Action, Exchange, Kind, Message, Verdict
from handlers.policy import Rule, anger, judge

GROUP = Message("m1", "r1", "t1", "小明", "滚", "滚", Kind.TEXT, 0.0, room_name="群")


def reading(mood: Mood, confidence: float = 0.9, offence: float | None = None) -> Reading:
    rest = (1 - confidence) / (len(Mood) - 1)
    scores = {m: confidence if m is mood else rest for m in Mood}
    return Reading.from_scores(scores, unsure_below=0.5, offence=offence)


def always(action: Action, name: str) -> Rule:
    return lambda exchange, reading: Verdict(action, name, "always")


def test_sure_anger_in_a_group_is_noted() -> None:
    """The verdict names its rule and the figures it rests on."""
    exchange = judge([anger()])(Exchange(GROUP, reading=reading(Mood.ANGRY)))

    assert Verdict(Action.NOTE, "anger", "angry 0.90, polarity -0.92") == exchange.verdict


def test_offence_is_told_where_it_was_read() -> None:
    """A model that reads insults has its figure in the detail."""
    exchange = judge([anger()])(Exchange(GROUP, reading=reading(Mood.ANGRY, offence=0.25)))

    assert exchange.verdict is not None
    assert exchange.verdict.detail.endswith(", offence 0.25")


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood is not Mood.ANGRY])
def test_other_moods_are_no_matter(mood: Mood) -> None:
    """Only anger is noted; the figures stay on record all the same."""
    verdict = judge([anger()])(Exchange(GROUP, reading=reading(mood))).verdict

    assert verdict is not None
    assert (verdict.action, verdict.rule) == (Action.NONE, "anger")
    assert verdict.detail.startswith(f"{mood} 0.90")


def test_anger_in_private_is_nobodys_business() -> None:
    """A private chat has nobody to protect from it."""
    private = replace(GROUP, chat_id="t1", room_name=None)
    verdict = judge([anger()])(Exchange(private, reading=reading(Mood.ANGRY))).verdict

    assert verdict is not None
    assert Action.NONE is verdict.action


@pytest.mark.parametrize(
    ("message", "found", "detail"),
    [
        (GROUP, None, "no reading"),
        (GROUP, reading(Mood.ANGRY, 0.4), "unsure: angry 0.40, polarity -0.52"),
        (replace(GROUP, is_self=True), reading(Mood.ANGRY), "own message"),
        (replace(GROUP, talker_id="o1"), reading(Mood.ANGRY), "message of the owner"),
    ],
)
def test_the_spared_are_spared_by_every_rule(
    message: Message, found: Reading | None, detail: str
) -> None:
    """No reading, an unsure one, own messages, the owner's: NONE whatever the rules (trap 24)."""
    rules = [anger(), always(Action.NOTE, "zealous")]
    exchange = judge(rules, owner="o1")(Exchange(message, reading=found))

    assert Verdict(Action.NONE, "spared", detail) == exchange.verdict


def test_nobody_is_owner_by_having_no_id() -> None:
    """Without an owner in the settings, an empty talker id spares nobody."""
    nameless = replace(GROUP, talker_id="")
    verdict = judge([anger()])(Exchange(nameless, reading=reading(Mood.ANGRY))).verdict

    assert verdict is not None
    assert Action.NOTE is verdict.action


def test_the_most_severe_finding_wins() -> None:
    """A note outranks NONE in any order, and of two notes the first rule is named."""
    angry = Exchange(GROUP, reading=reading(Mood.ANGRY))
    none, first, second = (
        always(Action.NONE, "none"),
        always(Action.NOTE, "first"),
        always(Action.NOTE, "second"),
    )

    assert Verdict(Action.NOTE, "first", "always") == judge([none, first, second])(angry).verdict


def test_no_rules_no_finding() -> None:
    """Without rules the verdict still says so."""
    exchange = judge([])(Exchange(GROUP, reading=reading(Mood.ANGRY)))

    assert Verdict(Action.NONE, "none", "no rules") == exchange.verdict
