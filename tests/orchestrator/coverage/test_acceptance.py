"""An imperfect verifier: the estimates are unbiased, by enumeration of every sequence of draws."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest

from orchestrator.coverage.acceptance import Acceptance, FalsePasses
from orchestrator.coverage.passk import pass_at_k
from orchestrator.coverage.policy import buyable, by_problem, offers
from orchestrator.coverage.samples import Samples

DRAWS = 4
KS = np.arange(1, DRAWS + 1)
# (accepted, right) → chance
LAW = {(1, 1): 0.2, (1, 0): 0.15, (0, 1): 0.05, (0, 0): 0.6}
ACCEPTED = LAW[1, 1] + LAW[1, 0]
RIGHT = LAW[1, 1] + LAW[0, 1]
ANY_ACCEPTED = 1 - (1 - ACCEPTED) ** KS
FIRST_RIGHT = ANY_ACCEPTED * LAW[1, 1] / ACCEPTED


def _one(n, a, r, first=None, right=None) -> Acceptance:
    return Acceptance(
        np.array([n]),
        np.array([a]),
        np.array([r]),
        None if first is None else np.array([first]),
        None if right is None else np.array([right]),
    )


def _expected(estimate, sequences):
    """The mean of an estimate over (sequence, chance)."""
    return sum(chance * estimate(draws) for draws, chance in sequences)


def _fixed():
    for draws in product(LAW, repeat=DRAWS):
        yield draws, prod(LAW[draw] for draw in draws)


def _stopped():
    """Every sequence that ends at the first accepted sample, or at the cap."""

    def go_on(draws, chance):
        if len(draws) == DRAWS or (draws and draws[-1][0]):
            yield draws, chance
            return
        for draw, p in LAW.items():
            yield from go_on((*draws, draw), chance * p)

    yield from go_on((), 1.0)


def _counted(draws) -> Acceptance:
    return _one(len(draws), sum(a for a, _ in draws), sum(a and r for a, r in draws))


def _as_drawn(draws) -> Acceptance:
    accepted = draws[-1][0]
    return _one(len(draws), accepted, 0, len(draws) if accepted else 0, bool(accepted and draws[-1][1]))


def test_fixed_draws_are_unbiased_for_what_is_accepted_and_delivered():
    assert _expected(lambda draws: _counted(draws).accepted(KS)[0], _fixed()) == pytest.approx(ANY_ACCEPTED)
    assert _expected(lambda draws: _counted(draws).delivered(KS)[0], _fixed()) == pytest.approx(FIRST_RIGHT)
    until = ANY_ACCEPTED / ACCEPTED
    assert _expected(lambda draws: _counted(draws).attempts(KS)[0], _fixed()) == pytest.approx(until)


def test_stopped_draws_are_unbiased_as_drawn_and_at_the_first_draw():
    sequences = list(_stopped())
    assert sum(chance for _, chance in sequences) == pytest.approx(1)
    assert _expected(lambda draws: _as_drawn(draws).accepted(KS)[0], sequences) == pytest.approx(ANY_ACCEPTED)
    assert _expected(lambda draws: _as_drawn(draws).delivered(KS)[0], sequences) == pytest.approx(FIRST_RIGHT)
    until = ANY_ACCEPTED / ACCEPTED
    assert _expected(lambda draws: _as_drawn(draws).attempts(KS)[0], sequences) == pytest.approx(until)
    assert _expected(lambda draws: draws[0][1], sequences) == pytest.approx(RIGHT)


def test_stopped_draws_by_the_usual_formula_are_biased():
    """Why coverage of k > 1 is null there."""
    shares = [(sum(r for _, r in draws) / len(draws), chance) for draws, chance in _stopped()]
    assert sum(share * chance for share, chance in shares) > RIGHT + 0.03


@pytest.mark.parametrize("rate", [0.0, 0.1, 1.0])
def test_a_stated_rate_is_unbiased(rate):
    p = 0.3

    def passes(c: int) -> FalsePasses:
        return FalsePasses(np.array([DRAWS]), np.array([c]), rate)

    counts = [(sum(d), prod(p if right else 1 - p for right in d)) for d in product((0, 1), repeat=DRAWS)]
    q = p + (1 - p) * rate
    accepted = 1 - (1 - q) ** KS
    assert _expected(lambda c: passes(c).accepted(KS)[0], counts) == pytest.approx(accepted)
    assert _expected(lambda c: passes(c).delivered(KS)[0], counts) == pytest.approx(accepted * p / q)
    assert _expected(lambda c: passes(c).attempts(KS)[0], counts) == pytest.approx(accepted / q)


def test_a_perfect_verifier_delivers_what_it_covers():
    n, c, ks = np.array([10, 10, 7]), np.array([0, 3, 7]), np.array([1, 2, 5, 7])
    covered = pass_at_k(n, c, ks)
    for perfect in (Acceptance(n, c, c), FalsePasses(n, c, 0.0)):
        np.testing.assert_allclose(perfect.accepted(ks), covered, atol=1e-12)
        np.testing.assert_allclose(perfect.delivered(ks), covered, atol=1e-12)
    first = np.array([0, 3, 1])
    stopped = FalsePasses(n, c, 0.0, first)
    np.testing.assert_allclose(stopped.delivered(ks)[1:], [[0, 0, 1, 1], [1, 1, 1, 1]])


def test_a_weak_verifier_reaches_a_plateau():
    """Rare right answers, some wrong ones accepted: coverage goes on, and what is delivered does not."""
    n, c = np.full(50, 1000), np.full(50, 10)
    of = FalsePasses(n, c, 0.05)
    ks = np.array([1, 10, 100, 1000])
    assert pass_at_k(n, c, ks).mean(axis=0)[-1] == 1
    delivered = of.delivered(ks).mean(axis=0)
    assert delivered[-1] == pytest.approx(0.01 / (0.01 + 0.99 * 0.05), rel=0.05)
    assert delivered[-1] - delivered[-2] < 0.002


def test_policies_stop_at_acceptance_and_are_scored_by_the_truth():
    n, cost = np.array([4, 4]), np.array([1.0, 2.0])
    cheap = Samples(n, np.array([1, 2]), cost, acceptance=Acceptance(n, np.array([2, 2]), np.array([1, 0])))
    sure = Samples(
        n, np.array([4, 4]), 10 * cost, acceptance=Acceptance(n, np.array([4, 4]), np.array([4, 4]))
    )
    models = [one for one in (buyable("cheap", cheap), buyable("sure", sure)) if one is not None]
    found = offers(models)
    at = next(
        at
        for at, policy in enumerate(found.policies)
        if policy.kind == "cascade" and policy.samples == {"cheap": 1, "sure": 1}
    )
    # Accepted with 1/2 each: right with 1/2 and 0; the other half goes on to what is always right.
    assert found.coverage[at] == pytest.approx(np.mean([0.25 + 0.5, 0 + 0.5]))
    assert found.cost[at] == pytest.approx(np.mean([1 + 0.5 * 10, 2 + 0.5 * 20]))
    coverage, spent = by_problem(found.policies[at], models)
    np.testing.assert_allclose(coverage, [0.75, 0.5])
    np.testing.assert_allclose(spent, [6, 12])
