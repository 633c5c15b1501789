"""Which writing a text is in, and whether a reply left that of its message.

Languages of one writing (English and French, traditional and simplified Chinese) are not told
apart. Texts come here the way ``guard.check`` spells them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import regex

#: What is counted of each: words where it is Latin, else letters. Faces are made of single letters
#: and of marks: o≧v≦o, (ﾉ｀Д)ﾉ, ๑•ั็ω•็ั๑.
_SCRIPTS = {
    "chinese": regex.compile(r"\p{Han}"),
    "japanese": regex.compile(r"[\p{Hiragana}\p{Katakana}]"),
    "korean": regex.compile(r"\p{Hangul}"),
    "latin": regex.compile(r"\p{Latin}[\p{Latin}\p{M}'’-]+|(?<!\S)[ia](?!\S)"),
    "cyrillic": regex.compile(r"\p{Cyrillic}"),
    "arabic": regex.compile(r"(?V1)[\p{Arabic}&&\p{L}]"),
    "thai": regex.compile(r"(?V1)[\p{Thai}&&\p{L}]"),
    "hebrew": regex.compile(r"\p{Hebrew}"),
    "devanagari": regex.compile(r"(?V1)[\p{Devanagari}&&\p{L}]"),
    "greek": regex.compile(r"\p{Greek}"),
}
# WeChat's faces, titles, links and what stands in quotes belong to no language of the talk.
_ASIDE = regex.compile(
    r"\[[\p{Han}a-z]{1,8}\]|《[^》\n]{1,40}》|[a-z]{2,8}://\S+|\S{1,64}@[\w.-]+|www\.\S+"
)
_ASKS_FOR_LANGUAGE = regex.compile(
    r"翻译|译成|[英中日韩法德俄泰外汉粤][语文](?!课|考|老师|作业|成绩)|西班牙[语文]|阿拉伯[语文]"
    r"|怎么[说念读拼]|单词|[么啥]意思"
    r"|\b(?:translat\w*|chinese|english|japanese|korean|french|russian|mandarin)\b"
    r"|\bhow (?:do|to) (?:you )?say\b"
)
#: Letters that are words of no language, as Chinese typists abbreviate: yyds, xswl, emmm.
_NO_WORD = regex.compile(r"(?<![a-z])(?:[b-df-hj-np-tv-xz]+|e?m+|h+e?m+|emo|awsl|diss)(?![a-z])")
_WISH = regex.compile(r"\W*(?:happy|merry|good|love you|thank|bye|see you)(?:\W+[a-z]+){0,4}\W*")
_FEW = 2
#: From this share on a language of the message is one to answer in.
_SHARE = 1 / 3


def switched(reply: str, message: str, previous: str) -> str | None:
    """Where the reply leaves the language of the message; None where it keeps it.

    A few foreign words, names and titles are no switch. A message without letters takes the
    language of the bot's previous reply, else Chinese; one that asks for another language, or for
    a translation, takes any. Where a message is half in Chinese the reply is to be Chinese.
    """
    reply, message = _ASIDE.sub(" ", reply), _ASIDE.sub(" ", message)
    said = _amounts(reply)
    if not said or _ASKS_FOR_LANGUAGE.search(message):
        return None
    if stray := _stray(said, _amounts(message) + _amounts(previous)):
        return stray
    wanted = _languages(message, previous)
    kept = sum(said[script] for script in wanted)
    if wanted == {"japanese"}:
        kept += said["chinese"] if said["japanese"] or said["chinese"] <= _FEW else 0
    other = said.total() - kept
    # "Good night!" to 晚安 is no switch, "好的" to an English sentence is.
    if kept >= other or ("chinese" in wanted and (other <= _FEW or _WISH.fullmatch(reply))):
        return None
    most = max(said, key=lambda script: said[script])
    return f"{most} to a message in {' or '.join(sorted(wanted))}"


def suited(lines: Sequence[str], message: str) -> list[str]:
    """Those of prepared lines in the language of a cleaned message; all where none is.

    Stricter than ``switched``, which bears "Good night!" to 晚安: here there is a choice.
    """
    wanted = _languages(_ASIDE.sub(" ", message.casefold()), "")
    most = {line: _amounts(_ASIDE.sub(" ", line.casefold())).most_common(1) for line in lines}
    return [line for line in lines if wanted & dict(most[line]).keys()] or list(lines)


def _amounts(text: str) -> Counter[str]:
    """How much of each script there is; those that do not occur are left out."""
    found = {name: len(script.findall(text)) for name, script in _SCRIPTS.items()}
    return Counter({name: amount for name, amount in found.items() if amount})


def _stray(said: Counter[str], heard: Counter[str]) -> str | None:
    """A script out of nowhere, as confused models drop it into a sentence."""
    for script in _SCRIPTS.keys() - {"chinese", "latin", *heard}:
        loose = script in ("japanese", "korean") and said[script] * 2 <= said["chinese"]
        if said[script] > _FEW and not loose:
            return f"{script} out of nowhere"
    return None


def _languages(message: str, previous: str) -> set[str]:
    """What a reply may be written in."""
    amounts = _amounts(_NO_WORD.sub(" ", message))
    if not amounts:
        return _languages(previous, "") if previous else {"chinese"}
    # In Japanese about every second letter is kana; one の does not make it.
    if amounts["japanese"] > _FEW and amounts["japanese"] * 3 >= amounts["chinese"]:
        return {"japanese"}
    if amounts["chinese"] * 2 >= amounts.total():
        return {"chinese"}
    found = {script for script, n in amounts.items() if n >= _SHARE * amounts.total()}
    # One word may be a name, a brand or a greeting that people of all languages type.
    if amounts == Counter(latin=1):
        found |= _languages(previous, "") if previous else {"chinese"}
    return found or {max(amounts, key=lambda script: amounts[script])}
