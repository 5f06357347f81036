"""Loopback vendors on an event loop of their own, in a thread: a run in this process or another one talks to them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.loopback.vendor import Vendor


@contextmanager
def serving(*vendors: AbstractAsyncContextManager[object]) -> Generator[asyncio.AbstractEventLoop]:
    """Serves them until the block ends. Gives their loop: what must happen on it goes by call_soon_threadsafe."""
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()
    failed: list[BaseException] = []

    async def serve() -> None:
        try:
            for vendor in vendors:
                await vendor.__aenter__()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            ready.set()
        await over.wait()
        for vendor in vendors:
            await vendor.__aexit__(None, None, None)

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    ready.wait(10)
    assert not failed, failed
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        assert not thread.is_alive()
        loop.close()


async def die(vendor: Vendor) -> None:
    """The server dies: its port refuses connections, what it works on is cut off."""
    runner = vendor._runner
    assert runner is not None
    for site in list(runner.sites):
        await site.stop()
    for transport in vendor._kept:
        transport.abort()
