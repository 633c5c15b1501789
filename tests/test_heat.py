from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.mood import Mood, Reading
from handlers.exchange import Action, Verdict
from moderation.heat import LEAST, OUTBURST, Heat
from moderation.target import Aims
from settings import Settings
from tests.fakes import NOW
from tests.group_lines import ID_OF, Line, Room, exchange_of

NOTE_AT = Settings().moderation.note_at


def read(mood: Mood = Mood.ANGRY, confidence: float = 0.95, offence: float | None = 0.9) -> Reading:
    rest = (1 - confidence) / (len(Mood) - 1)
    scores = {m: confidence if m is mood else rest for m in Mood}
    return Reading.from_scores(scores, unsure_below=0.5, offence=offence)


def judged(text: str, reading: Reading | None = None, **line: object) -> Verdict:
    """What 大鹏 said in a room where everybody wrote, but not lately."""
    said = exchange_of(Line(text, "大鹏", "test", **line))  # type: ignore[arg-type]
    return Heat(Aims(Room.of_all(NOW)), note_at=NOTE_AT)(said, reading or read())


def test_an_insult_at_a_member_is_noted() -> None:
    """The verdict names the rule, whom it was said to, and all that it rests on."""
    verdict = judged("@阿杰 你真是个废物", mention=("阿杰",))

    assert (Action.NOTE, "heat", ID_OF["阿杰"]) == (
        verdict.action,
        verdict.rule,
        verdict.target_id,
    )
    assert "angry 0.95, polarity -0.96, offence 0.90, at mention: slur" == verdict.detail
    assert 1.5 <= verdict.points <= 2.0


def test_contempt_said_calmly_counts_too() -> None:
    """A neutral reading with high offence and a target is noted; without offence it is not."""
    calm = read(Mood.NEUTRAL)

    assert Action.NOTE is judged("老周，你也配？", calm).action
    assert Action.NONE is judged("老周，你也配？", replace(calm, offence=0.05)).action


def test_an_outburst_at_nobody_is_far_from_a_step() -> None:
    """Who swears at all the world is on record with little, however angry."""
    verdict = judged("妈的，气死我了，一群废物", read(offence=1.0))

    assert (Action.NONE, OUTBURST, "") == (verdict.action, verdict.points, verdict.target_id)


@pytest.mark.parametrize(
    ("serious", "milder"),
    [
        ("@阿杰 你个废物", "@阿杰 你个废物哈哈哈"),
        ("@阿杰 你个废物", "@阿杰 你个废物[狗头]"),
        ("@阿杰 你个废物", "@阿杰 他骂我：你个废物"),
        ("@阿杰 你个废物", "@阿杰 那个司机就是个废物"),
        ("@阿杰 你个废物", "@阿杰 “废物”是什么意思"),
    ],
)
def test_fun_reports_and_other_people_are_no_attack(serious: str, milder: str) -> None:
    """The same words with a laugh, in somebody else's mouth or of a third person are not noted."""
    fierce = read(offence=0.97)

    assert Action.NOTE is judged(serious, fierce, mention=("阿杰",)).action
    assert Action.NONE is judged(milder, fierce, mention=("阿杰",)).action


def test_anger_alone_or_words_alone_make_no_note() -> None:
    """The angriest message without offence, and the worst word calmly read, stay below it."""
    assert judged("阿杰 你快点！", read(confidence=1.0, offence=0.1)).points == 0
    assert judged("阿杰你个废物", read(Mood.HAPPY, offence=0.1)).points < NOTE_AT


def test_a_private_chat_has_nobody_to_protect() -> None:
    """No points, whatever is said there."""
    said = exchange_of(Line("@阿杰 你真是个废物", "大鹏", "test", mention=("阿杰",)))
    private = replace(said, message=replace(said.message, room_name=None))
    verdict = Heat(Aims(Room()), note_at=NOTE_AT)(private, read())

    assert (Action.NONE, 0.0) == (verdict.action, verdict.points)


def test_a_model_that_reads_no_offence_notes_only_the_plainest() -> None:
    """Anger and words together make a note; nothing else does."""
    blind = read(confidence=0.95, offence=None)

    assert Action.NOTE is judged("@阿杰 你真是个废物", blind, mention=("阿杰",)).action
    assert judged("@阿杰 你快点", blind, mention=("阿杰",)).points == 0


@given(
    offence=st.floats(0, 1),
    angry=st.floats(0.2, 1),
    text=st.sampled_from(["你真是个废物", "你快点", "", "哈哈哈", "那个司机真混蛋"]),
    is_aimed=st.booleans(),
)
def test_one_message_is_never_worth_a_warning(
    offence: float, angry: float, text: str, is_aimed: bool
) -> None:
    """Nothing or LEAST to 2 where a member is meant, at most OUTBURST where nobody is."""
    mention = ("阿杰",) if is_aimed else ()
    said = f"@阿杰 {text}" if is_aimed else f"说：{text.replace('你', '他')}"
    points = judged(said, read(confidence=angry, offence=offence), mention=mention).points

    assert points == 0 or (LEAST <= points < 2 if is_aimed else points == OUTBURST)
