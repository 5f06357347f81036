"""How fast kind `coq` judges: right and wrong proofs, with an empty header and with one that loads lia.

    python benchmarks/proofs.py [--texts 20] [--threads 1] [--bare]

--bare runs Coq outside of the sandbox and prints its CPU time too, which a machine with other work doesn't change;
the kernel doesn't count a sandbox's CPU time for whoever started it.
"""

import argparse
import os
import resource
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from verifiers.proofs.coq.kind import Coq
from verifiers.types import Bounds

PROBLEMS: dict[str, tuple[dict[str, str], str, str]] = {
    "no header": ({"name": "t", "statement": "forall P Q : Prop, P /\\ Q -> Q /\\ P"}, "tauto.", "auto."),
    "Arith, Lia": (
        {"name": "t", "statement": "forall a b : nat, a + b = b + a", "header": "Require Import Arith Lia."},
        "lia.",
        "reflexivity.",
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    asked = parser.parse_args()
    verifier = Coq(
        bounds=Bounds(timeout_s=30, memory_mb=2048, sandbox="none-i-trust-this-code" if asked.bare else None)
    )
    print(
        f"{verifier.version}, {os.cpu_count()} cores, {asked.threads} threads, load {os.getloadavg()[0]:.1f}"
    )
    for header, (problem, right, wrong) in PROBLEMS.items():
        verifier.verify("", problem)  # the problem's own files are compiled once
        for name, text, passed in (("right", right, True), ("wrong", wrong, False)):
            texts = [f"{text} (* {number} *)" for number in range(asked.texts)]
            before, started = cpu(), time.perf_counter()
            with ThreadPoolExecutor(asked.threads) as threads:
                verdicts = [
                    each.passed for each in threads.map(verifier.verify, texts, [problem] * asked.texts)
                ]
            assert verdicts == [passed] * asked.texts
            wall, used = time.perf_counter() - started, cpu() - before
            rate = f"{header:12} {name}: {asked.texts / wall:5.1f} a second"
            print(f"{rate}, {used / asked.texts * 1000:4.0f} ms of CPU time each" if asked.bare else rate)


def cpu() -> float:
    return sum(
        resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )


if __name__ == "__main__":
    main()
