"""Moderation on the real pipeline, log, alerts and deliverer: from a message to what is sent."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from engine.mood import Reading
from handlers.alerts import Alerts
from handlers.audit.alerts import AlertStore
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.conduct import Mark, StepState
from handlers.deliver import Deliverer
from handlers.exchange import Action, Exchange, Gate, Message, Outcome, Verdict
from handlers.governor import Governor
from handlers.orders import Orders
from handlers.pipeline import Pipeline
from handlers.policy import judge
from handlers.refusal import NotSent
from handlers.sanitize import sanitize
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
from ruleset import Assistant, Moderation
from settings import Audit, Deliver
from tests.fakes import RecordingChat, message, room_message
from tests.moderated import NAMES, OWNER, ROOM, RUN, Account, angry

PACE = Deliver(delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0)
CONFIG = Moderation(mode="warn")


def insult(exchange: Exchange, reading: Reading) -> Verdict:
    """「@乙 2」 is worth two points, at 乙; other words none."""
    name, _, points = exchange.cleaned.removeprefix("@").partition(" ")
    target = next((id_ for id_, known in NAMES.items() if known == name), "")
    if not target:
        return Verdict(Action.NONE, "heat", "calm")
    return Verdict(Action.NOTE, "heat", "angry 0.93", float(points), target)


async def read(exchange: Exchange) -> Exchange:
    return replace(exchange, reading=angry())


def unaddressed(exchange: Exchange) -> Exchange:
    return exchange.stopped(Gate.NOT_ADDRESSED)


class Bot:
    """As ``service`` wires it, without an account."""

    def __init__(self, audit: AuditLog, orders: Orders) -> None:
        self.audit, self.chat = audit, RecordingChat()
        self.store, past, lines = ConductStore(audit), DayStore(audit), Lines.load()
        recent = Recent(3600)
        people, rooms = People(past, recent), Rooms(CONFIG, orders, OWNER)
        tally = Tally(CONFIG.half_life_min * 60, CONFIG.note_at)
        review = Review(self.store, tally, audit)
        removal = Removal(Account(), self.store, rooms)
        ruling = Ruling(review, people, rooms, self.say, lines)
        responders = Responders(
            self.store, rooms, orders, review, removal, ruling, raid_s=600
        ).by_kind()
        raisings = AlertStore(audit)
        alerts = Alerts(raisings, orders, self.say, responders, Assistant())
        carrier = Carrier(
            *(self.store, past, people, rooms, alerts, self.say, lines), asked_s=43_200
        )
        moderator = Moderator(
            *(self.store, past, tally, rooms, carrier, CONFIG),
            record=audit.record,
            owns=Account().owns,
        )
        appeals = Appeals(self.store, raisings, people, rooms, alerts, lines)
        self.carrier = carrier
        self.pipeline = Pipeline(
            read={
                "sanitize": sanitize,
                "mood": read,
                "recent": recent.hear,
                "judge": judge([insult]),
                "moderate": moderator.stage,
                "appeal": appeals.stage,
                "answer": alerts.answer,
                "address": unaddressed,
            },
            write=unaddressed,
            deliverer=Deliverer(
                self.chat, audit, PACE, split_chars=90, governor=Governor(gap_s=0), owner=OWNER
            ),
            ledger=audit,
            pace=PACE,
            burst_s=0,
            done=(carrier.ended, alerts.ended),
        )

    def say(self, exchange: Exchange) -> None:
        self.pipeline.say(exchange)

    async def hears(self, *messages: Message) -> None:
        """These come, and all that follows from them has left."""
        for each in messages:
            await self.pipeline.submit(replace(each, sent_at=time.time()))
        await self.pipeline.drain(10)
        self.pipeline.is_stopping = False
        await self.carrier.settled()

    def taken(self) -> list[tuple[str, tuple[str, ...]]]:
        """What has left since this was asked last: where to, and who was called by name."""
        left, self.chat.sent = self.chat.sent, []
        return sorted((to, tuple(name for _, name in called)) for to, _, called in left)


@asynccontextmanager
async def bot(folder: Path) -> AsyncIterator[Bot]:
    async with await AuditLog.open(Audit(folder=str(folder)), RUN) as audit:
        yield Bot(audit, await Orders.load(OrderStore(audit)))


def said(who: str, text: str) -> Message:
    return room_message(text, talker_id=who, talker_name=NAMES[who])


def asked(who: str, text: str) -> Message:
    return message(text, chat_id=who, talker_id=who, talker_name=NAMES[who])


async def test_a_quarrel_from_the_first_word_to_the_appeal(tmp_path: Path) -> None:
    """Calmed together, appealed, overturned: each line once, to whom it is for."""
    async with bot(tmp_path) as one:
        await one.hears(said("jia", "@乙 2.2"), said("yi", "@甲 2"), said("bing", "别吵了"))
        await one.hears(said("jia", "@乙 1"))  # typed before it could be read
        calmed = one.taken()
        await one.hears(said("jia", "申诉 他先动手的"))
        appealed = one.taken()
        await one.hears(asked(OWNER, "好"))
        decided = one.taken()
        [step] = [x for x in await one.store.steps(0) if x.action is Action.CALM]

        assert [(ROOM, ("甲", "乙"))] == calmed
        assert [(OWNER, ()), (ROOM, ("甲",))] == appealed
        assert [(OWNER, ()), (ROOM, ("甲",))] == decided
        assert (StepState.DONE, Mark.WRONG) == (step.state, step.mark)


async def test_a_message_that_is_moderated_goes_its_way(tmp_path: Path) -> None:
    """Its row keeps the verdict, the points, and the gate that ended it like any other."""
    async with bot(tmp_path) as one:
        attack = said("jia", "@乙 3")
        await one.hears(attack)
        row = await DayStore(one.audit).said("jia", 0.0, 5)
        [spoken] = await DayStore(one.audit).spoken(ROOM, 0.0, time.time() + 1)

        assert [(Gate.NOT_ADDRESSED, Outcome.SILENT)] == [(x.gate, x.outcome) for x in row]
        assert 3.0 == spoken.points


@pytest.mark.parametrize(
    ("error", "state"), [(OSError("?"), StepState.DONE), (NotSent("no"), StepState.FAILED)]
)
async def test_a_step_ends_as_its_line_does(
    tmp_path: Path, error: Exception, state: StepState
) -> None:
    """What may have left counts as said; what certainly did not has failed."""
    async with bot(tmp_path) as one:
        one.chat.errors = [error]
        await one.hears(said("jia", "@乙 3"))
        [step] = await one.store.steps(0)

        assert (Action.WARN, state) == (step.action, step.state)
