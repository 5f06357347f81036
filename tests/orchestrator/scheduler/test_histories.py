"""Thousands of seeded histories; the seed is in the failure."""

from __future__ import annotations

import os

import pytest

from tests.orchestrator.scheduler.histories import check, history

HISTORIES = int(os.environ.get("MANYFEW_HISTORIES", "1000"))
CHUNKS = 10


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_invariants_hold_at_every_step(chunk):
    for seed in range(chunk, HISTORIES, CHUNKS):
        try:
            scheduler, world = history(seed)
            check(scheduler, world)
            ends_rightly(scheduler, world)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def ends_rightly(scheduler, world):
    """A run ends only when nothing more could be asked: done, given up, stopped, or out of money."""
    assert scheduler.in_flight == 0
    assert scheduler.budget.reserved == 0
    for alias, lane in scheduler.lanes.items():
        done = world.samples[alias]
        if scheduler.draining or lane.stopped is not None:
            continue
        if lane.work.lacking():
            cheapest = min(
                scheduler.admission.bound(lane, p).worst(1)
                for p in range(len(lane.sampling.done))
                if lane.sampling.left(p)
            )
            room = scheduler.budget.total - scheduler.budget.held
            if not scheduler.budget.funds[alias].counted:
                room = scheduler.budget.room(alias)
            cap = scheduler.budget.funds[alias].cap
            if cap is not None:
                room = min(room, cap - scheduler.budget.funds[alias].held)
            item = lane.work.peek(1e12)
            assert item is not None, f"{alias} lacks {lane.work.lacking()} samples and asks for none"
            assert scheduler.admission.bound(lane, item.problem).worst(1) > room, (
                f"{alias} could go on: {room} >= {cheapest}"
            )
        elif not lane.sampling.until_solved:
            for problem in range(len(lane.sampling.done)):
                indices = {i for p, i in done | world.given_up[alias] if p == problem}
                wanted = lane.sampling.wanted[problem]
                assert len(indices) >= wanted, "fewer than wanted"
                if (
                    max(indices, default=0) < wanted
                ):  # none above: nothing was there of an earlier, larger run
                    assert indices == set(range(wanted)), "gaps when all are in"
