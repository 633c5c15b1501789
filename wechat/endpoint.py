"""Where the gateway is, the token that opens it, and how the line to it is secured."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from settings import Channel
from wechat.errors import GatewayMisconfigured

TOKEN = "WECHATY_PUPPET_SERVICE_TOKEN"  # noqa: S105  the variable's name, not a token
ENDPOINT = "WECHATY_PUPPET_SERVICE_ENDPOINT"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One gateway.

    Attributes:
        token: Kept out of the repr, so that no log line and no traceback shows it.
        tls: Verifies the gateway's certificate; None for a plain line.
        tls_name: The name that certificate must carry; None for the host's.
    """

    host: str
    port: int
    token: str = field(repr=False)
    tls: ssl.SSLContext | None = None
    tls_name: str | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def from_environment(channel: Channel, environment: Mapping[str, str] = os.environ) -> Endpoint:
    """The gateway that the environment names.

    Only the two standard variables are read. Upstream also takes ``TOKEN`` and ``ENDPOINT``, which
    mean other things to other programs, and without an endpoint asks a discovery service on the
    internet, with no timeout, while the event loop stands still.

    Raises:
        GatewayMisconfigured: A variable is missing or unusable, or the CA file is.
    """
    token = environment.get(TOKEN, "").strip()
    if not token:
        raise GatewayMisconfigured(
            f"{TOKEN} is not set; it must hold the token the gateway was started with"
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise GatewayMisconfigured(
            f"{TOKEN} holds blanks or characters that are not ASCII; copy it again from the gateway"
        )
    host, port = _address(environment.get(ENDPOINT, "").strip(), secured=bool(channel.tls_ca))
    return Endpoint(host, port, token, _context(channel.tls_ca), channel.tls_name or None)


def _address(text: str, *, secured: bool) -> tuple[str, int]:
    if not text:
        raise GatewayMisconfigured(
            f"{ENDPOINT} is not set; it must hold the gateway's host and port, e.g. 127.0.0.1:8788"
        )
    try:
        parts = urlsplit(text if "://" in text else f"grpc://{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not port:
        raise GatewayMisconfigured(
            f"{ENDPOINT} is {text!r}; it must be a host and a port, e.g. 127.0.0.1:8788"
        )
    if parts.scheme == "https" and not secured:
        raise GatewayMisconfigured(
            f"{ENDPOINT} is {text!r}, but channel.tls_ca is empty; name the CA file that signed "
            "the gateway's certificate, or leave out https:// for a gateway without TLS"
        )
    return host, port


def _context(ca_file: str) -> ssl.SSLContext | None:
    if not ca_file:
        return None
    path = Path(ca_file).expanduser()
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise GatewayMisconfigured(
            f"channel.tls_ca is {ca_file!r}, which is no readable PEM file of certificates: {error}"
        ) from error
    # Python 3.13 also wants formalities that the Wechaty project's own CA does not have. Without
    # them the chain and the name are verified all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.set_alpn_protocols(["h2"])  # gRPC servers drop a TLS line that does not offer HTTP/2
    return context
