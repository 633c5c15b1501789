"""What people in chats write short, said in full for a model that has not seen much of it.

WeChat sends its own faces as words in brackets, and the word is not always the meaning: [微笑] is
the face of somebody who is not amused, and [捂脸] laughs at itself. The same goes for letters that
stand for a phrase, and for Cantonese. Only what is said of these alone is listed here; anything
the model reads right by itself is better left as it was sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

#: WeChat's faces, under their Chinese names and those of its English version.
_FACES: Mapping[str, str] = MappingProxyType(
    {
        "微笑": "（冷冷一笑）",
        "smile": "（冷冷一笑）",
        "强": "真棒",
        "thumbsup": "真棒",
        "捂脸": "（尴尬地笑）",
        "facepalm": "（尴尬地笑）",
        "破涕为笑": "（笑出眼泪）",
        "laugh": "（笑出眼泪）",
        "旺柴": "（调皮地笑）",
        "doge": "（调皮地笑）",
        "吃瓜": "（看热闹）",
        "onlooker": "（看热闹）",
        "裂开": "（崩溃了）",
        "broken": "（崩溃了）",
        "苦涩": "（心里苦）",
        "叹气": "唉",
        "sigh": "唉",
        "社会社会": "（佩服）",
        "666": "太厉害了",
        "耶": "好开心",
        "嘿哈": "好开心",
        "呲牙": "（开心地笑）",
        "grin": "（开心地笑）",
        "偷笑": "（偷偷地笑）",
        "憨笑": "（憨憨地笑）",
        "愉快": "（愉快地笑）",
        "奸笑": "（坏笑）",
        "阴险": "（坏笑）",
        "色": "好喜欢",
        "得意": "真得意",
        "流泪": "（流眼泪）",
        "大哭": "呜呜呜，难过",
        "快哭了": "快哭了",
        "委屈": "好委屈",
        "心碎": "心碎了",
        "发怒": "气死我了",
        "angry": "气死我了",
        "抓狂": "要疯了，气死我了",
        "咒骂": "骂人",
        "炸弹": "想炸了你",
        "菜刀": "想砍你",
        "便便": "像屎一样",
        "鄙视": "鄙视你",
        "撇嘴": "（不高兴）",
        "白眼": "（翻白眼，不屑）",
        "惊恐": "吓死我了",
        "恐惧": "吓死我了",
        "衰": "真倒霉",
        "惊讶": "啊？！真没想到",
        "天啊": "天啊！",
        "疑问": "？",
        "晕": "晕了",
        "拥抱": "抱抱",
        "玫瑰": "送你一朵花",
        "爱心": "爱你",
        "庆祝": "庆祝一下！",
        "烟花": "庆祝一下！",
        "握手": "合作愉快",
        "ok": "好的",
        "抱拳": "多谢",
        "合十": "谢谢",
    }
)
#: Letters for a phrase, in any case, where no other letter or digit is beside them.
_LETTERS: Mapping[str, str] = MappingProxyType(
    {
        "yyds": "永远的神，太棒了",
        "xswl": "笑死我了",
        "nmsl": "你妈的，滚",
        "cnm": "操你妈",
        "nmd": "你妈的",
        "mlgb": "妈了个逼",
        "tmd": "他妈的",
        "wcnm": "操你妈",
        "zz": "智障",
        "sb": "傻逼",
        "awsl": "可爱死了",
        "zqsg": "真情实感",
        "u1s1": "说实话",
        "dbq": "对不起",
        "plmm": "漂亮妹妹",
        "xdm": "兄弟们",
        "jms": "姐妹们",
        "srds": "虽然但是",
        "bdjw": "不懂就问",
        "drl": "打扰了",
        "gkd": "搞快点",
        "nsdd": "你说得对",
        "pyq": "朋友圈",
    }
)
#: Words and signs whose plain meaning is another one, longest first where one begins another.
_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "🙂": "（冷冷一笑）",
        "🙄": "（翻白眼，不屑）",
        "唔该晒": "太谢谢了",
        "唔该": "谢谢",
        "多谢晒": "太谢谢了",
        "好嬲": "好生气",
        "嬲": "生气",
        "笑到碌地": "笑得打滚",
        "惊死我": "吓死我",
        "好惊": "好害怕",
        "栓Q": "真是无语",
        "拴Q": "真是无语",
        "绝绝子": "太绝了",
        "绷不住了": "忍不住了",
        "芭比Q了": "完蛋了",
        "破防了": "心里受不了了",
        "emo了": "情绪低落，难过",
        "无语子": "无语",
        "家人们谁懂啊": "真是服了",
    }
)
_FACE = re.compile(r"\[([^\[\]\s]{1,8})\]")
_PHRASE = re.compile(
    rf"(?<![a-z0-9])(?:{'|'.join(_LETTERS)})(?![a-z0-9])", re.IGNORECASE | re.ASCII
)
_WORD = re.compile("|".join(map(re.escape, sorted(_WORDS, key=len, reverse=True))))
#: Two of them are a cold laugh; more are a warm one.
_COLD_LAUGH = re.compile("(?<!呵)呵呵(?!呵)")


def spell_out(text: str) -> str:
    """``text`` with faces, abbreviations and dialect in plain words; the rest as it is."""
    text = _FACE.sub(lambda found: _FACES.get(found[1].lower(), found[0]), text)
    text = _PHRASE.sub(lambda found: _LETTERS[found[0].lower()], text)
    text = _WORD.sub(lambda found: _WORDS[found[0]], text)
    return _COLD_LAUGH.sub("（冷笑）", text)
