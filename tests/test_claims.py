"""What nobody told the bot is found in a reply; kind words and honest ones pass."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.claims import claim

LINES = (Path(__file__).parent / "tables" / "claims.jsonl").read_text("utf-8").splitlines()
PAIRS = [json.loads(line) for line in LINES]
MADE_UP = [(p["text"], p["reply"]) for p in PAIRS if p["label"] == "claim"]
FINE = [(p["text"], p["reply"]) for p in PAIRS if p["label"] == "fine"]


@pytest.mark.parametrize(("text", "reply"), MADE_UP)
def test_what_cannot_be_known_or_promised_is_found(text: str, reply: str) -> None:
    """Promises, a life of its own, weather, prices, scores, doses, diagnoses."""
    assert claim(reply, text) is not None


@pytest.mark.parametrize(("text", "reply"), FINE)
def test_honest_and_kind_replies_pass(text: str, reply: str) -> None:
    """Comfort, common advice, what it cannot do, and what the message said itself."""
    assert claim(reply, text) is None


def test_what_was_found_is_named_for_the_audit() -> None:
    """The kind, then the words."""
    assert claim("能，我一定到", "明天能到吗") == "promise: 我一定到"
    assert claim("现在 450 元一克", "金价多少") == "figure: 450 元"


def test_figures_of_the_message_may_be_repeated() -> None:
    """25度 is made up, unless they said so."""
    assert claim("25度刚刚好", "今天怎么样") is not None
    assert claim("25度刚刚好", "今天25度") is None


@settings(max_examples=300)
@given(
    st.text(max_size=2000)
    | st.text("我你他一定会马上在家公司帮买送明天晴25度元，。吃片", max_size=2000)
)
def test_no_text_raises_or_takes_long(reply: str) -> None:
    """2,000 characters of anything take under 50 ms (trap 15)."""
    start = time.perf_counter()
    claim(reply, "")

    assert time.perf_counter() - start < 0.05
