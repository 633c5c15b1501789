"""Whom and what a reply takes for granted that its message says nothing of.

"老公知道了没" asks after a husband nobody mentioned; "恭喜" congratulates on nothing. A line
written to another message carries such words along. Which of them matter was read off replies that
had been marked (examples/replies/marked/1.jsonl): of 101 that one of these finds, people would be
ashamed of 95, of all others of half.
"""

from __future__ import annotations

import re

_PARTNER = r"老公|老婆|男朋友|女朋友|另一半|两口子|对象|husband|wife|boyfriend|girlfriend"
_SCHOOL = r"室友|宿舍|宿管|导员|校医|食堂|同学|班主任|导师"
_PARENTS = r"爸妈|妈妈|爸爸|父母|奶奶|爷爷|老爸|老妈|\b(?:mom|dad|parents)\b"
#: What a reply names; and what of a message speaks for it.
_TAKEN: dict[str, tuple[str, str]] = {
    "partner": (
        _PARTNER,
        rf"{_PARTNER}|[男女他她婚爱恋妻夫婆丈媳]|领证|怀孕|两条杠|娘家|分手|小两口|相亲|单身|情人节|七夕|520|partner|married",
    ),
    "school": (
        _SCHOOL,
        rf"{_SCHOOL}|[寝宿校学班课考师舍]|毕业|论文|作业|军训|开题|答辩|school|class|dorm|roommate",
    ),
    "teacher": (
        r"老师|teacher",
        r"[师课学班校考教孩娃]|作业|家访|期末|小组|年级|志愿|school|class|teacher",
    ),
    "meeting parents": (r"见家长", r"家长|爸妈|父母|[他她]家|上门|岳|婆"),
    "parents": (
        _PARENTS,
        rf"{_PARENTS}|[家爸妈父母爷奶姥亲孩爹娘娃]|老人|外[公婆]|老[头太]|\b(?:mum|home|famil|grand)",
    ),
    "siblings": (r"[哥姐弟妹]", r"[哥姐弟妹兄姑舅叔姨侄]|亲戚"),
    "good news": (
        r"恭喜|祝贺|可喜|congrat",
        r"[了过中赢生成升拿买婚考录得证奖!！]|第[一二三]|[a-z]{3}",
    ),
    "an outcome": (r"恭喜|祝贺|可喜|[太真]棒|没白|拿下|松口气|落地|congrat", r"\A(?!.*猜)"),
    "joy alone": (
        r"\A(?!.*(?:就是|不过|但|可是|也是真的)).*?(?:恭喜|祝贺|庆祝|好消息|太好了)",
        r"\A(?!.*[，,\s](?:可是|但是?|只是|就是)[^。！!]{0,16}?(?:不(?!错|少)|没|调去|异地|[得要](?:去|走|搬|离|赔)|[远难吵亏扣愁哭怕]))",
    ),
    "a report": (r"报告[上里]|[着到]报告|这[两几]个字", r"\A(?!.*(?:没出|等结果|结果还))"),
    "no photo": (r"有照片吗|拍[张个]照|发[张个]图", r"\A(?!.*(?:照片|图))"),
    "a meal": (r"本人吃了什么|吃好没", r"吃[了的过完好饭]"),
    "tiredness": (
        r"running on empty|rest a bit",
        r"tired|exhaust|sleep|drain|burn|worn|shift|overtime|busy|energy|sick|long|late|[一-鿿]",
    ),
    "a search": (r"自己查|在网上|上网查", r"[查搜网]|百度|度娘"),
    "a secret": (
        r"不会乱讲|往外讲|保密|嘴严|不想让人知道|这种话当面",
        r"秘密|保密|告诉|隐私|知道|[传泄看]|别.{0,4}[说讲提]|[说讲]出去",
    ),
    "the first time": (r"第一次|头一?回|一次就|一把就", r"第一|[头首初新]|一[次把]"),
}
_PATTERNS = {
    name: (re.compile(named, re.IGNORECASE), re.compile(licence, re.IGNORECASE))
    for name, (named, licence) in _TAKEN.items()
}


def presumed(reply: str, heard: str) -> str | None:
    """What a reply takes for granted, with the words; None where nothing.

    Args:
        heard: The message, and what was said before it.
    """
    for name, (named, licence) in _PATTERNS.items():
        if (found := named.search(reply)) and not licence.search(heard):
            return f"{name}: {found[0]}"
    return None
