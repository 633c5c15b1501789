"""What is said twice: by the reply within itself, after the message, after the bot's last reply.

Texts come here the way ``guard.check`` spells them: cleaned, casefolded, the bot's own name as 我.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

# People write 哈哈哈哈哈哈, 对对对 and 加油加油加油; they stop sooner than a model that loops.
_ONE_CHARACTER = re.compile(r"(\S)\1{11,}")
_UNIT = re.compile(r"(.{2,5}?)\1{4,}|(.{6,40}?)\2{2,}", re.DOTALL)
_ENDS = re.compile(r"(?<=[。！？!?…\n～~])|(?<=\.)(?=\s|$)")


def loop(reply: str) -> str | None:
    """A character, a phrase or a sentence that comes back more often than people repeat one."""
    if match := _ONE_CHARACTER.search(reply):
        return f"{match[1]} {len(match[0])} times or more"
    if match := _UNIT.search(reply):
        unit = match[1] or match[2]
        if len(set(unit)) > 1:
            return f"{unit!r} {len(match[0]) // len(unit)} times"
    sentences = Counter(_key(s) for s in _ENDS.split(reply))
    for sentence, count in sentences.items():
        if (count > 1 and len(sentence) >= 6) or (count > 2 and len(sentence) >= 3):
            return f"{sentence!r} said {count} times"
    return _low_distinctness(reply)


def _low_distinctness(reply: str) -> str | None:
    # Trigrams: single letters repeat in any English text, words cannot be told in Chinese.
    trigrams = [reply[i : i + 3] for i in range(len(reply) - 2)]
    if len(trigrams) < 30:
        return None
    share = len(set(trigrams)) / len(trigrams)
    return f"only {share:.0%} distinct trigrams" if share < 0.5 else None


_GREETING = re.compile(
    r"(?:.{0,8}(?:你好|早|早安|午安|晚安|早上好|中午好|下午好|晚上好|快乐|发财|如意|顺利|加油|再见|拜拜"
    r"|谢谢|干杯|恭喜|团圆|安康|大吉|开心)"
    r"|哈+|嗯+|嘿+|嘻+|hi|hello|hey|bye|thanks|thankyou|good(?:morning|night|evening)"
    r"|merrychristmas|happy(?:newyear|birthday))(?:toyou)?(?:too)?[呀啊哦呢啦哈嘿]*"
)
_ASKS = re.compile(r"[?？]|[吗么]\W*$|什么|谁|哪|怎么|多少|是不是|有没有|能不能|要不要|好不好|\bwh")
_SAY_AFTER_ME = re.compile(
    r"跟[着我]?我?(?:说|念|读)|重复|复述|再说一[遍次]|\brepeat\b|\bsay\b|翻译|怎么说"
)
_YOU_SAID = re.compile(
    r"^[你您](?:刚才|刚刚|是)?(?:说|问|讲|想说|的意思|的问题)的?(?:是说?|就是)?[,，:：“「\s]*"
)
_PERSON = re.compile(r"[我你您咱]|\b(?:i|me|my|you|your|am|are)\b")

_CLAUSE = re.compile(r"[,，、；;。！？!?…\n～~]")
_PARTICLES = "呢吗啊呀吧啦哦了么嘛"

_SHORTEST = 6
#: A message that makes up this share of its reply was not answered.
_MOST = 0.65
#: Sentences of either side that are compared with one another; exact copies are found in all.
_COMPARED = 12
#: So alike are two sentences in the pairs of characters they hold (Dice) that one copies the other.
_ALIKE = 0.8


def echo(reply: str, message: str, previous: str) -> str | None:
    """Where the reply says the message again, you and I swapped or not, or its own last words.

    A sentence of the message counts from six characters on, also with a particle more or less. The
    answer that turns a question round ("你喜欢猫吗" → "我喜欢猫") is none, nor are greetings.
    """
    if found := None if _SAY_AFTER_ME.search(message) else _copied(reply, message):
        return found
    if len(_key(reply)) > 4 and _key(reply) == _key(previous):
        return "repeats its previous reply"
    return _said_before(reply, previous)


def _copied(reply: str, message: str) -> str | None:
    said, own, theirs = _key(reply), _unperson(reply), _unperson(message)
    asked = message.rstrip().endswith(("?", "？", "吗", "呢"))
    if not asked and (len(said) <= 2 or _GREETING.fullmatch(said)):
        return None
    if said and said == _key(message):
        return "repeats the message"
    if not _answers(reply, message):
        if len(theirs) >= 3 and theirs.rstrip(_PARTICLES) == own.rstrip(_PARTICLES):
            return "repeats the message"
        if len(theirs) >= 8 and theirs in own and len(theirs) >= _MOST * len(own):
            return "little more than the message"
    return _copied_sentence(reply, message)


def _copied_sentence(reply: str, message: str) -> str | None:
    heard = {_unperson(sentence): sentence for sentence in (*_sentences(message), message)}
    first, *_ = _CLAUSE.split(reply, maxsplit=1)
    for number, sentence in enumerate((first, *_sentences(reply))):
        words = _YOU_SAID.sub("", sentence)
        key = _unperson(words)
        if min(len(_key(words)), len(key) + 1) < _SHORTEST or _GREETING.fullmatch(_key(words)):
            continue
        if key in heard and not _answers(sentence, heard[key]):
            return f"copies {sentence.strip()!r}"
        near = list(heard)[:_COMPARED] if 0 < number <= _COMPARED else ()
        if any(_near(key, k) and not _answers(sentence, heard[k]) for k in near):
            return f"nearly copies with {sentence.strip()!r}"
    return None


def _answers(sentence: str, question: str) -> bool:
    """Whether one asks and the other does not: "你喜欢猫吗" is answered by "我喜欢猫"."""
    return bool(_ASKS.search(question)) and not _ASKS.search(sentence)


def _said_before(reply: str, previous: str) -> str | None:
    if not previous:
        return None
    if _near(_key(reply), _key(previous)):
        return "nearly repeats its previous reply"
    before = {_key(sentence) for sentence in _sentences(previous)}
    for sentence in _sentences(reply):
        key = _key(sentence)
        if len(key) >= 8 and key in before:
            return f"said {sentence.strip()!r} before"
    return None


def _sentences(text: str) -> Sequence[str]:
    return [sentence for sentence in _ENDS.split(text) if sentence.strip()]


def _near(one: str, other: str) -> bool:
    if min(len(one), len(other)) < _SHORTEST:
        return False
    pairs, others = (Counter(pairwise(t)) for t in (one, other))
    return 2 * (pairs & others).total() >= _ALIKE * (pairs.total() + others.total())


def _key(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


def _unperson(text: str) -> str:
    """The key of a text without I and you, which may stand elsewhere when they are swapped."""
    return _key(_PERSON.sub("", text))
