"""The reply stage: guarded drafts, one retry, then a line of the persona."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import settings
from engine.errors import EngineTimeout
from engine.mood import Mood
from engine.persona import PersonaError, load
from handlers.exchange import Exchange, Source
from handlers.reply import Personas, ReplyStage
from tests.fakes import MemoryLedger, ScriptedMind, message, persona, reading


def stage(mind: ScriptedMind, *, max_chars: int = 100) -> ReplyStage:
    personas = Personas(persona(), {})
    return ReplyStage(mind, MemoryLedger(), personas, max_turns=6, max_chars=max_chars)


def asked(text: str = "今天好累", mood: Mood = Mood.SAD) -> Exchange:
    return replace(Exchange(message(text)), cleaned=text, reading=reading(mood))


async def test_a_good_draft_is_the_reply() -> None:
    """A draft that the guard lets through is sent as it is."""
    done = await stage(ScriptedMind(["辛苦啦，早点休息。"]))(asked())

    assert done.reply is not None
    assert ("辛苦啦，早点休息。", Source.MODEL, 1) == (
        done.reply.text,
        done.reply.source,
        done.reply.attempts,
    )


async def test_the_tone_follows_the_mood() -> None:
    """The model is asked with the mood that was read."""
    mind = ScriptedMind()
    await stage(mind)(asked(mood=Mood.SAD))

    assert [Mood.SAD] == [mood for _, mood, _ in mind.asked]


@pytest.mark.parametrize(
    "bad", ["", "。。。", "我是通义千问。", "<|im_end|>好", "@所有人 好", "哈哈哈哈好好好好" * 9]
)
async def test_a_refused_draft_is_tried_once_more(bad: str) -> None:
    """One bad draft costs a second attempt, and the second is sent."""
    done = await stage(ScriptedMind([bad, "抱抱，会好的。"]))(asked())

    assert done.reply is not None
    assert ("抱抱，会好的。", 2) == (done.reply.text, done.reply.attempts)


async def test_two_refused_drafts_become_a_line_of_the_persona() -> None:
    """After the one retry a canned line that fits the mood is sent, and says so."""
    mind = ScriptedMind(["我是ChatGPT。"])
    done = await stage(mind)(asked(mood=Mood.SAD))

    assert 2 == len(mind.asked)
    assert done.reply is not None
    assert (Source.CANNED, "sad") == (done.reply.source, done.reply.name)
    assert done.reply.text in persona().canned[Mood.SAD]


async def test_a_late_model_is_not_asked_again() -> None:
    """A timeout goes straight to the canned line: a second wait would be twice as long."""
    mind = ScriptedMind([EngineTimeout("late")])
    done = await stage(mind)(asked())

    assert 1 == len(mind.asked)
    assert done.reply is not None
    assert Source.CANNED is done.reply.source


async def test_a_long_draft_ends_at_a_sentence() -> None:
    """What is over the limit is cut after the last whole sentence."""
    done = await stage(ScriptedMind(["第一句在这里。第二句很长很长很长。"]), max_chars=12)(asked())

    assert done.reply is not None
    assert "第一句在这里。" == done.reply.text


async def test_without_a_reading_the_tone_is_neutral() -> None:
    """A message whose mood could not be read is still answered."""
    mind = ScriptedMind()
    done = await stage(mind)(replace(asked(), reading=None))

    assert done.reply is not None
    assert [Mood.NEUTRAL] == [mood for _, mood, _ in mind.asked]


def test_a_chat_can_have_its_own_persona(tmp_path: Path) -> None:
    """answer.chats gives one chat another persona; all others keep the default."""
    own = tmp_path / "own.yaml"
    text = (Path(__file__).parent.parent / "personas/yixin.yaml").read_text(encoding="utf-8")
    own.write_text(text.replace("name: 一心", "name: 小助手"), encoding="utf-8")
    config = settings.Settings(answer={"chats": {"boss": {"persona": str(own)}}})  # type: ignore[arg-type]
    personas = Personas.load(config)

    assert ("小助手", "一心") == (personas.of("boss").name, personas.of("ming").name)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name: [", "not valid YAML"),
        ("name: x", "system: Field required"),
        ("name: x\nsystem: y\ntones: {glad: z}\ncanned: {}\ndistress: d", "tones.glad"),
        ("name: x\nsystem: y\ntones: {}\ndistress: d\ncanned: {happy: [a]}", "no line for angry"),
    ],
)
def test_a_wrong_persona_names_file_and_place(tmp_path: Path, text: str, expected: str) -> None:
    """A persona file that cannot be used is refused with its path and the place of the fault."""
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(PersonaError, match=expected) as error:
        load(str(path))
    assert str(path) in str(error.value)


def test_a_missing_persona_names_those_there_are() -> None:
    """An unknown name is refused with the names one can choose from."""
    with pytest.raises(PersonaError, match=r"known personas: .*yixin"):
        load("nobody")
