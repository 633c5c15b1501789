"""The last look at a reply: what a model wrote is untrusted until it passed (trap 14).

``tidy`` mends what is only untidy, ``check`` names what must not be sent. Both are pure; who
calls them retries once and then says something canned. A false alarm costs a retry, a miss is
read by a person: where the two pull apart, claims about *itself* are judged strictly and talk
about the rest of the world is left alone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import regex

from handlers.sanitize import MAX_CHARS, clean

#: Folding makes up to 18 characters of one; none of them may go unread behind a cut.
_UNFOLDED = 18 * MAX_CHARS


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a reply must not be sent.

    Attributes:
        name: length, empty, template, boilerplate, identity, human, mention, contact, loop or
            echo.
        detail: What was found, for the audit log; may hold words of the reply.
    """

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Draft:
    """A reply and its surroundings, spelled alike: cleaned, casefolded, the bot's name as 我."""

    reply: str
    message: str
    previous: str


def check(reply: str, *, message: str, previous: str | None, bot_name: str) -> Fault | None:
    """The first fault of a reply, or None if it may be sent.

    Args:
        reply: Output of the model, after ``tidy``.
        message: What it answers. Names of makers, links and numbers in it may be repeated.
        previous: The bot's last reply in that chat, or None.
        bot_name: What the bot is called: the one name it may claim.
    """
    if len(reply) > MAX_CHARS:
        return Fault("length", f"{len(reply)} characters")
    draft = _Draft(
        reply=_spelled(reply, bot_name),
        message=_spelled(message, bot_name),
        previous=_spelled(previous or "", bot_name),
    )
    return next((fault for find in _CHECKS if (fault := find(draft))), None)


def _spelled(text: str, bot_name: str) -> str:
    spelled, name = clean(text, _UNFOLDED).casefold(), clean(bot_name).casefold()
    # A one-letter name would rewrite ordinary words.
    return spelled.replace(name, "我") if len(name) > 1 else spelled


_ROLES = r"(?:assistant|user|system|human|ai|bot|用户|助手|系统|机器人|ai助手|人类)"
_TOKEN = re.compile(
    # Not "<|||": a kaomoji that sweats. Half tokens too: the limit can fall inside one.
    r"<\|(?!\|)|(?<!\|)\|>|im_(?:start|end)|endoftext|\[/?inst\]|<</?sys>>"
    r"|</?(?:s|unk|pad|bos|eos|think|tool_call|tool_response|(?:start|end)_of_turn)>"
    r"|###\s*(?:instruction|response|input|指令|回复)"
)
_ROLE = re.compile(
    rf"(?:^|[\n。！？!?])\s*(?:(?:{_ROLES}|我)\s*[:：]|(?:assistant|user|system)(?=\n))"
)
# An emoji alone is an answer, "……" is none.
_WORD_OR_FACE = regex.compile(r"[\p{L}\p{N}\p{Extended_Pictographic}\p{Regional_Indicator}]")
_BOILERPLATE = re.compile(
    r"作为(?:一[个名款位种])?(?:大型|人工智能|智能|ai|语言|\s)*"
    r"(?:ai|人工智能|语言模型|大模型|模型|智能助手|助手|助理|(?:聊天)?机器人[,，]?我?(?:无法|不能|没有))"
    r"|我(?:只是|仅仅是|是)(?:一[个种款])?(?:大型|人工智能|ai|\s)*语言模型"
    r"|我没有(?:个人)?(?:情感|感情|意识|个人观点)"
    r"|as an? (?:large |ai |artificial intelligence )*(?:ai\b|language model|assistant)"
    r"|i(?:'m| am) (?:just )?an? (?:large |ai )*language model"
)


def _empty(draft: _Draft) -> Fault | None:
    if _WORD_OR_FACE.search(draft.reply):
        return None
    return Fault("empty", f"nothing to read in {draft.reply!r}")


def _template(draft: _Draft) -> Fault | None:
    if match := _TOKEN.search(draft.reply) or _ROLE.search(draft.reply):
        return Fault("template", f"leaked {match[0].strip()!r}")
    return None


def _boilerplate(draft: _Draft) -> Fault | None:
    match = _BOILERPLATE.search(draft.reply)
    return Fault("boilerplate", match[0]) if match else None


_MAKER = (
    r"(?:阿里(?:巴巴|云|集团)?(?![山斯])|达摩院|通义|千问|百度|文心|谷歌|微软|腾讯|混元|字节跳动"
    r"|豆包|智谱|讯飞|月之暗面|华为|商汤|深度求索|零一万物|小爱同学|小冰|天猫精灵|苹果公司|脸书|亚马逊"
    r"|(?<![a-z])(?:qwen[\w.-]*|tongyi|alibaba|aliyun|open\s?ai|chat\s?gpt[\w.-]*|gpt[\w.-]*"
    r"|claude|anthropic|google|gemini|deepmind|microsoft|copilot|meta|llama[\w.-]*|deep\s?seek"
    r"|baidu|ernie|tencent|bytedance|doubao|mistral|grok|xai|kimi|moonshot|siri|alexa|amazon"
    r"|hugging\s?face|nvidia|chatglm|zhipu|minimax)(?![a-z]))"
)
_MADE = (
    r"(?:开发|训练|研发|研制|创造|创建|创立|打造|推出|制作|制造|设计|发布|构建|做出来|做的|提供)"
)
_YES = re.compile(
    r"(?:是的|是[呀啊哦滴呢](?!，?不)|是(?=$|[\s,，。!！.~～])|对(?=$|[\s,，。!！.~～呀啊哦的])|没错|正是"
    r"|嗯+|当然(?![不没])|yes\b|yeah\b|yep\b|correct\b|that's right)"
)
_NO = re.compile(r"(?:才|当然|我|并|真的)?不是|不(?=$|[\s,，。!！~～])|no\b|nope\b|of course not")
# Between "我是" and a name: words that make it a denial, or talk of something else.
_GAP = r"(?:(?![不没看查问搜听用买在想爱说学怕像跟和与比觉给]|\bnot\b)[^,，]){0,14}?"
_I_AM = (
    r"我(?:其实|就|也|只|可|确实|真的|本来|当然|现在|的确)?"
    r"(?:是|叫|名叫|名为|来自|属于|隶属|出自|基于|由"
    r"|的(?:名字|全名|全称|开发[者商]|开发团队|开发公司|创造者|作者|制造商|公司|团队|母公司|底层|底座|模型|架构|前身)"
    r"[^,，]{0,4}?(?:是|叫|来自|为))"
)
_EN_GAP = (
    r"(?:\s+(?:an?|the|also|actually|just|really|indeed|ai|large|language|model|chat|chatbot|bot"
    r"|assistant|named|called|known|as|developed|made|created|trained|built|powered|based|by|on"
    r"|from|of|version|team|company|at))*\s+"
)
_CLAIMS = re.compile(
    rf"{_I_AM}{_GAP}{_MAKER}"
    rf"|\b(?:i\s+am|i'm|i\s+was|my\s+(?:name|maker|developer|creator|company|model)\s+is|call\s+me"
    rf"|i\s+come|i\s+belong\s+to)\b{_EN_GAP}{_MAKER}"
    rf"|^\s*(?:this\s+is|这[里边]是)\s*{_MAKER}(?!['’的])"
    rf"|{_MAKER}[^,，]{{0,10}}?(?:{_MADE}|做)(?:了|出了?)?我(?![们的])"
    rf"|{_MAKER}[^,，]{{0,8}}?把我(?:{_MADE}|做|造)"
    rf"|{_MAKER}\s+(?:\w+\s+)?(?:made|created|trained|built|developed|designed)\s+(?:me|我)\b"
)
_PASSIVE = re.compile(
    rf"(?:由|被|是|出自|来自)\s*[^,，不]{{0,8}}?{_MAKER}[^,，]{{0,12}}?{_MADE}"
    rf"|(?:made|developed|created|trained|built|powered|designed)\s+by\s+(?:\w+\s+){{0,3}}?{_MAKER}"
)
_SELF = re.compile(r"我|\b(?:i|me|my)\b|本(?:机器人|助手|模型)")
_OTHERS = re.compile(rf"{_MAKER}|[它他她]|这款|那[个款]|\b(?:it|he|she|they)\b")
_NAMED = re.compile(_MAKER)
_DENIED = re.compile(r"(?:不|非|没有?|别)[^,，。]{0,6}$|(?:\bnot?\b|n't)[^,.]{0,16}$")
_WHO = re.compile(
    r"[你您我](?:到底|究竟|其实|又)?(?:是|叫)(?:谁|什么|啥|哪)|你的?名字|(?:什么|哪个|哪家)模型"
    r"|(?:谁|哪家?|哪个公司)[^,，]{0,6}(?:开发|训练|创造|发明|设计|做|造)[^,，]{0,3}[你您]"
    r"|[你您][^,，]{0,6}(?:谁|哪家|哪个公司)[^,，]{0,6}(?:开发|训练|创造|发明|设计|做|造)"
    r"|[你您][^,，]{0,6}(?:哪家|哪个|什么)(?:公司|厂)"
    r"|(?:who|what|which\s+\w+)\s+(?:are|made|created|built|trained|developed)\s+you|what(?:'s|\s+is)\s+your\s+name"
    r"|(?:what|which)\s+(?:ai\s+|language\s+)?model"
)
_ARE_YOU_MAKER = re.compile(
    rf"[你您][^,，。]{{0,4}}(?:是|叫|来自|出自|基于|用的)[^,，。]{{0,12}}{_MAKER}[^,，。]{{0,10}}(?:吗|吧|么|\?|？|$)"
    rf"|^是(?:不是)?[^,，。]{{0,6}}{_MAKER}|are\s+you[^,.]{{0,20}}{_MAKER}"
)


def _identity(draft: _Draft) -> Fault | None:
    for sentence in re.split(r"[。！？!?\n；;]|\.(?=\s|$)", draft.reply):
        claim = _CLAIMS.search(sentence) or _passive_claim(sentence, draft.message)
        if claim:
            return Fault("identity", claim[0])
    if _ARE_YOU_MAKER.search(draft.message) and _YES.match(draft.reply) and "不" not in draft.reply:
        return Fault("identity", "says yes to another name")
    if _WHO.search(draft.message) and not _NAMED.search(draft.message):
        for name in _NAMED.finditer(draft.reply):
            if not _DENIED.search(draft.reply[max(0, name.start() - 24) : name.start()]):
                return Fault("identity", f"asked who it is, names {name[0]}")
    return None


def _passive_claim(sentence: str, message: str) -> re.Match[str] | None:
    """A 由…开发 that is about itself: who comes last before it, the bot or something else?"""
    match = _PASSIVE.search(sentence)
    if match is None or _DENIED.search(sentence[: match.start()]):
        return None
    before = sentence[: match.start()]
    own = max((found.start() for found in _SELF.finditer(before)), default=-1)
    other = max((found.start() for found in _OTHERS.finditer(before)), default=-1)
    if own < 0 and other < 0:  # no subject: about itself, unless others are what they talk about
        return None if _NAMED.search(message) else match
    return match if own > other else None


_END = r"(?=$|[\s,，。.!！~～?？呀啊哦呢嘛喔哈]|的(?:$|[\s,，。!！]))"
_BOT = r"(?:机器人|ai|人工智能|程序|bot|robot|语言模型)"
_HUMAN = re.compile(
    r"(?<!如果)(?<!要是)(?<!假如)(?<!希望)(?<!假装)(?<!以为)(?<!当)"
    rf"我(?:也|就|可|真的|其实|确实|当然)*是(?:一?[个名位])?(?:真正的|真的|活生生的|普通)*"
    rf"(?:真人(?:客服)?|活人|大活人|人类|人|男[生人的]|女[生人孩的]|男孩子?|女孩子){_END}"
    rf"|(?<!如果)(?<!要是)我(?:才|又|可|真的|并|根本)*不是(?:一?[个台款种])?{_BOT}(?!专家|客服|老师|医生)"
    r"|我(?:今年|已经)?\d{1,2}岁"
    rf"|\bi(?:'m| am)\s+(?:also\s+|actually\s+|really\s+)*(?:an?\s+)?(?:real\s+)?(?:human|person)\b"
    rf"|\bi(?:'m| am)\s+not\s+(?:an?\s+)?(?:{_BOT}|chatbot|machine|program)\b"
)
_ARE_YOU_HUMAN = re.compile(
    r"[你您][^,，。]{0,3}是[^,，。]{0,4}(?:真人|活人|人类|人)(?:客服)?(?:吗|吧|么|\?|？|$)"
    r"|are\s+you\s+(?:an?\s+)?(?:real|human|person)"
)
_ARE_YOU_BOT = re.compile(
    rf"[你您][^,，。]{{0,3}}是[^,，。]{{0,4}}{_BOT}(?:吗|吧|么|\?|？|$)|are\s+you\s+(?:an?\s+)?{_BOT}"
)


def _human(draft: _Draft) -> Fault | None:
    if match := _HUMAN.search(draft.reply):
        return Fault("human", match[0])
    owns_up = re.search(_BOT, _NO.sub("", draft.reply, count=1))
    if _ARE_YOU_HUMAN.search(draft.message) and _YES.match(draft.reply) and not owns_up:
        return Fault("human", "says yes to being human")
    if _ARE_YOU_BOT.search(draft.message) and _NO.match(draft.reply) and not owns_up:
        return Fault("human", "says no to being a bot")
    return None


_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,32})+", re.ASCII)
_MENTION = re.compile(r"@\s*(?:所有人|全体成员|all\b|everyone\b)|@[^\s@]{1,12}")
_LINK = re.compile(
    r"[a-z][a-z+.-]{1,15}://[^\s，。！？）)]+|www\.[^\s，。！？）)]+"
    r"|(?<![a-z0-9_.@-])(?:[a-z0-9-]{1,63}\.){1,4}"
    r"(?:com|cn|net|org|io|ai|cc|top|xyz|vip|info|me|tv|app|dev|shop|club|link|gov|edu)"
    r"(?![a-z0-9-])(?:/[^\s，。！？）)]*)?"
)
_UNITS = (
    r"\s*(?:公里|千米|米|厘米|元|块|人|秒|年|天|次|倍|万|亿|吨|克|千克|公斤|字|个|光年|km|m|s|kg)"
)
_PHONE = re.compile(
    r"(?<![\d.])(?:(?:\+?86[ -]?)?1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}"
    r"|[48]00[ -]\d{3,4}[ -]\d{3,4}|[48]00\d{7}|\+\d[\d -]{7,16}\d"
    rf"|\d{{4}}(?:[ -]\d{{4}}){{2,4}}(?:[ -]\d{{1,4}})?|\d{{8,}})(?!\d|{_UNITS})"
)
_SUM = re.compile(r"\d\s*[+*×÷/^-]\s*\d|[加减乘除]|[次平立]方")
_ROUND = re.compile(r"[1-9]\d{0,3}0{5,}")
_ACCOUNT = re.compile(
    r"(?:微信|vx|wx|v信|qq|扣扣|支付宝|账号|帐号|卡号|公众号|电话|手机|群)(?:号码?|id)?\s*(?:是|为|[:：])\s*"
    r"([a-z0-9][a-z0-9_-]{4,})"
)


def _mention(draft: _Draft) -> Fault | None:
    match = _MENTION.search(_MAIL.sub("", draft.reply))
    return Fault("mention", match[0]) if match else None


def _contact(draft: _Draft) -> Fault | None:
    """Links, addresses and numbers the user did not send: a model makes them up."""
    for pattern in (_MAIL, _LINK):
        for match in pattern.finditer(draft.reply):
            if match[0].rstrip("/.,") not in draft.message:
                return Fault("contact", f"link or address {match[0]}")
    sent = re.sub(r"\D", "", draft.message)
    for match in _PHONE.finditer(draft.reply):
        digits = re.sub(r"\D", "", match[0])
        worked_out = digits == match[0] and _SUM.search(draft.message)
        if digits not in sent and not worked_out and not _ROUND.fullmatch(match[0]):
            return Fault("contact", f"number of {len(match[0])} characters")
    for match in _ACCOUNT.finditer(draft.reply):
        if match[1] not in draft.message:
            return Fault("contact", f"account {match[1]}")
    return None


# People write 哈哈哈哈哈哈, 对对对 and 加油加油加油; they stop sooner than a model that loops.
_ONE_CHARACTER = re.compile(r"(\S)\1{11,}")
_UNIT = re.compile(r"(.{2,5}?)\1{4,}|(.{6,40}?)\2{2,}", re.DOTALL)
_GREETING = re.compile(
    r"(?:.{0,8}(?:你好|早|早安|午安|晚安|早上好|中午好|下午好|晚上好|快乐|发财|如意|顺利|加油|再见|拜拜|谢谢|干杯|恭喜)"
    r"|哈+|嗯+|嘿+|嘻+|hi|hello|hey|bye|thanks|thankyou|good(?:morning|night|evening)|merrychristmas"
    r"|happynewyear)[呀啊哦呢啦哈嘿]*"
)


def _loop(draft: _Draft) -> Fault | None:
    if match := _ONE_CHARACTER.search(draft.reply):
        return Fault("loop", f"{match[1]} {len(match[0])} times or more")
    if match := _UNIT.search(draft.reply):
        unit = match[1] or match[2]
        if len(set(unit)) > 1:
            return Fault("loop", f"{unit!r} {len(match[0]) // len(unit)} times")
    sentences = Counter(_key(s) for s in re.split(r"[。！？!?…\n～~]|\.(?=\s|$)", draft.reply))
    for sentence, count in sentences.items():
        if (count > 1 and len(sentence) >= 6) or (count > 2 and len(sentence) >= 3):
            return Fault("loop", f"{sentence!r} said {count} times")
    return _low_distinctness(draft.reply)


def _low_distinctness(reply: str) -> Fault | None:
    # Trigrams: single letters repeat in any English text, words cannot be told in Chinese.
    trigrams = [reply[i : i + 3] for i in range(len(reply) - 2)]
    if len(trigrams) < 30:
        return None
    share = len(set(trigrams)) / len(trigrams)
    return Fault("loop", f"only {share:.0%} distinct trigrams") if share < 0.5 else None


def _echo(draft: _Draft) -> Fault | None:
    reply, message = _key(draft.reply), _key(draft.message)
    asked = draft.message.rstrip().endswith(("?", "？", "吗", "呢"))
    greeting = (len(reply) <= 2 or _GREETING.fullmatch(reply)) and not asked
    if reply and reply == message and not greeting:
        return Fault("echo", "repeats the message")
    if not greeting and len(message) >= 8 and message in reply and len(message) >= 0.7 * len(reply):
        return Fault("echo", "little more than the message")
    if len(reply) > 4 and reply == _key(draft.previous):
        return Fault("echo", "repeats its previous reply")
    return None


def _key(text: str) -> str:
    return "".join(c for c in text if c.isalnum())


_CHECKS: tuple[Callable[[_Draft], Fault | None], ...] = (
    _empty,
    _template,
    _boilerplate,
    _identity,
    _human,
    _mention,
    _contact,
    _loop,
    _echo,
)


_LEADING_ROLE = re.compile(rf"\s*(?:{_ROLES}\s*[:：]\s*)+", re.IGNORECASE)
# A model that goes on writes the user's next turn; all of that is dropped.
_NEXT_TURN = re.compile(rf"\n[ \t]*{_ROLES}[ \t]*[:：].*|<\|.*", re.DOTALL | re.IGNORECASE)
_MARKDOWN = (
    (re.compile(r"^[ \t]*```.*$\n?", re.MULTILINE), ""),
    (re.compile(r"^\s{0,3}(?:#{1,6}|>|[-*+•])\s+", re.MULTILINE), ""),
    (re.compile(r"(\*\*|__)(?=\S)(.{1,200}?)(?<=\S)\1"), r"\2"),
    (re.compile(r"`([^`\n]{1,200})`"), r"\1"),
    (re.compile(r"!?\[([^\]\n]{1,200})\]\([^)\s]{1,500}\)"), r"\1"),
)
_PAIRS = {"“": "”", "「": "」", "『": "』", '"': '"', "'": "'", "‘": "’"}
_TRAILING = "，、；：,;:（(【[「『“‘《<|-—* \n\t"


def tidy(reply: str, *, bot_name: str = "") -> str:
    """``reply`` without what surrounds the words; tidying twice changes nothing more.

    Gone are quotes around the whole, leading role names (and ``bot_name``), markdown marks, a
    next turn the model began to write, and a trailing clause mark or opened bracket. The words
    themselves stay: what is wrong with them is ``check``'s to say.
    """
    while (tidier := _tidied(reply, bot_name)) != reply:
        reply = tidier
    return reply


def _tidied(reply: str, bot_name: str) -> str:
    roles = _LEADING_ROLE.match(reply)
    reply = (reply[roles.end() :] if roles else reply).strip()
    if bot_name and reply.startswith((f"{bot_name}：", f"{bot_name}:")):
        reply = reply[len(bot_name) + 1 :]
    if (turn := _NEXT_TURN.search(reply)) and turn.start() > 0:
        reply = reply[: turn.start()]
    for pattern, kept in _MARKDOWN:
        reply = pattern.sub(kept, reply)
    reply = reply.strip().rstrip(_TRAILING)
    closer = _PAIRS.get(reply[:1])
    inner = reply[1:-1]
    if closer and len(reply) > 1 and reply[-1] == closer and not {reply[0], closer} & set(inner):
        return inner.strip()
    return reply
