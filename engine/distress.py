"""Words of self-harm: never a generated reply, always the same careful one.

A small model answers "我想死" with small talk. What is said here is the owner's own text, and a
caring line to somebody who was joking costs less than the other mistake, so the patterns reach
wide. They leave out only what everybody says of laughing, tiredness, longing and sales.
"""

from __future__ import annotations

import re

#: Fixed patterns with bounded repeats, none of them made of user data (trap 15).
_SAYS_SO = re.compile(
    r"自杀|自残|自尽|轻生|寻死|割腕|服毒|上吊|遗书|安乐死|(?:吞|吃).{0,6}安眠药|烧炭"
    r"|跳(?:楼|河|江|海|桥)(?!价|大?甩卖|促销|清仓|机)"
    r"|(?:想|要|好想|去|不如|让我)(?:就这么|就这样|现在就|真的|直接|一起)?死(?!你|她|他|它|我|妈|党|咬|磕|守|等|的那|记|机|角|线|掉的)"
    r"|不想(?:再)?(?:活|醒来|醒过来|存在)|(?:不|没)想活|活(?:着|下去).{0,6}(?:没|无|有什么|有啥|干嘛|为了什么).{0,4}"
    r"(?:意思|意义|劲|用|盼头|希望)?|活不下去|活够了|活腻了|撑不下去|熬不下去"
    r"|死了(?:算了|就好|一了百了|更好|是不是|会不会)|一死了之|一了百了|(?:不如|还不如|干脆)死"
    r"|结束(?:我|自己)?的?(?:生命|一切|这一切)|了结(?:自己|生命|一切)|离开(?:这个)?(?:人世|人间)"
    r"|(?:伤害|弄死|杀(?:了|死|掉)?)(?:我)?自己|从(?:楼|阳台|桥|窗).{0,4}跳|消失(?:算了|就好|在这个世界)"
    r"|没有我.{0,8}(?:更好|会好)"
    r"|\bsuicid\w*|\bkill(?:ing)? my ?self\b|\bkms\b|\bend (?:my life|it all)\b"
    r"|\b(?:want|wanna|going|ready) (?:to )?die\b|\bself[- ]harm\w*|\bhurt(?:ing)? myself\b"
    r"|\bcut(?:ting)? myself\b|\b(?:no reason|don'?t want|do not want) to (?:live|be alive|exist)\b"
    r"|\bbetter off (?:dead|without me)\b",
    re.IGNORECASE,
)
#: Said of laughing, heat, work and the like; taken out before looking.
_FIGURE_OF_SPEECH = re.compile(
    r"(?:笑|累|困|饿|渴|热|冷|烦|气|吓|急|忙|美|爽|甜|萌|帅|尴尬|无聊|开心|高兴|羡慕|可爱|疼|痒|吵|贵|堵)"
    r"得?(?:要|想|快要?)?死(?:我|人|了|啦|个人)?|想死(?:你|她|他|它|我)(?:了|们|啦)?|得(?:要|快要?)死|找死|该死|死机|死党"
    r"|(?:to die for|dying to|killing me)"
)


def is_distress(text: str) -> bool:
    """Whether a cleaned text speaks of the speaker's own death or harm."""
    return _SAYS_SO.search(_FIGURE_OF_SPEECH.sub(" ", text)) is not None
