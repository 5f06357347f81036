"""A vendor's SDK alone, as its own documentation uses it, against which manyfew's use of it is measured.

python -m benchmarks.sdk_client openai|anthropic BASE_URL REQUESTS IN_FLIGHT
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import uvloop

QUESTION = "q" * 120


async def run(vendor: str, base_url: str, requests: int, in_flight: int) -> int:
    """Output tokens of all replies."""
    ask, close = _openai(base_url) if vendor == "openai" else _anthropic(base_url)
    left, tokens = iter(range(requests)), 0
    async with asyncio.TaskGroup() as group:

        async def worker() -> None:
            nonlocal tokens
            for _ in left:
                tokens += await ask()

        for _ in range(in_flight):
            group.create_task(worker())
    await close()
    return tokens


Client = tuple[Callable[[], Awaitable[int]], Callable[[], Awaitable[None]]]


def _openai(base_url: str) -> Client:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(api_key="k", base_url=base_url, max_retries=0)

    async def ask() -> int:
        reply = await client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": QUESTION}], max_completion_tokens=128
        )
        return reply.usage.completion_tokens if reply.usage else 0

    return ask, client.close


def _anthropic(base_url: str) -> Client:
    from anthropic import AsyncAnthropic

    client = AsyncAnthropic(api_key="k", base_url=base_url, max_retries=0)

    async def ask() -> int:
        reply = await client.messages.create(
            model="m", messages=[{"role": "user", "content": QUESTION}], max_tokens=128
        )
        return reply.usage.output_tokens

    return ask, client.close


if __name__ == "__main__":
    vendor, url, *numbers = sys.argv[1:]
    uvloop.run(run(vendor, url, *map(int, numbers)))
