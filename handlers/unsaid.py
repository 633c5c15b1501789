"""Distress that no words say: what the head takes for it, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bank import Guess, Near, family
from engine.distress import is_figure_of_speech, is_mourning
from engine.mood import Mood, Reading
from engine.persona import Persona
from engine.talk import Turn
from handlers.choose import SAME

#: Moods in which somebody may be in distress; from the first of these probabilities on it may be in
#: any, and in a heavy one the text for words of self-harm is due, from the second on in any. Of 209
#: labelled messages of distress without such words the small model reads 57 as happy, neutral or
#: surprised, 49 of them as surely distress; of 3,000 of the bank's in those moods 15.
HEAVY = (Mood.SAD, Mood.FEAR, Mood.ANGRY)
SURE, CERTAIN = 0.75, 0.9
#: From this sureness of its occasion on, a pair so near, a message is no distress; one that the
#: head is not sure about needs no pair.
TOLD, AT_HAND = 0.4, 1.1
#: Nor from this sureness on that it is about a plain occasion of the persona: errands, things,
#: games. Of 210 labelled messages of distress that no words give away, each bundled model took one
#: for such.
PLAINLY = 0.5
#: Nor where several of them share it ("你们店发什么快递啊" is a customer's, and a question for the
#: owner). Of 57 that tests/messages/distress.jsonl has and words miss, the most of one that a head
#: was not certain of was .5.
TOGETHER = 0.55


def may_be_distress(reading: Reading) -> bool:
    """Whether the head sees distress where no words say so."""
    return reading.distress and (reading.mood in HEAVY or reading.distress_score >= SURE)


def is_sure(reading: Reading, history: Sequence[Turn], persona: Persona) -> bool:
    """Whether the text for words of self-harm is due: the head is sure, or they were asked already
    and go on so.
    """
    was_asked = any(turn.bot in persona.concern for turn in history)
    return was_asked or reading.distress_score >= (SURE if reading.mood in HEAVY else CERTAIN)


def is_explained(
    text: str,
    reading: Reading,
    persona: Persona,
    near: Sequence[Near],
    guesses: Sequence[Guess],
) -> bool:
    """Whether what the head takes for distress is something else.

    It reads wide, and takes "困死了", "我失恋了" and "能借我两千吗" for distress, too. The bank has
    no message of distress, so one that lies on a pair of it is none, nor is one that lies near a
    pair and whose occasion is told surely, nor one about plain things.
    """
    if is_figure_of_speech(text) or is_mourning(text):
        return True
    nearest, score = near[0].similarity if near else 0.0, reading.distress_score
    is_told = bool(guesses) and guesses[0].score >= TOLD
    told = {family(one.occasion): one.kin for one in guesses}
    kins = [kin for name, kin in told.items() if name in persona.plain]
    is_plain = max(kins, default=0.0) >= PLAINLY or sum(kins) >= TOGETHER
    return (
        nearest >= SAME
        or (is_told and (nearest >= AT_HAND or score < SURE))
        or (is_plain and score < CERTAIN)
    )
