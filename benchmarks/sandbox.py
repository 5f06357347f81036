"""How many sandboxed programs a second one core verifies: .venv/bin/python benchmarks/sandbox.py [SECONDS]

One thread, pinned with everything it starts to one core. Prints, a line each, what starts a sandbox, a program with
one test, one with ten, and a function with a test that calls it ten times.
"""

import os
import sys
import time
from collections.abc import Callable

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


def rate(seconds: float, work: Callable[[], bool]) -> float:
    assert work(), "a right program did not pass"
    done, started = 0, time.perf_counter()
    while time.perf_counter() < started + seconds:
        assert work()
        done += 1
    return done / (time.perf_counter() - started)


def start() -> bool:
    job = Job(python=(("main", "print('here')"),))
    with input_file(b"") as stdin, choose(None).start(job, stdin) as child:
        return child.read_to_end(10).stdout == b"here\n"


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    code = Code()
    if lacks := code.lacks():
        sys.exit(f"{lacks[0]} ({lacks[1]})")
    for name, work in (
        ("a sandbox that prints a word", start),
        ("a program, one test", lambda: code.verify(ADD, contest(1)).passed is True),
        ("a program, ten tests", lambda: code.verify(ADD, contest(10)).passed is True),
        ("a function, ten calls", lambda: code.verify("    return a + b\n", FUNCTION).passed is True),
    ):
        print(f"{name:<30} {rate(seconds, work):6.1f} a second")


if __name__ == "__main__":
    main()
