"""Large outputs are compared in a process of its own, which has limits, and which nobody here waits for."""

import resource
import time
from contextlib import contextmanager, nullcontext

import pytest

from tests.verifiers.code.test_compare_output import PAIRS, SIZE
from verifiers.code import compare_apart
from verifiers.code.compare_apart import MOST_IN_PLACE, MOST_SHOWN, NotComparedError, find_difference
from verifiers.code.compare_output import Difference
from verifiers.code.kind import Code
from verifiers.sandbox import choose
from verifiers.types import Bounds

LACKS = choose(None).lacks()
LARGE = b"a " * MOST_IN_PLACE


def compared(output: bytes, expected: bytes) -> Difference | None:
    return find_difference(output, expected, lambda _: nullcontext())


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_large_output_has_the_verdict_of_a_small_one():
    assert compared(LARGE, LARGE) is None
    assert compared(LARGE, LARGE.replace(b" ", b"\n")) is None
    assert compared(LARGE + b"b\xff", LARGE + b"B") == (MOST_IN_PLACE + 1, b"b\xff", b"b")
    assert compared(LARGE, LARGE + b"c") == (MOST_IN_PLACE + 1, None, b"c")
    assert compared(LARGE + b"c", LARGE) == (MOST_IN_PLACE + 1, b"c", None)
    assert compared(b"", LARGE) == (1, None, b"a")
    assert compared(b"d" * len(LARGE), LARGE) == (1, b"d" * MOST_SHOWN, b"a")
    assert compared(b"d" * 200, b"") == (1, b"d" * MOST_SHOWN, None)


@pytest.mark.parametrize("name", ["words", "a float", "an exponent"])
def test_sixteen_megabytes_take_another_process_time(name):
    """What this process takes is the longest that its event loop can have waited, and Ctrl-C."""
    output, expected = PAIRS[name](SIZE)
    here, there = time.process_time(), children_s()
    assert compared(output, expected) is not None
    here, there = time.process_time() - here, children_s() - there
    assert here < there / 2, (here, there)


HANGS = "import time; time.sleep(600)"


def test_past_its_time_nothing_is_known(monkeypatch):
    monkeypatch.setattr(compare_apart, "_START", HANGS)
    monkeypatch.setattr(compare_apart, "TIMEOUT_S", 0.0)
    with pytest.raises(NotComparedError, match="ran past its limit of 0 s"):
        compared(LARGE, LARGE + b"c")


def test_past_its_memory_nothing_is_known(monkeypatch):
    monkeypatch.setattr(compare_apart, "MEMORY_MB", 16)
    with pytest.raises(NotComparedError, match=r"ended with status|was killed by"):
        compared(LARGE, LARGE + b"c")


def test_the_process_can_be_killed_meanwhile():
    @contextmanager
    def killed(child):
        child.kill()
        yield

    with pytest.raises(NotComparedError, match="was ended"):
        find_difference(LARGE, LARGE + b"c", killed)


@pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
def test_a_program_that_prints_millions_of_digits_is_judged_apart():
    """Three million ones and an x, where a y is expected: it took for ever, and Ctrl-C was not heard."""
    problem = {"public_tests": {"input": ["1"], "output": ["1" * 3_000_000 + "y"]}}
    verdict = Code(bounds=Bounds(timeout_s=5)).verify("print('1' * 3_000_000 + 'x')", problem)
    assert verdict.passed is False
    assert str(verdict.evidence).startswith(f"word 1: expected '{'1' * MOST_SHOWN}'")


@pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
def test_no_verdict_is_given_of_what_was_not_compared(monkeypatch):
    monkeypatch.setattr(compare_apart, "_START", HANGS)
    monkeypatch.setattr(compare_apart, "TIMEOUT_S", 0.0)
    problem = {"public_tests": {"input": ["1"], "output": [LARGE.decode()]}}
    verdict = Code(bounds=Bounds(timeout_s=5)).verify("print('a\\n' * 300_000)", problem)
    assert verdict.passed is None
    assert verdict.reason == (
        "the output was not compared: the process that compares ran past its limit of 0 s"
    )
