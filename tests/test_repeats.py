from __future__ import annotations

import pytest

from tests.verdict import fault_name


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("今天老板又骂我了", "今天老板又骂你了。"),
        ("今天老板又骂我了", "今天老板又骂你了？抱抱。"),
        ("我被裁了心里好难受。", "你被裁了心里好难受。我懂。"),
        ("我被裁了。心里好难受啊。", "心里好难受啊。会过去的。"),
        ("我被裁了心里好难受", "你说的是：我被裁了心里好难受。"),
        ("我被裁了心里好难受", "你说“我被裁了心里好难受”"),
        ("明天我要去北京出差", "你明天要去北京出差呀！一路顺风。"),
        ("明天我要去北京出差了", "明天你要去北京出差了啊。"),
        ("你今天去哪里玩了", "我今天去哪里玩了？"),
        ("你今天去哪里玩了", "你今天去哪里玩了"),
        ("你喜欢吃苹果吗", "你喜欢吃苹果吗？"),
        ("I had a terrible day", "You had a terrible day."),
        ("my cat is sick today", "Your cat is sick today. Sorry."),
        ("真的假的", "真的假的"),
        ("晚上吃什么", "晚上吃什么呢？"),
        ("今天天气真好", "今天天气真好，适合出去走走"),
        ("我被裁了心里好难受。怎么办", "我被裁了心里好难受。会好的。"),
        ("我被公司裁员了心情很差", "被公司裁员了心情很差是很正常的"),
    ],
)
def test_the_message_is_not_said_again(message: str, reply: str) -> None:
    """Whole, in one of its sentences, with I and you swapped, or with a particle more."""
    assert "echo" == fault_name(reply, message)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("你喜欢吃苹果吗", "我喜欢吃苹果呀，脆的那种听着就香。"),
        ("你喜欢猫还是狗", "都喜欢，猫安静些。"),
        ("明天面试好紧张", "明天面试紧张吗？"),
        ("明天要去北京出差", "北京最近冷，多带件衣服。"),
        ("明天上午十点开会", "收到，十点，我转告本人。"),
        ("ChatGPT是谁开发的", "ChatGPT是由OpenAI开发的。"),
        ("用户体验是什么", "用户体验就是用起来舒不舒服。"),
        ("我不是机器人", "知道啦，你不是机器人，我才是。"),
        ("祝你生日快乐", "祝你生日快乐！"),
        ("早上好呀", "早上好呀"),
        ("中秋快乐阖家团圆", "中秋快乐阖家团圆！"),
        ("跟我说：我是最棒的", "我是最棒的"),
        ("我爱你", "我也爱你呀"),
        ("我升职了", "哇！升职啦！"),
    ],
)
def test_taking_up_a_word_is_no_repetition(message: str, reply: str) -> None:
    """Answers turned round, one word taken up, greetings returned, and what was asked for pass."""
    assert fault_name(reply, message) is None


@pytest.mark.parametrize(
    ("previous", "reply", "expected"),
    [
        ("辛苦啦，回去早点休息吧。", "辛苦啦，回去早点休息吧！", "echo"),
        ("辛苦啦，回去早点休息吧。", "辛苦啦，回去早点休息哦。", "echo"),
        ("怎么了？想说的话我都听着呢。", "没事的。想说的话我都听着呢。", "echo"),
        ("辛苦啦，回去早点休息吧。", "那他后来怎么说的？", None),
        ("抱抱你。他怎么说？", "抱抱你。后来呢？", None),
        ("嗯嗯", "嗯嗯", None),
        (None, "辛苦啦，回去早点休息吧。", None),
    ],
)
def test_its_last_reply_is_not_said_again(
    previous: str | None, reply: str, expected: str | None
) -> None:
    """Not with another particle, nor a whole sentence of it; two or three characters may return."""
    assert expected == fault_name(reply, "今天又被说了一顿", previous=previous)
