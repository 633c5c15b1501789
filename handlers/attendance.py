"""When the bot answers and when its owner does: all that decides on it, wired together."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import settings
from handlers.admit import in_time
from handlers.alert import AlertKind
from handlers.alerts import Responder
from handlers.brake import Brake
from handlers.brake import Store as Tempers
from handlers.distress import Alerts, DistressWatch
from handlers.echo import Echoes
from handlers.echo import Store as Replies
from handlers.exchange import Exchange
from handlers.first import FirstContact
from handlers.first import Store as Acquaintances
from handlers.hours import Hours
from handlers.orders import Orders
from handlers.pauses import Past, Pauses
from handlers.personas import Personas
from handlers.presence import Presence
from handlers.takeover import Takeover

Write = Callable[[Exchange], Awaitable[Exchange]]


class Contacts(Acquaintances, Tempers, Protocol):
    """How people and the bot stand with each other."""


@dataclass(frozen=True, slots=True)
class Records:
    """What is on disk, as far as it matters here; in this program all of it is the audit log."""

    orders: Orders
    said: Replies
    contacts: Contacts
    past: Past


@dataclass(frozen=True, slots=True)
class Attendance:
    """One of each.

    ``takeover.heard`` is the pipeline's ``arrived``, ``presence.may_leave`` the deliverer's, and
    the deliverer's chat is to be an ``echo.Remembered`` on ``echoes``. Of the stages for what is
    for the bot, ``distress.stage`` goes before any that may end its way, then ``pauses.stage``,
    then ``presence.stage``. ``first.ended`` is told of what has ended.
    """

    echoes: Echoes
    takeover: Takeover
    pauses: Pauses
    presence: Presence
    first: FirstContact
    brake: Brake
    distress: DistressWatch

    @classmethod
    def of(
        cls,
        config: settings.Settings,
        records: Records,
        alerts: Alerts,
        personas: Personas,
        say: Callable[[Exchange], None],
        *,
        clock: Callable[[], float],
    ) -> Self:
        """As the settings have it.

        Args:
            alerts: Who tells the owner.
            say: Records and delivers an exchange that answers nobody; the pipeline's.
            clock: Unix seconds now.
        """
        orders, answer, owner = records.orders, config.answer, config.account.owner
        oldest_s, contacts = answer.max_age_s, records.contacts
        echoes = Echoes(
            records.said, max_age_s=oldest_s, split_chars=config.reply.split_chars, clock=clock
        )
        commands = Pauses(orders, records.past, say, owner=owner, clock=clock)
        return cls(
            echoes,
            Takeover(
                *(orders, echoes, commands),
                takeover_s=answer.takeover_min * 60,
                max_age_s=oldest_s,
                clock=clock,
            ),
            commands,
            Presence(orders, Hours(answer.away), owner=owner),
            FirstContact(
                *(orders, contacts, personas),
                line=answer.first_line,
                disclose=answer.disclose,
                owner=owner,
            ),
            Brake(
                *(orders, contacts, alerts, personas, answer),
                owner=owner,
                bot_name=config.account.name,
                clock=clock,
            ),
            DistressWatch(orders, alerts, owner=owner, clock=clock),
        )

    def around(self, write: Write) -> Write:
        """The stage that writes a reply, with what may stand before it or in its place.

        Whether the bot is the one to answer is asked once more: a burst waits until it is over,
        and the owner may have begun to type meanwhile.
        """
        whole = self.distress.around(self.first.before(self.brake.around(write)))
        return in_time(self.presence.stage, whole)

    @property
    def responders(self) -> Mapping[AlertKind, Responder]:
        """What the owner's one-word answers do."""
        return {
            AlertKind.DISTRESS: self.distress.answered,
            AlertKind.HAND_OVER: self.brake.answered,
        }
