"""The reply stage: what is known goes first, then the best candidate, then a warm line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

import settings
from engine.bank import Guess, Near, Pair
from engine.errors import EngineTimeout
from engine.mood import Mood
from engine.persona import FOLDER, PersonaError, load
from engine.talk import Turn
from handlers.exchange import Exchange, Gate, Reply, Source
from handlers.reply import Personas, ReplyStage
from tests.fakes import MemoryLedger, ScriptedMind, message, persona, reading, room_message

MONDAY = datetime(2026, 11, 23, 8, 30).astimezone()


def stage(mind: ScriptedMind, ledger: MemoryLedger | None = None, **config: object) -> ReplyStage:
    section = settings.ReplySection(**config)  # type: ignore[arg-type]
    personas = Personas(persona(), {})
    return ReplyStage(mind, ledger or MemoryLedger(), personas, section, now=lambda: MONDAY)


def asked(text: str = "今天好累", mood: Mood = Mood.SAD) -> Exchange:
    return replace(Exchange(message(text)), cleaned=text, reading=reading(mood))


def near(text: str, reply: str, similarity: float = 1.2) -> Near:
    return Near(Pair(text, Mood.NEUTRAL, reply), similarity)


async def said(mind: ScriptedMind, exchange: Exchange, **config: object) -> Reply:
    """With drafts as good as any, unless the test is about their score."""
    done = await stage(mind, None, **{"least_score": -5.0} | config)(exchange)
    assert done.reply is not None
    return done.reply


async def test_what_has_prepared_words_needs_no_model() -> None:
    """Asked about the weather, it says that it cannot know, though the model finds no example."""

    class Absent(ScriptedMind):
        async def nearest(self, *args: object, **kwargs: object) -> list[Near]:
            raise EngineTimeout("late")

    reply = await said(Absent(), asked("明天天气怎么样", Mood.NEUTRAL), when_failed="silent")

    assert (Source.CANNED, "weather") == (reply.source, reply.name)
    assert reply.text in persona().honest["weather"]


async def test_a_good_draft_is_the_reply() -> None:
    """A draft that the guard lets through, and nothing better beside it, is sent as it is."""
    reply = await said(ScriptedMind(["这么晚才忙完，早点休息。"]), asked())

    assert ("这么晚才忙完，早点休息。", Source.MODEL) == (reply.text, reply.source)


async def test_the_tone_follows_the_mood() -> None:
    """The model is asked with the mood that was read."""
    mind = ScriptedMind()
    await stage(mind, least_score=-5.0)(asked(mood=Mood.SAD))

    assert [Mood.SAD] == [each.mood for each in mind.asked]


async def test_the_nearest_pairs_are_shown_to_the_model() -> None:
    """As many as the settings say, the nearest first."""
    mind = ScriptedMind(near=[near(f"累{n}", f"歇会儿{n}", 0.4) for n in range(6)])
    await stage(mind, examples=3, least_score=-5.0)(asked())

    assert [("累0", "累1", "累2")] == [tuple(p.text for p in each.near) for each in mind.asked]


async def test_what_was_written_to_the_same_message_goes_out() -> None:
    """The nearest of them, with neither a draft nor a weighing, and it says what it is."""
    mind = ScriptedMind(
        near=[near("今天好累啊", "身上累还是心里累？", 1.5), near("累", "歇。", 1.4)]
    )
    reply = await said(mind, asked())

    assert ("身上累还是心里累？", Source.EXAMPLE) == (reply.text, reply.source)
    assert not mind.asked


async def test_the_likeliest_of_near_examples_goes_out() -> None:
    """Of examples almost as near, the one this message makes likelier; the model writes nothing."""
    mind = ScriptedMind(
        near=[near("累瘫了", "先瘫着。"), near("心好累", "心里怎么了？", 0.9)],
        gains={"先瘫着。": 0.0, "心里怎么了？": 3.0},
    )
    reply = await said(mind, asked(), least_score=0.0)

    assert ("心里怎么了？", Source.EXAMPLE) == (reply.text, reply.source)
    assert not mind.asked


async def test_the_model_writes_where_no_example_is_good_enough() -> None:
    """And the best of all is sent, examples included, the best first in what is shown."""
    mind = ScriptedMind(
        ["好的呀。", "快去躺会儿吧。"],
        near=[near("累瘫了", "先瘫着，别的明天再说。", 0.85)],
        gains={"先瘫着，别的明天再说。": -3.0, "快去躺会儿吧。": 9.0},
    )
    reply = await said(mind, asked(), candidates=2, least_score=-1.1)

    assert ("快去躺会儿吧。", Source.MODEL) == (reply.text, reply.source)
    scores = [c.score for c in reply.candidates if c.score is not None]
    assert sorted(scores, reverse=True) == scores
    assert 3 == len(scores)


async def test_no_draft_is_written_that_could_not_be_sent() -> None:
    """To a message that no pair is near, none ever scores enough: the line comes at once."""
    mind = ScriptedMind(
        ["好的呀。"], near=[near("累瘫了", "先瘫着。", 0.5)], gains={"好的呀。": 9.0}
    )
    reply = await said(mind, asked(), least_score=0.0)

    assert ("open", []) == (reply.name, mind.asked)


async def test_a_line_for_the_occasion_goes_out_where_no_example_does() -> None:
    """One of the likeliest occasion, which is its name; the model writes nothing."""
    mind = ScriptedMind(
        near=[near("累瘫了", "先瘫着，别的明天再说。", 0.5)],
        guesses=[Guess("tired.just_tired", 0.7, 0.7), Guess("ill.fever", 0.2, 0.2)],
    )
    reply = await said(mind, asked(), least_score=0.0)

    assert (Source.CANNED, "tired.just_tired") == (reply.source, reply.name)
    assert reply.text in persona().occasion_lines["tired.just_tired"]
    assert not mind.asked


async def test_a_doubtful_occasion_is_not_acted_on() -> None:
    """Its lines score under the threshold: a line of the mood is said, or nothing."""
    mind = ScriptedMind(
        ["我是ChatGPT。"], guesses=[Guess("bereavement.family_passed", 0.05)], gains={}
    )
    reply = await said(mind, asked("绿萝换了个盆", Mood.NEUTRAL), least_score=0.2)

    assert (Source.CANNED, "open") == (reply.source, reply.name)


@pytest.mark.parametrize(
    ("guesses", "similarity", "name"),
    [
        ([], 1.1, "concern"),
        ([Guess("low.mood", 0.3), Guess("tired.just_tired", 0.2)], 1.1, "concern"),
        ([Guess("pet_lost.died", 0.6, 0.7)], 0.9, "pet_lost.died"),
        ([Guess("pet_lost.died", 0.6, 0.7), Guess("low.mood", 0.1)], 1.1, "pet_lost.died"),
        ([Guess("pet_lost.died", 0.3, 0.7), Guess("low.mood", 0.1)], 0.9, "concern"),
        ([Guess("pets.naughty", 0.3, 0.4), Guess("sport.sore", 0.2, 0.6)], 0.5, "pets.naughty"),
        (
            [Guess("shopping.deal", 0.3, 0.3), Guess("sport.sore", 0.2, 0.3)],
            0.5,
            "shopping.deal",
        ),
        ([Guess("sport.did_exercise", 0.3, 0.3), Guess("sport.sore", 0.2, 0.3)], 0.5, "concern"),
    ],
)
async def test_what_only_the_head_takes_for_distress_may_be_told_otherwise(
    guesses: list[Guess], similarity: float, name: str
) -> None:
    """It is asked about unless what else it is about is told surely, or it is about plain
    things: one family of them, or two that share it.
    """
    exchange = asked("养了十三年，到家门口没看见它来接我")
    assert exchange.reading is not None
    heavy = replace(exchange, reading=replace(exchange.reading, distress=True))
    some = near("狗狗走了", "它陪了你好久。", similarity)
    reply = await said(
        ScriptedMind(near=[some], guesses=guesses, gains={some.pair.reply: -9}), heavy
    )

    assert (Source.CANNED, name) == (reply.source, reply.name)


@pytest.mark.parametrize(
    ("score", "before", "lines", "name"),
    [
        (0.5, "早。", 2, "concern"),
        (0.8, "早。", 2, "distress"),
        (0.5, persona().concern[0], 2, "distress"),
        (0.5, "早。", 0, "distress"),
    ],
)
async def test_what_may_be_distress_is_asked_about_once(
    score: float, before: str, lines: int, name: str
) -> None:
    """The fixed text goes out where the head is sure, where they were asked already and go on so,
    and where the persona has no words to ask with.
    """
    exchange = asked("把猫托给她了，明天不用等我")
    assert exchange.reading is not None
    read = replace(exchange.reading, distress=True, distress_score=score)
    own = persona().model_copy(update={"concern": persona().concern[:lines]})
    ledger = MemoryLedger()
    await ledger.record(asked("在吗").answered(Reply(before, Source.MODEL)))
    reply_stage = ReplyStage(ScriptedMind(), ledger, Personas(own, {}), settings.ReplySection())
    done = await reply_stage(replace(exchange, reading=read))

    assert done.reply is not None
    assert (Source.CANNED, name) == (done.reply.source, done.reply.name)


@pytest.mark.parametrize(
    ("mood", "score", "guess", "similarity", "name"),
    [
        (Mood.SAD, 0.8, Guess("pet_lost.died", 0.6, 0.7), 0.9, "distress"),
        (Mood.SAD, 0.8, Guess("pet_lost.died", 0.6, 0.7), 1.1, "pet_lost.died"),
        (Mood.SAD, 0.8, Guess("for_owner.item", 0.8, 0.8), 0.9, "for_owner.item"),
        (Mood.SAD, 0.9, Guess("for_owner.item", 0.8, 0.8), 0.9, "distress"),
        (Mood.HAPPY, 0.9, Guess("for_owner.item", 0.8, 0.8), 0.9, "distress"),
        (Mood.HAPPY, 0.8, Guess("bye.plain", 0.3, 0.3), 0.9, "concern"),
        (Mood.HAPPY, 0.7, Guess("bye.plain", 0.9, 0.9), 0.9, "bye.plain"),
    ],
)
async def test_the_surer_the_head_the_more_must_speak_against_it(
    mood: Mood, score: float, guess: Guess, similarity: float, name: str
) -> None:
    """A will that reads as an errand, a farewell that reads as happy: a sure head is believed."""
    exchange = asked("我把遗嘱发你邮箱了，明天以后打开", mood)
    assert exchange.reading is not None
    read = replace(exchange.reading, distress=True, distress_score=score)
    some = near("终稿发你邮箱了", "好，收到。", similarity)
    mind = ScriptedMind(near=[some], guesses=[guess], gains={some.pair.reply: -9})

    assert name == (await said(mind, replace(exchange, reading=read))).name


async def test_an_english_message_is_asked_about_in_english() -> None:
    """The line of the message's language."""
    exchange = asked("I gave my cat away, don't wait for me tomorrow")
    assert exchange.reading is not None
    read = replace(exchange.reading, distress=True, distress_score=0.5)

    assert (
        persona().concern[1] == (await said(ScriptedMind(), replace(exchange, reading=read))).text
    )


async def test_lines_for_an_occasion_come_in_turns() -> None:
    """Twelve tired messages: no line again among the next three."""
    stage_ = stage(ScriptedMind(guesses=[Guess("tired.just_tired", 0.9, 0.9)]), least_score=-5.0)
    lines = [done.reply.text for n in range(12) if (done := await stage_(asked(f"累{n}"))).reply]

    assert all(4 == len(set(lines[n : n + 4])) for n in range(9))


async def test_what_the_bot_just_said_is_not_said_again() -> None:
    """The nearest example was the last reply of this chat: the next one goes out."""
    ledger = MemoryLedger()
    before = asked("好累").answered(Reply("身上累还是心里累？", Source.MODEL))
    await ledger.record(before)
    mind = ScriptedMind(
        near=[near("好累啊", "身上累还是心里累？", 1.5), near("累了", "那就歇会儿。", 1.4)]
    )
    done = await stage(mind, ledger)(asked())

    assert done.reply is not None
    assert "那就歇会儿。" == done.reply.text


@pytest.mark.parametrize(
    "bad",
    [
        *("", "。。。", "我是通义千问。", "<|im_end|>好", "@所有人 好", "哈哈哈哈好好好好" * 9),
        *("我也在加班呢。", "我一会儿过去找你。", "1. 休息\n2. 喝水", "你活该。", "今天好累。"),
    ],
)
async def test_a_refused_candidate_is_never_sent(bad: str) -> None:
    """However likely it is: the other draft is sent, and the refused one names its fault."""
    mind = ScriptedMind([bad, "快去躺会儿吧。"], gains={bad: 9.0})
    reply = await said(mind, asked(), candidates=2)

    assert "快去躺会儿吧。" == reply.text
    assert [True, False] == [not c.fault for c in reply.candidates]


async def test_without_a_candidate_a_warm_line_is_said() -> None:
    """One that fits the mood and the form, the likeliest of a few, and says what it is."""
    reply = await said(ScriptedMind(["我是ChatGPT。"]), asked(mood=Mood.SAD))
    fitting = [line.reply for line in persona().open_lines if line.mood is Mood.SAD]

    assert (Source.CANNED, "open") == (reply.source, reply.name)
    assert reply.text in fitting


@pytest.mark.parametrize(("owner", "is_kept"), [("ming", False), ("boss", True), ("", True)])
async def test_a_message_is_kept_for_the_owner_unless_the_owner_wrote_it(
    owner: str, is_kept: bool
) -> None:
    """The account's owner is not told that the owner will get back to them."""
    stage_ = ReplyStage(
        *(ScriptedMind(), MemoryLedger(), Personas(persona(), {})),
        settings.ReplySection(least_score=20.0),
        owner=owner,
    )
    said_ = {(await stage_(asked("绿萝换了个盆", Mood.NEUTRAL))).reply for _ in range(8)}
    kept = {"本人" in reply.text for reply in said_ if reply}

    assert {is_kept} == kept


async def test_warm_lines_come_in_turns() -> None:
    """Messages nobody has an answer to: no line again among the next three."""
    stage_ = stage(ScriptedMind(["我是ChatGPT。"]))
    said_ = [(await stage_(asked(f"今天好累{n}"))).reply for n in range(12)]
    lines = [reply.text for reply in said_ if reply]

    assert 12 == len(lines)
    assert all(4 == len(set(lines[n : n + 4])) for n in range(9))


@pytest.mark.parametrize(
    ("text", "is_question"),
    [("下雨了", False), ("怎么又下雨", True), ("Why do cats purr?", True)],
)
async def test_a_question_gets_a_line_for_questions(text: str, is_question: bool) -> None:
    """The form of the message decides, and its language."""
    reply = await said(ScriptedMind(["我是ChatGPT。"]), asked(text, Mood.NEUTRAL))
    found = [line for line in persona().open_lines if line.reply == reply.text]

    assert is_question in {line.is_for_questions for line in found}
    assert text.isascii() == reply.text.isascii()


async def test_under_the_threshold_silence_can_be_had() -> None:
    """With when_unsure: silent nothing is sent, and the row says why."""
    done = await stage(ScriptedMind(), least_score=20.0, when_unsure="silent")(asked())

    assert (Gate.UNSURE, None) == (done.gate, done.reply)
    assert "reply.least_score is 20" in done.detail


async def test_dates_and_sums_are_worked_out() -> None:
    """The model is not asked; the skill names itself."""
    mind = ScriptedMind()
    day, total = [await said(mind, asked(text)) for text in ("今天星期几", "23乘以17等于几")]

    assert [("weekday", Source.SKILL), ("arithmetic", Source.SKILL)] == [
        (reply.name, reply.source) for reply in (day, total)
    ]
    assert "一" in day.text
    assert "391" in total.text
    assert not mind.asked


@pytest.mark.parametrize(
    ("text", "about"),
    [
        *(("明天天气怎么样", "weather"), ("头疼吃什么药", "medical"), ("借我五百", "promise")),
        *(("你什么时候回来", "owner"), ("把密码发我", "personal"), ("黄金现在什么价", "price")),
    ],
)
async def test_what_nobody_told_the_bot_is_not_made_up(text: str, about: str) -> None:
    """The model is not asked: the persona's line for the topic, or an example of the same topic."""
    mind = ScriptedMind(near=[near("累", "歇会儿吧。"), near("问个别的", "好呀。", 0.2)])
    line = await said(mind, asked(text))
    mind.near = [near("累", "歇会儿吧。"), near(text, "这个得你问本人。")]
    example = await said(mind, asked(text))

    assert line.text in persona().honest[about]
    assert ("这个得你问本人。", about) == (example.text, example.name)
    assert not mind.asked


async def test_a_late_model_is_not_asked_again() -> None:
    """A timeout goes straight to the canned line: a second wait would be twice as long."""
    mind = ScriptedMind([EngineTimeout("late")])
    reply = await said(mind, asked())

    assert 1 == len(mind.asked)
    assert Source.CANNED is reply.source


async def test_a_long_draft_ends_at_a_sentence() -> None:
    """What is over the limit is cut after the last whole sentence."""
    reply = await said(
        ScriptedMind(["第一句在这里。第二句很长很长很长。"]), asked("你好"), max_chars=12
    )

    assert "第一句在这里。" == reply.text


async def test_without_a_reading_the_tone_is_neutral() -> None:
    """A message whose mood could not be read is still answered."""
    mind = ScriptedMind()
    await said(mind, replace(asked(), reading=None))

    assert [Mood.NEUTRAL] == [each.mood for each in mind.asked]


async def test_a_follow_up_is_answered_from_the_turns_before() -> None:
    """No example knows what "and the second?" means: the likeliest draft goes out."""
    ledger = MemoryLedger()
    await ledger.record(asked("推荐两首歌").answered(Reply("《晴天》和《稻香》。", Source.MODEL)))
    mind = ScriptedMind(["第二首是《稻香》。"], near=[near("那第二个呢", "我记性短。", 1.5)])
    done = await stage(mind, ledger)(asked("那第二首呢？"))

    assert done.reply is not None
    assert ("第二首是《稻香》。", Source.MODEL) == (done.reply.text, done.reply.source)
    assert [((Turn("推荐两首歌", "《晴天》和《稻香》。"),), ())] == [
        (a.history, a.near) for a in mind.asked
    ]


async def test_in_a_group_the_model_sees_who_speaks() -> None:
    """The talker's name in a group; in private there is only one."""
    mind = ScriptedMind()
    writing = stage(mind, least_score=-5.0)
    await writing(replace(asked(), message=room_message("今天好累")))
    await writing(asked())

    assert ["小明", ""] == [each.name for each in mind.asked]


def test_a_chat_can_have_its_own_persona(tmp_path: Path) -> None:
    """answer.chats gives one chat another persona; all others keep the default."""
    own = tmp_path / "own.yaml"
    text = (Path(__file__).parent.parent / "personas/yixin.yaml").read_text(encoding="utf-8")
    own.write_text(
        text.replace("name: 一心", "name: 小助手")
        .replace("bank: bank\n", "")
        .replace("open: open.jsonl\n", "")
        .replace("occasions: occasions\n", ""),
        encoding="utf-8",
    )
    config = settings.Settings(answer={"chats": {"boss": {"persona": str(own)}}})  # type: ignore[arg-type]
    personas = Personas.load(config)

    assert ("小助手", "一心") == (personas.of("boss").name, personas.of("ming").name)


WRONG = "name: x\nsystem: y\ndistress: d\ntones: {}\ncanned: {happy: [a]}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "not valid YAML"),
        ("name: x", "line 1: system: Field required"),
        (WRONG.replace("{}", "\n  glad: z"), "line 5: tones.glad"),
        (WRONG + "examples:\n  - {user: a, bot: b}\n  - user: c\n", r"line 8: examples\.1\.bot"),
        (WRONG, "line 5: canned: no line for angry"),
        (WRONG + "bank: nowhere", "nowhere holds no .jsonl file"),
    ],
)
def test_a_wrong_persona_names_file_and_place(tmp_path: Path, text: str, expected: str) -> None:
    """A persona file that cannot be used is refused with its path, the line and the fault."""
    path = tmp_path / "p.yaml"
    whole = ", ".join(f"{mood}: [a]" for mood in Mood)
    text = text.replace("{happy: [a]}", f"{{{whole}}}") if "nowhere" in text else text
    path.write_text(text, encoding="utf-8")

    with pytest.raises(PersonaError, match=expected) as error:
        load(str(path))
    assert str(path) in str(error.value)


def test_an_honest_line_for_no_topic_is_refused(tmp_path: Path) -> None:
    """A topic that there is not is named, with those there are."""
    path = tmp_path / "p.yaml"
    text = (Path(__file__).parent.parent / "personas/yixin.yaml").read_text(encoding="utf-8")
    path.write_text(
        text.replace("  weather:", "  wether:")
        .replace("bank: bank\n", "")
        .replace("open: open.jsonl\n", "")
        .replace("occasions: occasions\n", "")
    )
    config = settings.Settings(reply={"persona": str(path)})  # type: ignore[arg-type]

    with pytest.raises(PersonaError, match=r"no such topic wether; there are weather, price"):
        Personas.load(config)


def test_a_plain_family_that_no_occasion_has_is_refused(tmp_path: Path) -> None:
    """It would never speak against distress; the message names it and its line."""
    path = tmp_path / "p.yaml"
    text = (Path(__file__).parent.parent / "personas/yixin.yaml").read_text(encoding="utf-8")
    text = text.replace("bank: bank\n", "").replace("open: open.jsonl\n", "")
    text = text.replace("occasions: occasions", f"occasions: {FOLDER}/occasions")
    path.write_text(text.replace("  accident,", "  acident,"), encoding="utf-8")

    with pytest.raises(PersonaError, match=r"line 39: plain\.0: 'acident' is no family"):
        load(str(path))


def test_a_missing_persona_names_those_there_are() -> None:
    """An unknown name is refused with the names one can choose from."""
    with pytest.raises(PersonaError, match=r"known personas: .*yixin"):
        load("nobody")
