"""mode = "until_solved": a problem ends at its first verified success."""

from __future__ import annotations

import pytest

from orchestrator.ledger.reading.money.status import read_status
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, counts, one, rows
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, model, run

NUMBERS = {f"What is {i} + {i}?": i for i in range(8)}


def right_from(prompt: str, index: int) -> str:
    """Problem i is first solved by sample i; problem 7 never."""
    i = NUMBERS[next(q for q in NUMBERS if q in prompt)]
    return f"try {index}: #### {2 * i}" if i < 7 and index >= i else f"try {index}: #### -1"


@pytest.mark.parametrize("max_n", [1, 128])
def test_it_stops_at_the_first_verified_success(tmp_path, max_n):
    vendor = openai_vendor(answer=right_from, latency=0.005)
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile(
            {"m": model(vendor, max_n=max_n)}, problems=8, samples=20, sampling={"mode": "until_solved"}
        ).write(tmp_path)
        assert run(path, db).status == 0
        asked = len(vendor.seen)
        assert run(path, db).status == 0
        assert len(vendor.seen) == asked
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    found = counts(db, "m")
    for i in range(7):
        # rounds of 1, 1, 2, 4, 8: to 1, 2, 4, 8, 16 samples; one a request where max_n says so
        needed = i + 1
        asked_for = needed if max_n == 1 else 1 << (needed - 1).bit_length()
        assert found[f"p{i}"] == asked_for, (i, found)
    assert found["p7"] == 20
    assert {row[0] for row in rows(db, "SELECT DISTINCT stop_rule FROM sample_records")} == {"first_success"}
    status = read_status(db)
    assert status["status"] == "complete"
    done = found.total()
    assert status["samples"] == {"planned": done, "done": done, "failed": 0}
    assert status["models"]["m"]["solved_problems"] == 7


def test_it_goes_on_where_it_was(tmp_path):
    """Stopped in between, then raised: unsolved problems go on, solved ones ask no more."""
    vendor = openai_vendor(answer=right_from, latency=0.1)
    db = tmp_path / "test.db"
    with serving(vendor):
        sweep = SweepFile(
            {"m": model(vendor, max_n=1, limits={"concurrency": 2})},
            problems=8,
            samples=4,
            sampling={"mode": "until_solved"},
        )
        path = sweep.write(tmp_path)
        assert run(path, db, stop_after_s=0.5).status == 130
        vendor.latency = 0.0
        assert run(path, db).status == 0
        assert counts(db, "m") == {f"p{i}": min(i + 1, 4) for i in range(8)}
        sweep.samples = 12
        assert run(sweep.write(tmp_path), db).status == 0
    check_books(db)
    assert counts(db, "m") == {**{f"p{i}": i + 1 for i in range(7)}, "p7": 12}
    assert one(db, "SELECT count(*) FROM sample_records WHERE passed = 1") == 7
