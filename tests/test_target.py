from __future__ import annotations

from dataclasses import replace

import pytest

from moderation.recent import Heard
from moderation.target import LATELY_S, SAME_S, Aims, By, Target, target
from tests.fakes import NOW
from tests.group_lines import ID_OF, Line, Room, exchange_of
from tests.test_mention import hostile_names

AJ, ZHOU, HU = ID_OF["阿杰"], ID_OF["老周"], ID_OF["胖虎"]


def aim(text: str, *, mention: tuple[str, ...] = (), by: str = "大鹏", **line: object) -> Target:
    said = Line(text, by, "test", mention=mention, **line)  # type: ignore[arg-type]
    return target(exchange_of(said), Room.of_all(NOW))


@pytest.mark.parametrize(
    ("text", "by", "person_id", "words"),
    [
        ("老周就是个废物", By.NAME, ZHOU, "你就是个废物"),
        ("呵，老周你可真行", By.NAME, ZHOU, "呵，你你可真行"),
        ("Kevin you moron", By.NAME, ID_OF["Kevin"], "你 you moron"),
        ("@老周 真是个废物", By.MENTION, ZHOU, "你真是个废物"),
        ("@老周真是个废物", By.MENTION, ZHOU, "你真是个废物"),
        ("@Lily what a bitch", By.MENTION, ID_OF["Lily"], "你 what a bitch"),
    ],
)
def test_a_member_is_known_by_name(text: str, by: By, person_id: str, words: str) -> None:
    """Called, spoken of or mentioned in words alone; patterns then read 你 in its place."""
    found = aim(text)

    assert (by, person_id, words) == (found.by, found.person_id, found.text)


@pytest.mark.parametrize(
    "text",
    [
        "那个司机真混蛋",
        "老板有病吧，周五上线周四给需求",
        "今天搬石头砸了脚，疼死了",
        "上次坐老陈车听他骂了一路",
        "Kevinism is a joke",
        "国足就是一群废物",
        "我真是个猪脑子",
        "你们甲方是不是有病",
    ],
)
def test_the_rest_of_the_world_is_no_member(text: str) -> None:
    """Bosses, drivers, teams, oneself, a name within another word or a clause about another."""
    found = aim(text)

    assert (By.NOBODY, "") == (found.by, found.person_id)


def test_an_id_that_is_mentioned_outranks_a_name() -> None:
    """Whom the platform names by id is meant, whatever names stand in the text."""
    found = aim("@阿杰 老周说你是个废物", mention=("阿杰",))

    assert (By.MENTION, AJ) == (found.by, found.person_id)


def test_whoever_is_quoted_is_answered() -> None:
    """A quotation names its writer, where nobody else is named."""
    found = aim("放屁", quote=("胖虎", "就是你们组拖的后腿"))

    assert (By.QUOTE, HU) == (found.by, found.person_id)


def test_you_is_whoever_wrote_last() -> None:
    """But not the writer, and not somebody who wrote long ago."""
    room = Room.of_all(NOW)
    exchange = exchange_of(Line("你瞎啊", "大鹏", "test"))
    long_ago = target(exchange, Room([("阿杰", NOW - LATELY_S - 1)]))
    for name in ("阿杰", "大鹏"):
        room.heard(name, NOW - 20)
    found = target(exchange, room)

    assert (By.YOU, AJ) == (found.by, found.person_id)
    assert (By.YOU, "") == (long_ago.by, long_ago.person_id)


def test_what_the_account_is_told_is_its_own_to_bear() -> None:
    """An insult that @mentions the bot attacks no member."""
    said = exchange_of(Line("你真是个废物", "大鹏", "test"))
    told = replace(said, message=replace(said.message, mentions_me=True))
    found = target(told, Room.of_all(NOW))

    assert (By.NOBODY, "") == (found.by, found.person_id)


def test_only_words_about_the_member_are_direct() -> None:
    """Telling somebody of a third person is no attack on them."""
    assert not aim("@阿杰 那个司机真混蛋", mention=("阿杰",)).is_direct
    assert not aim("阿杰，那个司机真混蛋").is_direct
    assert aim("@阿杰 你真混蛋", mention=("阿杰",)).is_direct
    assert aim("阿杰真混蛋").is_direct


def heard_in_turn(*said: tuple[str, str, float], mention: str = "阿杰") -> Target:
    """Whom the last of these messages is aimed at; each is a writer, words and seconds."""
    room = Room.of_all(NOW)
    aims = Aims(room)
    for by, text, after_s in said:
        exchange = exchange_of(Line(text, by, "test", mention=(mention,)), NOW + after_s)
        aims.hear(exchange)
        room.heard(by, NOW + after_s)
    return aims.of(exchange)


def test_who_goes_on_goes_on_at_the_same_person() -> None:
    """For two minutes, in words that name nobody."""
    first = ("大鹏", "@阿杰 你瞎啊", 0.0)
    found = heard_in_turn(first, ("老周", "别吵", 5.0), ("大鹏", "什么东西", 10.0))
    late = heard_in_turn(first, ("大鹏", "什么东西", SAME_S + 1))

    assert (By.SAME, AJ) == (found.by, found.person_id)
    assert (By.NOBODY, "") == (late.by, late.person_id)


def test_who_is_answered_meanwhile_is_meant_by_you() -> None:
    """你 goes to the one who spoke last, if they spoke after the attack."""
    first = ("大鹏", "@阿杰 你瞎啊", 0.0)
    answered = heard_in_turn(first, ("老周", "别吵", 5.0), ("大鹏", "关你什么事", 10.0))
    alone = heard_in_turn(first, ("大鹏", "你真行", 10.0))

    assert (By.YOU, ZHOU) == (answered.by, answered.person_id)
    assert (By.SAME, AJ) == (alone.by, alone.person_id)


@pytest.mark.parametrize("name", hostile_names(100))
def test_a_name_is_compared_never_run(name: str) -> None:
    """Patterns, brackets, 10,000 characters: whoever is called so is found all the same."""

    class Hostile:
        def of(self, room_id: str) -> list[Heard]:
            return [Heard("e1", "evil", name, NOW - 60, b"")]

    found = target(exchange_of(Line("你真行", "大鹏", "test")), Hostile())

    assert "evil" == found.person_id


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("老周就是个废物", "你就是个废物"),
        ("老周，你是个废物", "你，你是个废物"),
        ("老周你是个废物", "你是个废物"),
        ("@老周 你是个废物", "你是个废物"),
        ("Hello @老周 there", "你 hello there"),
        ("今天好冷，Brrr", "今天好冷，Brrr"),
    ],
)
def test_the_model_reads_the_member_as_you(text: str, words: str) -> None:
    """It has never heard of 老周; a message that means no member is read as it stands."""
    said = exchange_of(Line(text, "大鹏", "test"))

    assert words == Aims(Room.of_all(NOW)).words(said)
