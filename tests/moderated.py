"""A group under moderation, on a real audit log: the account and the alerts are small fakes."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine.mood import Mood, Reading
from handlers.alert import Alert, AlertKind, Raised, Word
from handlers.audit.alerts import AlertStore
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run
from handlers.conduct import Step
from handlers.exchange import Action, Exchange, Outcome, Reply, Verdict
from handlers.orders import OrderKind, Orders
from moderation.appeals import Appeals
from moderation.carrier import Carrier
from moderation.lines import Lines
from moderation.moderator import Moderator
from moderation.people import People
from moderation.recent import Recent
from moderation.removal import Removal
from moderation.responders import Responders
from moderation.review import Review
from moderation.rooms import Rooms
from moderation.ruling import Ruling
from moderation.tally import Tally
from ruleset import Moderation
from settings import Audit
from tests.fakes import NOW, Clock, message, room_message

RUN = Run("bundled-small", "1d9614638d18", "bf16", "p1", "0123456789ab", "0.1.0")
ROOM, OWNER = "room@chatroom", "owner"
NAMES = {"jia": "甲", "yi": "乙", "bing": "丙", OWNER: "群主"}


@dataclass
class Account:
    """A room as WeChat has it, and who was removed from it."""

    is_owner: bool = True
    members: set[str] = field(default_factory=lambda: set(NAMES))
    removed: list[str] = field(default_factory=list)
    error: Exception | None = None

    async def owns(self, room_id: str) -> bool:
        return self.is_owner

    async def is_member(self, room_id: str, person_id: str) -> bool:
        return person_id in self.members

    async def remove(self, room_id: str, person_id: str) -> None:
        if self.error is not None:
            raise self.error
        self.removed.append(person_id)
        self.members.discard(person_id)


@dataclass
class Alerting:
    """Keeps alerts on disk as the real one does, and says nothing."""

    store: AlertStore
    clock: Clock
    raised: list[Raised] = field(default_factory=list)

    async def tell(self, alert: Alert, to: Sequence[str]) -> None:
        for to_id in to:
            now = self.clock()
            self.raised.append(await self.store.raise_(alert, to_id, now, now + 43_200))


class House:
    """Everything about one start of the bot; another one on the same log is a restart."""

    def __init__(
        self,
        audit: AuditLog,
        clock: Clock,
        config: Moderation,
        orders: Orders,
        account: Account,
        owner: str,
    ) -> None:
        self.audit, self.clock, self.config, self.account = audit, clock, config, account
        self.said: list[Exchange] = []
        self.store, self.past = ConductStore(audit), DayStore(audit)
        self.orders, self.recent = orders, Recent(3600)
        self.rooms = Rooms(config, orders, owner)
        self.alerts = Alerting(AlertStore(audit), clock)
        self.tally = Tally(config.half_life_min * 60, config.note_at, clock=clock)
        self._build(Lines.load(), random.Random(7))  # noqa: S311

    def _build(self, lines: Lines, chance: random.Random) -> None:
        store, past, rooms, clock = self.store, self.past, self.rooms, self.clock
        people = People(past, self.recent)
        self.review = Review(store, self.tally, self.audit, clock=clock)
        removal = Removal(self.account, store, rooms)
        ruling = Ruling(self.review, people, rooms, self.said.append, lines, chance=chance)
        self.responders = Responders(
            store, rooms, self.orders, self.review, removal, ruling, raid_s=600
        ).by_kind()
        self.carrier = Carrier(
            *(store, past, people, rooms, self.alerts, self.said.append, lines),
            removal=removal if self.config.remove_unasked else None,
            asked_s=43_200,
            clock=clock,
            chance=chance,
        )
        self.moderator = Moderator(
            *(store, past, self.tally, rooms, self.carrier, self.config),
            record=self.audit.record,
            owns=self.account.owns,
            clock=clock,
        )
        self.appeals = Appeals(
            store, self.alerts.store, people, rooms, self.alerts, lines, clock=clock, chance=chance
        )

    async def says(
        self,
        who: str,
        text: str = "你有完没完",
        *,
        points: float = 2.0,
        to: str = "",
        rule: str = "heat",
        after_s: float = 0.0,
    ) -> Exchange:
        """A group message in which a rule found so many points, so many seconds later."""
        self.clock.pass_by(after_s)
        said = room_message(text, talker_id=who, talker_name=NAMES[who], sent_at=self.clock())
        verdict = Verdict(Action.NOTE, rule, "angry 0.93", points, to)
        exchange = Exchange(said, cleaned=text, reading=angry(), verdict=verdict)
        await self.audit.receive(exchange)
        ended = await self.moderator.stage(self.recent.hear(exchange))
        await self.audit.record(replace(ended, outcome=Outcome.SILENT))
        return ended

    async def appeals_to(
        self, who: str, text: str = "申诉 我没骂人", **fields: object
    ) -> Reply | None:
        """What somebody who writes that in the group is answered."""
        names = {"talker_id": who, "talker_name": NAMES[who], "sent_at": self.clock()}
        said = (message if fields else room_message)(text, **(names | fields))
        exchange = Exchange(said, cleaned=text)
        await self.audit.receive(exchange)
        return (await self.appeals.stage(exchange)).reply

    async def leaves(self, outcome: Outcome = Outcome.SENT) -> None:
        """What was said last ends so."""
        ended = replace(self.said[-1], outcome=outcome)
        await self.audit.record(ended)
        self.carrier.ended(ended)
        await self.carrier.settled()

    async def answers(self, word: Word, by: str = OWNER) -> str:
        """What the one who answers the last alert is told."""
        raised = self.alerts.raised[-1]
        return await self.responders[raised.alert.kind](raised, word, by)

    async def steps(self) -> list[Step]:
        """All steps, the oldest first."""
        return list(await self.store.steps(0.0))[::-1]

    async def actions(self) -> list[Action]:
        return [step.action for step in await self.steps()]

    @property
    def told(self) -> list[AlertKind]:
        return [raised.alert.kind for raised in self.alerts.raised]


@asynccontextmanager
async def house(
    folder: Path,
    clock: Clock | None = None,
    account: Account | None = None,
    owner: str = OWNER,
    pseudonyms: bool = False,
    **config: object,
) -> AsyncIterator[House]:
    """A start of the bot, in mode enforce unless ``config`` says otherwise."""
    clock = clock or Clock(NOW)
    kept = Audit(folder=str(folder), pseudonyms=pseudonyms)
    moderation = Moderation(**({"mode": "enforce"} | config))  # type: ignore[arg-type]
    async with await AuditLog.open(kept, RUN, clock=clock) as audit:
        orders = await Orders.load(OrderStore(audit), clock=clock)
        one = House(audit, clock, moderation, orders, account or Account(), owner)
        await one.moderator.restore()
        yield one


def angry(offence: float = 0.9) -> Reading:
    scores = {mood: 0.93 if mood is Mood.ANGRY else 0.014 for mood in Mood}
    return Reading.from_scores(scores, unsure_below=0.5, offence=offence)


async def exempted(one: House, who: str) -> None:
    await one.orders.give(OrderKind.EXEMPT, chat_id=ROOM, person_id=who, by=OWNER)
