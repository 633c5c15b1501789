"""Several ways to answer, and which of them to send: a small model chooses better than it writes.

Candidates are what the model wrote and what a person once wrote to a message near this one. Each
is mended, guarded and scored; the weights were fitted to answers that a person had marked
(README, "Replies").
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from engine.bank import Near
from engine.talk import Asked, Draft, Likelihood
from handlers.claims import claim
from handlers.exchange import Candidate, Source
from handlers.guard import Fault, check
from handlers.sentences import end_at_sentence
from handlers.tidy import tidy

#: A message that asks something, as far as its end or its words tell.
_QUESTION = re.compile(
    r"[?？]|[吗呢么嘛](?:\W|\Z)|(?:什么|怎么|为什么|为啥|哪|谁|几|多少|咋|是不是|有没有)"
    r"|^(?:who|what|why|when|where|how|do|does|did|is|are|can|could|will)\b",
    re.IGNORECASE,
)
#: What means nothing without the turns before it: a pronoun, a correction, "and then?".
_FOLLOW_UP = re.compile(
    r"^(?:那|不对|不是|我是说|我说的是|刚才|刚刚)|[她他它](?:们)?(?:多|几|怎|什|在|是|叫|呢|有)"
    r"|(?:第[一二三四五]|那|哪|这)(?:一)?[个位种座条只本次](?!月)|(?:我刚|刚才|之前|前面)[^，。]{0,6}(?:说|讲|问)"
    r"|^(?:然后|后来|接着|继续|为什么|为啥|怎么说|还有|再来|比如|例如)|呢[?？]?$"
    r"|^(?:and|then|why|what about|how about|which|really)\b",
    re.IGNORECASE,
)
_FOLLOW_UP_CHARS = 20
#: Of the nearest pairs, so many answers are candidates too.
NUM_NEAR = 8

#: From this nearness on a pair's message says the same as the one to answer.
SAME = 1.1
#: Under this one no example has ever reached a score that is good enough.
IN_REACH = 0.55
#: Of log-odds that a person would send it, fitted on 105 everyday messages and two models; 0 is
#: where half of those an owner would be ashamed of are left out with a tenth of the good ones.
WEIGHTS: Mapping[str, float] = {
    "bias": -3.65,
    "written": 1.18,
    "gain": 0.86,
    "gain written": 0.06,
    "nearness": 3.89,
    "nearness written": 2.02,
}


def is_follow_up(asked: Asked) -> bool:
    """Whether only the turns before can tell what is meant, so that no example can."""
    is_short = len(asked.text) <= _FOLLOW_UP_CHARS
    return bool(asked.history) and is_short and _FOLLOW_UP.search(asked.text) is not None


def from_draft(draft: Draft, asked: Asked, max_chars: int) -> Candidate:
    """What the model wrote as it would be sent, and what speaks against sending it."""
    text = tidy(draft.text, bot_name=asked.persona.name)
    if not draft.is_finished or len(text) > max_chars:
        text = end_at_sentence(text, max_chars)
    fault = _fault(text, asked, max_chars, draft.text, is_finished=draft.is_finished)
    return Candidate(text, Source.MODEL, num_tokens=draft.num_tokens, fault=fault)


def from_pair(near: Near, asked: Asked, max_chars: int) -> Candidate:
    """What somebody answered to a message like this one; guarded too, for files are edited."""
    fault = _fault(near.pair.reply, asked, max_chars, near.pair.reply)
    return Candidate(near.pair.reply, Source.EXAMPLE, nearness=near.similarity, fault=fault)


def from_open(asked: Asked, said: Collection[str], max_chars: int) -> list[str]:
    """What may be said to any message of this mood and form, but for what was just said."""
    is_question = _QUESTION.search(asked.text) is not None
    fitting = (
        line.reply
        for line in asked.persona.open_lines
        if line.mood is asked.mood and line.is_for_questions is is_question
    )
    return [
        line for line in fitting if line not in said and not _fault(line, asked, max_chars, line)
    ]


def score(candidate: Candidate, likelihood: Likelihood | None, nearest: float) -> float:
    """How good it is to send it: log-odds, rounded.

    Args:
        likelihood: None where it was not weighed; then it counts as gaining nothing.
        nearest: Similarity of the nearest pair: how well a message like this is known.
    """
    is_written = candidate.source is Source.MODEL
    found = {
        "bias": 1.0,
        "written": float(is_written),
        "gain": 0.0 if is_written or likelihood is None else gain(likelihood),
        "gain written": gain(likelihood) if is_written and likelihood else 0.0,
        "nearness": 0.0 if is_written else candidate.nearness,
        "nearness written": nearest if is_written else 0.0,
    }
    return round(sum(WEIGHTS[name] * value for name, value in found.items()), 3)


def gain(likelihood: Likelihood) -> float:
    """How much likelier the message made a reply: what fits everything gains nothing."""
    return likelihood.given - likelihood.alone


def _fault(
    text: str, asked: Asked, max_chars: int, written: str, *, is_finished: bool = True
) -> str:
    """Name and detail of the first fault; empty where there is none."""
    previous = asked.history[-1].bot if asked.history else None
    found = check(
        text,
        message=asked.text,
        previous=previous,
        bot_name=asked.persona.name,
        written=written,
        is_finished=is_finished,
        max_chars=max_chars,
    )
    if found is None and (made_up := claim(text, asked.text)):
        found = Fault("claim", made_up)
    return f"{found.name}: {found.detail}" if found else ""
