"""What the next sample of a problem is worth, and how many go in one request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.scheduler.policy.cost_factors import CostFactors
from orchestrator.scheduler.policy.exploration import Evidence, Exploration
from orchestrator.scheduler.policy.joint_rates import RATES, JointRates, Spread
from orchestrator.scheduler.policy.sample_index import AHEAD, Key, Kind, SampleIndex


def index(*rates: float, waiting_costs: bool = False, worth: int | None = None) -> SampleIndex:
    """Of models each of which passes at one rate on every problem."""
    mass = np.zeros((len(rates), len(RATES)))
    for model, rate in enumerate(rates):
        mass[model, int(np.abs(RATES - rate).argmin())] = 1.0
    return SampleIndex(
        joint=JointRates(Spread(mass, 0.0)),
        exploration=Exploration(share=0.0, evidence=Evidence({}), open_problems=1, room_pico=0),
        cost_factors=[CostFactors()] * len(rates),
        worth_pico=worth,
        waiting_costs=[waiting_costs] * len(rates),
    )


def kind(*costs: float, further: float | None = None, verdict: float = 0.0, wanted: int = 100) -> Kind:
    each = tuple(cost if further is None else further for cost in costs)
    return Kind(costs=costs, further=each, verdicts=(verdict,) * len(costs), wanted=(wanted,) * len(costs))


def test_no_sample_is_sent_ahead_that_is_likely_to_turn_out_needless() -> None:
    easy, hard = index(0.31), index(0.015)
    assert easy.of(kind(1.0), Key(0, (0,), (0,)), 0) == pytest.approx(0.31)
    assert easy.of(kind(1.0), Key(0, (1,), (1,)), 0) == 0.0
    assert easy.of(kind(1.0), Key(0, (1,), (0,)), 0) == pytest.approx(0.31)
    ahead = next(n for n in range(1, 50) if not hard.of(kind(1.0), Key(0, (n,), (n,)), 0))
    assert 1 - (1 - 0.015) ** (ahead - 1) <= AHEAD < 1 - (1 - 0.015) ** ahead
    assert hard.of(kind(1.0), Key(0, (3,), (3,)), 0) == pytest.approx(0.015 * (1 - 0.015) ** 3)


def test_another_models_sample_on_its_way_counts_too() -> None:
    of = index(0.31, 0.31)
    assert of.of(kind(1.0, 1.0), Key(0, (0, 1), (0, 1)), 0) == 0.0


def test_where_waiting_costs_as_many_go_ahead_as_have_failed_and_one() -> None:
    of = index(0.31, waiting_costs=True)
    on_the_way = [n for n in range(9) if of.of(kind(1.0), Key(0, (3 + n,), (n,)), 0) > 0]
    assert on_the_way == [0, 1, 2, 3]


def test_a_request_carries_more_where_the_prompt_pays_for_what_is_needless() -> None:
    long_prompt, short_prompt = kind(10.0, further=1.0), kind(1.1, further=1.0)
    none = Key(0, (0,), (0,))
    assert index(0.015).together(long_prompt, none, 0, 64, 0.0) == 64
    assert index(0.31).together(long_prompt, none, 0, 64, 0.0) == 7  # .69^6 · 10 ≥ 1 > .69^7 · 10
    assert index(0.31).together(short_prompt, none, 0, 64, 0.0) == 1
    assert index(0.015).together(short_prompt, none, 0, 64, 0.0) == 7
    assert index(0.015).together(long_prompt, none, 0, 8, 0.0) == 8
    assert index(0.015).together(kind(10.0, further=1.0, wanted=5), none, 0, 64, 0.0) == 5
    assert index(0.015).together(long_prompt, none, 0, 64, 0.014) == 5  # .985^n · .015 ≥ .014 ends it
    assert index(0.015, worth=70).together(long_prompt, none, 0, 64, 0.0) == 4  # 1 / (.985^n · .015) ≤ 70


def test_a_verdicts_price_is_a_part_of_what_a_sample_costs() -> None:
    of, none = index(0.31, 0.63), Key(0, (0, 0), (0, 0))
    plain, judged = kind(1.0, 4.0), kind(1.0, 4.0, verdict=10.0)
    assert of.of(plain, none, 0) > of.of(plain, none, 1)
    assert of.of(judged, none, 0) < of.of(judged, none, 1)


def test_a_bound_above_is_bought_by_but_nothing_for_more_than_its_worth() -> None:
    plain = index(0.13)
    bound = replace(
        plain,
        exploration=Exploration(share=0.5, evidence=Evidence({}), open_problems=100, room_pico=10_000),
    )
    key = Key(0, (2,), (0,))
    assert bound.of(kind(10.0), key, 0) > 1.2 * plain.of(kind(10.0), key, 0)
    assert bound.expected(kind(10.0), key, 0) == pytest.approx(plain.of(kind(10.0), key, 0))
    dear = replace(bound, worth_pico=int(10.0 / 0.13) - 1)
    assert dear.of(kind(10.0), key, 0) == 0.0
    assert replace(dear, worth_pico=int(10.0 / 0.13) + 1).of(kind(10.0), key, 0) > 0.0
