"""Whether a gateway is there and takes the token, without touching the account behind it."""

from __future__ import annotations

import settings
from wechat.calls import GatewayCalls
from wechat.endpoint import Endpoint
from wechat.errors import GatewayRefused
from wechat.trouble import diagnose

ANSWER_WITHIN_S = 5.0


async def probe(endpoint: Endpoint, channel: settings.Channel) -> None:
    """Ask the gateway for its version; neither logs in nor out, and evicts no other client.

    Raises:
        GatewayRefused: It does not answer, or does not accept us; the message says what to check.
    """
    calls = GatewayCalls(endpoint, ANSWER_WITHIN_S, channel.keepalive_s)
    line = calls._dial()
    try:
        await calls._stub(line, ANSWER_WITHIN_S).version()
    except Exception as error:
        trouble = diagnose(error, endpoint)
        raise GatewayRefused(f"{trouble.reason}; check {trouble.check}") from None
    finally:
        line.close()
