"""The proxies that the environment names: which addresses go through them, and that they are told no key."""

from __future__ import annotations

import asyncio

import pytest

from providers.errors import ProviderError, Stopped
from providers.openai import OpenAIProvider
from providers.openai_compatible import openai_compatible
from providers.transport.proxies import proxy_for
from tests.providers.sdk.sdk_ends import ask

PROXY = "http://proxy.example:3128"
KEY = "sk-told-to-nobody"


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        ("http://node7:8000/v1", "", False),
        ("http://node7:8000/v1", "node7", True),
        ("http://node7:8000/v1", "other, node7:8000", True),
        ("http://node7:8000/v1", "node7:8001", False),
        ("http://a.cluster:8000/v1", ".cluster", True),
        ("http://10.1.2.3:8000/v1", "10.0.0.0/8", True),
        ("http://11.1.2.3:8000/v1", "10.0.0.0/8,no/range", False),
        ("http://[fd00::7]:8000/v1", "fd00::/8", True),
        ("http://[fd00::7]:8000/v1", "[fd00::7]", True),
        ("http://[fd00::7]:8000/v1", "[fd00::7]:8000", True),
        ("http://[fd00::7]:8000/v1", "fd01::/16", False),
        ("https://api.example/v1", "*", True),
    ],
)
def test_no_proxy_names_hosts_ports_and_ranges(monkeypatch, url, no_proxy, direct):
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (proxy_for(url) is None) is direct


@pytest.mark.parametrize("here", ["http://127.0.0.1:8000/v1", "http://localhost/v1", "http://[::1]:1/v1"])
def test_this_machine_is_asked_directly(monkeypatch, here):
    monkeypatch.setenv("HTTP_PROXY", PROXY)
    assert proxy_for(here) is None


def test_a_proxy_without_a_scheme_is_an_http_one(monkeypatch):
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    assert proxy_for("https://api.example/v1") == PROXY


@pytest.mark.parametrize(
    "proxy", ["socks5://u:pass-word@127.0.0.1:1", "http://u:pass-word@h:none", "http://", "http://h:0"]
)
async def test_a_proxy_that_cannot_be_used_stops_with_a_remedy(monkeypatch, proxy):
    monkeypatch.setenv("ALL_PROXY", proxy)
    far = "https://api.example/v1"
    by_sdk = OpenAIProvider(model="m", api_key=KEY, base_url=far, own_host=False)
    for provider in (openai_compatible(far, api_key=KEY), by_sdk):
        with pytest.raises(Stopped, match="set HTTPS_PROXY or ALL_PROXY to http://HOST:PORT") as raised:
            await provider.send(ask())
        await provider.aclose()
        assert "pass-word" not in str(raised.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_is_told_no_key(monkeypatch, scheme):
    """The key goes to the server alone: through a tunnel, or in the request that is passed on."""
    heads: list[bytes] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        monkeypatch.setenv(f"{scheme}_proxy", f"http://127.0.0.1:{port}")
        provider = openai_compatible(f"{scheme}://far.example/v1", api_key=KEY)
        with pytest.raises(ProviderError):
            await provider.send(ask())
        await provider.aclose()
    assert len(heads) == 1
    assert b"proxy-authorization" not in heads[0].lower()
    assert (KEY.encode() in heads[0]) is (scheme == "http")
