"""How many verdicts a second each kind gives, alone and with as many at once as there are cores.

    python benchmarks/verdicts.py                      the quickstart's answers, recorded of two small models
    python benchmarks/verdicts.py --texts FILE.jsonl   longer ones: `answer` of each line, judged against itself
    python benchmarks/verdicts.py --kinds code,coq     only these
    python benchmarks/verdicts.py --kinds code --cores 1

A core second is one second of one processor, of this process and its workers: what other programs do on the machine
does not change it much. Kinds that this machine lacks something for are left out, with the reason.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.ledger.file.create import create
from orchestrator.quickstart import tape_path
from orchestrator.run.verdicts.case import Unjudged
from orchestrator.run.verdicts.judge import Judge, KnownVerdicts
from verifiers.registry import bounds_for, get
from verifiers.workers.executor import Executor, LocalExecutor, cores
from verifiers.workers.worker_process import Item

PROGRAM = "```python\nimport sys\nnumbers = [int(word) for word in sys.stdin.read().split()]\nprint(sum(numbers))\n```"
TESTS = {1: "one test", 10: "ten tests", 50: "fifty tests"}
JUDGE = "def judge(text, problem):\n    return str(problem['answer']) in text.split()\n"


@dataclass(frozen=True)
class Case:
    """What is measured: a kind, its options, what it judges."""

    name: str
    kind: str
    options: dict[str, Any]
    items: list[Item]


def quickstart() -> list[Item]:
    """The recorded answers with their problems, as they came."""
    tape = tape_path()
    problems = {row["id"]: row for row in _rows(tape.with_name("problems.jsonl"))}
    return [(row["text"], problems[row["problem"]]) for row in _rows(tape) if "text" in row]


def of_file(path: Path) -> list[Item]:
    return [(row["answer"], row) for row in _rows(path)]


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def core_seconds(case: Case, items: list[Item], folder: Path) -> float:
    """Of all processes, from the start of the workers to their end."""
    before = os.times()
    executor = made(case, folder)
    for at in range(0, len(items), size := max(1, executor.size)):
        executor.judge(items[at : at + size])
    executor.close()
    return sum(os.times()[:4]) - sum(before[:4])


def a_core_second(case: Case, folder: Path) -> float:
    """Verdicts a core second, one call after the other; what the start of a worker takes does not count."""
    start = core_seconds(case, case.items[:1], folder)
    return (len(case.items) - 1) / max(core_seconds(case, case.items, folder) - start, 0.01)


def beside_sampling(executor: Executor, items: list[Item], folder: Path) -> float:
    """Verdicts a second through the judge that a run has, which keeps each, at as many at once as there are cores."""

    async def judged() -> float:
        ledger = folder / f"{time.monotonic_ns()}.db"
        create(ledger)
        problems = dict(enumerate(problem for _, problem in items))

        async def write(_: object) -> None:
            await asyncio.sleep(0)

        def ignore(*_: object) -> None:
            pass

        judge = Judge(
            executor, KnownVerdicts(ledger, executor), problems.__getitem__, write=write, on_verdict=ignore
        )
        judging = asyncio.create_task(judge.run())
        await judge.add(_sample(0, items[0][0]))
        await judge.drained()
        began = time.perf_counter()
        for number, (text, _) in enumerate(items[1:], 1):
            await judge.add(_sample(number, text))
        await judge.drained()
        seconds = time.perf_counter() - began
        judging.cancel()
        await asyncio.gather(judging, return_exceptions=True)
        return (len(items) - 1) / seconds

    return asyncio.run(judged())


def _sample(number: int, text: str) -> Unjudged:
    return Unjudged(
        alias="", model_id=1, problem_id=number, ordinal=0, sample_index=0, text=text, finish_reason="stop"
    )


def made(case: Case, folder: Path) -> Executor:
    bounds = bounds_for(case.kind, folder=str(folder))
    return LocalExecutor(get(case.kind, case.options, bounds), case.options, bounds)


def cases(items: list[Item]) -> list[Case]:
    return [
        Case("numeric", "numeric", {}, items),
        Case("exact", "exact", {}, items),
        Case("choice", "choice", {"field": "letter"}, [(text, {"letter": "A"}) for text, _ in items]),
        Case("regex (worker)", "regex", {"pattern": r"(-?[0-9.,]*[0-9])"}, items),
        Case("python (worker)", "python", {"call": "benchmark_judge:judge"}, items),
        Case("math (worker)", "math", {}, items[:600]),
        Case("command (a process each)", "command", {"command": ["./judge"]}, items[:200]),
        *(Case(f"code, {name} (sandboxes)", "code", {}, programs(count)) for count, name in TESTS.items()),
    ]


def programs(tests: int) -> list[Item]:
    """Different programs, all right, each with as many tests."""
    inputs = [f"1 2 {n}\n" for n in range(tests)]
    given = {"input": inputs, "output": [f"{3 + n}\n" for n in range(tests)]}
    return [(f"{PROGRAM}\n{n}", {"public_tests": given}) for n in range(60 if tests < 50 else 20)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--kinds", help="comma-separated")
    parser.add_argument("--cores", type=int, help="on no more than these of the machine's")
    given = parser.parse_args()
    if given.cores is not None:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    items = quickstart() if given.texts is None else of_file(given.texts)
    print(
        f"{len(items):,} texts, {sum(len(text) for text, _ in items) / len(items):.0f} characters each, {cores()} cores"
    )
    print(f"{'':28}{'a core second':>15}{'a second, beside sampling':>28}")
    folder = Path(tempfile.mkdtemp())
    try:
        (folder / "benchmark_judge.py").write_text(JUDGE)
        (folder / "judge").write_text("#!/bin/sh\ncat > /dev/null\necho '{\"passed\": true}'\n")
        (folder / "judge").chmod(0o755)
        for case in cases(items):
            if given.kinds is None or case.kind in given.kinds.split(","):
                report(case, folder)
    finally:
        shutil.rmtree(folder)


def report(case: Case, folder: Path) -> None:
    first = made(case, folder)
    lacking = first.verifier.lacks()
    if lacking is not None:
        print(f"{case.name:28}left out: {lacking[0]}")
        return
    # A sandbox's own processes are not children of this one: their time is not told.
    a_core = "-" if case.kind == "code" else f"{a_core_second(case, folder):,.0f}"
    second = made(case, folder)
    beside = beside_sampling(second, case.items, folder)
    second.close()
    print(f"{case.name:28}{a_core:>15}{beside:>28,.1f}")


if __name__ == "__main__":
    main()
