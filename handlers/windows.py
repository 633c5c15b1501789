"""Sliding windows: how many messages left within the last so many seconds."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

#: A span must be over, not just full; and timers may come early by their clock's resolution.
LATE_S = 0.001


@dataclass(frozen=True, slots=True)
class Budget:
    """So many messages in any span of so many seconds.

    Attributes:
        name: Of the setting, within ``deliver`` unless it is one chat's own.
        limit: Asked each time; the daily one grows over the first days.
        per_chat: Whether each chat has it for itself; else all share it.
        chat_id: The only chat that has it; empty: all have.
    """

    name: str
    span_s: float
    limit: Callable[[], int]
    per_chat: bool = False
    chat_id: str = ""

    @property
    def setting(self) -> str:
        """Its whole name, for the one who asks why nothing left."""
        return self.name if self.chat_id else f"deliver.{self.name}"


@dataclass(slots=True)
class Window:
    """What counts against one budget.

    A message leaves at some moment of the call that sends it. It counts as under way until that
    call has ended, and from then on for a whole span: so no span holds more than the limit,
    whenever in its call each of them really left.

    Attributes:
        left: When each call ended, the oldest first.
        under_way: Promised or being sent.
    """

    span_s: float
    left: deque[float] = field(default_factory=deque)
    under_way: int = 0

    def used(self, now: float) -> int:
        while self.left and now - self.left[0] > self.span_s:
            self.left.popleft()
        return len(self.left) + self.under_way

    def wait_s(self, now: float, num: int, limit: int) -> float:
        """Seconds until ``num`` more may have left at the soonest; those ahead count in ``num``."""
        used = self.used(now)
        place, spans = used + num - 1, 0
        while place >= used and place >= limit:  # it takes the room of the one so many before it
            place, spans = place - limit, spans + 1
        if not spans:
            return 0.0
        room_since = self.left[place] if place < len(self.left) else now
        return max(LATE_S, room_since + spans * self.span_s - now)


class Windows:
    """The windows of all budgets; a chat's are kept for as long as they hold anything."""

    def __init__(self, budgets: tuple[Budget, ...]) -> None:
        self._budgets = budgets
        self._of_all = {b.name: Window(b.span_s) for b in budgets if not b.per_chat}
        # The chat that was written to longest ago comes first, in each.
        self._of_chats = {b.name: OrderedDict[str, Window]() for b in budgets if b.per_chat}

    @property
    def num_chats(self) -> int:
        return max(map(len, self._of_chats.values()), default=0)

    def of(self, chat_id: str) -> Iterator[tuple[Budget, Window]]:
        """Every budget that a message to that chat counts against."""
        for budget in self._budgets:
            if not budget.per_chat:
                yield budget, self._of_all[budget.name]
                continue
            if budget.chat_id not in ("", chat_id):
                continue
            chats = self._of_chats[budget.name]
            if chat_id not in chats:
                chats[chat_id] = Window(budget.span_s)
            yield budget, chats[chat_id]

    def used(self, now: float) -> Iterator[tuple[Budget, int]]:
        """What is used of the budgets that all chats share."""
        for budget in self._budgets:
            if not budget.per_chat:
                yield budget, self._of_all[budget.name].used(now)

    def most_at_once(self, chat_id: str, num: int) -> int:
        """How many of ``num`` to one chat could be promised together, were nothing else there."""
        return min([num, *(budget.limit() for budget, _ in self.of(chat_id))])

    def promise(self, chat_id: str, num: int) -> None:
        for _, window in self.of(chat_id):
            window.under_way += num

    def settle(self, chat_id: str, now: float, num: int, *, left: bool) -> None:
        """``num`` that were promised have left by now, or never will."""
        for _, window in self.of(chat_id):
            window.under_way -= num
            if left:
                window.left.extend([now] * num)
        for chats in self._of_chats.values():
            if chat_id in chats:
                chats.move_to_end(chat_id)
            while chats and not next(iter(chats.values())).used(now):
                chats.popitem(last=False)

    def recall(self, chat_id: str, at: float, num: int) -> None:
        """``num`` left at a moment before now; the oldest are to be told first."""
        for _, window in self.of(chat_id):
            window.left.extend([at] * num)
