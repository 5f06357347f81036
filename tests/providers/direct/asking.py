"""What tests of the lean wire ask, and what servers answer them."""

import asyncio
from contextlib import asynccontextmanager
from typing import Any

import pytest

from providers.errors import (
    ProviderError,
)
from providers.types import Message, Prompt, Request
from tests.loopback.vendor import Sample

KEY = "sk-loopback-0123456789abcdef"


def ask(n=1, *, timeout_s=5.0, max_tokens=100, prompt="What is 2+2?", **more):
    messages = Prompt(messages=(Message("user", prompt),))
    return Request(
        model="m", prompt=messages, n=n, max_tokens=max_tokens, timeout_s=timeout_s, problem="p", **more
    )


async def failing(provider: Any, request: Request | None = None) -> Any:
    with pytest.raises(ProviderError) as caught:
        await provider.send(request or ask(timeout_s=0.3))
    assert KEY not in caught.value.message
    assert "\n" not in caught.value.message
    return caught.value


def with_number(prompt: str, index: int) -> str:
    return f"{prompt} #### {index}"


def numbered(prompt: str, index: int) -> str:
    return f"sample {index}"


def four(prompt: str, index: int) -> str:
    return " 4"


def words(prompt: str, index: int) -> str:
    return "word " * 50


def thinking(prompt: str, index: int) -> Sample:
    return Sample(text="4", reasoning="two and two", reasoning_tokens=3)


@asynccontextmanager
async def speaking(reply: bytes, *, hang: bool = False):
    """A server that answers every request with these bytes; then it closes, or hangs. Gives its base URL."""
    done = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        if hang:
            await done.wait()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    done.set()
    server.close()
    await asyncio.sleep(0.02)
