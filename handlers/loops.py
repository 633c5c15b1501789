"""Two bots that answer each other have no end: told by pace and by repetition, and left alone."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from engine.distress import is_distress
from handlers.exchange import Exchange, Gate, Outcome

log = structlog.get_logger()

#: The same text so many times in a row, all answered: people give up sooner.
MAX_SAME = 3
#: A slow loop stays under the settings' figures; so many times as many answers in so many times
#: the seconds are what no conversation has either.
SLOW_TURNS, SLOW_WINDOW = 5, 10


@dataclass(slots=True)
class _Talker:
    """Answers to one talker: when each left, and to which text."""

    answers: deque[tuple[float, str]] = field(default_factory=deque)
    silent_until: float = 0.0
    why: str = ""


class LoopBreaker:
    """A stage that ends messages of talkers that look like bots, until a window has passed.

    By talker and not by chat: in a group of people with one bot the people are still answered. It
    knows what ``ended`` tells it, so a restart begins anew.

    Args:
        turns: Most answers to one talker within ``window_s`` (``deliver.loop_turns``).
        window_s: Also how long the silence lasts; for a slow loop as long as the one it shows in.
        owner: Never taken for a bot; empty: there is none.
        noticed: Told of the message with which a silence begins.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        turns: int,
        window_s: float,
        *,
        owner: str,
        noticed: Callable[[Exchange], None] = lambda exchange: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._paces = ((turns, window_s), (SLOW_TURNS * turns, SLOW_WINDOW * window_s))
        self._window_s, self._longest_s = window_s, SLOW_WINDOW * window_s
        self._owner, self._noticed, self._clock = owner, noticed, clock
        self._talkers: OrderedDict[str, _Talker] = OrderedDict()

    @property
    def num_talkers(self) -> int:
        """Talkers it has in mind."""
        return len(self._talkers)

    def stage(self, exchange: Exchange) -> Exchange:
        """Goes after the stage that knows what is for the bot: nothing else is answered anyway."""
        talker = self._talkers.get(exchange.message.talker_id)
        # No bot writes of self-harm; and a person in distress does repeat themselves.
        if talker is None or is_distress(exchange.cleaned):
            return exchange
        now = self._clock()
        if now >= talker.silent_until:
            silent_s, why = self._looks_like_a_bot(talker, _key(exchange.cleaned), now)
            if not why:
                return exchange
            # The times stay, or a slow loop of many fast ones would never be seen.
            talker.answers = deque((at, "") for at, _ in talker.answers)
            talker.silent_until, talker.why = now + silent_s, why
            log.warning("loop.noticed", talker=exchange.message.talker_id, why=why)
            self._noticed(exchange)
        left_s = talker.silent_until - now
        return exchange.stopped(Gate.LOOP, f"{talker.why}; silent for another {left_s:.0f} s")

    def ended(self, exchange: Exchange) -> None:
        """Told of each exchange when it has ended; the pipeline's ``done``."""
        talker_id = exchange.message.talker_id
        has_left = exchange.outcome in (Outcome.SENT, Outcome.UNCERTAIN)
        if not talker_id or talker_id == self._owner or not has_left or exchange.reply is None:
            return
        now = self._clock()
        talker = self._talkers.setdefault(talker_id, _Talker())
        talker.answers.append((now, _key(exchange.cleaned)))
        self._talkers.move_to_end(talker_id)
        self._forget(now)

    def _looks_like_a_bot(self, talker: _Talker, key: str, now: float) -> tuple[float, str]:
        """For how many seconds to be silent, and why; nothing where there is no reason."""
        self._forget_answers(talker, now)
        for turns, window_s in self._paces:
            num = sum(1 for at, _ in talker.answers if now - at <= window_s)
            if num >= turns:
                return window_s, f"{num} answers within {window_s:g} s"
        last = [said for _, said in talker.answers][-MAX_SAME:]
        if key and last == [key] * MAX_SAME:
            return self._window_s, f"the same text after {MAX_SAME} answers to it"
        return 0.0, ""

    def _forget(self, now: float) -> None:
        """Talkers who were not answered of late; the first is the one answered longest ago."""
        while self._talkers:
            talker = next(iter(self._talkers.values()))
            self._forget_answers(talker, now)
            if talker.answers or now < talker.silent_until:
                return
            self._talkers.popitem(last=False)

    def _forget_answers(self, talker: _Talker, now: float) -> None:
        while talker.answers and now - talker.answers[0][0] > self._longest_s:
            talker.answers.popleft()


def _key(cleaned: str) -> str:
    """What makes two texts the same: their letters, or all of it where there are none."""
    return "".join(c for c in cleaned.casefold() if c.isalnum()) or cleaned
