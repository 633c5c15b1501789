"""Where the gateway is, by environment and settings, and the line to it under TLS."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import settings
from tests.certificates import Certificates
from tests.gateway_fake import FakeGateway
from tests.recorder import PATIENCE_S, Recorder, running
from wechat.account import Account
from wechat.connection import ReconnectingPuppet
from wechat.endpoint import ENDPOINT, TOKEN, from_environment
from wechat.errors import GatewayMisconfigured, GatewayRefused

QUICK = settings.Channel(reconnect_max_s=0.5, call_timeout_s=5)


def replace_channel(**changes: object) -> settings.Channel:
    return QUICK.model_copy(update=changes)


def puppet_of(port: int, channel: settings.Channel) -> ReconnectingPuppet:
    environment = {TOKEN: "token", ENDPOINT: f"localhost:{port}"}
    return ReconnectingPuppet(from_environment(channel, environment), channel)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:8788", "127.0.0.1", 8788),
        (" gateway.local:1 ", "gateway.local", 1),
        ("http://gateway:8788", "gateway", 8788),
        ("[::1]:8788", "::1", 8788),
    ],
)
def test_an_endpoint_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    """With or without a scheme, and with IPv6 in brackets."""
    endpoint = from_environment(QUICK, {TOKEN: "token", ENDPOINT: text})

    assert (endpoint.host, endpoint.port, endpoint.tls) == (host, port, None)
    assert str(endpoint) == (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, TOKEN),
        ({TOKEN: "  ", ENDPOINT: "h:1"}, TOKEN),
        ({TOKEN: "令牌", ENDPOINT: "h:1"}, TOKEN),
        ({TOKEN: "two words", ENDPOINT: "h:1"}, TOKEN),
        ({TOKEN: "token"}, ENDPOINT),
        ({TOKEN: "token", ENDPOINT: "gateway"}, ENDPOINT),
        ({TOKEN: "token", ENDPOINT: "gateway:port"}, ENDPOINT),
        ({TOKEN: "token", ENDPOINT: "gateway:99999"}, ENDPOINT),
        ({TOKEN: "token", ENDPOINT: "https://gateway:443"}, "channel.tls_ca"),
    ],
)
def test_what_cannot_be_used_is_named(environment: dict[str, str], named: str) -> None:
    """Which variable or key it is, and never what the token was."""
    with pytest.raises(GatewayMisconfigured, match=named) as raised:
        from_environment(QUICK, environment)

    assert environment.get(TOKEN, "").strip() in ("", "token") or (
        environment[TOKEN] not in str(raised.value)
    )


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_a_ca_file_that_cannot_be_used_is_named(tmp_path: Path, content: str | None) -> None:
    """Missing or no PEM: the key and the path are in the message."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    channel = replace_channel(tls_ca=str(path))

    with pytest.raises(GatewayMisconfigured, match=r"channel\.tls_ca .*ca\.pem"):
        from_environment(channel, {TOKEN: "token", ENDPOINT: "h:1"})


def test_the_token_is_not_in_the_repr() -> None:
    """An endpoint in a traceback or a log line does not give the account away."""
    endpoint = from_environment(QUICK, {TOKEN: "puppet_secret", ENDPOINT: "h:1"})

    assert "puppet_secret" not in f"{endpoint!r} {endpoint}"


async def test_tls_with_the_right_authority_works(tmp_path: Path) -> None:
    """A gateway whose certificate our CA file signed is talked to over TLS."""
    certificates = Certificates.make(tmp_path, "gateway.test")
    channel = replace_channel(tls_ca=str(certificates.ca_file), tls_name="gateway.test")
    recorder = Recorder()
    async with FakeGateway().serving(certificates.server_context()) as gateway:
        gateway.add_contact("alice", "Alice")
        async with running(puppet_of(gateway.port, channel), recorder, channel):
            gateway.receive("alice", "你好")

            message = await recorder.next_message()

    assert message.text == "你好"


@pytest.mark.parametrize("fault", ["another authority", "another name"])
async def test_tls_is_never_unverified(tmp_path: Path, fault: str) -> None:
    """A certificate of another authority, or of another name, is refused with the keys to check."""
    certificates = Certificates.make(tmp_path / "ours", "gateway.test")
    others = Certificates.make(tmp_path / "theirs", "gateway.test")
    ca_file = others.ca_file if fault == "another authority" else certificates.ca_file
    name = "gateway.test" if fault == "another authority" else "other.test"
    channel = replace_channel(tls_ca=str(ca_file), tls_name=name)
    async with FakeGateway().serving(certificates.server_context()) as gateway:
        puppet = puppet_of(gateway.port, channel)
        account = Account(puppet, channel, settings.Account(), Recorder())

        with pytest.raises(GatewayRefused, match=r"channel\.tls_ca.*channel\.tls_name"):
            await asyncio.wait_for(account.run(), PATIENCE_S)
