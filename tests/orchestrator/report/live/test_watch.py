"""`manyfew watch`: another process's run, read only."""

from __future__ import annotations

import signal
import sqlite3
import time
from dataclasses import replace

from orchestrator.ledger.reading.money.watch import Watched
from orchestrator.moment import at_moment, moment
from orchestrator.progress import AttemptProgress
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.report.progress_fixture import model as shown
from tests.orchestrator.report.progress_fixture import progress
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


def test_what_only_the_run_knows_is_seen_from_outside(command, tmp_path):
    """What models wait for, the pace of the money, and what its display tells the person."""
    limited = openai_vendor(latency=0.1)
    free = openai_vendor(latency=0.3)
    db = tmp_path / "l.db"
    with serving(limited), serving(free):
        models = {
            "limited": model(limited, max_n=1, limits={"requests_per_minute": 12}),
            "steady": model(free, max_n=1, limits={"concurrency": 2}),
        }
        process = start(SweepFile(models, samples=60).write(tmp_path), db)
        try:
            watched, until = Watched(db), time.monotonic() + 60
            seen = None
            while seen is None or not seen.models or not seen.models[0].waiting or not seen.pico_per_s:
                assert time.monotonic() < until, seen
                assert process.poll() is None
                time.sleep(0.3)
                seen = watched.read() if db.exists() else None
            said = command("status", str(db)).stdout
        finally:
            process.send_signal(signal.SIGINT)
            finish(process)
    assert seen.models[0].waiting.startswith("rate limit")
    assert seen.models[1].samples_per_s > 0
    assert seen.since_reply_s is not None
    assert "limited waits: rate limit" in said
    assert "a minute" in said
    assert "samples a second" in said
    with sqlite3.connect(db) as connection:
        assert connection.execute("SELECT count(*) FROM moment").fetchone() == (0,)


def test_a_draining_run_is_seen_as_such(tmp_path):
    vendor = openai_vendor()
    vendor.held.set()
    db = tmp_path / "l.db"
    with serving(vendor):
        process = start(SweepFile({"m": model(vendor)}, samples=2).write(tmp_path), db)
        until = time.monotonic() + 60
        while not vendor.seen:  # what is only reserved is not waited for
            assert time.monotonic() < until
            time.sleep(0.1)
        watched = Watched(db)
        process.send_signal(signal.SIGINT)
        while watched.read().phase != "draining":
            assert time.monotonic() < until
            time.sleep(0.2)
        assert "Ctrl-C" in (watched.read().note or "")
        vendor.held.clear()
        finish(process)


def test_a_moment_comes_back_as_it_was_said():
    attempt = AttemptProgress(
        alias="cheap", problem="p", sample_index=3, calls=2, cost_pico=5, doing="ls \x1b[2J"
    )
    told = progress(
        shown("cheap", waiting="rate limit, 12 s", samples_per_s=1.5, eta_s=20.0),
        at=1000.0,
        since_reply_s=12.0,
        pico_per_s=7.0,
        note="Ctrl-C: waiting for 12 requests",
        phase="draining",
        attempts=(attempt,),
        eta_s=20.0,
    )
    read = progress(shown("cheap"), shown("other", samples_per_s=3.0), at=1002.0)
    seen = at_moment(read, moment(told))
    assert seen.models[0] == told.models[0]
    assert seen.models[1].samples_per_s == 0
    assert (seen.phase, seen.note, seen.attempts) == (told.phase, told.note, told.attempts)
    assert (seen.pico_per_s, seen.since_reply_s, seen.eta_s) == (7.0, 14.0, 20.0)
    later = replace(told, at=1007.0, since_reply_s=19.0)
    assert moment(later) == moment(told)


def test_a_cascade_s_problems_are_counted_together(command, tmp_path):
    cheap = openai_vendor(answer=lambda prompt, _: "#### 4" if "2 + 2" in prompt else "#### -1")
    expensive = openai_vendor(answer=lambda prompt, _: "#### 6" if "3 + 3" in prompt else "#### -1")
    db = tmp_path / "l.db"
    with serving(cheap), serving(expensive):
        models = {"cheap": model(cheap), "expensive": model(expensive)}
        policy = {"kind": "cascade", "order": ["cheap", "expensive"]}
        ended = run(SweepFile(models, samples=2, policy=policy).write(tmp_path), db)
    assert Watched(db).read().solved_by_any == ended.result.progress.solved_by_any == 2
    said = command("status", str(db)).stdout
    assert "Together 2 of 10 problems solved." in said.replace("together", "Together")
    assert "coverage" not in said
