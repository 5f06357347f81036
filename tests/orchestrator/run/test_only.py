"""`run --only`: some of the models, whose counts and exit status these are; shares are as in the whole sweep."""

from __future__ import annotations

import json

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.work import Sample
from tests.orchestrator.run.books import check_books, money
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model


def test_the_others_are_not_asked_and_the_next_run_asks_them(manyfew, tmp_path):
    one, other = openai_vendor(), openai_vendor()
    with serving(one, other):
        models = {"a": model(one), "b": model(other), "c": model(other, samples=2)}
        path = str(SweepFile(models, problems=5, samples=4).write(tmp_path))
        done = manyfew("run", path, "--only", "a", "--only", "c", "--json")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert found["status"] == "complete"
        assert list(found["models"]) == ["a", "c"]
        assert found["samples"] == {"planned": 30, "done": 30, "failed": 0}
        assert len(other.seen) > 0
        whole = json.loads(manyfew("status", "runs/test.db", "--json").stdout)
        assert whole["status"] == "incomplete"
        assert whole["samples"] == {"planned": 50, "done": 30, "failed": 0}
        assert "not all models were asked" in manyfew("status", "runs/test.db").stdout
        rest = json.loads(manyfew("run", path, "--json").stdout)
        assert (rest["status"], rest["samples"]["done"]) == ("complete", 50)
    check_books(tmp_path / "runs" / "test.db")


def test_their_shares_of_a_short_budget_stay_theirs(manyfew, tmp_path):
    def full_length(prompt: str, index: int) -> Sample:
        return Sample(text=f"{index} #### 4", tokens=64)

    vendor = openai_vendor(answer=full_length)
    budget = 0.05
    with serving(vendor):
        models = {alias: model(vendor, prompt_overhead_tokens=0) for alias in ("a", "b")}
        path = SweepFile(models, problems=20, samples=16, budget_usd=budget).write(tmp_path)
        done = manyfew("run", str(path), "--only", "a", "--json")
    assert done.returncode == 3
    spent = money(tmp_path / "runs" / "test.db").settled / 1e12
    assert 0.35 * budget < spent <= 0.5 * budget
    assert list(json.loads(done.stdout)["models"]) == ["a"]


def test_a_stop_of_another_model_is_not_its_exit_status_and_only_its_key_is_needed(manyfew, tmp_path):
    vendor = openai_vendor()
    with serving(vendor):
        models = {
            "a": model(vendor),
            "b": model(vendor, base_url="http://127.0.0.1:9/v1", api_key_env="NO_KEY"),
        }
        path = str(SweepFile(models, problems=3, samples=2).write(tmp_path))
        assert manyfew("run", path, "--only", "a").returncode == 0
        assert manyfew("run", path).returncode == 2


def test_a_model_that_the_sweep_does_not_have(manyfew, tmp_path):
    vendor = openai_vendor()
    with serving(vendor):
        path = str(SweepFile({"a": model(vendor)}).write(tmp_path))
        done = manyfew("run", path, "--only", "x")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "has no model 'x' (use a)" in done.stderr
    assert not (tmp_path / "runs").exists()
