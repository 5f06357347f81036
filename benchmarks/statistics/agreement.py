"""Verifiers against labels: how often `numeric` and `math` say what the label says.

    python benchmarks/statistics/agreement.py openai example_model_solutions.jsonl
    python benchmarks/statistics/agreement.py tora test_tora_-1_seed0_t0.0_s0_e1319.jsonl
    python benchmarks/statistics/agreement.py realcritic test.jsonl
    python benchmarks/statistics/agreement.py solutions math_test.jsonl

The files are others' and not kept here; docs/verifiers-agreement.md says whose. `solutions` takes MATH's own golds:
each against its own solution, against 2 of its neighbours', and with one digit, sign or letter changed.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verifiers.math.final_answer import boxed
from verifiers.registry import get
from verifiers.types import Verifier

Labelled = tuple[str, str, str, bool]
"""Text, gold, question, label."""


def lines(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file if line.strip())


def openai(path: Path) -> Iterator[Labelled]:
    for row in lines(path):
        gold = row["ground_truth"].rpartition("A: ")[2]
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            yield row[model]["solution"], gold, row["question"], row[model]["is_correct"]


def tora(path: Path) -> Iterator[Labelled]:
    """Its authors' own extraction against the gold, as a number, is the label."""
    for row in lines(path):
        try:
            near = abs(float(row["pred"][0].replace(",", "")) - float(row["gt"].replace(",", ""))) < 1e-3
        except ValueError:
            near = False
        yield row["code"][0], row["gt"], row["question"], near


def realcritic(path: Path) -> Iterator[Labelled]:
    for row in lines(path):
        yield row["reasoning"], row["gt"], row["question"], bool(row["previous_score"][0])


def solutions(path: Path) -> Iterator[Labelled]:
    rng = random.Random(20240731)
    rows = [(row["problem"], row["solution"], boxed(row["solution"]) or "") for row in lines(path)]
    for at, (_, solution, gold) in enumerate(rows):
        yield solution, gold, "", True
        for other in (rows[at - 1], rows[at - 2]):
            if other[2] != gold:
                yield other[1], gold, "", False
        if changed := one_changed(gold, rng):
            yield f"\\boxed{{{changed}}}", gold, "", False


def one_changed(gold: str, rng: random.Random) -> str | None:
    """The gold with another digit, sign or lone letter in one place."""
    places = [match.start() for match in re.finditer(r"[0-9+-]|(?<![A-Za-z\\{])[a-z](?![A-Za-z])", gold)]
    if not places:
        return None
    at = rng.choice(places)
    choices = "+-" if gold[at] in "+-" else "123456789" if gold[at].isdigit() else "qw"
    other = rng.choice([char for char in choices if char != gold[at]])
    return gold[:at] + other + gold[at + 1 :]


def judged(verifier: Verifier, items: list[Labelled]) -> None:
    begun = time.perf_counter()
    agree = 0
    for text, gold, question, label in items:
        verdict = verifier.verify(text, {"answer": gold, "question": question})
        agree += verdict.passed is label
        if verdict.passed is not label:
            print(
                f"  {verifier.kind}: {verdict.passed} for {label}; {verdict.answer!r} for {gold!r}; {text[-90:]!r}"
            )
    seconds = time.perf_counter() - begun
    print(f"{verifier.kind}: {agree:,} of {len(items):,} agree ({agree / len(items):.2%}), {seconds:.1f} s")


def main() -> None:
    of, path = sys.argv[1], Path(sys.argv[2])
    items = list({"openai": openai, "tora": tora, "realcritic": realcritic, "solutions": solutions}[of](path))
    print(f"{path.name}: {len(items):,} texts, {sum(label for *_, label in items):,} labelled right")
    for kind in ("math",) if of == "solutions" or "math" in sys.argv[3:] else ("numeric", "math"):
        judged(get(kind, {}), items)


if __name__ == "__main__":
    main()
