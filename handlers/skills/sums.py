"""Sums that are asked for: 12*8=?, 二十三乘十七等于多少, 100打八折多少, 15% of 80."""

from __future__ import annotations

import re
from fractions import Fraction

from handlers.skills.expression import work_out
from handlers.skills.numerals import spoken
from handlers.skills.question import Question
from handlers.skills.tokens import NotPlainError

_OPENING = (
    r"(?P<opening>(?:帮我|给我|我?要|请)?(?:算(?:一?算|一下|下)?|计算(?:一下|下)?|口算)[:,]?)?"
)
_MONEY = r"(?P<money>钱|块钱?|元|人民币)?"
#: Without one of these a sum is not a question: 3-5天, 8+256, 40*60, 1/2.
_ASKED = (
    r"(?P<asked>(?:一共|总共|,|那|答案|结果)?(?:=|等于"
    r"|得|是|为|还?剩|有){0,2}(?:几|多少|啥|什么)|=|等于)?"
)
_SUM = re.compile(rf"{_OPENING}(?:原价)?(?P<sum>.{{2,72}}?){_ASKED}{_MONEY}")
_SUM_EN = re.compile(
    r"(?P<opening>what(?:'s|s| is| are| does)|how much (?:is|are)|how many is|calculate|compute"
    r"|work out|solve)?"
    r" ?(?P<sum>.{2,72}?)(?P<asked> ?=| equals?(?: what)?| is what| is how much| make)?"
)
_OFF = re.compile(r"(?P<rate>\d{1,2}(?:\.\d)?)% off (?:of )?\$?(?P<price>\d{1,9}(?:\.\d{1,2})?)")
_UNIT = re.compile(r"(?<=[\d零一二两三四五六七八九十百千万])(?:块钱?|元)")
#: A date, a phone number, a phone by 一加, and what 24/7 and the like are called.
_NOT_SUMS = re.compile(
    r"(?:19|20)\d\d[-/]\d{1,2}[-/]\d{1,2}|\d{3,4}-\d{4,8}(?:-\d{4})?|0\d+-\d+|一加\d+"
    r"|24/7|[79]/11|50/50|4/20|20/20|9/9/6|\d{1,2}/\d{1,2}/\d{2,4}"
)
#: Words that only a sum has: 23乘以17 needs no question, 23*17 may be a size.
_WORDED = re.compile(r"乘以|除以|减去|\d ?乘 ?\d|multiplied by|divided by")
#: Longer figures are no answer to read out.
_MAX_DIGITS = 18


def arithmetic(question: Question) -> str | None:
    """The result of a sum, exact or said to be about; a friendly line for a division by zero."""
    if question.is_english and (match := _OFF.fullmatch(_bare(question.text))):
        value = Fraction(match["price"]) * (1 - Fraction(match["rate"]) / 100)
        return _said(match[0], value, is_english=True)
    asked = _asked(question)
    if asked is None:
        return None
    phrase, plain, unit = asked
    try:
        value = work_out(plain)
    except NotPlainError:
        return None
    except ZeroDivisionError:
        if question.is_english:
            return "That one divides by zero, so it has no answer."
        return "除数是零，这个没法除呀。"
    return _said(phrase, value, unit=unit, is_english=question.is_english)


def _asked(question: Question) -> tuple[str, str, str] | None:
    """The sum as it was put, without its units, and the unit of its result."""
    match = (_SUM_EN if question.is_english else _SUM).fullmatch(question.text)
    if match is None:
        return None
    if not (match["opening"] or match["asked"] or _WORDED.search(question.text)):
        return None
    phrase = match["sum"].strip().rstrip(",")
    plain = _UNIT.sub("", phrase)
    money = not question.is_english and match["money"]
    # "一加八多少钱" asks a price; money is in a sum that has money in it, or a discount.
    if money and plain == phrase and not re.search(r"折|的|[-*/]", plain):
        return None
    if _NOT_SUMS.fullmatch(plain.replace(" ", "")):
        return None
    return phrase, plain, "块" if money or plain != phrase else ""


def _bare(text: str) -> str:
    return re.sub(r"\A(?:what(?:'s|s| is)|how much is|calculate) ", "", text).removesuffix(" =")


def _said(phrase: str, value: Fraction, *, unit: str = "", is_english: bool = False) -> str | None:
    figures, is_exact = spoken(value)
    if len(figures) > _MAX_DIGITS:
        return None
    shown = phrase.replace("**", "^").replace("*", "×").replace("/", "÷")
    if is_english:
        shown = re.sub(r"(?<=\d) ?x ?(?=\d)", " × ", shown)
        return f"{shown} is {'' if is_exact else 'about '}{figures}."
    shown = re.sub(r"(?<=\d)x(?=\d)", "×", shown)
    # 除 alone is read either way round: what was worked out is said.
    shown = re.sub(r"除(?!以)", "除以", shown)
    exactly, about = ("是", "大约是") if re.search(r"折|的", shown) else ("等于", "约等于")
    return f"{shown}{exactly if is_exact else about}{figures}{unit}。"
