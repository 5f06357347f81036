"""CodeContests' form: every test, its limits, what is said of a failure, and what is no problem of that form."""

import pytest

from verifiers.code.kind import Code
from verifiers.registry import get
from verifiers.sandbox import choose
from verifiers.types import Bounds

LACKS = choose(None).lacks()
sandboxed = pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
SUM = {
    "public_tests": {"input": ["1 2\n"], "output": ["3\n"]},
    "private_tests": {"input": ["5 6\n", "1000000 1\n"], "output": ["11", "1000001"]},
    "generated_tests": {"input": ["0 0"], "output": ["0"]},
    "time_limit": {"seconds": 1, "nanos": 0},
}
RIGHT = "```python\na, b = map(int, input().split())\nprint(a + b)\n```"


def verify(text: str, problem=SUM, **options):
    return Code(bounds=Bounds(timeout_s=1), **options).verify(text, problem)


@sandboxed
@pytest.mark.parametrize(
    "program",
    [
        "a, b = map(int, input().split())\nprint(a + b)",
        "import sys\nprint(sum(map(int, sys.stdin.read().split())))",
        "import sys\nprint(sum(map(int, open(0).read().split())))",
        "print(sum(map(int, open('/dev/stdin').read().split())))",
        "import os\nprint(sum(map(int, os.read(0, os.fstat(0).st_size).split())))",
        "import mmap\nprint(sum(map(int, mmap.mmap(0, 0, prot=mmap.PROT_READ)[:].split())))",
        "def main():\n    print(sum(map(int, input().split())))\nif __name__ == '__main__':\n    main()",
        "print(sum(map(int, input().split())))\nexit()",
        (
            "import sys\nsys.setrecursionlimit(10**6)\ndef f(n): return 0 if n == 0 else 1 + f(n - 1)\nf(50_000)\n"
            "print(sum(map(int, input().split())))"
        ),
        (
            "import sys, threading\nthreading.stack_size(2**27)\ndef main(): print(sum(map(int, input().split())))\n"
            "t = threading.Thread(target=main)\nt.start()\nt.join()"
        ),
        "open('x', 'w').write(input())\nprint(sum(map(int, open('x').read().split())))",
        (
            "import dataclasses, pickle\n@dataclasses.dataclass\nclass P:\n    x: int\n"
            "print(pickle.loads(pickle.dumps(P(sum(map(int, input().split()))))).x)"
        ),
        "print(sum(map(int, input().split())))\nraise SystemExit(1)",
    ],
)
def test_right_programs_pass(program):
    verdict = verify(f"```python\n{program}\n```")
    assert verdict.passed is True, verdict
    assert verdict.reason == "4 tests"


@sandboxed
@pytest.mark.parametrize(
    ("program", "reason", "evidence"),
    [
        (
            "print(3)",
            "private test 1 of 2: another output than expected",
            "word 1: expected '11', found '3'",
        ),
        ("print(3, 4)", "public test 1 of 1: another output", "word 2: expected nothing, found '4'"),
        ("pass", "public test 1 of 1: another output", "found nothing"),
        ("1/0", "public test 1 of 1: it ended with an error", "ZeroDivisionError: division by zero"),
        ("def f(:", "public test 1 of 1: it ended with an error", "SyntaxError"),
        ("import nonesuch", "needs a package that the sandbox does not have: nonesuch", "No module named"),
        ("while True: pass", "public test 1 of 1: past its limit of 1 s", ""),
        ("import time\ntime.sleep(9)", "public test 1 of 1: past its limit of 1 s", ""),
        ("print('x' * 10**8)", "public test 1 of 1: more output than allowed", ""),
        ("x = bytearray(4 << 30)", "public test 1 of 1: it ended with an error", "MemoryError"),
        (
            "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
            "it ended with an error",
            "exit status 139",
        ),
    ],
)
def test_wrong_programs_say_where(program, reason, evidence):
    verdict = verify(f"```python\n{program}\n```")
    assert verdict.passed is False
    assert reason in str(verdict.reason)
    assert evidence in str(verdict.evidence)
    assert len(str(verdict.evidence)) <= 2000
    assert "code/inside" not in str(verdict.evidence)


@pytest.mark.slow
@sandboxed
def test_time_limits_are_the_problems_own_times_the_factor_and_more():
    slow = (
        "```python\nimport time\nt = time.process_time()\nwhile time.process_time() < t + 1.3: pass\n"
        + RIGHT[10:]
    )
    one = {"public_tests": SUM["public_tests"], "time_limit": {"seconds": 0, "nanos": 500_000_000}}
    assert verify(slow, one).reason == "public test 1 of 1: past its limit of 0.5 s"
    assert verify(slow, one, time_factor=40).passed is True
    assert verify(slow, one, time_extra_s=20).passed is True
    assert verify(slow, {**one, "time_limit": None}).reason == "public test 1 of 1: past its limit of 1 s"
    assert verify(slow, {**one, "time_limit": 20.5}).passed is True


@sandboxed
def test_each_test_starts_anew():
    program = "import os\nassert not os.listdir('.')\nopen('seen', 'w')\n" + RIGHT[10:-3]
    assert verify(f"```python\n{program}\n```").passed is True


@sandboxed
def test_the_block_that_is_asked_for():
    two = f"{RIGHT}\n```python\nprint(0)\n```"
    assert verify(two).passed is False
    assert verify(two, block="first").passed is True


@sandboxed
def test_answers_without_a_program_are_wrong():
    for text in ("", "   ", "```python\n```", "x" * 300_000):
        assert verify(text).passed is False
        assert verify(text).reason == "no program in the answer"


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        ({}, "neither tests nor prompt, test and entry_point"),
        (
            {"public_tests": {"input": ["1"], "output": []}},
            "public_tests does not hold as many inputs as outputs",
        ),
        ({"public_tests": {"input": [1], "output": ["1"]}}, "public_tests holds something that is not text"),
        ({"public_tests": [1]}, "public_tests does not hold"),
        ({**SUM, "input_file": "in.txt"}, "about files"),
    ],
)
def test_what_is_no_such_problem_is_not_judged(problem, reason):
    verdict = verify(RIGHT, problem)
    assert verdict.passed is None
    assert reason in str(verdict.reason)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_factor": 0}, "time_factor is 0; it may be a number from 0.01 on"),
        ({"time_factor": True}, "time_factor is True"),
        ({"time_extra_s": -1}, "time_extra_s is -1; it may be a number from 0 on"),
        ({"time_extra_s": float("nan")}, "time_extra_s is nan"),
        ({"block": "best"}, "block is 'best'; it may be 'last' or 'first'"),
        ({"image": "python:3.11"}, "image is the name of a container's image"),
        ({"nonesuch": 1}, "verifier code has no option 'nonesuch'"),
    ],
)
def test_options_out_of_range(options, message):
    with pytest.raises(ValueError, match="verifier code") as caught:
        get("code", options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_version_says_what_a_verdict_depends_on():
    versions = {
        get("code", {}, Bounds()).version,
        get("code", {}, Bounds(timeout_s=3)).version,
        get("code", {}, Bounds(memory_mb=256)).version,
        get("code", {"time_factor": 2}, Bounds()).version,
        get("code", {"time_extra_s": 10}, Bounds()).version,
        get("code", {"block": "first"}, Bounds()).version,
        get("code", {"image": "x"}, Bounds(sandbox="container")).version,
    }
    assert len(versions) == 7
    assert get("code", {}, Bounds(workers=7)).version == get("code", {}, Bounds()).version


def test_no_sandbox_no_verdict(monkeypatch, tmp_path):
    """Without bubblewrap a program is refused, with the remedy; it is never run in the open."""
    monkeypatch.setenv("PATH", str(tmp_path))
    code = get("code", {})
    lacks = code.lacks()
    assert lacks is not None
    assert lacks[0] == "bubblewrap is not there, and programs of a model run nowhere else"
    assert 'sandbox = "container"' in lacks[1]
    verdict = code.verify(RIGHT, SUM)
    assert verdict.passed is None
    assert str(verdict.reason).startswith("the sandbox did not work: cannot start bwrap")
