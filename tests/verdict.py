"""What the guard says of a reply, in the words tests compare."""

from __future__ import annotations

from handlers.guard import check
from handlers.tidy import tidy


def fault_name(
    reply: str, message: str = "在吗", *, previous: str | None = None, is_finished: bool = True
) -> str | None:
    """The name of the first fault of ``reply``, tidied as it would be before it is sent."""
    text = tidy(reply, bot_name="一心")
    fault = check(
        text,
        message=message,
        previous=previous,
        bot_name="一心",
        written=reply,
        is_finished=is_finished,
    )
    return fault.name if fault else None
