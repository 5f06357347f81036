"""The end of a run's connections."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Protocol

CLOSES_WITHIN_S = 1.0


class Closes(Protocol):
    """Holds connections."""

    async def aclose(self) -> None: ...


async def close_providers(providers: Iterable[Closes]) -> None:
    """Gives connections back; one that hangs is left to the end of the process."""
    for provider in providers:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSES_WITHIN_S):
                await provider.aclose()
