"""Several ways to answer, and which of them to send: a small model chooses better than it writes.

Candidates are what the model wrote, what a person once wrote to a message near this one, and lines
that fit the occasion it was written on. Each is mended and guarded here, and scored in ``scoring``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import regex

from engine.bank import Guess, Near, family
from engine.talk import Asked, Draft
from handlers.claims import claim
from handlers.exchange import Candidate, Source
from handlers.guard import Fault, check
from handlers.language import suited
from handlers.presumed import presumed
from handlers.sentences import end_at_sentence
from handlers.tidy import tidy

#: Faces and the like that stand in a text; and the family of messages that are nothing else.
_FACE, FACES = regex.compile(r"\[[\p{Han}a-zA-Z]{1,8}\]|\p{Extended_Pictographic}|\W"), "sticker"
#: A message that asks something, as far as its end or its words tell.
_QUESTION = re.compile(
    r"[?？]|[吗呢么嘛](?:\W|\Z)|(?:什么|怎么|为什么|为啥|哪|谁|几|多少|咋|是不是|有没有)"
    r"|^(?:who|what|why|when|where|how|do|does|did|is|are|can|could|will)\b",
    re.IGNORECASE,
)
#: Words that ask elsewhere: "不知道弄到几点" tells, "有几个压坏了" counts.
_INDEFINITE = re.compile(
    r"不(?:知道|晓得|清楚)[^，。,\s]{0,10}|[有好都十]几|那谁|谁懂|没(?:什么|怎么|几)|不怎么|怎么也|什么的"
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
#: What is answered with yes or no, and what with a thing or a way.
_WHETHER, _HOW = re.compile(r"(\w)不\1"), re.compile(r"怎么|咋|如何|哪|什么|多少")
#: Two characters of a word, a relative or pet of one, a number.
_DETAIL = regex.compile(
    r"\p{Han}{2}|[妈爸爷奶姥哥姐弟妹猫狗儿女孩婆公娃]|\d+|[a-z]{4,}", regex.IGNORECASE
)
#: Common ones that are no detail.
_WORDS = (
    "什么 怎么 一个 这个 那个 不是 没有 本人 机器 器人 不了 知道 时候 一下 可以 自己 还是"
    " 觉得 就是 不到 真的 这么 那么 你的 我的 人家 是不 有什 是什 要不 不要 能不 想说 聊聊"
    " 先说 不好 不会 一直 已经 开心 高兴 难过 难受 生气 害怕 谢谢 不客 客气 你好"
    " your that this what have with"
)
_COMMON = frozenset(_WORDS.split())
#: Who is spoken of, by pronoun: those it may stand for, and those it may not.
_HE, _SHE = re.compile(r"(?<![其吉])他(?!们)"), re.compile(r"她(?!们)")
_MEN = re.compile(r"他|[爸爹哥弟爷叔伯舅]|儿子|老公|外公|丈夫|男")
_WOMEN = re.compile(r"她|[妈娘姐妹婆姨姑嫂]|奶奶|姥姥|女|媳妇|妻子")
_PERSON = re.compile(r"[你您我咱他她]|\b(?:you|i|he|she|we|my|your)\b", re.IGNORECASE)
#: Of a question for a fact, so much must be in the pair's question too: "一年有多少个星期" is not
#: "一年有多少个节气".
LEAST_SHARE = 0.75
#: Of the nearest pairs, so many answers are candidates too.
NUM_NEAR = 8

#: From this nearness on a pair's message says the same as the one to answer.
SAME = 1.35
#: Examples farther than this are left out: of those, three in four were to be ashamed of.
IN_REACH = 0.8
#: Where nothing speaks for or against: an owner's own pairs name no occasion.
UNTOLD = Guess("", 0.3, 0.3)


def is_follow_up(asked: Asked) -> bool:
    """Whether only the turns before can tell what is meant, so that no example can."""
    is_short = len(asked.text) <= _FOLLOW_UP_CHARS
    return bool(asked.history) and is_short and _FOLLOW_UP.search(asked.text) is not None


def sayable(lines: Sequence[str], asked: Asked, max_chars: int) -> list[str]:
    """Those of prepared lines that suit the message: of its language, and not just said."""
    return suited([line for line in lines if not _fault(line, asked, max_chars, line)], asked.text)


def detail(text: str, reply: str, message: str) -> str | None:
    """What an answer took up from its own message and this message does not have; None: nothing.

    "想讲讲奶奶的事" was written to somebody whose grandmother had died, not a grandfather; nor is a
    mother a he.
    """
    for found in _DETAIL.finditer(reply, overlapped=True):
        word = found[0]
        if word in text and word not in message and word not in _COMMON:
            return str(word)
    men, women = _MEN.search(message), _WOMEN.search(message)
    if (women and not men and _HE.search(reply)) or (men and not women and _SHE.search(reply)):
        return "他/她"
    return None


def _is_face(text: str) -> bool:
    """Whether a message has no word beside its faces: what is said to those fits no others."""
    return not _FACE.sub("", text)


def _asks_for_fact(text: str) -> bool:
    """A question about the world, whose answer is right or wrong; not one about you or me."""
    return _QUESTION.search(text) is not None and _PERSON.search(text) is None


def from_draft(draft: Draft, asked: Asked, max_chars: int) -> Candidate:
    """What the model wrote as it would be sent, and what speaks against sending it."""
    text = tidy(draft.text, bot_name=asked.persona.name)
    if not draft.is_finished or len(text) > max_chars:
        text = end_at_sentence(text, max_chars)
    fault = _fault(text, asked, max_chars, draft.text, is_finished=draft.is_finished)
    return Candidate(text, Source.MODEL, num_tokens=draft.num_tokens, fault=fault)


def from_pair(near: Near, asked: Asked, max_chars: int, guesses: Sequence[Guess] = ()) -> Candidate:
    """What somebody answered to a message like this one; guarded too, for files are edited."""
    pair, fault = near.pair, _fault(near.pair.reply, asked, max_chars, near.pair.reply)
    if not fault and (found := detail(pair.text, pair.reply, asked.text)):
        fault = f"detail: {found}"
    if not fault and _is_face(pair.text) and not _is_face(asked.text):
        fault = "detail: a bare face"
    if not fault and _WHETHER.search(asked.text) and _HOW.search(pair.text):
        fault = "detail: whether, not which"
    if not fault and near.share < LEAST_SHARE and _asks_for_fact(asked.text):
        fault = f"detail: another question, {near.share:.0%} of its words"
    told = _told(pair.occasion, guesses)
    return Candidate(
        *(pair.reply, Source.EXAMPLE),
        nearness=near.similarity,
        occasion=pair.occasion,
        sureness=told.score,
        kin=told.kin,
        fault=fault,
    )


def _told(occasion: str, guesses: Sequence[Guess]) -> Guess:
    """How surely a message was written on an occasion."""
    if not occasion or not guesses:
        return UNTOLD
    kin = (one.kin for one in guesses if family(one.occasion) == family(occasion))
    score = (one.score for one in guesses if one.occasion == occasion)
    return Guess(occasion, max(score, default=0.0), max(kin, default=0.0))


def from_occasions(
    guesses: Sequence[Guess], asked: Asked, said: Collection[str], max_chars: int
) -> list[list[Candidate]]:
    """What may be said to any message written on each occasion, but for what was just said."""
    every = asked.persona.occasion_lines
    return [
        [
            Candidate(line, Source.CANNED, occasion=one.occasion, sureness=one.score, kin=one.kin)
            for line in sayable(
                [line for line in every.get(one.occasion, ()) if line not in said], asked, max_chars
            )
        ]
        for one in guesses
        if family(one.occasion) != FACES or _is_face(asked.text)
    ]


def from_open(asked: Asked, said: Collection[str], max_chars: int) -> list[str]:
    """What may be said to any message of this mood and form, but for what was just said."""
    is_question = _QUESTION.search(_INDEFINITE.sub("", asked.text)) is not None
    fitting = (
        line.reply
        for line in asked.persona.open_lines
        if line.mood in (asked.moods or (asked.mood,))
        and (line.is_for_questions, line.is_for_owner) == (is_question, asked.is_owner)
    )
    return sayable([line for line in fitting if line not in said], asked, max_chars)


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
    if found is None:
        heard = "\n".join((asked.text, *(turn.user for turn in asked.history)))
        taken = presumed(text, heard)
        found = Fault("presumed", taken) if taken else None
    return f"{found.name}: {found.detail}" if found else ""
