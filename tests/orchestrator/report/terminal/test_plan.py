"""`manyfew plan`: sends nothing, and says what the money reaches."""

import json
import re

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run

PRICES = {"input": 5.0, "output": 15.0}


def unreachable(**keys):
    return {
        "provider": "openai-compatible",
        "model": "m",
        "base_url": "http://127.0.0.1:9/v1",
        "price": PRICES,
        **keys,
    }


def plan(command, path, *arguments):
    done = command("plan", str(path), "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_worst_case_is_bytes_overhead_and_max_tokens(command, tmp_path):
    problems = [{"id": "a", "question": "ab", "answer": "1"}, {"id": "b", "question": "äöü", "answer": "1"}]
    sweep = SweepFile({"m": unreachable(max_n=4, prompt_overhead_tokens=100)}, problems=problems, samples=10)
    path = sweep.write(tmp_path)
    text = path.read_text().replace("[sampling]", "[prompt]\ntemplate = '{question}'\n[sampling]")
    path.write_text(text)
    found = plan(command, path)
    # 3 requests of at most 4 samples a problem; 2 and 6 bytes of prompt, 16 tokens around their one message
    worst_input = 3 * (2 + 16 + 100) + 3 * (6 + 16 + 100)
    assert found["models"]["m"]["requests"] == 6
    assert found["models"]["m"]["samples"] == 20
    assert found["worst_usd"] == pytest.approx((worst_input * 5 + 20 * 64 * 15) / 1e6, abs=1e-12)
    assert found["expected_usd"] < found["worst_usd"]


def test_what_else_is_sent_and_counted_is_in_the_worst_case(command, tmp_path):
    """Each message, and a schema in `extra` with every byte of it."""
    schema = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"description": "ä" * 1000}}}
    problems = [{"id": "a", "messages": [{"role": "user", "content": "?"}] * 201, "answer": "1"}]
    keys = {"max_n": 4, "prompt_overhead_tokens": 0}
    bare = SweepFile({"m": unreachable(**keys)}, problems=problems, samples=4)
    told = SweepFile(
        {"m": unreachable(extra={"response_format": schema}, **keys)}, problems=problems, samples=4
    )
    worst = [
        plan(command, one.write(tmp_path / name))["worst_usd"] for name, one in (("a", bare), ("b", told))
    ]
    assert worst[0] == pytest.approx((201 * (1 + 16) * 5 + 4 * 64 * 15) / 1e6, abs=1e-12)
    sent = len(json.dumps({"response_format": schema}, ensure_ascii=False, separators=(",", ":")).encode())
    assert sent > 2000
    assert worst[1] - worst[0] == pytest.approx(sent * 5 / 1e6, abs=1e-12)


def test_a_small_budget_says_what_it_will_not_cover_and_what_slows_it(command, tmp_path):
    path = SweepFile({"m": unreachable(max_tokens=4096)}, problems=100, samples=50, budget_usd=0.2).write(
        tmp_path
    )
    found = plan(command, path)["models"]["m"]
    assert 0 < found["covered"] < 0.01
    text = " ".join(command("plan", str(path)).stdout.split())
    assert "pays for about 0." in text
    assert "a lower max_tokens lets more" in text


def test_limits_say_how_long_it_takes(command, tmp_path):
    limits = {"requests_per_minute": 60}
    path = SweepFile({"m": unreachable(limits=limits, max_n=1)}, problems=10, samples=6).write(tmp_path)
    assert plan(command, path)["models"]["m"]["seconds"] == pytest.approx(60)


def test_what_the_ledger_has_is_not_planned_again_and_its_means_are_used(command, tmp_path):
    vendor = openai_vendor()
    with serving(vendor):
        small = SweepFile({"m": model(vendor)}, samples=2).write(tmp_path)
        assert run(small, tmp_path / "runs" / "test.db").status == 0
        asked = len(vendor.seen)
        path = SweepFile({"m": model(vendor)}, samples=6).write(tmp_path)
        found = plan(command, path)
        assert len(vendor.seen) == asked, "plan sends nothing"
    assert found["models"]["m"]["samples"] == 10 * 4
    per_sample = found["models"]["m"]["output_tokens"] / 40
    assert per_sample != 32, "half of max_tokens is for models without samples"
    assert found["held_usd"] * 1e12 == pytest.approx(vendor.billed_pico)


def test_a_server_s_time_is_expected_by_an_assumption_that_is_told(command, tmp_path):
    gpu = {"provider": "vllm", "model": "m", "servers": ["http://127.0.0.1:9/v1"], "gpu_usd_per_hour": 3.6}
    path = SweepFile({"m": gpu}, problems=10, samples=100).write(tmp_path)
    found = plan(command, path)["models"]["m"]
    assert found["expected_usd"] == pytest.approx(10 * 100 * 32 / 1000 / 3600 * 3.6)
    assert found["worst_usd"] == pytest.approx(10 * 100 * 64 / 1000 / 3600 * 3.6)
    assert "1,000 output tokens a second" in " ".join(command("plan", str(path)).stdout.split())


def _two(tmp_path, *, budget, cheap=20, expensive=4, **keys):
    models = {
        "cheap": unreachable(samples=cheap, price={"input": 0.1, "output": 0.4}, **keys),
        "expensive": unreachable(samples=expensive),
    }
    return SweepFile(models, problems=12, samples=cheap, budget_usd=budget).write(tmp_path)


@pytest.mark.parametrize("budget", [0.0123, 0.05, 0.4])
def test_what_fits_is_covered_and_one_more_is_not(command, tmp_path, budget):
    found = plan(command, _two(tmp_path, budget=budget), "--fit")["fit"]
    cheap, expensive = found["samples"].values()
    assert cheap // 5 in (expensive, expensive - 1, expensive + 1), "as the sweep file has them: 5 to 1"
    fits = plan(command, _two(tmp_path, budget=budget, cheap=cheap, expensive=expensive))
    assert fits["expected_usd"] == pytest.approx(found["expected_usd"])
    assert fits["expected_usd"] <= budget
    assert fits["worst_usd"] >= found["expected_usd"]
    assert all(m["covered"] == 1 for m in fits["models"].values())
    above = plan(command, _two(tmp_path, budget=budget, cheap=cheap + 5, expensive=expensive + 1))
    assert above["expected_usd"] > budget


def test_a_models_own_budget_bounds_its_samples_alone(command, tmp_path):
    free = plan(command, _two(tmp_path, budget=0.4), "--fit")["fit"]["samples"]
    found = plan(command, _two(tmp_path, budget=0.4, budget_usd=0.001), "--fit")["fit"]["samples"]
    assert found["cheap"] < free["cheap"]
    assert found["expensive"] >= free["expensive"]


def test_the_answer_comes_first(command, tmp_path):
    def first(budget, *flags):
        return command("plan", str(_two(tmp_path, budget=budget)), *flags).stdout.splitlines()

    assert first(5)[0].endswith("; your budget of $5.00 covers even the worst case.")
    assert "about $0.0" in first(5)[0]
    assert first(0.04)[0].endswith("; your budget of $0.04 covers what is expected.")
    short = first(0.004)
    assert "; your budget of $0.004 pays for about " in short[0]
    assert short[1].startswith("expensive takes 88% of the money: $0.0238 for 48 samples.")
    assert short[2].startswith("To see how many samples fit: manyfew plan ")
    assert command("plan", *short[2].partition("manyfew plan ")[2].split()).returncode == 0
    fit = first(0.01, "--fit")[2]
    assert fit.startswith("Your budget is expected to pay for samples = ")
    assert " in [models.expensive]: about $0.0" in fit
    assert "Not even 1 sample per problem fits" in first(0.005, "--fit")[2]
    assert first(0.00001, "--fit")[2].endswith(": raise the budget.")


@pytest.mark.parametrize("flags", [(), ("--fit",)])
def test_no_money_names_the_budget_that_would_do(command, tmp_path, flags):
    path = _two(tmp_path, budget=1)
    said = command("plan", str(path), "--budget", "0", *flags).stdout
    assert said.splitlines()[0].endswith("; your budget of $0 pays for nothing.")
    assert "limit = N" not in said
    assert "--fit" not in said
    expected, worst = re.findall(r"--budget ([\d.]+)", said)
    assert "covers what is expected" in command("plan", str(path), "--budget", expected).stdout
    assert "covers even the worst case" in command("plan", str(path), "--budget", worst).stdout


def test_fit_needs_a_budget_and_a_sweep_file(command, tmp_path):
    path = _two(tmp_path, budget=1)
    path.write_text(re.sub(r"(?m)^.*budget_usd.*\n", "", path.read_text(), count=1))
    done = command("plan", str(path), "--fit")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--fit: needs a budget" in done.stderr
    assert command("plan", "l.db", "--next", "1", "--fit").returncode == 2
