"""How well plain rate limits are kept: each way to tell of them, kind, span and size, on the virtual clock.

    python -m benchmarks.rates.grid [--seconds 120] [--models 1|2] [--grouped] [--each]

A vendor that answers in 30 ms, 64 requests in flight. It states its limit in headers as OpenAI or Anthropic do, tells
only by Retry-After how long to wait, or only rejects. A row counts the cells that meet each goal of
benchmarks/rates/limits.py: as they stand, and as far as they can be met.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Literal, NamedTuple

from benchmarks.rates.limits import GOAL_EARLY, GOAL_LATE, GOAL_RATE, Result, play
from benchmarks.rates.virtual_vendors import TokenBucket, VirtualVendor, Window

Tells = Literal["openai", "anthropic", "retry-after", "nothing"]
Shape = Literal["fixed window", "sliding window", "token bucket"]
TELLS: tuple[Tells, ...] = ("openai", "anthropic", "retry-after", "nothing")
SHAPES: tuple[Shape, ...] = ("fixed window", "sliding window", "token bucket")
SPANS_S = (1.0, 10.0, 60.0)
PER_MINUTE = (60, 120, 600, 6_000)


class Cell(NamedTuple):
    """One vendor."""

    tells: Tells
    shape: Shape
    span_s: float
    per_minute: int

    def vendor(self, *, models: int = 1, grouped: bool = False, latency_s: float = 0.03) -> VirtualVendor:
        random = Random(1)
        count = max(1, round(self.per_minute * self.span_s / 60))
        if self.shape == "token bucket":
            limit = TokenBucket(self.per_minute, count)
        else:
            phase_s = random.uniform(0, self.span_s)
            limit = Window(count, self.span_s, fixed=self.shape == "fixed window", phase_s=phase_s)
        return VirtualVendor(
            kind=self.shape,
            limit=limit,
            latency_s=latency_s,
            refusal_s=0.01,
            states=self.tells if self.tells in ("openai", "anthropic") else None,
            retry_after=self.tells != "nothing",
            models=models,
            grouped=grouped,
            random=random,
        )


def cells() -> Iterator[Cell]:
    """All of them."""
    return (Cell(*of) for of in product(TELLS, SHAPES, SPANS_S, PER_MINUTE))


def met(result: Result) -> tuple[bool, bool, bool]:
    """The three goals, as they stand."""
    early, late = result.early <= GOAL_EARLY, result.late_share <= GOAL_LATE
    return result.took_share >= GOAL_RATE, early, late


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--models", type=int, default=1)
    parser.add_argument("--grouped", action="store_true")
    parser.add_argument("--each", action="store_true")
    args = parser.parse_args()
    rows: dict[tuple[str, str], list[Result]] = {}
    for cell in cells():
        result = play(cell.vendor(models=args.models, grouped=args.grouped), seconds=args.seconds)
        rows.setdefault((cell.tells, cell.shape), []).append(result)
        if args.each:
            missed = "".join(".x"[not goal] for goal in met(result))
            told = f"{result.took_share:.2f} of the rate, {result.early} early, {result.late_share:.1%} late"
            print(f"{missed} {' '.join(str(of) for of in cell)}: {told}", flush=True)
    print(
        "| the vendor tells | limit | cells | at least 90% | at most 10 early | at most 2% late | as far as can be |"
    )
    print("|---" * 7 + "|")
    for (tells, shape), results in rows.items():
        good = [sum(goals) for goals in zip(*map(met, results), strict=True)]
        attained = [sum(r.attains[goal] for r in results) for goal in range(3)]
        told = " | ".join(str(n) for n in good)
        print(f"| {tells} | {shape} | {len(results)} | {told} | {', '.join(map(str, attained))} |")


if __name__ == "__main__":
    main()
