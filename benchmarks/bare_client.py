"""The bare loop that manyfew is measured against: posts the same bodies over aiohttp and decodes the replies.

python -m benchmarks.bare_client plain|ready|quick URL REQUESTS N IN_FLIGHT

plain: as aiohttp's documentation writes it, with asyncio's own event loop and `response.json()`. ready: the same event
loop, with the body ready as bytes and json.loads. quick: the least that is known to do, with uvloop and msgspec, which
manyfew has too.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp

HEADERS = {"content-type": "application/json", "accept": "application/json"}


async def run(kind: str, url: str, requests: int, n: int, in_flight: int) -> int:
    """Output tokens of all replies."""
    body = {"model": "m", "messages": [{"role": "user", "content": "q" * 120}], "n": n, "max_tokens": 128}
    left, tokens = iter(range(requests)), 0
    ready_body = json.dumps(body).encode()
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:

        async def plain() -> None:
            nonlocal tokens
            for _ in left:
                async with session.post(url, json=body) as response:
                    tokens += (await response.json())["usage"]["completion_tokens"]

        async def ready() -> None:
            nonlocal tokens
            for _ in left:
                async with session.post(url, data=ready_body, headers=HEADERS) as response:
                    tokens += json.loads(await response.read())["usage"]["completion_tokens"]

        async def quick() -> None:
            nonlocal tokens
            import msgspec

            decode = msgspec.json.Decoder().decode
            for _ in left:
                async with session.post(url, data=json.dumps(body).encode(), headers=HEADERS) as response:
                    tokens += decode(await response.read())["usage"]["completion_tokens"]

        for _ in range(in_flight):
            group.create_task({"plain": plain, "ready": ready, "quick": quick}[kind]())
    return tokens


if __name__ == "__main__":
    kind, url, *numbers = sys.argv[1:]
    if kind == "quick":
        import uvloop

        uvloop.run(run(kind, url, *map(int, numbers)))
    else:
        asyncio.run(run(kind, url, *map(int, numbers)))
