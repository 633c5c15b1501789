"""The model's own words of death and self-harm: only the persona's fixed text may speak of them.

The patterns for messages (``engine.distress``) serve a reply too, but they listen for somebody who
speaks of themselves; here it is also "you", "everybody" and the bare word. "他走了你一定很难受" and
"笑死我了" pass. Replies come here the way ``guard.check`` spells them.
"""

from __future__ import annotations

import re

from engine.distress import is_distress

_FIGURE_OF_SPEECH = re.compile(
    r"(?:笑|累|困|饿|渴|热|冷|冻|晒|挤|辣|臭|烦|气|吓|急|忙|美|爽|甜|萌|帅|尬|尴尬|无聊|开心|高兴|羡慕"
    r"|可爱|疼|痒|吵|贵|堵|馋|香|好吃|难吃|酸|愁)[得到]?(?:要|快要?|半)?死"
    r"|死(?:机|党|循环|线|角|磕|心塌地|活不)|想死你"
)
_DEATH = re.compile(
    r"自杀(?!小队|式)|自残|自尽|轻生|寻死|割腕|上吊|安乐死|跳(?:楼(?!机|价)|[河江崖轨])"
    r"|去死|找死|送死|等死|怎么不死|死了(?:算|一了|才|最好)|死亡|死有|怕死|尸体|遗书|陪葬|伤害自己|不想活"
    r"|(?:想|该|要|快|会)死(?:的|去|掉|了(?![我他]))?(?=[,，。！!？?吧]|$)"
    r"|(?:猫猫?|狗狗?|咪|鱼|鸟|兔子?|仓鼠|[它他她]们?|[爷奶爸妈公婆姥]|朋友|人)(?:昨天|今天|已经|都|也)?死了"
    r"|(?:都|也|总|终究|终将|迟早)(?:有|是|会|要|得)?一?死(?=$|[,，。！!的])"
    r"|结束(?:自己的?)?生命|活不(?:久|下去|成)"
    r"|\bsuicid|\bself[- ]harm|\bkill (?:yourself|myself|you)\b|\bkys\b|\bgo die\b"
    r"|\byou(?:'ll| will| should) die\b|\bend (?:your|my) life\b|\bhurt yourself\b"
)


def self_harm(reply: str) -> str | None:
    """Words of death, or of somebody who wants it; None where there are none."""
    if match := _DEATH.search(_FIGURE_OF_SPEECH.sub(" ", reply)):
        return match[0]
    return "words of distress" if is_distress(reply) else None
