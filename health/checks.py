"""Questions a supervisor has: is the bot alive, so should it be left alone, and can it answer."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping

import structlog

from health.server import Page

log = structlog.get_logger()

#: What is wrong; empty where nothing is. Fixed words and numbers: nothing of a chat, no path.
Check = Callable[[], str | Awaitable[str]]

#: Seconds for one check. A disk that holds up a write must not hold up the answer.
PATIENCE_S = 2.0
#: Seconds beyond a reply's deadline after which the inference thread does not come back.
STUCK_S = 30.0


class Checks:
    """Named checks, made anew at every question.

    Args:
        name: The key of the verdict in the page.
        patience_s: Seconds for each of them.
    """

    def __init__(
        self, name: str, checks: Mapping[str, Check], *, patience_s: float = PATIENCE_S
    ) -> None:
        self._name, self._checks, self._patience_s = name, checks, patience_s

    async def faults(self) -> dict[str, str]:
        """What is wrong, by the name of the check; empty where all is fine. Never raises."""
        found = {name: await self._fault(check) for name, check in self._checks.items()}
        return {name: fault for name, fault in found.items() if fault}

    async def page(self) -> Page:
        """200, or 503 with what is missing: ``{"ready": false, "missing": {"account": …}}``."""
        faults = await self.faults()
        body = json.dumps({self._name: not faults, "missing": faults}, ensure_ascii=False)
        return Page(503 if faults else 200, "application/json", f"{body}\n".encode())

    async def _fault(self, check: Check) -> str:
        try:
            async with asyncio.timeout(self._patience_s):
                found = check()
                return await found if inspect.isawaitable(found) else found
        except TimeoutError:
            return f"no answer within {self._patience_s:g} s"
        except Exception as error:  # its words may hold a path, or what was to be written
            log.warning("health.check_failed", error=str(error))
            return f"{type(error).__name__}; see the log"


def live(step_s: Callable[[], float], *, reply_timeout_s: float) -> Checks:
    """Whether a restart would not help. That it is asked at all shows that the event loop runs.

    Args:
        step_s: Seconds that the inference thread has been at one step, which is a token or a
            chunk of a prompt, so well under a second; 0 between steps.
        reply_timeout_s: Nobody waits longer than this for the model.
    """

    def inference() -> str:
        stood = step_s()
        return f"one step has taken {stood:.0f} s" if stood > reply_timeout_s + STUCK_S else ""

    return Checks("live", {"inference": inference})


def ready(
    *,
    is_warm: Callable[[], bool],
    is_online: Callable[[], bool],
    is_breaker_open: Callable[[], bool],
    is_resting: Callable[[], bool],
    is_stopping: Callable[[], bool],
    touch: Callable[[], Awaitable[None]],
) -> Checks:
    """Whether all is there that an answer needs. A bot that is not ready may still be live.

    Not whether one may leave now: quiet hours, and budgets that are used up, are as was wished.

    Args:
        is_resting: Whether the account is left alone after WeChat's 操作过于频繁.
        touch: Writes to the audit log and takes it back; raises where that fails. Without a row
            no answer leaves.
    """

    async def audit() -> str:
        await touch()
        return ""

    def unless(is_fine: bool, fault: str) -> str:
        return "" if is_fine else fault

    return Checks(
        "ready",
        {
            "model": lambda: unless(is_warm(), "warming up"),
            "breaker": lambda: unless(not is_breaker_open(), "open after failures of the model"),
            "account": lambda: unless(is_online(), "not online"),
            "rest": lambda: unless(not is_resting(), "WeChat said it was too much"),
            "audit": audit,
            "stop": lambda: unless(not is_stopping(), "the bot is about to stop"),
        },
    )
