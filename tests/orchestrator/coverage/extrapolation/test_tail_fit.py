import numpy as np
import pytest

from orchestrator.coverage.extrapolation import tail_fit, tail_parts
from orchestrator.coverage.extrapolation.tail_laws import FAR, TailLaws, tail_laws
from orchestrator.coverage.extrapolation.tail_parts import TailParts, log_rate
from orchestrator.coverage.samples import Samples


@pytest.mark.parametrize("k", [2, 100, 10_000])
def test_laws_are_the_same_at_every_call_and_proper(k):
    laws = tail_laws(k)
    assert laws is tail_laws(k)
    assert np.exp(laws.log_rate) + np.exp(laws.log_miss) == pytest.approx(np.ones(len(laws.parts.logit)))
    parts = laws.parts.mass.sum(axis=1) + laws.parts.never
    assert 0.98 < parts.min() <= parts.max() < 1.001
    whole = laws.chance(np.ones((1, len(laws.parts.logit))), np.ones(1))[:, 0]
    assert whole == pytest.approx(np.ones(len(whole)), abs=0.02)
    assert np.mean(laws.hopeless > 0) == pytest.approx(0.5, abs=0.01)
    assert np.mean(laws.hopeless > 0.3) == pytest.approx(0.075, abs=0.01)


@pytest.mark.parametrize("k", [2, 20, 1000])
def test_laws_differ_in_what_they_say_of_the_unseen(k):
    laws = tail_laws(k)
    kernel = np.exp(np.array([[k], [k * (1 + FAR)]]) * laws.log_miss)
    unsolved = laws.chance(kernel, np.ones(2))
    left = unsolved[:, 1] / unsolved[:, 0]
    assert (np.histogram(left, np.linspace(0, 1, 6))[0] > 0.03 * len(left)).all()


def one_law(parts):
    return TailLaws(parts, np.array([[0]]), np.ones((1, 1)), np.zeros(1), np.ones(1))


def test_a_law_s_chances_are_those_of_its_beta():
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

    logit, a, b = tail_laws(50).parts.logit, 0.7, 4.0
    mass = np.exp(a * log_rate(logit) + b * log_rate(-logit))
    one = one_law(TailParts(logit, mass[None] / mass.sum(), np.zeros(1)))
    n, c = np.array([50.0, 50.0, 20.0]), np.array([0.0, 3.0, 1.0])
    kernel = np.exp(c[:, None] * one.log_rate + (n - c)[:, None] * one.log_miss)
    ways = stats.betabinom.pmf(c, n, a, b) / np.array([1.0, stats.binom.pmf(3, 50, 0.5) * 2.0**50, 20.0])
    assert one.chance(kernel, np.zeros(3))[0] == pytest.approx(ways, rel=2e-3)
    times = np.array([7, 2, 3])
    assert one.log_likelihood(kernel, np.zeros(3), times) == pytest.approx([times @ np.log(ways)], rel=1e-3)


@pytest.mark.parametrize(
    ("family", "begin"),
    [(tail_parts._betas, 1e-3), (tail_parts._logit_normals, 1e-3), (tail_parts._even, 1e-2)],
)
def test_parts_have_the_masses_of_their_distributions(family, begin):
    """What lies below a grid that begins higher is what the lower points held."""
    generator, k = np.random.default_rng, 100
    logit = np.arange(np.log(1e-5 / k), 9.0, 0.1)
    mass, never = family(generator(1), logit, k)
    upto = int(np.searchsorted(logit, np.log(begin)))
    shorter, more = family(generator(1), logit[upto:], k)
    assert mass[:, :upto].sum(axis=1) + never == pytest.approx(more, abs=0.02)
    assert shorter == pytest.approx(mass[:, upto:])


def test_single_betas_count_for_as_much_as_all_mixtures():
    laws = tail_laws(100)
    alone = (laws.part[:, 0] >= len(laws.parts.never) - tail_parts.ALONE) & (laws.weight[:, 1] == 0)
    assert alone.sum() == tail_parts.ALONE
    assert laws.prior[alone].sum() == pytest.approx(laws.prior[~alone].sum())


def test_mixed_laws_say_what_their_parts_say():
    laws = tail_laws(100)
    at = np.array([3, 70, 19_999])
    kernel, hopeless = np.exp(np.array([[0.0], [40.0]]) * laws.log_miss), np.array([1.0, 0.5])
    mixed = laws.take(at).chance(kernel, hopeless)
    assert mixed == pytest.approx(laws.chance(kernel, hopeless)[at])
    part, weight = laws.part[70], laws.weight[70]
    by_hand = weight @ (laws.parts.mass[part] @ kernel[1] + 0.5 * laws.parts.never[part])
    assert mixed[1, 1] == pytest.approx(by_hand + 0.5 * laws.hopeless[70])


def test_no_few_laws_rule_alone():
    one_rules = np.r_[0.0, np.full(999, -400.0)]
    weight, power = tail_fit._tempered(one_rules, np.ones(1000))
    assert power < 0.05
    assert weight.sum() ** 2 / (weight**2).sum() > 50
    assert weight[0] == weight.max()
    many = np.log(np.linspace(0.1, 1.0, 500))
    weight, power = tail_fit._tempered(many, np.ones(500))
    assert power == 1
    assert weight == pytest.approx(np.exp(many))


def test_chance_in_the_counts_moves_the_point_less_than_the_laws():
    """The same rates drawn again: what laws of milder weights foretell scatters less."""
    generator = np.random.default_rng(4)
    rates, ks = generator.beta(0.4, 8, 100), np.array([3000])
    found = [
        tail_fit.fit(Samples(np.full(100, 100), generator.binomial(100, rates), np.ones(100))).unsolved(ks)
        for _ in range(12)
    ]
    by_laws, mildly = (
        np.std([np.median(each) for each in by])
        for by in zip(*((f.these, f.mildly) for f in found), strict=True)
    )
    assert mildly < 0.9 * by_laws


def test_a_sharp_rate_is_seen_as_one():
    """Every problem at .02: all are solved by 2,000 samples, and a law of a smooth tail would leave some."""
    counts = np.random.default_rng(5).binomial(100, 0.02, 400)
    found = tail_fit.fit(Samples(np.full(400, 100), counts, np.ones(400))).unsolved(np.array([500, 2000]))
    assert np.median(found.these, axis=0) == pytest.approx(np.zeros(2), abs=0.02)


def test_chances_of_few_passes():
    from scipy import stats  # pyright: ignore[reportMissingTypeStubs]

    miss = np.linspace(0.01, 0.99, 7)
    found = tail_fit._at_most(np.array([[3.0], [6.0]]), np.array([[10.0], [4.0]]), miss)
    assert found[0] == pytest.approx(stats.binom.cdf(3, 10, 1 - miss), rel=1e-9)
    assert found[1] == pytest.approx(np.ones(7))


def test_easy_problems_do_not_move_the_hard_end():
    generator = np.random.default_rng(2)
    hard = generator.binomial(100, generator.beta(0.4, 20, 80))
    easy = np.array([40, 70, 95] * 20)
    ks = np.array([1000])
    alone = tail_fit.fit(Samples(np.full(80, 100), hard, np.ones(80))).unsolved(ks).these
    both = tail_fit.fit(Samples(np.full(140, 100), np.r_[hard, easy], np.ones(140))).unsolved(ks).these
    assert np.median(both) * 140 == pytest.approx(np.median(alone) * 80, rel=1e-6)


@pytest.mark.parametrize("k", [13, 200, 1200])
def test_each_draw_of_problems_takes_one_law_and_mixes_its_problems(k):
    generator = np.random.default_rng(4)
    n = generator.integers(12, 15, 25)
    samples = Samples(n, generator.binomial(n, generator.beta(0.3, 2, 25)), np.ones(25))
    fitted = tail_fit.fit(samples)
    weights = generator.dirichlet(np.ones(25), 2100)  # more draws than laws are drawn
    found = fitted.solving(iter((weights[:700], weights[700:])))(k)
    for draw in (0, 5, 1999, 2000, 2099):
        law, solved = fitted.drawn[draw % len(fitted.drawn)], 0.0
        mass, rate = fitted.laws.parts.mass[law], np.exp(fitted.laws.log_rate)
        never = fitted.laws.parts.never[law] + fitted.laws.hopeless[law]
        for c, of, share, tail in zip(samples.c, n, weights[draw], fitted.tail, strict=True):
            if not tail:
                solved += share * (1 - tail_fit._easy_unsolved(np.array([of]), np.array([c]), k)[0])
                continue
            seen = mass * rate**c * (1 - rate) ** (of - c)
            unseen = never * (c == 0)
            solved += share * (1 - ((seen * (1 - rate) ** k).sum() + unseen) / (seen.sum() + unseen))
        assert found[draw] == pytest.approx(solved, abs=1e-9)
