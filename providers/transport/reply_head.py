"""The head of an HTTP/1.1 reply: its status, its headers, and how its body ends."""

from __future__ import annotations

import re
from typing import NamedTuple

LARGEST_HEAD = 1 << 20
_STATUS = re.compile(rb"HTTP/1\.([01]) +(\d{3})(?: [^\r\n]*)?\Z")
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_NO_BODY = (204, 304)


class BrokenReply(Exception):  # noqa: N818 - reads as what it is
    """What came is no HTTP reply, or only a part of one."""


class Misencoded(BrokenReply):
    """Its body can't be decoded by the encoding that its header names."""

    def __init__(self) -> None:
        super().__init__("it is not encoded as its Content-Encoding header says")


class Head(NamedTuple):
    """What the reply says of itself before its body."""

    status: int
    headers: dict[str, str]
    """The first of each name, as it was written."""
    content_length: int | None
    """None: chunked, or until the connection ends."""
    chunked: bool
    encoding: str
    """How the body is compressed; empty: it isn't."""
    keeps: bool
    """Whether the connection stays open after it."""


def read_head(head: bytes) -> Head:
    """`head`: without the blank line that ends it. Raises BrokenReply."""
    first, *lines = head.split(b"\n")
    if (stated := _STATUS.match(first.rstrip(b"\r"))) is None:
        raise BrokenReply("it is no HTTP reply")
    status = int(stated[2])
    headers: dict[str, str] = {}
    told: dict[str, str] = {}
    last = ""
    for line in lines:
        text = line.rstrip(b"\r").decode("utf-8", "surrogateescape")
        if text[:1] in (" ", "\t") and last:  # folded, as old servers do
            continue
        name, colon, value = text.partition(":")
        if not colon or _NAME.match(name) is None:
            raise BrokenReply("a header of its is none")
        value, last = value.strip(" \t"), name.lower()
        headers.setdefault(name, value)
        told[last] = f"{told[last]},{value}" if last in told else value
    return _framed(status, headers, told, http_1_1=stated[1] == b"1")


def _framed(status: int, headers: dict[str, str], told: dict[str, str], *, http_1_1: bool) -> Head:
    connection = told.get("connection", "").lower()
    keeps = "close" not in connection if http_1_1 else "keep-alive" in connection
    coding = told.get("transfer-encoding", "").strip().lower()
    chunked = coding == "chunked"
    length: int | None = None
    if status < 200 or status in _NO_BODY:
        chunked, length = False, 0
    elif coding and not chunked:
        raise BrokenReply(f"its transfer encoding is not known: {coding[:40]}")
    elif not chunked and (stated := told.get("content-length")) is not None:
        sizes = {size.strip() for size in stated.split(",")}
        size = sizes.pop()
        if sizes or not (size.isascii() and size.isdigit()) or len(size) > 18:
            raise BrokenReply("its content length is no number")
        length = int(size)
    ends = chunked or length is not None
    return Head(
        status=status,
        headers=headers,
        content_length=length,
        chunked=chunked,
        encoding=told.get("content-encoding", "").strip().lower().removeprefix("identity"),
        keeps=keeps and ends,
    )
