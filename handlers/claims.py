"""What a reply says that nobody told the bot: promises, a life of its own, facts, prescriptions.

A small model answers "明天能到吗" with "能，我一定到", and the owner is expected somewhere. What
the message itself says may be repeated (a time, a price, the rain outside); kind words, advice
such as an early night, and what the bot cannot do ("我帮不上") are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_MAX_CHARS = 600
_SENTENCE = re.compile(r"[^。！!\n;；…?？]{1,200}[?？]?")
_NO = r"(?<!如果)(?<!要是)(?<!假如)(?<!不能说)(?<!希望)"
_DAY = (
    r"(?:今天|明天|后天|今晚|明晚|明早|周末|下周|[这下]?周[一二三四五六日天]|晚上|下午|中午"
    r"|早上|等会儿?|一会儿?|待会儿?|稍后|晚点|回头|改天|马上|立刻|这就|现在就?|尽快|到时候?)"
)
_SURE = rf"(?:{_DAY}|一定|肯定|绝对|保证|准时|会|就|可以|能|先|再|去|来|都|也|也会){{0,4}}"
_PLACE = (
    r"(?:家(?!人)|公司|学校|单位|办公室|店里|外面|外地|路上|医院|地铁|公交|火车|高铁|机场|床上|上班|开会|开车|加班|吃饭|吃|洗澡|睡觉|出差|忙|北京|上海|广州|深圳"
    r"|跑步|健身|逛|看电影|看书|看剧|做饭|学习|赶|打游戏|回家|排队|等车|[一-鿿]{1,4}[市区路街])"
)
_DID = (
    r"(?:吃|喝|起床|睡|醒|下班|上班|到家|到公司|开完会|开会|洗|回来|回家|出门|看完"
    r"|看了|买|忙完|加班|出发|去了|去过|跑步|健身|做饭|下课|出差|失恋|感冒|发烧)"
)
_KIN = (
    r"(?:妈|爸|爸妈|老公|老婆|女朋友|男朋友|女友|男友|对象"
    r"|儿子|女儿|孩子|同事|室友|闺蜜|老板|奶奶|爷爷|猫|狗)"
)
_DRUG = (
    r"(?:布洛芬|对乙酰氨基酚|阿莫西林|头孢|感冒灵|连花清瘟|泰诺|美林|奥司他韦|抗生素|阿司匹林"
    r"|退烧药|消炎药|止痛药|安眠药|ibuprofen|paracetamol|tylenol|aspirin)"
)
_ILLNESS = (
    r"(?:[胃肠肺鼻咽肝肾][炎癌]|扁桃体炎|关节炎|阑尾炎|支气管炎|炎症|感冒|流感|过敏|抑郁症?|焦虑症|高血压|低血糖|糖尿病|颈椎病|偏头痛|心脏病|甲亢|贫血|中暑|湿疹|肿瘤|癌症?"
    r"|骨折|食物中毒|更年期)"
)
_COUNT = r"[\d一二两三四五六半]{1,3}"

#: Fixed patterns with bounded repeats, none of them made of user data (trap 15), by what is said.
_KINDS: Mapping[str, tuple[str, ...]] = {
    "promise": (
        rf"{_NO}我们?{_SURE}(?:一定|肯定|绝对|准时|马上|立刻|这就|现在就?|明天|今晚|周末|会|{_DAY})(?:就|也|都|去|能|会|准时)?(?:到(?!时候|底|现在)|来(?!自)|去(?!想)"
        r"|过去|过来|赶|参加|出席|回来|回家|还(?:你|钱)|接|处理|安排|联系|通知|告诉他|转告|转达|转给|提醒|发货|退款)",
        rf"{_NO}(?:我{_SURE}|(?:\A|[,，]){_SURE})(?:帮你|给你|替你|帮您|给您|为您|帮忙)(?:去|先|再|也|马上|现在)?(?:买|订|定|拿|带|取|查|问|转|叫|接|送|办|处理|联系"
        r"|预约|催|打个?电话|发(?!自)|寄|安排|申请|退|充|占|搬|修|留|做|弄|抢|投|点|看一?下|看看|看孩子|便宜|优惠|打折|打[\d一二三四五六七八九]|换|补)",
        rf"(?:我|先|可以|那就|没问题[,，]?)借(?:给)?你|我{_SURE}(?:转(?:给)?你|请你(?:吃|喝|看)|请客|答应你|陪你(?:去|来|逛|看|吃|喝|过|打|玩)|[去来]?[接送]你|转告"
        r"|转达|通知(?:他|她|本人)|告诉(?:他|她|本人|主人)|提醒你|叫你起床|等你(?:来|到|过来))|答应你了",
        r"(?:说定了|就这么定|不见不散|老地方见|包在我身上|交给我(?:吧|了|就)|算我一个|我来(?:处理|安排|搞定|办|订|买|转|付|出钱|[接送]你))|(?:点|上|午|晚"
        r"|[周末一二三四五六日])(?:准时)?见(?:[!！,，~～]|\Z)(?!面)",
        rf"(?:今天|明天|马上|尽快|\d+小时内|[一二三两]天内)(?:就|会|能|给你|给您)?(?:发货|送到|到货|发出|送过去|处理好)|(?:{_DAY}|这就|马上)给[你您](?:送|带|买|寄|发"
        r"|打|转|做|拿|退)|可以(?:便宜|优惠|退款|退货|打折)",
        r"\bi(?:'ll| will|'m going to| can)(?: definitely| certainly| surely"
        r"| gladly)? (?:be there|come|pick you|bring|buy|lend|send|call you|get (?:it|you)|book"
        r"|order|pass (?:it|this|that|your|the|on)|tell (?:him|her|them)|let (?:him|her|them)"
        r"|make sure|handle|join|meet|pay|transfer|remind|wake|ship)"
        r"|\bi promise\b|\bcount me in\b|\bon my way\b|\bsee you (?:at|there|tonight|then)\b",
    ),
    "life": (
        rf"{_NO}我(?:现在|正|正好|刚好|也|还|今天|这会儿?|人|刚|刚才|都){{0,3}}在{_PLACE}(?!吗)",
        rf"{_NO}我(?:今天|昨天|昨晚|早上|中午|晚上|也|自己){{0,2}}(?:刚刚?才?|刚才|已经|早就|还没|正在|正要|准备|打算|昨天|昨晚|也|今天)(?:在|去|要|没)?{_DID}",
        rf"{_NO}我(?:{_DAY}|最近|这几天|刚好|正好|随时|都){{0,3}}(?:有空|没空|有时间(?!听|陪|和你聊|跟你聊)|没时间|很忙|挺忙|有事|有安排|有约|休息(?=[,，]|\Z)"
        r"|放假|不在家|要(?:上班|开会|加班|出差|去))(?!听|陪你聊)",
        rf"{_NO}我(?:小时候|上学的?时候|以前也|去年|上次|当年|的?{_KIN}(?:也|都|说|在|会|喜欢|就|做|家|以前|经常|当时|最|刚))|我家(?:在|也|里|楼|附近|[猫狗])|我住"
        r"|我(?:最|也|很|超)?(?:爱|喜欢|想)[吃喝]|我(?:好|有点|快|也)?(?:饿|困|冷|热|累)(?:了|死了?)(?!你)",
        r"\bi(?:'m| am) (?:at (?:home|work|the)|in (?:a meeting|bed|the|my)|on the (?:bus|train"
        r"|way|road)|driving|eating|cooking|free (?:tonight|tomorrow|this|on)|busy (?:tonight"
        r"|tomorrow|at|with))|\bi(?:'ve| have)? just (?:ate|eaten|finished|got (?:home|back"
        r"|off)|had|woke)"
        r"|\bi had (?:lunch|dinner|breakfast)|\bmy (?:mom|mum|dad|wife|husband|boss|girlfriend"
        r"|boyfriend|kids?|son|daughter)\b",
    ),
    "fact": (
        r"(?:今天|明天|后天|今晚|周末|这几天|下周|外面|现在|最近)(?:(?!会不会|不会|有没有|是否|如果|要是|万一|下不下|查)[^,，]){0,8}?(?:晴(?!朗的心)|多云|阴天|有雨"
        r"|有雪|[会要在]下[雨雪]|[小中大阵]雨|[小中大]雪|降温|升温|挺冷|很冷|很热|不冷|不热|挺热|天气(?:不错|很好|晴朗|挺好|很[冷热]))",
        r"(?:湖人|勇士|国足|中国队|皇马|巴萨|曼联|主队|客队|[一-鿿]{1,3}队)(?:以?.{0,6})(?:赢了|输了|获胜|夺冠|胜出)|(?:已经|昨天|今天|刚刚?)(?:给您|帮您|给你)?发货"
        r"|(?:还有|有)现?货(?:的|哦|呢|，|,|\Z)|(?:包邮|正品)(?:的|哦)|(?:今天|现在|路上)(?:不堵|很堵|有点堵)|(?:还|会|要|一定|肯定|应该)(?:会|要)?(?:涨|跌)(?!吗)",
        r"\bit(?:'s| is| will be|'ll be) (?:going to )?(?:be )?(?:sunny|rainy|cloudy|raining"
        r"|snowing|rain|snow)\b",
    ),
    "medical": (
        rf"(?:一[天日]|每[天日次])(?:吃|服|喝)?{_COUNT}[次片粒颗袋包毫]|(?:吃|服用|口服|喝|用){_COUNT}(?:片|粒|颗|毫升|毫克|袋|ml|mg)|每隔?{_COUNT}个?小时(?:吃|服)?一次",
        rf"(?<!别)(?<!不要)(?<!乱)(?:吃|服用|喝|用|试试|来)(?:点|一?[片粒颗]|些)?{_DRUG}|\btake\s(?:some\s|an?\s|\d+\s|two\s)?(?:mg\s)?(?:of\s)?(?:{_DRUG}|pills?"
        r"|tablets?)",
        rf"(?:这|那|你|应该|可能|大概|估计|八成|肯定|听起来|看来)(?:就)?(?:是|得了|患了|有|属于|像是)(?:急性|慢性|普通|病毒性|细菌性|轻度|有?点)?{_ILLNESS}"
        r"|\byou\s(?:probably\s|might\s|may\s|likely\s)?have\s(?:the\sflu|a\scold|an\sinfection|a\smigraine|depression|covid)",
    ),
    "advice": (
        r"(?:你|您)?(?:完全|肯定|当然|一定)?(?:可以|能|应该)(?:去)?(?:告(?![诉别知])|起诉|申请仲裁)(?:他|她|房东|公司|老板|对方)|(?:这|他们?|这样)(?:就)?(?:是|属于"
        r"|算)(?:违法|犯法|合法|违约|侵权)|(?<!也)不(?:违法|犯法)|(?:肯定|一定|能)(?:胜诉|赢官司)|(?:会|要)判\S{0,3}年",
        r"(?:可以|值得|建议|赶紧|应该|适合)(?:买入|买(?:这只|那只|股票|基金|黄金|房|点基金)|卖出|加仓|补仓|清仓|抄底|定投|贷款|入手股)|稳赚|不会亏|\byou\s(?:should"
        r"|can)\s(?:sue|buy\s(?:bitcoin|the\sstock|stocks|shares)|sell|invest)",
    ),
}
_PATTERNS = {kind: re.compile("|".join(patterns)) for kind, patterns in _KINDS.items()}

#: Figures that nobody handed over: a price, a temperature, a dose, a score, a time.
_FIGURE = re.compile(
    r"(?<![\d.])(\d{1,9}(?:[.,]\d{1,3})?)\s?(?:块(?!儿)|元|美元|美金|万|亿|度|℃|°|折|毫升|毫克|片|粒|号楼|点(?!\d*分之)|%|degrees|dollars|bucks|yuan|mg|[ap]m)"
    r"|[$¥￥](\d{1,9})|(\d{1,3})\s?(?:比|:)\s?\d{1,3}(?!\d)"
    r"|(?<![一-鿿])([一二三四五六七八九十百千两]{2,8})(?:块钱?|元)"
)


def claim(reply: str, message: str) -> str | None:
    """The first thing a reply says that it cannot know or promise, with its kind; None if fine.

    Args:
        reply: Output of the model, after ``tidy``.
        message: What it answers: what is said there may be said again.
    """
    said, heard = reply[:_MAX_CHARS].casefold().replace("’", "'"), message.casefold()
    for match in _SENTENCE.finditer(said):
        sentence = match[0].strip()
        for kind, pattern in _PATTERNS.items():
            found = pattern.search(sentence)
            # A question back ("外面在下雨吗？") states nothing; a promise is one all the same.
            asks = kind in {"life", "fact"} and sentence.endswith(("?", "？"))
            if found and not asks and found[0] not in heard:
                return f"{kind}: {found[0]}"
    for match in _FIGURE.finditer(said):
        figure = next(group for group in match.groups() if group)
        if figure not in heard and match[0] != "100%":
            return f"figure: {match[0]}"
    return None
