"""Quiet hours: spans of the local week in which only the owner is answered."""

from __future__ import annotations

from collections.abc import Callable

from handlers.exchange import Exchange, Gate
from handlers.hours import Hours


def quiet(hours: Hours, *, owner: str) -> Callable[[Exchange], Exchange]:
    """A stage that ends what would be answered in quiet hours; the owner's messages pass.

    Args:
        owner: Id of the account's owner; empty where there is none.
    """

    def stage(exchange: Exchange) -> Exchange:
        if owner and exchange.message.talker_id == owner:
            return exchange
        if span := hours.span():
            return exchange.stopped(Gate.QUIET, f"deliver.quiet_hours: {span}")
        return exchange

    return stage
