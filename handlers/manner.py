"""What makes a reply read like a leaflet or a counter: lectures, service phrases, 您.

A friend's advice ("记得带伞", "我建议你先睡一觉") is no lecture: by themselves only fixed written
phrases are, and the little words of advice where there are several. Texts come here the way
``guard.check`` spells them.
"""

from __future__ import annotations

import re

_LECTURES = (
    # of notices
    r"请注意(?!身体|安全|休息|保暖)|(?:需要|值得|应当?该?)注意的是",
    r"建议您|您(?:应|需|可以(?:尝试|考虑|通过))",
    r"(?:^|[。！？!?\n\s,，])(?:总之|综上(?:所述)?|总的来说|总而言之|由此可见|归根结底)[,，]",
    # of conduct
    r"遵守[^,，。]{0,6}(?:法|规|纪律|道德|秩序|准则)|法律法规|违法(?:行为|犯罪)|道德底线|公序良俗",
    r"(?:传[递播]|充满|满满的?)正能量|价值观|人生观|(?:尊重|理解和尊重)(?:他人|别人|对方|彼此|每个?一?个?人)|相?互相?尊重",
    r"(?:不要|避免|请勿|停止|不应该?)(?:使用|发表)[^,，。]{0,10}(?:语|词|言论|言辞)|不文明|请文明",
    r"文明(?:用语|交流|沟通|聊天|语言|礼貌)|注意你的(?:言辞|用词|措辞|言行|语气|态度)|(?:保持|讲)礼貌",
    r"骂人[是可]?(?:不|解决不)|理性(?:看待|对待|消费|思考|分析|地|沟通)",
    r"请[你您]?(?:一定)?(?:保持|冷静)|(?:生气|哭|逃避|抱怨|发火|吵架)[^,，。]{0,6}解决不了",
    # of good living
    r"学会(?:控制|管理|调[节整]|面对|接[受纳]|释怀|感恩|珍惜)|通过[^。！!]{1,24}来?(?:缓解|放松|调节|改善)",
    r"一种(?:很|非常|十分)?(?:正常|常见|普遍)的|(?:应该|需要|必须|要)(?:更加?)?努力(?:学习|工作|提高|改进)?",
    r"倾听|倾诉",
    r"(?:保持|拥有|树立|养成|培养)(?:一[个颗种]|着)?(?:积极|乐观|良好|健康|平和|正确|平常|理性|冷静)"
    r"[^,，。]{0,6}(?:心态|态度|情绪|心情|习惯|生活|观|饮食|状态|作息|沟通|头脑)",
    r"健康的?(?:生活方式|生活习惯|饮食习惯|方式)|合理(?:安排|规划|分配|饮食|膳食)",
    r"寻求(?:专业|心理|医生|他人|帮助|家人|更多)|(?:专业|相关)(?:机构|部门|人员)",
    r"积极(?:面对|应对|向上|的(?:态度|心态|方式))|每个人都(?:应|会?有自己的|需要|要|有权)",
    r"我们都?(?:应该|应当|必须|需要|要学会|不应|要相信|不能因为)",
    r"[生人][活生](?:中|总|就像|本来?就|难免|需要)[^,，。]{0,8}(?:充满|起伏|挑战|挫折|不如意|困难)",
    r"(?:困难|挫折|失败)都?是(?:暂时|成长|人生|成功)|(?:成功|成长|学习|改变)的?(?:关键|秘诀|必经)",
    r"(?:更好地|有效地?|从而|以便于?|有助于|有利于|促进)"
    r"(?:提[高升]|应对|解决|缓解|改善|保持|减轻|放松|了解|身心|健康|睡眠|情绪|恢复)",
    r"\b(?:it(?:'s| is) important to|please note|remember to always|in conclusion|be respectful)\b",
    r"\bmaintain an? (?:positive|healthy)\b|\bseek (?:professional|medical)\b",
    r"\boffensive language\b|\brespectful (?:language|and)\b|\binappropriate\b",
    r"\bconsider (?:seeking|speaking|talking)\b",
)
_LECTURE = re.compile("|".join(_LECTURES))
_ADVICE = re.compile(
    r"应该(?!是|没|会|能|不会|快|已|还|有|挺|很|在)|应当|务必|必须|需要(?!我|帮忙)|避免|尽量|保持|学会"
    r"|不妨|尝试|要(?:学会|相信|保持|注意|珍惜|坚持|努力|勇敢|懂得|记住|多|有|做好|合理|学着|时刻|及时)"
    r"|注意(?!到)|坚持|调整(?:心态|自己|情绪|作息)|与此同时|此外|另外[,，]|一方面|适当|及时|确保"
    r"|可以(?:通过|考虑|选择)|\b(?:you should|you need to|try to|make sure|avoid)\b"
)
_MANY = 3


def lecture(reply: str) -> str | None:
    """A written phrase of advice or reproof, or three little ones; None without."""
    if match := _LECTURE.search(reply):
        return match[0].strip()
    words = _ADVICE.findall(reply)
    return "advice: " + " ".join(words[:6]) if len(words) >= _MANY else None


_SERVICES = (
    # openings
    r"请问(?:您|你|有|还|需要|是|今天|可以|想|具体|能|什么)|欢迎(?:随时|继续|您|咨询|使用)",
    r"什么(?:事|问题|地方)?我?(?:可以|能够?|需要)我?(?:帮助|为|帮到?)[你您]",
    r"(?:需要|想要)我?(?:帮助|协助)吗|有什么(?:问题|需要|需求)(?:可以|欢迎|请|尽管|随时)",
    r"我是[你您]的[^,，。]{0,6}(?:助手|助理|客服)",
    # offers
    r"为[您你](?:服务|解答|提供|效劳|排忧)|竭诚",
    r"(?:高兴|荣幸|乐意|愿意)(?:能够?|可以)?(?:为[您你]|帮助[您你]|协助)",
    r"尽(?:我所能|力)地?(?:帮助|为|协助|提供|回答|满足)|请随时|随时(?:联系|提问|向我|与我|咨询)",
    r"如果?[您你]?还?[有遇](?:到)?(?:任何|其他|什么|更多|具体)?的?(?:需要|疑问|问题|帮助|需求)|[如若]需",
    # closings
    r"这是我应该做的|请[您你](?:原谅|谅解|见谅|理解|放心)|敬请|随时准备",
    r"有什么需要(?:帮助|帮忙|我)?的?吗|还有(?:其他|别的|什么)?(?:任何)?(?:问题|疑问|需要帮助|需要的?)(?:吗|么|[，,]?请|可以)",
    r"感谢[您你]的|谢谢[您你]的(?:反馈|支持|理解|提问|咨询|来信|使用|配合|关注)|祝[您你](?:生活|使用)愉快",
    r"\bhow (?:can|may|could) i (?:help|assist|be of)\b",
    r"\bis there anything (?:else|specific|i can)\b",
    r"\bfeel free to (?:ask|contact|reach|let)\b",
    r"\bi(?:'m| am) here to (?:help|assist|support|listen and)\b",
    r"\bif you have any (?:other |more |further )?(?:questions|concerns)\b|\bwhat can i do for\b",
    r"\blet me know if (?:you (?:have|need) any|there(?:'s| is) anything)\b",
    r"\b(?:happy|glad|pleased) to (?:assist|be of)\b",
    r"\bthank you for (?:your|reaching|contacting)\b",
)
_SERVICE = re.compile("|".join(_SERVICES))


def service(reply: str) -> str | None:
    """What is said at a counter and never by a friend; None where nothing is."""
    match = _SERVICE.search(reply)
    return match[0] if match else None


_QUOTED = re.compile(r"[“「『\"][^”」』\"\n]{0,80}[”」』\"]")


def formal(reply: str, message: str) -> str | None:
    """您 to somebody who wrote 你 and never 您, or 您 and 你 in one reply; None otherwise."""
    said = _QUOTED.sub("", reply)
    if "您" not in said or "您" in message:
        return None
    if "你" in message:
        return "您 to somebody who wrote 你"
    return "您 and 你 in one reply" if "你" in said else None
