"""All that is kept on disk, by what it is about; the audit log is where all of it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from handlers.audit.alerts import AlertStore
from handlers.audit.conduct import ConductStore
from handlers.audit.contact import ContactStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.reminders import ReminderStore
from handlers.orders import Orders


@dataclass(frozen=True, slots=True)
class Stores:
    """One of each, and the orders that are in force."""

    audit: AuditLog
    orders: Orders
    alerts: AlertStore
    conduct: ConductStore
    contacts: ContactStore
    days: DayStore
    reminders: ReminderStore

    @classmethod
    async def of(cls, audit: AuditLog) -> Self:
        """Raises AuditError where the orders cannot be read."""
        return cls(
            audit,
            await Orders.load(OrderStore(audit)),
            AlertStore(audit),
            ConductStore(audit),
            ContactStore(audit),
            DayStore(audit),
            ReminderStore(audit),
        )
