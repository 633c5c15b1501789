"""Nearest pairs: by states, words and mood; learnt ones beside the bank; read once for good."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import normalize

import settings as configuration
from engine.bank import Pair, family
from engine.engine import Engine
from engine.errors import HeadRefused
from engine.head import Standard
from engine.kinds import Kinds
from engine.known import Known
from engine.library import Library
from engine.memo import Memo
from engine.model import Model
from engine.mood import Mood
from engine.nearness import Nearness, Words
from engine.persona import Persona
from engine.progress import SILENT
from engine.projection import Projection
from engine.vectors import Vectors
from engine.weights import Weights
from engine.work import finish
from tests.fakes import persona
from tests.tiny import converted

ROOT = Path(__file__).resolve().parent.parent
TEXTS = st.text(max_size=20)
PAIRS = tuple(
    Pair(text, mood, f"answer {n}")
    for n, (text, mood) in enumerate(
        (
            ("hello", Mood.NEUTRAL),
            ("hello 你好", Mood.HAPPY),
            ("123", Mood.SAD),
            ("你好 123", Mood.SAD),
        )
    )
)


@given(st.lists(TEXTS, min_size=1, max_size=8), TEXTS)
@settings(deadline=None)
def test_words_in_common_are_a_cosine(texts: list[str], text: str) -> None:
    """Between 0 and 1 for any texts, and 1 for a text with itself."""
    found = Words([*texts, text])(text)

    assert (found >= 0).all()
    assert (found <= 1 + 1e-5).all()
    assert float(found[-1]) == pytest.approx(1)


def test_rare_words_count_more() -> None:
    """ "今天打雷了" is nearer to thunder than to another today."""
    found = Words(["今天好累", "今天开会", "今天下班", "打雷好吓人"])("今天打雷了")

    assert 3 == int(found.argmax())


def test_the_nearest_come_first_and_a_like_mood_breaks_ties() -> None:
    """By the vectors; between equal ones the pair of the message's mood."""
    vectors = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    pairs = [Pair("xx", mood, str(n)) for n, mood in enumerate(list(Mood)[:4])]
    near = Nearness(pairs, vectors).of(
        "zz", torch.tensor([1.0, 0.1]), pairs[1].mood, chat="", num=3
    )

    assert ["1", "0", "2"] == [one.pair.reply for one in near]
    assert sorted((one.similarity for one in near), reverse=True) == [o.similarity for o in near]


def test_a_pair_of_one_chat_serves_that_chat_alone() -> None:
    """Nobody else is answered with words said to somebody in private."""
    vectors = torch.randn(4, 3, generator=torch.Generator().manual_seed(1))
    pairs = [Pair("x", Mood.SAD, str(n), chat="ming" if n == 2 else "") for n in range(4)]
    nearness = Nearness(pairs, vectors)
    here, there = (nearness.of("x", vectors[2], Mood.SAD, chat=c, num=4) for c in ("ming", "li"))

    assert "2" == here[0].pair.reply
    assert {"0", "1", "3"} == {one.pair.reply for one in there}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(converted(tmp_path_factory.mktemp("tiny")), precision="fp32", threads=0)


def shelf(model: Model, memo: Memo | None = None) -> Library:
    """A library over the tiny model."""
    return Library(Vectors(model), memo or model.memo)


def with_pairs(pairs: tuple[Pair, ...] = PAIRS) -> Persona:
    return persona().model_copy(update={"bank": "folder", "pairs": pairs})


def looked_up(library: Library, text: str, **more: str) -> list[str]:
    chat = more.get("chat", "")
    finish(library.prepare(with_pairs()))
    near = finish(library.nearest(with_pairs(), text, Mood.NEUTRAL, chat=chat, num=9))
    return [one.pair.reply for one in near]


def test_a_message_of_the_bank_finds_itself(model: Model) -> None:
    """Whatever the vectors of a model are worth: the same message is the nearest."""
    library = shelf(model)

    assert [[pair.reply] for pair in PAIRS] == [looked_up(library, p.text)[:1] for p in PAIRS]


def test_a_bank_is_read_once_for_good(tmp_path: Path, model: Model) -> None:
    """A second start finds its vectors on the disk and answers the same; another bank does not."""
    memo = Memo(tmp_path, "tiny")
    first = looked_up(shelf(model, memo), "hello")
    files = list(tmp_path.iterdir())
    again = looked_up(shelf(model, memo), "hello")
    finish(shelf(model, memo).prepare(with_pairs(PAIRS[:2])))

    assert first == again
    assert 1 == len(files)
    assert 2 == len(list(tmp_path.iterdir()))


def test_what_is_learnt_replaces_what_was(model: Model) -> None:
    """Learnt pairs are found beside the bank, in their chat; learning none forgets them."""
    library = shelf(model)
    finish(library.learn([Pair("hello 7", Mood.NEUTRAL, "own", chat="ming")]))
    here, there = (looked_up(library, "hello 7", chat=chat) for chat in ("ming", "li"))
    finish(library.learn([]))

    assert "own" == here[0]
    assert "own" not in there
    assert "own" not in looked_up(library, "hello 7", chat="ming")


def test_a_persona_without_a_bank_has_no_near_pairs(model: Model) -> None:
    """Nothing is read for it, and nothing is shown."""
    library = shelf(model)
    without = persona().model_copy(update={"bank": "", "pairs": ()})

    assert [] == finish(library.nearest(without, "hello", Mood.SAD, chat="", num=3))


def test_occasions_are_told_once_the_bank_was_read(tmp_path: Path, model: Model) -> None:
    """Nothing before; then each message of the bank has its own; a second start reads the disk."""
    occasions = ("a", "a", "b", "b")
    pairs = tuple(replace(p, occasion=o) for p, o in zip(PAIRS, occasions, strict=True))
    memo = Memo(tmp_path, "tiny")
    told = []
    for _ in range(2):
        library = shelf(model, memo)
        assert [] == finish(library.occasions(with_pairs(pairs), "hello"))
        finish(library.prepare(with_pairs(pairs)))
        told.append([finish(library.occasions(with_pairs(pairs), p.text)) for p in pairs])

    assert list(occasions) == [guesses[0].occasion for guesses in told[0]]
    assert told[0] == told[1]
    assert 1 == len(list(tmp_path.iterdir()))


def test_a_bank_that_names_no_occasion_tells_none(model: Model) -> None:
    """An owner's own."""
    library = shelf(model)
    finish(library.prepare(with_pairs()))

    assert [] == finish(library.occasions(with_pairs(), "hello"))


def voted(*pairs: tuple[str, float], kinds: Kinds | None = None) -> list[tuple[str, float, float]]:
    """What pairs of an occasion, each so near to a message, make of it."""
    angles = torch.tensor([angle for _, angle in pairs])
    found = Nearness(
        [Pair(f"{n}", Mood.SAD, "x", occasion=name) for n, (name, _) in enumerate(pairs)],
        torch.stack([angles.cos(), angles.sin()], dim=1),
        kinds,
    ).guesses("message", torch.tensor([1.0, 0.0]))
    return [(one.occasion, round(one.score, 2), round(one.kin, 2)) for one in found]


def test_near_pairs_vote_on_the_occasion() -> None:
    """All of one: sure. Two alike: half each. The nearer count more, and a family together."""
    assert [("ill.fever", 1.0, 1.0)] == voted(("ill.fever", 0.3), ("ill.fever", 0.5))
    assert {0.5} == {score for _, score, _ in voted(("ill.fever", 0.3), ("pets.cat", 0.3))}
    [first, second] = voted(("ill.fever", 0.1), ("ill.cough", 0.4))
    assert ("ill.fever", 1.0) == (first[0], first[2])
    assert first[1] > second[1] > 0


def telling(*names: str) -> Kinds:
    """Kinds of which the first is told by the first direction, as good as surely."""
    weight = torch.zeros(2, len(names))
    weight[0, 0] = 50.0
    return Kinds(names, weight, torch.zeros(len(names)))


def test_what_a_direction_tells_counts_as_much_as_all_votes() -> None:
    """Half each; an occasion that the bank does not name is never told."""
    pairs = ("ill.fever", 0.1), ("ill.fever", 0.2)

    assert [("ill.cough", 0.5, 1.0), ("ill.fever", 0.5, 1.0)] == sorted(
        voted(*pairs, ("ill.cough", 3.0), kinds=telling("ill.cough", "pets.cat"))
    )
    assert [("ill.fever", 1.0, 1.0)] == voted(*pairs, kinds=telling("pets.cat", "pets.dog"))


def projection(model: Model, texts: list[str]) -> Projection:
    """One that keeps the first two features of the tiny model."""
    vectors = Vectors(model)
    states = finish(vectors.of_all(texts))
    standard, matrix = Standard.of(states), torch.eye(vectors.width)[:, :2]
    known = Known.of(texts, normalize(standard(states) @ matrix, dim=-1))
    return Projection(standard, matrix, known, telling("ill.cough", "宠物.猫"))


def test_what_a_projection_knows_need_not_be_read(tmp_path: Path, model: Model) -> None:
    """Nothing is kept on the disk for it; only a line that was edited is read."""
    made = projection(model, [pair.text for pair in PAIRS])
    edited = (replace(PAIRS[0], text="hello there"), *PAIRS[1:])
    memo = Memo(tmp_path, "tiny")
    library = Library(Vectors(model), memo, made)
    finish(library.prepare(with_pairs()))
    files = len(list(tmp_path.iterdir()))
    other = Library(Vectors(model), memo, made)
    finish(other.prepare(with_pairs(edited)))
    [near, *_] = finish(
        other.nearest(with_pairs(edited), "hello there", Mood.NEUTRAL, chat="", num=4)
    )

    assert library.is_quick(with_pairs())
    assert (0, 1) == (files, len(list(tmp_path.iterdir())))
    assert "hello there" == near.pair.text


def test_a_projection_is_kept_whole(tmp_path: Path, model: Model) -> None:
    """Directions are the same after a file; one made by something else is refused by name."""
    made, path = projection(model, [pair.text for pair in PAIRS]), tmp_path / "a.safetensors"
    states = finish(Vectors(model).of_all(["hello", "123"]))
    made.save(path, {"vectors": "mine"}, {"mean.int4": torch.ones(states.shape[1])})
    same, moved = (Projection.load(path, {"vectors": "mine"}, p) for p in ("bf16", "int4"))

    assert torch.allclose(made(states), same(states), atol=1e-2)
    assert not torch.allclose(made(states), moved(states), atol=1e-2)
    assert torch.equal(made.known.recall(["123"]), same.known.recall(["123"]))
    assert same.kinds is not None
    assert ["ill.cough", "宠物.猫"] == list(same.kinds(torch.tensor([1.0, 0.0])))
    with pytest.raises(HeadRefused, match=r"vectors is 'mine', .* needs 'other'"):
        Projection.load(path, {"vectors": "other"})
    path.write_bytes(b"not at all")
    with pytest.raises(HeadRefused, match="cannot be read"):
        Projection.load(path, {})


@pytest.fixture
async def engine(small_weights: Weights) -> AsyncIterator[Engine]:
    own = configuration.Engine(model=small_weights.name)
    engine = Engine.open(configuration.Settings(engine=own), SILENT)
    yield engine
    engine.close()


#: Times a mood and the lookup after it, forty times, in a process where nothing else has threads.
PROGRAM = """
import asyncio, json, statistics, time
import settings
from engine.engine import Engine
from engine.mood import Mood
from engine.persona import load
from engine.progress import SILENT

engine = Engine.open(settings.Settings(engine=settings.Engine(model="bundled-small")), SILENT)
persona, passes, lookups = load("yixin"), [], []

async def measure():
    await engine.warm([persona], [Mood.NEUTRAL])
    for pair in persona.pairs[::60]:
        text = pair.text + "呀"
        passes.append((await engine.read_mood(text)).ms)
        start = time.perf_counter()
        await engine.nearest(persona, text, Mood.NEUTRAL, chat="", num=8)
        lookups.append((time.perf_counter() - start) * 1000)

asyncio.run(measure())
engine.close()
print(json.dumps([statistics.median(passes), statistics.median(lookups)]))
"""


@pytest.mark.model
@pytest.mark.timeout(900)
@pytest.mark.soak
def test_a_lookup_costs_next_to_nothing_after_the_mood(small_weights: Weights) -> None:
    """With the whole bank and the real small model: a lookup takes a fraction of its mood pass."""
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    passed, looked_up = json.loads(done.stdout.splitlines()[-1])

    assert looked_up < 0.3 * passed


@pytest.mark.model
@pytest.mark.timeout(900)
async def test_near_means_about_the_same_thing(engine: Engine) -> None:
    """Messages said otherwise find their like among the first three."""
    told = {
        "昨晚我奶奶没了": "奶奶昨晚去世了",
        "楼上大半夜蹦迪，烦死": "楼上半夜蹦迪，吵死了",
        "你到底是不是真人啊": "你是真人吗",
    }
    await engine.study([persona()])
    found = await asyncio.gather(
        *(engine.nearest(persona(), text, Mood.SAD, chat="", num=3) for text in told)
    )

    assert [] == [
        (text, [one.pair.text for one in near])
        for (text, wanted), near in zip(told.items(), found, strict=True)
        if wanted not in {one.pair.text for one in near}
    ]


@pytest.mark.model
@pytest.mark.timeout(900)
async def test_the_real_model_tells_occasions(engine: Engine) -> None:
    """Messages that no pair is near enough to answer; each one's occasion comes first."""
    told = {
        "姥爷今天早上没了，我还在赶回去的火车上": "bereavement",
        "我的小橘猫昨晚没救回来": "pet_lost",
        "楼上装修从早钻到晚，脑袋都要炸了": "noise",
        "骑手说还有十分钟，都等了一个小时了": "late_delivery",
        "麻烦跟老板说一声我下午请假": "for_owner",
    }
    await engine.study([persona()])
    found = {text: (await engine.occasions(persona(), text))[0].occasion for text in told}

    assert told == {text: family(occasion) for text, occasion in found.items()}
