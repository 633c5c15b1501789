"""Vulgar words, wherever they stand, and insults where they are aimed at the one who reads them.

"你真笨" is a fault; "谁说你笨", "不是你笨" and "那个司机真混蛋" are none. Replies come here the way
``guard.check`` spells them.
"""

from __future__ import annotations

import re

_VULGAR = re.compile(
    r"(?<![体早做出广播])操(?=[你他她它蛋]|[,，。！!]|$)|我[操艹日擦](?![场心作劳课持盘场行])"
    r"|[卧我握]槽|[卧我]草(?=[,，。！!\s]|$)|艹|草泥马|尼玛|特么|妈了个|妈蛋"
    # 我妈的, 他妈的手 and 你妈的身体 belong to mothers.
    r"|(?:^|[,，。！？!?\s真])妈的(?=[,，。！!\s真]|$)|你妈的(?=[,，。！!\s]|$)"
    r"|[他特]妈(?:的)?(?=[,，。！!真好太烂什]|$)|他妈的(?![妈手身病生家])"
    r"|(?<![a-z])(?:sb|jb|mlgb|tmd|nmsl|w?cnm|nmd)(?![a-z])"
    r"|[傻沙煞]\s?(?:[逼比笔叉缺]|b(?![a-z]))|[牛装撕苦懵二]逼|逼样|牛b(?![a-z])|屌|鸡巴|狗日|日你"
    r"|滚犊子|王八[蛋羔]|贱[人货]|婊|妓女|狗屎|吃屎|屁眼"
    r"|\b(?:mother)?f+u+c+k\w*|\b(?:bull)?shit\w*|\bbitch\w*|\bass ?hole\w*|\bbastard\w*"
    r"|\bcunt\w*|\bwtf\b|\bstfu\b|\bdick ?head"
)

#: Words between you and the insult that make it no milder.
DEGREE = (
    r"(?:这[个么]?|那[个么]?|自己|真的?|确实|的确|果然|更|简直|根本|就|才|也|都|可|还|太|好|很|挺|非常"
    r"|有点|有些|怎么|本来|天生|是|个|一|大|小|老|又|啊){0,6}"
)
NAMES = (
    r"(?:傻[子瓜蛋冒]?|笨[蛋猪]|蠢[货猪材蛋]?|白痴|智障|脑残|弱智|废[物柴]|垃圾|混[蛋账]|坏蛋|人渣"
    r"|渣[男女]|猪(?![年肉])|狗东西|神经病|变态|流氓|骗子|懒[虫鬼]|胆小鬼|失败者|丑八怪|死胖子"
    r"|可怜虫|疯子|小人(?!物))"
)
FAULTS = (
    r"(?:笨|傻(?![呵乐])|呆(?![在着])|没用|无能|丑|恶心|讨厌(?![他她它的])|讨人厌|烦人|懒"
    r"|差(?:劲|(?=$|[\s,，。！!]))|失败(?=$|[,，。！!])|可笑|可悲|贱|自私|不要脸|幼稚|胖|没出息"
    r"|烦(?=$|[,，。！!])|不行(?=$|[,，。！!])|没本事|没脑子|没教养|没素质|多余|不配|懦弱|矫情|玻璃心|糟糕|活该"
    r"|有病(?=吧?(?:$|[,，。！!?？])))"
)
_BEGINS = r"(?:^|[\s。！？!?,，你]|给我|快|赶紧|那就)"
_AIMED = re.compile(
    rf"你(?:们|的?脑子)?{DEGREE}"
    rf"(?:{NAMES}|{FAULTS}(?!吗|呢|么|的话|也没|又怎|一点也?没|[?？]))"
    rf"|你才是?个?(?:{NAMES}|{FAULTS})"
    rf"|(?:^|[\s。！!,，])(?:真是?个?|大|小|死){{0,2}}{NAMES}(?=$|[。！!,，])"
    rf"|{_BEGINS}滚(?:开|蛋|吧|远点|出去|一边去)?(?=$|[\s。！!,，])|{_BEGINS}闭(?:上?你?的?)?嘴"
    r"|(?<!不)(?<!有)(?:讨厌|恨|嫌弃|看不起|不喜欢|不想[理见])你(?!的|[^,，。！!]{0,6}吗)|关你(?:什么|屁)事|懒得理你|离我远点|有多远滚多远|你(?:给我)?等着|你算(?:什么|老几|个)"
    r"|你以为你是谁|\bshut up\b|\bget lost\b|\bgo to hell\b"
    r"|\byou(?:'re| are| r)? (?:(?:so|such|an?|really|just|the|very|pretty|one|too) ){0,4}"
    r"(?:stupid|idiots?|dumb|morons?|fools?|losers?|pathetic|ugly|useless|worthless|lazy|trash"
    r"|garbage|annoying|disgusting)\b"
)
#: Before a word in its clause: it is denied, or somebody else says it or is meant.
_TURNED = re.compile(
    # What "I" say or think is the bot's own opinion.
    r"(?:不|没|别|谁|(?<!我)(?:说|骂|讲|觉得|认为|以为)|哪|怎么会|怎么可能|非|如果|就算|即使|哪怕|他|她|对方|骗子"
    r"|凭什么|怕|夸|让|叫|n't|\bnot|\bsays?|\bsaid|\bthinks?|\bfeel|\bif|\bwho)[^,，。！？!?\n]{0,12}$"
)


def vulgar(reply: str) -> str | None:
    """A word that no owner would have sent in their name."""
    match = _VULGAR.search(reply)
    return match[0] if match else None


def insult(reply: str) -> str | None:
    """An insult aimed at the reader; None where there is none."""
    found = (m[0].strip() for m in _AIMED.finditer(reply) if not turned(reply, m.start()))
    return next(found, None)


def turned(reply: str, start: int) -> bool:
    """Whether what stands before ``start`` in its clause turns the words there round."""
    return _TURNED.search(reply[max(0, start - 16) : start]) is not None
