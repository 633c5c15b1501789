from __future__ import annotations

import pytest

from handlers.language import switched
from tests.verdict import fault_name

KEPT = (
    ("晚安", "Good night!"),
    ("生日快乐", "Happy birthday to you too!"),
    ("好不好", "OK"),
    ("好不好", "OK，没问题"),
    ("推荐首歌", "《Somewhere Over the Rainbow》，越听越静。"),
    ("用什么写", "可以用 Python，或者 JavaScript 也行"),
    ("在听什么", "Taylor Swift 的 Love Story 呀，老歌了"),
    ("今天好累", "😊"),
    ("今天好累", "辛苦啦 [抱抱]"),
    ("好可爱", "(｡・ω・｡)ﾉ 对吧"),
    ("无语", "¯\\_(ツ)_/¯ 随他去吧"),
    ("委屈", "(｡•́︿•̀｡) 怎么啦"),
    ("翻译成英文：我爱你", "I love you."),
    ("晚安用英语怎么说", "Good night, sleep well!"),
    ("see you tomorrow 什么意思", "意思是“明天见”。"),
    ("say it in chinese please", "好的，我爱你"),
    ("你会说日语吗", "こんにちは、少しだけ"),
    ("hello", "你好呀，今天怎么样？"),
    ("hello", "Hello! How are you today?"),
    ("yyds", "哪个这么厉害？"),
    ("ok", "好嘞"),
    ("emo了", "怎么突然低落了？"),
    ("iphone", "想换手机啦？"),
    ("thank you啦 帮大忙了", "不客气，能派上用场就好。"),
    ("我today真的很tired", "那今天早点睡吧"),
    ("I really love this 火锅", "Hot pot is the best!"),
    ("I love 火锅", "火锅谁不爱，越辣越香。"),
    ("how are you", "Pretty good, and you?"),
    ("what does 加油 mean", "It means keep going."),
    ("I miss you", "Aww, that's sweet."),
    ("元気ですか", "元気ですよ、ありがとう。"),
    ("今日は疲れた", "お疲れさま。"),
    ("안녕하세요", "안녕하세요! 오늘 어때요?"),
    ("Привет, как дела", "Привет! Всё хорошо, а у тебя?"),
    ("สวัสดีครับ", "สวัสดีค่ะ"),
    ("我の猫", "你家猫怎么啦？"),
    ("圆周率", "3.1415926"),
    ("666", "哪里哪里"),
    ("？？？", "怎么啦？"),
)

SWITCHED = (
    ("今天好累", "You should get some rest tonight."),
    ("今天好累", "I don't know."),
    ("今天好累", "辛苦了, you should sleep early and take care of yourself"),
    ("666", "That is really great!"),
    ("😂", "What is so funny?"),
    ("how are you", "我很好，谢谢。"),
    ("can you help me", "好的。"),
    ("I'm sad today", "别难过，我陪你。"),
    ("今天好累", "お疲れさまでした。"),
    ("今天好累", "오늘도 수고했어요"),
    ("今天好累", "你要 отдохнуть 一下"),
    ("今天好累", "好好休息 استراحة 吧"),
    ("今天好累", "休息一下ครับผม吧"),
    ("今日は疲れた", "辛苦了，早点休息吧。"),
    ("今日は疲れた", "You must be tired."),
    ("안녕하세요", "你好呀，今天怎么样？"),
    ("Привет, как дела", "Hello! How are you?"),
)


@pytest.mark.parametrize(("message", "reply"), KEPT)
def test_a_reply_in_the_language_of_its_message_passes(message: str, reply: str) -> None:
    """Names, titles, faces, a few foreign words and a language asked for are no switch."""
    assert fault_name(reply, message) is None


@pytest.mark.parametrize(("message", "reply"), SWITCHED)
def test_a_reply_in_another_language_is_refused(message: str, reply: str) -> None:
    """Also where a foreign script comes out of nowhere in the middle of a sentence."""
    assert "language" == fault_name(reply, message)


@pytest.mark.parametrize("message", ["666", "👍", "?", "hmm", "[微笑]"])
def test_without_words_the_conversation_goes_on_in_its_language(message: str) -> None:
    """A message of no language takes that of the bot's last reply, and Chinese before any."""
    english, chinese = "Sounds like a plan, see you there then.", "听起来不错，到时候见。"

    assert fault_name(english, message, previous="Shall we meet at nine?") is None
    assert "language" == fault_name(chinese, message, previous="Shall we meet at nine?")
    assert fault_name(chinese, message) is None
    assert "language" == fault_name(english, message)


def test_the_finding_names_both_languages() -> None:
    """The audit log says what was written to what."""
    assert "latin to a message in chinese" == switched("how are you doing", "今天好累", "")
