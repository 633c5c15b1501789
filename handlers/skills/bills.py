"""What each pays of a bill, and what several of a thing cost."""

from __future__ import annotations

import re

from handlers.skills.numerals import COUNT, NUMBER, number, spoken, whole
from handlers.skills.question import Question

_EACH = (
    r"(?:每个?|一个?|人均)(?:人)?(?:要|该|应该|得|是"
    r"|均)?(?:出|付|给|交|摊|分)?(?:多少钱?|几块钱?|多少块|多少元)"
)
_MONEY = rf"(?P<money>{NUMBER})(?P<unit>块钱?|元)?"
_PEOPLE = rf"(?:我们|咱们|咱)?(?P<people>{COUNT})(?:个|位)?人"
_SHARED = r"(?:,?(?:aa制?|平摊|均摊|平分|分摊|分|平均))"
_SPLIT = (
    re.compile(
        rf"(?:一共|总共|共)?(?:花了|吃了|是|消费)?{_MONEY}(?:的?账单)?,?{_PEOPLE}{_SHARED}?(?:下来|的话)?,?{_EACH}"
    ),
    re.compile(
        rf"{_PEOPLE}(?:一共|总共)?(?:{_SHARED}|吃了|花了|消费了?|吃饭花了){_MONEY},?{_SHARED}?,?{_EACH}"
    ),
)
_THING = r"[个包斤件瓶盒箱张本支条双袋杯份公]"
_TOTAL = re.compile(
    rf"(?:一(?P<thing>{_THING})(?:是|要|卖)?{_MONEY}|(?P<price>{NUMBER})(?P<each>块钱?|元)?一(?P<of>{_THING})),?(?:我?(?:要|买|拿))?"
    rf"(?P<count>{COUNT})(?P<same>{_THING})(?:一共|总共|是|要|得|共){{0,2}}(?:多少钱?|几块钱?)"
)


def split(question: Question) -> str | None:
    """What each pays of a bill."""
    match = next((m for pattern in _SPLIT if (m := pattern.fullmatch(question.text))), None)
    if match is None:
        return None
    money, people = number(match["money"]), whole(match["people"])
    if money is None or not people:
        return None
    figures, is_exact = spoken(money / people)
    return f"每人{'' if is_exact else '大约'}{figures}{'块' if match['unit'] else ''}。"


def total(question: Question) -> str | None:
    """What several cost of which one costs so much."""
    match = _TOTAL.fullmatch(question.text)
    if match is None or match["same"] != (match["thing"] or match["of"]):
        return None
    price, count = number(match["money"] or match["price"]), whole(match["count"])
    if price is None or not count:
        return None
    return f"一共{spoken(price * count)[0]}{'块' if match['unit'] or match['each'] else ''}。"
