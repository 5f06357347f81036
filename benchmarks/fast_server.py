"""A loopback server that answers as fast as one core can: OpenAI's chat wire and Anthropic's, replies made beforehand.

    python -m benchmarks.fast_server PORT [distinct]

Answers every POST with `n` choices of about 400 bytes, told from the body, of 64 different texts in turn (`distinct`:
of texts that never come again), or with one message where the path ends in /messages, and every GET with 404. It checks
nothing and keeps no bill: tests/loopback is for that.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from functools import lru_cache
from typing import cast

import uvloop

_N = re.compile(rb'"n":\s*(\d+)')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
TEXT = (
    "She has 3 boxes of 4 apples, so 3 * 4 = 12 apples. She gives 5 away: 12 - 5 = 7. " * 4
    + "The answer is 7."
)
TOKENS = 96
TEXTS = 64
DIGITS = 8


def reply(n: int, first: int) -> bytes:
    """Head and body of a reply with `n` choices, each of another text; `first`: the number of the first one's."""
    pieces = _pieces(n)
    numbers = [b"%0*d" % (DIGITS, first + i) for i in range(n)]
    return b"".join([piece for pair in zip(pieces, numbers, strict=False) for piece in pair]) + pieces[-1]


repeated = lru_cache(maxsize=256)(reply)


@lru_cache(maxsize=8)
def _pieces(n: int) -> list[bytes]:
    """What stands around the numbers."""
    number = "#" * DIGITS
    choices = [
        {
            "index": i,
            "message": {"role": "assistant", "content": f"{TEXT} ({number})"},
            "finish_reason": "stop",
            "token_ids": list(range(TOKENS)),
        }
        for i in range(n)
    ]
    usage = {"prompt_tokens": 80, "completion_tokens": n * TOKENS, "total_tokens": 80 + n * TOKENS}
    whole = _whole(
        {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": choices,
            "usage": usage,
        }
    )
    return whole.split(number.encode())


@lru_cache(maxsize=1)
def message() -> bytes:
    """Head and body of a reply of Anthropic's wire."""
    return _whole(
        {
            "id": "x",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [{"type": "text", "text": TEXT}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 80, "output_tokens": TOKENS},
        }
    )


def _whole(content: dict[str, object]) -> bytes:
    body = json.dumps(content)
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return (head + body).encode()


class Answers(asyncio.Protocol):
    """One connection; requests may come in pieces or several at once."""

    distinct = False
    given = 0
    """Texts, by all connections."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._buffer = b""
        self._next = 0

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end]
            length = _LENGTH.search(head)
            whole = end + 4 + (int(length.group(1)) if length else 0)
            if len(self._buffer) < whole:
                return
            body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
            if head.startswith(b"GET"):
                self._transport.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n")
                continue
            if b"/messages " in head.partition(b"\r\n")[0]:
                self._transport.write(message())
                continue
            found = _N.search(body)
            n = int(found.group(1)) if found else 1
            if self.distinct:
                self._transport.write(reply(n, Answers.given))
                Answers.given += n
                continue
            self._transport.write(repeated(n, self._next))
            self._next = (self._next + n) % TEXTS


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Answers, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    Answers.distinct = sys.argv[2:] == ["distinct"]
    uvloop.run(serve(int(sys.argv[1])))
