"""What the contenders are asked: the same for all of them, the length of everyday messages."""

from __future__ import annotations

import itertools

from engine.talk import Turn

#: Ten messages of 10 to 20 characters, of every mood.
MOODS = (
    "今天的实验终于成功了，太棒了！",
    "加班到现在，人都麻了，好累",
    "你们这个破软件又崩了，烦死了",
    "周末一起去爬山吗？天气不错",
    "我家猫生病了，好担心它啊",
    "哈哈哈哈笑死我了，太逗了吧",
    "明天下午三点开会，别忘了",
    "什么？他居然辞职了，真的吗",
    "一个人在外地过年，有点想家",
    "半夜总听见有人敲门，好害怕",
)
#: Asked first and not timed, so that no contender pays for what another left in the caches.
WARM_UP = "早上好呀，起床了没有"

_OPENINGS = (
    *("哎，", "跟你说，", "刚刚在公司楼下，", "昨天晚上回家的路上，"),
    *("老板开会的时候，", "说真的，", "下午茶时间，", "我妈打电话来说，"),
)
_ENDINGS = (
    *("快递到了", "地铁又晚点了，烦死了", "抽奖居然中了一台电脑！", "下雨了，衣服还晾在外面没有收"),
    *(
        "有只小猫一直跟着我，好可爱",
        "钱包丢了，怎么办啊",
        "大家都很想你",
        "明天放假，终于可以睡个懒觉了",
    ),
)
#: 64 different lines of many lengths, as a file of chat messages has them.
LINES = tuple(map("".join, itertools.product(_OPENINGS, _ENDINGS)))

#: Each draws an answer that runs up to the limit of tokens.
STORIES = tuple(
    f"给我写一篇介绍{topic}的文章吧，要详细一点"
    for topic in ("北京", "长城", "火锅", "春节", "西湖", "京剧", "中医", "丝绸之路")
)
#: Draws a short answer: only its first token is waited for.
SHORT = "在吗"
SHORT_ANSWER = "在呢，怎么啦？"

#: What one turn of ``history`` takes in Qwen2's tokens, template included.
TURN_TOKENS = 40


def history(num_turns: int, *, chat: int) -> list[Turn]:
    """Turns that no other chat of the last hundred has: nothing of them was seen before."""
    return [
        Turn(
            f"{chat % 100:02}{n % 10}：周末本来想爬山，结果下了一整天的雨",
            "那可真扫兴，下周天气好了再去吧，先歇歇",
        )
        for n in range(num_turns)
    ]
