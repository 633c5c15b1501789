from __future__ import annotations

import pytest

from tests.verdict import fault_name


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("怎么联系", "加我微信 abc12345"),
        ("怎么联系", "微信号xiaoming2020"),
        ("怎么联系", "加vx：yixin_bot"),
        ("怎么联系", "加QQ 54321678"),
        ("怎么联系", "QQ12345"),
        ("怎么联系", "扣扣号是 123456"),
        ("怎么联系", "打一三八一二三四五六七八找我"),
        ("转给谁", "支付宝：amy@example.com"),
        ("转给谁", "卡号是6222021234567890"),
        ("微信号是abc12345", "好，微信号abc12346。"),
    ],
)
def test_numbers_and_names_out_of_nowhere_are_refused(message: str, reply: str) -> None:
    """Accounts without a colon and numbers in words are made up like any other."""
    assert "contact" == fault_name(reply, message)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("我的微信号是abc12345", "好，微信号abc12345，记下啦。"),
        ("加我吗", "微信上说就行。"),
        ("微信打不开", "微信8.0版本要不要更新一下？"),
        ("QQ还用吗", "QQ好久没人用了吧"),
        ("数到十", "一二三四五六七八九十，数完啦。"),
        ("哪年的事", "一九九八年的事了吧，具体我也不清楚。"),
        ("打一三八一二三四五六七八", "一三八一二三四五六七八，是这个号吧？"),
    ],
)
def test_what_was_sent_and_what_is_no_number_passes(message: str, reply: str) -> None:
    """An account the user sent may be repeated; apps, versions, years and counting are none."""
    assert fault_name(reply, message) is None
