"""Whether the bot is the one to answer now, or its owner is there or wants silence."""

from __future__ import annotations

from datetime import UTC, datetime

from handlers.exchange import Exchange, Gate, Source
from handlers.hours import Hours
from handlers.orders import Order, OrderKind, Orders
from handlers.refusal import Refused

#: The reply that begins the silence of a hand-over, and is said in it.
HAND_OVER = "hand-over"
#: Said although the owner wants no answers: what somebody asked for by command, or the bot tells.
_STILL_SAID = frozenset({Source.COMMAND, Source.NOTICE})


class Presence:
    """Silent where the owner ordered it, or types themselves; and outside ``answer.away``.

    Looked at again for whatever is about to leave: the owner may have begun to type while the
    answer was written, or waited for its turn.

    Args:
        away: The hours in which the bot answers for its owner; none: always.
        owner: Id of the account's owner, who is always answered; empty: there is none.
    """

    def __init__(self, orders: Orders, away: Hours, *, owner: str) -> None:
        self._orders, self._away, self._owner = orders, away, owner

    def stage(self, exchange: Exchange) -> Exchange:
        """Ends what the bot is not to answer now; the detail says until when and what ends it.

        Goes after the stages that carry out commands: those of admins are never in vain.
        """
        if self._is_owners(exchange):
            return exchange
        refused = self._ordered(exchange.message.chat_id) or self._present()
        return exchange.stopped(refused.gate, refused.detail) if refused else exchange

    def may_leave(self, exchange: Exchange) -> Refused | None:
        """Why a reply must not leave any more, None where it may.

        What was decided in the last minute of ``answer.away`` still leaves.
        """
        reply = exchange.reply
        if reply is None or reply.source in _STILL_SAID or self._is_owners(exchange):
            return None
        refused = self._ordered(exchange.message.chat_id)
        is_its_own = reply.name == HAND_OVER and reply.source is Source.CANNED
        if refused and refused.gate is Gate.HANDED_OVER and is_its_own:
            return None
        return refused

    def _is_owners(self, exchange: Exchange) -> bool:
        return bool(self._owner) and exchange.message.talker_id == self._owner

    def _ordered(self, chat_id: str) -> Refused | None:
        find = self._orders.find
        if order := find(OrderKind.PAUSE):
            return Refused(Gate.PAUSED, f"paused everywhere {_until(order)}; /resume ends it")
        if order := find(OrderKind.PAUSE, chat_id):
            return Refused(Gate.PAUSED, f"paused in this chat {_until(order)}; /resume ends it")
        if order := find(OrderKind.TAKEOVER, chat_id):
            detail = f"the owner is there, {_until(order)}; /resume ends it (answer.takeover_min)"
            return Refused(Gate.TAKEN_OVER, detail)
        if order := find(OrderKind.HAND_OVER, chat_id):
            detail = f"handed over {_until(order)}; ends when the owner writes there, or by /resume"
            return Refused(Gate.HANDED_OVER, detail)
        return None

    def _present(self) -> Refused | None:
        if not self._away or self._away.span():
            return None
        at = self._away.changes_at()
        again = f"answers again from {at:%a %H:%M}" if at else "never answers"
        return Refused(Gate.PRESENT, f"not in answer.away; {again}")


def _until(order: Order) -> str:
    if order.until is None:
        return "until told otherwise"
    return f"until {datetime.fromtimestamp(order.until, UTC).astimezone():%a %H:%M}"
