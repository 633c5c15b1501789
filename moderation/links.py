"""Links to places that the settings do not name."""

from __future__ import annotations

from urllib.parse import urlsplit

import ruleset
from handlers.contacts import LINK
from handlers.exchange import Exchange

#: Of a host that is shown: as long as names of hosts can be.
_LONGEST = 253


class Links:
    """Finds the first link whose host is not allowed; a host allows its subdomains too."""

    def __init__(self, config: ruleset.Links) -> None:
        self._allowed = tuple(host.casefold().strip(".") for host in config.allowed)

    def __call__(self, exchange: Exchange) -> str:
        """What was found, in words; empty where nothing was."""
        for match in LINK.finditer(exchange.cleaned.casefold()):
            host = host_of(match[0])
            if not any(
                host == allowed or host.endswith(f".{allowed}") for allowed in self._allowed
            ):
                return f"link to {host[:_LONGEST] or 'somewhere unreadable'}"
        return ""


def host_of(link: str) -> str:
    """Where a link leads, as browsers read it; empty where that cannot be told.

    A backslash is a slash to them: ``evil.example\\@good.example`` leads to the first.
    """
    link = link.replace("\\", "/")
    try:
        parts = urlsplit(link if "://" in link else f"//{link}")
        return (parts.hostname or "").strip(".")
    except ValueError:
        return ""
