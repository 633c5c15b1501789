"""Rules over a message and what was read of it, and who no rule is ever asked about.

Decisions rest on labels and numbers, never on text that a model wrote (trap 14).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from engine.distress import is_distress
from engine.mood import Reading
from handlers.exchange import Action, Exchange, Message, Verdict

#: Looks at an exchange and its reading, and names itself and its figures in the verdict.
MoodRule = Callable[[Exchange, Reading], Verdict]
#: The same of a rule that needs no mood, such as a flood; the reading is None where there is none.
Rule = Callable[[Exchange, Reading | None], Verdict]

_SEVERITY = {action: severity for severity, action in enumerate(Action)}


def judge(
    moods: Sequence[MoodRule],
    rules: Sequence[Rule] = (),
    *,
    is_spared: Callable[[Message], str] = lambda message: "",
) -> Callable[[Exchange], Exchange]:
    """A stage that sets the verdict: the finding of most points, then the most severe.

    No mood, no punishment (trap 24), and no rule can forget it: rules over moods are not even
    asked about a message without a reading, with an unsure one, or in words of distress; no rule
    at all is asked about one of the account itself, or of somebody spared. A message counts once,
    by its worst finding: a flood of insults is not both.

    Args:
        moods: Rules over moods, asked in this order; of equal findings the first is named.
        rules: Those that need no mood, asked after them.
        is_spared: Why no rule is asked about a message: "message of the owner", "message of an
            admin"; empty where rules are.
    """

    def stage(exchange: Exchange) -> Exchange:
        return replace(exchange, verdict=_verdict(exchange))

    def _verdict(exchange: Exchange) -> Verdict:
        message, reading = exchange.message, exchange.reading
        if why := "own message" if message.is_self else is_spared(message):
            return _spared(why)
        found = [rule(exchange, reading) for rule in rules]
        if why := _unfit(exchange):
            found.insert(0, _spared(why))
        elif reading is not None:
            found = [*(rule(exchange, reading) for rule in moods), *found]
        if not found:
            return Verdict(Action.NONE, "none", "no rules")
        # Points first: what a rule on trial would only note must not hide what counts.
        return max(found, key=lambda verdict: (verdict.points, _SEVERITY[verdict.action]))

    return stage


def spared(owner: str, is_exempt: Callable[[Message], bool]) -> Callable[[Message], str]:
    """Why no rule is asked about a message of the owner, or of somebody exempt in its room.

    Args:
        owner: Id of the account's owner; empty where there is none.
        is_exempt: Whether its writer is an admin of that chat, or was exempted there.
    """

    def why(message: Message) -> str:
        if owner and message.talker_id == owner:
            return "message of the owner"
        return "message of an admin or somebody exempt" if is_exempt(message) else ""

    return why


def figures(reading: Reading) -> str:
    """What a verdict rests on, for who asks why."""
    told = f"{reading.mood} {reading.confidence:.2f}, polarity {reading.polarity:+.2f}"
    return told if reading.offence is None else f"{told}, offence {reading.offence:.2f}"


def _unfit(exchange: Exchange) -> str:
    """Why no rule over moods may be asked. A head alone takes one insult in six for distress."""
    reading = exchange.reading
    if reading is None:
        return "no reading"
    if reading.distress and is_distress(exchange.cleaned):
        return f"distress: {figures(reading)}"
    return f"unsure: {figures(reading)}" if reading.unsure else ""


def _spared(why: str) -> Verdict:
    return Verdict(Action.NONE, "spared", why)
