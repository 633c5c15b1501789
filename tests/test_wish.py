"""Wishes to be reminded, told from talk about reminding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.reminder_lines import asked_back
from assistant.times import Doubt
from assistant.wish import MAX_CHARS, Wish, wish
from tests.test_times import CHINA, NOW, at

MORNING = at("2026-11-19T09:00")


@pytest.mark.parametrize(
    "text",
    [
        "明早九点提醒我开会",
        "提醒我明早九点开会",
        "提醒我开会，明早九点",
        "提醒我开会明早九点",
        "请你明早九点提醒我一下开会。",
        "能不能明早九点提醒我开会？",
        "麻烦明天上午9点记得提醒我要开会哦，谢谢",
        "那明早九点叫我开会吧",
        "设个提醒，明早九点开会",
        "好的，提醒我明天 9:00 开会",
    ],
)
def test_the_time_stands_before_the_matter_or_after(text: str) -> None:
    """However politely it is put, the time and the matter come out the same."""
    found = wish(text, NOW, CHINA)

    assert found is not None
    assert ("开会", MORNING, None) == (found.matter, found.at, found.doubt)


@pytest.mark.parametrize(
    ("text", "matter"),
    [
        ("remind me to call mum tomorrow at 9am", "call mum"),
        ("Remind me tomorrow 9am to call mum", "call mum"),
        ("tomorrow 9am please remind me to call mum", "call mum"),
        ("明天九点到公司提醒我打卡", "到公司打卡"),
        ("提醒我明早九点看十点的电影", "看十点的电影"),
        ("明早九点提醒我", ""),
        ("明早九点提醒我去网吧", "去网吧"),
        ("帮我定个明早九点的闹钟", ""),
        ("明早九点闹钟", ""),
        ("提醒我明早九点给我妈打电话", "给我妈打电话"),
    ],
)
def test_the_matter_is_kept_as_it_was_put(text: str, matter: str) -> None:
    """In English too; with the place, without the time; none is none."""
    found = wish(text, NOW, CHINA)

    assert found is not None
    assert (matter, MORNING) == (found.matter, found.at)


@pytest.mark.parametrize(
    "text",
    [
        "谢谢你提醒我",
        "你提醒我了吗",
        "怎么没提醒我吃药",
        "我妈明早九点会提醒我吃药",
        "明早九点老板会提醒我们开会",
        "提醒我",
        "叫我小明就行",
        "你可以叫我老王",
        "明早九点开会",
        "提醒他明早九点开会",
        "昨天提醒我的事",
        "你会提醒我吗",
        "早上闹钟响了八遍没起来",
        "我爸天天提醒我要有理财观念",
        "提醒我" + "很" * MAX_CHARS + "明早九点",
    ],
)
def test_talk_about_reminding_is_no_wish(text: str) -> None:
    """What tells of a reminder, asks for none from the bot or is a letter passes."""
    assert wish(text, NOW, CHINA) is None


@pytest.mark.parametrize(
    ("text", "doubt", "asked"),
    [
        ("提醒我开会", Doubt.NONE, "好，什么时候提醒你？比如「明早九点提醒我开会」。"),
        ("提醒我明天交房租", Doubt.NO_HOUR, "「明天」几点呢？比如「明天上午9点提醒我交房租」。"),
        ("一会儿提醒我关火", Doubt.UNCLEAR, "「一会儿」我拿不准是哪个时候。"),
        ("提醒我9点到10点开会", Doubt.UNCLEAR, "「9点」我拿不准是哪个时候。"),
        ("今天上午九点提醒我开会", Doubt.PAST, "「今天上午九点」已经过了，要改到什么时候？"),
        ("25点提醒我睡觉", Doubt.NO_SUCH, "「25点」好像没有这个时间"),
        ("2099年1月1日上午9点提醒我", Doubt.FAR, "太远啦"),
        ("每天早上八点提醒我吃药", Doubt.REPEATED, "重复的提醒我还不会"),
        ("提醒我每周一早上九点开会", Doubt.REPEATED, "重复的提醒我还不会"),
        ("从明天起每天早上八点提醒我吃药", Doubt.REPEATED, "重复的提醒我还不会"),
        ("remind me every day at 9am to run", Doubt.REPEATED, "重复的提醒我还不会"),
    ],
)
def test_what_is_not_clear_is_asked_back(text: str, doubt: Doubt, asked: str) -> None:
    """No moment is guessed; the question names what is missing, in the asker's own words."""
    found = wish(text, NOW, CHINA)

    assert found is not None
    assert (None, doubt) == (found.at, found.doubt)
    assert asked in asked_back(found)


def test_the_words_of_the_time_are_not_eaten() -> None:
    """提醒我下午三点: the 下 is of the afternoon; 6:30 am is no 6:30 of the evening."""
    afternoon = wish("提醒我下午三点开会", NOW, CHINA)
    week = wish("提醒我下周三下午3点半开会", NOW, CHINA)
    early = wish("remind me at 6:30 am to run", NOW, CHINA)
    ten = wish("提醒我过10分钟关火", NOW, CHINA)

    assert afternoon is not None
    assert week is not None
    assert early is not None
    assert ten is not None
    assert ("下午三点", at("2026-11-18T15:00")) == (afternoon.words, afternoon.at)
    assert ("下周三下午3点半", at("2026-11-25T15:30")) == (week.words, week.at)
    assert ("run", at("2026-11-19T06:30")) == (early.matter, early.at)
    assert ("关火", NOW + 600) == (ten.matter, ten.at)


@pytest.mark.parametrize("doubt", list(Doubt))
def test_every_doubt_has_a_question(doubt: Doubt) -> None:
    """None of them is met with silence or a place left to fill in."""
    line = asked_back(Wish("{words}开会", "明天", None, doubt))

    assert line
    assert "{words}" not in line.replace("{words}开会", "")


@given(st.text(alphabet="提醒我叫请明早九点开会每天，。 remind to 25:00半小时后", max_size=60))
def test_any_text_is_a_wish_or_none(text: str) -> None:
    """No text raises, and what is a wish has a moment or a doubt."""
    found = wish(text, NOW, CHINA)

    assert found is None or (found.at is None) == (found.doubt is not None)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10秒后提醒我看锅", 10), ("30秒钟后叫我看锅", 30), ("提醒我90秒后看锅", 90)],
)
def test_seconds_are_told_in_seconds(text: str, seconds: int) -> None:
    """Whoever watches a pot means seconds."""
    found = wish(text, NOW, CHINA)

    assert found is not None
    assert ("看锅", NOW + seconds, None) == (found.matter, found.at, found.doubt)
