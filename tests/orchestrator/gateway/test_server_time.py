"""An agent on a server that is paid by the hour: its calls' shares of the server's time sum to its cost."""

from __future__ import annotations

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.gateway.at_work import agent_model, run_agents, sweep_file
from tests.orchestrator.gateway.test_chat import three_turns
from tests.orchestrator.run.books import check_books, money, rows
from tests.orchestrator.run.serving import serving


def test_shares_of_the_servers_time_sum_to_the_attempts_cost(tmp_path, monkeypatch):
    vendor = openai_vendor(flavour="vllm", latency=0.05)
    db = tmp_path / "test.db"
    with serving(vendor):
        model = agent_model(vendor)
        del model["price"], model["base_url"]
        model |= {"provider": "vllm", "servers": [vendor.base_url], "gpu_usd_per_hour": 2.5}
        path = sweep_file({"m": model}, samples=3).write(tmp_path)
        result, worked = run_agents(path, db, three_turns, monkeypatch)
    assert (result.status, worked.ended) == ("complete", ["exit"] * 3)
    samples = rows(db, "SELECT * FROM sample_records")
    assert {s["cost_basis"] for s in samples} == {"gpu_time"}
    of = money(db)
    assert sum(s["cost_pico"] for s in samples) == of.settled - of.unused > 0
    assert (of.presumed, of.reserved) == (0, 0)
    check_books(db)
