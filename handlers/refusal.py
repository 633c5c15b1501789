"""Why a message certainly did not leave. Any other error of a send leaves that open."""

from __future__ import annotations

from handlers.exchange import Gate


class NotSent(Exception):
    """A message certainly did not leave."""


class Restricted(NotSent):
    """The platform would not take it: it was too much, and must end for a while."""


class Refused(NotSent):
    """The governor let it not leave.

    Attributes:
        gate: ``BUDGET``, ``RESTRICTED`` or ``QUIET``.
        detail: For the one who asks "why silent?".
    """

    def __init__(self, gate: Gate, detail: str) -> None:
        super().__init__(detail)
        self.gate, self.detail = gate, detail
