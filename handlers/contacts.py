"""What in a reply reaches for people: mentions, links, addresses, numbers.

Replies and messages come here the way ``guard.check`` spells them: cleaned and casefolded.
"""

from __future__ import annotations

import re

MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32})+", re.ASCII)
_MENTION = re.compile(r"@\s*(?:所有人|全体成员|all\b|everyone\b)|@[^\s@]{1,12}")
LINK = re.compile(
    r"[a-z][a-z+.-]{1,15}://[^\s，。！？）)]+|www\.[^\s，。！？）)]+"
    r"|(?<![a-z0-9_.@-])(?:[a-z0-9-]{1,63}\.){1,4}"
    r"(?:com|cn|net|org|io|ai|cc|top|xyz|vip|info|me|tv|app|dev|shop|club|link|gov|edu)"
    r"(?![a-z0-9-])(?:/[^\s，。！？）)]*)?"
)
_UNITS = (
    r"\s*(?:公里|千米|米|厘米|元|块|人|秒|年|天|次|倍|万|亿|吨|克|千克|公斤|字|个|光年|km|m|s|kg)"
)
_PHONE = re.compile(
    r"(?<![\d.])(?:(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}"
    r"|[48]00[ -]\d{3,4}[ -]\d{3,4}|[48]00\d{7}|\+\d[\d -]{7,16}\d"
    rf"|\d{{4}}(?:[ -]\d{{4}}){{2,4}}(?:[ -]\d{{1,4}})?|\d{{8,}})(?!\d|{_UNITS})"
)
_SUM = re.compile(r"\d\s*[+*×÷/^-]\s*\d|[加减乘除]|[次平立]方")
_ROUND = re.compile(r"[1-9]\d{0,3}0{5,}")
_ACCOUNT = re.compile(
    r"(?:微信|vx|wx|v信|qq|扣扣|支付宝|账号|帐号|卡号|公众号|电话|手机|群)(?:号码?|id)?\s*(?:是|为|[:：])\s*"
    r"([a-z0-9][a-z0-9_-]{4,})"
    # Without a colon only what holds a figure is a name: "微信version".
    r"|(?:微信号?|vx|wx|v信|qq号?|扣扣)(?:号码|id)?\s?((?=[a-z_-]{0,19}\d)[a-z0-9][a-z0-9_-]{4,19})(?!\w)"
)
_IN_WORDS = re.compile(r"[一幺][三四五六七八九][零〇一二三四五六七八九幺]{9}")


def mention(reply: str) -> str | None:
    """The first @mention; a mail address is none."""
    match = _MENTION.search(MAIL.sub("", reply))
    return match[0] if match else None


def unsent_contact(reply: str, message: str) -> str | None:
    """A link, address or number the user did not send: a model makes them up."""
    for pattern in (MAIL, LINK):
        for match in pattern.finditer(reply):
            if match[0].rstrip("/.,") not in message:
                return f"link or address {match[0]}"
    sent = re.sub(r"\D", "", message)
    for match in _PHONE.finditer(reply):
        digits = re.sub(r"\D", "", match[0])
        worked_out = digits == match[0] and _SUM.search(message)
        if digits not in sent and not worked_out and not _ROUND.fullmatch(match[0]):
            return f"number of {len(match[0])} characters"
    for match in _ACCOUNT.finditer(reply):
        if (account := match[1] or match[2]) not in message:
            return f"account {account}"
    for match in _IN_WORDS.finditer(reply):
        if match[0] not in message:
            return "number spelled out"
    return None
