"""What of the owner's own chats may serve as an example: nothing that was meant for one moment.

An example is shown to the model and may be sent again, word for word, to a message like the one it
answered. So whatever holds a secret, a fact or a promise stays out, and so does whatever the guard
would not let the bot say.
"""

from __future__ import annotations

import re
from datetime import datetime

from engine.distress import is_distress
from handlers import skills
from handlers.claims import claim
from handlers.contacts import unsent_contact
from handlers.guard import check
from handlers.sanitize import clean
from handlers.topics import topic

MAX_CHARS = 200

_SECRET = re.compile(
    r"密[码碼]|口令|[验驗][证證][码碼]|校验码|动态码|支付码|取件码|提货码|身份[证證]|护照|银行|卡号|[账帐賬帳][号户號戶]|开户"
    r"|住址|地址|门牌|定位|wi-?fi"
    r"|(?<![a-z])(?:pass(?:word|code|wd|phrase)|pins?(?![a-z])|otp(?![a-z])|iban"
    r"|(?:verification|security|access) code|user ?name|log ?in(?![a-z]))"
    # Codes and sums, rooms and doors; letters among figures, as passwords have them.
    r"|\d{4}|\d\s*(?:号楼|栋|幢|单元|室|弄|门)"
    r"|(?<![a-z\d])(?=[a-z]*\d)(?=\d*[a-z])[a-z\d]{6,}"
)
#: WeChat's own faces ("[微笑]"), and what some gateways make of pictures in a text.
_NO_WORDS = re.compile(r"\[[^\[\]]{1,8}\]|<[^<>]{1,400}>")
_MARKUP = re.compile(r"<[a-z?/!]", re.IGNORECASE)


def words(text: str) -> str:
    """Only the letters and figures of a text: no face, mark or blank, in one case."""
    return "".join(c for c in _NO_WORDS.sub("", text).casefold() if c.isalnum())


def unfit_message(text: str, now: datetime) -> str | None:
    """Why a cleaned message is none to learn from, in words that repeat nothing of it."""
    if reason := _unfit(text):
        return reason
    if not words(text):
        return "no words"
    if is_distress(text):
        return "distress"
    # The answer is the owner's whereabouts, a price, today's date: true for once.
    if about := topic(text):
        return f"asks for {about}"
    return "asks for a date or a sum" if skills.answer(text, now) else None


def unfit_reply(reply: str, message: str, bot_name: str) -> str | None:
    """Why a cleaned answer to that message is no example, in words that repeat nothing of it."""
    if reason := _unfit(reply):
        return reason
    if len(words(reply)) < 2:
        return "too short"
    if is_distress(reply):
        return "distress"
    if fault := check(reply, message=message, previous=None, bot_name=bot_name):
        return f"guard: {fault.name}"
    return "claim" if claim(reply, message) else None


def _unfit(text: str) -> str | None:
    if len(text) > MAX_CHARS:
        return "too long"
    if text.startswith(("/", "／")):  # an owner's own commands, and faces that old clients spell
        return "command"
    if _MARKUP.search(text):
        return "markup"
    spelled = clean(text).casefold()
    if _SECRET.search(spelled) or unsent_contact(spelled, ""):
        return "private"
    return None
