"""Two models under one limit: the screen says which `group` line would join them."""

from __future__ import annotations

import re
import tomllib

import pytest

from orchestrator.run.shared_limits import shared_limits
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from orchestrator.sweep.load import load
from providers.reading.rate_limits import VendorLimit
from tests.orchestrator.run.sweeps import SweepFile

AT = {
    "provider": "openai-compatible",
    "base_url": "https://h.example/v1",
    "price": {"input": 1.0, "output": 1.0},
}


def limited(per_second):
    rate = RateLimit(ramps=True)
    if per_second is not None:
        assert rate.found is not None
        rate.found.pace.lower(per_second, 0.0)
    return rate


@pytest.mark.parametrize(
    ("second", "keys", "named"),
    [
        (2.0, {}, True),
        (None, {}, False),
        (2.0, {"base_url": "https://other.example/v1"}, False),
        (2.0, {"limits": {"group": "mine"}}, False),
    ],
)
def test_models_of_one_address_that_both_ran_into_a_limit(tmp_path, second, keys, named):
    models = {"small": {**AT, "model": "s"}, "large": {**AT, "model": "l", **keys}}
    sweep = load(SweepFile(models, problems=1).write(tmp_path))
    said = shared_limits(sweep.models, {"small": limited(1.0), "large": limited(second)})
    assert bool(said) is named
    if named:
        assert "small and large each ran into a rate limit" in said[0]
        assert 'limits = { group = "shared" }' in said[0]


def test_the_lines_keep_what_is_stated_and_load_when_pasted(tmp_path):
    models = {"small": {**AT, "model": "s", "limits": {"concurrency": 64}}, "large": {**AT, "model": "l"}}
    sweep = load(SweepFile(models, problems=1).write(tmp_path))
    (said,) = shared_limits(sweep.models, {"small": limited(1.0), "large": limited(2.0)})
    first, second = re.findall(r"(limits = \{[^}]*\}) in (?:small|large)", said)
    assert first == 'limits = { concurrency = 64, group = "shared" }'
    models["small"] |= tomllib.loads(first)
    models["large"] |= tomllib.loads(second)
    pasted = load(SweepFile(models, problems=1).write(tmp_path)).models
    assert pasted["small"].limits.concurrency == 64
    assert {model.limits.group for model in pasted.values()} == {"shared"}


def test_models_that_share_their_limit_already_say_nothing(tmp_path):
    models = {"small": {**AT, "model": "s"}, "large": {**AT, "model": "l"}}
    rate = limited(1.0)
    assert (
        shared_limits(
            load(SweepFile(models, problems=1).write(tmp_path)).models, {"small": rate, "large": rate}
        )
        == []
    )


def test_models_that_overran_one_limit_in_headers(tmp_path):
    """Each keeps to what is stated, and both together go beyond it."""
    models = {"small": {**AT, "model": "s"}, "large": {**AT, "model": "l"}}
    sweep = load(SweepFile(models, problems=1).write(tmp_path))

    def told(refused: int) -> RateLimit:
        rate = RateLimit(ramps=True)
        for number in range(refused):
            rate.debit(number, Estimate(input_tokens=1, output_tokens=1), float(number))
            limit = VendorLimit(kind="requests", limit=60, remaining=0, reset_s=60.0)
            rate.learn([limit], number + 0.1, number=number)
            rate.refused(number, float(number), number + 0.1)
        return rate

    assert shared_limits(sweep.models, {"small": told(1), "large": told(9)}) == []
    (said,) = shared_limits(sweep.models, {"small": told(4), "large": told(9)})
    assert 'limits = { group = "shared" }' in said
