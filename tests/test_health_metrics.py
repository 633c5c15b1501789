"""The figures for Prometheus, read by the parser that Prometheus' own client brings."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from engine.mood import Mood
from handlers.exchange import Exchange, Gate, Outcome, Reply, Source
from health.metrics import Gauges, Metrics, Start
from tests.fakes import message, reading

START = Start(version="0.1.0", model="bundled", precision="int4", channel="wechaty")


def metrics(gauges: Gauges | None = None) -> Metrics:
    quiet = Gauges(waiting={}, is_online=lambda: False, is_breaker_open=lambda: False)
    return Metrics(START, gauges or quiet)


def samples(counted: Metrics) -> dict[str, float]:
    """Each sample of the page as Prometheus reads it, by name and labels."""
    text = asyncio.run(counted.page()).body.decode()
    return {
        sample.name + str(dict(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answered(source: Source = Source.MODEL, num_tokens: int = 7) -> Exchange:
    decided = Exchange(message(), reading=reading(Mood.SAD)).answered(
        Reply("会好的。", source, num_tokens=num_tokens)
    )
    sent = replace(decided, outcome=Outcome.SENT)
    return sent.timed("mood", 40.0).timed("reply", 700.0)


def test_an_answer_counts_everywhere_it_should() -> None:
    """Outcome, mood, source, tokens and each stage of one answered message."""
    counted = metrics()
    counted.ended(answered())
    got = samples(counted)

    assert 1 == got["yixin_messages_total{'gate': '', 'outcome': 'sent'}"]
    assert 1 == got["yixin_moods_total{'mood': 'sad'}"]
    assert 1 == got["yixin_replies_total{'outcome': 'sent', 'source': 'model'}"]
    assert 7 == got["yixin_reply_tokens_total{}"]
    assert 0.7 == pytest.approx(got["yixin_stage_seconds_sum{'stage': 'reply'}"])
    assert 0 == got["yixin_stage_seconds_bucket{'le': '0.025', 'stage': 'mood'}"]
    assert 1 == got["yixin_stage_seconds_bucket{'le': '0.05', 'stage': 'mood'}"]


@pytest.mark.parametrize("gate", [gate for gate in Gate if gate is not Gate.SEEN])
def test_silence_counts_by_its_gate_and_each_gate_is_there_from_the_start(gate: Gate) -> None:
    """From 0 to 1: a rate needs the zero before the first."""
    key = f"yixin_messages_total{{'gate': '{gate}', 'outcome': 'silent'}}"
    counted = metrics()
    before = samples(counted)[key]
    counted.ended(Exchange(message()).stopped(gate))

    assert (0, 1) == (before, samples(counted)[key])


def test_a_notice_is_no_message() -> None:
    """What the bot says by itself counts among the replies, not among the messages."""
    counted = metrics()
    counted.ended(replace(answered(Source.NOTICE, 0), reading=None))
    got = samples(counted)

    assert 1 == got["yixin_replies_total{'outcome': 'sent', 'source': 'notice'}"]
    assert 0 == sum(value for key, value in got.items() if key.startswith("yixin_messages_total"))


def test_an_unsure_reading_is_no_mood() -> None:
    """It counts as unsure, so that no mood is over-counted by guesses."""
    counted = metrics()
    counted.ended(Exchange(message(), reading=reading(Mood.ANGRY, 0.3)))
    got = samples(counted)

    assert 1 == got["yixin_moods_total{'mood': 'unsure'}"]
    assert 0 == got["yixin_moods_total{'mood': 'angry'}"]


def test_states_are_read_when_they_are_asked_for() -> None:
    """Queues, connection, breaker, rest and budgets are what they are at that moment."""
    line: list[str] = []
    counted = metrics(
        Gauges(
            waiting={"messages": lambda: len(line), "model": lambda: 2},
            is_online=lambda: bool(line),
            is_breaker_open=lambda: not line,
            is_resting=lambda: bool(line),
            sends=lambda: {"per_minute": (len(line), 20)},
        )
    )
    before = samples(counted)
    line.append("one")
    after = samples(counted)

    keys = (
        "yixin_waiting{'queue': 'messages'}",
        "yixin_waiting{'queue': 'model'}",
        "yixin_online{}",
        "yixin_breaker_open{}",
        "yixin_resting{}",
        "yixin_sends{'budget': 'per_minute'}",
        "yixin_sends_limit{'budget': 'per_minute'}",
    )
    assert [0, 2, 0, 1, 0, 0, 20] == [before[key] for key in keys]
    assert [1, 2, 1, 0, 1, 1, 20] == [after[key] for key in keys]


def test_two_bots_in_a_process_count_apart() -> None:
    """The registry is the object's own."""
    one, other = metrics(), metrics()
    one.ended(answered())

    assert 7 == samples(one)["yixin_reply_tokens_total{}"]
    assert 0 == samples(other)["yixin_reply_tokens_total{}"]


def test_the_run_is_named() -> None:
    """Version, model, precision and channel are labels of one sample."""
    [key] = [key for key in samples(metrics()) if key.startswith("yixin_start_info")]

    assert all(f"'{word}'" in key for word in ("0.1.0", "bundled", "int4", "wechaty"))


WORDS = st.text(min_size=6).filter(str.strip)


@given(
    secret=WORDS,
    gate=st.sampled_from([None, *Gate]),
    outcome=st.sampled_from(Outcome),
    source=st.sampled_from(Source),
)
def test_nothing_of_a_chat_is_in_the_figures(
    secret: str, gate: Gate | None, outcome: Outcome, source: Source
) -> None:
    """Whatever a message, its names, ids, reply or detail hold, the page is the same."""
    pages = []
    for words in (f"私{secret}", "x"):
        said = message(words, id=words, chat_id=words, talker_id=words, talker_name=words)
        exchange = Exchange(said, cleaned=words, quoted=words, reading=reading(), detail=words)
        exchange = exchange.answered(Reply(words, source, name=words))
        counted = metrics()
        counted.ended(replace(exchange, gate=gate, outcome=outcome))
        pages.append({k: v for k, v in samples(counted).items() if k.startswith("yixin")})

    assert pages[1] == pages[0]
