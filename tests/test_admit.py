from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.admit import admit
from handlers.exchange import Exchange, Gate, Kind, Message

NOW = 1_700_000_000.0
FRESH = Message("m1", "t1", "t1", "小明", "在吗", "在吗", Kind.TEXT, sent_at=NOW - 1)

stage = admit(max_age_s=120, clock=lambda: NOW)


def test_an_ordinary_message_passes_unchanged() -> None:
    """A fresh text of a person goes on as it came."""
    exchange = Exchange(FRESH)

    assert exchange == stage(exchange)


@pytest.mark.parametrize(
    ("message", "gate", "detail"),
    [
        (replace(FRESH, is_self=True), Gate.OWN, "written by the account itself"),
        (
            replace(FRESH, is_official=True),
            Gate.OFFICIAL,
            "official or service account, or one unknown",
        ),
        (
            replace(FRESH, sent_at=NOW - 3600),
            Gate.STALE,
            "3600 s old; answer.max_age_s is 120",
        ),
    ],
)
def test_what_is_never_answered_says_why(message: Message, gate: Gate, detail: str) -> None:
    """Each gate is set with a detail that a person can read."""
    exchange = stage(Exchange(message))

    assert (exchange.gate, exchange.detail) == (gate, detail)


def test_the_first_gate_is_the_one_recorded() -> None:
    """Own before official before stale: the reason nearest to the account counts."""
    message = replace(FRESH, is_self=True, is_official=True, sent_at=0)
    gates = [
        stage(Exchange(candidate)).gate
        for candidate in (
            message,
            replace(message, is_self=False),
            replace(message, is_self=False, is_official=False),
        )
    ]

    assert gates == [Gate.OWN, Gate.OFFICIAL, Gate.STALE]


@pytest.mark.parametrize("age_s", [0, 119.9, 120, -5, -86_400 * 365, -NOW * 999])
def test_clocks_that_differ_stop_nothing(age_s: float) -> None:
    """A message as old as the limit is fresh, and so is any from the future, however far."""
    assert stage(Exchange(replace(FRESH, sent_at=NOW - age_s))).gate is None


def test_a_backlog_is_never_answered() -> None:
    """1,000 messages older than the limit: 1,000 gates that say stale (trap 2)."""
    backlog = (Exchange(replace(FRESH, id=f"m{n}", sent_at=NOW - 121 - n)) for n in range(1000))
    gates = [stage(exchange).gate for exchange in backlog]

    assert gates == [Gate.STALE] * 1000


def test_time_is_asked_for_each_message() -> None:
    """The same message is fresh now and stale two minutes later."""
    times = iter([NOW, NOW + 200])
    aging = admit(max_age_s=120, clock=lambda: next(times))
    gates = [aging(Exchange(FRESH)).gate for _ in range(2)]

    assert gates == [None, Gate.STALE]
