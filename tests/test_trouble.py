"""What is wrong with a gateway, in words."""

from __future__ import annotations

import ssl

import pytest
from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from wechat.endpoint import ENDPOINT, TOKEN, Endpoint
from wechat.trouble import State, diagnose

GATEWAY = Endpoint("gateway.local", 8788, "puppet_secret")


@pytest.mark.parametrize(
    ("error", "state", "reason", "check"),
    [
        (GRPCError(Status.UNAUTHENTICATED), State.REFUSED, "does not accept the token", TOKEN),
        (GRPCError(Status.PERMISSION_DENIED), State.REFUSED, "does not accept the token", TOKEN),
        (GRPCError(Status.ALREADY_EXISTS), State.TAKEN, "another client", "one program"),
        (GRPCError(Status.UNIMPLEMENTED), State.DOWN, "it answered UNIMPLEMENTED", ENDPOINT),
        (ConnectionRefusedError(111, "refused"), State.DOWN, "refused", ENDPOINT),
        (TimeoutError(), State.DOWN, "did not answer in time", ENDPOINT),
        (StreamTerminatedError("lost"), State.DOWN, "the connection broke", ENDPOINT),
        (ssl.SSLError(1, "wrong version number"), State.DOWN, "wrong version", "channel.tls_ca"),
        (AssertionError(), State.DOWN, "AssertionError", ENDPOINT),
    ],
)
def test_each_trouble_has_a_reason_and_something_to_check(
    error: Exception, state: State, reason: str, check: str
) -> None:
    """Told apart by what a person can do about it."""
    trouble = diagnose(error, GATEWAY)

    assert trouble.state is state
    assert reason in trouble.reason
    assert check in trouble.check


@pytest.mark.parametrize("status", [s for s in Status if s is not Status.OK])
def test_what_the_gateway_said_is_not_repeated(status: Status) -> None:
    """A 1.x gateway quotes the token it refuses; whatever it says stays out of logs and errors."""
    error = GRPCError(status, 'Invalid Wechaty TOKEN "puppet_secret"')

    assert "puppet_secret" not in repr(diagnose(error, GATEWAY))
