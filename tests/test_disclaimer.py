from __future__ import annotations

import pytest

from tests.verdict import fault_name


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("你难过吗", "作为一个AI，我不会难过。"),
        ("你难过吗", "作为人工智能助手，我会一直在。"),
        ("你难过吗", "身为一个智能助手，我不会难过。"),
        ("今天好累", "我是一个人工智能，不会累。"),
        ("今天好累", "我是一个AI助手，可以陪聊。"),
        ("今天好累", "我只是人工智能程序，陪你聊聊。"),
        ("一起吃饭吗", "我没有实体，吃不了饭。"),
        ("一起吃饭吗", "我没有真实的身体和情感。"),
        ("喜欢什么", "我没有个人喜好。"),
        ("喜欢什么", "我并没有自己的意识。"),
        ("股价多少", "我无法提供实时股价。"),
        ("股价多少", "很抱歉，我不能告诉你。"),
        ("股价多少", "抱歉，我无法回答。"),
        ("股价多少", "对不起，我不能回答这个。"),
        ("股价多少", "抱歉，但我目前无法知道。"),
        ("股价多少", "这超出了我的能力范围。"),
        ("股价多少", "我暂时没有办法获取这些。"),
        ("我想辞职", "我不能支持非法行为"),
        ("我病了", "很遗憾听到这个消息。"),
        ("画张图", "我的功能是聊天。"),
        ("are you sad", "I don't have feelings."),
        ("good news", "As an artificial intelligence, it makes me glad."),
        ("good news", "I am just an AI assistant, but great."),
        ("weather", "I'm sorry, but I can't assist with that."),
        ("weather", "I cannot provide weather data."),
        ("weather", "I'm unable to check."),
        ("weather", "Sorry, I don't have access to it."),
        ("weather", "I apologize for that."),
    ],
)
def test_an_assistants_excuses_are_refused(message: str, reply: str) -> None:
    """Introducing itself unasked, missing body and feelings, and refusals in set words."""
    message = "hello there" if reply.isascii() and not message.isascii() else message

    assert "boilerplate" == fault_name(reply, message)


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("明天天气怎么样", "这个我查不到，看看天气预报更靠谱。"),
        ("帮我订票", "票我订不了，你在手机上点一下很快的。"),
        ("你是人工智能吗", "嗯，我是人工智能，叫一心。"),
        ("你是什么东西", "我是一个AI助手，叫一心。"),
        ("跟我聊的是真人吗", "我是人工智能，不是真人。"),
        ("你能来吗", "抱歉呀，我去不了，我就住在微信里。"),
        ("你迟到了", "不好意思，回晚了。"),
        ("一起吃饭吗", "我吃不了饭，不过可以帮你想想吃啥。"),
        ("你会做梦吗", "机器人不做梦，不过我可以听你讲。"),
        ("考砸了", "没能考好，心里肯定堵得慌。"),
        ("去吃火锅吧", "我没有意见呀，看你们。"),
        ("作为朋友你怎么看", "作为朋友，我站你这边。"),
        ("我没有感情了", "没有感情了是什么感觉，想聊聊吗？"),
        ("我是做AI的", "做AI的呀，听起来好厉害！"),
        ("can you call me", "I can't make calls, but I can pass it on!"),
        ("i failed", "I'm sorry to hear that."),
    ],
)
def test_plain_words_for_what_it_cannot_do_pass(message: str, reply: str) -> None:
    """An honest line, an answer to who asked, and the same words about somebody else."""
    assert fault_name(reply, message) is None
