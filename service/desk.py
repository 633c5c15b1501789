"""What the owner may ask and is told, wired together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from assistant.assistant import Assistant
from assistant.reminders import Reminders
from assistant.urgent import Urgency, Urgent
from handlers.alerts import Alerts
from handlers.exchange import Exchange
from service.stores import Stores
from settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """One of each."""

    assistant: Assistant
    reminders: Reminders
    urgent: Urgent

    @classmethod
    def of(
        cls, config: Settings, stores: Stores, alerts: Alerts, say: Callable[[Exchange], None]
    ) -> Self:
        """As the settings have it."""
        owner, own = config.account.owner, config.assistant
        reminders = Reminders(stores.reminders, stores.audit, say)
        urgency = Urgency(own.urgent_words)
        urgent = Urgent(
            *(alerts, stores.orders, urgency),
            owner=owner,
            is_on=own.forward_urgent,
            takeover_s=config.answer.takeover_min * 60,
        )
        assistant = Assistant(stores.days, reminders, urgent, urgency, owner=owner)
        return cls(assistant, reminders, urgent)
