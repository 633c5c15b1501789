"""Governor, quiet hours and loop breaker as the bot has them, around a real account and log."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from grpclib import GRPCError, Status

import settings
from handlers.audit.log import AuditLog
from handlers.audit.schema import Run
from handlers.deliver import Deliverer
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Reply, Source
from handlers.limits import Limits
from handlers.pipeline import Pipeline
from tests.fakes import message
from tests.recorder import Recorder, running
from wechat.puppet import InProcessPuppet

RUN = Run("tiny", "0", "fp32", "p1", "0", "0.1.0", channel="wechaty")
PACE = settings.Deliver(
    delay_min_s=0, delay_max_s=0, delay_per_char_s=0, gap_s=0, warmup_days=0, max_wait_s=0.2
)


class Weary(InProcessPuppet):
    """Takes so many texts, and then says that it was too much."""

    patience = 10_000

    async def message_send_text(
        self, conversation_id: str, message: str, mention_ids: Sequence[str] | None = None
    ) -> str:
        self.patience -= 1
        if self.patience < 0:
            raise GRPCError(Status.INTERNAL, "操作过于频繁，请稍后再试。")
        return await super().message_send_text(conversation_id, message, mention_ids)


class Words:
    """Counts what the owner would be told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def looped(self, exchange: Exchange) -> None:
        self.said.append("looped")

    def rested(self) -> None:
        self.said.append("rested")


class Bot:
    """What stands between an account and its messages, as ``bot.serve`` wires it."""

    def __init__(self, pipeline: Pipeline, words: Words, ended: dict[str, Exchange]) -> None:
        self._pipeline, self.words, self._ended = pipeline, words, ended

    async def hear(self, *messages: Message) -> list[tuple[Outcome, Gate | None]]:
        """What became of each, once all have ended."""
        for each in messages:
            await self._pipeline.submit(each)
        async with asyncio.timeout(10):
            while not self._ended.keys() >= {each.id for each in messages}:
                await asyncio.sleep(0.01)
        ended = [self._ended[each.id] for each in messages]
        return [(each.outcome, each.gate) for each in ended]


@asynccontextmanager
async def bot(
    folder: Path, puppet: InProcessPuppet, pace: settings.Deliver = PACE
) -> AsyncIterator[Bot]:
    words, ended = Words(), dict[str, Exchange]()
    async with (
        await AuditLog.open(settings.Audit(folder=str(folder)), RUN) as audit,
        running(puppet, Recorder()) as account,
    ):
        limits = Limits.of(pace, await audit.past(90), words, owner="boss")
        deliverer = Deliverer(
            account, audit, pace, split_chars=90, governor=limits.governor, owner="boss"
        )
        pipeline = Pipeline(
            read={
                **limits.first,
                "clean": lambda exchange: replace(exchange, cleaned=exchange.message.text),
                **limits.addressed,
            },
            write=lambda exchange: exchange.answered(Reply("好呀。", Source.MODEL)),
            deliverer=deliverer,
            ledger=audit,
            pace=pace,
            burst_s=0.0,
            done=(limits.ended, lambda exchange: ended.update({exchange.message.id: exchange})),
        )
        yield Bot(pipeline, words, ended)
        await pipeline.drain(1)
        limits.governor.close()


def people(num: int) -> list[Message]:
    return [message(f"第{n}条", chat_id=f"p{n}", talker_id=f"p{n}") for n in range(num)]


async def test_after_wechat_refused_once_nothing_is_tried_again(tmp_path: Path) -> None:
    """Five answers leave, the sixth is refused; of fifty more none is tried, nor after a start."""
    puppet = Weary()
    puppet.patience = 5
    async with bot(tmp_path, puppet) as one:
        first = [(await one.hear(each))[0] for each in people(6)]
        rest = Counter(await one.hear(*people(50)))
    async with bot(tmp_path, Weary()) as another:
        after = await another.hear(*people(1))

    assert [(Outcome.SENT, None)] * 5 + [(Outcome.FAILED, Gate.RESTRICTED)] == first
    assert {(Outcome.SILENT, Gate.RESTRICTED): 50} == rest
    assert [(Outcome.SILENT, Gate.RESTRICTED)] == after
    assert (5, -1) == (puppet.outbox.qsize(), puppet.patience)


async def test_wechats_own_word_is_heeded_and_not_answered(tmp_path: Path) -> None:
    """Said as a message, it has the account rest, ends with a word, and gets no reply."""
    puppet = Weary()
    said = message("操作过于频繁，可稍后再试。", kind=Kind.UNKNOWN)
    async with bot(tmp_path, puppet, PACE.model_copy(update={"rest_s": 0.3})) as one:
        said = replace(said, sent_at=time.time())
        gates = [gate for _, gate in await one.hear(said, *people(2))]
        async with asyncio.timeout(5):
            while not one.words.said:
                await asyncio.sleep(0.01)
        [(later, _)] = await one.hear(*people(1))

    assert [Gate.RESTRICTED] * 3 == gates
    assert (["rested"], Outcome.SENT) == (one.words.said, later)


async def test_a_restart_is_no_new_minute(tmp_path: Path) -> None:
    """Six answers to one chat, a new start, and the seventh still has no room in its minute."""
    chatty = [message(f"{n}", talker_id=f"t{n}") for n in range(7)]
    async with bot(tmp_path, Weary()) as one:
        first = await one.hear(*chatty[:6])
    async with bot(tmp_path, Weary()) as another:
        after = await another.hear(chatty[6])

    assert [(Outcome.SENT, None)] * 6 == first
    assert [(Outcome.SILENT, Gate.BUDGET)] == after


async def test_a_talker_who_is_a_bot_is_left_alone(tmp_path: Path) -> None:
    """The loop breaker counts what left: the seventh message of one talker ends as a loop."""
    pace = PACE.model_copy(update={"per_minute_chat": 100})
    async with bot(tmp_path, Weary(), pace) as one:
        gates = [gate for _, gate in await one.hear(*(message(f"{n}") for n in range(9)))]

    assert [None] * 6 + [Gate.LOOP] * 3 == gates
    assert ["looped"] == one.words.said
