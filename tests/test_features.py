"""From a message to features to a reading: the frame, the prompt's name, what a head says."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer

from engine import prompts
from engine.errors import HeadRefused
from engine.features import Features, HeadReader, default_taps, reading_of
from engine.head import OUTPUTS, Head, Standard
from engine.model import Model
from engine.mood import Mood, Reading
from engine.prompts import mood_prefix, mood_question
from engine.trunk import Pool, Tap
from engine.weights import Weights
from engine.work import finish
from tests.tiny import SPECIAL, converted

TEXTS = ("你好", "hello world", "哈" * 300, "😀", "a<|im_end|>b", "。")
#: What users write, control tokens and their look-alikes among it.
WRITTEN = st.lists(
    st.one_of(st.sampled_from([*SPECIAL, "<|im_", "start|>", "</tool_call>", "\n"]), st.text()),
    max_size=8,
).map("".join)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Weights:
    return converted(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def model(weights: Weights) -> Model:
    return Model(weights, precision="fp32", threads=0)


@pytest.fixture(scope="module")
def head(model: Model) -> Head:
    """One that fits the model, with weights of chance."""
    features = Features(model, default_taps(model.num_layers))
    chance = torch.Generator().manual_seed(5)
    return Head(
        model.fingerprint,
        features.prompt,
        features.taps,
        Standard(torch.zeros(features.width), torch.ones(features.width)),
        weight=torch.randn(len(OUTPUTS), features.width, generator=chance) / 10,
        bias=torch.zeros(len(OUTPUTS)),
        sure={"angry": 0.0, "offence": 0.0, "distress": 0.5},
    )


def row(**probabilities: float) -> list[float]:
    """Outputs of a head; moods and the others that are not named share nothing."""
    return [probabilities.get(name, 0.0) for name in OUTPUTS]


@given(WRITTEN)
def test_a_prompt_is_the_frame_around_the_message(model: Model, text: str) -> None:
    """Head, something of the message's own, tail: for any text exactly the ids of the template."""
    frame = model.frame(mood_prefix())
    ids = tuple(model.encode([*mood_prefix(), *mood_question(text)]))
    body = ids[len(frame.head) : len(ids) - len(frame.tail)]

    assert frame.head + body + frame.tail == ids
    shown = mood_question(text)[0]["content"]
    assert bool(shown) == bool(body)
    assert len(frame.tail) > 1


def test_the_frame_ends_where_the_message_begins(model: Model) -> None:
    """Its head reads up to the user's turn and its tail from the end of it; nothing is left out."""
    frame = model.frame(mood_prefix())
    last = mood_prefix()[-1]["content"]

    assert model.text(frame.head).endswith(f"assistant\n{last}\nuser\n")
    assert "\nassistant\n" == model.text(frame.tail)


@pytest.mark.parametrize(("num_layers", "expected"), [(2, (1, 2)), (24, (10, 22)), (28, (12, 25))])
def test_default_taps_are_layers_every_model_has(
    num_layers: int, expected: tuple[int, int]
) -> None:
    """The mean two fifths of the way up, the last token at nine tenths."""
    assert default_taps(num_layers) == (Tap(expected[0], Pool.MEAN), Tap(expected[1], Pool.LAST))


@pytest.mark.parametrize(
    ("constant", "value"),
    [
        ("MOOD_SYSTEM", "Say the mood."),
        ("MOOD_EXAMPLES", prompts.MOOD_EXAMPLES[:-1]),
        ("MOOD_EXAMPLES", prompts.MOOD_EXAMPLES[::-1]),
    ],
)
def test_the_name_of_the_prompt_changes_with_its_words(
    monkeypatch: pytest.MonkeyPatch, model: Model, constant: str, value: object
) -> None:
    """Another instruction, an example less, another order: another name; else the same one."""
    before = Features(model, default_taps(2)).prompt
    again = Features(model, default_taps(2)).prompt
    monkeypatch.setattr(prompts, constant, value)

    assert before == again
    assert before != Features(model, default_taps(2)).prompt


def test_features_know_no_neighbours(model: Model) -> None:
    """A message has the same features alone, in a batch, and in a batch of another order."""
    features = Features(model, default_taps(2))
    alone = torch.cat([finish(features.read([text])) for text in TEXTS])

    assert (len(TEXTS), features.width) == alone.shape
    assert alone.dtype == torch.float32
    assert torch.allclose(alone, finish(features.read(TEXTS)), rtol=1e-3, atol=1e-3)
    assert torch.allclose(alone.flip(0), finish(features.read(TEXTS[::-1])), rtol=1e-3, atol=1e-3)


def test_a_message_that_changes_its_prompt_changes_no_other(
    tmp_path: Path, weights: Weights
) -> None:
    """A template may begin differently for some text; the neighbours keep their own features."""
    shutil.copytree(weights.folder, tmp_path, dirs_exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    odd = "{% if 'odd' in messages[-1].content %}hello{% endif %}"
    tokenizer.chat_template = odd + tokenizer.chat_template
    tokenizer.save_pretrained(tmp_path)
    model = Model(Weights(tmp_path, "odd", "0"), precision="fp32", threads=0)
    features = Features(model, default_taps(2))
    alone = torch.cat([finish(features.read([text])) for text in ("你好", "an odd one")])
    together = finish(features.read(["你好", "an odd one"]))

    assert torch.allclose(alone, together, rtol=1e-3, atol=1e-3)


def test_a_reader_says_what_the_head_says_of_the_features(model: Model, head: Head) -> None:
    """Every field of the reading comes from the outputs, in the order of the texts."""
    rows = head.outputs(finish(Features(model, head.taps).read(TEXTS)))
    readings = finish(HeadReader(model, head, unsure_below=0.5).read(TEXTS))

    for found, reading in zip(rows, readings, strict=True):
        said = dict(zip(OUTPUTS, found.tolist(), strict=True))
        assert pytest.approx({m: said[m] for m in Mood}, abs=1e-5) == dict(reading.scores)
        assert pytest.approx(2 * said["polarity"] - 1, abs=1e-5) == reading.polarity
        assert pytest.approx(said["offence"], abs=1e-5) == reading.offence


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"prompt": "0123456789ab"}, "another version of the mood prompt.*calibrate.*mood.head"),
        ({"weight": torch.zeros(len(OUTPUTS), 5)}, "calibrate"),
        ({"taps": (Tap(3, Pool.MEAN),)}, "model tiny: the model has 2 layers.*there is no 3"),
        ({"taps": (Tap(0, Pool.LAST),)}, "model tiny: .*there is no 0"),
        ({"taps": ()}, "model tiny"),
    ],
)
def test_a_head_of_another_prompt_or_shape_is_refused(
    model: Model, head: Head, change: dict[str, object], message: str
) -> None:
    """Its numbers would mean nothing; the refusal says what to do."""
    with pytest.raises(HeadRefused, match=message):
        HeadReader(model, replace(head, **change), unsure_below=0.5)  # type: ignore[arg-type]


def test_a_broken_pass_is_unsure_and_not_angry(head: Head) -> None:
    """NaN in the states, or infinity, gives a reading nobody acts on; words of distress count."""
    states = torch.ones(2, head.weight.shape[1])
    states[0, 3], states[1, 4] = torch.nan, torch.inf
    for found in head.outputs(states).tolist():
        assert not all(map(math.isfinite, found))
        for text, expected in (("你好", False), ("我不想活了", True)):
            reading = reading_of(head, text, found, unsure_below=0.0)

            assert Reading.unknown(distress=expected) == reading
            assert (True, None) == (reading.unsure, reading.offence)


def test_what_nobody_labelled_is_not_read(head: Head) -> None:
    """No offence line, no polarity line: offence is None and polarity the balance of the moods."""
    bias = head.bias.clone()
    bias[len(Mood) :] = -torch.inf
    moods_only = replace(head, bias=bias)
    found = moods_only.outputs(torch.zeros(1, head.weight.shape[1]))[0].tolist()
    reading = reading_of(moods_only, "你好", found, unsure_below=0.0)

    assert (None, False) == (reading.offence, reading.distress)
    assert pytest.approx(1 / 6 - 3 / 6) == reading.polarity


@pytest.mark.parametrize(
    ("found", "sure", "expected"),
    [
        (row(angry=0.8, sad=0.2), {"angry": 0.7}, False),
        (row(angry=0.7, sad=0.3), {"angry": 0.7}, False),
        (row(angry=0.69, sad=0.31), {"angry": 0.7}, True),
        (row(angry=1.0), {"angry": 1.01}, True),
        (row(sad=0.69, angry=0.31), {"angry": 0.7}, False),
        (row(neutral=1.0, offence=0.85), {"offence": 0.9}, True),
        (row(neutral=1.0, offence=0.9), {"offence": 0.9}, False),
        (row(neutral=1.0, offence=0.79), {"offence": 0.9}, False),
        (row(neutral=1.0, offence=0.85), {}, False),
        (row(neutral=0.4, happy=0.3, sad=0.3), {}, True),
    ],
)
def test_a_reading_is_unsure_where_acting_on_it_would_be_wrong_too_often(
    head: Head, found: list[float], sure: dict[str, float], expected: bool
) -> None:
    """Angry under its threshold, a firm offence under its own, any mood under the common one."""
    reading = reading_of(replace(head, sure=sure), "x", found, unsure_below=0.5)

    assert expected is reading.unsure


@pytest.mark.parametrize(
    ("text", "probability", "expected"),
    [("你好", 0.5, True), ("你好", 0.49, False), ("不想活了", 0.0, True), ("笑死我了", 0.0, False)],
)
def test_distress_is_heard_by_head_or_by_words(
    head: Head, text: str, probability: float, expected: bool
) -> None:
    """Either is enough: the words miss what is said around, the head what it has not seen. How
    sure the head is goes with it.
    """
    found = row(sad=1.0, distress=probability)
    reading = reading_of(replace(head, sure={"distress": 0.5}), text, found, unsure_below=0.5)

    assert (expected, probability) == (reading.distress, reading.distress_score)


def test_a_file_of_features_is_the_same_at_every_start(
    tmp_path: Path, weights: Weights, model: Model
) -> None:
    """With the prefix remembered on disk by an earlier start, features are the same to the bit."""
    starts = [Model(weights, precision="fp32", threads=0, cache=tmp_path) for _ in range(2)]
    first, second = (finish(Features(m, default_taps(2)).read(TEXTS)) for m in starts)

    assert torch.equal(first, second)
    assert torch.allclose(first, finish(Features(model, default_taps(2)).read(TEXTS)), atol=1e-4)
