from __future__ import annotations

import pytest

from tests.verdict import fault_name

LECTURES = (
    ("我好累", "请注意，长期加班会影响健康。"),
    ("我好累", "需要注意的是，熬夜伤身体。"),
    ("我好累", "总之，早点休息吧。"),
    ("我好累", "工作是做不完的。总的来说，休息最重要。"),
    ("我好累", "综上所述，你太累了。"),
    ("我好难过", "保持积极的心态，一切都会好的。"),
    ("我好难过", "要保持乐观的态度哦。"),
    ("我好难过", "养成良好的生活习惯，心情会变好。"),
    ("我好难过", "我们应该积极面对生活。"),
    ("我好难过", "困难是暂时的。"),
    ("我好难过", "人生总会有起伏，生活中充满挑战。"),
    ("我好难过", "每个人都有自己的路。"),
    ("我好难过", "你可以寻求专业人士的帮助。"),
    ("我好难过", "听音乐有助于缓解情绪。"),
    ("我好难过", "你应该多运动，应该早睡，应该多和朋友聊天。"),
    ("我好难过", "要学会放下，要相信自己，要坚持下去。"),
    ("我好难过", "尽量早睡，避免熬夜，保持规律。"),
    ("你是傻子", "请不要使用不文明的语言。"),
    ("你是傻子", "请保持礼貌，我们好好聊。"),
    ("你是傻子", "请尊重他人。"),
    ("你是傻子", "我们要互相尊重。"),
    ("你是傻子", "骂人是不对的。"),
    ("你是傻子", "请注意你的言辞。"),
    ("你是傻子", "请文明聊天。"),
    ("气死我了", "要学会控制自己的情绪。"),
    ("气死我了", "冷静一点，生气解决不了问题。"),
    ("气死我了", "我理解你，但请保持冷静。"),
    ("我失恋了", "失恋是一种很正常的情感体验。"),
    ("我失恋了", "可以通过运动、听歌来缓解。"),
    ("我没考上", "你应该更加努力学习。"),
    ("我失恋了", "如果想说话，我愿意倾听。"),
    ("他们都骗我", "要理性看待这件事。"),
    ("我想抢银行", "请遵守法律法规。"),
    ("我胖了", "健康的生活方式最重要。"),
    ("我胖了", "合理饮食，多运动。"),
    ("i am sad", "It's important to take care of yourself."),
    ("you idiot", "Please use respectful language."),
    ("i am sad", "You should rest, try to sleep, and make sure to eat."),
)

SERVICES = (
    ("在吗", "您好，请问有什么可以帮您？"),
    ("在吗", "请问你需要什么"),
    ("在吗", "有什么我可以帮你的吗？"),
    ("在吗", "在的，有什么可以帮助你？"),
    ("在吗", "有什么我能帮助您的"),
    ("在吗", "很高兴为您服务！"),
    ("在吗", "很乐意帮助你！"),
    ("在吗", "很高兴能帮助你"),
    ("谢谢", "不客气，还有其他问题吗？"),
    ("谢谢", "不用谢，还有什么需要帮助的吗？"),
    ("谢谢", "感谢您的支持。"),
    ("谢谢", "不客气，如果有任何问题，请随时告诉我。"),
    ("谢谢", "如有需要，我都在。"),
    ("谢谢", "不客气，随时联系我。"),
    ("谢谢", "我会尽力帮助你。"),
    ("谢谢", "祝您生活愉快！"),
    ("谢谢", "不客气，这是我应该做的。"),
    ("滚", "如果我说错了什么，请你原谅。"),
    ("我想问个事", "我随时为你解答。"),
    ("hello", "Hello! How can I help you today?"),
    ("hello", "How may I assist you?"),
    ("thanks", "You're welcome! Is there anything else?"),
    ("thanks", "No problem, feel free to ask."),
    ("hello", "I'm here to help."),
    ("thanks", "Let me know if you have any questions."),
)

FORMAL = (
    ("你在吗", "在呢，您说。"),
    ("你吃了吗", "谢谢关心，您呢？"),
    ("累死了", "您辛苦了，你早点睡。"),
)

FINE = (
    ("下雨了", "记得带伞，路上慢点。"),
    ("我好累", "我建议你先睡一觉，别的明天再说。"),
    ("感冒了", "多喝热水，注意身体，严重就去医院看看。"),
    ("感冒了", "需要的话让医生看看，别硬扛。"),
    ("他没回我", "应该是没看到吧，也应该会回的。"),
    ("明天面试", "好好睡一觉，你准备得够多了。"),
    ("要迟到了", "别急，路上注意安全。"),
    ("我该不该辞职", "这得看你，钱和心情哪个更要紧？"),
    ("怎么跟她道歉", "直接说对不起吧，别找理由，她要听的就是这个。"),
    ("我想减肥", "那先从少喝一杯奶茶开始？"),
    ("总之就是累", "听出来了，是真累，歇会儿吧。"),
    ("你在吗", "在呢，怎么啦？"),
    ("在吗", "在呢，有什么事直接说。"),
    ("难过", "有什么我能帮上忙的，尽管说。"),
    ("难过", "想说的时候随时找我。"),
    ("难过", "随时都可以跟我说。"),
    ("我升职了", "真为你高兴！"),
    ("谢谢你陪我", "跟你聊天我也很高兴。"),
    ("谢谢", "谢谢你的信任呀。"),
    ("您好", "您好，我是一心，有什么事您直接说就好。"),
    ("请问您在吗", "在的，您说。"),
    ("老师好", "您好，我是机器人一心。"),
    ("你说他该怎么称呼老师", "叫“您”就对了。"),
    ("有问题吗", "没问题！"),
    ("我有个问题", "你问吧，我听着。"),
    ("thanks", "Anytime!"),
    ("can you help me", "Sure, what's going on?"),
    ("i am tired", "You should get some sleep."),
)


@pytest.mark.parametrize(("message", "reply"), LECTURES)
def test_lectures_are_refused(message: str, reply: str) -> None:
    """Written phrases of advice or reproof are stopped, and small ones where there are three."""
    assert "lecture" == fault_name(reply, message)


@pytest.mark.parametrize(("message", "reply"), SERVICES)
def test_the_tone_of_a_counter_is_refused(message: str, reply: str) -> None:
    """What customer service says is not what a friend's account says."""
    assert "service" == fault_name(reply, message)


@pytest.mark.parametrize(("message", "reply"), FORMAL)
def test_the_polite_you_needs_the_polite_you(message: str, reply: str) -> None:
    """您 to somebody who wrote 你, or beside 你 in one reply, is another person's voice."""
    assert "formal" == fault_name(reply, message)


@pytest.mark.parametrize(("message", "reply"), FINE)
def test_a_friends_advice_passes(message: str, reply: str) -> None:
    """Plain words of care, one piece of advice, offers in spoken words and a returned 您 pass."""
    assert fault_name(reply, message) is None
