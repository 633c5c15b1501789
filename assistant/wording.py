"""How people word the questions that ``questions`` knows, in Chinese and simple English.

Groups: ``when`` and ``later`` a span of days, ``name`` and ``other`` a person or a group, ``word``
a mood, ``number`` and ``nth`` a reminder's, ``whole`` and ``off`` as they say. All are bounded.
"""

from __future__ import annotations

_DAYS = r"(?:今[天儿日]|昨[天儿日]|[这本]周|这个?星期|这礼拜|这几天)"
_DAYS_EN = r"(?:today|yesterday|this week)"
_WHEN, _LATER = rf"(?P<when>{_DAYS})?", rf"(?P<later>{_DAYS})?"
_WHEN_EN = rf"(?: (?P<when>{_DAYS_EN}))?"
_NAME = r"(?P<name>[^\s，。？！,?!](?:[^，。？！,?!]{0,30}?[^\s，。？！,?!])??)"
_ROOM = r"(?P<name>[^，。？！,?!]{1,30}?)"
_ONE_ROOM = rf"{_ROOM}群里?{_LATER}"
_WHAT = r"(?:什么|啥|哪些)"
_ANY = r"(?:吗|么|没有|没)"
_HOW = r"(?:怎么样|怎样|如何|好吗|好不好)"
_FEELING = r"(?:心情|情绪|气氛|氛围|情况)"
_UPSET = (
    r"(?:在|有点|很|比较|最)?(?P<word>不高兴|不开心|不爽|不满|生我?的?气|火大|发火|难过|伤心|着急|害怕"
    r"|(?:心情|情绪)不好)"
)
_UPSET_EN = r"(?P<word>upset|angry|mad|sad|unhappy|worried)"
_URGENT = r"(?:急事|紧急的?(?:消息|事)?|要紧的?事?)"
_TO_ME = r"(?:转发|转告|转|发|告诉)给?我"
_SPEAK = r"(?:说|聊|回复?|讲|发)[了过]?些?(?:什么|啥)"
_IGNORED = r"(?:没有?|不)给?(?:回复|回答|理会|搭理|回|理)"

DAY = (
    rf"(?P<when>{_DAYS})(?:大家|群里|微信上?)?都?(?:过得)?(?:情况)?{_HOW}",
    rf"{_WHEN}(?:都|群里|微信上?|我这边)*发生了?{_WHAT}(?:事情?)?",
    rf"{_WHEN}(?:都|群里|微信上?|我这边)*有{_WHAT}新?(?:消息|动静)",
    rf"{_WHEN}有(?:没有)?{_WHAT}?(?:重要的?|新)?(?:消息|动静)",
    rf"(?P<when>{_DAYS})(?:都|群里|微信上?)*有(?:没有)?{_WHAT}(?:重要的?)?(?:事情?|情况|新鲜事)",
    rf"{_WHEN}(?:都有?|有没)?有?(?:谁|哪些人|人)来?(?:找过?我|联系过?我|给我发过?(?:消息|微信))",
    rf"(?:总结|汇总|汇报|说说|讲讲)一?下?(?P<when>{_DAYS})(?:的(?:消息|情况|事情?))?",
    r"汇报一?下?",
    rf"(?P<when>{_DAYS})[ ，,]{{0,3}}(?P<whole>全部|所有|完整)的?",
    rf"what(?:'s| has)? happened{_WHEN_EN}",
    rf"what did i miss{_WHEN_EN}",
)
UPSET = (
    rf"{_WHEN}(?:有谁|谁|有没有人|有没有谁){_LATER}{_UPSET}",
    rf"{_WHEN}有人{_UPSET}{_ANY}",
    rf"who(?:'s| is| was) {_UPSET_EN}{_WHEN_EN}",
    rf"is (?:any|some)(?:one|body) {_UPSET_EN}{_WHEN_EN}",
)
URGENT = (
    rf"{_WHEN}有没有{_WHAT}?{_URGENT}",
    rf"{_WHEN}有{_WHAT}?{_URGENT}{_ANY}",
    r"(?:is there )?anything urgent|any urgent messages",
)
FORWARD = (
    rf"(?P<off>不用|不要|别)?再?(?:把|有)?{_URGENT}(?:就|都|要|先|马上|直接){{0,3}}"
    rf"(?P<not>不用|别)?再?{_TO_ME}",
    rf"(?:{_URGENT})?(?:也|就|先)?(?P<off>别|不用|不要|停止)再?(?:转发|转告|转)(?:给?我|急事)?",
    r"(?:please )?(?P<off>stop )?forward(?:ing)? urgent messages(?: to me)?",
)
REMINDERS = (
    r"(?:我|现在)?[还都]?(?:有|设了)(?:哪些|什么|几个|多少)个?提醒",
    r"(?:看看|列出|查看)?(?:我的)?(?:所有)?提醒(?:列表|事项)?",
    r"(?:what are |list )?my reminders",
)
CANCEL = (
    r"(?:取消|删除|删掉|去掉|删)掉?(?:第|那个)?提醒 ?[#＃]?(?P<number>\d{1,6})?号?",
    r"(?:取消|删除|删掉|去掉|删)第?[#＃]?(?P<nth>\d{1,6})[号个]?的?提醒",
    r"(?:取消|删除|删掉).{1,20}的提醒|(?:不用|别|不要)再?提醒我?",
    r"(?:cancel|delete) reminder(?: #?(?P<number>\d{1,6}))?",
)
SAID = (
    rf"你?{_WHEN}你?是?(?:怎么|咋|如何)(?:回复|回答|答复|回(?![复答]))(?![事得拨])[了过]?的?{_NAME}的?",
    rf"你?{_WHEN}你?都?[跟和对给]{_NAME}都?{_SPEAK}",
    rf"你(?:刚才|刚刚)?{_WHEN}都?回复?了?{_NAME}(?:什么|啥)",
    rf"你?(?:有没有|是不是没)回复?了?{_NAME}",
    rf"你回复?了?{_NAME}(?:了吗|了没|没有|没|吗)",
    rf"what did you (?:say to|tell|answer|reply to) {_NAME}{_WHEN_EN}",
)
WHY = (
    rf"你?{_WHEN}你?(?:为什么|为啥|怎么|咋)(?:一直|都|还)?{_IGNORED}{_NAME}"
    r"(?:的?(?:消息|信息|话|微信))?",
    rf"[/／](?:why|为什么) {{0,3}}{_NAME}",
    rf"why (?:didn't|did) you (?:not )?(?:answer|reply to|reply) {_NAME}",
    rf"why were you silent (?:to|with) {_NAME}",
)
ROOM = (
    rf"(?:总结|汇总|概括|说说|看看)一?下?{_WHEN}{_ONE_ROOM}(?:的?(?:{_FEELING}|消息|聊天)?)",
    rf"{_WHEN}{_ONE_ROOM}的?(?:{_FEELING}{_HOW}?|{_HOW})",
    rf"{_WHEN}{_ONE_ROOM}[都在]*(?:聊|说)了?些?(?:什么|啥)",
    rf"how is (?:the )?{_ROOM} (?:group|room){_WHEN_EN}",
    rf"summari[sz]e (?:the )?{_ROOM} (?:group|room){_WHEN_EN}",
)

#: Asked last: nearly anything may stand there, and what is nobody's name is no question.
HEARD = (
    rf"(?!你){_NAME}{_WHEN}(?:都|刚才|刚刚)?(?:说|发|讲)了?(?:些)?(?:什么|啥)",
    rf"(?!你){_NAME}{_WHEN}(?:找我|有)(?:什么|啥)?(?:干嘛|干什么|干啥|什么事|啥事)",
    rf"(?!你){_NAME}{_WHEN}的?(?:心情|情绪){_HOW}",
    rf"(?!你){_NAME}{_WHEN}是不是{_UPSET}",
    rf"(?!你){_NAME}{_WHEN}{_UPSET}了?{_ANY}",
    rf"what did {_NAME} (?:say|want){_WHEN_EN}",
    rf"is {_NAME} {_UPSET_EN}{_WHEN_EN}",
)
#: Words that stand where a name might, and are none: 怎么回事, 你怎么回家, 怎么不理我.
NOBODY = frozenset(
    (
        *("我", "你", "您", "他", "她", "它", "咱", "谁", "人", "我们", "你们", "他们"),
        *("大家", "别人", "人家", "自己", "的", "了", "事", "事儿", "去", "来", "家"),
        *("家的", "来的", "去的", "消息", "信息", "微信", "话", "国", "学校", "公司", "老家"),
        *("me", "him", "her", "them", "us", "you", "it"),
    )
)
