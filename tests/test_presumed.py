"""What a reply takes for granted is found where the message says nothing of it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from handlers.presumed import presumed

MARKED = Path(__file__).parent.parent / "examples/replies/marked/1.jsonl"


@pytest.mark.parametrize(
    ("reply", "heard", "expected"),
    [
        ("老公知道了吗？", "中奖了！", "partner: 老公"),
        ("老公知道了吗？", "两条杠！", None),
        ("去校医那儿看看。", "咳了一个礼拜", "school: 校医"),
        ("去校医那儿看看。", "体育课崴了脚", None),
        ("见家长谁都紧张。", "明天答辩，睡不着", "meeting parents: 见家长"),
        ("见家长谁都紧张。", "明天去她家", None),
        ("恭喜！", "在吗", "good news: 恭喜"),
        ("恭喜！", "我考过了", None),
        ("Congratulations!", "在吗", "good news: Congrat"),
        ("一次就成，真利索！", "终于拿到驾照，科二挂了三回", "the first time: 一次就"),
        ("多陪陪爸妈。", "这首歌真好听", "parents: 爸妈"),
        ("多陪陪爸妈。", "想回家了", None),
        ("功夫没白费！", "六级过了没你猜", "an outcome: 没白"),
        ("报告上的字看着吓人。", "体检报告还没出来", "a report: 报告上"),
        ("报告上的字看着吓人。", "体检报告出来了", None),
        ("有照片吗？", "杯子磕了个口子[图片]", "no photo: 有照片吗"),
        ("有照片吗？", "杯子磕了个口子", None),
        ("你自己吃好没？", "中午吃啥", "a meal: 吃好没"),
        ("Can you rest a bit?", "so bored at work", "tiredness: rest a bit"),
        ("Can you rest a bit?", "so tired", None),
        ("自己查只会越看越慌。", "报告还没出来，越想越怕", "a search: 自己查"),
        ("自己查只会越看越慌。", "搜了一晚上症状", None),
        ("我不会乱讲。", "别给我发这种废话", "a secret: 不会乱讲"),
        ("我不会乱讲。", "这事别跟我妈说", None),
        ("好消息，值得庆祝！", "升职了，可是要调去外地", "joy alone: 好消息"),
        ("好消息，值得庆祝！", "涨薪了，虽然不多，但是涨了", None),
        ("升职可喜，就是要离家远了。", "升了主管，但是要去西安", None),
        ("先喝口水。", "在吗", None),
    ],
)
def test_what_nobody_spoke_of_is_found(reply: str, heard: str, expected: str | None) -> None:
    """A husband, a school, good news: where nothing in the message speaks for it, it is named."""
    assert expected == presumed(reply, heard)


def test_of_marked_replies_it_finds_those_to_be_ashamed_of() -> None:
    """Of 16,875, dozens; at least nine in ten of them had been marked so, of the others half."""
    rows = [json.loads(line) for line in MARKED.read_text(encoding="utf-8").splitlines()]
    marks = [(presumed(r, row["text"]), mark) for row in rows for r, mark in row["replies"]]
    found = [mark for name, mark in marks if name]
    others = [mark for name, mark in marks if not name]

    assert len(found) >= 80
    assert found.count(0) / len(found) >= 0.9
    assert 0.45 <= others.count(0) / len(others) <= 0.55


def test_no_text_makes_it_slow() -> None:
    """4,000 characters of each: under 50 ms."""
    start = time.perf_counter()
    presumed("哥" * 4000, "在" * 4000)
    presumed("老" * 4000, "c" * 4000)

    assert time.perf_counter() - start < 0.05
