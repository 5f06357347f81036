"""How well the scheduler keeps to rate limits that it must find: drawn vendors on a virtual clock.

    python -m benchmarks.rates.limits [--vendors 210] [--seconds 120] [--seed 0] [--each] [--json]
    python -m benchmarks.rates.limits --outages     vendors that refuse everything for a while
    python -m benchmarks.rates.limits --noise       what rejections at random cost, in time

Each vendor (benchmarks/rates/virtual_vendors.py) has a limit, refusals at random, or both; most don't state them. The
scheduler that `manyfew run` uses decides, replies and refusals come from the vendor, and no time passes. Told are the
share of the allowed rate that was taken, refusals in the first ten seconds, and the share refused after them; and how
many vendors meet the goals (90%, 10, 2%), first as they are and then as far as a client can meet them:
- A limit that rose counts from 100 requests later on. With refusals at random the rate is what the same vendor's
  scheduler takes without them, since goal is what they cost.
- In the first ten seconds 1% of what was taken may be refused: who takes thousands at once finds many in flight. Each
  of two models may have ten refused, since nothing tells that they share a limit.
- After them two refusals are no miss: 2% of fewer than 100 requests are not one that finds the limit and one that makes
  sure. Nor are the first ten of a limit that shows itself only then, nor requests sent one by one to find out when a
  vendor that refuses everything, and tells no time, takes more again.
"""

from __future__ import annotations

import argparse
import heapq
import json
import statistics
import sys
import time
from dataclasses import dataclass, replace
from random import Random

from benchmarks.rates.virtual_vendors import (
    EPOCH_S,
    KINDS,
    OUTAGES,
    NoLimit,
    VirtualVendor,
    drawn,
    drawn_outage,
)
from orchestrator.problem_state import ProblemState
from orchestrator.scheduler.budget import Budget, Funds
from orchestrator.scheduler.endpoints import Endpoint
from orchestrator.scheduler.lane import Bound, ModelLane, Ticket
from orchestrator.scheduler.limits.rates import Estimate, RateLimit
from orchestrator.scheduler.scheduler import Scheduler
from orchestrator.scheduler.work import Work
from providers.errors import Overloaded, RateLimited
from providers.reading.rate_limits import VendorLimit, vendor_limits

GROUPED = "two models, grouped"
BOUND = Bound(fixed=1, sample=1, input_tokens=100)
USED = Estimate(input_tokens=100, output_tokens=50)
FIRST_S = 10.0
GOAL_RATE, GOAL_EARLY, GOAL_LATE = 0.9, 10, 0.02
FOR_EARLY = 0.01
"""Of what was taken, that may be refused in the first ten seconds."""
FOR_LATE = 2
"""Refusals after them that are no miss."""


@dataclass(frozen=True)
class Result:
    """Of one vendor."""

    kind: str
    took_share: float
    """Of what its limit allowed."""
    early: int
    """Refusals in the first ten seconds, those at random not counted."""
    late_share: float
    """Refused after them, less the share refused at random."""
    ended_s: float
    attains: tuple[bool, bool, bool] = (True, True, True)
    """The goals for the rate and for refusals in the first ten seconds and after, as far as a client can."""


def play(vendor: VirtualVendor, *, seconds: float, requests: int = 10**9) -> Result:
    """As much as the scheduler sends in that time, or until all requests are answered."""
    scheduler = _scheduler(vendor, requests)
    now, order, landing = (
        0.0,
        0,
        list[tuple[float, int, Ticket, bool, bool, float | None, tuple[VendorLimit, ...]]](),
    )
    early_chance = 0
    while now < seconds:
        while (ticket := scheduler.next(now)) is not None:
            took, is_out = vendor.ask(now), vendor.is_out(now)
            if now < FIRST_S:
                early_chance = vendor.by_chance
            wait_s = None if took else vendor.wait_told(now)
            order += 1
            lands = now + vendor.lands_after(taken=took)
            heapq.heappush(landing, (lands, order, ticket, took, is_out, wait_s, _told(vendor, now)))
        if not landing and scheduler.wake_at is None:
            break
        times = [landing[0][0]] if landing else []
        if scheduler.wake_at is not None:
            times.append(scheduler.wake_at)
        now = max(now, min(times))
        while landing and landing[0][0] <= now:
            _, _, ticket, took, is_out, wait_s, limits = heapq.heappop(landing)
            scheduler.learn_limits(ticket, limits, now)
            if took:
                vendor.ended()
                scheduler.replied(ticket, now, settled=0, arrived=ticket.n, used=USED)
            elif is_out and vendor.outage_is_503:
                scheduler.failed(
                    ticket, now, Overloaded("service unavailable", status=503, retry_after_s=wait_s)
                )
            else:
                error = RateLimited("slow down", status=429, retry_after_s=wait_s)
                scheduler.failed(ticket, now, error)
    ended = min(now, seconds)
    late = sum(at >= FIRST_S for at in vendor.refused)
    late_all = late + sum(at >= FIRST_S for at in vendor.taken)
    by_chance = vendor.by_chance - early_chance
    return Result(
        attains=_attains(vendor, ended, early=len(vendor.refused) - late - early_chance, by_chance=by_chance),
        kind=vendor.kind,
        took_share=sum(at < ended for at in vendor.taken) / max(1.0, vendor.allowed(0.0, ended)),
        early=len(vendor.refused) - late - early_chance,
        late_share=(late - by_chance) / max(1, late_all),
        ended_s=now,
    )


def _attains(vendor: VirtualVendor, ended: float, *, early: int, by_chance: int) -> tuple[bool, bool, bool]:
    """As the module says."""
    took = sum(at < ended for at in vendor.taken)
    first = [at for at in vendor.taken if at < FIRST_S]
    most_early = max(GOAL_EARLY * (1 if vendor.grouped else vendor.models), FOR_EARLY * len(first))
    late = [at for at in vendor.refused if at >= FIRST_S]
    uncounted = by_chance + FOR_LATE
    if vendor.refused and not vendor.noise and vendor.refused[0] >= FIRST_S:
        uncounted += min(GOAL_EARLY, sum(at < vendor.refused[0] + FIRST_S for at in late))
    uncounted += sum(at >= FIRST_S for at in vendor.asked_alone)
    sent_late = len(late) + len(vendor.taken) - len(first)
    return (
        took >= GOAL_RATE * vendor.attainable(0.0, ended),
        early <= most_early,
        len(late) - uncounted <= GOAL_LATE * sent_late,
    )


def _told(vendor: VirtualVendor, now: float) -> tuple[VendorLimit, ...]:
    if vendor.states is not None:
        return vendor_limits(vendor.headers(now), now=EPOCH_S + now)
    told = vendor.limit.told(now) if vendor.tells else None
    if told is None:
        return ()
    limit, remaining, reset_s = told
    return (VendorLimit(kind="requests", limit=limit, remaining=remaining, reset_s=reset_s),)


def _scheduler(vendor: VirtualVendor, requests: int) -> Scheduler:
    problems = min(requests, 1000)

    def rate_limit() -> RateLimit:
        return RateLimit(
            concurrency=vendor.concurrency * (vendor.models if vendor.grouped else 1),
            ramps=True,
            is_reported=vendor.states == "anthropic",
        )

    shared = rate_limit()
    lanes = {
        alias: ModelLane(
            alias=alias,
            work=Work(
                [ProblemState() for _ in range(problems)],
                samples=-(-requests // problems),
                max_n=1,
                rounds=False,
                until_solved=False,
            ),
            endpoints=[Endpoint(server="v")],
            rate=shared if vendor.grouped else rate_limit(),
            bounds=[BOUND] * problems,
            max_tokens=100,
            expected_output_tokens=50,
            max_attempts=8,
            max_wait_s=600,
        )
        for alias in (f"m{number}" for number in range(vendor.models))
    }
    funds = {alias: Funds(weight=1) for alias in lanes}
    return Scheduler(lanes, Budget(1 << 60, funds, shared=False), lambda _, __: BOUND, seed=1)


NOISE = (0.005, 0.01, 0.02, 0.03, 0.05)
QUIET = ((0.03, 8), (0.2, 64), (1.0, 64), (4.0, 64))
"""Seconds a reply takes, and requests in flight at most."""
QUIET_S = 45.0


def cost_of_noise(latency_s: float, concurrency: int) -> tuple[int, float, list[float]]:
    """(requests, seconds without rejections, by share rejected how many times as long it takes at worst), with and
    without Retry-After."""

    def seconds(noise: float, seed: int, *, retry_after: bool = False) -> float:
        vendor = VirtualVendor(
            kind="noise",
            limit=NoLimit(),
            latency_s=latency_s,
            noise=noise,
            retry_after=retry_after,
            concurrency=concurrency,
            random=Random(seed),
        )
        return play(vendor, seconds=1e9, requests=requests).ended_s

    requests = max(300, int(QUIET_S * concurrency / latency_s))
    quiet = seconds(0.0, 1)
    worst = [
        max(seconds(noise, seed, retry_after=told) for seed in (1, 2) for told in (False, True)) / quiet
        for noise in NOISE
    ]
    return requests, quiet, worst


def print_cost_of_noise() -> None:
    """A row for each kind of endpoint."""
    print(f"| a reply takes | in flight | requests | s without | {' | '.join(f'{n:.1%}' for n in NOISE)} |")
    print("|---" * (4 + len(NOISE)) + "|")
    for latency_s, concurrency in QUIET:
        requests, quiet, worst = cost_of_noise(latency_s, concurrency)
        times = " | ".join(f"{factor:.2f} ×" for factor in worst)
        print(f"| {latency_s:g} s | {concurrency} | {requests:,} | {quiet:.1f} | {times} |", flush=True)


def _against_quiet(result: Result, vendor: VirtualVendor, quiet: VirtualVendor, seconds: float) -> Result:
    """What refusals at random cost: the goal for the rate is of what is taken without them."""
    quiet.noise = 0.0
    play(quiet, seconds=seconds)
    most = sum(at < result.ended_s for at in quiet.taken)
    return replace(result, attains=(len(vendor.taken) >= GOAL_RATE * most, *result.attains[1:]))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--vendors", type=int, default=210)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS + OUTAGES)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--outages", action="store_true")
    parser.add_argument("--noise", action="store_true")
    args = parser.parse_args()
    if args.noise:
        print_cost_of_noise()
        return
    results: list[Result] = []
    for seed in range(args.seed, args.seed + args.vendors):
        vendor = drawn_outage(seed) if args.outages else drawn(seed)
        if args.kind not in (None, vendor.kind):
            continue
        began = time.perf_counter()
        result = play(vendor, seconds=args.seconds)
        if vendor.kind == "noise":
            result = _against_quiet(result, vendor, drawn(seed), args.seconds)
        results.append(result)
        if vendor.kind == "two models":
            vendor = drawn(seed)
            vendor.kind, vendor.grouped = GROUPED, True
            results.append(play(vendor, seconds=args.seconds))
        if args.each:
            limit = str(vendor.limit).partition(", taken")[0]
            print(
                f"{seed:4d} took {result.took_share:5.2f} early {result.early:4d} late {result.late_share:6.3f}"
                f" | {limit} latency {vendor.latency_s} noise {vendor.noise}"
                f"{' tells' if vendor.tells else ''}{' retry-after' if vendor.retry_after else ''}"
                f" ×{vendor.concurrency}{f' out {vendor.outage}' if vendor.outage else ''}"
                f"{' 503' if vendor.outage_is_503 else ''} ({time.perf_counter() - began:.1f} s)",
                flush=True,
            )
    rows = [row(kind, [r for r in results if r.kind == kind]) for kind in (*KINDS, GROUPED, *OUTAGES)]
    if args.json:
        json.dump([r for r in rows if r], sys.stdout, indent=1)
        return
    head = (
        *("vendors", "drawn", "share of the allowed rate", "10% below", "≥ 90%", "as far as can be"),
        *("refused in the first 10 s", "10% above", "≤ 10", "as far as can be"),
        *("share refused after", "10% above", "≤ 2%", "as far as can be"),
    )
    print("| " + " | ".join(head) + " |")
    print("|---" * len(head) + "|")
    for told in rows:
        if told:
            print("| " + " | ".join(str(v) for v in told.values()) + " |")


def row(kind: str, results: list[Result]) -> dict[str, str | int]:
    """The table's row."""
    if not results:
        return {}
    shares = sorted(r.took_share for r in results)
    early = sorted(r.early for r in results)
    late = sorted(r.late_share for r in results)
    tenth = len(results) // 10
    return {
        "kind": kind,
        "drawn": len(results),
        "share": f"{statistics.median(shares):.2f}",
        "share_low": f"{shares[tenth]:.2f}",
        "share_good": f"{sum(s >= GOAL_RATE for s in shares) / len(shares):.0%}",
        "share_attained": _attained(results, 0),
        "early": statistics.median_low(early),
        "early_high": early[-1 - tenth],
        "early_good": f"{sum(e <= GOAL_EARLY for e in early) / len(early):.0%}",
        "early_attained": _attained(results, 1),
        "late": f"{statistics.median(late):.1%}",
        "late_high": f"{late[-1 - tenth]:.1%}",
        "late_good": f"{sum(s <= GOAL_LATE for s in late) / len(late):.0%}",
        "late_attained": _attained(results, 2),
    }


def _attained(results: list[Result], goal: int) -> str:
    return f"{sum(r.attains[goal] for r in results) / len(results):.0%}"


if __name__ == "__main__":
    main()
