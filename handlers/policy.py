"""Rules over what was read of a message. In shadow: a rule may note, and nothing more happens.

Decisions rest on labels and numbers, never on text that a model wrote (trap 14).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.mood import Mood, Reading
from handlers.exchange import Action, Exchange, Verdict

#: A rule looks at an exchange and its reading, and names itself and its figures in the verdict.
Rule = Callable[[Exchange, Reading], Verdict]

_SEVERITY = {Action.NONE: 0, Action.NOTE: 1}


def judge(rules: Sequence[Rule], *, owner: str = "") -> Callable[[Exchange], Exchange]:
    """A stage that sets the verdict: the most severe finding, the first of equals.

    No mood, no punishment (trap 24), and no rule can forget it: rules are not even asked about a
    message without a reading, with an unsure one, of the account itself or of its owner.

    Args:
        rules: Asked in this order.
        owner: Id of the account's owner; empty where there is none.
    """

    def stage(exchange: Exchange) -> Exchange:
        return replace(exchange, verdict=_verdict(exchange))

    def _verdict(exchange: Exchange) -> Verdict:
        reading = exchange.reading
        if exchange.message.is_self:
            return _spared("own message")
        if owner and exchange.message.talker_id == owner:
            return _spared("message of the owner")
        if reading is None:
            return _spared("no reading")
        if reading.unsure:
            return _spared(f"unsure: {_figures(reading)}")
        found = [rule(exchange, reading) for rule in rules]
        if not found:
            return Verdict(Action.NONE, "none", "no rules")
        return max(found, key=lambda verdict: _SEVERITY[verdict.action])

    return stage


def anger() -> Rule:
    """A rule that notes a sure angry reading in a group."""

    def rule(exchange: Exchange, reading: Reading) -> Verdict:
        heated = reading.mood is Mood.ANGRY and not exchange.message.is_private
        return Verdict(Action.NOTE if heated else Action.NONE, "anger", _figures(reading))

    return rule


def _spared(why: str) -> Verdict:
    return Verdict(Action.NONE, "spared", why)


def _figures(reading: Reading) -> str:
    figures = f"{reading.mood} {reading.confidence:.2f}, polarity {reading.polarity:+.2f}"
    return figures if reading.offence is None else f"{figures}, offence {reading.offence:.2f}"
