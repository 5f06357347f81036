"""What is printed of a model after a policy has chosen its draws is off by less than a tenth of one run's standard
error: `python -m benchmarks.policies.steered_bias` has the figures of each.

MANYFEW_BIAS_RUNS says how many runs of each policy (200; 2,000 in .ci/long bias)."""

from __future__ import annotations

import os

import pytest

from benchmarks.policies.steered_bias import SETTINGS, studied

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

RUNS = int(os.environ.get("MANYFEW_BIAS_RUNS", "200"))
CHANCE = 4.5
"""Standard errors by which chance alone takes none of some two hundred figures."""
LEAST_SHARE = 0.3
"""Of runs: what fewer print says little of its mean."""


@pytest.mark.parametrize("policy", SETTINGS)
def test_nothing_is_biased_by_a_tenth_of_its_standard_error(policy: str) -> None:
    ratios = studied(policy, RUNS).ratios(LEAST_SHARE)
    assert len(ratios) > 5
    biased = {
        printed: f"{ratio:+.3f} ± {off:.3f}"
        for printed, (ratio, off, _) in ratios.items()
        if abs(ratio) > max(0.1, CHANCE * off)
    }
    assert not biased
