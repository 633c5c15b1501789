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


#: From this probability on an offence, or the mood angry, is strong enough to act on, if sure.
FIRM = 0.8

#: A message of neutral mood or surprise still takes a side from this polarity on ("菜送来都凉了"),
#: unless it is surely neutral: of "明天三点开会" the polarity means nothing.
TAKES_SIDE = 0.5


@dataclass(frozen=True, slots=True)
class Reading:
    """The mood of one message, as read by the shared model.

    Attributes:
        mood: The most probable mood.
        sentiment: The side that mood takes; of a mood without one, that of a clear polarity.
        polarity: Which side the message leans to, -1 to 1, also when neutral.
        offence: Probability that the text insults, 0 to 1; None where the model at hand
            has nothing that reads it.
        confidence: Probability of ``mood``, 0 to 1.
        scores: Probability of every mood; they sum to 1.
        unsure: True where the confidence is too low to act on.
        distress: True where the writer speaks of their own death or harm.
        distress_score: Probability of that, where a head read it; 0 elsewhere.
        ms: Time from asking to answer, waiting included, in milliseconds.
    """

    mood: Mood
    sentiment: Sentiment
    polarity: float
    offence: float | None
    confidence: float
    scores: Mapping[Mood, float]
    unsure: bool
    distress: bool = False
    distress_score: float = 0.0
    ms: float = 0.0

    @classmethod
    def from_scores(
        cls,
        scores: Mapping[Mood, float],
        *,
        unsure_below: float,
        polarity: float | None = None,
        offence: float | None = None,
        distress: bool = False,
    ) -> Reading:
        """Reading of a distribution over the moods.

        Args:
            scores: Probability of each of the six moods.
            unsure_below: Confidence under which the reading is marked unsure.
            polarity: Where it was read by itself; else the balance of the moods.
            offence: Probability of an insult, where it was read.
            distress: Whether the message is one of distress.

        Raises:
            ValueError: A mood is missing, or the scores are no distribution.
        """
        if set(scores) != set(Mood):
            raise ValueError(f"scores name {sorted(scores)}, not the six moods")
        if not abs(sum(scores.values()) - 1) < 1e-3:
            raise ValueError(f"scores sum to {sum(scores.values()):.4f}, not 1")
        mood = max(scores, key=scores.__getitem__)
        if polarity is None:
            side = {s: sum(p for m, p in scores.items() if SENTIMENT_OF[m] is s) for s in Sentiment}
            polarity = side[Sentiment.POSITIVE] - side[Sentiment.NEGATIVE]
        return cls(
            mood=mood,
            sentiment=_sentiment(mood, scores[mood], polarity),
            polarity=polarity,
            offence=offence,
            confidence=scores[mood],
            scores=MappingProxyType(dict(scores)),
            unsure=scores[mood] < unsure_below,
            distress=distress,
        )

    @classmethod
    def unknown(cls, *, distress: bool = False) -> Reading:
        """Reading of a message that cannot be read: no mood is likelier than another."""
        even = {mood: 1 / len(Mood) for mood in Mood}
        return cls(
            mood=Mood.NEUTRAL,
            sentiment=Sentiment.NEUTRAL,
            polarity=0.0,
            offence=None,
            confidence=even[Mood.NEUTRAL],
            scores=MappingProxyType(even),
            unsure=True,
            distress=distress,
        )


def _sentiment(mood: Mood, confidence: float, polarity: float) -> Sentiment:
    own = SENTIMENT_OF[mood]
    surely_neutral = mood is Mood.NEUTRAL and confidence >= FIRM
    if own is not Sentiment.NEUTRAL or surely_neutral or abs(polarity) < TAKES_SIDE:
        return own
    return Sentiment.POSITIVE if polarity > 0 else Sentiment.NEGATIVE
