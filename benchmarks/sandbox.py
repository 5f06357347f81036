"""How many sandboxed programs a second are verified: .venv/bin/python benchmarks/sandbox.py [SECONDS] [--cores N]

A thread a core (default 1), pinned with everything they start to so many cores. Prints, a line each, what starts a
sandbox, a program with one test, with ten and with fifty, and a function with a test that calls it ten times.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from verifiers.code.kind import Code
from verifiers.sandbox import Job, choose, input_file

ADD = "```python\na, b = map(int, input().split())\nprint(a + b)\n```"


def contest(tests: int) -> dict[str, object]:
    inputs, outputs = [f"{n} 1\n" for n in range(tests)], [f"{n + 1}\n" for n in range(tests)]
    return {"public_tests": {"input": inputs, "output": outputs}}


FUNCTION = {
    "prompt": 'def add(a: int, b: int) -> int:\n    """The sum."""\n',
    "entry_point": "add",
    "test": "def check(candidate):\n    for n in range(10):\n        assert candidate(n, 1) == n + 1\n",
}


def rate(seconds: float, cores: int, work: Callable[[], bool]) -> float:
    assert work(), "a right program did not pass"
    started = time.perf_counter()

    def repeat(_: int) -> int:
        done = 0
        while time.perf_counter() < started + seconds:
            assert work()
            done += 1
        return done

    with ThreadPoolExecutor(cores) as threads:
        done = sum(threads.map(repeat, range(cores)))
    return done / (time.perf_counter() - started)


def start() -> bool:
    job = Job(python=(("main", "print('here')"),))
    with input_file(b"") as stdin, choose(None).start(job, stdin) as child:
        return child.read_to_end(10).stdout == b"here\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=10.0)
    parser.add_argument("--cores", type=int, default=1)
    given = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])
    code = Code()
    if lacks := code.lacks():
        sys.exit(f"{lacks[0]} ({lacks[1]})")
    for name, work in (
        ("a sandbox that prints a word", start),
        ("a program, one test", lambda: code.verify(ADD, contest(1)).passed is True),
        ("a program, ten tests", lambda: code.verify(ADD, contest(10)).passed is True),
        ("a program, fifty tests", lambda: code.verify(ADD, contest(50)).passed is True),
        ("a function, ten calls", lambda: code.verify("    return a + b\n", FUNCTION).passed is True),
    ):
        print(f"{name:<30} {rate(given.seconds, given.cores, work):6.1f} a second")


if __name__ == "__main__":
    main()
