"""A plan of ten million samples is a few integers a problem."""

from __future__ import annotations

import time
import tracemalloc

from orchestrator.run.planning.plan import plan_sweep
from orchestrator.run.prepare import prepare
from orchestrator.sweep.load import load
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books, counts
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, model, run


def test_ten_million_samples(tmp_path):
    vendor = openai_vendor(latency=0.002)
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"price": {"input": 0.0, "output": 0.0}, "max_n": 16}
        path = SweepFile({"m": model(vendor, **keys)}, problems=1000, samples=10_000).write(tmp_path)
        began = time.process_time()
        planned = plan_sweep(prepare(load(path)), db)
        assert time.process_time() - began < 3
        assert planned.models[0].samples == 10_000_000
        tracemalloc.start()
        try:
            ended = run(path, db, stop_after_s=1.5)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert ended.status == 130
        assert ended.result.progress.models[0].planned == 10_000_000
        assert most < 40 << 20, f"{most >> 20} MiB for 1,000 problems: an object a sample would be gigabytes"
    check_books(db)
    found = counts(db, "m")
    assert found.total() >= 16 * 10
    assert max(found.values()) - min(found[f"p{i}"] for i in range(1000)) <= 16, "breadth first"
