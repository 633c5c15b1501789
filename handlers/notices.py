"""What the bot says by itself: a welcome to a group, a word to the owner. All of it on record."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from handlers.audit.errors import AuditError
from handlers.exchange import Exchange, Gate, Message
from handlers.notice import notice
from handlers.sanitize import shown_name
from handlers.shown import who

log = structlog.get_logger()

#: Shorter absences are reconnections nobody would notice.
WORTH_TELLING_S = 60.0
#: What comes and goes is told of once in so long: a gateway, a model, one other bot.
TOLD_EVERY_S = 1800.0


class Newcomers(Protocol):
    async def joined(
        self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]
    ) -> None: ...


class Notices:
    """Listens to the account and speaks where the settings say so.

    Args:
        submit: Takes a message; the pipeline's.
        say: Records and delivers an exchange that answers nobody; the pipeline's.
        owner: Id of the contact who is told of outages; empty: nobody.
        welcome: Line for people who join a group, ``{names}`` in it; empty: nothing is said.
        clock: Monotonic seconds.
        newcomers: Told of everybody who joins a group, before any welcome; None: nobody is.
        back: Done whenever the account has come online: what could not leave before now can.
    """

    def __init__(
        self,
        submit: Callable[[Message], Awaitable[None]],
        say: Callable[[Exchange], None],
        *,
        owner: str,
        welcome: str,
        clock: Callable[[], float] = time.monotonic,
        newcomers: Newcomers | None = None,
        back: Sequence[Callable[[], Awaitable[None]]] = (),
    ) -> None:
        self._submit, self._say, self._owner, self._welcome = submit, say, owner, welcome
        self._clock, self._newcomers, self._back = clock, newcomers, back
        self._told_at = -math.inf
        self._outages: list[float] = []
        self._looped: OrderedDict[str, float] = OrderedDict()
        self._num_failed, self._failed_at, self._is_flaky = 0, -math.inf, False

    async def message(self, message: Message) -> None:
        try:
            await self._submit(message)
        except AuditError:
            # Without a row no answer: the disk may be full, and the next message may fit again.
            log.exception("message.not_taken", message=message.id)

    async def joined(self, room_id: str, room_name: str, people: Sequence[tuple[str, str]]) -> None:
        log.info("room.joined", room=room_id, people=len(people))
        if self._newcomers is not None:
            try:
                await self._newcomers.joined(room_id, room_name, people)
            except AuditError:
                log.exception("room.joined_not_kept", room=room_id)
        if self._welcome:
            names = "、".join(shown_name(name) for _, name in people)
            line = self._welcome.replace("{names}", names)
            self._say(notice(room_id, room_name, line, "welcome"))

    async def online(self, name: str, away_s: float | None) -> None:
        for resume in self._back:
            try:
                await resume()
            except AuditError:
                log.exception("account.not_resumed")
        if not self._owner or away_s is None or away_s < WORTH_TELLING_S:
            return
        self._outages.append(away_s)
        now = self._clock()
        if now - self._told_at >= TOLD_EVERY_S:
            self._tell_owner(_outages(self._outages), "back-online")
            self._told_at, self._outages = now, []

    async def offline(self, reason: str) -> None:
        """The account logs it itself, and while it is gone there is no way to tell anyone."""

    def ended(self, exchange: Exchange) -> None:
        """A word to the owner where a message was left for them to answer."""
        self._num_failed += exchange.gate is Gate.FAILED
        if exchange.gate is Gate.UNSURE and exchange.message.talker_id != self._owner:
            line = f"{who(exchange.message)} 的一条消息我没有把握，没回，你有空看看。"
            self._tell_owner(line, "unsure")

    def looped(self, exchange: Exchange) -> None:
        """The loop breaker took somebody for a bot, and is silent to them for a while.

        A bot that goes on all day is noticed again after every silence.
        """
        now, talker_id = self._clock(), exchange.message.talker_id
        while self._looped and now - next(iter(self._looped.values())) >= TOLD_EVERY_S:
            self._looped.popitem(last=False)
        if talker_id in self._looped:
            return
        self._looped[talker_id] = now
        line = f"{who(exchange.message)} 和我来回得太快，像是另一个机器人，我先停一会儿不回。"
        self._tell_owner(line, "looped")

    def rested(self) -> None:
        """The rest after WeChat's word that it was too much is over."""
        line = "微信刚才提示操作过于频繁，我停了一阵没发消息，现在恢复了。期间的消息都有记录。"
        self._tell_owner(line, "rested")

    def model_changed(self, is_failing: bool) -> None:
        """The model fails so often that it is left alone for a while; or it works again.

        One that fails and works by turns is told of as such, once: an overloaded machine has it
        do so every two minutes, all day.
        """
        if is_failing:
            self._model_fails()
        elif not self._is_flaky or self._clock() - self._failed_at >= TOLD_EVERY_S:
            self._model_works()

    def _model_fails(self) -> None:
        now, was_flaky = self._clock(), self._is_flaky
        self._is_flaky = now - self._failed_at < TOLD_EVERY_S
        self._failed_at = now
        if not self._is_flaky:
            line = "模型连着出错，我先让它歇一会儿再试，好了会告诉你。"
            self._tell_owner(line, "model-failing")
        elif not was_flaky:
            line = "模型又连着出错了，时好时坏。稳定之前我不再每次都说，记录里都有。"
            self._tell_owner(line, "model-flaky")

    def _model_works(self) -> None:
        missed = f"期间有 {self._num_failed} 条消息没回。" if self._num_failed else ""
        self._tell_owner(f"模型恢复正常了。{missed}", "model-works")
        self._num_failed = 0

    def _tell_owner(self, line: str, name: str) -> None:
        if self._owner:
            self._say(notice(self._owner, None, line, name))

    async def befriended(self, contact_id: str) -> None:
        log.info("account.befriended", contact=contact_id)


def _outages(away_s: Sequence[float]) -> str:
    minutes = max(1, round(sum(away_s) / 60))
    how_often = f"掉线了 {len(away_s)} 次，一共" if len(away_s) > 1 else "刚刚掉线了"
    return f"我{how_often}大约 {minutes} 分钟，现在回来了。期间太久的消息我只记录，不回复。"
