from __future__ import annotations

import itertools
import time

import pytest

from handlers.sanitize import MAX_CHARS
from moderation.hostile import hostile, is_banter, is_of_others, is_reported

#: Said to a member, or of one whose name stands here as 你.
HOSTILE = {
    "你就是个废物": "slur",
    "没教养的东西": "slur",
    "流氓！": "slur",
    "you are so stupid": "slur",
    "真不要脸": "contempt",
    "你也配说我": "contempt",
    "你脑子进水了吧": "contempt",
    "滚": "dismissal",
    "没人问你": "dismissal",
    "shut the hell up": "dismissal",
    "信不信我抽你": "threat",
    "难怪没人理你": "spite",
}
#: What shares its characters and hurts nobody.
HARMLESS = (
    *("不客气", "我试试看", "有种不好的预感", "打断一下，会议改到三点", "麻烦你再说一遍"),
    *("你孙子真可爱", "你的狗真乖", "你垃圾倒了吗", "你买了什么东西", "带点好吃的东西回来"),
    *("不好意思，来晚了", "你真了不起", "有什么好吃的", "谁能教我做饭", "抽奖攒人品"),
    *("装什么软件好", "看到你的消息了", "书没人要吗", "滚筒洗衣机", "你配钥匙去哪配的"),
    *("没关系，一会儿就会好", "算什么时候到", "你妈的手术顺利吗", "我退群了，大家再见"),
    *("狗吃什么粮好", "脸部护理多少钱", "背后有人吗", "看不懂什么意思", "wash your face first"),
)


@pytest.mark.parametrize(("text", "kind"), HOSTILE.items())
def test_what_hurts_the_reader_is_found(text: str, kind: str) -> None:
    """Names, contempt, dismissal, threats and spite, in Chinese and English, by their kind."""
    assert kind in hostile(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_everyday_words_are_none_of_it(text: str) -> None:
    """不客气 is no threat, 你的狗 no slur, 不好意思 no contempt."""
    assert () == hostile(text)


@pytest.mark.parametrize("text", ["他说“你就是个废物”", "「滚」是什么意思", '"shut up" in French?'])
def test_what_stands_in_quotation_marks_is_somebody_elses(text: str) -> None:
    """Words quoted hurt nobody, and that they are quoted is seen."""
    assert ((), True) == (hostile(text), is_reported(text))


def test_who_was_insulted_tells_of_it() -> None:
    """Somebody else's insult is told with 骂我, 被骂, a film or a question about the word."""
    told = ["他骂我猪脑子", "今天被客户骂了", "nmsl是什么缩写", "she called me a pig"]

    assert [True] * 4 == [is_reported(text) for text in told]
    assert not is_reported("你会不会说人话")


def test_laughter_and_faces_show_that_it_is_in_fun() -> None:
    """呵呵 and a name with 哈 in it do not."""
    fun = ["滚滚滚😂", "你个憨憨哈哈哈", "去死啦[狗头]", "lol you idiot", "笑死我了，废物"]

    assert [True] * 5 == [is_banter(text) for text in fun]
    assert not any(map(is_banter, ["呵呵，你也配", "哈尔滨的骗子", "[再见]"]))


def test_the_rest_of_the_world_is_told_from_the_reader() -> None:
    """Couriers, teams, clients and the writer; what names nobody is of nobody else."""
    assert all(map(is_of_others, ["那个司机真混蛋", "甲方有病", "我真是猪脑子", "he's an idiot"]))
    assert not is_of_others("真不要脸")


def test_no_text_keeps_a_pattern_busy() -> None:
    """4,000 characters that nearly match again and again: under 50 ms (trap 15)."""
    units = ("你", "你真", "没a", "谁你", "「你", "是什么", "脸皮", "you a ", "脑子", "，你的")
    for one, other in itertools.product(units, units):
        text = ((one + other) * MAX_CHARS)[:MAX_CHARS]
        start = time.thread_time()
        hostile(text)

        assert time.thread_time() - start < 0.05
