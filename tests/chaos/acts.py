"""What happens in a chaos sweep: commands, and what befalls them. Whoever adds a command adds a function to ACTS."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.chaos import policies
from tests.chaos.seats import TIMEOUT_S
from tests.chaos.world import STATUSES
from tests.orchestrator.run.books import money, rows
from tests.orchestrator.run.servers.nodes import ours

if TYPE_CHECKING:
    from tests.chaos.processes import Process
    from tests.chaos.world import World

STOPS_S = (0.2, 0.5, TIMEOUT_S / 4, TIMEOUT_S * 1.5)
"""The last is longer than time-outs: what has arrived by then is read first."""
WAITS_S = 20.0
"""For a run's first request."""


def whole_run(world: World) -> None:
    world.ended(world.start_run(), allowed=STATUSES)


def killed_run(world: World) -> None:
    process = world.start_run()
    _some_way_in(world, process)
    world.left += process.signal(signal.SIGKILL)
    world.ended(process, allowed=STATUSES | {-9})


def interrupted_run(world: World) -> None:
    """Ctrl-C or SIGTERM, some time twice, or a grace that is too short: then what is in flight is left."""
    grace = world.random.choice([0.0, 0.05, 10.0, 10.0])
    process = world.start_run("--grace", f"{grace}s")
    _some_way_in(world, process, early=False)
    first = world.random.choice([signal.SIGINT, signal.SIGTERM])
    process.signal(first)
    again = world.random.random() < 0.5
    if again:
        time.sleep(world.random.uniform(0, 0.3))
        process.signal(first)
    world.left += again or grace < 10
    world.ended(process, allowed=STATUSES)


def stopped_run(world: World) -> None:
    """Ctrl-Z for a while, some time for longer than time-outs are; then it goes on, or is ended by a signal."""
    process = world.start_run()
    for _ in range(world.random.randint(1, 2)):
        _some_way_in(world, process)
        process.signal(signal.SIGSTOP)
        time.sleep(world.random.choice(STOPS_S))
        process.signal(signal.SIGCONT)
    if world.random.random() < 0.3:
        _some_way_in(world, process, early=False)
        process.signal(signal.SIGINT)
    world.history[-1] += "  (stopped)"
    world.ended(process, allowed=STATUSES)


def server_killed(world: World) -> None:
    """A server that the run has started, or its guard, is killed outright; some time the run with it."""
    if not any(seat.own for seat in world.seats):
        return
    process = world.start_run()
    word = world.random.choice(["relay.py", "guard.py"])
    until = time.monotonic() + WAITS_S / 4
    while not (found := [line for line in ours(world.folder) if word in line]):
        if not process.alive or time.monotonic() > until:
            break
        time.sleep(0.02)
    time.sleep(world.random.uniform(0, 0.6))
    with_it = world.random.random() < 0.3
    if with_it:
        world.left += process.signal(signal.SIGKILL)
    for line in found[:1]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(line.split()[0]), signal.SIGKILL)
    world.history[-1] += f"  (killed {word})"
    world.ended(process, allowed=STATUSES | {-9})


def timed_run(world: World) -> None:
    seconds = world.random.uniform(0.1, 2.0)
    world.ended(world.start_run("--stop-after", f"{seconds:.2f}s"), allowed=STATUSES)


def two_runs(world: World) -> None:
    """At once, by its name or by a symbolic link, with the lock file removed or not: one of them is refused, or they
    come one after the other."""
    names = [world.db]
    if world.db.exists():
        link = world.folder / "link.db"
        link.unlink(missing_ok=True)
        link.symlink_to(world.db.name)
        names.append(link)
    first = world.start_run(db=world.random.choice(names))
    if world.random.random() < 0.5:
        time.sleep(world.random.uniform(0, 0.5))
        (world.folder / "test.db.lock").unlink(missing_ok=True)
    second = world.start_run(db=world.random.choice(names))
    world.ended(second, allowed=STATUSES | {2})
    world.ended(first, allowed=STATUSES | {2})
    refused = [process for process in (first, second) if process.status == 2]
    assert all("another process writes" in process.err for process in refused), refused[0].err
    assert len(refused) < 2, "both were refused"


def hard_linked(world: World) -> None:
    """A ledger of two names is refused, whichever is used, and nothing is sent."""
    if not world.db.exists():
        return
    other = world.folder / "other.db"
    other.hardlink_to(world.db)
    seen = world.seen()
    world.ended(world.start_run(db=world.random.choice([world.db, other])), allowed={2})
    assert world.seen() == seen
    other.unlink()


def another_budget(world: World) -> None:
    """It is raised or lowered from the next run on."""
    world.budget = round(max(0.001, world.budget * world.random.choice([0.3, 0.8, 1.5, 3.0])), 4)
    world.history.append(f"budget {world.budget}")


def other_samples(world: World) -> None:
    world.samples = max(1, world.samples + world.random.choice([-3, -1, 2, 5]))
    world.history.append(f"samples {world.samples}")


def samples_imported(world: World) -> None:
    """Of an alias of the sweep, at indices that may be taken: all of them or none."""
    if not world.db.exists():
        return
    seat = world.random.choice(world.seats)
    lines = [
        {
            "sweep": "test",
            "model": seat.alias,
            "problem": f"p{world.random.randrange(world.problems)}",
            "sample_index": index,
            "text": f"imported {world.random.random()}",
        }
        for index in world.random.sample(range(2 * world.samples + 4), world.random.randint(1, 4))
    ]
    file = world.folder / "more.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    before = _sample_count(world)
    status = world.ended(world.start("import", str(file), "--db", str(world.db)), allowed={0, 2})
    assert _sample_count(world) == before + (len(lines) if status == 0 else 0)


def verified(world: World) -> None:
    if _sample_count(world):
        world.ended(world.start("verify", str(world.db)), allowed={0})


def scored(world: World) -> None:
    """By a reward model, which is paid out of the same budget; some time it is ended midway."""
    if not _sample_count(world):
        return
    process = world.start_scoring()
    what = world.random.choice([None, None, signal.SIGKILL, signal.SIGINT])
    if what is not None:
        _some_way_in(world, process, early=what == signal.SIGKILL)
        process.signal(what)
    world.ended(process, allowed=STATUSES | {-9})


def batches_cancelled(world: World) -> None:
    if any(seat.desk is not None for seat in world.seats) and _has_run(world):
        world.ended(world.start("cancel", str(world.write()), "--db", str(world.db)), allowed=STATUSES)


def looked_at(world: World) -> None:
    """By commands that only read."""
    if _has_run(world):
        for command in ("status", "doctor", "reconcile"):
            world.ended(world.start(command, str(world.db)), allowed={0})


def billed(world: World) -> None:
    """A model's whole bill is typed in: what was presumed is settled, to the last digit."""
    if not _has_run(world):
        return
    seat = world.random.choice(world.seats)
    of = money(world.db, seat.alias)
    if seat.usd_per_hour is not None or seat.desk is not None or not of.presumed or of.reserved:
        return
    time.sleep(1)  # what vendors still work on for those who have gone is billed by then
    bill = seat.billed
    typed = f"{bill // 10**12}.{bill % 10**12:012d}"
    arguments = ("reconcile", str(world.db), "--model", seat.alias, "--billed", typed, "--yes")
    world.ended(world.start(*arguments), allowed={0})
    assert money(world.db, seat.alias).settled == bill


ACTS: list[tuple[int, Callable[[World], None]]] = [
    (4, whole_run),
    (4, killed_run),
    (4, interrupted_run),
    (3, stopped_run),
    (3, server_killed),
    (1, timed_run),
    (2, two_runs),
    (1, hard_linked),
    (2, another_budget),
    (2, other_samples),
    (1, samples_imported),
    (1, verified),
    (2, scored),
    (1, batches_cancelled),
    (1, looked_at),
    (1, billed),
]
"""(weight, what happens)."""


def act(world: World) -> None:
    """Something happens."""
    policies.grow(world)
    weights = [weight for weight, _ in ACTS]
    (one,) = world.random.choices([one for _, one in ACTS], weights)
    one(world)


def last_run(world: World) -> None:
    """Nothing goes wrong any more, and there is money for everything."""
    policies.grow(world, whole=True)
    for seat in world.seats:
        seat.calm()
    world.budget = round(world.highest / 10**12 * 10 + 100, 4)
    for _ in range(3):  # what failed for good in one run is asked for again by the next
        if world.ended(world.start_run(), allowed={0, 1}) == 0:
            break
    else:
        raise AssertionError("samples fail though nothing goes wrong")
    if world.policy and "worth_usd" not in world.policy:
        # What chose the samples is in the ledger alone: whoever reads it anew finds nothing to buy.
        seen = world.seen()
        assert world.ended(world.start_run(), allowed={0}) == 0
        assert world.seen() == seen, f"{world.seen() - seen} requests after the end"


def _some_way_in(world: World, process: Process, *, early: bool = True) -> None:
    """Until it has sent something, and a little more; some time at its start, if `early`: before a process listens to
    signals, they end it as they end any."""
    random = world.random
    if early and random.random() < 0.15:
        time.sleep(random.uniform(0, 0.5))
        return
    before, until = world.seen(), time.monotonic() + WAITS_S
    while world.seen() == before and process.alive and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(random.uniform(0, 0.6))


def _has_run(world: World) -> bool:
    return world.db.exists() and bool(rows(world.db, "SELECT 1 FROM sqlite_schema WHERE name = 'run'"))


def _sample_count(world: World) -> int:
    return rows(world.db, "SELECT count(*) FROM sample")[0][0] if _has_run(world) else 0
