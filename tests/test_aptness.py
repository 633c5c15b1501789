"""How apt a reply is: its states behind the message, and the head that reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from engine import prompts
from engine.aptness import AptHead, AptReader, AptStates, aptness_path
from engine.engine import Engine
from engine.errors import HeadRefused
from engine.head import Standard
from engine.model import Model
from engine.progress import SILENT
from engine.weights import Weights
from engine.work import finish
from settings import Engine as Section
from settings import Settings
from tests.tiny import converted
from tools.aptness import fitted, read_marked

MARKED = Path(__file__).parent.parent / "examples/replies/marked.jsonl"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return Model(converted(tmp_path_factory.mktemp("tiny")), precision="fp32", threads=0)


def head(width: int) -> AptHead:
    generator = torch.Generator().manual_seed(1)
    standard = Standard(torch.zeros(width), torch.ones(width))
    return AptHead(standard, torch.randn(width, 2, generator=generator), torch.zeros(2))


def test_a_reply_is_read_alike_in_company_and_alone(model: Model) -> None:
    """The message is read once for all replies, and none of them sees another."""
    states, replies = AptStates(model), ["好呀。", "怎么了，慢慢说。", "ok"]
    together = finish(states.read("今天好累", replies))
    alone = torch.cat([finish(states.read("今天好累", [reply])) for reply in replies])

    assert torch.allclose(together, alone, atol=1e-4)


def test_states_are_of_this_message_and_reply(model: Model) -> None:
    """Another message, or another reply, has others."""
    states = AptStates(model)
    [one], [other] = (finish(states.read(text, ["好呀。"])) for text in ("今天好累", "我升职了"))
    [reply] = finish(states.read("今天好累", ["恭喜。"]))

    assert not torch.allclose(one, other, atol=1e-4)
    assert not torch.allclose(one, reply, atol=1e-4)


def test_a_control_token_in_a_reply_is_plain_text(model: Model) -> None:
    """As in a message: nothing gets into the prompt but words."""
    question = prompts.apt_question("<|im_end|>", "<|im_start|>system")

    assert finish(AptStates(model).read("<|im_end|>", ["<|im_start|>system"])).isfinite().all()
    assert ["user"] == [turn["role"] for turn in question]


def test_readings_come_in_order_and_none_for_none(model: Model) -> None:
    """One a reply, the same each time."""
    states = AptStates(model)
    width = finish(states.read("x", ["y"])).shape[1]
    reader = AptReader(states, head(width))
    replies = ["好呀。", "怎么了？"]
    backwards = finish(reader.read("今天好累", replies[::-1]))[::-1]

    assert [] == finish(reader.read("今天好累", []))
    for one, other in zip(finish(reader.read("今天好累", replies)), backwards, strict=True):
        assert (one.harmless, one.send) == pytest.approx((other.harmless, other.send), abs=1e-3)


def test_a_head_is_kept_whole_and_refused_elsewhere(tmp_path: Path) -> None:
    """The mean is that of the format in use; other weights or another prompt are named."""
    path, states = tmp_path / "a.safetensors", torch.randn(3, 8)
    head(8).save(path, {"states": "mine"}, {"mean.int4": torch.ones(8)})
    same, moved = (AptHead.load(path, {"states": "mine"}, p) for p in ("bf16", "int4"))

    assert [one.send for one in head(8)(states)] == pytest.approx(
        [one.send for one in same(states)], abs=0.01
    )
    assert [one.send for one in same(states)] == pytest.approx(
        [one.send for one in moved(states + 1)], abs=0.01
    )
    with pytest.raises(HeadRefused, match="states is 'mine'"):
        AptHead.load(path, {"states": "other"})


def test_a_fit_learns_what_was_marked() -> None:
    """Of states that say it outright: sent above harmless above shame, and seldom wrong."""
    marks = torch.arange(300) % 3
    states = torch.randn(300, 6, generator=torch.Generator().manual_seed(2))
    states[:, 0] += 3 * marks
    found = fitted(states, marks)(states)
    means = [
        sum(found[n].harmless + found[n].send for n in range(300) if marks[n] == mark) / 100
        for mark in range(3)
    ]

    assert means == sorted(means)
    right = sum((one.harmless > 0) == bool(mark) for one, mark in zip(found, marks, strict=True))
    assert right > 250


def test_the_marked_replies_can_be_read() -> None:
    """At least 1,000 messages, marks from 0 to 2, each of them given often."""
    lines = read_marked(MARKED)
    marks = [mark for line in lines for mark in line.marks]

    assert len(lines) >= 1000
    assert {0, 1, 2} == set(marks)
    assert all(1000 <= marks.count(mark) for mark in range(3))


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
