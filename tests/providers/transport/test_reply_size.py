"""Replies larger than any sane one, also in small pieces or packed: memory stays bounded, on every wire."""

import gzip

import pytest
from aiohttp import web

from providers.errors import Lost, RateLimited
from providers.transport import reply_size, streaming
from tests.providers.sdk.sdk_ends import ask, failing
from tests.providers.wires.wires import WIRES, talking

PACKED = gzip.compress(b" " * (reply_size.LARGEST_REPLY + (4 << 20)), 1)
HEADERS = {"Content-Encoding": "gzip", "Content-Type": "application/json", "Retry-After": "3"}


def answering(vendor, response) -> None:
    """Puts `response` in the place of the vendor's own replies."""

    async def answer(request, wire):
        await request.read()
        return response()

    vendor._handle = answer


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", ["lean", "chat", "messages"])
async def test_a_packed_reply_is_measured_unpacked(wire, streamed, monkeypatch):
    kind = "text/event-stream" if streamed else "application/json"
    if streamed:
        monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    assert len(PACKED) < reply_size.LARGEST_REPLY / 100
    async with talking(wire) as (vendor, provider):
        answering(vendor, lambda: web.Response(body=PACKED, headers=HEADERS | {"Content-Type": kind}))
        error = await failing(provider, ask(timeout_s=20))
    assert type(error) is Lost
    assert "bytes that this request can bring" in error.message


@pytest.mark.parametrize("wire", ["lean", "chat", "messages"])
async def test_a_refusal_is_one_however_large_its_packed_body(wire):
    async with talking(wire) as (vendor, provider):
        answering(vendor, lambda: web.Response(status=429, body=PACKED, headers=HEADERS))
        error = await failing(provider, ask(timeout_s=20))
    assert type(error) is RateLimited
    assert error.retry_after_s == 3


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_of_nothing_without_end_is_cut_off(wire, monkeypatch):
    """Comments keep a connection alive, and bring nothing."""
    monkeypatch.setattr(streaming, "STREAM_ABOVE_S", 0.0)
    monkeypatch.setattr(reply_size, "LARGEST_REPLY", 1 << 16)
    sent = 0

    async def endless(request, wire):
        nonlocal sent
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while sent < 1 << 28:
                await response.write(b": still working\n\n" * 1000)
                sent += 17_000
        except ConnectionError:
            pass
        return response

    async with talking(wire) as (vendor, provider):
        vendor._handle = endless
        error = await failing(provider, ask(max_tokens=1, timeout_s=20))
    assert type(error) is Lost
    assert "bytes" in error.message
    assert sent < 1 << 28


def test_limits_grow_with_what_is_asked():
    assert reply_size.reply_limit(ask(2, max_tokens=100)) == reply_size.LARGEST_REPLY + 2 * 100 * 64
    assert reply_size.stream_limit(ask(2, max_tokens=100)) > reply_size.reply_limit(ask(2, max_tokens=100))
