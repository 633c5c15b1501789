"""What the owner has before them: orders kept in memory, and alerts written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from handlers.alert import Alert
from handlers.orders import Order, OrderKind, Orders
from tests.fakes import Clock


@dataclass
class MemoryOrders:
    """The store of orders, in memory, for as long as a test lasts; it may refuse."""

    kept: dict[tuple[OrderKind, str, str], Order] = field(default_factory=dict)
    error: Exception | None = None

    async def put(self, order: Order) -> None:
        if self.error is not None:
            raise self.error
        self.kept[order.about] = order

    async def drop(self, kind: OrderKind, chat_id: str, person_id: str) -> None:
        self.kept.pop((kind, chat_id, person_id), None)

    async def all(self, now: float) -> Sequence[Order]:
        return [each for each in self.kept.values() if each.until is None or each.until > now]


@dataclass
class ToldAlerts:
    """Alerts that were to be told, and to whom; it may refuse."""

    told: list[tuple[Alert, tuple[str, ...]]] = field(default_factory=list)
    error: Exception | None = None

    async def tell(self, alert: Alert, to: Sequence[str]) -> None:
        if self.error is not None:
            raise self.error
        self.told.append((alert, tuple(to)))


def orders(clock: Clock) -> Orders:
    """No orders yet, kept in memory."""
    return Orders(MemoryOrders(), clock=clock)
