"""The words that times are made of in Chinese, as patterns; all are bounded."""

from __future__ import annotations

import re

from handlers.skills.dayname import DAY
from handlers.skills.festivals import FESTIVAL
from handlers.skills.numerals import COUNT, NUMBER

#: Characters that times are written in, one for one, so that places in a text stay the same.
SIMPLIFIED = str.maketrans("點後週號兩鐘時個過間禮這", "点后周号两钟时个过间礼这")

#: The hour that is said with a part of the day, and the hour meant; 24 is the end of the day.
_MORNING = {hour: hour for hour in range(4, 12)}
_NOON = {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14}
_AFTERNOON = {12: 12} | {h: h + 12 for h in range(1, 8)} | {h: h for h in range(13, 20)}
_DUSK = {h: h + 12 for h in range(4, 9)} | {h: h for h in range(16, 21)}
_EVENING = {12: 24, 24: 24} | {h: h + 12 for h in range(5, 12)} | {h: h for h in range(17, 24)}
_SMALL_HOURS = {12: 0} | {h: h for h in range(7)}
_MIDNIGHT = {12: 24, 24: 24, 0: 24, 11: 23, 23: 23}
PARTS = {
    **dict.fromkeys(("清晨", "早晨", "早上", "上午", "早", "晨"), _MORNING),
    **dict.fromkeys(("中午", "正午"), _NOON),
    "下午": _AFTERNOON,
    "傍晚": _DUSK,
    **dict.fromkeys(("晚上", "夜里", "晚", "夜"), _EVENING),
    "凌晨": _SMALL_HOURS,
    **dict.fromkeys(("半夜", "午夜"), _MIDNIGHT),
}
SHORT = {"今": 0, "明": 1, "后": 2}

_PART = "|".join(sorted(PARTS, key=len, reverse=True))
#: 九点二十 is a time, the 二十 of 九点二十个人开会 is not.
_COUNTED = (
    r"(?![零〇一二三四五六七八九十百\d]"
    r"|[个人位名次块元斤件条本张只支天年月周小点%度楼路倍万千公米])"
)
_TENS = r"(?:[二三四五]?十[一二三四五六七八九]?|[零〇0][一二三四五六七八九\d]|[1-5]\d)"
_CLOCK = (
    rf"(?:(?P<hour>{COUNT})(?:点(?!都|也|儿|点|一线)钟?|时(?!间|候|不))"
    rf"(?:(?P<half>半)|(?P<quarter>[一三13])刻|[过零]?(?P<minute>{COUNT})分(?!钟)"
    rf"|(?P<minutes>{_TENS}){_COUNTED}|整)?"
    r"|(?P<digits>\d{1,2})[:：](?P<sixtieths>\d{2})(?![\d:：]|\s?[ap]\.?m))"
)
_DATE = (
    r"(?:(?P<full>\d{4}[年/.-]\d{1,2}[月/.-]\d{1,2})"
    rf"|(?P<part_date>\d{{1,2}}/\d{{1,2}}|\d{{1,2}}\.\d{{1,2}}(?=\s?(?:{_PART}))))"
    r"(?:[号日]|(?![\d/]))"
)
TIME = re.compile(
    rf"(?<![\d.:：])(?:在|到|等到|于)?(?:(?P<short>[今明后])(?=[早晚晨夜])|下个?月(?P<next>{COUNT})[号日]"
    rf"|{_DATE}|(?![五六十]){FESTIVAL}|{DAY})?"
    rf"[的,，\s]{{0,2}}(?P<part>{_PART})?[,，\s]?(?:{_CLOCK})?(?:左右|的时候)?"
)
#: What makes a moment another thing: until it, about it, from it to another.
NOT_A_MOMENT = re.compile(
    rf"\s?(?:之前|以前|前(?![往台面去])|多(?!喝|吃|穿|带)|[到至~～—-]\s?(?:{_PART})?(?:{COUNT}点|\d))"
)
VAGUE = re.compile(
    r"(?:[待等过]一?会儿?|一会儿?)(?![议面员])|等一?下|晚点儿?|晚些时候|回头|改天|过[几两]天|年底"
    rf"|(?:{COUNT}|这个?|本|下个?)?月[底初中]|下下?个?(?:周|星期|礼拜|月)"
)
FESTIVALS = tuple(name for name in TIME.groupindex if re.fullmatch(r"f\d+", name))
NAMED = (
    *("short", "next", "full", "part_date", "near", "count", "weekday", "only", "month"),
    *FESTIVALS,
)
_HOURS = rf"(?:(?P<hours>{NUMBER})个?(?P<more>半)?(?:小时|钟头)|(?P<half>半)个?(?:小时|钟头))"
_MINUTES = rf"(?:(?P<minutes>{COUNT})分钟?|(?P<quarters>[一两三123])刻钟)"
_SECONDS = rf"(?P<seconds>{COUNT})秒钟?"
SPAN = re.compile(
    rf"(?<![\d.])(?P<before>再过|过|再|等)?"
    rf"(?:{_HOURS}[零又]?(?:{_MINUTES})?|{_MINUTES.replace('?P<', '?P<x')}|{_SECONDS})"
    r"(?P<after>之后|以后|过后|后(?!天))?"
)
