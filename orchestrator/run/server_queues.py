"""Watches vLLM servers while they work: if requests only wait in a server's queue, fewer go there."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from orchestrator.scheduler.endpoints import Endpoint
from providers.errors import ProviderError

if TYPE_CHECKING:
    from providers.vllm import VllmProvider

EVERY_S = 5.0
ANSWERS_WITHIN_S = 3.0


async def watch(server: VllmProvider, endpoint: Endpoint, *, every_s: float = EVERY_S) -> None:
    """Until cancelled. A server that doesn't report its queue isn't asked again; one that doesn't answer is left to the
    circuit breaker."""
    while True:
        await asyncio.sleep(every_s)
        if not endpoint.samples:
            continue
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                load = await server.load()
        except TimeoutError:
            continue
        except ProviderError as error:
            if error.status in (401, 403, 404, 405):
                return
            continue
        if load is None:
            return
        endpoint.learn_queue(waiting=load.waiting)
