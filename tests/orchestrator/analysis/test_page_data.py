"""What the report knows besides the frontier's document."""

import json

import pytest

from orchestrator.ledger.reading.outcomes.outcomes import read_outcomes
from tests.orchestrator.analysis.report_fixture import found, price, set_price, tame
from tests.orchestrator.ledger_fixture import Made, counted, make_ledger


def test_tokens_at_the_price_paid_are_the_dollars_paid(tmp_path):
    document, data = found(tame(tmp_path / "t.db"))
    for m, model in enumerate(document["models"].values()):
        prices, axis = data["prices"][m], data["axes"]["usd"]
        assert prices["tokens"]
        rates = prices["usd_per_mtok"]

        def dollars(tokens, rates=rates):
            return sum(count * rate for count, rate in zip(tokens, rates, strict=True)) / 1e6

        assert dollars(prices["per_sample"]) == pytest.approx(axis["per_sample"][m])
        assert axis["per_sample"][m] == pytest.approx(model["coverage"][0]["usd_per_problem"])
        until = list(zip(*prices["until_solved"], strict=True))
        assert [dollars(one) for one in until] == pytest.approx(axis["until_solved"][m])


def test_until_solved_costs_what_the_frontier_says(tmp_path):
    document, data = found(tame(tmp_path / "t.db"))
    ks = [point["k"] for point in document["models"]["cheap"]["coverage"]]
    points = {
        point["policy"]["samples"]["cheap"]: point["sampled_usd_per_problem"]
        for point in document["frontier"]
        if point["policy"]["kind"] == "fixed" and point["policy"]["order"] == ["cheap"]
    }
    assert points
    for k, cost in points.items():
        assert data["axes"]["usd"]["until_solved"][0][ks.index(k)] == pytest.approx(cost)


def test_input_from_a_cache_keeps_its_share_of_the_price(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [1, 0]})})
    set_price(path, "m", price("2", "4") | {"bands": [cached_at("0.5")]})
    insert_request(path, prompt_tokens=100, cached_tokens=40, completion_tokens=7)
    _, data = found(path)
    assert data["prices"][0]["per_sample"] == pytest.approx([10 * (0.6 + 0.4 * 0.25), 20])


def cached_at(rate):
    rates = {"input": "2", "output": "4", "cached_input": rate, "cache_write": "2", "cache_write_1h": "2"}
    return {"from_input_tokens": 0, **rates}


def insert_request(path, **tokens):
    import sqlite3
    from contextlib import closing

    names = ", ".join(tokens)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(
            f"INSERT INTO request (run_id, model_id, problem_id, prompt_id, attempt, n, indices, max_tokens, state, "
            f"reserved_pico, reserved_at, {names}) VALUES (1, 1, 1, 1, 1, 2, '[0, 1]', 40, 'settled', 0, 0, "
            f"{', '.join('?' * len(tokens))})",
            tuple(tokens.values()),
        )


@pytest.mark.parametrize("of", [None, "gpu"])
def test_what_was_not_paid_by_tokens_is_scaled_as_a_whole(tmp_path, of):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [1, 0]})})
    if of is not None:
        set_price(path, "m", price("0", "0", source="gpu time", name="2.5 $/h x 1"))
    _, data = found(path)
    assert not data["prices"][0]["tokens"]
    assert data["axes"]["usd"]["per_sample"] == [0.001]


def test_tokens_of_free_and_imported_samples_can_be_priced(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [1, 0]}, 0)})
    _, data = found(path)
    assert data["prices"][0]["tokens"]
    assert data["prices"][0]["usd_per_mtok"] == [0, 0]
    assert data["prices"][0]["per_sample"] == [10, 20]


def test_unknown_tokens_offer_no_axis_and_no_prices(tmp_path):
    path = make_ledger(tmp_path / "l.db", {"m": Made({"a": [1, 0]}, tokens=(None, None), latency_s=None)})
    set_price(path, "m", price("2", "4"))
    _, data = found(path)
    assert list(data["axes"]) == ["usd", "samples"]
    assert not data["prices"][0]["tokens"]


def test_problems_by_their_pass_rate(tmp_path):
    passed = {"no": counted(10, 0), "one": counted(20, 1), "half": counted(10, 5), "most": counted(10, 9)}
    path = make_ledger(tmp_path / "l.db", {"m": Made(passed | {"all": counted(10, 10)})})
    _, data = found(path)
    assert data["spread"][0]["problems"] == [1, 1, 0, 1, 1, 1]
    assert data["spread"][0]["points"] == [[0.1, 0.0], [0.3, 0.05], [0.5, 0.5], [0.7, 0.9], [0.9, 1.0]]


def test_dollars_by_kind_sum_to_what_the_ledger_holds(tmp_path):
    made = Made({"a": [1, 0]}, unused_pico=3 * 10**9, presumed_pico=5 * 10**9)
    _, data = found(make_ledger(tmp_path / "l.db", {"m": made}))
    spent = data["spending"][0]
    assert (spent["used_usd"], spent["unused_usd"], spent["presumed_usd"]) == (0.002, 0.003, 0.005)


@pytest.mark.slow
def test_its_size_does_not_grow_with_problems_or_samples(tmp_path):
    def size(problems, samples):
        passed = {f"p{i}": counted(samples, i % samples) for i in range(problems)}
        path = make_ledger(tmp_path / f"{problems}.db", {"m": Made(passed), "o": Made(passed, 10**10)})
        return len(json.dumps(found(path)[1]))

    assert size(1000, 100) < 3 * size(100, 20)


def test_several_ledgers_pool_as_the_frontier_does(tmp_path):
    one = tame(tmp_path / "one.db")
    two = tame(tmp_path / "two.db")
    models = read_outcomes([one, two], "input_tokens")
    assert [model.alias for model in models] == ["cheap", "expensive"]
    assert models[0].rows == ((one, 1), (two, 1))
    assert models[0].cost.sum() == 2 * 20 * 20 * 10
