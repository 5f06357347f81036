"""`manyfew plan`: sends nothing, and says what the money reaches."""

import json

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
    assert "The budget will not cover the plan" in text
    assert "a smaller max_tokens lets more" in text


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
