"""Moderation, wired together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from handlers.alert import AlertKind
from handlers.alerts import Alerts, Responder
from handlers.exchange import Exchange
from handlers.mood import Mind, mood
from handlers.passage import Stage
from handlers.policy import judge, spared
from handlers.sanitize import sanitize
from moderation.appeals import Appeals
from moderation.carrier import Carrier
from moderation.commands import AdminCommands
from moderation.daily import Daily
from moderation.deeds import Deeds
from moderation.desk import Desk
from moderation.digest import Digest
from moderation.explain import Explain
from moderation.heat import Heat
from moderation.lines import Lines
from moderation.moderator import Moderator
from moderation.newcomers import Newcomers
from moderation.people import People
from moderation.removal import Removal
from moderation.requests import Requests
from moderation.responders import Responders
from moderation.review import Review
from moderation.rooms import Rooms
from moderation.rules import recent_of, room_rules
from moderation.ruling import Ruling
from moderation.tally import Tally
from moderation.target import Aims
from service.stores import Stores
from settings import Settings


class Account(Protocol):
    """What only the account can do, or tell."""

    @property
    def online(self) -> bool: ...
    async def owns(self, room_id: str) -> bool: ...
    async def is_member(self, room_id: str, person_id: str) -> bool: ...
    async def remove(self, room_id: str, person_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Group:
    """What moderates groups.

    Attributes:
        hearing: Stages before the mood is read, by name.
        judging: Stages after it.
        responders: What the one-word answers of admins do.
    """

    aims: Aims
    moderator: Moderator
    carrier: Carrier
    admins: AdminCommands
    daily: Daily
    hearing: Mapping[str, Stage]
    judging: Mapping[str, Stage]
    responders: Mapping[AlertKind, Responder]

    @classmethod
    def of(
        cls,
        config: Settings,
        stores: Stores,
        rooms: Rooms,
        newcomers: Newcomers,
        account: Account,
        alerts: Alerts,
        lines: Lines,
        say: Callable[[Exchange], None],
    ) -> Self:
        """As the settings have it.

        Args:
            say: Records and delivers an exchange that answers nobody; the pipeline's.
        """
        own, owner, conduct = config.moderation, config.account.owner, stores.conduct
        half_life_s = own.half_life_min * 60
        recent = recent_of(own)
        aims, people = Aims(recent), People(stores.days, recent)
        tally = Tally(half_life_s, own.note_at)
        review = Review(conduct, tally, stores.audit)
        removal = Removal(account, conduct, rooms)
        ruling = Ruling(review, people, rooms, say, lines)
        carrier = Carrier(
            *(conduct, stores.days, people, rooms, alerts, say, lines),
            removal=removal if own.remove_unasked else None,
            asked_s=config.assistant.alert_expires_h * 3600,
        )
        moderator = Moderator(
            *(conduct, stores.days, tally, rooms, carrier, own),
            record=stores.audit.record,
            owns=account.owns,
        )
        appeals = Appeals(conduct, stores.alerts, people, rooms, alerts, lines)
        digest = Digest(stores.days, conduct)
        requests = Requests(
            rooms,
            Desk(rooms, stores.orders, stores.days, conduct, stores.alerts),
            people,
            Explain(stores.days, conduct, tally, half_life_s=half_life_s),
            Deeds(rooms, stores.orders, review),
            digest,
            say=say,
        )
        judged = judge(
            [Heat(aims, note_at=own.note_at)],
            room_rules(own, recent, newcomers),
            is_spared=spared(
                owner,
                lambda message: (
                    rooms.is_admin(message.chat_id, message.talker_id)
                    or rooms.is_exempt(message.chat_id, message.talker_id)
                ),
            ),
        )
        return cls(
            aims,
            moderator,
            carrier,
            AdminCommands(rooms, requests, owner=owner),
            Daily(
                *(digest, stores.days, stores.orders, rooms, say),
                at=own.digest_at,
                is_online=lambda: account.online,
            ),
            hearing={"recent": recent.hear, "aim": aims.hear},
            judging={"judge": judged, "moderate": moderator.stage, "appeal": appeals.stage},
            responders=Responders(
                *(conduct, rooms, stores.orders, review, removal, ruling),
                raid_s=own.new_members.raid_minutes * 60,
            ).by_kind(),
        )

    async def resume(self, mind: Mind) -> None:
        """Count what a crash cut off before its mood was read."""
        read = mood(mind, words=self.aims.words)
        judging = self.judging["judge"]
        await self.moderator.resume([sanitize, *self.hearing.values(), read, judging])
