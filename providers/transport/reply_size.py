"""How large a reply may be: what is beyond it is no reply to what was asked, and memory stays bounded."""

from __future__ import annotations

from typing import Protocol

LARGEST_REPLY = 64 << 20
"""Bytes that any reply may have, on top of 64 bytes for each token asked for."""
BYTES_A_TOKEN = 64
STREAMED_BYTES_A_TOKEN = 4096
"""Bytes on the wire for each token asked for, where a reply is streamed: an event a token, of about 300 bytes at
vLLM and OpenAI, more with their padding and token ids. They are not kept: what is kept is bounded as any reply is."""
LARGEST_ERROR = 1 << 20
"""Bytes of an error body that are read; the rest is not waited for."""


class TooLarge(Exception):  # noqa: N818 - reads as what it is
    """More bytes than a reply of this request can have."""

    def __init__(self, limit: int, size: int | None = None) -> None:
        told = f"of {size} bytes, above the {limit}" if size is not None else f"above the {limit} bytes"
        super().__init__(f"a reply {told} that this request can bring")


class Bounded(Protocol):
    """What bounds a reply: a request, or what stands for one."""

    @property
    def timeout_s(self) -> float: ...
    @property
    def n(self) -> int: ...
    @property
    def max_tokens(self) -> int: ...


def reply_limit(request: Bounded) -> int:
    """Bytes that a reply may have, decompressed."""
    return LARGEST_REPLY + request.n * request.max_tokens * BYTES_A_TOKEN


def stream_limit(request: Bounded) -> int:
    """Bytes that may come for a streamed reply, decompressed."""
    return LARGEST_REPLY + request.n * request.max_tokens * STREAMED_BYTES_A_TOKEN
