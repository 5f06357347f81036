"""Usage that no reply can have, and usage at the edges of what one can have: the run goes on or stops, never breaks."""

from __future__ import annotations

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.loopback.vendor import Sample
from tests.orchestrator.run.books import check_books, check_complete, money, one
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run


@pytest.mark.parametrize("tokens", [1 << 38, 1 << 62, 1 << 70])
def test_a_reply_that_would_cost_more_than_a_ledger_can_hold_is_charged_at_its_bound(tmp_path, tokens):
    """At $60 a million, 2^38 tokens are 1.6·10^19 pico-dollars, beyond SQLite's integers."""
    vendor = openai_vendor(
        prices={"input": "5", "output": "60"}, answer=lambda *_: Sample(text="4", tokens=tokens)
    )
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, problems=3, samples=2).write(tmp_path)
        ended = run(path, db)
        asked = len(vendor.seen)
        assert any("charged at its bound" in line for line in ended.result.warnings)
        again = run(path, db)
    check_books(db)
    check_complete(db, {"m": (3, 2)})
    assert len(vendor.seen) == asked, "what was kept is not bought again"
    assert money(db).settled == 0
    assert money(db).presumed == one(db, "SELECT sum(reserved_pico) FROM request") < USD
    # Above 2^40 a count is no count at all; below, it says that max_tokens bounds nothing there.
    assert (ended.status, again.status) == ((4, 0) if tokens < 1 << 40 else (0, 0))
