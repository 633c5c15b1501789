"""What a reading says, whatever read it: sides, defaults, and what is no distribution."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.mood import SENTIMENT_OF, TAKES_SIDE, Mood, Reading, Sentiment

WEIGHTS = st.lists(st.floats(0.01, 1), min_size=len(Mood), max_size=len(Mood))


def scores(mood: Mood, share: float = 0.75) -> dict[Mood, float]:
    """Most of it for one mood, the rest for the others alike."""
    rest = (1 - share) / (len(Mood) - 1)
    return {each: share if each is mood else rest for each in Mood}


@pytest.mark.parametrize("mood", [mood for mood in Mood if mood not in ("neutral", "surprise")])
@pytest.mark.parametrize("polarity", [-1.0, 0.0, 1.0])
def test_a_mood_with_a_side_keeps_it(mood: Mood, polarity: float) -> None:
    """Happy is positive, angry, sad and fear are negative, whatever the polarity says."""
    reading = Reading.from_scores(scores(mood), unsure_below=0.5, polarity=polarity)

    assert SENTIMENT_OF[mood] is reading.sentiment
    assert polarity == reading.polarity


def test_what_is_surely_neutral_takes_no_side() -> None:
    """Of "明天三点开会" the polarity means nothing."""
    sure = dict.fromkeys(Mood, 0.02) | {Mood.NEUTRAL: 0.9}

    assert Sentiment.NEUTRAL is Reading.from_scores(sure, unsure_below=0.5, polarity=0.9).sentiment


@pytest.mark.parametrize("mood", [Mood.NEUTRAL, Mood.SURPRISE])
@pytest.mark.parametrize(
    ("polarity", "expected"),
    [
        (-1.0, Sentiment.NEGATIVE),
        (-TAKES_SIDE, Sentiment.NEGATIVE),
        (-TAKES_SIDE + 0.01, Sentiment.NEUTRAL),
        (0.0, Sentiment.NEUTRAL),
        (TAKES_SIDE - 0.01, Sentiment.NEUTRAL),
        (TAKES_SIDE, Sentiment.POSITIVE),
        (1.0, Sentiment.POSITIVE),
    ],
)
def test_a_mood_without_a_side_takes_that_of_a_clear_polarity(
    mood: Mood, polarity: float, expected: Sentiment
) -> None:
    """ "菜送来都凉了" is neutral in mood and negative all the same; a slight lean is no side."""
    reading = Reading.from_scores(scores(mood), unsure_below=0.5, polarity=polarity)

    assert (mood, expected) == (reading.mood, reading.sentiment)


def test_a_polarity_that_was_not_read_is_the_balance_of_the_moods() -> None:
    """Happy 0.4 against angry 0.1, sad 0.1 and fear 0.05 is 0.15; surprise and neutral count 0."""
    even = {"happy": 0.4, "angry": 0.1, "sad": 0.1, "fear": 0.05, "surprise": 0.2, "neutral": 0.15}
    reading = Reading.from_scores({Mood(m): p for m, p in even.items()}, unsure_below=0.5)

    assert pytest.approx(0.15) == reading.polarity


def test_what_was_not_read_is_not_made_up() -> None:
    """Without more than the moods there is no offence, no distress and no time."""
    reading = Reading.from_scores(scores(Mood.SAD), unsure_below=0.5)

    assert (None, False, 0.0) == (reading.offence, reading.distress, reading.ms)


@pytest.mark.parametrize(("share", "expected"), [(0.49, True), (0.5, False), (0.51, False)])
def test_a_reading_is_unsure_under_its_threshold(share: float, expected: bool) -> None:
    """Confidence is the probability of the mood, and the threshold itself is still sure."""
    reading = Reading.from_scores(scores(Mood.FEAR, share), unsure_below=0.5)

    assert (share, expected) == (reading.confidence, reading.unsure)


@given(WEIGHTS)
def test_any_distribution_makes_a_reading_within_its_bounds(weights: list[float]) -> None:
    """The mood is the likeliest, polarity is within -1 to 1, the scores are as they were given."""
    given_scores = {m: w / sum(weights) for m, w in zip(Mood, weights, strict=True)}
    reading = Reading.from_scores(given_scores, unsure_below=0.5)

    assert max(given_scores.values()) == reading.confidence == reading.scores[reading.mood]
    assert -1 <= reading.polarity <= 1
    assert given_scores == dict(reading.scores)


@pytest.mark.parametrize(
    ("given_scores", "message"),
    [
        ({Mood.HAPPY: 1.0}, "not the six moods"),
        (dict.fromkeys(Mood, 0.5), "sum to 3.0000"),
        (dict.fromkeys(Mood, float("nan")), "sum to nan"),
    ],
)
def test_what_is_no_distribution_is_refused(given_scores: dict[Mood, float], message: str) -> None:
    """A missing mood, scores of another sum and NaN are errors, not readings."""
    with pytest.raises(ValueError, match=message):
        Reading.from_scores(given_scores, unsure_below=0.5)


@pytest.mark.parametrize("distress", [True, False])
def test_an_unknown_reading_is_never_acted_on(distress: bool) -> None:
    """It is unsure and not angry; the words of distress count even where nothing else was read."""
    reading = Reading.unknown(distress=distress)

    assert reading.unsure
    assert Mood.ANGRY is not reading.mood
    assert (None, distress) == (reading.offence, reading.distress)


def test_the_scores_of_a_reading_cannot_be_changed() -> None:
    """A reading is a value: neither its holder nor the giver of the scores changes it."""
    mine = scores(Mood.HAPPY)
    reading = Reading.from_scores(mine, unsure_below=0.5)
    mine[Mood.HAPPY] = 0.0

    assert reading.scores[Mood.HAPPY] == 0.75
    with pytest.raises(TypeError):
        reading.scores[Mood.HAPPY] = 0.0  # type: ignore[index]
