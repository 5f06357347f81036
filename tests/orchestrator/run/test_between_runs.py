"""What is changed between two runs of a ledger: its money is one sum over all of them."""

from __future__ import annotations

import json
import shutil
import time

import pytest

from orchestrator.errors import InputError
from orchestrator.ledger.reading.money.status import read_status
from tests.loopback import faults
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import (
    check_bill,
    check_books,
    check_complete,
    money,
    one,
    rows,
    sample_keys,
    watched,
)
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, run, start


def lost(vendor):
    """Every request of it ends unknown."""
    vendor.fault_rates = {faults.RESET_BILLED: 1.0}


def test_a_model_whose_requests_were_lost_keeps_its_money_though_it_becomes_another(tmp_path):
    """It has no sample, so it may be defined anew; what may have been billed for it stays."""
    vendor = openai_vendor()
    lost(vendor)
    db = tmp_path / "test.db"
    with serving(vendor):
        keys = {"max_attempts": 1, "max_n": 4}
        first = run(SweepFile({"m": model(vendor, **keys)}, problems=2).write(tmp_path), db)
        held = money(db)
        assert first.status in {1, 4}
        assert 0 < vendor.billed_pico <= held.presumed
        vendor.fault_rates = {}
        again = SweepFile({"m": model(vendor, max_tokens=32)}, problems=2, budget_usd=10)
        assert run(again.write(tmp_path), db).status == 0
    check_books(db)
    check_bill(db, {"m": vendor}, 10 * USD)
    assert money(db).presumed == held.presumed


def test_what_was_paid_never_turns_into_a_recordings(tmp_path):
    """A recording's dollars count against no budget: a model that has spent money can't become one."""
    vendor = openai_vendor()
    lost(vendor)
    db = tmp_path / "test.db"
    with serving(vendor):
        first = SweepFile({"m": model(vendor, max_attempts=1)}, problems=2)
        assert run(first.write(tmp_path), db).status in {1, 4}
        held = money(db)
        (tmp_path / "tape.jsonl").write_text(
            '{"model": "m", "problem": "p0", "sample_index": 0, "text": "#### 0"}\n'
        )
        replay = {"provider": "replay", "model": "m", "tape": "tape.jsonl"}
        with pytest.raises(InputError, match="is no recording"):
            run(SweepFile({"m": replay}, problems=2, samples=1).write(tmp_path), db)
    assert money(db) == held


def with_a_gap(vendor, folder, **sampling):
    """A ledger whose second of four requests was lost: samples 0, 1, 4, 5, 6, 7 of 8."""
    db = folder / "test.db"
    vendor.faults.extend([None, faults.RESET_BILLED])
    keys = {"max_attempts": 1, "max_n": 2, "limits": {"concurrency": 1}}
    sweep = SweepFile({"m": model(vendor, **keys)}, problems=1, samples=8, sampling=sampling)
    assert run(sweep.write(folder), db).status == 1
    assert [index for _, _, index in sample_keys(db)] == [0, 1, 4, 5, 6, 7]
    return db, sweep


def check_numbered(db, n):
    """Without gaps, in the order of dispatch; each request names the samples that it brought."""
    found = rows(db, "SELECT sample_index, request_id FROM sample ORDER BY sample_index")
    assert [row["sample_index"] for row in found] == list(range(n))
    assert [row["request_id"] for row in found] == sorted(row["request_id"] for row in found)
    for row in rows(db, "SELECT id, n, indices FROM request"):
        told = json.loads(row["indices"])
        assert len(set(told)) == row["n"]
        assert {r["sample_index"] for r in found if r["request_id"] == row["id"]} <= set(told)
    check_books(db)


@pytest.mark.parametrize(("samples", "asked"), [(8, 2), (7, 1), (6, 0), (3, 0)])
def test_samples_are_numbered_without_gaps_though_fewer_are_wanted_now(tmp_path, samples, asked):
    """Those above the missing ones count as any others: nothing is bought that is there already."""
    vendor = openai_vendor()
    with serving(vendor):
        db, sweep = with_a_gap(vendor, tmp_path)
        before = sum(bill.samples for bill in vendor.billed)
        sweep.samples = samples
        assert run(sweep.write(tmp_path), db).status == 0
    assert sum(bill.samples for bill in vendor.billed) - before == asked
    found = rows(db, "SELECT sample_index FROM sample ORDER BY sample_index")
    assert [row["sample_index"] for row in found] == list(range(6 + asked))
    if not asked:
        check_numbered(db, 6)
    assert read_status(db)["samples"] == {"planned": 6 + asked, "done": 6 + asked, "failed": 0}
    check_bill(db, {"m": vendor}, 10 * USD)


def test_samples_of_a_solved_problem_are_numbered_without_gaps(tmp_path):
    """What is missing below its success is asked for no more."""
    vendor = openai_vendor(answer=lambda _, index: "#### 0" if index >= 6 else "#### -1")
    db = tmp_path / "test.db"
    vendor.faults.extend([None, faults.RESET_BILLED])
    with serving(vendor):
        keys = {"max_attempts": 1, "max_n": 2, "limits": {"concurrency": 1}}
        path = SweepFile(
            {"m": model(vendor, **keys)}, problems=1, samples=20, sampling={"mode": "until_solved"}
        ).write(tmp_path)
        run(path, db)
    assert one(db, "SELECT max(passed) FROM sample") == 1
    check_numbered(db, one(db, "SELECT count(*) FROM sample"))
    check_bill(db, {"m": vendor}, 10 * USD)


def test_another_max_tokens_is_refused_once_there_are_samples(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        assert run(SweepFile({"m": model(vendor)}, problems=2).write(tmp_path), db).status == 0
        asked, held = len(vendor.seen), money(db)
        for changed in ({"max_tokens": 65}, {"max_tokens": 63}):
            with pytest.raises(InputError, match="max_tokens: 64 became 6"):
                run(SweepFile({"m": model(vendor, **changed)}, problems=2, samples=8).write(tmp_path), db)
    assert (len(vendor.seen), money(db)) == (asked, held)


def test_another_price_is_for_what_follows(tmp_path):
    """What was settled stays as it was billed; the vendor raises its price, and the user says so."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        assert run(SweepFile({"m": model(vendor)}, problems=3, samples=2).write(tmp_path), db).status == 0
        before = money(db)
        assert before.settled == vendor.billed_pico
        vendor.prices = {"input": "0.123457", "cached_input": "0.1", "output": "60.000001"}
        with watched(db, 10 * USD):
            more = SweepFile({"m": model(vendor)}, problems=3, samples=4)
            assert run(more.write(tmp_path), db).status == 0
    check_books(db)
    check_complete(db, {"m": (3, 4)})
    assert money(db).settled == vendor.billed_pico
    assert one(db, "SELECT sum(settled_pico) FROM request WHERE run_id = 1") == before.settled


def test_more_overhead_is_reserved_for_what_follows(tmp_path):
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        for samples, overhead in ((1, 512), (2, 5000), (3, 100)):
            keys = {"prompt_overhead_tokens": overhead}
            sweep = SweepFile({"m": model(vendor, **keys)}, problems=1, samples=samples)
            assert run(sweep.write(tmp_path), db).status == 0
    bounds = [row[0] for row in rows(db, "SELECT reserved_pico FROM request ORDER BY id")]
    assert bounds[1] - bounds[0] == (5000 - 512) * 5 * 10**6
    assert bounds[2] == bounds[1], "a bound that was raised is never lowered"


def test_a_copy_taken_while_a_run_writes_is_a_ledger_of_its_own(tmp_path):
    """Both go on: each has its own budget from there, none sees the other's samples, and both add up."""
    vendor = openai_vendor(latency=0.02)
    db, copy = tmp_path / "test.db", tmp_path / "copy.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, max_n=1, limits={"concurrency": 3})}, problems=12).write(
            tmp_path
        )
        first = start(path, db)
        while len(vendor.billed) < 5:
            assert first.poll() is None, first.communicate()
            time.sleep(0.005)
        for suffix in (
            "",
            "-wal",
        ):  # as a user does; the log first or last, a copy may miss what came meanwhile
            shutil.copyfile(f"{db}{suffix}", f"{copy}{suffix}")
        there = len(sample_keys(copy))
        second = finish(start(path, copy))
        ended = finish(first)
    assert (ended.status, second.status) == (0, 0), second.err
    for ledger in (db, copy):
        check_books(ledger)
        check_complete(ledger, {"m": (12, 4)})
        assert money(ledger).held <= 10 * USD
    assert 0 < there < 48
    both = money(db).held + money(copy).held
    twice = one(copy, "SELECT sum(settled_pico) FROM request WHERE run_id = 1")
    assert both - twice >= vendor.billed_pico, "what the copy knew already is not billed twice"
