"""What a reading of one message says. Plain values: nothing here loads a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Mood(StrEnum):
    """The six moods of SMP2020-EWECT, the labels Chinese emotion corpora share."""

    HAPPY = "happy"
    ANGRY = "angry"
    SAD = "sad"
    FEAR = "fear"
    SURPRISE = "surprise"
    NEUTRAL = "neutral"


class Sentiment(StrEnum):
    POSITIVE = "positive"
    NEGATIVE = "negative"
    NEUTRAL = "neutral"


#: Surprise takes no side by itself: "居然赢了" and "居然输了" are both surprise.
SENTIMENT_OF: Mapping[Mood, Sentiment] = MappingProxyType(
    {
        Mood.HAPPY: Sentiment.POSITIVE,
        Mood.ANGRY: Sentiment.NEGATIVE,
        Mood.SAD: Sentiment.NEGATIVE,
        Mood.FEAR: Sentiment.NEGATIVE,
        Mood.SURPRISE: Sentiment.NEUTRAL,
        Mood.NEUTRAL: Sentiment.NEUTRAL,
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """The mood of one message, as read by the shared model.

    Attributes:
        mood: The most probable mood.
        sentiment: The side that mood takes.
        polarity: Which side the whole distribution leans to, -1 to 1, also when neutral.
        offence: Probability that the text insults, 0 to 1; None where the model at hand
            has nothing that reads it.
        confidence: Probability of ``mood``, 0 to 1.
        scores: Probability of every mood; they sum to 1.
        unsure: True where the confidence is too low to act on.
        ms: Time from asking to answer, waiting included, in milliseconds.
    """

    mood: Mood
    sentiment: Sentiment
    polarity: float
    offence: float | None
    confidence: float
    scores: Mapping[Mood, float]
    unsure: bool
    ms: float = 0.0

    @classmethod
    def from_scores(
        cls, scores: Mapping[Mood, float], *, unsure_below: float, offence: float | None = None
    ) -> Reading:
        """Reading of a distribution over the moods.

        Args:
            scores: Probability of each of the six moods.
            unsure_below: Confidence under which the reading is marked unsure.
            offence: Probability of an insult, where it was read.

        Raises:
            ValueError: A mood is missing, or the scores are no distribution.
        """
        if set(scores) != set(Mood):
            raise ValueError(f"scores name {sorted(scores)}, not the six moods")
        if not abs(sum(scores.values()) - 1) < 1e-3:
            raise ValueError(f"scores sum to {sum(scores.values()):.4f}, not 1")
        mood = max(scores, key=scores.__getitem__)
        side = {s: sum(p for m, p in scores.items() if SENTIMENT_OF[m] is s) for s in Sentiment}
        return cls(
            mood=mood,
            sentiment=SENTIMENT_OF[mood],
            polarity=side[Sentiment.POSITIVE] - side[Sentiment.NEGATIVE],
            offence=offence,
            confidence=scores[mood],
            scores=MappingProxyType(dict(scores)),
            unsure=scores[mood] < unsure_below,
        )
