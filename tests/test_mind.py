"""The model behind its breakers: what rests, what goes on, and who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

import settings
from engine.errors import EngineError, EngineTimeout, PromptRefused
from engine.mood import Mood, Reading
from engine.talk import Asked
from handlers.breaker import ModelResting, State
from handlers.exchange import Exchange, Gate, Outcome, Source
from handlers.mind import ModelFailed, SteadyMind
from handlers.mood import mood
from handlers.notices import Notices
from handlers.pipeline import Pipeline
from handlers.reply import Personas, ReplyStage
from handlers.sanitize import sanitize
from tests.fakes import Clock, MemoryLedger, ScriptedMind, message, persona, reading

CONFIG = settings.Engine(max_failures=3, rest_s=60)


class Outbox:
    """Delivers at once, in memory."""

    def __init__(self) -> None:
        self.sent: list[Exchange] = []

    async def deliver(self, exchange: Exchange) -> Exchange:
        self.sent.append(exchange)
        return replace(exchange, outcome=Outcome.SENT)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.001)


class Bed:
    """A scripted mind that drafts too late, and one around it that takes care."""

    def __init__(self, **script: object) -> None:
        late: dict[str, object] = {"replies": [EngineTimeout("60 s")]}
        self.scripted = ScriptedMind(**late | script)  # type: ignore[arg-type]
        self.clock = Clock()
        self.told: list[bool] = []
        self.mind = SteadyMind(self.scripted, CONFIG, changed=self.told.append, clock=self.clock)

    async def drafts(self) -> str:
        """What became of one request for drafts: its first words, or the name of its error."""
        try:
            [draft] = await self.mind.drafts(Asked(persona(), "累", Mood.SAD), 1)
        except EngineError as error:
            return type(error).__name__
        return draft.text


async def test_drafts_that_keep_failing_are_left_alone() -> None:
    """After three the model is not asked for more, while moods are read all along."""
    bed = Bed()
    asked = []
    for _ in range(6):
        await bed.mind.read_mood("累")
        asked.append(await bed.drafts())

    assert ["EngineTimeout"] * 3 + ["ModelResting"] * 3 == asked
    assert 3 == len(bed.scripted.asked)
    assert State.OPEN is bed.mind.state


async def test_it_is_told_once_that_it_fails_and_once_that_it_works() -> None:
    """However many messages come meanwhile, and however many trials fail."""
    bed = Bed()
    for _ in range(10):
        await bed.drafts()
        bed.clock.pass_by(20)
    bed.scripted.replies = ["好呀。"]
    bed.clock.pass_by(60)
    for _ in range(3):
        await bed.drafts()

    assert [True, False] == bed.told
    assert State.CLOSED is bed.mind.state


async def test_all_questions_failing_are_one_outage() -> None:
    """Moods and drafts both fail: one word; one of them works again: none yet."""
    bed = Bed(mood_error=EngineTimeout("10 s"))
    for _ in range(3):
        await bed.drafts()
        with pytest.raises(EngineTimeout):
            await bed.mind.read_mood("累")
    bed.scripted.mood_error = None
    bed.clock.pass_by(60)
    await bed.mind.read_mood("累")

    assert ([True], State.TRYING) == (bed.told, bed.mind.state)


class _Panic(BaseException):
    """What pyo3 raises where Rust code panics: no ``Exception``."""


class Broken(ScriptedMind):
    """A model out of memory, or one whose tokenizer panics."""

    error: BaseException = MemoryError()

    async def read_mood(self, text: str) -> Reading:
        raise self.error


@pytest.mark.parametrize("error", [MemoryError(), _Panic(), RuntimeError("kaputt")])
async def test_every_fault_is_an_error_of_the_engine(error: BaseException) -> None:
    """A message is read without its mood, whatever the model died of, and the fault counts."""
    broken, told = Broken(), list[bool]()
    broken.error = error
    mind = SteadyMind(broken, CONFIG, changed=told.append, clock=Clock())
    exchange = Exchange(message(), cleaned="累")
    for _ in range(3):
        assert (await mood(mind)(exchange)).reading is None

    assert [True] == told
    with pytest.raises(ModelResting):
        await mind.read_mood("累")


async def test_a_fault_names_its_question() -> None:
    """The error says what was asked and what was raised."""
    mind = SteadyMind(Broken(), CONFIG, changed=lambda failing: None, clock=Clock())

    with pytest.raises(ModelFailed, match="mood: MemoryError"):
        await mind.read_mood("累")


async def test_one_message_the_model_refuses_is_no_fault() -> None:
    """A prompt that is refused again and again leaves the model to all other messages."""
    bed = Bed(replies=[PromptRefused("2000 tokens")])
    asked = [await bed.drafts() for _ in range(6)]

    assert ["PromptRefused"] * 6 == asked
    assert [] == bed.told


def writing(bed: Bed, when_failed: str) -> ReplyStage:
    config = settings.ReplySection.model_validate({"when_failed": when_failed, "least_score": -5})
    return ReplyStage(bed.mind, MemoryLedger(), Personas(persona(), {}), config)


async def test_a_line_where_the_model_fails_and_where_it_rests() -> None:
    """With ``when_failed: line`` six messages get prepared lines; the model was asked for three."""
    bed = Bed()
    stage = writing(bed, "line")
    asked = replace(Exchange(message("累")), cleaned="累", reading=reading(Mood.SAD))
    done = [await stage(asked) for _ in range(6)]

    assert {Source.CANNED} == {each.reply.source for each in done if each.reply}
    assert (6, 3) == (sum(each.reply is not None for each in done), len(bed.scripted.asked))


async def test_silence_where_the_settings_prefer_it() -> None:
    """With ``when_failed: silent`` the row says what failed, and that the model rests."""
    bed = Bed()
    stage = writing(bed, "silent")
    asked = replace(Exchange(message("累")), cleaned="累", reading=reading(Mood.SAD))
    done = [await stage(asked) for _ in range(4)]

    assert {Gate.FAILED} == {each.gate for each in done}
    assert ("EngineTimeout: 60 s", True) == (
        done[0].detail,
        done[3].detail.startswith("ModelResting: it failed 3 times in a row"),
    )


@pytest.mark.parametrize(("score", "name"), [(0.9, "distress"), (0.5, "concern")])
async def test_distress_is_never_met_with_silence(score: float, name: str) -> None:
    """Where the head has read distress, a failing model still means the persona's line for it, or
    the one that asks.
    """
    bed = Bed()
    sad = replace(reading(Mood.SAD), distress=True, distress_score=score)
    asked = replace(Exchange(message("没意思了")), cleaned="没意思了", reading=sad)
    done = await writing(bed, "silent")(asked)

    assert done.reply is not None
    assert name == done.reply.name


async def test_an_outage_of_the_model_from_end_to_end() -> None:
    """Ten messages of ten people while it fails, ten after: the first ten stay unanswered with the
    reason on record, the others are answered, and the owner hears of it once at either end.
    """
    bed, ledger, outbox = Bed(), MemoryLedger(), Outbox()
    notices = Notices(
        lambda message: pipeline.submit(message),  # noqa: PLW0108 - not there yet
        lambda exchange: pipeline.say(exchange),  # noqa: PLW0108
        owner="boss",
        welcome="",
    )
    mind = SteadyMind(bed.scripted, CONFIG, changed=notices.model_changed, clock=bed.clock)
    config = settings.ReplySection(when_failed="silent", least_score=-20)
    pipeline = Pipeline(
        read={"sanitize": sanitize, "mood": mood(mind)},
        write=ReplyStage(mind, ledger, Personas(persona(), {}), config),
        deliverer=outbox,
        ledger=ledger,
        pace=settings.Deliver(),
        burst_s=0,
        done=(notices.ended,),
    )
    before = [message("晚上吃什么好", chat_id=f"a{n}", talker_id=f"a{n}") for n in range(10)]
    after = [message("晚上吃什么好", chat_id=f"b{n}", talker_id=f"b{n}") for n in range(10)]
    for each in before:
        await notices.message(each)
    await until(lambda: all(ledger.of(m.id).gate for m in before))
    bed.scripted.replies = ["煮个面吧，快。"]
    bed.clock.pass_by(CONFIG.rest_s)
    await notices.message(after[0])  # the trial
    await until(lambda: len(outbox.sent) == 3)
    for each in after[1:]:
        await notices.message(each)
    await pipeline.drain(5)

    told = [e.reply.text for e in outbox.sent if e.reply and e.message.chat_id == "boss"]
    assert [Gate.FAILED] * 10 == [ledger.of(m.id).gate for m in before]
    assert [Outcome.SENT] * 10 == [ledger.of(m.id).outcome for m in after]
    assert [
        "模型连着出错，我先让它歇一会儿再试，好了会告诉你。",
        "模型恢复正常了。期间有 10 条消息没回。",
    ] == told
