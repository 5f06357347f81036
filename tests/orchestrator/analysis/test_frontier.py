import json

import numpy as np
import pytest

from orchestrator.analysis.frontier import frontier_document
from orchestrator.analysis.policies import Cap
from orchestrator.ledger.reading.outcomes.outcomes import Axis, Outcomes, read_outcomes
from tests.orchestrator.ledger_fixture import USD, Made, counted, make_ledger, steer


def document(tmp_path, models, axis: Axis = "usd", asked=()):
    path = make_ledger(tmp_path / "l.db", models, asked=asked)
    found = frontier_document(read_outcomes([path], axis), axis)
    json.dumps(found, allow_nan=False)
    return found


def two_models(**expensive):
    generator = np.random.default_rng(2)
    rates = generator.beta(0.5, 3, 30)
    cheap = {f"p{i}": counted(20, int(generator.binomial(20, rates[i]))) for i in range(30)}
    few = {f"p{i}": counted(2, int(generator.binomial(2, min(1, 3 * rates[i])))) for i in range(30)}
    return {"cheap": Made(cheap, USD // 10_000), "expensive": Made(few, USD // 100, **expensive)}


def test_keys_are_the_contract_s_to_the_letter(tmp_path):
    found = document(tmp_path, two_models())
    assert list(found)[:5] == ["axis", "models", "frontier", "comparisons", "warnings"]
    model = found["models"]["cheap"]
    assert list(model)[:8] == [
        "problems", "samples", "usd_per_sample", "coverage", "power_law", "extrapolation",
        "cost_of_pass_usd", "cost_of_pass_problem_mean_usd",
    ]  # fmt: skip
    assert list(model["coverage"][0])[:5] == ["k", "coverage", "low", "high", "usd_per_problem"]
    assert list(model["power_law"]) == ["a", "b"]
    assert list(model["extrapolation"])[:2] == ["method", "points"]
    points = model["extrapolation"]["points"]
    assert list(points[0])[:4] == ["k", "coverage", "low", "high"]
    assert [p["k"] for p in points if not p["model_dependent"]] == [50, 100], (
        "up to five times the 20 samples"
    )
    goodness = model["extrapolation"]["goodness"]
    assert (goodness["from_k"], goodness["to_k"]) == (2, 20)
    assert goodness["observed"] == pytest.approx(model["coverage"][-1]["coverage"])
    assert list(found["frontier"][0])[:5] == ["usd_per_problem", "coverage", "low", "high", "policy"]
    assert list(found["frontier"][0]["policy"]) == ["kind", "stop", "order", "samples"]
    assert list(found["comparisons"][0])[:11] == [
        "cheap", "cheap_k", "expensive", "expensive_k", "problems", "coverage_cheap", "coverage_expensive",
        "usd_cheap", "usd_expensive", "cost_ratio", "probability",
    ]  # fmt: skip


@pytest.mark.parametrize("axis", ["tokens", "seconds"])
def test_another_axis_replaces_usd_in_the_keys(tmp_path, axis):
    text = json.dumps(document(tmp_path, two_models(), axis))
    assert "usd" not in text
    for key in (f"{axis}_per_sample", f"{axis}_per_problem", f"cost_of_pass_{axis}", f"{axis}_cheap"):
        assert f'"{key}"' in text


def test_numbers_by_hand(tmp_path):
    made = Made({"a": counted(4, 1), "b": counted(4, 2)}, {"a": USD, "b": 3 * USD}, unused_pico=USD)
    model = document(tmp_path, {"m": made})["models"]["m"]
    assert [(p["k"], p["usd_per_problem"]) for p in model["coverage"]] == [(1, 2.0), (2, 4.0), (4, 8.0)]
    assert [p["coverage"] for p in model["coverage"]] == pytest.approx(
        [(1 / 4 + 2 / 4) / 2, (1 / 2 + 5 / 6) / 2, 1.0]
    )
    assert model["usd_per_sample"] == 2.0
    assert model["cost_of_pass_usd"] == pytest.approx((4 * 1 + 4 * 3 + 1) / 3)
    assert model["cost_of_pass_problem_mean_usd"] == pytest.approx((4 / 1 + 4 * 3 / 2) / 2)
    assert model["extrapolation"] is None, "two problems tell nothing of others"


def test_nothing_of_nothing(tmp_path):
    found = document(tmp_path, {})
    assert (found["models"], found["frontier"], found["comparisons"]) == ({}, [], [])
    assert found["warnings"]


def test_no_verdict_no_estimate(tmp_path):
    found = document(tmp_path, {"m": Made({"a": [None, None]}), "n": Made({})}, asked=["a"])
    for alias, reason in (("m", "none of 2 samples has a verdict"), ("n", "no samples")):
        model = found["models"][alias]
        assert (model["problems"], model["samples"], model["coverage"]) == (0, 0, [])
        for key in (
            "usd_per_sample",
            "power_law",
            "extrapolation",
            "cost_of_pass_usd",
            "cost_of_pass_problem_mean_usd",
        ):
            assert model[key] is None
        assert any(w.startswith(f"{alias}: ") and reason in w for w in found["warnings"])


def test_none_solved(tmp_path):
    found = document(tmp_path, {"m": Made({"a": counted(5, 0), "b": counted(5, 0)})})
    model = found["models"]["m"]
    assert [p["coverage"] for p in model["coverage"]] == [0, 0, 0]
    assert model["coverage"][0]["high"] == pytest.approx(1 - 0.025**0.5)
    assert [
        model[k] for k in ("power_law", "extrapolation", "cost_of_pass_usd", "cost_of_pass_problem_mean_usd")
    ] == [None] * 4
    assert found["frontier"] == []
    first, *others = found["warnings"]
    assert "no sample of any model is right on 2 problems" in first
    assert sum("m solved nothing" in other for other in others) == 1
    text = " ".join(others)
    assert not any(what in text for what in ("no power law", "no extrapolation", "no policy"))


def test_all_solved(tmp_path):
    found = document(tmp_path, {"m": Made({"a": counted(5, 5), "b": counted(5, 5)})})
    model = found["models"]["m"]
    assert [p["coverage"] for p in model["coverage"]] == [1, 1, 1]
    assert model["coverage"][0]["low"] == pytest.approx(0.025**0.5)
    assert model["power_law"] is None
    assert [p["policy"]["samples"] for p in found["frontier"]] == [{"m": 1}]


def test_one_problem(tmp_path):
    found = document(tmp_path, two_models() | {"one": Made({"p0": counted(10, 3)})})
    point = found["models"]["one"]["coverage"][0]
    assert point["low"] < 0.05
    assert point["high"] > 0.9
    assert any("one problem" in warning for warning in found["warnings"])
    assert [row["problems"] for row in found["comparisons"]] == [30, 30, 1, 1, 1, 1]


def test_problems_that_are_not_shared(tmp_path):
    first = Made({"a": counted(4, 1), "b": counted(4, 2)})
    found = document(tmp_path, {"m": first, "n": Made({"b": counted(4, 4), "c": counted(4, 1)})})
    assert {row["problems"] for row in found["comparisons"]} == {1}
    assert any("in common: 1" in warning for warning in found["warnings"])
    (tmp_path / "l.db").unlink()
    apart = document(tmp_path, {"m": first, "n": Made({"x": counted(4, 4)})})
    assert (apart["frontier"], apart["comparisons"]) == ([], [])
    assert any("no problem in common" in warning for warning in apart["warnings"])


def test_coverage_ends_where_the_first_problem_runs_out(tmp_path):
    found = document(tmp_path, {"m": Made({"a": counted(50, 3), "b": counted(7, 1)})})
    assert [p["k"] for p in found["models"]["m"]["coverage"]] == [1, 2, 5, 7]
    assert any("coverage ends at k = 7" in warning for warning in found["warnings"])


def test_sampled_until_solved(tmp_path):
    passed = {"a": [1], "b": [0, 0, 1], "c": [0] * 8, "d": [0] * 8}
    model = document(tmp_path, {"m": Made(passed, mode="until_solved")})["models"]["m"]
    assert [(p["k"], p["coverage"]) for p in model["coverage"]] == [(1, 0.25), (2, 0.25), (5, 0.5), (8, 0.5)]


def test_costs_that_are_not_known_are_null_and_coverage_stays(tmp_path):
    models = two_models(tokens=(None, None))
    found = document(tmp_path, models, "tokens")
    expensive = found["models"]["expensive"]
    assert expensive["tokens_per_sample"] is None
    assert expensive["cost_of_pass_tokens"] is None
    assert expensive["coverage"][0]["tokens_per_problem"] is None
    assert expensive["coverage"][0]["coverage"] > 0
    assert found["comparisons"] == []
    assert any("the token count of its samples is unknown" in warning for warning in found["warnings"])
    assert {alias for point in found["frontier"] for alias in point["policy"]["samples"]} == {"cheap"}


def test_free_samples_have_no_cost_ratio(tmp_path):
    models = two_models() | {"cheap": Made({f"p{i}": counted(20, 5) for i in range(30)}, 0)}
    rows = document(tmp_path, models)["comparisons"]
    assert rows[0]["cheap"] == "cheap"
    assert rows[0]["cost_ratio"] is None


def test_every_null_has_its_warning(tmp_path):
    found = document(tmp_path, two_models())
    for row in found["comparisons"]:
        if row["cheap_k"] is None:
            less = f", less than {row['expensive_k']} × {row['expensive']}"
            assert any(warning.endswith(less) for warning in found["warnings"])
    assert found["models"]["cheap"]["cost_of_pass_problem_mean_usd"] is None
    assert any("so it has no average cost per solved problem" in warning for warning in found["warnings"])


def test_presumed_money_is_named(tmp_path):
    found = document(tmp_path, {"m": Made({"a": counted(3, 1)}, presumed_pico=USD)})
    assert any(
        "leave out $1.00 for requests that may have been billed" in warning for warning in found["warnings"]
    )


@pytest.mark.slow
def test_a_thousand_problems_of_ten_thousand_samples_from_counts():
    import time

    generator = np.random.default_rng(0)

    def counts(alias, a, b, cost):
        c = generator.binomial(10_000, generator.beta(a, b, 1000))
        n = np.full(1000, 10_000)
        return Outcomes(
            sweep="s", alias=alias, provider=None, name=None, definition=None,
            problems=tuple(f"p{i}" for i in range(1000)), n=n, c=c, first=None, cost=n * cost, costed=n,
            total_cost=10**7 * cost, uncosted=0, presumed=0, unused=0, samples=10**7, without_verdict=0, ledgers=(),
        )  # fmt: skip

    models = [counts("cheap", 0.4, 3, USD // 10**5), counts("expensive", 0.8, 2, USD // 1000)]
    start = time.process_time()
    frontier_document(models, "usd")
    assert time.process_time() - start < 3  # a second on a quiet machine; the time of all threads here


def test_policies_stop_where_a_verifier_tells_and_are_corrected_for_their_choice(tmp_path):
    found = document(tmp_path, two_models())
    for name in ("frontier", "frontier_without_stopping"):
        points = found[name]
        costs, coverage = [p["usd_per_problem"] for p in points], [p["coverage"] for p in points]
        assert costs == sorted(costs)
        assert coverage == sorted(coverage)
        assert all(p["coverage"] <= p["sampled_coverage"] for p in points)
        assert any(p["coverage"] < p["sampled_coverage"] for p in points), "the best of many flatters itself"
        assert all(p["low"] <= p["coverage"] <= p["high"] for p in points)
    assert {p["policy"]["stop"] for p in found["frontier_without_stopping"]} == {"none"}
    assert {p["policy"]["kind"] for p in found["frontier"]} >= {"fixed", "cascade"}
    best = found["frontier"][-1]
    plain = found["frontier_without_stopping"][-1]
    assert best["sampled_coverage"] == pytest.approx(plain["sampled_coverage"])
    assert best["usd_per_problem"] < plain["usd_per_problem"], "stopping saves"
    assert best["usd_per_problem_p90"] >= best["usd_per_problem"]


def test_with_few_problems_nothing_is_corrected(tmp_path):
    found = document(tmp_path, {"m": Made({"a": counted(4, 1), "b": counted(4, 2)})})
    assert all(p["coverage"] == p["sampled_coverage"] for p in found["frontier"])


def test_dollars_have_bands_and_say_what_a_wanted_coverage_takes(tmp_path):
    found = document(tmp_path, two_models())
    for model in found["models"].values():
        for point in model["coverage"]:
            assert point["usd_per_problem_low"] <= point["usd_per_problem"] <= point["usd_per_problem_high"]
        assert model["cost_of_pass_usd_low"] < model["cost_of_pass_usd"] < model["cost_of_pass_usd_high"]
    first = found["models"]["cheap"]["coverage"][0]
    assert first["log_failure_per_usd"] == pytest.approx(
        -np.log(1 - first["coverage"]) / first["usd_per_problem"]
    )
    reach = {row["coverage"]: row for row in found["models"]["cheap"]["to_reach"]}
    assert list(reach) == [0.5, 0.8, 0.9, 0.95, 0.99]
    largest = found["models"]["cheap"]["coverage"][-1]
    for wanted, row in reach.items():
        if row["k"] is not None:
            assert row["extrapolated"] == (wanted > largest["coverage"])
            assert (row["k"] > 20) == row["extrapolated"]
            assert row["usd_per_problem"] == pytest.approx(
                row["k"] * found["models"]["cheap"]["usd_per_sample"]
            )


def test_problems_that_one_of_two_solved(tmp_path):
    cheap = {"a": counted(4, 0), "b": counted(4, 1), "c": counted(4, 0), "d": counted(4, 4)}
    expensive = {"a": counted(2, 2), "b": counted(2, 0), "c": counted(2, 0), "e": counted(2, 2)}
    (row,) = document(tmp_path, {"cheap": Made(cheap, 10), "expensive": Made(expensive, 100)})[
        "solved_by_one"
    ]
    assert row == {
        "models": ["cheap", "expensive"], "problems": 3, "samples": [12, 6], "only_first": ["b"], "only_second": ["a"],
        "neither": 1,
    }  # fmt: skip


def test_dollars_that_brought_no_sample_are_a_warning_above_a_hundredth(tmp_path):
    counts = {"a": counted(4, 1), "b": counted(4, 2)}
    wasteful = document(tmp_path, {"m": Made(counts, USD, unused_pico=USD)})
    said = "11.1% of m's money bought nothing: $1.00 for requests that were billed without a usable sample"
    assert said in wasteful["warnings"]


@pytest.mark.parametrize("rule", [{"stop_rule": "cascade"}, {"mode": "until_solved"}])
@pytest.mark.parametrize(("wanted", "reaches"), [(20, 4), (10, 10)])
def test_draws_that_were_cut_off_reach_as_far_as_they_would_have_gone_had_nothing_been_solved(
    tmp_path, rule, wanted, reaches
):
    """Three problems and $12 at $1 a sample: four samples of each, though two that were solved left more."""
    passed = {"a": counted(1, 1), "b": counted(1, 1), "c": counted(10, 0)}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed, USD, **rule)})
    steer(path, f"UPDATE model SET samples_wanted = {wanted}")
    found = frontier_document(read_outcomes([path], "usd"), "usd")
    assert found["models"]["m"]["coverage"][-1]["k"] == reaches
    cut = [said for said in found["warnings"] if "had nothing been solved" in said]
    assert len(cut) == (wanted != reaches)


def test_draws_cut_off_in_rounds_reach_a_whole_round(tmp_path):
    """$21 for three problems pay seven samples of each; the round after four ends at eight."""
    passed = {"a": counted(1, 1), "b": counted(4, 1), "c": counted(16, 0)}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed, USD, mode="until_solved")})
    steer(path, "UPDATE model SET samples_wanted = 50", "UPDATE sample SET request_ref = sample_index / 4")
    found = frontier_document(read_outcomes([path], "usd"), "usd")
    assert found["models"]["m"]["coverage"][-1]["k"] == 4


def test_lost_samples_and_solved_problems_are_no_sign_that_draws_were_cut_off(tmp_path):
    passed = {"a": counted(1, 1), "b": [*counted(9, 0), None], "c": counted(10, 0)}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed, USD, mode="until_solved")})
    steer(path, "UPDATE model SET samples_wanted = 10")
    found = frontier_document(read_outcomes([path], "usd"), "usd")
    assert found["models"]["m"]["coverage"][-1]["k"] == 9


def test_draws_that_outcomes_chose_bear_their_part_of_what_bought_nothing(tmp_path):
    """Of $7 for samples $1 is for one that counts, so that it bears a seventh of the $7 that bought none."""
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": counted(7, 1)}, USD, unused_pico=7 * USD)})
    steer(path, "UPDATE sample SET stop_rule = 'solve' WHERE sample_index < 6")
    found = frontier_document(read_outcomes([path], "usd"), "usd")
    assert found["models"]["m"]["cost_of_pass_usd"] == pytest.approx(2.0)
    assert any(said.startswith("50.0% of m's money bought nothing") for said in found["warnings"])


def test_a_cap_on_average_or_hard_leaves_out_what_costs_more(tmp_path):
    models = read_outcomes([make_ledger(tmp_path / "l.db", two_models())], "usd")
    whole = frontier_document(models, "usd")
    cap = np.median([point["usd_per_problem"] for point in whole["frontier"]])
    average = frontier_document(models, "usd", Cap(average=cap))
    assert 0 < len(average["frontier"]) < len(whole["frontier"])
    assert all(point["usd_per_problem"] <= cap for point in average["frontier"])
    hard = frontier_document(models, "usd", Cap(hard=cap))
    assert hard["cap"] == {"average": None, "hard": cap}
    assert all(point["usd_per_problem_most"] <= cap for point in hard["frontier"])
    assert hard["frontier"][-1]["coverage"] <= average["frontier"][-1]["coverage"]
    goes_by = "the hard cap goes by the most expensive sample seen of each problem"
    assert [any(goes_by in said for said in found["warnings"]) for found in (whole, average, hard)] == [
        0,
        0,
        1,
    ]
    nothing = frontier_document(models, "usd", Cap(hard=1e-9))
    assert nothing["frontier"] == nothing["frontier_without_stopping"] == []
    assert any("within the cap" in warning for warning in nothing["warnings"])
    assert not any("within the cap" in warning for warning in whole["warnings"])
