"""Whether a person or a bot writes here: whoever asks is told, in the persona's own words."""

from __future__ import annotations

import re

from engine.persona import Persona
from handlers.language import suited

#: The name of a reply that says so.
DISCLOSURE = "disclosure"

_BOT = (
    r"(?:(?:聊天|自动|智能)?机器人?|ai|人工智能|(?:电脑|计算机)?程序|bot|robot|(?:大?语言)?模型"
    r"|自动回复|智能(?:客服|助手|回复))"
)
_PERSON = r"(?:真人|活人|大活人|人类|本人|人)"
_EITHER = rf"(?:{_BOT}|{_PERSON})(?:客服|助手|助理)?"
#: 在回我, 在聊天: what it does.
_DOING = r"(?:在?(?:回复?|聊天?|说话|打字|操作)[^,，。!！?？]{0,4})?"
_ASKS = r"(?:吗|吧|么|嘛|[?？]|啊[?？]|还是)"
_YOU = r"[你您](?:们|该|不会|到底|究竟|其实|真的|难道|原来|现在|这边|那边|对面|这){0,3}"
_HERE = (
    r"(?:^|[,，。!！?？\s])"
    r"(?:请问|喂|那|不会|该不会|这里?|这个|这边|对面|现在|回我的|发消息的){0,3}"
)
#: Fixed patterns with bounded repeats, none of them made of user data (trap 15).
_PATTERNS = (
    rf"{_YOU}是(?:一?个|真的?|真正的|活的){{0,2}}{_EITHER}{_DOING}{_ASKS}",
    rf"{_YOU}是不是(?:一?个|真的?|真正的){{0,2}}{_EITHER}{_DOING}(?:$|[,，。?？呀啊呢])",
    rf"{_HERE}是(?:不是)?(?:{_BOT}|真人|活人|本人)(?:客服)?{_DOING}{_ASKS}",
    rf"{_HERE}是不是(?:{_BOT}|真人|活人|本人)(?:客服)?{_DOING}(?:$|[,，。?？呀啊呢])",
    rf"[跟和同]我?(?:说话|聊天?|对话)的[^,，。]{{0,3}}是[^,，。]{{0,3}}{_EITHER}(?=$|[,，。?？吗吧么还])",
    rf"我(?:是不是)?(?:现在|正)?在?[跟和同](?:一?个)?(?:{_BOT}|真人|活人)(?:说话|聊天?|对话){_ASKS}",
    r"(?:人工|真人|本人|是人)还是(?:机器|自动|ai)|(?:机器人?|ai|自动回复)还是(?:个?人|真人|本人|人工)",
    r"\b(?:are (?:you|u)|r u|is (?:this|it|that)|am i (?:talking|speaking|chatting) (?:to|with))"
    r" (?:(?:really|actually|even|just) )?(?:an? |the )?(?:(?:real|actual|chat|living|auto\w*) ?)?"
    r"(?:bot|chatbot|robot|ai|machine|humans?|person|real|automated|auto[- ]?reply)"
    r"(?=\W*(?:$|[?.,!]|or\b|here\b|now\b|reply\b|message\b|response\b))",
)
_DENIES = rf"不是[^,，。]{{0,3}}{_BOT}|\bnot an? (?:\w+ )?{_BOT}"
_ASKED = re.compile("|".join(_PATTERNS))


def asks_who_writes(text: str) -> bool:
    """Whether a cleaned message asks if a person or a bot is writing: 你是机器人吗, 是本人吗."""
    return _ASKED.search(text.casefold()) is not None


def disclosed(persona: Persona, text: str) -> str:
    """The persona's line that says that a bot writes, in the language of a cleaned text."""
    return suited(persona.disclosure, text)[0]


def owns_up(line: str) -> bool:
    """Whether a line names a bot as the writer, and denies it nowhere."""
    spelled = line.casefold()
    return re.search(_BOT, spelled) is not None and re.search(_DENIES, spelled) is None
