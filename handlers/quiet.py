"""Quiet hours: spans of the local day in which only the owner is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time

from handlers.exchange import Exchange, Gate


def local_time() -> time:
    return datetime.now(UTC).astimezone().time()


class QuietHours:
    """Knows whether it is one of them.

    Args:
        spans: As in the settings: "23:00-07:30" is past midnight, "00:00-00:00" the whole day.
        now: The local time of day.
    """

    def __init__(self, spans: Sequence[str], *, now: Callable[[], time] = local_time) -> None:
        self._spans = spans
        self._now = now

    def span(self) -> str | None:
        """The span that it is now; its first minute belongs to it, its last does not."""
        now = self._now()
        for span in self._spans:
            begin, end = map(time.fromisoformat, span.split("-"))
            if begin <= now < end if begin < end else not end <= now < begin:
                return span
        return None


def quiet(hours: QuietHours, *, owner: str) -> Callable[[Exchange], Exchange]:
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
