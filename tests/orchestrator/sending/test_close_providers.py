"""Connections are given back; one that hangs holds nobody up."""

from __future__ import annotations

import asyncio
import time

from orchestrator.sending.close_providers import CLOSES_WITHIN_S, close_providers


class Connection:
    def __init__(self, takes_s: float) -> None:
        self.takes_s = takes_s
        self.closed = False

    async def aclose(self) -> None:
        await asyncio.sleep(self.takes_s)
        self.closed = True


def test_one_that_hangs_is_left_and_the_others_are_closed():
    first, hanging, last = Connection(0), Connection(60), Connection(0)
    began = time.monotonic()
    asyncio.run(close_providers([first, hanging, last]))
    assert (first.closed, hanging.closed, last.closed) == (True, False, True)
    assert time.monotonic() - began < 10 * CLOSES_WITHIN_S
