from __future__ import annotations

import time

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from handlers.sentences import cut_off, end_at_sentence, split

FAMILY = "👨\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "max_chars", "expected"),
    [
        ("你好。今天天气不错，我们可以去公", 200, "你好。"),
        ("你好！今天天气不错。我们可以去公", 200, "你好！今天天气不错。"),
        ("太好了！！！真的", 200, "太好了！！！"),
        ("他说：“好。”然后", 200, "他说：“好。”"),
        ("好呀～明天", 200, "好呀～"),
        ("嗯……那个", 200, "嗯……"),
        ("太好了！😊明天", 200, "太好了！😊"),
        ("太好了😊明天", 200, "太好了😊"),
        ("没事的[拥抱]我", 200, "没事的[拥抱]"),
        (f"一家人{FAMILY}去", 200, f"一家人{FAMILY}"),
        ("第一行\n第二", 200, "第一行"),
        ("I'm fine. Thank you", 200, "I'm fine."),
        ('He said "ok." Then', 200, 'He said "ok."'),
        ("Pi is 3.14 or so. And e", 200, "Pi is 3.14 or so."),
        ("Ask Mr. Wang. He kn", 200, "Ask Mr. Wang."),
        ("看 a.com 吧。然", 200, "看 a.com 吧。"),
        ("要3～5天。可能", 200, "要3～5天。"),
        ("Go Yixin™ go. Now", 200, "Go Yixin™ go."),
        # fits and has no end at all: a line of chat
        ("好的呀", 200, "好的呀"),
        ("嗯嗯，我在听", 200, "嗯嗯，我在听"),
        # too long, no end: a clause, a space, a grapheme
        ("我觉得挺好的，不过还是要看你自己怎么想", 10, "我觉得挺好的"),
        ("one two three four", 12, "one two"),
        ("天地玄黄宇宙洪荒日月盈昃", 5, "天地玄黄宇"),
        (f"你好{FAMILY}呀", 5, "你好"),
        (f"你好{FAMILY}呀好好", 7, f"你好{FAMILY}"),
        ("啊e\u0301\u0301\u0301啊啊啊啊", 3, "啊"),
        ("❤️❤️❤️", 3, "❤️"),
        ("……你好你好你好你好", 6, "……你好你好"),
        (FAMILY * 3, 3, ""),
        ("", 10, ""),
        ("  好。  ", 10, "好。"),
    ],
)
def test_texts_end_where_a_person_would_end(text: str, max_chars: int, expected: str) -> None:
    """At the last sentence within the limit, else a clause, else between graphemes."""
    assert expected == end_at_sentence(text, max_chars)


@pytest.mark.parametrize(
    ("text", "max_chars", "expected"),
    [
        ("好的。", 10, ("好的。",)),
        ("第一句话。第二句话。第三句话。", 10, ("第一句话。第二句话。", "第三句话。")),
        ("第一句话。第二句话。第三句话。", 12, ("第一句话。第二句话。", "第三句话。")),
        ("他说：“我不去。”我说好。", 9, ("他说：“我不去。”", "我说好。")),
        ("太好了！😊 明天我们见面吧。", 10, ("太好了！😊", "明天我们见面吧。")),
        ("我觉得挺好的，不过还是要看你", 10, ("我觉得挺好的，", "不过还是要看你")),
        ("one two three four five", 10, ("one two", "three four", "five")),
        ("天地玄黄宇宙洪荒日月盈昃", 10, ("天地玄黄宇宙洪荒日月", "盈昃")),
        ("一\n二\n三四五六七八九十一", 10, ("一\n二", "三四五六七八九十一")),
        (FAMILY * 3, 5, (FAMILY, FAMILY, FAMILY)),
        (FAMILY * 2, 3, (FAMILY, FAMILY)),
        ("", 10, ()),
        (" \n ", 10, ()),
    ],
)
def test_long_replies_are_split(text: str, max_chars: int, expected: tuple[str, ...]) -> None:
    """Each piece ends at a sentence if one fits, and no emoji is ever halved."""
    assert expected == split(text, max_chars)


@pytest.mark.parametrize(
    "text",
    [
        "我觉得可以，但是",
        "我觉得可以，因为",
        "他很好，而且，",
        "可以试试看，比如",
        "我和",
        "周末去公园和",
        "我把",
        "他说：“我不去",
        "推荐《你好，李焕英",
        "「这件事",
        'He said "no',
        "他没来（听说是因为路上堵车",
        "I was happy but",
        "Rest a bit and",
        "Because of the",
    ],
)
def test_fragments_are_known(text: str) -> None:
    """A connective at the end, an open quote or an open bracket with words in it."""
    assert cut_off(text)


@pytest.mark.parametrize(
    "text",
    [
        "好的",
        "没事的",
        "会好的",
        "真暖和",
        "你俩挺随和",
        "以后再说吧",
        "太好了！明天见",
        "他说：“好。”",
        "《你好，李焕英》挺好看",
        "我没事（逃",
        "别提了 :(",
        "(＞﹏＜",
        '这屏幕27"',
        "好呀～",
        "就是因为你呀",
        "So do I",
        "That's what friends are for",
        "I'm here for you",
        "",
    ],
)
def test_lines_of_chat_are_whole(text: str) -> None:
    """Nobody has to end with a mark; jokes after a bracket and sad faces are no cuts."""
    assert cut_off(text) is None


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("太好了！明天", False),
        ("那就早点", False),
        ("没事的", False),
        ("嗯嗯，我在听", False),
        ("Take care of", False),
        ("太好了！", True),
        ("早点睡。😊", True),
        ("早点睡[微笑]", True),
        ("好呀～", True),
        ("他说“好。”", True),
        ("I'm fine.", True),
        ("嗯……", True),
        ("", True),
    ],
)
def test_the_token_limit_leaves_no_benefit_of_the_doubt(text: str, whole: bool) -> None:
    """What the limit ended has to end in a mark or a face."""
    assert whole == (cut_off(text, is_finished=False) is None)


_pieces = st.sampled_from(
    [
        *(
            "你好",
            "。",
            "！",
            "，",
            "……",
            "～",
            "3",
            ".",
            "!",
            " ",
            "\n",
            "Mr",
            "word",
            "“",
            "”",
            "[微笑]",
        ),
        *(FAMILY, "❤️", "😊", "🇨🇳", "\u200d", "\u0301", "\ud800", ")", "\r\n", "\u1100", "\u1161"),
    ]
)
_texts = st.one_of(st.text(max_size=150), st.lists(_pieces, max_size=60).map("".join))


def graphemes(text: str) -> list[str]:
    return [match[0] for match in regex.finditer(r"\X", text)]


@given(_texts, st.integers(1, 60))
def test_the_end_is_a_prefix_that_fits(text: str, max_chars: int) -> None:
    """The result is the beginning of the text, within the limit, and splits no grapheme."""
    ended = end_at_sentence(text, max_chars)
    whole = text.strip()

    assert len(ended) <= max_chars
    assert whole.startswith(ended)
    assert graphemes(whole)[: len(graphemes(ended))] == graphemes(ended)


@given(_texts, st.integers(1, 60))
def test_splitting_loses_nothing(text: str, max_chars: int) -> None:
    """The pieces hold all but white space in order, and each fits or is a single grapheme."""
    pieces = split(text, max_chars)

    assert "".join(text.split()) == "".join("".join(pieces).split())
    assert all(len(piece) <= max_chars or len(graphemes(piece)) == 1 for piece in pieces)
    assert all(piece.strip() == piece != "" for piece in pieces)


@pytest.mark.parametrize("unit", ["。", "a", "a ", "😊", FAMILY, "\n", "[", "……”", "\u0301", "1."])
def test_long_texts_are_cut_quickly(unit: str) -> None:
    """20,000 characters are ended and split in under half a second of processor time."""
    text = (unit * 20_000)[:20_000]
    start = time.thread_time()
    end_at_sentence(text, 200)
    split(text, 90)
    cut_off(text)
    cut_off(text, is_finished=False)
    spent_s = time.thread_time() - start

    assert spent_s < 0.5
