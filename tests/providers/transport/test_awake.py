"""A limit that is asked for its end again and again: only while its block runs is there anything to end."""

from __future__ import annotations

import asyncio

import pytest

from providers.transport.awake import AwakeLimit, Limit


async def test_before_its_block_a_limit_ends_nothing():
    limit = Limit(lambda: 0.0)
    limit.look()
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
