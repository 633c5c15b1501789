"""The skill that answers a message, if there is one.

A false alarm embarrasses (the price of a pot, answered with a sum), a miss is left to the model.
So a skill must understand the *whole* message, from the first character to the last: "几点了" is
a question for the clock, "几点了还不睡" is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from handlers.skills.bills import split, total
from handlers.skills.clock import time_of_day, until_clock
from handlers.skills.countdown import days_until, festival
from handlers.skills.days import date, month, weekday, year
from handlers.skills.question import Question, question
from handlers.skills.sums import arithmetic


@dataclass(frozen=True, slots=True)
class Answer:
    """A computed reply.

    Attributes:
        name: Which skill, for the audit log.
        text: The reply, in the language of the message.
    """

    name: str
    text: str


#: By name, in this order; each returns what it would say, None where the question is not its own.
_SKILLS: Mapping[str, Callable[[Question], str | None]] = {
    "time": time_of_day,
    "date": date,
    "weekday": weekday,
    "month": month,
    "year": year,
    "days-until": days_until,
    "time-until": until_clock,
    "festival": festival,
    "split": split,
    "total": total,
    "arithmetic": arithmetic,
}


def answer(text: str, now: datetime) -> Answer | None:
    """The reply that can be computed for a cleaned message, or None.

    Args:
        text: A whole message; anything over 80 characters is not for a skill.
        now: Local time of the owner, aware of its zone.

    Raises:
        ValueError: ``now`` has no zone, so that "how long until" could be an hour off.
    """
    if now.utcoffset() is None:
        raise ValueError(
            f"now={now.isoformat()} has no time zone; hand in datetime.now().astimezone()"
        )
    asked = question(text, now)
    if asked is None:
        return None
    said = ((name, skill(asked)) for name, skill in _SKILLS.items())
    return next((Answer(name, reply) for name, reply in said if reply is not None), None)
