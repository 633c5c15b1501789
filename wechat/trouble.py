"""What is wrong with a gateway: told apart by what can be done about it, and put into words."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

from grpclib.const import Status
from grpclib.exceptions import GRPCError, StreamTerminatedError

from wechat.endpoint import ENDPOINT, TOKEN, Endpoint


class State(StrEnum):
    """How a connection stands. Logged when it changes, not at every attempt."""

    NEW = "new"
    UP = "up"
    DOWN = "down"
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why there is no connection.

    Attributes:
        reason: What happened.
        check: What a person may look at.
    """

    state: State
    reason: str
    check: str


def diagnose(error: Exception, endpoint: Endpoint) -> Trouble:
    """What an attempt to connect, or the end of a connection, says about the gateway.

    Never repeats what the gateway said: refusing a token, a 1.x gateway quotes it.
    """
    match error:
        case GRPCError(status=Status.UNAUTHENTICATED | Status.PERMISSION_DENIED):
            reason = f"the gateway at {endpoint} does not accept the token"
            return Trouble(State.REFUSED, reason, f"{TOKEN} must be the one it was started with")
        case ssl.SSLCertVerificationError():
            reason = f"the certificate of the gateway at {endpoint}: {error.verify_message}"
            check = "channel.tls_ca must be the CA that signed it, channel.tls_name a name in it"
            return Trouble(State.REFUSED, reason, check)
        case GRPCError(status=Status.ALREADY_EXISTS):
            reason = f"another client holds the account at {endpoint}"
            return Trouble(State.TAKEN, reason, "only one program can use an account at a time")
        case _:
            return Trouble(State.DOWN, _what_happened(error), _what_to_check(endpoint))


def _what_happened(error: Exception) -> str:
    match error:
        case GRPCError(status=status):
            return f"it answered {status.name}"
        case TimeoutError():
            return "it did not answer in time"
        case StreamTerminatedError():
            return "the connection broke"
        case OSError(strerror=str(text)):
            return text
        case _:
            return f"{type(error).__name__} while talking to it"


def _what_to_check(endpoint: Endpoint) -> str:
    line = "with TLS, as channel.tls_ca is set" if endpoint.tls else "without TLS (channel.tls_ca)"
    return f"whether the gateway runs at {endpoint}, as {ENDPOINT} says, and speaks {line}"
