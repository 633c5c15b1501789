"""The owner's questions, told from small talk."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.questions import MAX_CHARS, Period, Question, Topic, question

YESTERDAY, TODAY, WEEK = Period.YESTERDAY, Period.TODAY, Period.WEEK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("今天怎么样", Question(Topic.DAY, TODAY)),
        ("今天发生了什么？", Question(Topic.DAY, TODAY)),
        ("有什么消息吗", Question(Topic.DAY)),
        ("昨天有什么事", Question(Topic.DAY, YESTERDAY)),
        ("今天谁找过我呀", Question(Topic.DAY, TODAY)),
        ("帮我总结一下这周", Question(Topic.DAY, WEEK)),
        ("今天 全部", Question(Topic.DAY, TODAY, is_whole=True)),
        ("What happened yesterday?", Question(Topic.DAY, YESTERDAY)),
        ("what did I miss this week", Question(Topic.DAY, WEEK)),
        ("谁不高兴", Question(Topic.UPSET, word="不高兴")),
        ("今天有没有人在生气？", Question(Topic.UPSET, TODAY, word="生气")),
        ("有人难过吗", Question(Topic.UPSET, word="难过")),
        ("who is upset?", Question(Topic.UPSET, word="upset")),
        ("有急事吗", Question(Topic.URGENT)),
        ("今天有没有什么急事", Question(Topic.URGENT, TODAY)),
        ("急事转给我", Question(Topic.FORWARD)),
        ("有急事就马上告诉我", Question(Topic.FORWARD)),
        ("别转了", Question(Topic.FORWARD, is_on=False)),
        ("急事不用转给我了", Question(Topic.FORWARD, is_on=False)),
        ("stop forwarding urgent messages", Question(Topic.FORWARD, is_on=False)),
        ("我有哪些提醒", Question(Topic.REMINDERS)),
        ("看看我的提醒", Question(Topic.REMINDERS)),
        ("取消提醒2", Question(Topic.CANCEL, number=2)),
        ("取消提醒 #12", Question(Topic.CANCEL, number=12)),
        ("删掉3号提醒", Question(Topic.CANCEL, number=3)),
        ("不用提醒我了", Question(Topic.CANCEL)),
        ("你怎么回小明的", Question(Topic.SAID, name="小明")),
        ("你是怎么回复「小明」的？", Question(Topic.SAID, name="小明")),
        ("你昨天和张 三聊了什么", Question(Topic.SAID, YESTERDAY, name="张 三")),
        ("你给我妈回了什么", Question(Topic.SAID, name="我妈")),
        ("what did you tell Bob Smith", Question(Topic.SAID, name="Bob Smith")),
        ("为什么没回小明", Question(Topic.WHY, name="小明")),
        ("你怎么一直不理老王的消息", Question(Topic.WHY, name="老王")),
        ("/why 小明", Question(Topic.WHY, name="小明")),
        ("why didn't you answer Bob", Question(Topic.WHY, name="Bob")),
        ("why were you silent to Bob", Question(Topic.WHY, name="Bob")),
        ("怎么不回小明消息", Question(Topic.WHY, name="小明")),
        ("你回小明了吗", Question(Topic.SAID, name="小明")),
        ("小明今天说了什么", Question(Topic.HEARD, TODAY, name="小明")),
        ("小红是不是生气了", Question(Topic.HEARD, name="小红", word="生气")),
        ("小红心情怎么样", Question(Topic.HEARD, name="小红")),
        ("what did Bob say yesterday", Question(Topic.HEARD, YESTERDAY, name="Bob")),
        ("同学群今天聊了什么", Question(Topic.ROOM, TODAY, name="同学")),
        ("总结一下「同学群」", Question(Topic.ROOM, name="同学")),
        ("同学群的心情", Question(Topic.ROOM, name="同学")),
        ("今天工作群怎么样？", Question(Topic.ROOM, TODAY, name="工作")),
        ("总结一下家人群昨天的气氛", Question(Topic.ROOM, YESTERDAY, name="家人")),
        ("summarize the family group", Question(Topic.ROOM, name="family")),
    ],
)
def test_questions_are_recognised(text: str, expected: Question) -> None:
    """Each of them by its words, with days, names and numbers."""
    assert expected == question(text)


@pytest.mark.parametrize(
    "text",
    [
        *("你好", "在吗", "哈哈哈", "我好难过", "今天天气怎么样", "最近怎么样", "你今天怎么样"),
        *("怎么回事", "你怎么回家", "怎么不理我", "为什么不回我", "你跟我说了什么", "别人怎么样"),
        *("有急事", "有人生气了", "谁在唱歌", "你觉得小明怎么样", "总结一下", "讲个笑话", "群"),
        *("转账了吗", "今天好累", "别说了", "what's up", "how are you", "why", "/help"),
        *("你怎么回" + "长" * MAX_CHARS, "", "？"),
    ],
)
def test_small_talk_is_no_question(text: str) -> None:
    """What people say to each other every day passes."""
    assert question(text) is None


@given(st.text(max_size=80))
def test_any_text_is_a_question_or_none(text: str) -> None:
    """No text raises, and a name is never empty space."""
    found = question(text)

    assert found is None or found.name == found.name.strip()


@pytest.mark.parametrize(
    "text",
    ["你怎么回" + "的" * 50, "总结一下" + "群" * 50, "今天" * 30, "那个" * 30, "有没有" * 20],
)
def test_hostile_questions_are_read_in_no_time(text: str) -> None:
    """Every pattern in under 50 ms (trap 15)."""
    start = time.perf_counter()
    question(text[:MAX_CHARS])

    assert time.perf_counter() - start < 0.05
