"""What the governor gives to whoever has a reply to send."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from handlers.line import Line
from handlers.refusal import NotSent


class Clearance:
    """Leave to send the messages of one reply, one after the other.

    Args:
        line: Where room for them is waited for.
        turn: The door, held by one at a time; told whether the message may leave in quiet hours.
        num: How many they are.
        is_owner: Whether they are for the owner.

    Attributes:
        num_promised: Messages that there is room for and that have not left yet.
        has_begun: Whether any of them may have left.
    """

    def __init__(
        self,
        line: Line,
        turn: Callable[[bool], AbstractAsyncContextManager[None]],
        chat_id: str,
        num: int,
        *,
        is_owner: bool,
    ) -> None:
        self._line, self._turn = line, turn
        self._chat_id, self._is_owner = chat_id, is_owner
        self._num_left = num
        self.num_promised = 0
        self.has_begun = False

    async def ask(self) -> None:
        """Wait for room for what is left of the reply, or for as much as is allowed at a time."""
        self.num_promised = await self._line.claim(
            self._chat_id, self._num_left, is_excused=self._is_excused
        )

    @property
    def _is_excused(self) -> bool:
        """What has begun before quiet hours is not left standing halfway."""
        return self._is_owner or self.has_begun

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """The turn of the next message; within it, it is sent.

        Raises:
            Refused: It must not leave any more: a rest has begun, or the day is used up.
        """
        if not self.num_promised:
            await self.ask()
        async with self._turn(self._is_excused):
            has_left = self.has_begun = True
            try:
                yield
            except NotSent:
                has_left = False
                raise
            finally:
                self.num_promised -= 1
                self._num_left -= 1
                self._line.settle(self._chat_id, 1, left=has_left)
