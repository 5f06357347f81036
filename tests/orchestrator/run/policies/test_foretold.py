"""What a policy's money is expected to solve, and what the screens say of it."""

from __future__ import annotations

import json

import pytest

from orchestrator.ledger.reading.money.status import read_status
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.policies.answers import HALF_PRICES, number, rate, solves, two
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import CHEAP_PRICES


def test_stated_pass_rates_predict_before_any_draw_and_steer_the_first_ones(tmp_path, command):
    cheap = openai_vendor(answer=solves(12), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=solves(12), prices=HALF_PRICES)
    with serving(cheap, expensive):
        rates = {"cheap": 0.01, "expensive": 0.9}
        sweep = two(cheap, expensive, kind="solve", pass_rates=rates)
        sweep.models["expensive"]["price"] = {key: float(value) for key, value in HALF_PRICES.items()}
        sweep.budget_usd = 0.0004
        path = str(sweep.write(tmp_path))
        foretold = json.loads(command("plan", path, "--db", "a.db", "--json").stdout)["foretold"]
        said = " ".join(command("plan", path, "--db", "a.db").stdout.split())
        assert command("run", path, "--db", "a.db", "--budget", "0.1").returncode == 0
    assert foretold["verdicts"] == 0
    assert foretold["uniform"]["model"] == "expensive"
    assert 0 < foretold["solve"]["low"] < foretold["solve"]["solved"] < foretold["solve"]["high"] < 12
    assert "By the stated pass rates alone: with $0.0004 in all: about" in said
    assert len(cheap.seen) < 12


def test_what_the_rest_brings_is_foretold_and_the_screens_say_what_is_bought(tmp_path, command):
    def some(share: float):
        return lambda prompt, index: rate(share)(prompt, index) if number(prompt) < 54 else "#### -1"

    cheap = openai_vendor(answer=some(0.1), prices=CHEAP_PRICES)
    expensive = openai_vendor(answer=some(0.5), prices=HALF_PRICES)
    with serving(cheap, expensive):
        sweep = two(cheap, expensive, kind="solve", measure=0.5)
        sweep.models["expensive"]["price"] = {key: float(value) for key, value in HALF_PRICES.items()}
        sweep.problems, sweep.samples, sweep.budget_usd = 60, 60, 0.007
        path = str(sweep.write(tmp_path))
        before = " ".join(command("plan", path, "--db", "a.db").stdout.split())
        told = command("run", path, "--db", "a.db", "--progress", "lines")
        foretold = json.loads(command("plan", path, "--db", "a.db", "--budget", "0.014", "--json").stdout)[
            "foretold"
        ]
        said = " ".join(command("plan", path, "--db", "a.db", "--budget", "0.014").stdout.split())
    assert "predicted once samples are judged" in before
    by_any = read_status(tmp_path / "a.db")["solved_by_any"]
    for kind in ("solve", "cascade", "uniform"):
        assert by_any <= foretold[kind]["low"] <= foretold[kind]["solved"] <= foretold[kind]["high"] <= 60
    assert foretold["solve"]["solved"] >= foretold["uniform"]["solved"]
    assert f"about {foretold['solve']['solved']:.0f} of 60 solved (" in said
    assert "uniform best single model" in said
    assert "problems solved" in told.stderr
    assert "solved per $" in told.stderr
    stands = command("status", "a.db").stdout
    assert f"{by_any} of 60" in stands
    assert "%" not in next(line for line in stands.splitlines() if line.startswith("cheap"))
    document = json.loads(command("frontier", "a.db", "--json").stdout)
    assert document["foretold"][-1]["usd"] == document["realised"][-1]["usd"]
    assert document["regret"]["low"] <= document["regret"]["solved"] <= document["regret"]["high"]
    assert document["regret"]["solved"] == pytest.approx(document["foretold"][-1]["solved"] - by_any)
    assert "Told the spread of pass rates" in " ".join(command("frontier", "a.db").stdout.split())
    table = command("frontier", "a.db", "--all").stdout.split("dollars spent", 1)[1]
    assert table.split()[:4] == ["solved", "by", "any", "predicted"]
    assert command("frontier", "a.db", "--html", "a.html").returncode == 0
    page = (tmp_path / "a.html").read_text()
    assert "Solved for the money" in page
    assert '"solved":{"width"' in page
    refused = command("plan", "a.db", "--next", "1")
    assert refused.returncode == 2
    assert "the policy solve chose the samples" in refused.stderr
