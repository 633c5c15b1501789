"""Scenes from groups and chats, at the in-process puppet and at the real npm gateway.

Moods are read by the real small model; replies are a script's. See ``towns``.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.engine import Engine
from engine.executor import InferenceExecutor
from engine.model import Model
from handlers.conduct import Step, StepState
from handlers.exchange import Action, Gate, Outcome
from handlers.filehelper import FILE_HELPER
from settings import Settings
from tests.house import config
from tests.towns import OWNER, PATIENCE_S, ROOM, Place, Town, place_of, steps_of, takeovers_of, town

pytestmark = [pytest.mark.model, pytest.mark.timeout(180)]

PEOPLE = ("wang", "li", "zhao", "admin", OWNER)
IN_PROCESS = pytest.param("in-process", id="in process")
#: Where every scene is played; at the gateway, which takes longer, most as long tests.
PLACES = [
    IN_PROCESS,
    pytest.param("gateway", id="at the gateway", marks=[pytest.mark.gateway, pytest.mark.soak]),
]
always_at_both = pytest.mark.parametrize(
    "place",
    [IN_PROCESS, pytest.param("gateway", id="at the gateway", marks=pytest.mark.gateway)],
    indirect=True,
)


@pytest.fixture
def engine(small_model: Model) -> Iterator[Engine]:
    engine = Engine(small_model, Settings(), InferenceExecutor(max_waiting=64))
    yield engine
    engine.close()


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with place_of(request.param) as place:
        yield place


def rules(folder: Path, mode: str = "warn", **sections: dict[str, object]) -> Settings:
    own: dict[str, dict[str, object]] = {
        "account": {"owner": OWNER},
        "moderation": {"mode": mode, "admins": ["admin"]},
    }
    for name, section in sections.items():
        own[name] = own.get(name, {}) | section
    return config(folder, **own)


@asynccontextmanager
async def furnished(settings: Settings, place: Place, engine: Engine) -> AsyncIterator[Town]:
    """The bot at work in a room of five."""
    async with town(settings, place, engine) as played:
        await played.meet(*PEOPLE)
        yield played


async def warned(it: Town) -> None:
    """Wang attacks Li until the room hears a warning."""
    for attack in ("@Li\u2005 你就是个废物", "@Li\u2005 傻逼，滚出去"):
        await it.write("wang", attack, mention=["li"])
    await it.hears(ROOM)


def taken(settings: Settings) -> Counter[tuple[str, Action]]:
    """Steps by person and action, notes left out."""
    steps: list[Step] = steps_of(settings)
    return Counter((s.person_id, s.action) for s in steps if s.action is not Action.NOTE)


@always_at_both
async def test_an_escalating_quarrel_is_calmed_once_before_anybody_is_warned(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """Two people who go for each other hear one calm line, both named; nobody else is named.

    Where they go on, the admins are shown the words of both.
    """
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        await it.write("zhao", "周末的活动大家报名了吗")
        await it.write("wang", "你上次说好的又没来，耍我们玩呢？")
        await it.write("li", "我加班到十点你没看见？说话注意点")
        await it.write("wang", "@Li\u2005 少装了，你就是个骗子，废物一个", mention=["li"])
        await it.write("li", "@Wang\u2005 你才是废物，闭嘴吧你，有病", mention=["wang"])
        await it.write("wang", "@Li\u2005 滚，看见你就恶心，垃圾", mention=["li"])
        await it.write("li", "@Wang\u2005 你算什么东西，傻逼一个", mention=["wang"])
        calm = await it.hears(ROOM)
        await it.write("zhao", "别吵啦别吵啦")
        await it.write("wang", "@Li\u2005 还不滚？你就是个笑话，废物", mention=["li"])
        await it.write("li", "@Wang\u2005 你先滚，贱人", mention=["wang"])
        alert = await it.hears("admin")

    assert all(part in alert.text for part in ("Wang", "Li", "骗子", "闭嘴"))
    assert "原文已删除" not in alert.text
    assert set(calm.mention_ids) == {"wang", "li"}
    assert len(it.told(ROOM)) == 1
    actions = {action for _, action in taken(settings)}
    assert Action.CALM in actions
    assert "zhao" not in {person for person, _ in taken(settings)}


async def test_one_sided_attacks_lead_to_a_warning_and_then_to_the_admins(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """Who goes on attacking somebody who does not answer is warned once, then told of."""
    settings = rules(tmp_path)
    attacks = (
        "@Li\u2005 你就是个废物，什么都做不好",
        "@Li\u2005 垃圾，滚出这个群",
        "@Li\u2005 你这个傻逼还有脸待着",
        "@Li\u2005 真恶心，你妈没教过你做人吗",
        "@Li\u2005 你去死吧，贱人",
    )
    async with furnished(settings, place, engine) as it:
        for attack in attacks:
            await it.write("wang", attack, mention=["li"])
        warning = await it.hears(ROOM)
        alert = await it.hears("admin")
        to_owner = await it.hears(OWNER)

    assert warning.mention_ids == ("wang",)
    assert len(it.told(ROOM)) == 1
    assert "Wang" in alert.text
    assert "Wang" in to_owner.text
    assert {"wang"} == {person for person, _ in taken(settings)}


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(
            [
                ("wang", "你可真行啊，又迟到半小时哈哈哈"),
                ("li", "哈哈哈哈打不死你，请你喝奶茶行了吧"),
                ("wang", "笑死，每次都这句，大骗子"),
                ("li", "你最好了你最好了🐶"),
            ],
            id="sarcasm among friends",
        ),
        pytest.param(
            [
                ("wang", "今天那个快递员气死我了，东西直接扔门口淋湿了"),
                ("wang", "打电话过去客服态度还特别差，什么垃圾公司"),
                ("li", "投诉他们，太过分了"),
            ],
            id="an angry customer about a third party",
        ),
        pytest.param(
            [
                (
                    "wang",
                    "「Li：你就是个废物，滚」\n- - - - - - - - - - - - - - -\n他居然这样说我，唉",
                ),
                ("zhao", "楼上引用的那句“你就是个废物”确实过分了"),
            ],
            id="a quoted insult",
        ),
        pytest.param(
            [
                ("admin", "@Wang\u2005 你个傻子，又忘了交作业，罚你请客"),
                ("admin", "@Wang\u2005 废物点心快来领奖"),
            ],
            id="an admin joking",
        ),
    ],
)
async def test_what_is_no_attack_leads_to_no_step(
    place: Place, engine: Engine, tmp_path: Path, lines: list[tuple[str, str]]
) -> None:
    """Nothing is said and nobody is warned."""
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        for who, text in lines:
            await it.write(who, text, mention=["wang"] if "@Wang" in text else ())

    assert [] == it.told(ROOM)
    assert Counter() == taken(settings)


async def test_shadow_says_nothing_and_keeps_what_it_would_have_done(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """In shadow the steps are on record as WOULD, and neither room nor admin hears a word."""
    settings = rules(tmp_path, mode="shadow")
    async with furnished(settings, place, engine) as it:
        for attack in (
            "@Li\u2005 你就是个废物",
            "@Li\u2005 傻逼，滚出去",
            "@Li\u2005 你真恶心，垃圾",
        ):
            await it.write("wang", attack, mention=["li"])

    assert [] == it.said
    states = {step.state for step in steps_of(settings)}
    assert {StepState.WOULD} == states


async def test_a_raid_is_told_of_once(place: Place, engine: Engine, tmp_path: Path) -> None:
    """Twenty newcomers who post the same advertisement: one alert of the raid to each admin."""
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        for number in range(20):
            await it.place.come(f"new{number}")
        for number in range(20):
            await it.write(f"new{number}", f"免费领福利加微信 vx88{number}")
        raid = await it.hears("admin")

    assert "20" in raid.text or "10" in raid.text
    assert 1 == sum("加入" in text or "进群" in text or "新人" in text for text in it.told("admin"))


@always_at_both
async def test_an_appeal_reaches_the_admins_and_an_overturned_warning_is_forgiven(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """申诉 after a warning: an admin gets the evidence, says 好, and the points are gone."""
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        await warned(it)
        await it.write("wang", "申诉 我们平时就这么开玩笑的")
        appeal = await it.hears("admin", "申诉")
        await it.write("admin", "好", private=True)
        await it.hears("admin")
        mood = await it.write("admin", "/mood wang", private=True)

    assert "废物" in appeal.text
    assert mood.reply is not None
    marks = {step.mark for step in steps_of(settings) if step.action is Action.WARN}
    assert {"wrong"} == {str(mark) for mark in marks}


async def test_a_wrong_correction_can_be_taken_back(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """/wrong forgives and keeps a correction; /right takes both back."""
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        await warned(it)
        wrong = await it.write("admin", "/wrong", private=True)
        right = await it.write("admin", "/right", private=True)

    assert wrong.reply is not None
    assert right.reply is not None
    [warn] = [step for step in steps_of(settings) if step.action is Action.WARN]
    assert "right" == str(warn.mark)


@always_at_both
async def test_the_owner_who_types_takes_over_in_the_middle_of_a_reply(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """A reply being written when the owner types there never leaves, nor does the next one."""
    settings = rules(tmp_path, reply={"least_score": -5})
    async with furnished(settings, place, engine) as it:
        it.reader.may_write.clear()
        await it.begin("wang", "下班路上看到一只橘猫", private=True)
        async with asyncio.timeout(PATIENCE_S):
            await it.reader.is_writing.wait()
        await it.begin("bot", "我自己来回你，是上次那只吗", to="wang")
        await it.until(lambda: takeovers_of(settings) == ["wang"])
        it.reader.may_write.set()
        dropped = await it.ending("下班路上看到一只橘猫")
        silent = await it.write("wang", "对就是它", private=True)

    assert Gate.TAKEN_OVER is dropped.gate
    assert Gate.TAKEN_OVER is silent.gate
    assert [] == [text for text in it.told("wang") if "我自己来回你" not in text]


async def test_distress_gets_the_fixed_text_and_the_owner_is_told_at_once(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """Words of self-harm: the persona's fixed text, and an alert that 好 answers by taking over."""
    settings = rules(tmp_path)
    async with furnished(settings, place, engine) as it:
        said = await it.write("wang", "我真的不想活了", private=True)
        alert = await it.hears(OWNER)
        await it.write(OWNER, "好", private=True)
        silent = await it.write("wang", "你还在吗", private=True)

    assert said.reply is not None
    assert "distress" == said.reply.name
    assert "Wang" in alert.text
    assert Gate.TAKEN_OVER is silent.gate


async def test_an_owner_with_one_account_answers_alerts_in_the_file_helper(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """文件传输助手 as owner: told there, answered there, and never in talk with itself."""
    settings = rules(tmp_path, account={"owner": FILE_HELPER})
    async with furnished(settings, place, engine) as it:
        await it.write("wang", "我真的不想活了", private=True)
        await it.hears(FILE_HELPER, "Wang")
        await it.write("bot", "记得买牛奶", to=FILE_HELPER)
        await it.write("bot", "好", to=FILE_HELPER)
        await it.hears(FILE_HELPER, "你来陪")
        silent = await it.write("wang", "你还在吗", private=True)

    assert Gate.TAKEN_OVER is silent.gate
    assert 2 == len(it.told(FILE_HELPER))


async def test_two_bots_facing_each_other_fall_silent(
    place: Place, engine: Engine, tmp_path: Path
) -> None:
    """Answers to one who writes on and on like a bot end by themselves, without a word of it."""
    settings = rules(tmp_path, deliver={"loop_turns": 6})
    async with furnished(settings, place, engine) as it:
        endings = [
            await it.write("wang", f"收到，第 {n} 条自动回复", private=True) for n in range(9)
        ]

    assert sum(ending.outcome is Outcome.SENT for ending in endings) <= 6
