"""Replies of HTTP/1.1 as servers send them, in pieces of any size, and what is made of broken ones."""

import asyncio
import gzip
import socket
import threading
import zlib
from contextlib import asynccontextmanager

import pytest

from providers.transport.connections import IDLE_S
from providers.transport.plain_client import plain_client
from providers.transport.reply_wire import BrokenReply, Disconnected

BODY = b'{"choices": []}'
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def stated(body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(line + b"\r\n" for line in headers)
    return b"HTTP/1.1 200 OK\r\n" + lines + b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def answering(*replies: bytes, size: int = 1 << 16, ends: bool = False):
    """A server that gives each request the next reply, in pieces, and a client of it. `ends`: each connection ends
    with its reply."""
    left, taken = list(replies), []

    async def answer(reader, writer):
        taken.append(0)
        while left:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
            await reader.readexactly(length)
            taken[-1] += 1
            reply = left.pop(0)
            for at in range(0, len(reply), size):
                writer.write(reply[at : at + size])
                await writer.drain()
                await asyncio.sleep(0)
            if ends:
                break
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        client = plain_client(url, 4, {})
        assert client is not None

        async def ask() -> tuple[int, dict[str, str], bytes]:
            async with client.post(f"{url}/chat", b"{}", lambda: None) as reply:
                body = [piece async for piece in reply.content.iter_any()]
                return reply.status, dict(reply.headers), b"".join(body)

        yield ask, taken, client
        await client.close()


WHOLE = {
    "of stated length": (stated(BODY), False),
    "without a reason": (b"HTTP/1.1 200\r\ncontent-length: 15\r\n\r\n" + BODY, False),
    "lines ended by newlines alone": (b"HTTP/1.1 200 OK\nContent-Length:15\n\n" + BODY, False),
    "after a 100": (b"HTTP/1.1 100 Continue\r\n\r\n" + stated(BODY), False),
    "chunked": (CHUNKED + b"7\r\n" + BODY[:7] + b"\r\n8;x=y\r\n" + BODY[7:] + b"\r\n0\r\n\r\n", False),
    "chunked with a trailer": (CHUNKED + b"f\r\n" + BODY + b"\r\n0\r\nx-sum: 1\r\n\r\n", False),
    "until the end": (b"HTTP/1.1 200 OK\r\n\r\n" + BODY, True),
    "of HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, True),
    "gzip": (stated(gzip.compress(BODY), b"Content-Encoding: gzip"), False),
    "gzip, one part behind another": (
        stated(gzip.compress(BODY[:5]) + gzip.compress(BODY[5:]), b"Content-Encoding: gzip"),
        False,
    ),
    "gzip, padded": (stated(gzip.compress(BODY) + bytes(9), b"Content-Encoding: gzip"), False),
    "deflate": (stated(zlib.compress(BODY), b"Content-Encoding: deflate"), False),
    "deflate without its header": (stated(zlib.compress(BODY)[2:-4], b"Content-Encoding: deflate"), False),
}


@pytest.mark.parametrize("size", [1, 7, 1 << 16])
@pytest.mark.parametrize("kind", WHOLE)
async def test_a_reply_is_read_in_pieces_of_any_size(kind, size):
    reply, ends = WHOLE[kind]
    async with answering(reply, reply, size=size, ends=ends) as (ask, taken, _):
        for _ in range(2):
            status, _, body = await ask()
            assert (status, body) == (200, BODY)
        assert taken == ([1, 1] if ends else [2])  # a whole reply leaves its connection for the next request


BROKEN = {
    "nothing": b"",
    "no HTTP": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "half a body": stated(BODY)[:-4],
    "half a chunk": CHUNKED + b"f\r\n" + BODY[:4],
    "no last chunk": CHUNKED + b"f\r\n" + BODY + b"\r\n",
    "chunks of no size": CHUNKED + b"-1\r\n" + BODY,
    "chunks that run on": CHUNKED + b"4\r\n" + BODY,
    "its length stated twice": stated(BODY, b"content-length: 15"),
    "two lengths": stated(BODY, b"content-length: 3"),
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: +15\r\n\r\n" + BODY,
    "a header without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
    "an unknown coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n" + BODY,
    "an unknown encoding": stated(BODY, b"Content-Encoding: br"),
    "broken gzip": stated(gzip.compress(BODY)[:-9], b"Content-Encoding: gzip"),
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
}


@pytest.mark.parametrize("size", [1, 1 << 16])
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_reply_is_none(kind, size):
    async with answering(BROKEN[kind], size=size, ends=True) as (ask, _, _):
        with pytest.raises((BrokenReply, Disconnected, ConnectionError)):
            await asyncio.wait_for(ask(), 20)


async def test_what_nobody_asked_for_is_taken_for_no_reply():
    """A second reply behind the first: the next request goes out on a connection of its own."""
    false = stated(b'{"choices": ["false"]}')
    async with answering(stated(BODY) + false, stated(BODY)) as (ask, taken, _):
        assert [(await ask())[2] for _ in range(2)] == [BODY, BODY]
        assert taken == [1, 1]


async def test_a_large_reply_waits_at_its_server_and_unpacks_piece_by_piece():
    """Memory is bounded though nobody reads, and though a few bytes unpack to many."""
    large = b"x" * (64 << 20)
    packed = stated(gzip.compress(large), b"Content-Encoding: gzip")
    async with answering(stated(large), packed) as (_, _, client):
        for _ in range(2):
            async with client.post("http://127.0.0.1/v1/chat", b"{}", lambda: None) as reply:
                await asyncio.sleep(0.2)
                sizes = [len(piece) async for piece in reply.content.iter_any()]
            assert sum(sizes) == len(large)
            assert max(sizes) <= 2 << 20


async def test_a_head_is_read_though_what_follows_is_broken():
    """A refusal is one whatever becomes of its body."""
    refused = CHUNKED.replace(b"200 OK", b"429 Too Many") + b"nonsense\r\n"
    async with (
        answering(refused, ends=True) as (_, _, client),
        client.post("http://127.0.0.1/v1/chat", b"{}", lambda: None) as reply,
    ):
        assert reply.status == 429
        with pytest.raises(BrokenReply):
            _ = [piece async for piece in reply.content.iter_any()]


async def test_a_server_of_tls_is_named():
    async with answering(b"\x15\x03\x01\x00\x02\x02\x46", ends=True) as (ask, _, _):
        with pytest.raises(BrokenReply, match="its address begins with https://"):
            await ask()


async def test_a_connection_that_was_closed_unseen_is_not_sent_on(monkeypatch):
    """Its end waits in the socket, and the loop hasn't been there: a request on it would be lost."""
    monkeypatch.setattr("providers.transport.plain_client.LOOKED_S", 0.0)
    may_close, closed = threading.Event(), threading.Event()

    def answer() -> None:
        for _ in range(2):
            with door.accept()[0] as made:
                while not made.recv(1 << 16).endswith(b"{}"):
                    pass
                made.sendall(stated(BODY))
                may_close.wait(20)
            closed.set()

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{door.getsockname()[1]}/v1"
        client = plain_client(url, 1, {})
        assert client is not None
        for _ in range(2):
            async with client.post(url, b"{}", lambda: None) as reply:
                assert b"".join([piece async for piece in reply.content.iter_any()]) == BODY
            may_close.set()
            closed.wait(20)  # the loop itself waits
        await client.close()
        thread.join(20)


async def test_a_machine_that_slept_sends_on_no_old_connection():
    async with answering(stated(BODY), stated(BODY)) as (ask, taken, client):
        await ask()
        (held,) = client._idle
        held.idle_since_ns -= int(IDLE_S * 1e9)
        await ask()
        assert taken == [1, 1]


async def test_headers_without_an_end_are_no_reply():
    async with answering(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 300_000, ends=True) as (ask, _, _):
        with pytest.raises(BrokenReply, match="no end"):
            await ask()


async def test_a_reply_that_says_close_is_the_last_of_its_connection():
    reply = stated(BODY, b"Connection: close")
    async with answering(reply, reply) as (ask, taken, _):
        await ask()
        await ask()
        assert taken == [1, 1]


async def test_what_must_not_leave_does_not_and_leaves_its_connection():
    async with answering(stated(BODY), stated(BODY)) as (ask, taken, client):
        await ask()

        def stays() -> None:
            raise RuntimeError("not yet")

        with pytest.raises(RuntimeError, match="not yet"):
            async with client.post("http://127.0.0.1/v1/chat", b"{}", stays):
                pass
        await ask()
        assert taken == [2]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://h/v1", {}),
        ("http://user:word@h/v1", {}),
        ("http://h/v 1", {}),
        ("http://hé/v1", {}),
        ("http://h/v1", {"x": "a\r\nb: c"}),
    ],
)
def test_what_needs_more_goes_another_way(url, headers):
    assert plain_client(url, 1, headers) is None


def test_a_proxy_goes_another_way(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert plain_client("http://example.com/v1", 1, {}) is None
