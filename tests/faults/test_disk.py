"""Every call that SQLite makes to the disk can fail, be the process's last, or be undone by a power cut.

MANYFEW_FAULTS says at how many calls of each kind (3 of a new ledger here, 16 in CI and `all` in the long run, of one
that is gone on with too), MANYFEW_FAULT_SEED which sectors a power cut keeps. A failure names both."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pytest

from tests.faults.disk import FOLDER, Fault, read_log
from tests.faults.scene import SIGKILLED, Scene, scene
from tests.loopback.openai_wire import openai_vendor
from tests.orchestrator.run.books import check_bill, check_books, check_complete, money, sample_keys
from tests.orchestrator.run.serving import serving
from tests.orchestrator.run.sweeps import USD, SweepFile, finish, model, start

FAULTS = os.environ.get("MANYFEW_FAULTS", "3")
SCENES = [False, True] if "MANYFEW_FAULTS" in os.environ else [False]
SEED = int(os.environ.get("MANYFEW_FAULT_SEED", "0")) or random.randrange(1, 10**6)

ERRORS = {
    "full disk": Fault("ENOSPC", "w", on=True),
    "full disk for a moment": Fault("ENOSPC", "w"),
    "full disk in the middle of a write": Fault("short", "w"),
    "bad sector": Fault("EIO", "w"),
    "failed sync": Fault("EIO", "s", cut="all"),
    "no sync from now on": Fault("EIO", "s", on=True, cut="some"),
    "read-only from now on": Fault("EROFS", "wu", on=True),
}
KILLS = {
    "killed before a call": Fault("before"),
    "killed in the middle of a write": Fault("half", "w"),
    "killed after a call": Fault("after"),
    "power cut, all unsynced lost": Fault("before", cut="none"),
    "power cut, some unsynced lost": Fault("before", cut="some"),
    "power cut in the middle of a write": Fault("half", "w", cut="some"),
}


def places(calls: int) -> list[int]:
    """Calls from the first to the last, evenly spread."""
    if FAULTS == "all" or calls <= int(FAULTS):
        return list(range(1, calls + 1))
    n = int(FAULTS)
    return sorted({1 + round(i * (calls - 1) / (n - 1)) for i in range(n)})


@pytest.mark.timeout(3600 if FAULTS == "all" else 300)
@pytest.mark.parametrize("continued", SCENES, ids=lambda continued: "continued" if continued else "new")
@pytest.mark.parametrize("name", [*ERRORS, *KILLS])
def test_any_call(tmp_path, launch, name, continued, record_property):
    fault = {**ERRORS, **KILLS}[name]
    with scene(launch, tmp_path, continued=continued) as at_work:
        calls = at_work.calls(fault.calls)
        assert calls > 10, "the library is not between SQLite and the disk"
        hits = 0
        for i, at in enumerate(places(calls)):
            told = (
                replace(fault, turn=i // 2 % 4) if i % 2 else fault
            )  # a reader that comes early, or in its turn
            try:
                hits += one_fault(at_work, told, at, watched=i % 2 == 1)
            except AssertionError as error:
                raise AssertionError(f"call {at} of {calls}, MANYFEW_FAULT_SEED={SEED}: {error}") from error
        record_property("faults", hits)
        record_property("late", at_work.late)
        # Group commits differ from run to run, so that the last calls of one may be missing in another.
        assert hits >= len(places(calls)) // 3, f"{hits} of {len(places(calls))} faults came"


def one_fault(at_work: Scene, fault: Fault, at: int, *, watched: bool) -> bool:
    ended, recorded = at_work.perform(fault, at, watched=watched)
    hit = at_work.hit()
    if not hit:
        assert ended.status == 0, ended.err
    elif fault.do in {"before", "half", "after"}:
        assert ended.status == SIGKILLED, ended.err
    else:
        check_said(at_work, ended)
    if hit and fault.cut is not None:
        at_work.cut_power(fault, random.Random(SEED * 10**6 + at))
    at_work.check_books(recorded)
    at_work.check_goes_on(recorded)
    return hit


def check_said(at_work: Scene, ended) -> None:
    """It went on as if nothing had happened, or ended in one line."""
    assert "Traceback" not in ended.err, ended.err[-3000:]
    if ended.status == 0:
        at_work.check_whole()
        return
    assert ended.status in {1, 2}, ended.err
    assert ended.err.count("\n") == 1, ended.err
    assert str(at_work.db) in ended.err
    if ended.status == 2:
        assert len(at_work.vendor.seen) == len(at_work.seen), "exit 2 says that nothing was sent"


def test_the_calls_are_seen(tmp_path, launch):
    """A run without faults syncs the WAL for what it reserves, and its folder for the new file."""
    with scene(launch, tmp_path, continued=False) as at_work:
        assert at_work.calls("w") > 50
        calls = list(read_log(at_work.log))
        assert sum(call.op == "S" for call in calls) > 10
        made = max(i for i, call in enumerate(calls) if call.op == "R")
        assert any(call.op == "S" and call.file == FOLDER for call in calls[made:]), "its entry may be lost"


def test_the_command_itself(tmp_path, disk):
    """`manyfew run` as a user starts it, on a disk that fills up."""
    vendor = openai_vendor()
    db = tmp_path / "test.db"
    with serving(vendor):
        path = SweepFile({"m": model(vendor, limits={"concurrency": 2})}, problems=20).write(tmp_path)
        full = Fault("ENOSPC", "w", on=True).environment(db, tmp_path / "calls.log", 360)
        ended = finish(start(path, db, LD_PRELOAD=str(disk), **full))
        assert ended.status == 1, ended.err
        assert ended.err.count("\n") == 1, ended.err
        assert "the disk is full (free disk space" in ended.err
        kept = len(sample_keys(db))
        assert 0 < kept < 80
        held = money(db)
        assert held.settled <= vendor.billed_pico <= held.held
        assert finish(start(path, db)).status == 0
    check_books(db)
    check_complete(db, {"m": (20, 4)})
    check_bill(db, {"m": vendor}, 10 * USD)
