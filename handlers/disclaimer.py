"""The phrases by which assistants excuse themselves: "作为一个AI", "很抱歉，我无法提供".

A person who cannot do a thing says so in other words ("这个我查不到"), and those pass. So does
"我是人工智能" where somebody asked. Texts come here the way ``guard.check`` spells them.
"""

from __future__ import annotations

import re

_KIND = r"(?:大型|大规模|人工智能|智能|虚拟|数字|ai|语言|聊天|\s)*"
_AS_AN_AI = re.compile(
    rf"(?:作为|身为)(?:一?[个名款位种])?{_KIND}"
    r"(?:ai|人工智能|语言模型|大模型|模型|助手|助理|程序|(?:聊天)?机器人[,，]?我?(?:无法|不能|没有))"
    r"|我(?:只是|仅仅是|是)(?:一?[个种款])?(?:大型|人工智能|ai|\s)*语言模型"
    r"|我没有(?:真实|真正|实际|物理|人类)的?身体"
    r"|我(?:并|其实|本身|也|是){0,2}(?:没有|不具备|缺乏)(?:任何|自己的|个人的?|真实的?|真正的|人类的?){0,3}"
    r"(?:情感|感情|自?我?意识|实体|形体|肉体)"
    # "我没有意见" is everybody's, "我没有个人意见" a machine's.
    r"|我(?:并|其实|本身|也|是){0,2}(?:没有|不具备)(?:任何)?(?:自己的|个人|真实|真正|主观|人类)的?"
    r"(?:情绪|感受|观点|意见|经历|体验|偏好|喜好)"
    r"|\bas an? (?:large |ai |artificial intelligence |virtual |digital |chat |language )*"
    r"(?:ai\b|artificial intelligence|language model|model\b|assistant|chatbot|program)"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:large |ai )*language model"
    r"|\bi (?:do not|don't) have (?:any )?(?:personal |real |human |physical )*"
    r"(?:feelings|emotions|opinions|experiences|consciousness|body|preferences)"
)
#: Honest where somebody asked, out of place where nobody did.
_I_AM_AN_AI = re.compile(
    r"我(?:只?是|仅仅是)(?:一?[个名款种位])?(?:ai|人工智能|虚拟|智能|数字)(?:的|\s)*"
    r"(?:助手|助理|程序|系统|模型|软件)?(?=$|[\s,，。.！!？?、；;]|(?:所以|因此|无法|不能|没有))"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:ai|artificial intelligence|virtual)"
    r"(?: assistant| program| model)?\b"
)
_ASKED_WHAT_IT_IS = re.compile(
    r"机器|人工智能|真人|活人|人类|模型|程序|智能|[你您](?:到底|究竟|其实|又|还)?(?:是|算|叫)"
    r"|[你您]谁|谁[^,，。]{0,4}[你您]|介绍|自己|\b(?:ai|bot|robot|human|person|real|who|what)\b"
)
_DO = (
    r"(?:提供|回答|满足|协助|帮助[你您]|完成[这该您你]|执行|处理|访问|获取|浏览|预测|给出|进行|为[您你]|支持"
    r"|参与|生成|直接|实时|代替|替代|确定|判断|讨论|评论|透露|分享|理解[您你]|体验|感受|给[您你]提供)"
)
_NOW = r"(?:暂时|目前|现在|还|也|并|恐怕|可能|是){0,3}"
_REFUSAL = re.compile(
    rf"我{_NOW}(?:无法|没有?办法|没有能力|不便|不方便){_DO}"
    rf"|我{_NOW}不(?:能|可以)(?:提供|回答|协助|参与|讨论|支持|满足|评论|透露|执行)"
    r"|(?:抱歉|遗憾|对不起|不好意思)[,，。!！]?(?:但是?|不过)?是?"
    rf"我?{_NOW}(?:不能|无法|不便|没有能力)"
    r"|(?:无法|不能)(?:回答|提供)[这该您你此相]|(?:抱歉|遗憾)(?:地)?(?:听到|得知)|我的(?:职责|功能|能力|知识库|训练数据|设计)"
    r"|(?:超出|不在)了?我的(?:知识|服务)?范围|(?:违反|不符合)[^,，。]{0,8}(?:规定|政策|准则|原则)"
    r"|\b(?:sorry|afraid|apologi[sz]e),? ?(?:but )?(?:that )?"
    r"(?:i )?(?:can't|cannot|can not|am unable|am not able)"
    r"|\bi (?:can't|cannot|can not|won't be able to) (?:assist|help (?:you )?with|provide|fulfil"
    r"|comply|answer|engage|access|browse|support|generate)"
    r"|\bi(?:'m| am) (?:unable|not able) to\b|\bi apologi[sz]e\b"
    r"|\bi (?:do not|don't) have (?:access|real-time|the ability|information)"
    r"|\bmy (?:training data|knowledge cut-?off|programming)\b"
)


def disclaimer(reply: str, message: str) -> str | None:
    """Where the reply excuses itself as an assistant does; None where it does not."""
    if match := _AS_AN_AI.search(reply) or _REFUSAL.search(reply):
        return match[0]
    if not _ASKED_WHAT_IT_IS.search(message) and (match := _I_AM_AN_AI.search(reply)):
        return f"unasked {match[0]}"
    return None
