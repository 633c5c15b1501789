"""Everything this package raises on purpose. A message says what, which value, and the way out.

No message holds the gateway token, nor what the gateway said about it: a 1.x gateway answers a
wrong token with a text that repeats it.
"""

from __future__ import annotations

from handlers.refusal import NotSent, Restricted


class WechatError(Exception):
    """Root of the errors of the account."""


class GatewayMisconfigured(WechatError):
    """What the environment or the settings say about the gateway cannot be used."""


class GatewayRefused(WechatError):
    """The gateway is there and turns us down, or is not the one its certificate should name."""


class NotConnected(WechatError, NotSent):
    """Nothing was sent or changed: there was no account or no gateway to do it by."""


class SendRestricted(WechatError, Restricted):
    """WeChat would not take it, because the account did too much of late."""


class SendUncertain(WechatError):
    """The call had begun when it failed: it may have gone out, so it is not tried again."""
