"""How good it is to send a candidate; fitted to replies that had been marked (README)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from engine.talk import Aptness, Likelihood
from handlers.exchange import Candidate, Source

#: What tells how well a text fits a message: a head's reading of both, or how likely it is.
Evidence = Aptness | Likelihood
Weights = Mapping[Source, Mapping[str, float]]
#: Of log-odds that a person would send it, by where it comes from: a fit to what the small bundled
#: model read of replies that had been marked one by one (examples/replies/marked), their messages
#: left out of the head, and what an owner would be ashamed of counting half more. 0 lies .5 under
#: the fit. A line that is sure to be sent is harmless, too (the two go together, .92): one of them
#: is enough for lines, where a fit to both counted one against.
#: What the model writes is not judged so: a head fitted to people's words likes its echoes.
JUDGED: Weights = {
    Source.EXAMPLE: {
        "bias": -2.93,
        "nearness": 2.93,
        "sureness": 1.82,
        "kin": -0.5,
        "harmless": 0.33,
        "send": 0.48,
    },
    Source.CANNED: {
        "bias": -1.77,
        "sureness": -1.47,
        "root": 4.91,
        "kin": 0.57,
        "send": 0.83,
    },
}
#: Where the model has no head for that: the likelihoods of 3,369 of them by the small model.
WEIGHED: Weights = {
    Source.EXAMPLE: {"bias": -4.2, "nearness": 2.9, "sureness": 2.0, "kin": 0.4, "gain": 0.4},
    Source.CANNED: {"bias": -2.0, "sureness": 1.5, "root": 1.5, "kin": 0.7, "gain": 0.4},
    Source.MODEL: {"bias": -2.77, "gain": 0.06, "nearest": 2.02},
}
#: Log-probability of a token, on average, that a message has hardly ever added to a draft.
MOST_GAIN = 5.0


def scored(
    candidates: Sequence[Candidate], evidence: Sequence[Evidence], *, nearest: float = 0.0
) -> list[Candidate]:
    """The candidates with their scores; what may not be sent has none.

    Args:
        evidence: Of each that may be sent.
        nearest: Similarity of the nearest pair: how well a message like this is known.
    """
    found = iter(evidence)
    return [
        one if one.fault else replace(one, score=score(one, next(found), nearest=nearest))
        for one in candidates
    ]


def score(candidate: Candidate, evidence: Evidence | None, *, nearest: float = 0.0) -> float:
    """How good it is to send it: log-odds, rounded.

    Args:
        evidence: None where there is none; then it counts as gaining nothing.
        nearest: See ``scored``.
    """
    known = {
        "bias": 1.0,
        "nearness": candidate.nearness,
        "nearest": nearest,
        "sureness": candidate.sureness,
        "root": math.sqrt(candidate.sureness),
        "kin": candidate.kin,
    }
    if isinstance(evidence, Aptness):
        weights = JUDGED[candidate.source]
        known |= {"harmless": evidence.harmless, "send": evidence.send}
    else:
        weights = WEIGHED[candidate.source]
        known |= {"gain": value(evidence) if evidence else 0.0}
    return round(sum(weight * known[name] for name, weight in weights.items()), 3)


def most_for_a_draft(nearest: float) -> float:
    """The best score that anything the model writes could have: seconds are not spent on less."""
    return score(Candidate("", Source.MODEL), Likelihood(MOST_GAIN, 0.0), nearest=nearest)


def value(evidence: Evidence) -> float:
    """What speaks for a text by itself: how apt it is, or how much likelier the message made it
    (what fits everything gains nothing).
    """
    if isinstance(evidence, Aptness):
        return evidence.harmless + evidence.send
    return evidence.given - evidence.alone
