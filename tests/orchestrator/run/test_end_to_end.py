"""A sweep against a server that bills: every row there, dollars equal to the bill, every verdict right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, one, rows, watched
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import (
    CHEAP_PRICES,
    USD,
    SweepFile,
    finish,
    model,
    questions,
    run,
    start,
    warned,
)

GSM8K = Path(__file__).resolve().parents[4] / "shared/data/gsm8k_test.jsonl"


def right_every(step: int, gold: dict[str, str]):
    """Answers a question right at every `step`-th sample, and wrong in several ways else."""

    def answer(prompt: str, index: int) -> str:
        key = next(q for q in gold if q in prompt)
        if index % step == 0:
            return f"So it is {gold[key]}.\n#### {gold[key]}"
        return ["I can't say.", f"#### {float(gold[key].replace(',', '')) + 1:.0f}", "#### -7.5"][index % 3]

    return answer


def gsm8k() -> tuple[dict[str, object], dict[str, str]]:
    import json

    if not GSM8K.exists():
        pytest.skip(f"the data set is not there: {GSM8K}")
    with GSM8K.open() as file:
        problems = [json.loads(next(file)) for _ in range(40)]
    gold = {p["question"]: p["answer"].rpartition("####")[2].strip().replace(",", "") for p in problems}
    return {"source": "gsm8k", "path": str(GSM8K), "limit": 40}, gold


def own() -> tuple[dict[str, object] | None, dict[str, str]]:
    return None, {p["question"]: p["answer"] for p in questions(40)}


@pytest.mark.parametrize("problems", [gsm8k, own])
@pytest.mark.parametrize("max_n", [128, 3])
def test_two_models_against_a_server_that_bills(tmp_path, problems, max_n):
    source, gold = problems()
    cheap = openai_vendor(prices=CHEAP_PRICES, answer=right_every(5, gold), latency=0.005, cached_share=0.3)
    expensive = openai_vendor(answer=right_every(2, gold), latency=0.02)
    db = tmp_path / "test.db"
    with serving(cheap, expensive), watched(db, 10 * USD):
        path = SweepFile(
            {"cheap": model(cheap, max_n=max_n), "expensive": model(expensive, samples=4)},
            problems=40,
            source=source,
            samples=16,
        ).write(tmp_path)
        ended = run(path, db)
        assert (ended.status, ended.result.status, warned(ended.result.warnings)) == (0, "complete", [])
        asked = len(cheap.seen), len(expensive.seen)
        assert asked == (40 * -(-16 // max_n), 40 * -(-4 // 128))
        again = run(path, db)
        assert again.status == 0
        assert (len(cheap.seen), len(expensive.seen)) == asked, "the second run asked again"
    check_books(db)
    check_complete(db, {"cheap": (40, 16), "expensive": (40, 4)})
    for alias, vendor in (("cheap", cheap), ("expensive", expensive)):
        assert money(db, alias).settled == vendor.billed_pico > 0
        assert (money(db, alias).presumed, money(db, alias).unused) == (0, 0)
    check_bill(db, {"cheap": cheap, "expensive": expensive}, 10 * USD)
    check_verdicts(db, {"cheap": 5, "expensive": 2}, max_n)
    assert one(db, "SELECT count(*) FROM run WHERE status = 'complete' AND ended_at IS NOT NULL") == 2
    assert ended.result.progress.settled_pico == money(db).settled == again.result.progress.settled_pico


def check_verdicts(db, steps, max_n):
    """The vendor counts samples in the order of its requests, the ledger by dispatch: with one request at a time of a
    problem they are the same; so right ones are told by their text."""
    for alias, step in steps.items():
        found = rows(db, "SELECT text, passed, answer FROM sample_records WHERE model = ?", alias)
        right = [r for r in found if r["text"].startswith("So it is")]
        assert all(r["passed"] == 1 for r in right)
        assert all(r["passed"] == 0 for r in found if not r["text"].startswith("So it is"))
        samples = len(found) // 40
        assert len(right) == 40 * -(-samples // step)


def test_a_reader_of_stderr_that_hung_up_changes_neither_the_status_nor_the_document(tmp_path):
    import json

    vendor = openai_vendor()
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}, budget_usd=0.000001).write(tmp_path)
        process = start(path, tmp_path / "l.db", "--json")
        assert process.stderr is not None
        process.stderr.close()
        assert process.stdout is not None
        with process.stdout:
            out = process.stdout.read()
        status = process.wait(30)
    assert status == 3
    assert json.loads(out)["status"] == "budget"


def test_the_command_itself(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "ledgers" / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor)}).write(tmp_path)
        ended = finish(start(path, db))
    assert ended.status == 0, ended.err
    check_books(db)
    check_complete(db, {"m": (10, 4)})
    assert money(db).settled == vendor.billed_pico
