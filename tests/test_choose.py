"""Candidates: what an example may carry over, what follows up, how they score."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.bank import Guess, Near, Pair
from engine.mood import Mood
from engine.talk import Aptness, Asked, Draft, Likelihood, Turn
from handlers import choose, scoring
from handlers.exchange import Candidate, Source
from tests.fakes import persona


def asked(text: str, *history: Turn) -> Asked:
    return Asked(persona(), text, Mood.NEUTRAL, history)


@pytest.mark.parametrize(
    ("text", "reply", "message", "expected"),
    [
        ("奶奶走了", "想讲讲奶奶的事，我就听着。", "我爷爷走了", "奶奶"),
        ("奶奶走了", "想讲讲奶奶的事，我就听着。", "我奶奶昨晚走了", None),
        ("我妈住院了", "妈住院，你心里悬着吧。", "我爸住院了", "妈住"),
        ("等了3天了", "3天是够久的。", "等了一个月了", "3"),
        ("嗓子疼吃什么药", "嗓子疼得厉害吗？", "头疼吃什么药", "嗓子"),
        ("今天好累", "身上累还是心里累？", "好累啊", None),
        ("怎么办", "怎么了，慢慢说。", "烦", None),
        ("今天是爷爷忌日", "想他了吧，今天不好受。", "今天是我妈的忌日", "他/她"),
        ("今天是爷爷忌日", "想他了吧，今天不好受。", "今天是外公的忌日", None),
        ("老板骂我", "别理他，吉他弹一首。", "我妈骂我爸", None),
        ("my grandma died", "Your grandma must have meant a lot.", "my dog died", "grandma"),
    ],
)
def test_a_detail_of_another_message_is_not_carried_over(
    text: str, reply: str, message: str, expected: str | None
) -> None:
    """What an answer took from its own message must be in the new one too; common words may. A
    woman is no he, and a man no she.
    """
    assert expected == choose.detail(text, reply, message)


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("盘点要弄到几点", True),
        ("有几个是坏的？", True),
        ("今天别等我吃饭了,盘点不知道弄到几点", False),
        ("寄了两箱橙子 底下有几个可能压坏了", False),
        ("也没什么，就是累", False),
    ],
)
def test_what_asks_nothing_is_kept_as_what_was_told(text: str, is_question: bool) -> None:
    """To a question word that asks nothing, no open line says that the owner will answer."""
    forms = {line.reply: line.is_for_questions for line in persona().open_lines}
    found = choose.from_open(asked(text), (), 90)

    assert found
    assert {is_question} == {forms[line] for line in found}


def test_what_is_said_to_a_bare_face_is_said_to_no_words() -> None:
    """Neither an example whose message is but faces nor a line of theirs; to faces both are."""
    near, guess = (
        Near(Pair("[捂脸][捂脸]", Mood.SAD, "出什么糗了？"), 1.2),
        Guess("sticker.cry", 0.9),
    )
    faults, lines = [], []
    for text in ("[捂脸]我把钥匙锁屋里了", "[捂脸]🙈！"):
        faults.append(choose.from_pair(near, asked(text), 90).fault)
        lines.append(sum(map(len, choose.from_occasions([guess], asked(text), (), 90))))

    assert ["detail: a bare face", ""] == faults
    assert 0 == lines[0] < lines[1]


def test_the_answer_to_another_question_is_refused() -> None:
    """Facts asked for in nearly the same words have other answers; other questions bear it."""
    pair = Pair("一年有多少个节气", Mood.NEUTRAL, "24个，从立春数到大寒。")
    known = choose.from_pair(Near(pair, 1.4, 1.0), asked("一年有多少个节气"), 90)
    other = choose.from_pair(Near(pair, 1.3, 0.6), asked("一年有多少个星期"), 90)
    personal = choose.from_pair(
        Near(Pair("你叫啥", Mood.NEUTRAL, "我叫一心。"), 1.3, 0.6), asked("你叫什么"), 90
    )

    how = Near(Pair("西红柿炒蛋怎么做", Mood.NEUTRAL, "先炒蛋，再炒番茄。"), 1.1, 0.9)

    assert "detail: whether, not which" == choose.from_pair(how, asked("炒蛋你放不放糖"), 90).fault
    assert not choose.from_pair(how, asked("炒蛋咋做"), 90).fault
    assert not known.fault
    assert other.fault.startswith("detail")
    assert not personal.fault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("那第二个呢？", True), ("她多大了", True), ("不对，我说的是周五", True)),
        *(("然后呢", True), ("why?", True), ("中午吃什么", False), ("我失恋了", False)),
        ("那天我去了公园，天气特别好，人也多，玩到天黑才回家", False),
    ],
)
def test_what_only_the_turns_before_explain_is_a_follow_up(text: str, expected: bool) -> None:
    """Short messages with a pronoun or an ellipsis; nothing is one at the start of a chat."""
    assert expected == choose.is_follow_up(asked(text, Turn("推荐两首歌", "好呀。")))
    assert not choose.is_follow_up(asked(text))


def test_nearer_and_likelier_scores_higher() -> None:
    """Of two examples; and a draft needs more than an example as near."""
    near, far = (Candidate("x", Source.EXAMPLE, nearness=n) for n in (1.0, 0.7))
    likely, unlikely = Likelihood(-2.0, -4.0), Likelihood(-4.0, -4.0)

    draft = Candidate("x", Source.MODEL)

    assert scoring.score(near, likely) > scoring.score(far, likely)
    assert scoring.score(near, likely) > scoring.score(near, unlikely)
    assert scoring.score(near, likely) > scoring.score(draft, likely, nearest=1.0)


def test_what_fits_the_occasion_scores_higher() -> None:
    """An example of a surer occasion beats one of another, and so does a line, whatever weighs."""
    for evidence in (Likelihood(-2.0, -2.5), Aptness(1.0, -1.0)):
        for source in (Source.EXAMPLE, Source.CANNED):
            sure, doubtful = (
                Candidate("x", source, 0.8, sureness=share, kin=share) for share in (0.9, 0.1)
            )
            assert scoring.score(sure, evidence) > scoring.score(doubtful, evidence)


def test_the_apter_scores_higher() -> None:
    """Of two lines for the same occasion; and what speaks for a text by itself agrees."""
    apt, odd = Aptness(3.0, 1.0), Aptness(-1.0, -3.0)
    for source in (Source.EXAMPLE, Source.CANNED):
        line = Candidate("x", source, 0.8, sureness=0.5, kin=0.5)
        assert scoring.score(line, apt) > scoring.score(line, odd)

    assert scoring.value(apt) > scoring.value(odd)
    assert scoring.value(Likelihood(-1.0, -3.0)) > scoring.value(Likelihood(-3.0, -3.0))


def test_what_may_not_be_sent_has_no_score() -> None:
    """The evidence is of the others, in their order."""
    one, bad, other = (
        Candidate(text, Source.CANNED, fault=fault)
        for text, fault in (("a", ""), ("b", "x"), ("c", ""))
    )
    found = scoring.scored([one, bad, other], [Aptness(1.0, 0.0), Aptness(2.0, 1.0)])

    assert found[1].score is None
    assert [found[0].score, found[2].score] == sorted(x.score for x in found if x.score is not None)


def test_an_example_is_as_sure_as_the_guess_of_its_occasion() -> None:
    """Nothing where it is not among the guesses; something where nobody told or guessed any."""
    guesses = [Guess("passed.exam", 0.7, 0.7), Guess("won", 0.2, 0.2)]
    found = [
        choose.from_pair(
            Near(Pair("x", Mood.HAPPY, "好呀。", occasion=name), 0.8), asked("成了"), 90, guesses
        )
        for name in ("won", "passed.exam", "passed.viva", "baby")
    ]

    plain = Near(Pair("x", Mood.HAPPY, "好呀。"), 0.8)
    untold = [
        choose.from_pair(plain, asked("成了"), 90, guesses),
        choose.from_pair(
            replace(plain, pair=replace(plain.pair, occasion="won")), asked("成了"), 90
        ),
    ]

    assert [choose.UNTOLD.score] * 2 == [one.sureness for one in untold]
    assert [(0.2, 0.2), (0.7, 0.7), (0.0, 0.7), (0.0, 0.0)] == [
        (one.sureness, one.kin) for one in found
    ]


@pytest.mark.parametrize(
    ("message", "is_english"),
    [("晚安啦", False), ("good night", True), ("[月亮]", False), ("英语六级过了没你猜", False)],
)
def test_prepared_lines_are_of_the_language_of_the_message(message: str, is_english: bool) -> None:
    """Of a message about English, too, and of one that has no words at all."""
    lines = ["晚安，好好睡一觉。", "Good night, sleep tight."]

    assert [lines[is_english]] == choose.sayable(lines, asked(message), 90)


def test_a_cut_draft_ends_at_its_last_sentence() -> None:
    """What the token limit cut goes out up to where it was whole; a list never."""
    cut = Draft("先歇会儿。等你缓过来我们再", 12, is_finished=False)
    listed = Draft("1. 休息\n2. 喝水", 8, is_finished=True)

    assert "先歇会儿。" == choose.from_draft(cut, asked("好累"), 90).text
    assert choose.from_draft(listed, asked("好累"), 90).fault.startswith("list")
