"""Questions that a model could only invent an answer to, told from remarks on the matter."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.topics import Topic, topic

LINES = (Path(__file__).parent / "tables" / "topics.jsonl").read_text("utf-8").splitlines()
MESSAGES = [json.loads(line) for line in LINES]
ASKED = [(m["text"], Topic(m["label"])) for m in MESSAGES if m["label"] != "none"]
REMARKS = [m["text"] for m in MESSAGES if m["label"] == "none"]


@pytest.mark.parametrize(("text", "kind"), ASKED)
def test_a_question_or_request_is_known(text: str, kind: Topic) -> None:
    """Each of these asks for what nobody told the bot, or what it must not decide."""
    assert kind == topic(text)


@pytest.mark.parametrize("text", REMARKS)
def test_a_remark_or_a_greeting_is_talk(text: str) -> None:
    """The same matters told, not asked; greetings; questions a bot may answer itself."""
    assert topic(text) is None


def test_the_tables_are_large_and_cover_every_topic() -> None:
    """At least five questions of each kind, and eighty of either side."""
    assert all(sum(kind == label for _, label in ASKED) >= 5 for kind in Topic)
    assert min(len(ASKED), len(REMARKS)) >= 80


@pytest.mark.parametrize(
    "text", ["明天天氣怎麼樣", "這個多少錢", "你到哪了 我在门口", "你来么", "HOW MUCH IS IT"]
)
def test_spelling_does_not_matter(text: str) -> None:
    """Traditional characters, a blank for a comma, 么 for 吗, capitals."""
    assert topic(text) is not None


def test_what_could_hurt_comes_first() -> None:
    """A message that asks for two things gets the more careful line."""
    assert topic("明天几点来接我？对了孩子发烧39度怎么办") is Topic.MEDICAL
    assert topic("这个多少钱，还有货吗") is Topic.ORDER


#: Characters that patterns begin with, and text never coming to its end.
ALPHABET = (
    "今明天你我他的能不帮借药发烧吃什么多少钱几点在哪来去一起快递退款房东告把密码吗？，。"
    " are you free"
)


@settings(max_examples=300)
@given(st.text(max_size=2000) | st.text(ALPHABET, max_size=2000))
def test_no_text_raises_or_takes_long(text: str) -> None:
    """2,000 characters of anything take under 50 ms (trap 15)."""
    start = time.perf_counter()
    topic(text)

    assert time.perf_counter() - start < 0.05


@pytest.mark.parametrize(
    "unit", ["今天", "你", "帮我", "发烧", "能", "什么时候", "房东", "把你的", "are you ", "，"]
)
def test_no_repetition_makes_it_slow(unit: str) -> None:
    """The beginning of a pattern, said again and again."""
    start = time.perf_counter()
    topic(unit * (2000 // len(unit)))

    assert time.perf_counter() - start < 0.05
