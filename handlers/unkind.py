"""What hurts without a bad word: blame, retorts, yes to a self-reproach, cheers for bad news.

Patterns see words, not what is meant; these are the cases that small models were seen to write
("我失恋了" → "好，我也会失恋的"). Texts come here the way ``guard.check`` spells them.
"""

from __future__ import annotations

import re

from handlers.insult import DEGREE, FAULTS, NAMES, turned

_BLAME = re.compile(
    r"活该|自作自受|咎由自取|自找的|自讨苦吃|(?<![难奇])怪你(?:自己)?|都?因为你(?:太|不够|不)"
    r"|是你(?:自己)?的(?:错|问题|责任)|你自己的(?:错|问题)"
    # "谁让你不高兴了" asks, "谁让你不听" blames.
    r"|谁[让叫]你(?:自己|当初|偏|非|总|老|平时|天天|去|乱|这么(?!生气|难[过受]|伤心|累|不|晚)"
    r"|不(?!高兴|开心|舒服|爽|痛快))"
    r"|努力(?:得)?(?:还)?不够|不够努力|早(?:就)?(?:跟你说|告诉过?你)|你(?:早|当初)就?(?:该|应该)|你怎么(?:能|可以)这[样么]"
    r"|你就?不(?:该|应该)(?!承受|受|被|难)"
    r"|你(?:懂|知道)(?:个(?:啥|什么|屁)|啥|什么|屁)(?=[,，。！!呀啊]|$)|你算(?:个)?(?:啥|什么|老几)|关你(?:什么|啥|屁)?事"
    r"|\b(?:it'?s|it is|that's) (?:all )?your (?:own )?fault\b|\bserves you right\b"
    r"|\byou (?:deserve|asked for) (?:it|that|this)\b|\bi told you so\b"
)
_BELITTLES_SELF = re.compile(
    rf"我(?:是不是|觉得自己|感觉自己|觉得我|怎么|到底|其实){{0,2}}{DEGREE}(?:{NAMES}|{FAULTS}|差|失败"
    r"|错|矮|不好看|不行|没人(?:爱|喜欢|要|在乎)|一无是处|什么都[做干]?不(?:好|会|行))"
    r"|(?:都是|是不是|全是|都怪)我(?:的错|不好|自己)|没有?人会?(?:爱|喜欢|要|在乎|理)我"
    r"|都(?:讨厌|看不起|嫌弃|不喜欢)我|\bmy fault\b"
    r"|\bi(?:'m| am) (?:(?:so|such|an?|really|just|too) ){0,3}"
    r"(?:stupid|idiot|dumb|fool|loser|ugly|useless|worthless|failure|fat|nobody)\b"
)
_AGREES = re.compile(
    r"^(?:嗯+[,，]?)?(?:是的|是[啊呀哦](?=[,，。！!]|$)|对(?=[,，。！!啊呀的]|$)|没错|的确"
    r"|确实(?=[,，。！!是]|$)|你?说得?(?:对|没错)|当然|可不|我也(?:这么)?(?:觉得|认为)|.{0,6}(?:该|要)减肥"
    r"|yes\b|yeah\b|true\b|you'?re right|i agree)"
)
_COMFORTS = re.compile(r"不|没(?!错|用)|别|难受|抱|很棒|挺好|已经|just|not|n't|but")
_MISFORTUNE = re.compile(
    r"失恋|分手|离婚|被(?:甩|裁|开除|骂|打|偷|骗|绿|劈腿|拒|淘汰)|住院|生病|发烧|骨折|确诊|癌|车祸"
    r"|去世|过世|离世|挂科|考砸|没考上|没通过|落榜|失业|失眠|丢了|摔|流产|破产|亏了|赔了"
    r"|(?:猫|狗|奶奶|爷爷|外婆|外公|姥姥|姥爷|爸|妈|他|她|它)[^,，。]{0,4}(?:走了|死了|没了)"
    r"|难过|伤心|想哭|崩溃|抑郁|委屈"
    r"|\b(?:broke up|dumped|fired|died|passed away|hospital|failed|cancer|lost my)\b"
)
#: What makes bad news good, a joke or a request.
_NOT_SO_BAD = re.compile(
    r"终于|解脱|出院|好了|开心|高兴|哈|笑|嘻|嘿|hh|恭喜|不(?:疼|难过|伤心|生病)"
    r"|没有?(?:生病|被|挂科|事|分手|骂)|回来了|找到|[吗吧?？]|陪|帮|可以|能不能|怎么|😂|🤣|\blol\b"
)
_CHEERS = re.compile(
    r"^(?:好的?(?=[,，。！!]|$)|好[啊呀哒嘞](?=[,，。！!～~]|$)|真好|真棒|好棒|好事|好消息|不错"
    r"|哈哈|嘻嘻|嘿嘿|(?:great|good|nice|awesome|cool|haha)\b)"
    r"|恭喜|祝贺|太[棒好]了|[真替]为?你(?:高兴|开心)|🎉|\bcongrat"
    r"|我也会(?:失恋|分手|离婚|生病|住院|失业|挂科|被)"
)


def unkind(reply: str, message: str) -> str | None:
    """Blame of the reader, or an answer that takes the wrong side of their bad news."""
    for match in _BLAME.finditer(reply):
        if not turned(reply, match.start()):
            return match[0]
    yes = _AGREES.match(reply)
    if yes and _BELITTLES_SELF.search(message) and not _COMFORTS.search(reply, yes.end()):
        return f"{yes[0]} to a self-reproach"
    if _MISFORTUNE.search(message) and not _NOT_SO_BAD.search(message):
        cheer = _CHEERS.search(reply)
        return f"{cheer[0]} to bad news" if cheer else None
    return None
