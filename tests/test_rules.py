"""Rules of a group that need no mood: what each finds, what it leaves alone, and what it says."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ruleset
from engine.mood import Mood
from handlers.exchange import Action, Exchange, Verdict
from handlers.orders import Orders
from handlers.policy import Rule, judge
from moderation.flood import Flood
from moderation.links import Links
from moderation.mentions import Mentions
from moderation.newcomers import Newcomers
from moderation.recent import MOST, MOST_ROOMS, Recent, key_of
from moderation.repeats import Repeats
from moderation.rules import recent_of, room_rules
from moderation.words import GAP, Pattern, Words, holds, places
from tests.fakes import NOW, Clock, message, reading, room_message
from tests.test_newcomers import Alarm, MemoryOrders, Modes

LINE = "今晚八点老地方见，记得带伞"


def heard(text: str = LINE, **fields: object) -> Exchange:
    """A group message as rules see it: cleaned."""
    return replace(Exchange(room_message(text, **fields)), cleaned=text)


def found(find: Callable[[Exchange], str], recent: Recent, said: Sequence[Exchange]) -> list[str]:
    """What a rule finds in each of several messages, in order."""
    return [find(recent.hear(exchange)) for exchange in said]


def test_a_flood_is_found_once_and_again_after_its_window() -> None:
    """The twelfth message within 20 s is a flood; what follows at once is the same one."""
    recent = Recent(20)
    find = Flood(ruleset.Flood(messages=12, seconds=20), recent)

    details = found(find, recent, [heard(f"第{n}条", sent_at=NOW + n) for n in range(40)])

    assert [n for n, detail in enumerate(details) if detail] == [11, 31]
    assert details[11] == "12 messages within 20 s"


def test_many_people_are_no_flood() -> None:
    """Only messages of one person in one group add up."""
    recent = Recent(20)
    find = Flood(ruleset.Flood(messages=3, seconds=20), recent)
    people = [heard(talker_id=f"p{n}") for n in range(12)]
    groups = [heard(talker_id="p", chat_id=f"{n}@chatroom") for n in range(12)]

    assert found(find, recent, [*people, *groups]) == [""] * 24


def test_a_steady_writer_is_no_flood() -> None:
    """Eleven messages in 20 s for an hour stay below twelve."""
    recent = Recent(20)
    find = Flood(ruleset.Flood(messages=12, seconds=20), recent)
    said = [heard(sent_at=NOW + n * 20 / 11 + 0.01 * n) for n in range(1000)]

    assert not any(found(find, recent, said))


def test_the_same_text_is_found_from_its_fourth_time_on() -> None:
    """Signs, spaces, case and a counter at its end make no other text of it."""
    recent = Recent(600)
    find = Repeats(ruleset.Repeats(times=4, minutes=10), recent)
    texts = [
        "加群领福利 每天都有",
        "加群，领福利！每天都有",
        "加群领福利每天都有1",
        "2 加群领福利每天都有",
    ]

    details = found(find, recent, [heard(text, sent_at=NOW + n) for n, text in enumerate(texts)])

    assert details == ["", "", "", "the same text 4 times within 10 min"]


def test_repeats_are_forgotten_after_their_window() -> None:
    """Once in three minutes is never four times within ten."""
    recent = Recent(600)
    find = Repeats(ruleset.Repeats(times=4, minutes=10), recent)
    said = [heard(sent_at=NOW + n * 201) for n in range(20)]

    assert not any(found(find, recent, said))


@pytest.mark.parametrize(
    "text", ["收到", "哈哈哈哈哈哈哈哈", "好的收到", "666", "？？？", "👍👍👍", "+1"]
)
def test_what_everybody_says_again_is_no_repeat(text: str) -> None:
    """Words of few different characters are said ten times a day in good faith."""
    recent = Recent(600)
    find = Repeats(ruleset.Repeats(), recent)

    assert not any(found(find, recent, [heard(text, sent_at=NOW + n) for n in range(10)]))


def test_a_line_that_everybody_repeats_is_no_repeat() -> None:
    """In a group that is a game; only the same person's count."""
    recent = Recent(600)
    find = Repeats(ruleset.Repeats(), recent)

    assert not any(found(find, recent, [heard(talker_id=f"p{n}") for n in range(20)]))


@pytest.mark.parametrize(
    ("text", "mention_ids", "expected"),
    [
        ("开会", tuple("abcdefgh"), "8 people @mentioned"),
        ("开会", tuple("abcdefg"), ""),
        (" ".join(f"@小{n}" for n in range(9)), (), "9 people @mentioned"),
        ("@小明 " * 20, (), ""),
        (" ".join(f"a@mail{n}.com" for n in range(20)), (), ""),
        ("@所有人 开会", (), ""),
    ],
)
def test_mention_bombing_is_counted_by_people(
    text: str, mention_ids: tuple[str, ...], expected: str
) -> None:
    """By ids, or by different names where there are none; mail addresses name nobody."""
    find = Mentions(ruleset.Mentions(people=8))

    assert find(heard(text, mention_ids=mention_ids)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("看这个 https://Example.com/a?b=1", ""),
        ("在 docs.example.com 里", ""),
        ("notexample.com", "link to notexample.com"),
        ("example.com.evil.top/example.com", "link to example.com.evil.top"),
        ("https://example.com@evil.top/", "link to evil.top"),
        ("https://evil.top\\@example.com/", "link to evil.top"),
        ("http://[evil", "link to somewhere unreadable"),
        ("先 example.com 再 www.evil.top", "link to www.evil.top"),
        ("weixin://dl/business", "link to dl"),
        ("我的邮箱 a@evil.top，版本 1.2.3，圆周率 3.14", ""),
        ("没有链接。就这样", ""),
    ],
)
def test_a_link_is_found_by_where_it_leads(text: str, expected: str) -> None:
    """An allowed host allows its subdomains, and nothing that only looks like it."""
    find = Links(ruleset.Links(state="on", allowed=("example.com",)))

    assert find(heard(text)) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        ("加*微信", "加我微信", True),
        ("加*微信", "加 我.的-微 信", True),
        ("加*微信", "ＪＩＡ加ＶＸ微信", True),
        ("加*微信", "微信加", False),
        ("加*微信", "加" + "我" * GAP + "微信", True),
        ("加*微信", "加" + "我" * (GAP + 1) + "微信", False),
        ("加微信", "加我微信", False),
        ("*日结*", "兼职日结", True),
        ("Casino", "best CASINO online", True),
        ("+v", "有需要的 + V 聊", True),
        ("+v", "very good", False),
        ("a*b*c", "a" * 50 + "b" + "c", True),
        ("aab", "aaab", True),
        ("兼职*日结", "兼职不多，日结算清楚", True),
    ],
)
def test_a_pattern_is_found_whatever_stands_between_its_letters(
    pattern: str, text: str, is_found: bool
) -> None:
    """Spaces and signs count for nothing, * for up to 20 letters; signs of its own do count."""
    find = Words(ruleset.Words(patterns=(pattern,)))

    assert bool(find(heard(text))) == is_found
    assert find(heard(text)) in ("", f"holds 「{pattern}」")


@given(
    st.text(alphabet="ab", max_size=60),
    st.lists(st.text(alphabet="ab", min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_patterns_are_found_where_trying_each_place_finds_them(
    text: str, pieces: list[str]
) -> None:
    """Bits of a number find the same as looking piece by piece at every place."""

    def tried(start: int, left: Sequence[str], gap: int) -> bool:
        if not left:
            return True
        piece, *rest = left
        places_of_it = range(start, min(len(text), start + gap) + 1)
        return any(
            text.startswith(piece, at) and tried(at + len(piece), rest, GAP) for at in places_of_it
        )

    assert holds(places(text), pieces) == tried(0, pieces, len(text))


@pytest.mark.parametrize("pattern", ["*", "***", "！！", "_", " "])
def test_a_pattern_without_a_letter_is_refused(pattern: str) -> None:
    """It would be found in every message of the group."""
    with pytest.raises(ValueError, match="patterns"):
        ruleset.Words(patterns=(pattern,))


def test_what_is_drawn_as_nothing_is_no_pattern() -> None:
    """A letter to Unicode that nobody sees is cleaned away, and then nothing holds it."""
    assert not holds(places("任何一句话"), Pattern.of("\u3164").pieces)


def test_hostile_patterns_on_hostile_text_are_quick() -> None:
    """A hundred characters of *a on 4,000 of a: under 50 ms, where a regular expression hangs."""
    config = ruleset.Words(patterns=("a*" * 49 + "ab", "*a" * 50, "a*" * 50))
    find, exchange = Words(config), heard("a" * 4000)
    began = time.thread_time()

    find(exchange)

    assert time.thread_time() - began < 0.05


# All of them together.


def rules_of(config: ruleset.Moderation, newcomers: Newcomers | None = None) -> Sequence[Rule]:
    orders = Orders(MemoryOrders(), clock=Clock(NOW))
    nobody = Newcomers(config.new_members, orders, Modes(), Alarm(), clock=Clock(NOW))
    return room_rules(config, recent_of(config), newcomers or nobody)


def judged(rules: Sequence[Rule], exchange: Exchange) -> list[Verdict]:
    verdicts = [rule(exchange, None) for rule in rules]
    return [verdict for verdict in verdicts if verdict.action is not Action.NONE]


def test_a_rule_names_itself_its_finding_and_its_points() -> None:
    """No reading is needed for it."""
    config = ruleset.Moderation(words=ruleset.Words(patterns=("加*微信",), points=2.0))

    verdicts = judged(rules_of(config), heard("加我微信"))

    assert verdicts == [Verdict(Action.NOTE, "words", "holds 「加*微信」", points=2.0)]


def test_a_dry_rule_only_says_what_it_would_add() -> None:
    """It is noted, with no points."""
    words = ruleset.Words(state="dry", patterns=("加*微信",), points=2.0)

    [verdict] = judged(rules_of(ruleset.Moderation(words=words)), heard("加我微信"))

    assert (verdict.points, verdict.detail) == (0.0, "dry: would add 2: holds 「加*微信」")


def test_a_rule_that_is_off_is_not_asked() -> None:
    """As shipped, links are; private chats are no group's business."""
    shipped = rules_of(ruleset.Moderation())
    config = ruleset.Moderation(links=ruleset.Links(state="on"))
    private = replace(Exchange(message("evil.top")), cleaned="evil.top")

    assert judged(shipped, heard("evil.top")) == []
    assert [verdict.rule for verdict in judged(rules_of(config), heard("evil.top"))] == ["links"]
    assert judged(rules_of(config), private) == []


async def test_a_new_member_weighs_twice_and_a_raider_four_times() -> None:
    """Of what raiders do; words weigh twice even then."""
    links = ruleset.Links(state="on", points=1.0)
    words = ruleset.Words(patterns=("兼职",), points=2.0)
    config = ruleset.Moderation(
        links=links, words=words, new_members=ruleset.NewMembers(raid_people=3)
    )
    clock = Clock(NOW)
    orders = Orders(MemoryOrders(), clock=clock)
    newcomers = Newcomers(config.new_members, orders, Modes(), Alarm(), clock=clock)
    rules = rules_of(config, newcomers)

    await newcomers.joined("room@chatroom", "群", [("ming", "小明")])
    alone = judged(rules, heard("兼职 evil.top"))
    await newcomers.joined("room@chatroom", "群", [("a", "A"), ("b", "B")])
    in_raid = judged(rules, heard("兼职 evil.top"))
    others = judged(rules, heard("兼职 evil.top", talker_id="old"))

    assert [(v.rule, v.points) for v in alone] == [("links", 2.0), ("words", 4.0)]
    assert [(v.rule, v.points) for v in in_raid] == [("links", 4.0), ("words", 4.0)]
    assert [(v.rule, v.points) for v in others] == [("links", 1.0), ("words", 2.0)]
    assert in_raid[0].detail == "link to evil.top; new amidst a raid: counts 4 times"


def test_a_dry_finding_hides_nothing_that_counts() -> None:
    """A mood that is worth points, though less than a note, stays the verdict."""
    words = ruleset.Words(state="dry", patterns=("兼职",))
    rules = rules_of(ruleset.Moderation(words=words))
    found = replace(heard("兼职骗子"), reading=reading(Mood.ANGRY))
    heat = Verdict(Action.NONE, "heat", "angry", points=0.9)
    calm = Verdict(Action.NONE, "heat", "calm")

    counting = judge([lambda exchange, reading: heat], rules)(found).verdict
    dry = judge([lambda exchange, reading: calm], rules)(found).verdict

    assert counting == heat
    assert dry is not None
    assert (dry.rule, dry.points) == ("words", 0.0)


# What is remembered.


def test_memory_is_bounded_in_messages_rooms_and_time() -> None:
    """A thousand messages of a group, two hundred groups, and no longer than any rule looks."""
    recent = Recent(600)
    for n in range(MOST + 50):
        recent.hear(heard(sent_at=NOW, chat_id="busy", talker_id=f"p{n}"))
    num_busy = len(recent.of("busy"))
    for n in range(MOST_ROOMS):
        recent.hear(heard(chat_id=f"{n}@chatroom"))
    for at in (NOW, NOW + 1, NOW + 700):
        recent.hear(heard(chat_id="slow", sent_at=at))

    assert num_busy == MOST
    assert recent.of("busy") == ()
    assert [one.at for one in recent.of("slow")] == [NOW + 700]


def test_a_group_where_people_write_is_not_forgotten_for_others() -> None:
    """Only the one that is silent for longest is."""
    recent = Recent(600)
    recent.hear(heard(chat_id="first"))
    recent.hear(heard(chat_id="silent"))
    for n in range(MOST_ROOMS - 1):
        recent.hear(heard(chat_id="first"))
        recent.hear(heard(chat_id=f"{n}@chatroom"))

    assert (len(recent.of("first")), len(recent.of("silent"))) == (MOST_ROOMS, 0)


def test_people_are_known_by_the_name_shown_last() -> None:
    """Last writer first; names are cleaned, and private chats are no group."""
    recent = Recent(600)
    for fields in (
        {"talker_id": "a", "talker_name": "阿丽"},
        {"talker_id": "b", "talker_name": "鲍\u202e勃"},
        {"talker_id": "a", "talker_name": "阿丽丽"},
    ):
        recent.hear(heard(**fields))
    recent.hear(Exchange(message("私聊")))

    assert list(recent.people("room@chatroom").items()) == [("a", "阿丽丽"), ("b", "鲍勃")]
    assert recent.people("ming") == {}


@given(st.text(max_size=50))
def test_keys_of_anything_are_bounded(text: str) -> None:
    """Eight bytes or none, whatever the text."""
    assert len(key_of(text)) in (0, 8)
