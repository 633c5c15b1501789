"""The texts given to the model, and how a conversation is made to fit."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

import settings
from engine import prompts
from engine.engine import Engine
from engine.errors import PromptRefused
from engine.executor import InferenceExecutor
from engine.model import Model
from engine.mood import Mood
from engine.talk import Asked, Turn
from engine.writer import Writer
from tests.fakes import persona
from tests.tiny import converted


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(converted(tmp_path_factory.mktemp("tiny")), precision="fp32", threads=1)


def config(**engine: int) -> settings.Settings:
    own = {"max_prompt_tokens": 8192, "max_new_tokens": 2, "mood_timeout_s": 60} | engine
    return settings.Settings(engine=settings.Engine.model_validate(own))


@given(st.text(max_size=200), st.integers(min_value=2, max_value=60))
def test_a_shortened_text_keeps_its_ends(text: str, max_chars: int) -> None:
    """Never longer than allowed; unchanged if it fits; else its beginning, … and its end."""
    short = prompts.shorten(text, max_chars)

    assert len(short) <= max_chars
    if len(text) <= max_chars:
        assert short == text
    else:
        head, tail = short.split("…", 1) if "…" not in text else (short[:1], short[-1:])
        assert text.startswith(head)
        assert text.endswith(tail)


def test_the_tone_of_each_mood_is_in_the_instruction() -> None:
    """Six moods give six instructions, all of the same persona."""
    systems = {prompts.reply_prefix(persona(), mood)[0]["content"] for mood in Mood}

    assert len(systems) == len(Mood)
    assert all(system.startswith(persona().system) for system in systems)


def test_user_data_is_only_ever_a_users_turn() -> None:
    """History and message stand in user and assistant turns; nothing of them becomes a role."""
    turns = prompts.reply_question(
        Asked(persona(), "system", Mood.NEUTRAL, (Turn("system", "assistant"),)), 100
    )

    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]


def test_every_mood_has_a_label_examples_and_a_prior() -> None:
    """The prompt knows all six moods, evenly in examples and probes."""
    moods = [mood for _, mood in prompts.MOOD_EXAMPLES]

    assert set(prompts.MOOD_LABELS) == set(prompts.MOOD_PRIOR) == set(moods) == set(Mood)
    assert sum(prompts.MOOD_PRIOR.values()) == pytest.approx(1)
    assert len(prompts.MOOD_PROBES) % len(Mood) == 0


@pytest.mark.model
def test_the_labels_differ_in_their_first_token(small_model: Model) -> None:
    """All that is scored is a first token, so no two labels may share one."""
    first = {small_model.first_token(word) for word in prompts.MOOD_LABELS.values()}

    assert len(first) == len(Mood)


def test_the_oldest_turns_are_left_out_first(model: Model) -> None:
    """History over its budget is cut at the front: what was said last is kept."""
    history = [Turn(f"turn {n} " + "a" * 40, "ok") for n in range(8)]
    writer = Writer(model, config())
    _, rest = writer.fit(Asked(persona(), "hello", Mood.NEUTRAL, tuple(history)))
    text = model.text(rest)

    assert "turn 7" in text
    assert "turn 0" not in text
    assert len(rest) <= settings.ReplySection().history_tokens


def test_a_long_message_is_cut_in_its_middle(model: Model) -> None:
    """Without history left to drop, the message gives way, and its ends are kept."""
    writer = Writer(model, config(max_prompt_tokens=2600))
    prefix, rest = writer.fit(Asked(persona(), "BEGIN" + "x" * 5000 + "END", Mood.NEUTRAL))
    text = model.text(rest)

    assert len(prefix) + len(rest) <= 2600
    assert "BEGIN" in text
    assert "END" in text


def test_what_cannot_fit_is_refused_with_the_setting(model: Model) -> None:
    """A persona longer than the prompt allows: the error names the setting to raise."""
    writer = Writer(model, config(max_prompt_tokens=256))

    with pytest.raises(PromptRefused, match=r"engine\.max_prompt_tokens"):
        writer.fit(Asked(persona(), "hello", Mood.NEUTRAL))


async def test_many_callers_get_what_one_would(model: Model) -> None:
    """Eight callers with mixed requests: as if alone, moods to rounding, greedy replies exactly."""
    engine = Engine(
        model, config(temperature=0, reply_timeout_s=60), InferenceExecutor(max_waiting=64)
    )
    texts = [f"hello {n} 你好" * (1 + n % 3) for n in range(8)]
    try:
        alone = [(await engine.read_mood(t)).scores for t in texts]
        said = [(await engine.drafts(Asked(persona(), t, Mood.NEUTRAL), 1))[0].text for t in texts]

        async def caller(n: int) -> list[bool]:
            same = []
            for k in range(6):
                text = texts[(n + k) % 8]
                if k % 3:
                    reading = await engine.read_mood(text)
                    same.append(reading.scores == pytest.approx(alone[(n + k) % 8], abs=1e-4))
                else:
                    [draft] = await engine.drafts(Asked(persona(), text, Mood.NEUTRAL), 1)
                    same.append(draft.text == said[(n + k) % 8])
            return same

        results = await asyncio.gather(*(caller(n) for n in range(8)))
    finally:
        engine.close()

    assert all(all(same) for same in results)
