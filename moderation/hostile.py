"""Words that hurt the one they are said to, and words that show that nobody means it.

Patterns see words, not what is meant: what they find is one sign among several (``heat``), and
counts only where a member is known to be meant. Texts come with that member's name said as 你
(``target.Target.text``).
"""

from __future__ import annotations

import re

#: Words of somebody else, or about a word. Unpaired marks quote nothing.
_QUOTED = re.compile(
    r"「[^」]{1,200}」|『[^』]{1,200}』|“[^”]{1,200}”|\"[^\"]{1,200}\"|《[^》]{1,60}》"
)
_REPORTED = re.compile(
    r"骂(?:了?我|他|她|人|了?一句)|[他她](?:居然|还|竟然|就)?[说骂]|[被挨][^,，。你]{0,5}骂|是?什么(?:意思|缩写|梗)|怎么[说念]"
    r"|(?:热搜|新闻|视频|电影|剧)里?|\b(?:he|she|they) (?:said|called)\b"
)

#: What people are called to hurt them.
_NAMES = (
    r"(?:傻[逼比叉缺子瓜]|煞笔|[笨蠢坏混][蛋猪货材账]|王八[蛋羔]|白痴|智障|脑残|弱智|神经病|疯[子狗]"
    r"|废[物柴]|窝囊废|软蛋|怂[包货]|饭桶|草包|土鳖|乡巴佬|暴发户|人渣|渣[男女]|败类|畜生|禽兽"
    r"|[杂野]种|[狗老]东西|狗腿子|走狗|汉奸|兔崽子|小人(?!物)|伪君子|白眼狼|戏精|绿茶婊?一个|绿茶婊"
    r"|白莲花|圣母|心机[婊女狗]|婊子|贱[人货]|泼妇|妖婆|老太婆|老不死|[老死]头子|色[鬼狼]|流氓|变态"
    r"|无赖|老赖|小偷|骗子|叛徒|肥[猪婆]|死胖子|丑八怪|可怜虫|寄生虫|祸害|搅屎棍|普信[男女]|直男癌"
    r"|双面人|货色|嘴脸|idiots?|morons?|losers?|dumb ?ass|ass ?holes?|bitch|bastard|prick"
    r"|scum(?:bag)?|liars?|cowards?)"
)
_END = r"(?=$|[\s,，。.!！?？])"
_KINDS = {
    "slur": (
        rf"[你您]们?(?:这|那|真|就|可|才|也|他妈|种|人|男|女|死|老|小|臭|又|是|像|一|的|个|不过|简直|\s){{0,6}}{_NAMES}",
        # A name and nothing else: "流氓！", "小人一个", "没教养的东西".
        rf"(?:^|[\s,，。.!！?？])[^\s,，。.!！?？]{{0,4}}{_NAMES}(?:一个)?{_END}",
        rf"(?:没[^,，。]{{1,4}}|恶心|不要脸)的?(?:东西|玩意儿?){_END}|[什这][么个](?:狗屁)?玩意儿?{_END}"
        rf"|(?:^|[\s,，。.!！]|算|是)什么东西{_END}|养[出了](?:你|这)[^,，。]{{0,4}}(?:东西|玩意)",
        rf"[你您](?:是|是不是|这个?|个|像|死|蠢|肥|连)(?:只|头|条)?(?:猪|狗|垃圾)[吗吧啊呢]?{_END}|是垃圾{_END}",
        r"\byou(?:'re| are)? (?:\w+ ){0,4}(?:stupid|dumb|pathetic|useless|worthless|disgusting"
        r"|the worst|a (?:pig|clown|joke|disgrace|fraud))\b|\bf\w{2,3} (?:you|u)\b",
        rf"[操艹日草肏][你尼]|nmsl|cnm|nmb|你他?妈(?:逼|死了?{_END}|的{_END})|放你妈|死全家",
    ),
    "contempt": (
        r"[要不]点?脸(?![部上盆书色霜])|脸呢|脸皮[^,，。]{0,4}厚|给你?脸了|给脸不|[还有没]有?脸(?:说|来|在|见|聊|了|$)|[羞廉]耻"
        r"|害臊|丢人|丢[^,，。]{0,4}脸|(?<!不)好意思",
        r"恶心|作呕|人想吐|倒胃口|辣眼|碍眼|下头|呸|无耻|下流|卑鄙|下贱|贱不贱|犯贱|嘴[^,，。]{0,4}[贱臭脏烂]|烂嘴",
        rf"[你也]配(?:{_END}|[说当在和跟吗])|照照?镜子|轮[得不]到你|你谁啊|以为(?:你|自己)(?:是谁|很|多|长|了不起)"
        rf"|算(?:老几|个屁|哪根|个?啥|个?什么{_END})|什么资格|谁给你的?(?:脸|自信|勇气|胆|权)|自己是谁|就你了不起|了不起[啊了?？]"
        r"|有什么好(?:得意|显摆|炫耀|牛)|只会|(?<![不看])懂(?:什么|个?屁|个?啥)|教(?:我|老子)做[事人]",
        r"脑子[^,，。]{0,4}(?:进水|坑|病|门夹|问题|好东西|坏|呢)|[没长带]点?脑子|你[^,，。]{0,5}(?:瞎|聋|有病)"
        r"|被狗吃|狗改不了|狗眼看|狗嘴|你[^,，。]{0,8}(?:蠢|笨|贱|恶毒|没用(?![过上完]))",
        r"没(?:有)?(?:家教|教养|素质|良心|本事|出息|规矩|大没小)|人品[^,，。]{0,5}[烂差坏]|心眼[^,，。]{0,2}[坏小]|小心眼|一肚子坏"
        r"|自私|虚伪|假惺惺|撒谎|谎话|造谣|嚼舌|装(?:模|清高|无辜|可怜|给谁|死|傻|逼|大爷)|装什么(?:装|大|清|蒜|$|[,，!！?？])"
        r"|显摆|倚老卖老|为老不尊|阴阳怪气|血口喷人|又当又立|挑拨|搬弄|背后[^,，。]{0,4}[捅嚼阴]|背地里|吃里扒外|(?<!我)拖后腿"
        r"|恩将仇报|忘恩负义|[乱谁]咬|贼喊|缺德|嫉妒|见不得[^,，。]{0,3}好",
        r"你(?:爹|妈|爸|父母|家里人)[^,，。]{0,6}(?:没教|怎么[养教]|悲哀|丢人)",
    ),
    "dismissal": (
        r"闭(?:上[^,，。]{0,3})?嘴|滚(?=$|[\s,，。!！?？吧开蛋出远回犊一])|说人话|听不懂人话|不会说[话人]|指手画脚|有完没完"
        r"|没人(?:问你|想[看听理]|要你|欢迎|喜欢你|在乎你|搭理|愿意[跟理]|留你)|少(?:在这|跟我[来装扯]|来这套|管[我别闲])|别在(?:这|群里)"
        r"|管[^,，。]{0,2}闲事|关你(?:屁|什么|啥)|一边(?:去|[待呆]着|凉快)|离我[^,，。]{0,3}远点|看[见到]你就|忍你|烦不烦|[快紧你]退群"
        r"|别来找我",
        r"\bshut (?:the \w+ )?up\b|\bgo to hell\b|\bget (?:lost|out)\b"
        r"|\bnobody (?:asked|likes|wants|cares)\b",
    ),
    "threat": (
        r"找死|欠[揍抽骂]|[揍抽]你|弄死|打死你|跟你没完|(?<![请烦])(?<![请烦]你)再说一?[句遍](?:试试|$|[!！])|找抽|信不信我|有种(?:你|出|当|单|再)"
        r"|有本事[^,，。]{0,3}(?:出来|单挑)|当面说|撕烂|收拾你|打断你|卷铺盖|等着瞧|让你好看|给你好看|别怪我|不客气了|你再?试试",
    ),
    "spite": (
        r"(?<!我)活该|自作自受|难怪(?:离婚|单身|没人|分手)|[怪得]{1,2}没人|谁[^,，。]{1,8}倒[^,，。]{0,4}霉|去死|报应|不得好死"
        r"|早点(?:死|进棺)|棺材",
    ),
}  # fmt: skip
_PATTERNS = {kind: re.compile("|".join(patterns)) for kind, patterns in _KINDS.items()}

#: Who is spoken of where nobody is spoken to.
_OTHERS = re.compile(
    r"[他她它]|那[个帮群家些]|这[帮群家]|这种(?!人)|这(?:破|什么|玩意|游戏|公司)|公司|老板|客户|甲方|领导|总监|经理|行政|客服|医生"
    r"|前任|渣男|渣女|司机|快递|外卖|物业|房东|中介|商家|平台|裁判|教练|前锋|守门|解说|球|队友|对面|策划|主播|网友|邻居|楼[上下]"
    r"|我(?:他妈)?(?:真|就|可真)?(?:是个?|怎么|没脑)"
    r"|\b(?:he|she|they|him|her|them|his|their|boss|client|landlord|neighbou?rs?|guys?|i'm|i am)\b"
)
_BANTER = re.compile(
    r"哈{2,}|嘿嘿|嘻嘻|h{3,}|略略|嘤嘤|呜呜|么么|爱你|笑死我|开玩笑|逗你|狗头|保命|友尽|绝交"
    r"|[😂🤣😆😜😝😏😋😁😉🤪🐶🤭]"
    r"|\[(?:doge|狗头|旺柴|偷笑|坏笑|捂脸|呲牙|笑哭|破涕为笑|吃瓜|阴险|憨笑|嘿哈|奸笑|调皮|耶|吐舌)\]"
    r"|\b(?:lol|lmao|haha\w*|jk|just kidding)\b"
)


def hostile(text: str) -> tuple[str, ...]:
    """Kinds of hostility towards 你 in the writer's own words, without what they put in quotes."""
    own = _QUOTED.sub("", text)
    return tuple(kind for kind, pattern in _PATTERNS.items() if pattern.search(own))


def is_banter(text: str) -> bool:
    """Whether laughter or a face shows that it is said in fun; 呵呵 shows nothing of the kind."""
    return _BANTER.search(text) is not None


def is_reported(text: str) -> bool:
    """Whether it tells what somebody said, asks about a word, or quotes."""
    return _QUOTED.search(text) is not None or _REPORTED.search(text) is not None


def is_of_others(text: str) -> bool:
    """Whether it speaks of the writer, or of somebody who may never read it."""
    return _OTHERS.search(text) is not None
