"""The power goes at every call of one run: what is on the disk is always what the last commit that returned left, or
the one under way, whole.

No process is killed for it: a run's calls are written down once, and each beginning of them is a power cut. So the
durability of commits is seen apart from whatever a vendor does meanwhile."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.faults.disk import Call, Fault, Platter, put_back, read_log
from tests.faults.scene import scene
from tests.orchestrator.run.books import rows

pytestmark = pytest.mark.slow

SEEDS = {"5": 1, "all": 20}.get(os.environ.get("MANYFEW_FAULTS", "5"), 3)
"""Power cuts at a call that keep some of what was not synced."""
SEED = int(os.environ.get("MANYFEW_FAULT_SEED", "0")) or random.randrange(1, 10**6)
MONEY = (
    "SELECT requests, samples, settled_pico, presumed_pico, reserved_pico, unused_pico FROM model ORDER BY id"
)
State = list[tuple[int, ...]] | None


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("watched", [False, True], ids=["alone", "with a reader"])
@pytest.mark.parametrize("continued", [False, True], ids=["new", "continued"])
def test_at_any_call_the_disk_has_what_was_committed(tmp_path, launch, continued, watched):
    with scene(launch, tmp_path, continued=continued) as at_work:
        ended, _ = at_work.perform(Fault(), 0, watched=watched)
        assert ended.status == 0, ended.err
        check_cuts(at_work.began, list(read_log(at_work.log)), tmp_path / "cut")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_reader_may_come_at_any_opening_of_the_log(tmp_path, launch, turn):
    """A connection that closes takes the log away, and a reader may make the next one before this process does: so it
    came once on a loaded machine, and the model of the disk then lost that log."""
    with scene(launch, tmp_path, continued=False) as at_work:
        ended, _ = at_work.perform(Fault(turn=turn), 0, watched=True)
        assert ended.status == 0, ended.err
        calls = list(read_log(at_work.log))
    (came,) = (i for i, call in enumerate(calls) if call.op == "P")
    assert calls[came + 1].op == "O", "no reader came"
    check_cuts({}, calls, tmp_path / "cut", since=came, seeds=1)


def check_cuts(
    began: dict[str, bytes], calls: list[Call], folder: Path, *, since: int = 0, seeds: int = SEEDS
) -> None:
    """`calls` of a run that found `began`; the power goes at each of them from `since` on."""
    place = folder / "test.db"
    folder.mkdir()

    def state(until: int, kept: str, seed: int = 0) -> State:
        platter = Platter(began, calls[:until], random.Random(seed))
        put_back(place, platter.after_power_cut(kept))
        return read(place)

    durable = written = state(since, "all")
    commits = 0
    for until in range(since + 1, len(calls) + 1):
        before, written = written, state(until, "all")
        if written != before:
            assert calls[until].op == "S", f"call {until}: not synced at once"
            commits += 1
        if calls[until - 1].op == "S" and (until == len(calls) or calls[until].op != "S"):
            durable = written  # all syncs of a commit are over, so it returned
        for kept, seed in [("none", 0), *(("some", SEED + i) for i in range(seeds))]:
            left = state(until, kept, seed)
            assert left in (durable, written), (
                f"call {until} of {len(calls)}, {kept} kept, MANYFEW_FAULT_SEED={seed}: {left}, "
                f"neither {durable} nor {written}"
            )
    assert commits > 3, "a run of this sweep has more commits than that"


def read(db: Path) -> State:
    """The sums of each model; None where there is no ledger yet."""
    if not db.exists() or not rows(db, "SELECT 1 FROM sqlite_schema WHERE name = 'model'"):
        return None
    return [tuple(row) for row in rows(db, MONEY)]
