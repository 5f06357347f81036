"""Everything is sent on a loop of its own, in which Python looks for cycles rarely and lets other threads take
their turns sooner."""

from __future__ import annotations

import asyncio
import gc
import sys

import pytest

from orchestrator.sending.event_loop import TURN_S, new_loop_run


@pytest.fixture(autouse=True)
def usual():
    """As a program has it that sets nothing."""
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def test_the_coroutine_s_result_comes_back_and_cycles_are_looked_for_as_before():
    before = gc.get_threshold()

    async def main() -> tuple[int, int, int]:
        await asyncio.sleep(0)
        return gc.get_threshold()

    assert new_loop_run(main())[0] > before[0]
    assert gc.get_threshold() == before


def test_its_error_comes_through_and_cycles_are_looked_for_as_before():
    before = gc.get_threshold()

    async def main() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        new_loop_run(main())
    assert gc.get_threshold() == before


@pytest.mark.parametrize("own", [False, True], ids=["nothing left out", "the program's own left out"])
def test_what_was_made_before_is_left_out_of_the_search_until_it_ends(own):
    if own:
        gc.freeze()
    try:

        async def main() -> int:
            return gc.get_freeze_count()

        assert new_loop_run(main()) > 0
        assert (gc.get_freeze_count() > 0) is own
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("fails", [False, True])
def test_other_threads_wait_less_for_the_interpreter_until_it_ends(fails):
    before = sys.getswitchinterval()

    async def main() -> float:
        if fails:
            raise ValueError("no")
        return sys.getswitchinterval()

    if fails:
        with pytest.raises(ValueError, match="no"):
            new_loop_run(main())
    else:
        assert new_loop_run(main()) == pytest.approx(TURN_S)
        assert before > TURN_S
    assert sys.getswitchinterval() == before


def test_who_lets_threads_take_turns_more_often_is_left_alone():
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S / 5)
    own = sys.getswitchinterval()  # in whole microseconds
    try:

        async def main() -> float:
            return sys.getswitchinterval()

        assert new_loop_run(main()) == own
        assert sys.getswitchinterval() == own
    finally:
        sys.setswitchinterval(before)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_more_files_may_be_open_than_a_process_begins_with():
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 512 if before[1] == resource.RLIM_INFINITY else min(512, before[1] // 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, before[1]))
    try:
        new_loop_run(asyncio.sleep(0))
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] > few
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] == before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
