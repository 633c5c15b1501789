"""The texts given to the model, as chat turns. Pure: the template and the tokens are model.py's.

Mood and reply are two calls with two prompts. One mixed prompt ("first say the mood, then answer")
makes a small model do both badly, and lets a message talk its way into its own label.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypedDict

from engine.glossary import spell_out
from engine.mood import Mood
from engine.persona import Persona
from engine.talk import Asked

#: Changes with every edit of a text below; stored beside each exchange in the audit log.
PROMPT_VERSION = "2026-11-30"


class ChatTurn(TypedDict):
    """What ``apply_chat_template`` takes. The role is never user data."""

    role: str
    content: str


# English instruction and labels, examples in both languages: the best of eleven prompts tried.
# Chinese labels and fewer examples were worse, three labels instead of six no better.
MOOD_SYSTEM = (
    "Classify the mood of the message. Answer one word: Happy, Angry, Sad, Fear, Surprise, Neutral."
)

#: Label words differ in their first token, which is all that is scored.
MOOD_LABELS: Mapping[Mood, str] = MappingProxyType(
    {
        Mood.HAPPY: "Happy",
        Mood.ANGRY: "Angry",
        Mood.SAD: "Sad",
        Mood.FEAR: "Fear",
        Mood.SURPRISE: "Surprise",
        Mood.NEUTRAL: "Neutral",
    }
)

#: Two a mood, no mood twice in a row; plain likes and dislikes among them.
MOOD_EXAMPLES: tuple[tuple[str, Mood], ...] = (
    ("今天发奖金啦，请大家吃火锅！", Mood.HAPPY),
    ("你有完没完？滚远点！", Mood.ANGRY),
    ("会议改到下午三点，在二楼。", Mood.NEUTRAL),
    ("奶奶走了，家里一下子空了。", Mood.SAD),
    ("天哪，他俩居然结婚了？！", Mood.SURPRISE),
    ("有人跟着我，不敢开门。", Mood.FEAR),
    ("菜又凉又咸，差评", Mood.ANGRY),
    ("你真可爱，喜欢", Mood.HAPPY),
    ("I miss you so much.", Mood.SAD),
    ("这也行？没想到啊", Mood.SURPRISE),
    ("明天体检，万一查出什么怎么办", Mood.FEAR),
    ("帮我查一下快递到哪了", Mood.NEUTRAL),
)

#: Four a mood. A model leans to some labels whatever it reads; its average over these is that lean,
#: and is taken off. Content-free inputs ("N/A", "。"; contextual calibration, Zhao et al.,
#: arXiv:2102.09690) measured far worse: after the examples the model is sure that "。" is neutral.
MOOD_PROBES = (
    *("哈哈哈太好了", "谢谢你，真好吃", "终于考上了！", "我爱这首歌"),
    *("什么破东西，气死我了", "闭嘴吧你", "服务态度太差了", "又骗人，垃圾"),
    *("我好想哭", "分手了，心里空空的", "小狗没救回来", "一个人过年真孤单"),
    *("吓死我了", "晚上不敢一个人睡", "医生说要等结果，我好慌", "地震了，快跑"),
    *("啊？真的假的", "居然下雪了", "没想到是你", "怎么会这样？！"),
    *("我在地铁上", "明天周三", "文件发你邮箱了", "这个多少钱"),
)

#: So much of the lean is taken off; half of it measured best on both bundled models.
MOOD_LEAN = 0.5

#: How often a mood is met in chats, roughly. Happy is as likely as the three negative moods
#: together, so that a text which says nothing takes no side.
MOOD_PRIOR: Mapping[Mood, float] = MappingProxyType(
    {
        Mood.HAPPY: 0.30,
        Mood.ANGRY: 0.15,
        Mood.SAD: 0.10,
        Mood.FEAR: 0.05,
        Mood.SURPRISE: 0.10,
        Mood.NEUTRAL: 0.30,
    }
)

#: Divides the scores so that a confidence means its frequency (fitted on labelled messages).
MOOD_TEMPERATURE = 1.2

# Chinese, because most messages are; English did no better on English ones.
OCCASION_SYSTEM = "用几个字说出这条微信消息是什么事。"

#: What the model would say next is what tells a message's subject best: of the bank's messages,
#: each left out once, half found their occasion, and 44 in 100 under the prompt for the mood.
OCCASION_EXAMPLES = (
    ("我考过了！", "考试通过"),
    ("奶奶昨晚走了", "亲人去世"),
    ("外卖怎么还没到", "外卖迟到"),
    ("在吗", "打招呼"),
    ("能帮我带杯奶茶吗", "请人帮忙"),
    ("翻来覆去睡不着", "失眠"),
    ("你说的啥呀听不懂", "嫌对方没听懂"),
    ("周末去爬山不", "邀请"),
)

#: A message that asks for nothing in particular: what is likely after it is likely after anything.
NOTHING = "嗯"

#: Of a long message the beginning and the end say most about the mood, and the end a bit more.
MOOD_CHARS = 256
REPLY_CHARS = 1200


def shorten(text: str, max_chars: int) -> str:
    """``text``, its middle left out where it is longer than ``max_chars`` characters."""
    if len(text) <= max_chars:
        return text
    head = max_chars * 2 // 5
    return f"{text[:head]}…{text[head - max_chars + 1 :]}"


def mood_prefix() -> list[ChatTurn]:
    """What comes before every message whose mood is read; the same for all, so computed once."""
    turns: list[ChatTurn] = [{"role": "system", "content": MOOD_SYSTEM}]
    for text, mood in MOOD_EXAMPLES:
        turns += _turn(text, MOOD_LABELS[mood])
    return turns


def occasion_prefix() -> list[ChatTurn]:
    """What comes before every message whose occasion is told; the same for all, too."""
    turns: list[ChatTurn] = [{"role": "system", "content": OCCASION_SYSTEM}]
    for text, subject in OCCASION_EXAMPLES:
        turns += _turn(text, subject)
    return turns


def mood_question(text: str) -> list[ChatTurn]:
    """The message itself in plain words, as the user's turn and nothing else."""
    return [{"role": "user", "content": shorten(spell_out(text), MOOD_CHARS)}]


def reply_prefix(persona: Persona, mood: Mood) -> list[ChatTurn]:
    """Who the bot is, its tone for this mood, and its examples: one text a persona and mood."""
    system = f"{persona.system}{persona.tone(mood)}"
    turns: list[ChatTurn] = [{"role": "system", "content": system}]
    for example in persona.examples:
        turns += _turn(example.user, example.bot)
    return turns


def reply_question(asked: Asked, max_chars: int) -> list[ChatTurn]:
    """Near examples, the nearest last; recent turns, oldest first; and the message to answer."""
    turns: list[ChatTurn] = []
    for pair in reversed(asked.near):
        turns += _turn(pair.text, pair.reply)
    for turn in asked.history:
        said = _said(turn.name, shorten(turn.user, max_chars))
        turns += _turn(said, shorten(turn.bot, max_chars))
    return [*turns, {"role": "user", "content": _said(asked.name, shorten(asked.text, max_chars))}]


def _said(name: str, text: str) -> str:
    """A message in a group begins with who wrote it."""
    return f"{name}：{text}" if name else text


def _turn(user: str, bot: str) -> list[ChatTurn]:
    return [{"role": "user", "content": user}, {"role": "assistant", "content": bot}]
