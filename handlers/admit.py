"""The door: messages that are never answered, whoever asks and whatever the model thinks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from handlers.exchange import Exchange, Gate


def admit(*, max_age_s: float, clock: Callable[[], float]) -> Callable[[Exchange], Exchange]:
    """A stage that stops own, official and stale messages, asked in that order.

    Replays (SEEN) and full queues (OVERLOADED) are the pipeline's: they need a memory.

    Args:
        max_age_s: Seconds after which a message is no longer answered (``answer.max_age_s``):
            several puppets replay old messages after a restart (trap 2).
        clock: Unix seconds now.
    """

    def stage(exchange: Exchange) -> Exchange:
        message = exchange.message
        if message.is_self:
            return exchange.stopped(Gate.OWN, "written by the account itself")
        if message.is_official:
            return exchange.stopped(Gate.OFFICIAL, "official or service account, or one unknown")
        age_s = _age_s(message.sent_at, clock())
        if age_s > max_age_s:
            return exchange.stopped(
                Gate.STALE, f"{age_s:.0f} s old; answer.max_age_s is {max_age_s:g}"
            )
        return exchange

    return stage


def in_time(
    still: Callable[[Exchange], Exchange], stage: Callable[[Exchange], Awaitable[Exchange]]
) -> Callable[[Exchange], Awaitable[Exchange]]:
    """A stage for what is admitted when its turn comes, too.

    Args:
        still: ``admit`` again.
        stage: One that messages wait for: under load, for longer than an answer is worth.
    """

    async def checked(exchange: Exchange) -> Exchange:
        again = still(exchange)
        return again if again.gate is not None else await stage(exchange)

    return checked


def _age_s(sent_at: float, now: float) -> float:
    """Seconds since it was sent. One from the future counts as new.

    A platform's clock runs ahead of this machine's, or reports milliseconds; neither is a reason
    to stay silent, and a replay never lies in the future.
    """
    return max(0.0, now - sent_at)
