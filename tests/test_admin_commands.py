"""What admins ask and order, on a real audit log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import sqlalchemy as sa

import ruleset
import settings
from engine.mood import Mood
from handlers.alert import Alert, AlertKind
from handlers.audit.alerts import AlertStore
from handlers.audit.conduct import ConductStore
from handlers.audit.day import DayStore
from handlers.audit.log import AuditLog
from handlers.audit.orders import OrderStore
from handlers.audit.schema import Run, corrections
from handlers.conduct import Evidence, Mark, Step, StepState
from handlers.exchange import Action, Exchange, Outcome, Reply, Source
from handlers.notice import notice
from handlers.orders import OrderKind, Orders
from moderation.commands import AdminCommands
from moderation.deeds import Deeds
from moderation.desk import Desk
from moderation.digest import Digested
from moderation.explain import Explain
from moderation.people import People
from moderation.recent import Recent
from moderation.requests import Requests
from moderation.review import Review
from moderation.rooms import Rooms
from moderation.tally import HEAT, Tally
from tests.fakes import NOW, Clock, reading, room_message
from tests.fakes import message as private_message

RUN = Run("tiny", "f", "fp32", "1", "d", "0")
CONFIG = ruleset.Moderation(rooms={"b@chatroom": ruleset.Room(admins=("li",))})
NAMES = {"a@chatroom": "同学群", "b@chatroom": "足球群"}
INSULT = "你就是个废物"


class Days:
    """Sums up nothing, in so many words."""

    async def of(self, room_id: str, *, is_public: bool = False) -> Digested:
        return Digested(f"{NAMES[room_id]}今天很平静{'' if is_public else '，小明说…'}", b"\x89PNG")


@dataclass
class Hall:
    """Two groups, their log, and the commands about them."""

    log: AuditLog
    clock: Clock
    orders: Orders
    config: ruleset.Moderation = CONFIG
    owner: str = "boss"
    said: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rooms = Rooms(self.config, self.orders, self.owner)
        self.conduct, day = ConductStore(self.log), DayStore(self.log)
        self.tally = Tally(1800, 1.0, clock=self.clock)
        self.recent = Recent(3600)
        requests = Requests(
            self.rooms,
            Desk(
                self.rooms,
                self.orders,
                day,
                self.conduct,
                AlertStore(self.log),
                clock=self.clock,
            ),
            People(day, self.recent),
            Explain(day, self.conduct, self.tally, half_life_s=1800, clock=self.clock),
            Deeds(
                self.rooms,
                self.orders,
                Review(self.conduct, self.tally, self.log, clock=self.clock),
            ),
            Days(),
            say=self.said.append,
        )
        self.commands = AdminCommands(self.rooms, requests, owner=self.owner)

    async def hear(
        self, text: str, who: str = "ming", *, name: str = "小明", room: str = "a@chatroom"
    ) -> Exchange:
        """A member says something in a group; it is read and kept."""
        heard = room_message(
            text, chat_id=room, talker_id=who, talker_name=name, room_name=NAMES[room]
        )
        exchange = self.recent.hear(Exchange(heard, cleaned=text, reading=reading()))
        await self.log.record(exchange)
        self.clock.pass_by(1)
        return exchange

    async def warn(
        self, who: str = "ming", *, name: str = "小明", room: str = "a@chatroom"
    ) -> Step:
        """The member insults somebody, and is warned for it."""
        heard = await self.hear(INSULT, who, name=name, room=room)
        heard = replace(heard, reading=replace(reading(Mood.ANGRY, 0.93), offence=0.88))
        await self.log.record(heard)
        now = self.clock()
        evidence = Evidence(heard.id, room, who, "hong", now, HEAT, 1.5)
        await self.conduct.add(evidence)
        self.tally.add(evidence)
        step = Step(
            room,
            NAMES[room],
            who,
            name,
            now,
            Action.WARN,
            HEAT,
            "angry 0.93",
            3.2,
            "warn",
            StepState.DONE,
            heard.id,
        )
        return replace(step, id=await self.conduct.take(step))

    async def ask(self, text: str, who: str = "boss") -> str | None:
        """What is answered in private; None where it passes."""
        asked = private_message(text, chat_id=who, talker_id=who)
        return _text(await self.commands.in_private(Exchange(asked, cleaned=text)))

    async def call(
        self,
        text: str,
        who: str = "boss",
        *,
        room: str = "a@chatroom",
        mentions: tuple[str, ...] = (),
    ) -> str | None:
        """What is answered in a group; None where it passes."""
        called = room_message(
            text, chat_id=room, talker_id=who, room_name=NAMES[room], mention_ids=mentions
        )
        return _text(await self.commands.in_room(Exchange(called, cleaned=text)))

    async def labels(self) -> list[tuple[str, str]]:
        """The corrections on record."""
        found = sa.select(corrections.c.text, corrections.c.label)
        return await self.log.do(lambda c: [(text, label) for text, label in c.execute(found)])


def _text(exchange: Exchange) -> str | None:
    return exchange.reply.text if exchange.reply else None


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    clock = Clock(NOW)
    place = settings.Audit(folder=str(tmp_path / "audit"))
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        yield Hall(log, clock, Orders(OrderStore(log), clock=clock))


# Who may


async def test_ids_decide_who_may(hall: Hall) -> None:
    """A member who has an admin's name is no admin, in the room or in private."""
    await hall.warn()
    asked = room_message("/why", chat_id="a@chatroom", talker_id="eve", talker_name="boss")
    exchange = Exchange(asked, cleaned="/why")

    assert exchange == await hall.commands.in_room(exchange)
    assert await hall.ask("/why", "eve") is None


async def test_an_admin_of_one_room_decides_there_alone(hall: Hall) -> None:
    """Nothing of another room is told or changed, whatever number is named."""
    step = await hall.warn()
    await hall.hear("踢球吗", room="b@chatroom")

    assert await hall.call("/错", "li") is None
    assert f"没有 #{step.id} 这件事。" == await hall.ask(f"/错 #{step.id}", "li")
    assert f"没有 #{step.id} 这件事。" == await hall.call(f"/错 {step.id}", "li", room="b@chatroom")
    assert "足球群" in (await hall.ask("/mood", "li") or "")


async def test_others_are_refused_in_private_only(hall: Hall) -> None:
    """A member is told so in private, and in the room the text is nobody's business."""
    asked = Exchange(private_message("/心情"), cleaned="/心情")
    room = Exchange(room_message("/心情"), cleaned="/心情")
    refused = hall.commands.refuse(asked)

    assert (Source.COMMAND, "mood") == (
        refused.reply and (refused.reply.source, refused.reply.name)
    )
    assert "这个只有群管理员能用哦。" == _text(refused)
    assert room == hall.commands.refuse(room)


async def test_a_room_that_is_not_moderated_can_be_told_to_be(hall: Hall) -> None:
    """With the mode off only /mode is heard there."""
    await hall.call("/模式 关")

    assert await hall.call("/mood") is None
    assert "「同学群」现在是「旁观」：只记录，不说话。" == await hall.call("/模式 旁观")


async def test_help_names_them_to_admins(hall: Hall) -> None:
    """Members are not shown commands that are not for them."""
    told = [
        hall.commands.help(asked)
        for asked in (
            private_message(talker_id="boss"),
            private_message(),
            room_message(chat_id="b@chatroom", talker_id="li"),
            room_message(chat_id="a@chatroom", talker_id="li"),
        )
    ]

    assert [9, 0, 8, 0] == list(map(len, told))


async def test_without_owner_and_admins_nobody_decides(hall: Hall) -> None:
    """An empty id is nobody's."""
    alone = Hall(hall.log, hall.clock, hall.orders, ruleset.Moderation(), owner="")

    assert [None, None] == [await alone.ask("/mood", ""), await alone.call("/mood", "")]


# Which room


async def test_the_only_room_is_meant(hall: Hall) -> None:
    """With one room to decide in, nothing is asked."""
    await hall.hear("在吗")

    assert (await Hall(hall.log, hall.clock, hall.orders, ruleset.Moderation()).ask("/mood")) == (
        "「同学群」最近两小时 1 条：平静 1"
    )


async def test_of_several_rooms_one_is_chosen(hall: Hall) -> None:
    """They are listed; the choice lasts, also over a restart."""
    await hall.hear("在吗")
    await hall.hear("踢球吗", room="b@chatroom")

    assert "说的是哪个群？先选一个：\n1. 「同学群」\n2. 「足球群」\n选法：/群 1" == await hall.ask(
        "/mood"
    )
    assert "好，接下来说的是「足球群」。" == await hall.ask("/群 2")
    orders = await Orders.load(OrderStore(hall.log), clock=hall.clock)
    later = Hall(hall.log, hall.clock, orders)
    assert "足球群" in (await later.ask("/mood") or "")
    assert "好，接下来说的是「同学群」。" == await later.ask("/room 同学")
    assert "现在说的是「同学群」" in (await later.ask("/群") or "")


@pytest.mark.parametrize("wanted", ["3", "0", "没有这个", "群", "²"])
async def test_no_room_is_guessed(hall: Hall, wanted: str) -> None:
    """A number past the list, a name of none or of two."""
    await hall.hear("在吗")
    await hall.hear("踢球吗", room="b@chatroom")

    assert (await hall.ask(f"/群 {wanted}") or "").startswith("没有找到这个群")


async def test_the_room_last_alerted_of_is_meant(hall: Hall) -> None:
    """What an admin was just told of needs no name."""
    await hall.hear("在吗")
    await hall.hear("踢球吗", room="b@chatroom")
    store = AlertStore(hall.log)
    raised = await store.raise_(
        Alert(AlertKind.HEAT, "…", "b@chatroom"), "boss", hall.clock(), hall.clock() + 60
    )
    told = notice("boss", None, "…", "alert-heat")
    await hall.log.record(replace(told, outcome=Outcome.SENT))
    await store.told(raised.number, told.id)

    assert "足球群" in (await hall.ask("/mood") or "")


async def test_a_room_is_known_by_its_latest_name(hall: Hall) -> None:
    """Of a group that was renamed the new name is shown, and a private chat is no group."""
    await hall.hear("在吗")
    renamed = room_message("在的", chat_id="a@chatroom", room_name="老同学群")
    await hall.log.record(Exchange(renamed, cleaned="在的"))
    await hall.log.record(Exchange(private_message("你好"), cleaned="你好"))

    hall.clock.pass_by(1)

    assert (
        "说的是哪个群？先选一个：\n1. 「…b@chatroom」\n2. 「老同学群」\n选法：/群 1"
        == await hall.ask("/群")
    )


async def test_with_pseudonyms_rooms_are_known_by_their_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Codes are no ids: a room is offered where the settings name it or a step was taken."""
    monkeypatch.setenv("YIXIN_AUDIT_KEY", "a key of sixteen and more")
    place, clock = settings.Audit(folder=str(tmp_path / "coded"), pseudonyms=True), Clock(NOW)
    async with await AuditLog.open(place, RUN, clock=clock) as log:
        hall = Hall(log, clock, Orders(OrderStore(log), clock=clock), ruleset.Moderation())
        await hall.hear("在吗", room="b@chatroom")
        step = await hall.warn()
        said = await hall.ask("/why 小明") or ""

    assert f"#{step.id} " in said
    assert "「…a@chatroom」对 小明" in said
    assert INSULT in said


async def test_an_admin_without_a_room_is_told_so(hall: Hall) -> None:
    """Before anybody wrote in any room there is nothing to decide."""
    alone = Hall(hall.log, hall.clock, hall.orders, ruleset.Moderation())

    assert "还没有由你管的群说过话，等有人说话了再来问我。" == await alone.ask("/mood")


# What is told


async def test_why_shows_everything_in_private(hall: Hall) -> None:
    """Step, points, rule, and the messages with their moods."""
    step = await hall.warn()
    said = await hall.ask(f"/why #{step.id}") or ""

    for part in (
        "「同学群」对 小明：提醒，做了",
        "规则：火气，当时 3.2 分，模式：提醒",
        INSULT,
        "生气 0.93",
        "冒犯 0.88",
    ):
        assert part in said


async def test_why_quotes_nobody_in_the_room(hall: Hall) -> None:
    """There the words are left out: an insult is not said twice."""
    step = await hall.warn()
    said = await hall.call("/why") or ""

    assert f"#{step.id}" in said
    assert INSULT not in said


async def test_why_of_the_owner_may_be_about_another_chat(hall: Hall) -> None:
    """Where no member of that name has a step, the question passes on; an admin is told so."""
    await hall.warn(room="b@chatroom")
    await hall.ask("/群 足球群")

    assert "小明" in (await hall.ask("/why 小明") or "")
    assert await hall.ask("/why 老王") is None
    assert "没有 #99 这件事。" == await hall.ask("/why 99")
    assert "最近说过话的人里没有叫「老王」的。" == await hall.ask("/why 老王", "li")


async def test_the_mood_of_a_room_pillories_nobody(hall: Hall) -> None:
    """Who has points is told in private only, and of one member only there."""
    await hall.warn()
    in_room = await hall.call("/mood") or ""

    assert "「同学群」最近两小时 1 条：生气 1；带火气的 1 条" in in_room
    assert "小明" not in in_room
    assert "谁心情怎么样，私聊里问我吧。" == await hall.call("/mood 小明")


async def test_the_mood_of_a_member(hall: Hall) -> None:
    """A day of one person's messages, and the points of now."""
    await hall.warn()
    await hall.hear("哈哈", "hong", name="小红")
    await hall.ask("/群 同学群")
    said = await hall.ask("/心情 小明") or ""

    assert said.startswith("小明 在「同学群」一天内 1 条：生气 1")
    assert said.endswith("现在 1.5 分")
    assert "记着分的：小明 1.5 分" in (await hall.ask("/心情") or "")


@pytest.mark.parametrize("text", ["/why", "/right", "/wrong"])
async def test_a_room_without_steps_says_so(hall: Hall, text: str) -> None:
    """There is nothing to explain or to mark."""
    assert "「同学群」里最近一个月没有这样的事。" == await hall.call(text)


async def test_a_note_is_not_what_is_meant(hall: Hall) -> None:
    """/wrong means the last step that was felt, not a note taken since."""
    step = await hall.warn()
    await hall.conduct.take(replace(step, action=Action.NOTE))
    await hall.call("/wrong")
    marked = await hall.conduct.step(step.id)

    assert marked is not None
    assert Mark.WRONG is marked.mark


# What is ordered


async def test_a_wrong_step_is_forgiven_and_learnt_from(hall: Hall) -> None:
    """Marked, its points gone, its reading put right; and all of it taken back by /right."""
    step = await hall.warn()
    wrong = await hall.call("/错")
    after = (hall.tally.points("a@chatroom", "ming"), await hall.labels())
    again = await hall.call(f"/错 {step.id}")
    right = await hall.ask(f"/对 #{step.id}")

    assert "记为「错」，那条消息的分撤销了，以后照这个学。" in (wrong or "")
    assert (0.0, [(INSULT, "neutral"), (INSULT, "safe")]) == after
    assert "之前就记过了。" in (again or "")
    assert "记为「对」，之前的更正收回了。" in (right or "")
    assert (1.5, []) == (hall.tally.points("a@chatroom", "ming"), await hall.labels())


async def test_forgiving_clears_the_points(hall: Hall) -> None:
    """By @mention or by name; who has none is said so."""
    await hall.warn()

    assert "好，小明 在「同学群」的分清掉了（1 条）。" == await hall.call(
        "/forgive @小明", mentions=("ming",)
    )
    assert 0.0 == hall.tally.points("a@chatroom", "ming")
    assert "小明 在「同学群」没有记着的分。" == await hall.call("/原谅 小明")
    assert "是谁？如 /forgive 小明" == await hall.call("/原谅")


async def test_exempting_and_taking_it_back(hall: Hall) -> None:
    """For one room, until it is taken back."""
    await hall.hear("在吗")
    await hall.call("/豁免 小明")

    assert hall.rooms.is_exempt("a@chatroom", "ming")
    assert not hall.rooms.is_exempt("b@chatroom", "ming")
    assert "好，小明 和大家一样记分了。" == await hall.call("/豁免 小明 取消")
    assert not hall.rooms.is_exempt("a@chatroom", "ming")


async def test_two_members_of_one_name_are_asked_back(hall: Hall) -> None:
    """Nobody is exempted by a guess; the number of the list says who is meant."""
    await hall.hear("在吗", "ming-1111")
    await hall.hear("在的", "ming-2222")
    said = await hall.call("/豁免 小明") or ""

    assert "1. 小明（…1111）\n2. 小明（…2222）" in said
    await hall.call("/豁免 小明 2")
    assert hall.rooms.is_exempt("a@chatroom", "ming-2222")
    assert not hall.rooms.is_exempt("a@chatroom", "ming-1111")


async def test_modes_are_ordered_by_their_names(hall: Hall) -> None:
    """In both languages; 默认 is what the settings say; another word is asked back."""
    said = [await hall.call(f"/mode {mode}") for mode in ("enforce", "提醒", "默认", "strict")]
    modes = ("执行", "提醒", "旁观", "没有「strict」这种模式")

    assert all(mode in (line or "") for mode, line in zip(modes, said, strict=True))
    assert "shadow" == hall.rooms.mode("a@chatroom")


async def test_quiet_is_the_rooms_there_and_the_admins_in_private(hall: Hall) -> None:
    """30m in the room: nothing is said there; in private: nothing is told to that admin."""
    assert "好，30 分钟内我在这个群不劝也不提醒，照常记录。" == await hall.call("/quiet 30m")
    assert "好，2 小时内群里的事不来打扰你，照常记录。" == await hall.ask("/安静 两小时")
    assert hall.rooms.is_quiet("a@chatroom")
    assert hall.orders.find(OrderKind.QUIET, person_id="boss") is not None
    assert "是多久？" in (await hall.call("/quiet 一会儿") or "")
    assert "好，不静音了。" == await hall.call("/安静 取消")
    assert not hall.rooms.is_quiet("a@chatroom")


async def test_the_digest_is_not_for_the_room(hall: Hall) -> None:
    """Asked for in the room, it is sent to the admin; in private it is the answer."""
    assert "日报私下发给你了。" == await hall.call("/digest")
    [told] = hall.said
    assert (told.message.chat_id, told.reply and told.reply.picture) == ("boss", b"\x89PNG")
    await hall.hear("在吗")
    await hall.ask("/群 同学群")
    assert "同学群今天很平静，小明说…" == await hall.ask("/日报")


async def test_a_digest_for_the_room_is_shown_there(hall: Hall) -> None:
    """Where the settings say so, without the quotations."""
    open_ = Hall(hall.log, hall.clock, hall.orders, ruleset.Moderation(digest_to="room"))

    assert "同学群今天很平静" == await open_.call("/digest")
    assert [] == open_.said


async def test_hostile_names_are_only_text(hall: Hall) -> None:
    """Patterns, format fields and line breaks in a name change nothing but how it is shown."""
    await hall.hear("在吗", "eve", name="(a+)+$\n{x}%s")
    said = await hall.call("/豁免 (a+)+$")

    assert "好，「同学群」里不再给 (a+)+$ {x}%s 记分。取消：/豁免 (a+)+$ {x}%s 取消" == said


async def test_answers_are_commands_on_record(hall: Hall) -> None:
    """Each is counted under its English name, and calls on whoever asked."""
    asked = Exchange(room_message("/模式", chat_id="a@chatroom", talker_id="boss"), cleaned="/模式")
    answered = await hall.commands.in_room(asked)

    assert Outcome.DECIDED is answered.outcome
    assert Reply("", Source.COMMAND, "mode") == replace(
        answered.reply or Reply("", Source.MODEL), text=""
    )
