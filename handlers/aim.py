"""Whether harsh words are meant for the bot that reads them, or tell of somebody else.

"老板又骂我，气死我了" is somebody to be listened to; "你到底会不会回答" is somebody the bot has
annoyed. Only pronouns and set phrases can tell, so what names neither counts as told.
"""

from __future__ import annotations

import re

from handlers.insult import insult

#: 你 that calls on a listener and accuses nobody: 你说气不气人, 我跟你说, 谢谢你.
_LISTENER = re.compile(
    r"(?:你|您)(?:说|看|听|想想|知道|懂|觉得|认为|猜|评评理|帮|给我?评)(?!的|什么|个|到|废话|人话)"
    r"|(?:跟|和|给|对|向|告诉|谢谢|感谢|麻烦|拜托|问问?|找|想|求)(?:你|您)(?:们)?"
    r"|\b(?:you know|thank you|tell you|ask you|you see|you guys know)\b"
)
_YOU = re.compile(
    r"[你妳您]|机器人|人工智障|(?:这|破|什么|烂|垃圾)(?:个|破)?(?:bot|ai|客服|程序)"
    r"|\b(?:you|u|ur|your|bot)\b"
)
#: Said to who answers, with no pronoun.
_TO_WHO_ANSWERS = re.compile(
    r"答非所问|不会说?人话|听不懂(?:人)?话|(?:别|不要|少)(?:再|给我|跟我){0,2}(?:回|发|说|废话|装)(?:话|消息|信息){0,1}了?(?:$|[，,。！!])"
    r"|^(?:滚|闭嘴|废话|复读机)|(?:回|答)的(?:是|都是)?(?:什么|啥)(?:玩意|东西|鬼)?|(?:能不能|会不会)(?:好好)?(?:回|说|听)"
    r"|问的(?:不是|是)|换(?:个)?(?:真)?人来|转人工|叫(?:你)?(?:主人|本人|真人)"
)


def is_at_reader(text: str, bot_name: str) -> bool:
    """Whether a cleaned text turns on who reads it.

    Args:
        bot_name: What the bot is called.
    """
    plain = text.casefold()
    if _TO_WHO_ANSWERS.search(plain) or insult(plain):
        return True
    rest = _LISTENER.sub(" ", plain)
    return _YOU.search(rest) is not None or bot_name.casefold() in rest
