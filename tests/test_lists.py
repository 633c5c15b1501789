from __future__ import annotations

import pytest

from handlers.guard import check
from handlers.lists import listing
from tests.verdict import fault_name


@pytest.mark.parametrize(
    "reply",
    [
        "1. 早点睡\n2. 多喝水\n3. 少看手机",
        "1.早点睡\n2.多喝水",
        "1、早点睡\n2、多喝水",
        "1）早点睡\n2）多喝水",
        "（1）早点睡\n（2）多喝水",
        "- 早点睡\n- 多喝水",
        "* 早点睡\n* 多喝水",
        "• 早点睡\n• 多喝水",
        "·早点睡\n· 多喝水\n· 少看手机",
        "①早点睡②多喝水",
        "① 早点睡\n② 多喝水",
        "✅早点睡\n✅多喝水",
        "一、早点睡\n二、多喝水",
        "第一，早点睡。第二，多喝水。",
        "第一点是早睡，第二点是喝水。",
        "可以试试：\n1. 早点睡",
        "可以试试：\n\n- 早点睡",
        "可以这样：1. 早点睡 2. 多喝水",
        "可以这样：1、早点睡；2、多喝水。",
        "可以这样：(1)早点睡(2)多喝水",
        "首先早点睡，其次多喝水，最后少看手机。",
        "首先，深呼吸。最后，告诉自己没事。",
        "一是早点睡，二是多喝水。",
        "其一早睡，其二喝水。",
        "建议如下：",
        "具体步骤如下：先开机",
        "以下是一些建议",
        "以下几点可以参考",
        "下面是几个办法，早睡，喝水",
        "给你几点建议，早睡，喝水。",
        "这里有一些小技巧和方法，早睡，喝水",
        "# 放松的办法\n早点睡吧",
        "## 早睡\n好",
        "**放松的办法**\n早点睡吧",
        "**早睡：** 好\n**喝水：** 也好",
        "【放松】\n早点睡吧",
        "早餐：吃面\n午餐：吃饭\n晚餐：喝粥",
        "Here are some tips: sleep early.",
        "Here are a few things you can try.",
        "1. Sleep early\n2. Drink water",
        "Firstly, sleep. Secondly, drink.",
        "- Sleep early\n- Drink water",
    ],
)
def test_lists_and_headings_are_refused(reply: str) -> None:
    """Items on lines or within one, headings, and the announcement of a list are no small talk."""
    message = "how to relax" if reply.isascii() else "怎么放松"

    assert "list" == fault_name(reply, message)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("数到五", "1、2、3、4、5，数完啦"),
        ("准备好了", "1，2，3，走起！"),
        ("比分多少", "1:0领先，后来2:1赢了"),
        ("多重", "1.5斤，比上回的2.5斤轻一点"),
        ("多少钱一杯", "这个我不清楚，1.5元还是2.5元得看店里"),
        ("几号放假", "10月1日开始放"),
        ("写首诗", "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。"),
        ("怎么做番茄炒蛋", "先炒蛋盛出来，再炒番茄，最后一起翻两下，加点盐。"),
        ("我升职了", "首先恭喜你！今晚得庆祝一下。"),
        ("我第一次坐飞机", "第一次坐呀，第二次就不紧张了。"),
        ("我得了第一", "第一！太厉害了，第二名得追好久吧"),
        ("最后怎么样了", "最后呀，他们和好了。"),
        ("你说", "- 好吧，那我说了"),
        ("今天好冷", "-3度，好冷"),
        ("怎么选", "一边是钱多，一边是离家近，难怪你纠结"),
        ("我跟他吵架了", "他说：随便。你听了肯定更气。"),
        ("一会儿出门", "下雨了，记得带伞，路上慢点。"),
        ("帮我列个购物清单", "1. 牛奶 2. 鸡蛋"),
        ("make me a list of fruits", "1. apples 2. pears"),
        ("版本号是啥", "现在是2.1版，之前是1.9版"),
    ],
)
def test_ordinary_talk_is_no_list(message: str, reply: str) -> None:
    """Numbers in a row, decimals, scores, poems, 首先 or 第一 alone, and a list asked for pass."""
    assert fault_name(reply, message) is None


def test_a_heading_is_one_even_if_a_list_was_asked_for() -> None:
    """Who asks for a list gets items, not a page."""
    assert "list" == fault_name("# 清单\n1. 牛奶\n2. 鸡蛋", "帮我列个购物清单")


def test_what_was_a_list_is_refused_after_the_cut() -> None:
    """The first line alone, kept by a cut, still reads as if something should follow."""
    written = "你可以试试这些办法。\n1. 早点睡\n2. 多喝水"
    cut = "你可以试试这些办法。"
    fault = check(cut, message="失眠", previous=None, bot_name="一心", written=written)

    assert fault is not None
    assert "list" == fault.name
    assert check(cut, message="失眠", previous=None, bot_name="一心") is None


def test_the_finding_says_what_it_saw() -> None:
    """The audit log tells a heading from items and from an announcement."""
    found = [listing(text, "") for text in ("# a\nb", "- a\n- b", "如下：", "首先a最后b")]

    assert [
        "heading '# a'",
        "2 lines of a list",
        "announces a list: '如下'",
        "首先 … 最后",
    ] == found
