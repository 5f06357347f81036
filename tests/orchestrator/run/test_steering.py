"""A run isn't over while its policy is looked at anew."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from orchestrator.run.policies.steering import Steering


class Once:
    """A policy to be looked at once, which from its snapshot on says itself that there is nothing to wait for."""

    def __init__(self) -> None:
        self.is_stale = True
        self.found: list[Any] = []

    @property
    def must_look(self) -> bool:
        return self.is_stale

    def snapshot(self) -> str:
        self.is_stale = False
        return "as it is"

    def learnt(self, found: Any) -> None:
        self.found.append(found)


async def test_while_it_looks_the_run_is_not_over():
    begun, goes_on, learnt = threading.Event(), threading.Event(), asyncio.Event()

    def find(snapshot: str) -> str:
        begun.set()
        goes_on.wait(60)
        return f"{snapshot}, looked at"

    policy = Once()
    steering = Steering(policy, find, learnt.set)
    task = asyncio.create_task(steering.run())
    try:
        await asyncio.to_thread(begun.wait, 60)
        assert (policy.must_look, steering.must_look) == (False, True)
        goes_on.set()
        await learnt.wait()
        assert (policy.found, steering.must_look) == (["as it is, looked at"], False)
    finally:
        goes_on.set()
        task.cancel()
