"""The waiting messages: order, bounds, and what is dropped first."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

import settings
from handlers.exchange import Exchange, Message
from handlers.waiting import STRETCH, Waiting
from tests.fakes import message, room_message

PER_CHAT, IN_ALL = 3, 5


def is_spare(message: Message) -> bool:
    return not (message.is_private or message.mentions_me)


def waiting(per_chat: int = PER_CHAT, in_all: int = IN_ALL) -> Waiting:
    return Waiting(settings.Deliver(max_waiting_chat=per_chat, max_waiting=in_all), is_spare)


def chatter(text: str = "", chat_id: str = "room") -> Exchange:
    return Exchange(room_message(text, chat_id=chat_id))


def call(text: str = "", chat_id: str = "room") -> Exchange:
    return Exchange(room_message(text, chat_id=chat_id, mentions_me=True))


def private(text: str = "", chat_id: str = "ming") -> Exchange:
    return Exchange(message(text, chat_id=chat_id))


def put_all(line: Waiting, exchanges: Sequence[Exchange]) -> list[Exchange]:
    """What was dropped on the way."""
    return [dropped for each in exchanges if (dropped := line.put(each))]


def pop_all(line: Waiting, chat_id: str) -> list[Exchange]:
    return list(iter(lambda: line.pop(chat_id), None))


def test_a_chat_is_served_in_order() -> None:
    """What waits in a chat comes out as it came in, whatever waits beside it."""
    line = waiting()
    first, other, second = chatter(), private(), call()

    assert [] == put_all(line, [first, other, second])
    assert ([first, second], [other]) == (pop_all(line, "room"), pop_all(line, "ming"))
    assert 0 == len(line)


def test_a_full_chat_drops_its_oldest_chatter() -> None:
    """The oldest message of that chat that called nobody, also where a newer one does."""
    line = waiting()
    called, old, newer, newest = call(), chatter(), chatter(), call()

    assert [old] == put_all(line, [chatter(chat_id="elsewhere"), called, old, newer, newest])
    assert [called, newer, newest] == pop_all(line, "room")


def test_a_full_house_drops_the_oldest_chatter_of_all() -> None:
    """Where all chats together hold too much, the oldest chatter goes, whichever chat it is of."""
    line = waiting()
    chats = [chatter(chat_id=f"room{n}") for n in range(IN_ALL)]

    assert chats[:2] == put_all(line, [*chats, private(), chatter(chat_id="late")])


def test_chatter_never_pushes_out_a_call() -> None:
    """Where only messages for the bot wait, new chatter is what is dropped."""
    full_chat, full_house = waiting(), waiting()
    put_all(full_chat, [call() for _ in range(PER_CHAT)])
    put_all(full_house, [private(chat_id=str(n)) for n in range(IN_ALL)])
    late, elsewhere = chatter(), chatter(chat_id="another")

    assert (late, elsewhere) == (full_chat.put(late), full_house.put(elsewhere))


def test_calls_are_taken_up_to_ten_times_the_bound() -> None:
    """Private messages and mentions beyond the bounds still wait; only beyond ten times not."""
    chat, house = waiting(in_all=1000), waiting()
    calls = [call() for _ in range(STRETCH * PER_CHAT + 1)]
    chats = [private(chat_id=str(n)) for n in range(STRETCH * IN_ALL + 1)]

    assert ([calls[-1]], [chats[-1]]) == (put_all(chat, calls), put_all(house, chats))


@dataclass
class Plain:
    """The same rules over one list, as slowly as they read."""

    line: list[Exchange] = field(default_factory=list)

    def put(self, new: Exchange) -> Exchange | None:
        here = [one for one in self.line if one.message.chat_id == new.message.chat_id]
        spare = [one for one in self.line if is_spare(one.message)]
        spare_here = [one for one in here if one in spare]
        stretch = 1 if is_spare(new.message) else STRETCH
        if len(here) >= PER_CHAT and spare_here:
            dropped = spare_here[0]
        elif len(here) >= PER_CHAT * stretch:
            return new
        elif len(self.line) >= IN_ALL and spare:
            dropped = spare[0]
        elif len(self.line) >= IN_ALL * stretch:
            return new
        else:
            self.line.append(new)
            return None
        self.line.remove(dropped)
        self.line.append(new)
        return dropped

    def pop(self, chat_id: str) -> Exchange | None:
        here = [one for one in self.line if one.message.chat_id == chat_id]
        if here:
            self.line.remove(here[0])
        return here[0] if here else None


MAKERS = {"chatter": chatter, "call": call, "private": private}
STEPS = st.lists(st.tuples(st.sampled_from([*MAKERS, "pop"]), st.sampled_from("abcd")), max_size=90)


@given(STEPS)
def test_any_arrivals_are_kept_and_dropped_by_the_rules(steps: list[tuple[str, str]]) -> None:
    """Any sequence of arrivals and departures: what is dropped, and when, is what the rules say;
    no message is lost, and what was for the bot is dropped only as it comes, at ten times a bound.
    """
    line, plain = waiting(), Plain()
    for step, chat_id in steps:
        if step == "pop":
            assert plain.pop(chat_id) == line.pop(chat_id)
            continue
        new = MAKERS[step](chat_id=chat_id)
        dropped = line.put(new)
        assert plain.put(new) == dropped
        assert dropped in (None, new) or is_spare(dropped.message)
    chats = dict.fromkeys(one.message.chat_id for one in plain.line)
    left = [one for chat_id in chats for one in plain.line if one.message.chat_id == chat_id]

    assert sorted(one.id for one in left) == sorted(one.id for one in line.clear())
    assert 0 == len(line)


def test_a_message_costs_the_same_however_many_wait() -> None:
    """With 1,000 chats and 40,000 messages waiting, a step takes no longer than with 40."""

    def per_step(num_chats: int) -> float:
        line = waiting(per_chat=40, in_all=40 * num_chats)
        rounds = itertools.product(range(40), range(num_chats))
        put_all(line, [chatter(chat_id=str(chat)) for _, chat in rounds])
        late = [chatter(chat_id=str(n % num_chats)) for n in range(4000)]
        start = time.perf_counter()
        dropped = put_all(line, late)
        took = time.perf_counter() - start
        assert 4000 == len(dropped)
        return took / 4000

    few, many = min(per_step(1) for _ in range(3)), min(per_step(1000) for _ in range(2))
    assert many < 50 * few  # caches; a scan of what waits would be a thousand times as long
