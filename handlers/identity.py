"""What a reply says of its writer: another maker's name, or that it is a person.

The bundled model says that another company made it (trap 14). Claims about itself are judged
strictly; talk about the same names, or about people, is left alone.

Replies and messages come here the way ``guard.check`` spells them: cleaned, casefolded, the bot's
own name as 我.
"""

from __future__ import annotations

import re

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
# Its own name is 我 by now; "我叫外卖" is said to somebody who asked for something else.
_OTHER_NAME = re.compile(
    r"(?:我(?:的?名字)?(?:叫|名叫)|我的名字是)(?!我|什么|啥|不|个)[^\s,，。!！?？]{1,12}"
    r"|\bmy name is (?!我)\w+"
)
_ARE_YOU_MAKER = re.compile(
    rf"[你您][^,，。]{{0,4}}(?:是|叫|来自|出自|基于|用的)[^,，。]{{0,12}}{_MAKER}[^,，。]{{0,10}}(?:吗|吧|么|\?|？|$)"
    rf"|^是(?:不是)?[^,，。]{{0,6}}{_MAKER}|are\s+you[^,.]{{0,20}}{_MAKER}"
)


def other_name(reply: str, message: str) -> str | None:
    """Where the reply claims another name or maker than its own; None where it does not."""
    for sentence in re.split(r"[。！？!?\n；;]|\.(?=\s|$)", reply):
        claim = _CLAIMS.search(sentence) or _passive_claim(sentence, message)
        if claim:
            return claim[0]
    if _ARE_YOU_MAKER.search(message) and _YES.match(reply) and "不" not in reply:
        return "says yes to another name"
    if _WHO.search(message) and (name := _OTHER_NAME.search(reply)):
        return name[0]
    if _WHO.search(message) and not _NAMED.search(message):
        for name in _NAMED.finditer(reply):
            if not _DENIED.search(reply[max(0, name.start() - 24) : name.start()]):
                return f"asked who it is, names {name[0]}"
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
    r"[你您][^,，。]{0,3}是[^,，。]{0,4}(?:真人|活人|人类|(?<!机器)人)(?:客服)?(?:吗|吧|么|\?|？|$)"
    r"|are\s+you\s+(?:an?\s+)?(?:real|human|person)"
)
_ARE_YOU_BOT = re.compile(
    rf"[你您][^,，。]{{0,3}}是[^,，。]{{0,4}}{_BOT}(?:吗|吧|么|\?|？|$)|are\s+you\s+(?:an?\s+)?{_BOT}"
)


def human_claim(reply: str, message: str) -> str | None:
    """Where the reply claims to be a person, or denies to be a bot; None where it does not."""
    if match := _HUMAN.search(reply):
        return match[0]
    owns_up = re.search(_BOT, _NO.sub("", reply, count=1))
    if _ARE_YOU_HUMAN.search(message) and _YES.match(reply) and not owns_up:
        return "says yes to being human"
    if _ARE_YOU_BOT.search(message) and _NO.match(reply) and not owns_up:
        return "says no to being a bot"
    return None
