"""What the bot says by itself, and what it says to messages that are no text."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from handlers.audit.errors import AuditError
from handlers.exchange import Exchange, Gate, Kind, Message, Outcome, Reply, Source
from handlers.excuse import LINE, NAME, excuse
from handlers.notices import TOLD_EVERY_S, Notices
from handlers.status import StatusBoard
from tests.fakes import NOW, Clock, MemoryLedger, message, room_message


class Facts:
    name, precision = "tiny", "fp32"


class Desk:
    """Takes what notices hand on."""

    def __init__(self, error: Exception | None = None) -> None:
        self.said: list[Exchange] = []
        self.taken: list[Message] = []
        self.error = error

    async def submit(self, message: Message) -> None:
        if self.error is not None:
            raise self.error
        self.taken.append(message)

    def say(self, exchange: Exchange) -> None:
        self.said.append(exchange)

    def notices(
        self,
        *,
        owner: str = "boss",
        welcome: str = "",
        clock: Clock | None = None,
        newcomers: Register | None = None,
    ) -> Notices:
        clock = clock or Clock()
        return Notices(
            self.submit, self.say, owner=owner, welcome=welcome, clock=clock, newcomers=newcomers
        )

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(e.message.chat_id, e.reply.text) for e in self.said if e.reply]


async def test_people_who_join_are_welcomed_by_name() -> None:
    """With a welcome line set, a join is answered in its room, the names put in."""
    desk = Desk()
    await desk.notices(welcome="欢迎{names}！").joined(
        "r@chatroom", "同学群", [("hong", "小红"), ("gang", "小刚")]
    )

    assert [("r@chatroom", "欢迎小红、小刚！")] == desk.lines


async def test_a_hostile_name_is_only_text() -> None:
    """A name that looks like a format field is written as it is."""
    desk = Desk()
    await desk.notices(welcome="欢迎{names}").joined("r@chatroom", "群", [("x", "{0.__class__}%s")])

    assert [("r@chatroom", "欢迎{0.__class__}%s")] == desk.lines


class Register:
    """Keeps who joined, or fails as it was told to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.people: list[tuple[str, str]] = []
        self.error = error

    async def joined(self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]) -> None:
        if self.error is not None:
            raise self.error
        self.people.extend(people)


async def test_newcomers_are_registered_by_id() -> None:
    """Whoever keeps the newcomers is told of each, welcome or not."""
    desk, register = Desk(), Register()
    await desk.notices(newcomers=register).joined("r@chatroom", "群", [("hong", "小红")])

    assert [("hong", "小红")] == register.people


async def test_a_join_that_cannot_be_kept_is_welcomed_all_the_same() -> None:
    """A full disk costs the newcomers' grace, not the program."""
    desk, register = Desk(), Register(AuditError("disk full"))
    notices = desk.notices(welcome="欢迎{names}", newcomers=register)
    await notices.joined("r@chatroom", "群", [("hong", "小红")])

    assert [("r@chatroom", "欢迎小红")] == desk.lines


async def test_by_default_nobody_is_welcomed() -> None:
    """Without a welcome line a join is met with silence."""
    desk = Desk()
    await desk.notices().joined("r@chatroom", "群", [("hong", "小红")])

    assert [] == desk.lines


@pytest.mark.parametrize(("away_s", "told"), [(None, 0), (5.0, 0), (600.0, 1)])
async def test_the_owner_is_told_of_outages_worth_it(away_s: float | None, told: int) -> None:
    """The first login and a blink say nothing; ten minutes away are told once, with the time."""
    desk = Desk()
    await desk.notices().online("一心", away_s)

    assert told == len(desk.lines)
    assert all(chat == "boss" and "10 分钟" in line for chat, line in desk.lines)


async def test_a_gateway_that_flaps_is_told_of_twice_an_hour() -> None:
    """An outage a minute for a hundred minutes: four lines, that tell of all but the last ones."""
    desk, clock = Desk(), Clock()
    notices = desk.notices(clock=clock)
    for _ in range(100):
        clock.pass_by(60)
        await notices.online("一心", 60.0)
    lines = [line for _, line in desk.lines]

    assert 4 == len(lines)
    assert "刚刚掉线了大约 1 分钟" in lines[0]
    assert all("掉线了 30 次，一共大约 30 分钟" in line for line in lines[1:])


@pytest.mark.parametrize(("owner", "told"), [("boss", 2), ("", 0)])
def test_the_owner_hears_of_loops_and_rests(owner: str, told: int) -> None:
    """One line each, to the owner alone; without an owner none."""
    desk = Desk()
    notices = desk.notices(owner=owner)
    notices.looped(Exchange(message("你好", talker_name="小\u200b爱")))
    notices.rested()

    assert told == len(desk.lines)
    assert all(chat == owner for chat, _ in desk.lines)
    assert ["小爱 和我" in line for _, line in desk.lines][:1] == [True] * bool(told)


def test_another_bot_is_told_of_twice_an_hour() -> None:
    """One that is noticed every two minutes for an hour: two lines; another one gets its own."""
    desk, clock = Desk(), Clock()
    notices = desk.notices(clock=clock)
    for _ in range(30):
        notices.looped(Exchange(message(talker_id="bot")))
        clock.pass_by(120)
    notices.looped(Exchange(message(talker_id="other")))

    assert 3 == len(desk.lines)


async def test_without_an_owner_nobody_is_told() -> None:
    """No owner set: a re-login is logged and nothing is sent."""
    desk = Desk()
    await desk.notices(owner="").online("一心", 600.0)

    assert [] == desk.lines


async def test_a_message_that_cannot_be_recorded_is_not_taken() -> None:
    """A full disk ends one message, not the connection that delivers the next."""
    await Desk(AuditError("disk full")).notices().message(message())


def test_the_owner_hears_of_what_was_left_unanswered() -> None:
    """A message the bot was not sure about: one line, with the name and not the words."""
    desk = Desk()
    asked = Exchange(room_message("这个怎么办", talker_name="小\u200b明"))
    desk.notices(owner="me").ended(asked.stopped(Gate.UNSURE, "best score -2"))
    desk.notices(owner="me").ended(asked.stopped(Gate.STALE))
    desk.notices(owner="").ended(asked.stopped(Gate.UNSURE))
    desk.notices(owner="ming").ended(asked.stopped(Gate.UNSURE))  # who knows what they wrote
    [said] = desk.said

    assert said.reply is not None
    assert ("me", "群「同学群」里小明 的一条消息我没有把握，没回，你有空看看。") == (
        said.message.chat_id,
        said.reply.text,
    )


async def test_notices_are_marked_as_such() -> None:
    """A notice is on record as an event the bot reacted to, decided and not yet sent."""
    desk = Desk()
    await desk.notices(welcome="欢迎{names}").joined("r@chatroom", "群", [("hong", "小红")])
    [said] = desk.said

    assert (Kind.EVENT, Outcome.DECIDED) == (said.message.kind, said.outcome)
    assert said.reply is not None
    assert (Source.NOTICE, "welcome") == (said.reply.source, said.reply.name)


async def excused(asked: Message, ledger: MemoryLedger | None = None) -> Exchange:
    def deny_strangers(exchange: Exchange) -> Exchange:
        if exchange.message.chat_id == "stranger":
            return exchange.stopped(Gate.NOT_ALLOWED)
        return exchange

    return await excuse(ledger or MemoryLedger(), deny_strangers, lambda: NOW)(Exchange(asked))


@pytest.mark.parametrize("kind", [Kind.IMAGE, Kind.AUDIO, Kind.VIDEO])
async def test_what_cannot_be_read_is_said_honestly(kind: Kind) -> None:
    """A picture or a voice message in private gets the line that only text is understood."""
    done = await excused(message("", kind=kind))

    assert Reply(LINE, Source.CANNED, name=NAME) == done.reply


async def test_it_is_said_once_a_day() -> None:
    """The second picture of a day is met with silence, and the row says why."""
    ledger = MemoryLedger()
    await ledger.record(await excused(message("", kind=Kind.IMAGE), ledger))
    second = await excused(message("", kind=Kind.IMAGE), ledger)

    assert (None, Gate.NOT_TEXT) == (second.reply, second.gate)


@pytest.mark.parametrize(
    ("asked", "gate"),
    [
        (room_message("", kind=Kind.IMAGE), Gate.NOT_TEXT),
        (message("", kind=Kind.STICKER), Gate.NOT_TEXT),
        (message("", kind=Kind.RECALL), Gate.NOT_TEXT),
        (message("", kind=Kind.IMAGE, chat_id="stranger"), Gate.NOT_ALLOWED),
    ],
)
async def test_nobody_is_lectured_about_stickers(asked: Message, gate: Gate) -> None:
    """Groups, stickers, recalls and chats that are never answered get no such line."""
    done = await excused(asked)

    assert (None, gate) == (done.reply, done.gate)


async def test_text_passes() -> None:
    """Text goes on as it came."""
    asked = message()

    assert (None, None) == ((done := await excused(asked)).gate, done.reply)


def test_the_status_counts_today_and_takes_medians() -> None:
    """Counts start anew at midnight; medians are over the stages of recent exchanges."""
    now, today = [100.0], [date(2026, 1, 1)]
    board = StatusBoard(Facts(), lambda: 3, clock=lambda: now[0], today=lambda: today[0])
    for ms in (10.0, 30.0, 20.0):
        board.note(Exchange(message()).timed("mood", ms))
    now[0] = 160.0
    before = board.status()
    today[0] = date(2026, 1, 2)

    assert (3, 60.0, 20.0, None) == (
        before.num_today,
        before.uptime_s,
        before.mood_ms,
        before.reply_ms,
    )
    assert 0 == board.status().num_today


def test_the_owner_hears_that_the_model_fails_and_that_it_works() -> None:
    """One line each, to the owner; the second says how many messages were left unanswered."""
    desk, clock = Desk(), Clock()
    notices = desk.notices(clock=clock)
    notices.model_changed(True)
    for _ in range(2):
        notices.ended(Exchange(message()).stopped(Gate.FAILED))
    notices.model_changed(False)
    clock.pass_by(TOLD_EVERY_S)
    notices.model_changed(True)
    notices.model_changed(False)

    fails = "模型连着出错，我先让它歇一会儿再试，好了会告诉你。"
    lines = [fails, "模型恢复正常了。期间有 2 条消息没回。", fails, "模型恢复正常了。"]
    assert [("boss", line) for line in lines] == desk.lines


def test_a_model_that_fails_by_turns_is_told_of_as_such() -> None:
    """Every two minutes for a day: three lines. An end of that is told, when it failed for long or
    worked for long.
    """
    desk, clock = Desk(), Clock()
    notices = desk.notices(clock=clock)
    for _ in range(720):
        notices.model_changed(True)
        clock.pass_by(60)
        notices.model_changed(False)
        clock.pass_by(60)
    notices.model_changed(True)
    clock.pass_by(TOLD_EVERY_S)
    notices.model_changed(False)
    notices.model_changed(True)

    told = [line[:6] for _, line in desk.lines]
    assert ["模型连着出错", "模型恢复正常", "模型又连着出", "模型恢复正常", "模型连着出错"] == told


def test_without_an_owner_nobody_is_told_of_the_model() -> None:
    """No owner set: no line, however often the model fails."""
    desk = Desk()
    desk.notices(owner="").model_changed(True)

    assert [] == desk.lines


async def test_what_waited_for_the_account_is_done_when_it_is_back() -> None:
    """At the first login and at each later one; a log that refuses one keeps none from the next."""
    done: list[str] = []

    async def refused() -> None:
        raise AuditError("disk full")

    async def resume() -> None:
        done.append("resumed")

    desk = Desk()
    notices = Notices(desk.submit, desk.say, owner="", welcome="", back=(refused, resume))
    await notices.online("一心", None)
    await notices.online("一心", 600.0)

    assert ["resumed", "resumed"] == done
