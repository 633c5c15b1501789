"""The rule over moods: whether a message attacks a member, and how much that counts."""

from __future__ import annotations

from engine.mood import Mood, Reading
from handlers.exchange import Action, Exchange, Verdict
from handlers.policy import figures
from moderation.hostile import hostile, is_banter, is_of_others, is_reported
from moderation.tally import HEAT
from moderation.target import Aims, By, Target

# Points of what speaks for an attack, which 1.9 is all of: the offence read, anger, hostile words.
# None of them alone makes a note (1.0). Chosen in a grid over 60 attacks and 154 ordinary messages
# written by hand for it, not those of the tests, and rounded.
OFFENCE, ANGRY, WORDS = 0.85, 0.25, 0.8
#: What is left of that where it is said in fun, told of somebody else's words, or of other people.
IN_FUN, REPORTED, OF_OTHERS = 0.4, 0.4, 0.3
#: Less than this counts nothing: ten doubtful words are no attack.
LEAST = 0.9
#: Points of an outburst at nobody known: on record, and far from a step however often it comes.
OUTBURST = 0.2


class Heat:
    """Asks of each group message how surely it attacks a member.

    The mood alone decides nothing: who is furious at a courier attacks nobody, and contempt is
    often said calmly, so that a neutral message of high offence counts as well.

    Args:
        aims: Knows whom a message is aimed at.
        note_at: Points from which on the finding is a note.
    """

    def __init__(self, aims: Aims, *, note_at: float) -> None:
        self._aims, self._note_at = aims, note_at

    def __call__(self, exchange: Exchange, reading: Reading) -> Verdict:
        if exchange.message.is_private:
            return Verdict(Action.NONE, HEAT, figures(reading))
        aim = self._aims.of(exchange)
        signs = _signs(aim)
        points = _points(reading, aim, signs)
        return Verdict(
            Action.NOTE if points >= self._note_at else Action.NONE,
            HEAT,
            f"{figures(reading)}, at {aim.by}{'' if not signs else ': ' + ', '.join(signs)}",
            points=points,
            target_id=aim.person_id,
        )


def _signs(aim: Target) -> tuple[str, ...]:
    """What the words show beside the reading, in the order in which it is told."""
    weak = {
        "in fun": is_banter(aim.text),
        "reported": is_reported(aim.text),
        "of others": not aim.is_direct and is_of_others(aim.text),
    }
    return (*hostile(aim.text), *(sign for sign, is_there in weak.items() if is_there))


_PART_OF = {"in fun": IN_FUN, "reported": REPORTED, "of others": OF_OTHERS}


def _points(reading: Reading, aim: Target, signs: tuple[str, ...]) -> float:
    points = OFFENCE * (reading.offence or 0.0) + ANGRY * reading.scores[Mood.ANGRY]
    if any(sign not in _PART_OF for sign in signs):
        points += WORDS
    for sign in signs:
        points *= _PART_OF.get(sign, 1.0)
    if points < LEAST:
        return 0.0
    return round(OUTBURST if aim.by is By.NOBODY else points, 2)
