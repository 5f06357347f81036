"""Whole sweeps drawn at random, on real processes, with vendors that keep a bill: whatever befalls them, no budget is
exceeded and no reply that was paid for is lost or bought again.

MANYFEW_CHAOS_SECONDS says for how long (3 here, 600 in CI, 3600 in .ci/long), MANYFEW_CHAOS_AT_ONCE how many sweeps at
once, MANYFEW_CHAOS_FIRST the first seed (0: seeds at random), MANYFEW_CHAOS_SEED one alone."""

from __future__ import annotations

import itertools
import os
import random
import shutil
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chaos.acts import act, last_run
from tests.chaos.judge import judge, judge_the_end
from tests.chaos.processes import Nursery, nursery
from tests.chaos.world import draw_world
from tests.orchestrator.run.serving import serving

pytestmark = pytest.mark.slow

SECONDS = float(os.environ.get("MANYFEW_CHAOS_SECONDS", "3"))
AT_ONCE = int(os.environ.get("MANYFEW_CHAOS_AT_ONCE", "2"))
SEED = int(os.environ.get("MANYFEW_CHAOS_SEED", "0"))
FIRST = int(os.environ.get("MANYFEW_CHAOS_FIRST", "1"))
MOST_ACTS = 6


@pytest.mark.timeout(SECONDS + 300)
def test_sweeps_drawn_at_random(tmp_path, record_property):
    """A failure says the line that repeats it."""
    until, done = time.monotonic() + SECONDS, list[int]()
    failed, counted = threading.Event(), itertools.count(FIRST)

    def sweep_after_sweep(children: Nursery) -> None:
        while not failed.is_set():
            seed = SEED or (next(counted) if FIRST else random.randrange(1, 10**9))
            try:
                go_through(seed, tmp_path / str(seed), children)
            except BaseException:
                failed.set()
                raise
            done.append(seed)
            if SEED or time.monotonic() > until:
                return

    with nursery() as children, ThreadPoolExecutor(1 if SEED else AT_ONCE) as threads:
        lanes = [threads.submit(sweep_after_sweep, children) for _ in range(1 if SEED else AT_ONCE)]
        for lane in lanes:
            lane.result()
    record_property("sweeps", len(done))
    print(f"{len(done)} sweeps: {done}")  # noqa: T201


def go_through(seed: int, folder: Path, children: Nursery) -> None:
    """One sweep, from nothing to its end."""
    folder.mkdir(parents=True)
    world = draw_world(seed, folder, children)
    try:
        with ExitStack() as stack:
            stack.enter_context(serving(*world.vendors))
            for _ in range(world.random.randint(1, MOST_ACTS)):
                act(world)
                judge(world)
            last_run(world)
            judge_the_end(world)
    except BaseException as error:
        told = "\n  ".join(
            [
                *(f"{seat.alias}: {seat.keys} {seat.fault_names}" for seat in world.seats),
                *(
                    f"{seat.alias}: {batch}"
                    for seat in world.seats
                    if seat.desk
                    for batch in seat.desk.batches
                ),
                f"policy: {world.policy}",
                *world.history,
            ]
        )
        again = f"MANYFEW_CHAOS_SEED={seed} pytest tests/chaos"
        raise AssertionError(f"{error}\n  {told}\nAgain: {again}\nIts files: {folder}") from error
    finally:
        for process in world.processes:
            process.signal(signal.SIGKILL)
    shutil.rmtree(folder)
