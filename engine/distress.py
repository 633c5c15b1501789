"""Words of self-harm: never a generated reply, always the same careful one.

A small model answers "我想死" with small talk. What is said here is the owner's own text, and a
caring line to somebody who was joking costs less than the other mistake, so the patterns reach
wide. They leave out only what everybody says of laughing, tiredness, longing and sales, curses
on others, and what is told of the news, a film or a lesson. What is said between the lines
("明天不用等我了") is left to the fitted head, which works beside them.
"""

from __future__ import annotations

import re

#: The patterns are written in simplified characters; these are the traditional ones they need.
_SIMPLIFIED = str.maketrans(
    "’殺輕殘盡樓頂撐這個離開結條沒會對遺書藥繩遠間橋著還為麼們來邊窗攬後給過見無義燒減價壺",
    "'杀轻残尽楼顶撑这个离开结条没会对遗书药绳远间桥着还为么们来边窗揽后给过见无义烧减价壶",
)
#: Blanks and dots between characters, set to slip past filters: "想 死", "自.杀".
_SPACED = re.compile(r"(?<=[一-鿿])[ .·*_|/-]{1,3}(?=[一-鿿])")

#: Said of laughing, heat, work and the like, or to others in anger; taken out before looking.
_FIGURE_OF_SPEECH = re.compile(
    r"(?:笑|累|困|饿|渴|热|冷|冻|晒|挤|辣|臭|烦|气|吓|急|忙|美|爽|甜|萌|帅|尬|尴尬|无聊|开心|高兴"
    r"|羡慕|可爱|疼|痒|吵|贵|堵|加|加班|卷|肝)[得到]?(?:要|想|快要?|半)?死(?:我|人|了|啦|个人)?"
    r"|[得到](?:要|快要?)死|(?:累|热|冷|困|饿|忙)[死得到]?了?[都我]?不想活了|不想活动"
    r"|想死(?:你|她|他|它|我(?!们?不))(?:了|们|啦)?|想死的心都有|死人了"
    r"|死(?:活(?!都一样)|要面子活受罪|机|党|循环|线|角|磕|心塌地)|找死|该死(?!的(?:人)?是我)"
    r"|[你您他她它](?:们)?[^，。！？,我想]{0,4}去死|去死吧?[，！!]?(?:你|臭|渣|骗|狗|去死)|渣男[，！]?去死"
    r"|自杀(?:小队|式|率|者|论|预防|干预)|跳楼(?:大?甩卖|大?减价|价|啦|促销|清仓|机)|紫砂[壶锅杯泥茶课陶盆]|《[^》]{1,40}》"
    r"|suicide squad|to die for|dying (?:to|of|for)|killing (?:me|it)\b"
)
#: Acts and means by name: they count by themselves, but not where they are told or taught.
_ACT = (
    r"(?:自杀|自残|自尽|自刎|轻生|寻死|割腕|服毒|上吊|卧轨|烧炭|安乐死"
    r"|跳(?:楼|河|江|海|桥|轨)|投(?:河|江|海))"
)
_NAMED = re.compile(_ACT + r"|遗书|遗言|安眠药|\bsuicid|\bself[- ]harm")
_TOLD = re.compile(
    r"新闻|热搜|民警|消防|报道|[一两三]名|书上|心理学|心理，|听说|电影|纪录片|剧|小说|作者|作家|结[局尾]|[男女][主子孩]|屈原|[那哪一]年"
    r"|凶手|反派|历史|景山|文豪|众说纷纭|写得|论文|讲座|课|作业|考[试点]|问卷|培训|预防|干预|手册|热线"
    r"|邻居|(?:朋友|同学|同事|亲戚)(?:的.{1,3})?(?:自杀|轻生|跳)|甩卖|烤|露营|处方|我[爸妈].{0,3}吃|褪黑素"
)

#: Fixed patterns with bounded repeats, none of them made of user data (trap 15), by kind.
_KINDS: dict[str, tuple[str, ...]] = {
    "wishing to be dead": (
        r"(?:想|不如|干脆|让我|求一?|只有|只剩|只能|早点|快点|早该|宁可|宁愿|我要(?!死了))"
        r"(?:就?[这那]么|就?这样|现在|真的?|直接|一起|安静地|马上|今晚)?(?:就|去)?死"
        r"(?![妈党咬磕守等那记人心得])",
        r"(?:我|就|想要?|要|先|才|马上|现在|今晚|叫我|让我|不如|也)去死",
        r"(?<![打冻弄养拍])死(?:了|掉|去)就?(?:算|好|解脱|一了|更好|清净|多好|是不是|会不会|才能|不用|保险)",
        r"我(?:要是|如果|早点|一)死|(?:要是|如果|假如|哪天)我[^，。他她]{0,3}死|我死(?:了|掉)?，?(?:是不是|会不会|会有|保险|也没人|大家[都就]|你们就)",
        r"死了(?:你们?|他们|大家)(?:才|就|都)|死(?:才|是唯一|就).{0,6}(?:解脱|停|结束)|(?:躺着|一直在)等死",
        r"一死了之|一了百了|生不如死|死路一条|死给.{1,2}看|以死(?:谢|证)|不[敢怕]死，|死的勇气|除了死|可以去死|该去死|安静地死",
        r"(?<![猫狗他她它])死(?:的时候|后|了之后)[^，。我]{0,8}(?:疼|痛|难受|感觉)|死了(?:比较|也)好|(?:死|想不开)的念头|我死了赔|自己的死|我(?:怎么|为什么)还[不没]死",
        r"怎么?样?(?:可以|才能?|去)?死(?![机活的])|死法|想(?:着|到)死|(?:全|都|满脑子)是死(?![线角])|\A死\Z",
        r"(?:马上|今晚|现在)[^，。]{0,3}(?:死掉|断气)|[撞劈杀][死了]我(?![们的])|把我[撞杀]死",
        r"(?:为什么|怎么)死的不是我|死的(?:人)?是我|没死成|我早就死了|[巴恨]不得(?:马上|现在|今晚|自己|立刻|就){1,2}死|(?:求|想要?|只想|终于可以?)我?解脱",
    ),
    "not wanting to live": (
        r"(?:不|没|唔|弗)想(?:再|要|过要|过)?(?:继续)?(?:活(?![动跃泼儿在]|得)|醒|存在|生存|呼吸|做人|当人)",
        r"(?:我|都|真的?|也)不(?:想)?活了|(?:不要|没法|没脸|不想|不打算)[^，。]{0,3}活(?:了|着|到|下去)",
        r"活着?得?(?:够了|腻|累了|不动|不下去|不了了|不成|受罪|不[到过].{1,4}[天岁年末冬])|不想多活",
        r"活(?:着|下去).{0,6}(?:没(?!完|啊|呢|\W|\Z)|无|有什么|有啥|干嘛|干什么|干啥|为了什么|折磨|煎熬|受刑|浪费)",
        r"活(?:着|得)(?:真的?|太|好|实在|很)(?:累|苦|痛苦|辛苦|疼|难)|活下去的(?:理由|勇气|动力|意义)|求生欲没",
        r"(?:不配|不该|为什么|凭什么|怎么)我?(?:还|要|再){0,2}活(?![动跃儿该])|没有.{0,6}(?:继续活|求生的)|让我活下去",
        r"[撑熬扛](?:不下去|不住了.{0,6}(?:走|死|离开|结束))|熬不(?:住了\Z|过(?:今|这))|撑到今天就|没有?盼头",
        r"(?:没有?|看不到)(?:我的)?(?:未来|明天|以后)了|(?:别|不会?)再?醒(?:了|来|过来)|再也(?:不要?|别)醒|醒不过来就|(?:唔使|不用)再醒|不用再?(?:硬撑着)?活",
        r"睡过去.{0,6}(?:不醒|醒不|不用|永远)|永远[地的]?(?:睡|闭上?眼|休息)|长眠|一睡不醒|不用睁眼|不想再睁",
        r"不(?:该|应该|配)(?:被)?(?:生下来|活在|存在)|[没不](?:有)?(?:被)?出生(?:过)?就好|从来没存在",
        r"消失(?:算了|就好|了大家|在这个世界)|[好真]想消失(?=，|。|\Z)|(?:我|想|要)[^，。]{0,4}(?:永远|彻底)地?消失|从(?:这个)?世界上?(?:彻底)?(?:消失|蒸发)",
    ),
    "ending it": (
        rf"(?:我|想|要|打算|准备|试过|念头|去)(?:真的?|就|去|又|也|都|要|现在|直接|过){{0,2}}{_ACT}",
        r"(?:结束|了结)(?:掉|了)?(?:(?:我|自己|这)?的?(?:这条)?(?:生命|人生|一切|这一切|命)|自己(?!的))",
        r"放弃(?:自己的?|我的?)?(?:生命|活)|自[我己]?了断|(?:这?条|我的?)命.{0,4}(?:不要|唔要|不值钱)|做人好攰",
        r"(?<![他她])离开(?:这个?)?(?:人世|人间|世界)|去另一?个世界|退出人生|不(?:在|想在)(?:人世|这个世界)",
        r"(?:世界|人间)上?(?:待了|我来过|没有我的位|不适合我)|(?<!别)做傻事|我(?:真的)?想不开",
        r"(?<![别免])(?:伤害?|杀了?|弄死|弄伤|勒死|淹死|掐死|打死|烫|扎|割)了?我?自己|把自己[弄掐淹勒]死",
    ),
    "places and means": (
        r"从.{0,8}(?:楼|阳台|桥|窗|这里?|宿舍)(?:上|往下|直接|一起|就)?(?:跳(?!槽)|下去(?=[了就，。]|\Z))|(?:想|声音叫我|差点就?)[^，。]{0,3}跳(?:下去|落去|了|\Z)",
        r"(?:怕|如果)[^，。]{0,8}跳下去|都想往下跳|跳下去就(?!能|可以)|想.{0,3}(?:躺|冲|撞).{0,3}(?:铁轨|护栏)",
        r"(?:\A|我|，|现在|又)(?:又|就|正|现在|今天|今晚|一个人){0,2}[坐站在企](?:在|喺|咗喺|上|到)?[^，。]{0,4}"
        r"(?:天台|楼顶|顶楼|窗台|窗户边|栏杆|铁轨|桥栏)(?!.{0,8}[烤晒收景拍看吹喝等])",
        r"栏杆外面|[江河海湖][^。]{0,8}(?:想走进去|往里走就)|跳还是不跳|抱着[^，。]{0,3}[孩宝娃][^，。]{0,4}跳|攒(?!钱).{0,4}药|药[^，。]{0,5}(?:攒|全吃|都吞)|想[把全都药]{1,3}吃[掉光]",
        r"(?:吞|吃)[^，。不]{0,2}(?:很多|一把|整[板瓶盒]|一瓶)药?|(?:很多|一把|整[板瓶盒])药(?:吃|吞)|晒成樽药",
        r"喝了?(?:农药|百草枯)|农药我?买|(?:绳子|炭|煤气|皮带).{0,6}(?:挂好|打好结|拧开|封[上晒]|套在脖)|炭.{0,10}窗.{0,3}封",
        r"又[割划](?:了\Z|了，|了几)|我(?:又)?在?[割划](?:了，|自己)|想[割划](?:下|\Z|自己)|又在[^，。]{0,4}[割划]了|手腕上?.{0,3}(?:[划割](?!伤)|新的)|刀[^，。]{0,4}手腕|[割划]下去"
        r"|[拿用](?:小|美工|水果)?刀片?[^，。]{0,3}[割划]了?自己|忍不住[^，。]{0,3}[割划]了(?:自己|[手腿]|胳膊|[几一两][刀道下])",
        r"(?:不|没有?)(?:那么)?(?:痛苦|痛|疼)的?(?:死|方法|方式|离开)|(?:多少|几|多)[片楼层米高].{0,6}(?:死|一次成功)|刀对着自己",
    ),
    "farewell and burden": (
        r"(?:没有?|冇|少)[了咗]?我.{0,8}(?:更好|会好|好过|轻松|清净|会?开心|少一个)|不想?拖累(?!队|进)|(?:只会|与其)拖累",
        r"我[^，。]{0,5}(?:累赘|负担)[^。]{0,6}(?:死|没了|走)|我(?:死|不在)[了咗]?(?:以后|之后)|(?:等|如果|要是|哪天)我不在了",
        r"我走(?:了|咗)?(?:以后|之后).{0,10}(?:照顾好|难过|喊|密码)|(?:下辈子|来世|来生).{0,3}(?:还你|还\Z|报|做[你您]|再见)",
        r"下辈子不做人|永别了(?!我的)|(?:来|给我)[^，。]{0,3}收尸|(?:老天|阎王)爷?[^，。]{0,6}[收接]我(?!们)|遗像|我的(?:骨灰|尸体|葬礼|后事|忌日)|给我(?:一刀|个痛快)|最后一次(?:给你发|跟你说话)",
        r"别拦我，|(?:不要|别)来?救我|(?:不要|别)开[^，。]{0,6}门[^。]{0,4}报警|为什么要?救我|[儿女孙][子儿]?不孝，(?=[先养来下对])|替我好好|活到明天|我[^，。]{0,2}(?:不知道|没想过|不会)[^，。]{0,6}活[过到](?!老)",
        r"去天堂(?![伞寨])|在天上[^。]{0,6}陪|我随[他她它]去|我也不(?:想|会)?独活|自己拔管|对(?:这个)?世界没(?:有)?留恋|明天[^，。]{0,4}不会存在",
    ),
    "evasive spellings": (
        r"(?<!理)(?:想|不如|天天|每天都?)去?(?:鼠(?![标条年片])|似(?![乎的是])|亖|[嘎噶](?!嘎)|s(?![a-z码号型]))",
        r"(?:想|不如|天天)去?4(?=[了真一]|\W|\Z)|[鼠似4亖寄嘎噶]了(?:算|就清净)|(?<![一兴茶])紫砂(?=[了会过吧怎]|的念头|\W|\Z)",
        r"(?<!来)自(?:鲨|刹|sha|s(?![a-z])|4(?!\d))|(?<![a-z])zs(?:了|的话|吗|会)|[想天]zs|\bunalive|sewerslide|\bctb\b",
        r"想(?:要)?(?:重开|登出|删号|销号)(?!一?[局把]|小号|重练)|人生(?:重开(?!模拟)|这个游戏)|(?:生命|人生)倒计时|想die",
    ),
    "cantonese": (r"唔想再?捱|死咗(?:就|佢|算)|(?:攞|揽炒)(?:自己)?条命|天桥边.{0,4}想|死了算求",),
    "english": (
        r"\bkill(?:ing|ed)? my ?self\b|\bkms\b|\bhang(?:ing)? myself\b",
        r"\bpainless ways?\b|\bhurt to die\b",
        r"\bend(?:ing)? (?:my (?:own )?life|it all|it tonight)\b|\bleast painful way\b",
        r"\b(?:want to|wanna|going to|ready to|deserve to|let me|if i) (?:just )?died?\b"
        r"(?! (?:of|laughing))",
        r"\b(?:rather be|i (?:was|were)|better off) dead\b|\b(?:was|were|had) never born\b",
        r"\b(?:hurt(?:ing)?|cut(?:ting)?|harm(?:ing)?) myself\b|\bkeep cutting\b",
        r"\bbetter off without me\b|\bif i (?:was|were) gone\b|\bnever (?:woke|wake) up\b",
        r"\b(?:no reason to|no point in|(?:do not|don'?t) ?(?:want to|wanna)) "
        r"(?:live|living|be alive|be here|exist|wake up)\b|\bdisappear forever\b",
        r"\b(?:keep living|(?:isn't|not) worth living|left to live for|hate being alive)\b",
        r"\b(?:won'?t be here tomorrow|make it to morning|i can'?t (?:go on|live anymore))\b",
        r"\bjump(?:ing)? off (?:the |a |this )?(?:balcony|bridge|roof|building|cliff)",
        r"\b(?:took|swallow(?:ed)?|got) (?:all )?(?:my|the) (?:pills|whole bottle)\b"
        r"|\bhow many sleeping pills\b|\bthinking (?:of|about) jumping\b",
    ),
}
_SAYS_SO = re.compile("|".join(pattern for kind in _KINDS.values() for pattern in kind))


_GONE = r"(?:走了|没了|去世|过世|离世|不在了|死了|忌日|头七|葬礼|下葬|火化|出殡)"
_MOURNS = re.compile(
    r"(?:爸|妈|老人|爷|奶(?!茶)|外[公婆]|姥|哥|姐|弟|妹|老[公婆]|丈夫|妻子|孩子|儿子|女儿|朋友|同[学事桌]|老师|舅|姨|叔"
    rf"|伯|姑|(?<!吉)[他她它]|狗|猫|兔|仓鼠|鹦鹉|毛孩子)[^，。！？我你]{{0,10}}{_GONE}|忌日|扫墓"
    r"|\b(?:mum|mom|dad|father|mother|grand\w+|wife|husband|friend|dog|cat)\b.{0,20}"
    r"\b(?:died|passed away|is gone)\b"
)
#: Grief that goes on to one's own end, or says farewell.
_FOLLOWS = re.compile(
    r"我也(?!想[他她它])|我(?:自己|一个人|这辈子|死|早就|可以|这个|先)|活|撑|熬不|没意[思义]|跟着|[跟陪随][他她它]|牵挂"
    r"|解脱|去找|团聚|托付|托你|给你|放心|先走|命|对不起|不孝|不回来|以后|[要想该去]死|\btoo\b|\bjoin\b"
)


def is_mourning(text: str) -> bool:
    """Whether it tells of somebody else's death and says nothing of one's own end."""
    plain = text.casefold().translate(_SIMPLIFIED)
    return _MOURNS.search(plain) is not None and _FOLLOWS.search(plain) is None


def is_figure_of_speech(text: str) -> bool:
    """Whether it dies of laughing, tiredness and the like; a head may take that for distress."""
    return _FIGURE_OF_SPEECH.search(text.casefold().translate(_SIMPLIFIED)) is not None


def is_distress(text: str) -> bool:
    """Whether a cleaned text speaks of the speaker's own death or harm."""
    own = _SPACED.sub("", text).casefold().translate(_SIMPLIFIED)
    plain = _FIGURE_OF_SPEECH.sub(" ", own)
    if _SAYS_SO.search(plain):
        return True
    return _NAMED.search(plain) is not None and _TOLD.search(plain) is None
