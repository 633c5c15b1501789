"""The last look at a reply: what a model wrote is untrusted until it passed (trap 14).

``check`` names what must not be sent, after ``tidy`` mended what is only untidy. Both are pure; who
calls them retries once and then says something canned. A false alarm costs a retry, a miss is
read by a person: where the two pull apart, claims about *itself* are judged strictly and talk
about the rest of the world is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import regex

from handlers.contacts import mention, unsent_contact
from handlers.identity import human_claim, other_name
from handlers.sanitize import MAX_CHARS, clean
from handlers.tidy import ROLES

#: Folding makes up to 18 characters of one; none of them may go unread behind a cut.
_UNFOLDED = 18 * MAX_CHARS


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a reply must not be sent.

    Attributes:
        name: length, empty, template, boilerplate, identity, human, mention, contact, loop or
            echo.
        detail: What was found, for the audit log; may hold words of the reply.
    """

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """A reply and its surroundings, spelled alike: cleaned, casefolded, the bot's name as 我."""

    reply: str
    message: str
    previous: str


def check(reply: str, *, message: str, previous: str | None, bot_name: str) -> Fault | None:
    """The first fault of a reply, or None if it may be sent.

    Args:
        reply: Output of the model, after ``tidy``.
        message: What it answers. Names of makers, links and numbers in it may be repeated.
        previous: The bot's last reply in that chat, or None.
        bot_name: What the bot is called: the one name it may claim.
    """
    if len(reply) > MAX_CHARS:
        return Fault("length", f"{len(reply)} characters")
    draft = _Draft(
        reply=_spelled(reply, bot_name),
        message=_spelled(message, bot_name),
        previous=_spelled(previous or "", bot_name),
    )
    found = ((name, find(draft)) for name, find in _CHECKS.items())
    return next((Fault(name, detail) for name, detail in found if detail is not None), None)


def _spelled(text: str, bot_name: str) -> str:
    spelled, name = clean(text, _UNFOLDED).casefold(), clean(bot_name).casefold()
    # A one-letter name would rewrite ordinary words.
    return spelled.replace(name, "我") if len(name) > 1 else spelled


_TOKEN = re.compile(
    # Not "<|||": a kaomoji that sweats. Half tokens too: the limit can fall inside one.
    r"<\|(?!\|)|(?<!\|)\|>|im_(?:start|end)|endoftext|\[/?inst\]|<</?sys>>"
    r"|</?(?:s|unk|pad|bos|eos|think|tool_call|tool_response|(?:start|end)_of_turn)>"
    r"|###\s*(?:instruction|response|input|指令|回复)"
)
_ROLE = re.compile(
    rf"(?:^|[\n。！？!?])\s*(?:(?:{ROLES}|我)\s*[:：]|(?:assistant|user|system)(?=\n))"
)
# An emoji alone is an answer, "……" is none.
_WORD_OR_FACE = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]")
_BOILERPLATE = re.compile(
    r"作为(?:一[个名款位种])?(?:大型|人工智能|智能|ai|语言|\s)*"
    r"(?:ai|人工智能|语言模型|大模型|模型|智能助手|助手|助理|(?:聊天)?机器人[,，]?我?(?:无法|不能|没有))"
    r"|我(?:只是|仅仅是|是)(?:一[个种款])?(?:大型|人工智能|ai|\s)*语言模型"
    r"|我没有(?:个人)?(?:情感|感情|意识|个人观点)"
    r"|as an? (?:large |ai |artificial intelligence )*(?:ai\b|language model|assistant)"
    r"|i(?:'m| am) (?:just )?an? (?:large |ai )*language model"
)


def _empty(draft: _Draft) -> str | None:
    if _WORD_OR_FACE.search(draft.reply):
        return None
    return f"nothing to read in {draft.reply!r}"


def _garbled(draft: _Draft) -> str | None:
    # Half of a character's bytes, where the token limit or a confused model cut it.
    return "a character cut in half" if "\ufffd" in draft.reply else None


def _template(draft: _Draft) -> str | None:
    if match := _TOKEN.search(draft.reply) or _ROLE.search(draft.reply):
        return f"leaked {match[0].strip()!r}"
    return None


def _boilerplate(draft: _Draft) -> str | None:
    match = _BOILERPLATE.search(draft.reply)
    return match[0] if match else None


# People write 哈哈哈哈哈哈, 对对对 and 加油加油加油; they stop sooner than a model that loops.
_ONE_CHARACTER = re.compile(r"(\S)\1{11,}")
_UNIT = re.compile(r"(.{2,5}?)\1{4,}|(.{6,40}?)\2{2,}", re.DOTALL)
_GREETING = re.compile(
    r"(?:.{0,8}(?:你好|早|早安|午安|晚安|早上好|中午好|下午好|晚上好|快乐|发财|如意|顺利|加油|再见|拜拜|谢谢|干杯|恭喜)"
    r"|哈+|嗯+|嘿+|嘻+|hi|hello|hey|bye|thanks|thankyou|good(?:morning|night|evening)|merrychristmas"
    r"|happynewyear)[呀啊哦呢啦哈嘿]*"
)


def _loop(draft: _Draft) -> str | None:
    if match := _ONE_CHARACTER.search(draft.reply):
        return f"{match[1]} {len(match[0])} times or more"
    if match := _UNIT.search(draft.reply):
        unit = match[1] or match[2]
        if len(set(unit)) > 1:
            return f"{unit!r} {len(match[0]) // len(unit)} times"
    sentences = Counter(_key(s) for s in re.split(r"[。！？!?…\n～~]|\.(?=\s|$)", draft.reply))
    for sentence, count in sentences.items():
        if (count > 1 and len(sentence) >= 6) or (count > 2 and len(sentence) >= 3):
            return f"{sentence!r} said {count} times"
    return _low_distinctness(draft.reply)


def _low_distinctness(reply: str) -> str | None:
    # Trigrams: single letters repeat in any English text, words cannot be told in Chinese.
    trigrams = [reply[i : i + 3] for i in range(len(reply) - 2)]
    if len(trigrams) < 30:
        return None
    share = len(set(trigrams)) / len(trigrams)
    return f"only {share:.0%} distinct trigrams" if share < 0.5 else None


def _echo(draft: _Draft) -> str | None:
    reply, message = _key(draft.reply), _key(draft.message)
    asked = draft.message.rstrip().endswith(("?", "？", "吗", "呢"))
    greeting = (len(reply) <= 2 or _GREETING.fullmatch(reply)) and not asked
    if reply and reply == message and not greeting:
        return "repeats the message"
    if not greeting and len(message) >= 8 and message in reply and len(message) >= 0.7 * len(reply):
        return "little more than the message"
    if len(reply) > 4 and reply == _key(draft.previous):
        return "repeats its previous reply"
    return None


def _key(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


#: By the name of their fault, in this order; each returns what it found.
_CHECKS: Mapping[str, Callable[[_Draft], str | None]] = {
    "empty": _empty,
    "garbled": _garbled,
    "template": _template,
    "boilerplate": _boilerplate,
    "identity": lambda draft: other_name(draft.reply, draft.message),
    "human": lambda draft: human_claim(draft.reply, draft.message),
    "mention": lambda draft: mention(draft.reply),
    "contact": lambda draft: unsent_contact(draft.reply, draft.message),
    "loop": _loop,
    "echo": _echo,
}
