from __future__ import annotations

import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.mention import cut_mention, without_mentions

NAMES = ("一心", "一心 二号", "Yixin")

_HOSTILE_PARTS = (
    *(
        "(a+)+$",
        "[",
        "\\",
        "*",
        ".*",
        "(?P<x>",
        "a|b",
        "{1,99999}",
        "^",
        "$",
        "@",
        "＠",
        " ",
        "\u2005",
    ),
    *(
        "一心",
        "\u0301" * 20,
        "\u202e",
        "\u2066",
        "\u200d",
        "\U000e0041",
        "\ud800",
        "\x00",
        "\n",
        "👨‍👩‍👧",
    ),
)


def hostile_names(count: int, seed: int = 3) -> list[str]:
    """Names of metacharacters, marks, controls and nothing; every tenth has 10,000 characters."""
    rng = random.Random(seed)  # noqa: S311 - the same names every time
    names = ["", " ", "@", "所有人", "all", ".*"]
    while len(names) < count:
        name = "".join(rng.choices(_HOSTILE_PARTS, k=rng.randint(1, 12)))
        names.append((name * 10_000)[:10_000] if len(names) % 10 == 0 else name)
    return names


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@一心\u2005在吗", "在吗"),
        ("@一心 在吗", "在吗"),
        ("＠一心\u3000在吗", "在吗"),
        ("在吗@一心", "在吗"),
        ("在吗 @一心\u2005", "在吗"),
        ("@一心", ""),
        ("@一心 二号 在吗", "在吗"),
        ("你好 @一心\u2005在吗", "你好 在吗"),
        ("你好@一心\u2005在吗", "你好 在吗"),
        ("@一心 @Yixin 在吗", "在吗"),
        ("@小明\u2005@一心\u2005你们好", "@小明\u2005你们好"),
        ("「小明：好」\n- - - - -\n@一心\n在吗", "「小明：好」\n- - - - -\n\n在吗"),
    ],
)
def test_mentions_are_cut(text: str, rest: str) -> None:
    """A mention goes with the space that ends it, wherever it stands; line ends stay."""
    assert (rest, True) == cut_mention(text, NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "在吗",
        "一心在吗",
        "@一心在吗",
        "@一 心",
        "@yixin hi",
        "amy@Yixin.com",
        "@",
        "@@",
        "@所有人 开会",
        "@all hi",
        "  two  spaces ",
    ],
)
def test_other_text_stays_untouched(text: str) -> None:
    """Without a whole mention of one of the names nothing is cut, not even a space."""
    assert (text, False) == cut_mention(text, NAMES)


@pytest.mark.parametrize("name", ["所有人", "all", "ALL", " 所有人 "])
def test_everyone_is_nobodys_name(name: str) -> None:
    """An account that calls itself 所有人 or all is still not meant by a call to the group."""
    text = f"@{name.strip()} 开会"

    assert (text, False) == cut_mention(text, [name])


def test_cutting_builds_no_new_mention() -> None:
    """What stood around a mention is not joined into another one."""
    rest, _ = cut_mention("@@一心 一心", ["一心"])

    assert rest == "@ 一心"


def test_hostile_names_neither_raise_nor_take_time() -> None:
    """500 hostile names: no exception, and each under 10 ms of processor time (trap 3)."""
    slowest = 0.0
    for name in hostile_names(500):
        texts = ("@" * 2_000, f"@{name} " * 3, f"hi @{name[:50]}\u2005在吗", "@ " * 2_000)
        for text in texts:
            start = time.thread_time()
            cut_mention(text, [name, "一心"])
            slowest = max(slowest, time.thread_time() - start)

    assert slowest < 0.010


def test_hostile_names_are_cut_as_they_stand() -> None:
    """A name is compared, never interpreted: whatever it is made of, its own mention is found."""
    names = [
        n for n in hostile_names(500) if n.strip() and n.strip().casefold() not in {"所有人", "all"}
    ]
    found = [cut_mention(f"@{name}\u2005在吗", [name])[1] for name in names]

    assert len(names) > 400
    assert all(found)


@given(text=st.text(max_size=80), names=st.lists(st.text(max_size=8), max_size=5))
def test_only_mentions_are_taken(text: str, names: list[str]) -> None:
    """The rest is made of the text's own characters, and is the text itself if nothing was cut."""
    rest, was_cut = cut_mention(text, names)

    assert len(rest) <= len(text)
    assert was_cut or rest == text
    assert not was_cut or "@" in text or "＠" in text


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("@小明 你好", "你好"),
        ("说的就是你@小明 和@小红 ，别装", "说的就是你和，别装"),
        ("写给 a@example.com 了", "写给 a@example.com 了"),
        ("@小明", "@小明"),
        ("@小明 @小红 ", "@小明 @小红 "),
        ("一共 3@2 元", "一共 3@2 元"),
    ],
)
def test_what_a_message_says_is_not_whom_it_is_for(text: str, rest: str) -> None:
    """Mentions of anybody go; an address stays, and so does what is nothing but mentions."""
    assert rest == without_mentions(text)
