"""The copy of a message that the model sees: readable, bounded, and the same however often cleaned.

Control tokens such as ``<|im_start|>`` are *not* filtered here. Any filter can be fed text that it
turns into what it forbids (``<|im_<|im_end|>start|>``); the prompt builder encodes whatever stands
here as plain text instead, as the very last step, so none of it can become a control token.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

import regex

from handlers.exchange import Exchange, Gate

MAX_CHARS = 4_000
MAX_MARKS = 8
MAX_RUN = 12
#: Of a name, as the model and people are shown it; some put whole sentences there.
MAX_NAME = 16

#: What a bare "@一心" or a bare prefix is taken to say: the one who calls a name wants an answer.
BARE_CALL = "在吗"

_LINE_BREAK = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")

# Default_Ignorable_Code_Point is Unicode's own list of what is drawn as nothing: zero-width, bidi
# controls, U+2060-206F, Hangul fillers, TAG characters, variation selectors. A hand-made list
# forgets some. ZWJ and the two emoji selectors depend on their neighbours: see _STRAY_JOINER.
_INVISIBLE = regex.compile(
    r"(?![\n\t\u200d\ufe0e\ufe0f])"
    r"[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cs}\p{Noncharacter_Code_Point}\ufff9-\ufffb]"
)
_STRAY_JOINER = regex.compile(
    r"\u200d(?!\p{Extended_Pictographic})"
    r"|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}]\ufe0f?)\u200d"
    r"|(?<!\p{Extended_Pictographic})[\ufe0e\ufe0f](?!\u20e3)"
)
_SURPLUS_MARKS = regex.compile(rf"(?<=\p{{M}}{{{MAX_MARKS}}})\p{{M}}+")
# Not \X: one grapheme can be 4,000 code points, and is then tried again from each of them (130 ms).
_LONG_RUN = re.compile(rf"(.\ufe0f?)\1{{{MAX_RUN},}}", re.DOTALL)
_SPACES = re.compile(r"[^\S\n]+")
_NEWLINES = re.compile(r" ?\n[ \n]*")
_READABLE = regex.compile(r"[^\s\p{M}\p{C}\u2800]")

# Runs of what NFKC may change; the last line are the emoji it would. See _fold.
_FOLDABLE = re.compile(
    r"[^！，：；？（）～…‥´¨¯¸˘˙˚˛˜˝‾゛゜ªº¹²³¼½¾"
    r"‼⁉™ℹⓂ㊗㊙🈁🈂🈚🈯🈲🈳🈴🈵🈶🈷🈸🈹🈺🉐🉑]+"
)

_QUOTED_FIRST = re.compile(r"\s*「(.+)」\s*(?:[-–—─－]\s?){5,}(.*)", re.DOTALL)
_QUOTED_LAST = re.compile(r"\n引用[^\n]{0,80}?的消息[ \u2005]?[:：]")


def sanitize(exchange: Exchange) -> Exchange:
    """Sets ``cleaned`` and ``quoted`` from the message; ends it as EMPTY where nothing is left.

    A mention of the account with no word beside it is a call, not an empty message: ``cleaned``
    becomes 在吗.
    """
    authored, quoted = split_quote(exchange.message.text)
    exchange = replace(exchange, cleaned=clean(authored), quoted=clean(quoted))
    if _READABLE.search(exchange.cleaned):
        return exchange
    if exchange.message.mentions_me:
        return replace(exchange, cleaned=BARE_CALL)
    return exchange.stopped(Gate.EMPTY, _why_empty(exchange))


def shown_name(name: str) -> str:
    """A name as it may stand in a line: short, on one line, nothing hidden in it."""
    return clean(name, MAX_NAME).replace("\n", " ")


def speaker(room_name: str | None, talker_name: str) -> str:
    """Who wrote a message, as the model sees it; empty in a private chat, where it is plain."""
    return "" if room_name is None else shown_name(talker_name)


def _why_empty(exchange: Exchange) -> str:
    if exchange.quoted:
        return "only a quotation, no words of its own"
    if exchange.message.text.strip():
        return f"none of its {len(exchange.message.text)} characters can be read"
    return "message without text"


def clean(text: str, max_chars: int = MAX_CHARS) -> str:
    """``text`` with nothing hidden in it; ``clean(clean(text)) == clean(text)``.

    Gone are: what is drawn as nothing (but ZWJ inside emoji), controls, lone surrogates, marks
    past the eighth on a base, characters past the twelfth of a run, and all but one of a row of
    spaces or line ends. Compatibility forms are folded; see ``_fold``.

    Args:
        text: Anything, of any length, lone surrogates included.
        max_chars: Length in code points of what is read, and of the result. The cut comes first:
            50,000 stacked marks took 5.9 s to normalise (trap 12).

    Returns:
        The fixpoint of the steps. One round is not enough: a mark composes with its base only
        once the zero-width space between them is gone. It is reached in a few rounds, since
        after the first one every round that changes anything shortens the text or reorders marks
        for good.
    """
    text = text[:max_chars]
    while (cleaner := _round(text, max_chars)) != text:
        text = cleaner
    return text


def _round(text: str, max_chars: int) -> str:
    text = _LINE_BREAK.sub("\n", text)
    text = _INVISIBLE.sub("", text)
    text = _SURPLUS_MARKS.sub("", text)  # before folding, whose cost grows with their square
    text = _FOLDABLE.sub(_fold, text)[:max_chars]  # one ﷺ folds into 18 characters
    text = _STRAY_JOINER.sub("", text)
    text = _LONG_RUN.sub(lambda run: run[1] * MAX_RUN, text)
    text = _SPACES.sub(" ", text)
    return _NEWLINES.sub("\n", text).strip()


def _fold(run: re.Match[str]) -> str:
    """NFKC of a run that holds none of the characters NFKC would spoil.

    Whole-text NFKC makes ＜｜ｉｍ｜＞ and ⓢⓑ one with their plain spellings, which is wanted: the
    prompt builder, a keyword and the model then all see the same letters. But it also turns ！，？
    into ASCII, … into three dots, ™ and ㊗️ into letters, 5² into 52, and the ´ of a kaomoji into a
    space with an accent. None of those can spell a control token, so they stand outside the runs.
    They compose with nothing that follows, so folding the runs one by one is as stable as folding
    the whole. (ftfy rewrites Chinese punctuation too, hence no ftfy.)
    """
    return unicodedata.normalize("NFKC", run[0])


def own_words(text: str) -> str:
    """What the model reads of a message as it was sent: cleaned, without what it quotes."""
    return clean(split_quote(text)[0])


def split_quote(text: str) -> tuple[str, str]:
    """The writer's own words, and the words of somebody else that the message repeats.

    WeChat has quotations (app message 57); gateways hand them on as text, in one of these forms:

    - ``「name：words」``, a line of dashes, reply: WeChat's web protocol, wechaty-puppet-padlocal
      (16 dashes), -wechat4u and -xp (15), and gewechat bridges (dashes on the same line);
    - reply, then a line ``引用 name 的消息 : words``: readers of the Windows client (wxauto), often
      with the name missing.

    Returns:
        ``(authored, quoted)``, stripped; ``quoted`` keeps the name, which may itself hold colons,
        and is empty where the message has none of these forms. Of several dashed lines the last
        one counts: nobody is to be blamed for what is quoted (trap 24), even though somebody can
        hide words of his own by typing such a line himself.
    """
    if match := _QUOTED_FIRST.fullmatch(text):
        return match[2].strip(), match[1].strip()
    if match := _QUOTED_LAST.search(text):
        return text[: match.start()].strip(), text[match.end() :].strip()
    return text, ""
