"""How apt a reply is: both sides of the head, what it keeps, and what a fit learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn.functional import normalize

from engine.aptness import AptHead, AptReader, Side, aptness_path
from engine.engine import Engine
from engine.errors import HeadRefused
from engine.head import Standard
from engine.known import Known
from engine.model import Model
from engine.persona import load
from engine.progress import SILENT
from engine.vectors import Vectors
from engine.weights import Weights
from engine.work import finish
from settings import Engine as Section
from settings import Settings
from tests.tiny import converted
from tools.aptness import FROM_STATES, Lesson, fitted, read_marked

MARKED = sorted((Path(__file__).parent.parent / "examples/replies/marked").glob("*.jsonl"))
DIRECTIONS = 6


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Vectors:
    model = Model(converted(tmp_path_factory.mktemp("tiny")), precision="fp32", threads=0)
    return Vectors(model)


def head(width: int, known: Known | None = None) -> AptHead:
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    return AptHead(
        standard=Standard(torch.zeros(width), torch.ones(width)),
        messages=Side(drawn(width, DIRECTIONS), drawn(DIRECTIONS)),
        replies=Side(drawn(width, DIRECTIONS), drawn(DIRECTIONS)),
        common=drawn(DIRECTIONS, 2),
        of_message=drawn(DIRECTIONS, 2),
        of_reply=drawn(DIRECTIONS, 2),
        bias=torch.zeros(2),
        known=known or Known.of(["好呀。"], normalize(drawn(1, DIRECTIONS), dim=-1)),
    )


def test_a_reply_is_judged_alike_in_company_and_alone(vectors: Vectors) -> None:
    """None of them sees another, the order is kept, and there is nothing for none."""
    reader, replies = AptReader(vectors, head(vectors.width)), ["好呀。", "怎么了，慢慢说。", "ok"]
    together = finish(reader.read("今天好累", replies))
    alone = [finish(reader.read("今天好累", [reply]))[0] for reply in replies]

    assert [one.send for one in together] == pytest.approx([one.send for one in alone], abs=1e-4)
    assert 3 == len({one.send for one in together})
    assert [] == finish(reader.read("今天好累", []))


def test_a_known_reply_is_told_as_if_it_were_read(vectors: Vectors) -> None:
    """What was read where the head was fitted answers for the text, within the rounding."""
    bare = head(vectors.width)
    state = finish(vectors.of("没事的。"))
    direction = bare.replies(bare.standard(state))
    known = head(vectors.width, Known.of(["没事的。"], direction[None]))

    [read], [recalled] = (
        finish(AptReader(vectors, one).read("今天好累", ["没事的。"])) for one in (bare, known)
    )
    assert (recalled.harmless, recalled.send) == pytest.approx((read.harmless, read.send), abs=0.05)


def test_another_message_tells_otherwise(vectors: Vectors) -> None:
    """A reply is not apt by itself."""
    reader = AptReader(vectors, head(vectors.width))
    [one], [other] = (finish(reader.read(text, ["好呀。"])) for text in ("今天好累", "我升职了"))

    assert one != other


def test_a_head_is_kept_whole_and_refused_elsewhere(tmp_path: Path) -> None:
    """The mean is that of the format in use; other weights or another prompt are named."""
    path, own = tmp_path / "a.safetensors", head(8)
    own.save(path, {"vectors": "mine"}, {"mean.int4": torch.ones(8)})
    same, moved = (AptHead.load(path, {"vectors": "mine"}, p) for p in ("bf16", "int4"))

    def told(one: AptHead, states: torch.Tensor) -> list[float]:
        message = one.messages(one.standard(states))
        return [found.send for found in one.told(message, one.known.recall(["好呀。"]))]

    state = torch.randn(8, generator=torch.Generator().manual_seed(3))
    assert told(own, state) == pytest.approx(told(same, state), abs=0.05)
    assert told(same, state) == pytest.approx(told(moved, state + 1), abs=0.05)
    with pytest.raises(HeadRefused, match="vectors is 'mine'"):
        AptHead.load(path, {"vectors": "other"})


def test_texts_are_known_by_their_words_across_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many files they take, each comes back as it was, and no other is known."""
    monkeypatch.setattr("engine.known.PART", 7)
    texts = [f"第{n}句" for n in range(20)]
    directions = normalize(torch.randn(20, 4, generator=torch.Generator().manual_seed(4)), dim=-1)
    Known.of(texts, directions).save(tmp_path / "a.safetensors", {"by": "me"})
    found = Known.load(tmp_path / "a.safetensors", {"by": "me"})

    assert 3 == len(list(tmp_path.iterdir()))
    assert torch.allclose(found.recall(texts), directions, atol=0.01)
    assert "第3句" in found
    assert "第20句" not in found


def test_a_fit_learns_whose_reply_it_is_and_what_was_marked() -> None:
    """Ten subjects that replies take up: their own are told from those of others, sent above
    harmless above shame.
    """
    course = replace(FROM_STATES, epochs=60)
    generator = torch.Generator().manual_seed(2)
    subjects = torch.randn(10, 32, generator=generator)
    subject = torch.arange(600) % 10
    messages = subjects[subject] + 0.3 * torch.randn(600, 32, generator=generator)
    replies = subjects.roll(1, 1)[subject] + 0.3 * torch.randn(600, 32, generator=generator)
    rows = torch.arange(600)
    other = torch.randint(600, (600,), generator=generator)
    marks = 2 * (subject == subject[other]).long()
    marks[::20] = 1
    lesson = Lesson(
        messages=messages,
        replies=replies,
        pairs=torch.stack([rows, rows], dim=1)[:500],
        marked=torch.stack([rows, other], dim=1),
        marks=marks,
    )
    found = fitted(Standard.none(messages), lesson, [f"{n}" for n in range(600)], course)
    left = found.messages(messages)
    own, others = (
        torch.tensor(
            [
                found.told(left[n], right[None])[0].send
                for n, right in enumerate(found.known.recall(r))
            ]
        )
        for r in ([f"{n}" for n in range(600)], [f"{(n + 1) % 600}" for n in range(600)])
    )

    assert (own > others).float().mean() > 0.95


def test_the_marked_replies_can_be_read() -> None:
    """At least 5,000 messages, marks from 0 to 2, each of them given often."""
    lines = [line for path in MARKED for line in read_marked(path)]
    marks = [mark for line in lines for mark in line.marks]

    assert len(lines) >= 5000
    assert {0, 1, 2} == set(marks)
    assert all(5000 <= marks.count(mark) for mark in range(3))


@pytest.mark.parametrize("name", ["bundled", "bundled-small"])
def test_what_can_be_said_is_read_already(name: str) -> None:
    """Of the shipped replies and lines, next to none is left to be read while somebody waits."""
    persona, [path] = load("yixin"), list(aptness_path(name, "*").parent.glob(_pattern(name)))
    known = Known.load(path, {})
    lines = [line for lines in persona.occasion_lines.values() for line in lines]
    said = {*(pair.reply for pair in persona.pairs), *lines}

    assert sum(text not in known for text in said) <= len(said) / 100


def _pattern(name: str) -> str:
    return f"{name}-{'[0-9a-f]' * 12}.aptness.safetensors"


@pytest.mark.model
@pytest.mark.timeout(900)
async def test_the_real_model_tells_apt_from_odd(small_weights: Weights) -> None:
    """Five messages: the reply written to each beats three in four of those written to others."""
    told = {
        "我升职了！": "恭喜，这一步不容易。",
        "奶奶昨晚走了": "节哀，想说说她就说，我听着。",
        "明天几点集合": "时间得问本人，看到会回你。",
        "牙疼了一晚上": "牙疼最难熬，今天赶紧去看牙医吧。",
        "面试又没过": "这次没成，心里肯定不好受。",
    }
    engine = Engine.open(Settings(engine=Section(model=small_weights.name)), SILENT)
    try:
        assert aptness_path(small_weights.name, small_weights.fingerprint).exists()
        beaten = 0
        for text, reply in told.items():
            found = await engine.judge(text, list(told.values()))
            values = {
                r: one.harmless + one.send for r, one in zip(told.values(), found, strict=True)
            }
            beaten += sum(value < values[reply] for value in values.values())
    finally:
        engine.close()

    assert beaten >= 15
