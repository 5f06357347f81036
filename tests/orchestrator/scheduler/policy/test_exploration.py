"""How much better than expected a sample is taken for."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.policy.exploration import Evidence, Exploration
from orchestrator.scheduler.policy.joint_rates import Counts

COUNTS: dict[Counts, int] = {
    ((0, 8), (0, 0)): 10,
    ((1, 1), (0, 0)): 20,
    ((0, 4), (1, 2)): 5,
    ((1, 0), (0, 0)): 30,
}
"""Of 65 problems: (right, wrong) of two models, and how many problems have it."""


def exploration(counts: dict[Counts, int] = COUNTS, *, room: int = 1000, share: float = 0.5) -> Exploration:
    return Exploration(share=share, evidence=Evidence(counts), open_problems=15, room_pico=room)


def test_samples_of_problems_that_failed_about_as_often_tell() -> None:
    evidence = Evidence(COUNTS)
    assert evidence.samples((0, 0)) == (10 * 8 + 20 * 2 + 5 * 4 + 30, 5 * 3)
    # Half of one failure is none: all samples tell.
    assert evidence.samples((1, 0)) == evidence.samples((0, 0))
    # After 2 or 3 failures of the first: its later samples, and the second's on problems that it failed.
    assert evidence.samples((3, 0)) == (10 * 7 + 20 * 1 + 5 * 3, 5 * 3)
    # 8 failures and 15 are one order of magnitude: at least 4 failures, and what came after 4 samples.
    assert evidence.samples((8, 0)) == evidence.samples((15, 0)) == (10 * 4, 5 * 3)
    assert evidence.samples((16, 0)) == (0, 0)
    # Where the second failed at least once the first has 4 samples, of 5 problems.
    assert evidence.samples((0, 2)) == (5 * 4, 5 * 2)
    assert Evidence({}).samples((3, 0)) == (0, 0)


def test_the_less_is_known_the_more_may_be_found() -> None:
    known = {((0, 2), (0, n)): 10 for n in (0, 1, 10, 100)}
    times = [
        exploration({counts: problems}).times((2, 1), 1, 0.2, 10.0) for counts, problems in known.items()
    ]
    assert times == sorted(times, reverse=True)
    assert times[0] > 1.2
    assert 1.0 < times[-1] < 1.1


def test_nothing_is_to_be_gained_without_money() -> None:
    of = [exploration(room=room).times((2, 1), 1, 0.2, 10.0) for room in (0, 10, 100, 1000, 10**6, 10**9)]
    assert of[0] == 1.0
    assert of == sorted(of)
    assert of[-1] == of[-2], "no more than the open problems can be gained"


def test_who_is_told_the_truth_explores_nothing() -> None:
    assert exploration(share=0.0).times((2, 1), 1, 0.2, 10.0) == 1.0
    assert exploration().times((2, 1), 1, 0.0, 10.0) == 1.0


def test_models_of_problems_that_nobody_failed_are_known_by_the_others() -> None:
    times = [exploration({}).times((failures, 0), 1, 0.2, 1.0) for failures in range(6)]
    assert times == sorted(times)
    assert times[0] == pytest.approx(1.05, abs=0.02)
    assert times[-1] > 1.25
