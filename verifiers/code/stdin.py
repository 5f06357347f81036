"""Programs that read stdin and write stdout, as CodeContests has them: test after test, the first failure ends it.

What the program wrote is compared here, outside: the expected outputs are nowhere where it runs. Its exit status is
not looked at, as CodeContests' own tester doesn't: a program that ends with an error after the right output passed.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from verifiers.code.compare_apart import Watch, find_difference
from verifiers.code.compare_output import Difference
from verifiers.code.extract import Alternatives
from verifiers.code.jobs import Seen
from verifiers.code.test_runs import Starter, TestRuns
from verifiers.sandbox import JobResult
from verifiers.types import Verdict

KINDS = ("public_tests", "private_tests", "generated_tests")


@dataclass(frozen=True, slots=True)
class Test:
    """One input with the output that is expected of it."""

    name: str
    input: str
    output: str


def tests_of(problem: Mapping[str, Any]) -> list[Test]:
    """All public, private and generated tests, in this order; ValueError for what is not CodeContests' form."""
    return [test for kind in KINDS for test in _of_kind(problem, kind)]


def _of_kind(problem: Mapping[str, Any], kind: str) -> Iterator[Test]:
    table: Any = problem.get(kind) or {}
    try:
        inputs: list[Any] = table.get("input") or []
        outputs: list[Any] = table.get("output") or []
        pairs = list(zip(inputs, outputs, strict=True))
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{kind} does not hold as many inputs as outputs") from error
    for at, (given, expected) in enumerate(pairs, start=1):
        if not isinstance(given, str) or not isinstance(expected, str):
            raise ValueError(f"{kind} holds something that is not text")
        yield Test(f"{kind.removesuffix('_tests')} test {at} of {len(pairs)}", given, expected)


def time_limit(problem: Mapping[str, Any]) -> float | None:
    """The problem's own limit in seconds; None if it states none."""
    limit: Any = problem.get("time_limit")
    if isinstance(limit, Mapping):
        parts = cast("Mapping[str, Any]", limit)
        limit = (parts.get("seconds") or 0) + (parts.get("nanos") or 0) / 1e9
    return float(limit) if isinstance(limit, (int, float)) and limit > 0 else None


def judge(
    alternatives: Alternatives,
    tests: list[Test],
    *,
    start: Starter,
    watch: Watch,
    limit_s: float,
    memory_mb: int,
    packages: Seen,
    program_filter: bytes | None,
) -> Verdict:
    """`limit_s` bounds the processor time of each test, in whole seconds upwards. By the clock it may take twice
    that and two seconds more: on a busy machine a right program must not become a wrong one."""
    with TestRuns(
        alternatives,
        start=start,
        limit_s=limit_s,
        memory_mb=memory_mb,
        packages=packages,
        program_filter=program_filter if len(tests) > 1 else None,
    ) as runs:
        for test in tests:
            outcome = runs.run(test.input.encode("utf-8", "surrogatepass"))
            if outcome is None:
                reason = f"{test.name}: it ended the sandbox that it runs in"
                return Verdict(passed=False, reason=reason, evidence=f"input: {test.input[:200]!r}")
            expected = test.output.encode("utf-8", "surrogatepass")
            difference = find_difference(outcome.stdout, expected, watch)
            reason = _failure(outcome, limit_s)
            if reason is None and difference is not None:
                reason = "it ended with an error" if outcome.status else "another output than expected"
            if reason is not None:
                evidence = _evidence(test, outcome, difference)
                return Verdict(passed=False, reason=f"{test.name}: {reason}", evidence=evidence)
    return Verdict(passed=True, reason=f"{len(tests)} test{'' if len(tests) == 1 else 's'}")


def _failure(outcome: JobResult, limit_s: float) -> str | None:
    if outcome.ended == "time" or outcome.status == 128 + signal.SIGXCPU:
        return f"past its limit of {limit_s:g} s"
    if outcome.ended == "output":
        return "more output than allowed"
    return None


def _evidence(test: Test, outcome: JobResult, difference: Difference | None) -> str:
    """What a person would look at: the first word that differs, and the end of what it said on stderr."""
    out: list[str] = []
    if difference is not None:
        found, wanted = _shown(difference.found), _shown(difference.wanted)
        out.append(f"word {difference.place}: expected {wanted}, found {found}")
    if outcome.status:
        out.append(f"exit status {outcome.status}")
    out.append(f"input: {test.input[:200]!r}")
    out.append(outcome.stderr[-4000:].decode(errors="replace").strip()[-1000:])
    return "\n".join(part for part in out if part)[:2000]


def _shown(word: bytes | None) -> str:
    return "nothing" if word is None else repr(word.decode(errors="replace"))
