"""The lean wire's connections: those never made cost nothing, those made end in time, and none names a secret."""

import asyncio

import pytest

from providers.errors import (
    BadRequest,
    Lost,
    MayHaveCost,
    NotSent,
    RateLimited,
    Stopped,
)
from providers.openai_compatible import openai_compatible
from tests.loopback import faults
from tests.loopback.closed_port import closed_port
from tests.loopback.openai_wire import openai_vendor
from tests.providers.direct.asking import (
    KEY,
    ask,
    failing,
    speaking,
    words,
)

# ---- never sent


async def test_a_connection_never_made_is_free():
    with closed_port() as port:
        for url, word in (
            (f"http://127.0.0.1:{port}/v1", "refused"),
            ("http://no-such-host.invalid/v1", "name"),
        ):
            provider = openai_compatible(url, api_key=KEY)
            error = await failing(provider, ask(timeout_s=30))
            await provider.aclose()
            assert type(error) is NotSent
            assert error.outcome is MayHaveCost.FREE
            assert word in error.message


async def test_a_failed_tls_handshake_is_free(vendor):
    provider = openai_compatible(vendor.base_url.replace("http:", "https:"), api_key=KEY)
    error = await failing(provider)
    await provider.aclose()
    assert type(error) is NotSent
    assert vendor.seen == []


@pytest.mark.parametrize("url", ["127.0.0.1/v1", "http:///v1", "ftp://127.0.0.1/v1", "http://[::1/v1"])
async def test_an_address_that_can_never_be_asked_stops(url):
    error = await failing(openai_compatible(url))
    assert type(error) is Stopped
    assert error.outcome is MayHaveCost.FREE


@pytest.mark.parametrize("key", ["sk-with\nnewline", "sk-ключ"])
async def test_a_key_that_no_header_can_carry_stops(vendor, key):
    error = await failing(openai_compatible(vendor.base_url, api_key=key))
    assert type(error) is Stopped
    assert key not in error.message
    assert vendor.seen == []


async def test_a_key_read_with_its_line_end_works(vendor):
    provider = openai_compatible(vendor.base_url, api_key=f"{KEY}\n")
    assert (await provider.send(ask())).usage is not None
    await provider.aclose()


async def test_what_json_cannot_hold_is_this_prompts_failure(vendor, provider):
    error = await failing(provider, ask(prompt="\ud800"))
    assert type(error) is BadRequest
    assert vendor.seen == []


# ---- time and connections


async def test_waiting_for_a_connection_is_not_part_of_the_time(vendor):
    """The last of five waits for two seconds, and then has its own time, of which a busy machine may take most."""
    vendor.latency = 0.5
    narrow = openai_compatible(vendor.base_url, api_key=KEY, concurrency=1)
    replies = await asyncio.gather(*(narrow.send(ask(timeout_s=1.9)) for _ in range(5)))
    await narrow.aclose()
    assert vendor.most_in_flight == 1
    assert all(0.5 <= reply.latency_s < 1.9 for reply in replies)


async def test_as_many_connections_as_requests_in_flight_and_no_more(vendor):
    vendor.latency = 0.1
    wide = openai_compatible(vendor.base_url, api_key=KEY, concurrency=150)
    for _ in range(3):
        await asyncio.gather(*(wide.send(ask()) for _ in range(150)))
    await wide.aclose()
    assert vendor.most_in_flight == 150
    assert vendor.connections == 150


async def test_cancellation_passes_through_and_leaves_no_connection_behind(vendor, provider):
    vendor.faults.append(faults.SILENCE)
    task = asyncio.create_task(provider.send(ask(timeout_s=60)))
    while not vendor.seen:  # noqa: ASYNC110 - the vendor has no event for it
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await provider.send(ask())).usage is not None
    assert vendor.connections == 2


async def test_an_outer_deadline_is_a_cancellation_not_our_timeout(vendor, provider):
    vendor.faults.append(faults.SILENCE)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await provider.send(ask(timeout_s=60))


async def test_it_can_be_closed_twice_and_used_again(vendor, provider):
    await provider.send(ask())
    await provider.aclose()
    await provider.aclose()
    await provider.send(ask())


async def test_a_refusal_whose_body_never_comes_is_still_a_refusal():
    reply = b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 500\r\n\r\n{"
    async with speaking(reply, hang=True) as url:
        provider = openai_compatible(url)
        error = await failing(provider, ask(timeout_s=0.2))
        await provider.aclose()
    assert type(error) is RateLimited
    assert error.retry_after_s == 3


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 100_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 99999 What\r\n\r\n",
        b"\x00" * 4000,
    ],
)
async def test_what_is_no_http_is_lost(reply):
    async with speaking(reply) as url:
        provider = openai_compatible(url)
        error = await failing(provider, ask(timeout_s=2))
        await provider.aclose()
    assert isinstance(error, Lost)


async def test_a_gzipped_reply_is_read():
    async def compress(request, response):
        response.enable_compression()

    vendor = openai_vendor(answer=words)
    vendor.app.on_response_prepare.append(compress)
    async with vendor:
        provider = openai_compatible(vendor.base_url)
        reply = await provider.send(ask(max_tokens=500))
        await provider.aclose()
    assert reply.choices[0].text == "word " * 50


# ---- the address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://user:secret@host.example/v1?key=secret", "https://host.example/v1"),
    ],
)
def test_the_servers_name_holds_no_secret(url, told):
    assert openai_compatible(url).server == told


async def test_a_dead_proxy_is_not_sent(monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with closed_port() as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:hunter2hunter2@127.0.0.1:{port}")
        provider = openai_compatible("http://far.example/v1")
        error = await failing(provider)
        await provider.aclose()
    assert type(error) is NotSent
    assert "hunter2" not in error.message
