"""A line to a gateway that stays closed once it is."""

from __future__ import annotations

from grpclib.client import Channel
from grpclib.protocol import H2Protocol

from wechat.errors import NotConnected


class Line(Channel):  # type: ignore[misc]  # upstream is untyped
    """A gRPC channel. Upstream's dials again for a call that was under way when it was closed, and
    nobody closes that connection: of a hundred that garbage broke, two stayed behind (ran).
    """

    _is_closed = False

    async def __connect__(self) -> H2Protocol:
        if not self._is_closed:
            protocol = await super().__connect__()
            if not self._is_closed:
                return protocol
            super().close()  # it was dialled while the line was closed
        raise NotConnected("the connection to the gateway was closed; nothing was sent")

    def close(self) -> None:
        self._is_closed = True
        super().close()
