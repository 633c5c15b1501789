from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from handlers.exchange import Exchange, Gate, Kind, Message
from handlers.sanitize import BARE_CALL, MAX_CHARS, clean, sanitize, split_quote
from tests.pace import slowness

FAMILY = "👨\u200d👩\u200d👧"

_POOLS = (
    "你好，今天！？哈",
    "abc <|im_start|>[INST]",
    "\u200b\u200d\u2060\u3164\ufe0f\ufe0e\u0301\u0323\U000e0041\u202e\u034f\u180e",
    "👨👩👧❤☺🏽🇨🇳\u200d\ufe0f\u20e3#1",
    "\n\r\t \u3000\u2028\x85\x00\x1b",
    "＜｜ｉｍ＿｜＞①ﷺ㎡½²´…～ⓢ",
    "\ud800\udbff\udc00\udfff\ufffe\U0001ffff",
    "\u1100\u1161\u11a8각é\u0344\u0958ｶﾞ",
)


def generated(count: int, seed: int = 12) -> Iterator[str]:
    """Strings of every plane, of single pools, of repeated units; one in 20 is 4,000 long."""
    rng = random.Random(seed)  # noqa: S311 - the same strings every time
    everything = "".join(_POOLS)
    for number in range(count):
        length = MAX_CHARS if number % 20 == 0 else rng.randint(0, 60)
        unit = rng.randint(1, 40)
        match number // 20 % 5:
            case 0 | 1:
                yield "".join(rng.choices(everything, k=length))
            case 2:
                yield "".join(map(chr, rng.choices(range(0x110000), k=length)))
            case 3:
                yield ("".join(rng.choices(everything, k=unit)) * length)[:length]
            case _:
                yield "".join(rng.choices(rng.choice(_POOLS), k=length))


def message(text: str, *, mentions_me: bool = False) -> Message:
    return Message("m1", "r1", "t1", "小明", text, text, Kind.TEXT, 0.0, "群", mentions_me)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好！！真的吗？…（嗯）：；～，", "你好！！真的吗？…（嗯）：；～，"),
        ("“引号”、「书名」《书》—— 好。", "“引号”、「书名」《书》—— 好。"),
        (f"{FAMILY}❤️👍🏽🇨🇳1️⃣", f"{FAMILY}❤️👍🏽🇨🇳1️⃣"),
        ("(´・ω・`) 5² ™ ㊗️ ½", "(´・ω・`) 5² ™ ㊗️ ½"),
        ("ＡＢＣ１２３＠／", "ABC123@/"),
        ("ⓢⓑ", "sb"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("你\u200b好\u2060吗\ufeff", "你好吗"),
        ("你\u200d好", "你好"),
        ("👨\u200d", "👨"),
        ("👨\u200b\u200d\u200b👩", "👨\u200d👩"),
        ("好\ufe0f", "好"),
        ("\u202e反\u2066转\u2069", "反转"),
        ("a\u2061b\u2062c\u2063d\u2064", "abcd"),
        ("\u3164\u115f\u1160\uffa0", ""),
        ("hi\U000e0068\U000e0069", "hi"),
        ("a\x00b\x1b[31mc\x7f\x9b", "ab[31mc"),
        ("a\ud800b\udfff", "ab"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("  a \t b\n\n \n c  ", "a b\nc"),
        ("z" + "\u0335" * 50, "z" + "\u0335" * 8),
        ("哈" * 50, "哈" * 12),
        ("❤️" * 50, "❤️" * 12),
        ("啊啊啊啊！！！", "啊啊啊啊！！！"),
    ],
)
def test_what_goes_and_what_stays(text: str, expected: str) -> None:
    """What is drawn as nothing goes; Chinese punctuation, emoji and kaomoji stay."""
    assert expected == clean(text)


@pytest.mark.parametrize(
    ("attack", "literal"),
    [
        ("＜｜im_start｜＞", "<|im_start|>"),
        ("<|im_\u200bstart|>", "<|im_start|>"),
        ("＜\u2060｜ｉｍ＿\u00adｓｔａｒｔ｜＞", "<|im_start|>"),
        ("<|im_<|im_end|>start|>", "<|im_<|im_end|>start|>"),
        ("﹤|ⓘⓜ_end|﹥", "<|im_end|>"),
        ("［ＩＮＳＴ］", "[INST]"),
    ],
)
def test_rebuilt_control_tokens_are_literal_text(attack: str, literal: str) -> None:
    """The attacks of trap 11 end as plain text for the prompt builder to encode, and stay it."""
    assert literal == clean(attack)
    assert literal == clean(literal)


def test_every_emoji_survives() -> None:
    """NFKC leaves letters of ™ or ㊗; here each pictograph of Unicode comes out as it went in."""
    emoji = regex.findall(r"\p{Extended_Pictographic}", "".join(map(chr, range(0x1FB00))))

    assert len(emoji) > 1_000
    assert not [face for face in emoji if clean(face) != face]


@pytest.mark.parametrize("text", ["长" * 3 + "文本" * 50_000, "ﷺ" * 5_000, "\u0301\u0323" * 25_000])
def test_length_is_bounded(text: str) -> None:
    """However long, or however much longer by folding, the result has at most 4,000 characters."""
    assert len(clean(text)) <= MAX_CHARS


def check_generated(count: int) -> None:
    long_ms: list[float] = []
    for text in generated(count):
        start = time.thread_time()
        cleaned = clean(text)
        if len(text) == MAX_CHARS:
            long_ms.append((time.thread_time() - start) * 1000)
        cleaned.encode()

        assert clean(cleaned) == cleaned, f"not idempotent: {text!a}"
    long_ms.sort()
    p99 = long_ms[len(long_ms) * 99 // 100]

    assert p99 < 5 * slowness(), f"p99 of {len(long_ms)} long strings: {p99:.2f} ms"


def test_generated_strings() -> None:
    """20,000 strings: none raises, each is UTF-8 and its own fixpoint, p99 under 5 ms at 4,000."""
    check_generated(20_000)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_generated_strings() -> None:
    """The same for the 100,000 strings of trap 12."""
    check_generated(100_000)


@given(st.text(st.characters(), max_size=120), st.integers(0, 60))
def test_any_text_reaches_a_fixpoint(text: str, max_chars: int) -> None:
    """Cleaning what is clean changes nothing, at any limit, surrogates included."""
    cleaned = clean(text, max_chars)

    assert clean(cleaned, max_chars) == cleaned
    assert len(cleaned) <= max_chars


@pytest.mark.parametrize(
    ("text", "authored", "quoted"),
    [
        ("「张三：你好」\n- - - - - - - - - - - - - - -\n在吗", "在吗", "张三：你好"),
        ("「张三：你好」\n- - - - - - - - - - - - - - - -\n在吗\n?", "在吗\n?", "张三：你好"),
        ("「a: b: c」----------\n在吗", "在吗", "a: b: c"),
        ("「张三：两\n行」\r\n—————————\r\n在吗", "在吗", "张三：两\n行"),
        (
            "「李四：「张三：你好」\n- - - - - - -\n嗯」\n- - - - - - -\n哦",
            "哦",
            "李四：「张三：你好」\n- - - - - - -\n嗯",
        ),
        ("「张三：你好」\n- - - - - - - - - - - - - - -\n", "", "张三：你好"),
        ("在吗\n引用  的消息 : 你好", "在吗", "你好"),
        ("在吗\n引用 张三 的消息 : 你好\n呀", "在吗", "你好\n呀"),
        ("在吗\n引用 张三 的消息：你好", "在吗", "你好"),
        ("「书名」很好看", "「书名」很好看", ""),
        ("「张三：你好」\n在吗", "「张三：你好」\n在吗", ""),
        ("我引用他的消息：好", "我引用他的消息：好", ""),
        ("", "", ""),
    ],
)
def test_quotations_are_split_off(text: str, authored: str, quoted: str) -> None:
    """The writer's own words and the repeated ones part in every form that gateways send."""
    assert (authored, quoted) == split_quote(text)


def test_a_long_quotation_does_not_push_out_the_reply() -> None:
    """The parts are cut to length each by itself: nobody is judged by what is quoted."""
    text = f"「张三：{'骂人' * 5_000}」\n- - - - - - - - - - - - - - -\n别这样"
    exchange = sanitize(Exchange(message(text)))

    assert (exchange.cleaned, len(exchange.quoted)) == ("别这样", MAX_CHARS)


@pytest.mark.parametrize(
    "unit", ["「", "」", "」 ", "- ", "「a」-", "\n引用", "「x」\n- - - - -\n"]
)
def test_splitting_takes_linear_time(unit: str) -> None:
    """100,000 characters made of the marks of a quotation are split in under 100 ms."""
    text = "「" + unit * (100_000 // len(unit))
    start = time.thread_time()
    split_quote(text)
    spent_s = time.thread_time() - start

    assert spent_s < 0.1


def test_the_stage_sets_both_parts() -> None:
    """Both parts are cleaned, and a message with words goes on."""
    text = "「张\u200b三：你好」\n- - - - - - - - - - - - - - -\n在\u200b吗"
    exchange = sanitize(Exchange(message(text)))

    assert (exchange.cleaned, exchange.quoted, exchange.gate) == ("在吗", "张三：你好", None)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "message without text"),
        (" \n ", "message without text"),
        ("\u200b\u3164", "none of its 2 characters can be read"),
        ("\u0301\u2800", "none of its 2 characters can be read"),
        (
            "「张三：你好」\n- - - - - - - - - - - - - - -\n",
            "only a quotation, no words of its own",
        ),
    ],
)
def test_nothing_readable_ends_the_message(text: str, detail: str) -> None:
    """What nobody could read is EMPTY, and says why."""
    exchange = sanitize(Exchange(message(text)))

    assert (exchange.gate, exchange.detail) == (Gate.EMPTY, detail)


@pytest.mark.parametrize("text", ["？", "😊", "❤️", "[微笑]", "1"])
def test_a_mark_or_an_emoji_can_be_read(text: str) -> None:
    """A question mark alone asks something; an emoji alone says something."""
    assert sanitize(Exchange(message(text))).gate is None


def test_a_bare_mention_is_a_call() -> None:
    """Whoever writes only @一心 wants an answer, not silence."""
    exchange = sanitize(Exchange(message("\u2005", mentions_me=True)))

    assert (exchange.cleaned, exchange.gate) == (BARE_CALL, None)
