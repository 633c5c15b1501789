"""Distress that no words say: what the head takes for it, and what speaks against it."""

from __future__ import annotations

from collections.abc import Sequence

from engine.bank import Guess, Near, family
from engine.distress import is_figure_of_speech, is_mourning
from engine.mood import Mood
from engine.persona import Persona
from engine.talk import Turn
from handlers.choose import SAME
from handlers.exchange import Exchange

#: From this probability on it is answered as if words had said so. Of messages of distress without
#: such words, held out, 79 and 70 % are so sure (bundled, small), of the bank's in heavy moods 1 %.
SURE = 0.75
#: Moods in which somebody may be in distress.
HEAVY = (Mood.SAD, Mood.FEAR, Mood.ANGRY)
#: From this sureness of its occasion on, a pair so near, a message is no distress.
TOLD, AT_HAND = 0.4, 1.1
#: Nor from this sureness on that it is about one of these: errands, things, games and the like,
#: families of the shipped bank on which nobody writes of their own end. Of 210 labelled messages of
#: distress that no words give away, each bundled model took one for such.
PLAINLY = 0.5
_FAMILIES = (
    "accident annoyed_with_bot appointment baby birthday boss bot_life bot_skills bought"
    " broken cannot_do cannot_look_up children customer doing_what eating_well entertain fact"
    " family_ill fandom favour festival flirt food_choice food_talk for_owner forward gaming"
    " hello hometown how_to invite late_delivery long_time lost_thing media money_in morning"
    " new_job nice_weather noise passed praise shopping sound sport study tease test traffic"
    " travel urgent weather_talk weekend_plan who_are_you won work_request work_talk"
    " worry_for"
)
PLAIN = frozenset(_FAMILIES.split())


def may_be_distress(exchange: Exchange) -> bool:
    """Whether the head sees distress where no words say so."""
    reading = exchange.reading
    return reading is not None and reading.distress and reading.mood in HEAVY


def is_sure(exchange: Exchange, history: Sequence[Turn], persona: Persona) -> bool:
    """Whether the text for words of self-harm is due: the head is sure, or they were asked already
    and go on so.
    """
    reading = exchange.reading
    was_asked = any(turn.bot in persona.concern for turn in history)
    return was_asked or reading is None or reading.distress_score >= SURE


def is_explained(text: str, near: Sequence[Near], guesses: Sequence[Guess]) -> bool:
    """Whether what the head takes for distress is something else.

    It reads wide, and takes "困死了", "我失恋了" and "能借我两千吗" for distress, too. The bank has
    no message of distress, so one that lies on a pair of it is none, nor is one that lies near a
    pair and whose occasion is told surely, nor one about plain things. Of 148 labelled ones that
    the small model finds and no words give away, one was so told, and of 32 everyday ones 21.
    """
    nearest = near[0].similarity if near else 0.0
    is_told = nearest >= AT_HAND and bool(guesses) and guesses[0].score >= TOLD
    is_plain = any(one.kin >= PLAINLY for one in guesses if family(one.occasion) in PLAIN)
    is_known = nearest >= SAME or is_told or is_plain
    return is_known or is_figure_of_speech(text) or is_mourning(text)
