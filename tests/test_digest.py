"""The day of a group: its course, the words and the picture for it, and that each is said once."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import ruleset
from engine.mood import Mood
from handlers.conduct import Mark, Step, StepState
from handlers.day import Chat, Said, Spoken
from handlers.exchange import Action, Exchange, Kind, Outcome
from handlers.orders import OrderKind, Orders
from moderation.chart import GLAD, HEIGHT, UPSET, WIDTH, draw
from moderation.course import LONGEST_QUOTE, Slot, peaks, quote, quoted, slots
from moderation.daily import Daily, day_before
from moderation.digest import LEGEND, Digest
from moderation.rooms import Rooms
from moderation.summary import Day, summary
from tests.fakes import Clock
from tests.test_newcomers import MemoryOrders

ROOM = "room@chatroom"
#: Half past nine in the evening, by the clock on the wall of wherever this runs.
END = datetime(2026, 11, 23, 21, 30).timestamp()  # noqa: DTZ001 - the local wall is meant
BEGIN = END - 86_400
SIDES = {Mood.HAPPY: 0.8, Mood.ANGRY: -0.8, Mood.SAD: -0.6}


def said(
    text: str, hour: float, mood: Mood = Mood.NEUTRAL, who: str = "小明", **fields: object
) -> Spoken:
    """A message at an hour of that day, read for sure unless ``fields`` say otherwise."""
    one = Spoken(
        exchange_id=f"{hour}-{text}",
        at=END + (hour - 21.5) * 3600,
        person_id=f"id-{who}",
        name=who,
        text=text,
        mood=mood,
        polarity=SIDES.get(mood, 0.0),
        confidence=0.8,
        offence=0.1,
        unsure=False,
    )
    return replace(one, **fields)  # type: ignore[arg-type]  # passed through


def busy_day() -> list[Spoken]:
    """Calm in the morning, glad at noon, heated at night."""
    return [
        *(said(f"早上好{n}", 9 + n / 60) for n in range(10)),
        *(said("今天中午加鸡腿啦", 12.6 + n / 60, Mood.HAPPY, "小红") for n in range(6)),
        *(
            said("再说一遍试试？", 21 + n / 60, Mood.ANGRY, points=1.2, offence=0.7)
            for n in range(4)
        ),
        *(said("行了行了", 21.1 + n / 60, who="小刚") for n in range(4)),
    ]


def step(action: Action, state: StepState, **fields: object) -> Step:
    one = Step(
        room_id=ROOM,
        room_name="同学群",
        person_id="id-小明",
        person_name="小明",
        at=END - 600,
        action=action,
        rule="heat",
        detail="",
        points=3.2,
        mode="warn",
        state=state,
        exchange_id="e",
    )
    return replace(one, **fields)  # type: ignore[arg-type]  # passed through


def course_of(spoken: Sequence[Spoken]) -> tuple[Slot, ...]:
    return slots(sorted(spoken, key=lambda one: one.at), BEGIN, END)


# Course.


def test_a_day_is_48_half_hours_and_loses_no_message() -> None:
    """Silent ones too; what lies on the edges is in the first and the last."""
    edges = [said("最早", -2.5), said("最晚", 21.5)]
    course = course_of([*busy_day(), *edges])

    assert len(course) == 48
    assert sum(len(slot.spoken) for slot in course) == len(busy_day()) + 2
    assert [course[0].spoken[0].text, course[-1].spoken[-1].text] == ["最早", "最晚"]


def test_peaks_are_the_half_hours_with_most_of_a_mood() -> None:
    """In order of time, at most three."""
    moods = [slot.mood for slot in peaks(course_of(busy_day()))]
    heated = [said("烦死了", hour + n / 60, Mood.ANGRY) for hour in range(5) for n in range(3)]

    assert moods == [Mood.HAPPY, Mood.ANGRY]
    assert len(peaks(course_of(heated))) == 3


@pytest.mark.parametrize(
    ("num_calm", "num_angry", "num_peaks"), [(0, 2, 0), (0, 3, 1), (17, 3, 0), (12, 3, 1)]
)
def test_a_mood_of_few_is_no_peak(num_calm: int, num_angry: int, num_peaks: int) -> None:
    """It takes three messages, and a fifth of all that were said then."""
    calm = [said("嗯", 10 + n / 60) for n in range(num_calm)]
    angry = [said("烦", 10.1, Mood.ANGRY) for _ in range(num_angry)]

    assert len(peaks(course_of([*calm, *angry]))) == num_peaks


def test_of_two_half_hours_alike_one_is_a_peak() -> None:
    """The stronger; heat right after gladness is another."""
    glad = [said("好耶好耶", 12 + n / 12, Mood.HAPPY) for n in range(9)]
    heated = [said("凭什么啊", 13 + n / 12, Mood.ANGRY) for n in range(4)]

    found = [(slot.mood, len(slot.carriers)) for slot in peaks(course_of([*glad, *heated]))]

    assert found == [(Mood.HAPPY, 6), (Mood.ANGRY, 4)]


def test_calm_leans_to_no_side() -> None:
    """One cry in a crowd of calm is little; two moods at once show on both sides."""
    calm = [said("嗯", 10, polarity=-0.4) for _ in range(8)]
    both = [said("好耶", 10, Mood.HAPPY), said("烦", 10, Mood.ANGRY)]

    glad, upset = Slot(END, (*calm, *both)).sides

    assert (round(glad, 2), round(upset, 2)) == (0.08, 0.08)


def test_what_was_read_with_doubt_carries_nothing() -> None:
    """Nor what was not read at all."""
    doubtful = [said("呵呵", 10 + n / 60, Mood.ANGRY, unsure=True) for n in range(9)]
    unread = [said("？", 11 + n / 60, polarity=None) for n in range(9)]

    course = course_of([*doubtful, *(replace(one, mood=None) for one in unread)])

    assert peaks(course) == ()
    assert {slot.sides for slot in course} == {(0.0, 0.0)}


def test_a_quote_is_of_whoever_carried_the_mood() -> None:
    """The one with most points, long enough to say anything."""
    spoken = [
        said("哼", 10, Mood.ANGRY, points=2.0),
        said("凭什么啊你说清楚", 10.1, Mood.ANGRY, points=1.0),
        said("真是气死我了", 10.2, Mood.ANGRY, confidence=0.99),
    ]

    found = quote(Slot(END, tuple(spoken)), is_public=False)

    assert found is not None
    assert found.text == "凭什么啊你说清楚"


@pytest.mark.parametrize(
    ("mood", "points", "offence", "is_shown"),
    [
        (Mood.HAPPY, 0.0, 0.1, True),
        (Mood.HAPPY, 1.0, 0.1, False),
        (Mood.HAPPY, 0.0, 0.6, False),
        (Mood.ANGRY, 0.0, 0.1, False),
        (Mood.SAD, 0.0, 0.1, False),
    ],
)
def test_in_front_of_everybody_only_gladness_is_quoted(
    mood: Mood, points: float, offence: float, is_shown: bool
) -> None:
    """No insult, nobody's anger, nobody's sorrow."""
    spoken = [said("今天真是的", 10, mood, points=points, offence=offence) for _ in range(3)]

    assert (quote(Slot(END, tuple(spoken)), is_public=True) is not None) == is_shown


@given(st.text(max_size=4000))
def test_a_quote_is_one_short_line(text: str) -> None:
    """Whatever was written."""
    line = quoted(text)

    assert len(line) <= LONGEST_QUOTE
    assert len(line.splitlines()) <= 1


# Words.


def test_a_day_in_words_for_admins() -> None:
    """Its course, peaks with their time and a quote, what was done, and what was wrong of it."""
    steps = (
        step(Action.WARN, StepState.DONE),
        step(Action.WARN, StepState.DONE, mark=Mark.WRONG),
        step(Action.CALM, StepState.WOULD, other_id="id-小刚"),
    )

    text = summary(Day("同学群", course_of(busy_day()), steps))

    assert text.splitlines() == [
        "群「同学群」这一天：24 条消息，3 个人说话。",
        "心情：早上平静，中午开心，晚上有火气。",
        "读得准的 24 条里：平静 58%，开心 25%，有火气 17%。",
        "· 12:30 开心（6 条），小红：「今天中午加鸡腿啦」",
        "· 21:00 有火气（4 条），小明：「再说一遍试试？」",
        "劝和 1 次：小明和小刚（只记了，没有说）。",
        "提醒 2 次：小明 2 次。",
        "管理员说弄错了 1 次（小明），已经改正。",
    ]


def test_a_day_in_words_for_the_group_names_nobody_for_a_step() -> None:
    """Nor quotes what hurt."""
    steps = (step(Action.WARN, StepState.DONE, mark=Mark.WRONG),)

    text = summary(Day("同学群", course_of(busy_day()), steps, is_public=True))

    assert "小明" not in text
    assert "再说一遍" not in text
    assert "提醒 1 次。\n管理员说弄错了 1 次，已经改正。" in text


def test_names_are_hostile() -> None:
    """Of a group and of people: one line each, cleaned, cut."""
    spoken = [said("今天真开心", 10, Mood.HAPPY, who="甲\n\u202e" + "长" * 99) for _ in range(10)]

    text = summary(Day("群\n名\u200b", course_of(spoken)))

    assert "群「群 名」" in text
    assert "，甲 长" in text
    assert len(text.splitlines()) == 4


def test_a_quiet_day_is_said_to_be() -> None:
    """A few words an hour say nothing of anybody's mood; one mood all day is said once."""
    few = summary(Day("", course_of([said("嗯", 10 + n) for n in range(10)])))
    calm = summary(Day("", course_of([said("嗯", n / 3) for n in range(60)])))

    assert few.startswith("群里这一天：10 条消息，1 个人说话。\n心情：话不多，看不出来。")
    assert "心情：一天下来都平静。" in calm


# Picture.


def test_the_picture_is_small_and_shows_both_sides() -> None:
    """A PNG below 40 kB with bars of both colours, also of the busiest day."""
    moods = list(SIDES)
    spoken = [
        said("说", -2.5 + n / 50, moods[n // 7 % 3], polarity=(n * 37 % 200 - 100) / 100)
        for n in range(1200)
    ]
    course = course_of(spoken)

    png = draw(course, course[::16])

    image = Image.open(io.BytesIO(png)).convert("RGB")
    raw = image.tobytes()
    colours = {f"#{raw[n : n + 3].hex()}" for n in range(0, len(raw), 3)}
    assert (image.size, len(png) < 40_000) == ((WIDTH, HEIGHT), True)
    assert {GLAD, UPSET} <= colours


def test_a_day_of_silence_can_be_drawn() -> None:
    """Axes, and nothing in them."""
    assert draw(course_of([])).startswith(b"\x89PNG")


# Said once.


@dataclass
class Desk:
    """Groups, their admins and a log, all in memory."""

    clock: Clock = field(default_factory=lambda: Clock(END + 60))
    store: MemoryOrders = field(default_factory=MemoryOrders)
    spoken_there: list[Spoken] = field(default_factory=busy_day)
    name: str | None = "同学群"
    id: str = ROOM
    config: dict[str, object] = field(default_factory=lambda: {"mode": "warn", "admins": ["admin"]})
    is_online: bool = True
    outcome: Outcome = Outcome.SENT
    notices: list[Exchange] = field(default_factory=list)
    kept: dict[str, Outcome] = field(default_factory=dict)

    async def started(self) -> Daily:
        """One that has just been started."""
        orders = await Orders.load(self.store, clock=self.clock)
        return Daily(
            *(self.digest(), self, orders, self.rooms(orders), self.say),
            at="21:30",
            is_online=lambda: self.is_online,
            clock=self.clock,
        )

    def digest(self) -> Digest:
        return Digest(self, self, clock=self.clock)

    def rooms(self, orders: Orders) -> Rooms:
        return Rooms(ruleset.Moderation.model_validate(self.config), orders, owner="boss")

    def say(self, exchange: Exchange) -> None:
        self.notices.append(exchange)
        self.kept[exchange.id] = self.outcome

    async def spoken(self, room_id: str, since: float, until: float) -> Sequence[Spoken]:
        here = self.spoken_there if room_id == self.id else []
        return [one for one in here if since <= one.at < until]

    async def chats(self, since: float) -> Sequence[Chat]:
        return [Chat(self.id, self.name, "小明"), Chat("ming", None, "小明")]

    async def exchange(self, id_: str) -> Said | None:
        if id_ not in self.kept:
            return None
        return Said(
            exchange_id=id_,
            at=0.0,
            chat_id="",
            room_name=None,
            talker_id="",
            talker_name="",
            kind=Kind.EVENT,
            text="",
            mood=None,
            unsure=True,
            reply="",
            source=None,
            gate=None,
            detail="",
            outcome=self.kept[id_],
        )

    async def steps(self, since: float, *, room_id: str, limit: int) -> Sequence[Step]:
        return [step(Action.WARN, StepState.DONE), step(Action.NOTE, StepState.DONE, at=END + 9)]

    @property
    def told(self) -> list[str]:
        return [exchange.message.chat_id for exchange in self.notices]


async def test_a_day_is_told_once_to_each_admin_with_its_picture() -> None:
    """However often it is looked, and however often the bot is started."""
    desk = Desk()
    daily = await desk.started()
    for _ in range(3):
        await daily.tell_due()
    await (await desk.started()).tell_due()

    reply = desk.notices[0].reply
    assert desk.told == ["boss", "admin"]
    assert reply is not None
    assert (reply.name, reply.picture[:4]) == ("digest", b"\x89PNG")
    assert reply.text.startswith("群「同学群」这一天：24 条消息")
    assert reply.text.endswith(LEGEND)
    assert "提醒 1 次：小明。" in reply.text
    assert "留意" not in reply.text
    assert desk.notices[0].message.is_private


@pytest.mark.parametrize("outcome", [Outcome.SILENT, Outcome.FAILED])
async def test_a_day_whose_notice_did_not_leave_is_told_after_a_restart(outcome: Outcome) -> None:
    """A crash between the decision and the sending skips no day."""
    desk = Desk(outcome=outcome)
    await (await desk.started()).tell_due()
    await (await desk.started()).tell_due()

    assert desk.told == ["boss", "admin", "boss", "admin"]


async def test_a_notice_that_is_refused_is_not_tried_again_and_again() -> None:
    """Within a run once: what holds it back, a budget or an outage, would hold back the next."""
    desk = Desk(outcome=Outcome.SILENT)
    daily = await desk.started()
    for _ in range(3):
        await daily.tell_due()

    assert desk.told == ["boss", "admin"]


async def test_a_notice_that_may_have_left_is_not_told_again() -> None:
    """Uncertain is as good as sent (trap 16)."""
    desk = Desk(outcome=Outcome.UNCERTAIN)
    await (await desk.started()).tell_due()
    await (await desk.started()).tell_due()

    assert desk.told == ["boss", "admin"]


async def test_a_notice_that_was_never_recorded_is_told_after_a_restart() -> None:
    """Its order was kept, and then the power went."""
    desk = Desk()
    await (await desk.started()).tell_due()
    desk.kept.clear()
    await (await desk.started()).tell_due()

    assert desk.told == ["boss", "admin"] * 2


async def test_the_next_day_is_told_anew() -> None:
    """And only from its own end on."""
    desk = Desk(config={"mode": "warn", "rooms": {ROOM: {}}})
    daily = await desk.started()
    await daily.tell_due()
    desk.clock.pass_by(86_000)
    await daily.tell_due()
    early = list(desk.told)
    desk.spoken_there = [replace(one, at=one.at + 86_400) for one in desk.spoken_there]
    desk.clock.pass_by(500)
    await daily.tell_due()

    assert (early, desk.told) == (["boss"], ["boss", "boss"])


async def test_what_is_due_waits_until_the_account_is_online() -> None:
    """A start takes seconds, a login sometimes minutes."""
    desk = Desk(is_online=False)
    daily = await desk.started()
    await daily.tell_due()
    before = list(desk.told)
    desk.is_online = True
    await daily.tell_due()

    assert (before, desk.told) == ([], ["boss", "admin"])


WARN: dict[str, object] = {"mode": "warn", "admins": ["admin"]}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (WARN | {"digest_to": "room"}, [ROOM]),
        (WARN | {"digest_to": "nobody"}, []),
        (WARN | {"rooms": {ROOM: {"digest_to": "room"}}}, [ROOM]),
        ({"mode": "off", "admins": ["admin"]}, []),
        ({"mode": "shadow", "admins": ["admin"]}, ["boss", "admin"]),
        ({"mode": "shadow"}, []),
        ({"mode": "shadow", "rooms": {ROOM: {}}}, ["boss"]),
        ({"mode": "warn"}, ["boss"]),
    ],
)
async def test_a_day_goes_to_whom_the_settings_say(
    config: dict[str, object], expected: list[str]
) -> None:
    """And not to an owner who never asked for moderation."""
    desk = Desk(config=config)
    await (await desk.started()).tell_due()

    assert desk.told == expected


@pytest.mark.parametrize(
    "changes",
    [{"spoken_there": busy_day()[:9]}, {"name": None}, {"id": "code:abc"}],
    ids=["few words", "private", "pseudonym"],
)
async def test_what_is_no_day_of_a_group_is_not_told(changes: dict[str, object]) -> None:
    """Nine messages, a private chat, or an id that nothing can be sent to."""
    desk = Desk(**changes)  # type: ignore[arg-type]
    await (await desk.started()).tell_due()

    assert desk.told == []


async def test_a_group_that_is_to_be_left_alone_is_not_told_its_day() -> None:
    """Its admins would be, as they were not asked to be spared."""
    desk = Desk(config=WARN | {"digest_to": "room"})
    orders = await Orders.load(desk.store, clock=desk.clock)
    await orders.give(OrderKind.QUIET, chat_id=ROOM, seconds=3600)
    await (await desk.started()).tell_due()

    assert desk.told == []


async def test_the_group_is_told_in_its_own_room() -> None:
    """With nobody called on."""
    desk = Desk(config=WARN | {"digest_to": "room"})
    await (await desk.started()).tell_due()
    [exchange] = desk.notices

    assert exchange.reply is not None
    assert (exchange.message.room_name, exchange.reply.mentions) == ("同学群", ())
    assert "小明" not in exchange.reply.text


async def test_who_asks_is_given_the_last_24_hours() -> None:
    """At any time, as often as they like; where there is too little, that is said."""
    digest = Desk().digest()

    asked, elsewhere = await digest.of(ROOM), await digest.of("other")

    assert asked.text.startswith("群「同学群」这一天：24 条消息")
    assert asked.picture
    assert (elsewhere.text, elsewhere.picture) == (
        "这一天消息太少（不到 10 条），没什么可总结的。",
        b"",
    )


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ((2026, 11, 23, 21, 30), (2026, 11, 23, 21, 30)),
        ((2026, 11, 23, 21, 29), (2026, 11, 22, 21, 30)),
        ((2026, 1, 1, 0, 0), (2025, 12, 31, 21, 30)),
    ],
)
def test_a_day_ends_by_the_clock_on_the_wall(now: tuple[int, ...], end: tuple[int, ...]) -> None:
    """The last one that is over, a day long but where clocks change."""
    begin, ended = day_before(datetime(*now).timestamp(), time(21, 30))  # type: ignore[arg-type]  # noqa: DTZ001

    assert ended == datetime(*end).timestamp()  # type: ignore[arg-type]  # noqa: DTZ001
    assert ended - begin in (23 * 3600, 24 * 3600, 25 * 3600)
