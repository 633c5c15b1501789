"""A short message cut down to what it asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

#: Nobody asks the date in a paragraph; it also bounds everything the skills do.
MAX_CHARS = 80

#: Written in simplified characters; these are the traditional ones the skills need.
_SIMPLIFIED = str.maketrans(
    "幾號現點週後離還萬億減時間誕節歲腦進個麼這過從裡會長兩禮開圓塊錢餘結滿陽陰曆農壓勞動婦兒師慶＝＋－×✖➕➖➗–−÷（）％，。：’‘？",
    "几号现点周后离还万亿减时间诞节岁脑进个么这过从里会长两礼开圆块钱余结满阳阴历农压劳动妇儿师庆=+-**+-/--/()%,.:''?",
)
_OPENING = re.compile(
    r"(?:(?:请问|问一?下|我?想问一?下?|我问你|那个|那么|哎|诶|欸|喂|嗨|嘿|对了|话说|老板|亲爱的|亲|宝贝|宝|兄弟|哥|姐|一心"
    r"|你知道|知道|告诉我|你说|你看|帮我?看一?下|看看|麻烦问一?下|hi|hey|hello|ok|so|um|please"
    r"|excuse me|(?:can|could) you tell me|tell me|do you know|by the way)[,.!~ ]*){0,3}"
)
_ENDING = re.compile(
    r"(?:[?？！!.。~～,…\s]|[呀啊呢哦哈嘛哟]|来着|谢谢你?|please|thanks|thank\syou){0,8}\Z"
)
_HAN = re.compile(r"[一-鿿]")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and when.

    Attributes:
        text: Lower case, simplified, half width; no polite opening, no particle or mark at its
            end, no blanks where it is Chinese.
        now: Local time, aware of its zone.
        is_english: No Chinese character in it, but words.
    """

    text: str
    now: datetime
    is_english: bool


def question(text: str, now: datetime) -> Question | None:
    """The question in a message; None where it is too long or nothing is left of it."""
    if len(text) > MAX_CHARS:
        return None
    plain = " ".join(text.casefold().translate(_SIMPLIFIED).split())
    is_english = not _HAN.search(plain) and re.search(r"[a-z]{2}", plain) is not None
    if not is_english:
        plain = plain.replace(" ", "")
    opening = _OPENING.match(plain)
    plain = plain[opening.end() :] if opening else plain
    plain = _ENDING.sub("", plain, count=1)
    return Question(plain, now, is_english) if plain else None
