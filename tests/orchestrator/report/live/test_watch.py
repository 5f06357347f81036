"""`manyfew watch`: another process's run, read only."""

from __future__ import annotations

import time

from orchestrator.ledger.reading.money.watch import Watched
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_books
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import SweepFile, finish, model, run, start


def test_while_it_runs_and_after(command, tmp_path):
    vendor = openai_vendor(latency=0.2)
    db = tmp_path / "l.db"
    with serving(vendor):
        keys = {"max_n": 1, "limits": {"concurrency": 4}}
        process = start(SweepFile({"m": model(vendor, **keys)}, samples=8).write(tmp_path), db)
        until = time.monotonic() + 30
        while len(vendor.billed) < 12:
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
        watched = Watched(db)
        first = watched.read()
        time.sleep(1.0)
        later = watched.read()
        assert finish(process).status == 0
    assert (first.phase, later.phase) == ("sampling", "sampling")
    (m,) = later.models
    assert 0 < first.models[0].done < m.done < 80
    assert (m.planned, m.problems) == (80, 10)
    assert m.in_flight_requests == m.in_flight_samples > 0
    assert m.samples_per_s > 0
    assert m.eta_s is not None
    assert later.reserved_pico > 0
    assert later.settled_pico + later.presumed_pico + later.reserved_pico <= later.budget_pico
    done = command("watch", str(db))
    assert done.returncode == 0
    assert "80/80 samples" in done.stdout
    assert watched.read().phase == "done"
    check_books(db)


def test_the_figures_are_those_of_the_run_s_own_display(tmp_path):
    vendor = openai_vendor(answer=lambda _, i: f"#### {i % 3}")
    db = tmp_path / "l.db"
    with serving(vendor):
        ended = run(SweepFile({"m": model(vendor)}, samples=6).write(tmp_path), db)
    seen, own = Watched(db).read(), ended.result.progress
    for name in ("name", "budget_pico", "settled_pico", "presumed_pico", "reserved_pico", "unverified"):
        assert getattr(seen, name) == getattr(own, name), name
    for name in (
        "done",
        "planned",
        "failed",
        "requests",
        "retries",
        "solved_problems",
        "verified",
        "passed",
        "eta_s",
    ):
        assert getattr(seen.models[0], name) == getattr(own.models[0], name), name


def test_an_imported_ledger_has_no_run(command, tmp_path):
    from tests.orchestrator.ledger_fixture import Made, counted, make_ledger

    db = make_ledger(tmp_path / "l.db", {"m": Made({"p": counted(3, 1)})})
    done = command("watch", str(db))
    assert (done.returncode, done.stderr) == (0, "")
    assert "imported" in done.stdout


def test_no_ledger_is_one_line(command, tmp_path):
    done = command("watch", "missing.db")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
