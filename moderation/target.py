"""Whom a message of a group is aimed at: a member by mention, name, quotation or 你, or nobody.

The boss, the courier, a brand, a team are no members, and nobody is told off for what is said of
them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from handlers.exchange import Exchange, Message
from handlers.mention import without_mentions
from moderation.called import mentioned, named, quoted, without_names
from moderation.recent import Heard

#: Seconds for which somebody who wrote is known by name, and for which 你 is who wrote last.
KNOWN_S, LATELY_S = 86_400.0, 600.0
#: Seconds for which somebody goes on at the same person, and writers this is known of.
SAME_S, MAX_WRITERS = 120.0, 1000
_YOU = re.compile(r"[你您妳]|\b(?:you|your|you're|u|ur)\b")
_YOU_TWICE = re.compile(r"你 ?(?=[你您])")
#: "你们甲方": somebody else, whoever reads it.
_NOT_YOU = re.compile(
    r"[你您]们?的?(?:那个?|这个?|家)?(?:甲方|老板|领导|公司|客户|部门|单位|总监|经理|物业|房东|小区|学校|老师|教练"
    r"|邻居|司机|球队|前任|男友|女友|行业|手机|电脑)"
)


class By(StrEnum):
    """What tells whom a message is aimed at, the plainest first."""

    MENTION = "mention"
    NAME = "name"
    QUOTE = "quote"
    YOU = "you"
    SAME = "same"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom a message is aimed at, if at anybody.

    Attributes:
        person_id: Empty where it is nobody, or nobody known.
        text: The writer's own words for patterns: casefolded, without mentions, the member's name
            said as 你 ("老周就是个废物" is "你就是个废物"), "你们老板" as 他们.
        is_direct: The words themselves are about the target. "@阿杰 那个司机真混蛋" is not.
        at: When that person wrote last, in Unix seconds, where that is what tells.
    """

    by: By
    person_id: str
    text: str
    is_direct: bool = False
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Aimed:
    """A writer's last message, and whom they spoke to by name, mention or in answer, when."""

    exchange_id: str
    target: Target
    person_id: str
    since: float


class Seen(Protocol):
    def of(self, room_id: str) -> Sequence[Heard]:
        """What was heard in a room of late, the oldest first."""


class Aims:
    """Finds whom messages are aimed at, and remembers it for what each writer says next.

    Who goes on within two minutes, names nobody and was not answered meanwhile goes on at the same
    person: "@阿杰 你瞎啊", then "什么东西".
    """

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        # By room and writer, the latest last.
        self._last: OrderedDict[tuple[str, str], _Aimed] = OrderedDict()

    def hear(self, exchange: Exchange) -> Exchange:
        """A stage that notes a cleaned group message, whatever will be found in it."""
        message = exchange.message
        if not message.is_private:
            found, before = self.of(exchange), self._before(exchange)
            is_new = found.person_id and found.by is not By.SAME
            person_id, since = (found.person_id, message.sent_at) if is_new else before
            writer = (message.chat_id, message.talker_id)
            self._last[writer] = _Aimed(exchange.id, found, person_id, since)
            self._last.move_to_end(writer)
            while len(self._last) > MAX_WRITERS:
                self._last.popitem(last=False)
        return exchange

    def of(self, exchange: Exchange) -> Target:
        """Whom one is aimed at; the same whether it was heard before or not."""
        last = self._last.get((exchange.message.chat_id, exchange.message.talker_id))
        if last and last.exchange_id == exchange.id:
            return last.target
        found, (person_id, since) = target(exchange, self._seen), self._before(exchange)
        if not person_id or exchange.message.mentions_me:
            return found
        goes_on = found.by is By.NOBODY or (found.by is By.YOU and found.at <= since)
        return replace(found, by=By.SAME, person_id=person_id) if goes_on else found

    def words(self, exchange: Exchange) -> str:
        """What the model reads of it: a member who is meant said as 你.

        It has never heard of 老周, and is surer of "你就是个废物": of 61 attacks it was unsure
        of 13 so, of 18 as they stood, and took no more of 51 ordinary messages for anger.
        """
        aim = self.of(exchange)
        if aim.by not in (By.MENTION, By.NAME):
            return without_mentions(exchange.cleaned)
        return _YOU_TWICE.sub("", aim.text)

    def _before(self, exchange: Exchange) -> tuple[str, float]:
        """Whom the writer spoke to before, and when; nobody where that is long ago."""
        message = exchange.message
        last = self._last.get((message.chat_id, message.talker_id))
        if last is None or message.sent_at - last.since > SAME_S:
            return "", 0.0
        return last.person_id, last.since


def target(exchange: Exchange, seen: Seen) -> Target:
    """Whom it is aimed at: who it @mentions, else names, else quotes, else who wrote before it.

    What @mentions the account itself and no member is the account's to bear: it is no member.
    """
    message, text = exchange.message, exchange.cleaned.casefold()
    others = [one for one in reversed(seen.of(message.chat_id)) if _is_other(one, message)]
    people = {one.person_id: one.name.casefold() for one in reversed(others)}
    words = _NOT_YOU.sub("他们", without_names(text, people.values()))
    says_you = _YOU.search(words) is not None
    if person_id := mentioned(message, text, people):
        you = "你 " if words.isascii() else "你"
        return Target(By.MENTION, person_id, f"{you}{words}", says_you)
    if message.mentions_me:
        return Target(By.NOBODY, "", words)
    if found := named(words, people):
        person_id, name, is_subject = found
        return Target(By.NAME, person_id, words.replace(name, "你"), says_you or is_subject)
    if exchange.quoted:
        person_id = quoted(exchange.quoted.casefold(), people)
        return Target(By.QUOTE, person_id, words, says_you)
    if not says_you:
        return Target(By.NOBODY, "", words)
    before = next((one for one in others if message.sent_at - one.at <= LATELY_S), None)
    person_id, at = (before.person_id, before.at) if before else ("", 0.0)
    return Target(By.YOU, person_id, words, is_direct=True, at=at)


def _is_other(heard: Heard, message: Message) -> bool:
    return heard.person_id != message.talker_id and message.sent_at - heard.at <= KNOWN_S
