"""What a plan says of what it can tell."""

import numpy as np
import pytest

from orchestrator.coverage.allocation.power import least_difference
from orchestrator.coverage.pairs.simultaneous import critical
from orchestrator.run.planning.can_tell import Side, can_tell


def test_more_problems_tell_smaller_differences_and_more_models_larger_ones():
    least = [least_difference(problems, (32, 4), 2) for problems in (20, 50, 200)]
    assert least == sorted(least, reverse=True)
    assert least_difference(50, (32, 4), 12) > least[1]
    assert least[0] <= 1


def test_the_least_difference_is_told_in_80_percent():
    """Problems are moved up until the models differ by it; limits are those of one row."""
    generator = np.random.default_rng(2)
    problems, told, runs = 60, 0, 150
    base = generator.normal(-1, 2, 40_000)
    rates = [1 / (1 + np.exp(-(base + generator.normal(0, 0.7, len(base))))) for _ in range(2)]
    goal = least_difference(problems, (8, 8), 1)
    for _ in range(runs):
        at = generator.integers(0, len(base), problems)
        one, other = (generator.random(problems) < 1 - (1 - rate[at]) ** 8 for rate in rates)
        gained = other | (generator.random(problems) < goal / (1 - other.mean()))
        gaps = (gained.astype(float) - one)[:, None]
        told += int(critical([(gaps, None)])[1][0] == 1)
    assert 0.65 <= told / runs <= 0.95


def test_cheap_is_sampled_as_far_as_the_money_goes_or_not():
    (pair,) = can_tell(50, [Side("big", 4, 100.0), Side("small", 32, 1.0)])
    assert (pair.cheap, pair.expensive, pair.affordable_k, pair.within) == ("small", "big", 400, False)
    (pair,) = can_tell(50, [Side("big", 4, 100.0), Side("small", 400, 1.0)])
    assert pair.within is True
    (pair,) = can_tell(50, [Side("big", 4, None), Side("small", 400, 1.0)])
    assert (pair.affordable_k, pair.within) == (None, None)
    assert can_tell(1, [Side("big", 4, 1.0), Side("small", 400, 1.0)]) == ()


def test_too_few_cheap_samples_are_said_in_the_plan(command, tmp_path):
    assert command("init", "s.toml", "--yes").returncode == 0
    path = tmp_path / "s.toml"
    path.write_text(path.read_text().replace("samples = 64", "samples = 5"))
    said = " ".join(command("plan", "s.toml").stdout.split())
    assert "5 × cheap are planned, but 2 × expensive cost as much as" in said
    assert "rests on extrapolation" in said


@pytest.mark.parametrize("rows", [1, 2, 30])
def test_the_limit_is_that_of_so_many_rows(rows):
    assert least_difference(100, (1, 1), rows) <= least_difference(100, (1, 1), rows + 10)
