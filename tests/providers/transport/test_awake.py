"""A limit that is asked for its end again and again: only while its block runs is there anything to end."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest

from providers.transport import awake
from providers.transport.awake import AwakeLimit, Limit


async def test_before_its_block_a_limit_ends_nothing():
    limit = Limit(lambda: 0.0)
    limit.look()
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.sleep(5)


async def test_a_limit_that_is_told_of_its_end_does_not_ask_before():
    asked: list[None] = []
    limit = Limit(lambda: asked.append(None) or 0.0, looks_first=False)
    async with limit:
        await asyncio.sleep(0.01)
    assert not asked

    limit = Limit(lambda: 0.0, looks_first=False)
    asyncio.get_running_loop().call_soon(limit.look)
    with pytest.raises(TimeoutError):
        async with limit:
            await asyncio.sleep(5)


async def test_after_its_block_a_limit_ends_nothing():
    limit = AwakeLimit()
    async with limit:
        pass
    limit.within(0.0)
    limit.look()
    await asyncio.sleep(0)


async def test_while_its_block_ends_a_limit_ends_nothing():
    limit = AwakeLimit()
    try:
        async with limit:
            limit.within(0.0)  # due at the next turn, which never comes in the block
    except TimeoutError:
        pytest.fail("the block had ended in time")
    limit.look()


async def test_an_end_that_comes_nearer_is_kept_to():
    left: list[float | None] = [None]
    limit = Limit(lambda: left[0])

    async def held() -> None:
        async with limit:
            await asyncio.sleep(0.01)
            left[0] = 0.0
            limit.look()
            await asyncio.sleep(5)

    with pytest.raises(TimeoutError):
        await held()


async def test_a_cancellation_that_comes_with_its_end_goes_on():
    left: list[float | None] = [None]
    limit = Limit(lambda: left[0])

    async def held() -> None:
        async with limit:
            await asyncio.sleep(5)

    task = asyncio.create_task(held())
    await asyncio.sleep(0)
    left[0] = 0.0
    limit.look()
    asyncio.get_running_loop().call_soon(task.cancel)
    with pytest.raises(asyncio.CancelledError):
        await task


async def held(*ends_s: float) -> None:
    async with AwakeLimit() as limit:
        for seconds in ends_s:
            limit.within(seconds)
        await asyncio.sleep(60)


@pytest.mark.parametrize("seconds", [0.02, 0.4])
async def test_a_limit_ends_its_block_whether_it_was_near_or_far(seconds, monkeypatch):
    monkeypatch.setattr(awake, "NEAR_S", 0.2)
    with pytest.raises(TimeoutError):
        await held(seconds)


async def test_a_far_limit_may_come_nearer_and_never_goes_farther(monkeypatch):
    monkeypatch.setattr(awake, "NEAR_S", 0.2)
    with pytest.raises(TimeoutError):
        await held(3600, 0.02, 3600)


async def test_a_limit_goes_with_its_block_without_a_search_for_cycles():
    gc.disable()
    try:
        limit = AwakeLimit()
        async with limit:
            limit.within(3600)
            await asyncio.sleep(0)
        gone = weakref.ref(limit)
        del limit
        assert gone() is None
    finally:
        gc.enable()
