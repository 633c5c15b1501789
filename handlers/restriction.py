"""The platform's word that an account does too much, as a message of its own or in an error.

操作过于频繁，可稍后再试。 comes as a message of no known kind in the name of the account or of
the other side (puppet-padlocal issue 109; puppet-wechat4u gives system messages that kind too).
The web protocol refuses a send with the code 1205 for it, which wechat4u tells as "AssertionError
[ERR_ASSERTION]: 1205 == 0". Its 1204 is another thing: a message to oneself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from handlers.exchange import Exchange, Gate, Kind

_SAYS = re.compile(r"(?:操作|发送|消息)[^\n]{0,4}(?:过于|太|过)频繁|频繁[^\n]{0,6}稍[后候]再试")
_WHOLE = re.compile(
    r"\s*(?:您?的?(?:发送)?(?:消息|操作))?(?:发送)?(?:过于|太|过)频繁"
    r"[，,。!！\s]*(?:请您?|可)?(?:稍[后候](?:再试|重试)?)?[。.!！\s]*"
)
_CODE = re.compile(r"\b1205 == 0\b")


def is_refusal(error: BaseException) -> bool:
    """Whether a send failed because the platform would not take it: it was not sent."""
    told = str(error)
    return bool(_SAYS.search(told) or _CODE.search(told))


def heed(
    restrict: Callable[[float], None], clock: Callable[[], float]
) -> Callable[[Exchange], Exchange]:
    """A stage that ends the platform's own word about it, and has nothing leave from then on.

    Never a text: anybody could silence the bot with it, also by having it say the words itself,
    which some puppets hand back as a message of the account.

    Args:
        restrict: Told how many seconds ago it was said; the governor's.
        clock: Unix seconds now.
    """

    def stage(exchange: Exchange) -> Exchange:
        message = exchange.message
        if message.kind is not Kind.UNKNOWN or not _WHOLE.fullmatch(message.raw[:64]):
            return exchange
        restrict(clock() - message.sent_at)
        return exchange.stopped(Gate.RESTRICTED, "the platform said that it was too much")

    return stage
