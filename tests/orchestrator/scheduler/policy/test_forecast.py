"""What the rest of the money is expected to bring."""

from __future__ import annotations

import pytest

from orchestrator.scheduler.policy.forecast import Forecast, forecast

COSTS = (1.0, 3.0)
OPEN = {(0, (0, 0)): 100, (0, (1, 0)): 10}


def passes(failures: tuple[int, ...], model: int) -> float:
    """Of two kinds of problems, which half are hopeless, each failure tells."""
    rates = (0.2, 0.5)
    alive = 0.5 * (1 - rates[0]) ** failures[0] * (1 - rates[1]) ** failures[1]
    return rates[model] * alive / (alive + 0.5)


def index(kind: int, failures: tuple[int, ...], model: int) -> float:
    return passes(failures, model) / COSTS[model]


def of(room: int) -> Forecast:
    return forecast(OPEN, index, passes, lambda kind, model: COSTS[model], 2, room)


def test_money_for_one_cheap_sample_of_each_untried_problem_brings_what_these_pass() -> None:
    assert index(0, (0, 0), 0) > index(0, (0, 0), 1)
    found = of(100)
    assert found.solves == pytest.approx(100 * 0.2 * 0.5)
    assert found.pico == pytest.approx(100)
    assert found.least_index == pytest.approx(passes((1, 0), 0))  # the next best, which it doesn't reach


def test_money_that_ends_within_a_step_buys_its_share() -> None:
    assert of(50).solves == pytest.approx(of(100).solves / 2)
    assert of(50).least_index == pytest.approx(passes((0, 0), 0))


def test_more_than_all_that_is_left_to_buy_is_not_spent() -> None:
    found = of(10**9)
    assert found.least_index == 0.0
    assert found.pico < 10**6
    assert found.solves == pytest.approx(100 * 0.5 + 10 * 0.4 / 0.9, rel=0.01)


def test_nothing_is_looked_at_that_the_money_doesnt_reach() -> None:
    asked: list[tuple[int, ...]] = []

    def counted(kind: int, failures: tuple[int, ...], model: int) -> float:
        asked.append(failures)
        return index(kind, failures, model)

    forecast(OPEN, counted, passes, lambda kind, model: COSTS[model], 2, 100)
    assert set(asked) == {(0, 0), (1, 0)}
