"""Mutants of our own code: one small change a mutant, drawn by a seed, each tried on its package's own tests.

python -m tests.mutants.mutate --seed 1 --count 200 --packages orchestrator/ledger pricing …

Works in copies of the tree. The package's tests run once with coverage by test, so that a mutant is tried only on the
tests that run its line (on all of the package's where none is known: a line that runs at import or in a child process).
Prints each mutant with its file, line and change, and the share killed; exit status 1 below `--least`. A mutant that
makes its tests hang counts as killed, as in the field's tools.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "orchestrator/ledger",
    "orchestrator/reconcile",
    "orchestrator/doctor",
    "orchestrator/next_dollar",
    "pricing",
)
COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.Mult,
}


@dataclass(frozen=True)
class Mutant:
    file: Path
    line: int
    change: str
    text: str
    """The whole module as changed."""


def mutants_of(file: Path) -> list[Mutant]:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found: list[Mutant] = []
    for at, node in enumerate(ast.walk(tree)):
        for change, changed in _changes(node):
            line: int = getattr(node, "lineno", 0)
            found.append(Mutant(file, line, change, _with(tree, at, changed)))
    return found


def _with(tree: ast.Module, at: int, changed: ast.AST) -> str:
    made = copy.deepcopy(tree)
    node = list(ast.walk(made))[at]
    node.__dict__.update(changed.__dict__)
    node.__class__ = changed.__class__  # in place, whatever holds it
    return ast.unparse(ast.fix_missing_locations(made))


def _changes(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """What one node may become. Types, decorators and docstrings are left alone: they decide nothing."""
    new = copy.deepcopy(node)
    if isinstance(new, ast.Compare) and type(new.ops[0]) in COMPARISONS:
        before = ast.unparse(node)
        new.ops[0] = COMPARISONS[type(new.ops[0])]()
        return [(f"{before} -> {ast.unparse(new)}", new)]
    if isinstance(new, ast.BinOp) and type(new.op) in OPERATORS and not _is_text(new):
        before = ast.unparse(node)
        new.op = OPERATORS[type(new.op)]()
        return [(f"{before} -> {ast.unparse(new)}", new)]
    if isinstance(new, ast.BoolOp):
        before = ast.unparse(node)
        new.op = ast.Or() if isinstance(new.op, ast.And) else ast.And()
        return [(f"{before} -> {ast.unparse(new)}", new)]
    if isinstance(new, ast.UnaryOp) and isinstance(new.op, ast.Not):
        return [(f"{ast.unparse(node)} -> {ast.unparse(new.operand)}", new.operand)]
    if isinstance(new, ast.Return) and new.value is not None and not isinstance(new.value, ast.Constant):
        before = ast.unparse(node)
        new.value = ast.Constant(None)
        return [(f"{before} -> return None", new)]
    if isinstance(new, ast.If) and ast.unparse(new.test) != "TYPE_CHECKING":
        before = ast.unparse(node.test) if isinstance(node, ast.If) else ""
        new.test = ast.UnaryOp(ast.Not(), new.test)
        return [(f"if {before} -> if not ({before})", new)]
    return []


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(part, ast.JoinedStr) or (isinstance(part, ast.Constant) and isinstance(part.value, str))
        for part in (node.left, node.right)
    )


def drawn(packages: list[str], count: int, seed: int) -> list[tuple[str, Mutant]]:
    """By line of code: a package's share of the mutants is its share of the places that can be changed."""
    every: list[tuple[str, Mutant]] = []
    for package in packages:
        for file in sorted((ROOT / package).rglob("*.py")):
            every += [(package, mutant) for mutant in mutants_of(file.relative_to(ROOT))]
    return random.Random(seed).sample(every, min(count, len(every)))


Lines = Mapping[tuple[str, int], list[str]]
"""By file and line: the tests, as pytest names them, that run it."""


def lines_of(tree: Path, package: str) -> Lines:
    """One run of the package's own tests."""
    from coverage import CoverageData

    rc, data = tree / "mutants.coveragerc", tree / "mutants.coverage"
    rc.write_text(
        f"[run]\nsource = {package.replace('/', '.')}\ndata_file = {data}\ndynamic_context = test_function\n"
        "disable_warnings = module-not-measured, no-data-collected, module-not-imported\n"
    )
    command = [sys.executable, "-m", "coverage", "run", f"--rcfile={rc}", "-m", "pytest", "-q", "-n", "0"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", f"tests/{package}"],
        cwd=tree,
        env=_env(tree),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"the tests of {package} fail without a mutant:\n{done.stdout[-2000:]}")
    read = CoverageData(basename=str(data))
    read.read()
    found: dict[tuple[str, int], list[str]] = {}
    for file in read.measured_files():
        name = str(Path(file).relative_to(tree))
        for line, contexts in read.contexts_by_lineno(file).items():
            tests = [_node(tree, context) for context in contexts if context]
            found[name, line] = sorted({test for test in tests if test is not None})
    return found


def _node(tree: Path, context: str) -> str | None:
    """tests.pricing.test_cost.test_x -> tests/pricing/test_cost.py::test_x"""
    module, _, test = context.rpartition(".")
    file = f"{module.replace('.', '/')}.py"
    return f"{file}::{test}" if (tree / file).is_file() else None


def _env(tree: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(tree)}


def killed(tree: Path, tests: list[str], mutant: Mutant, most_s: float) -> bool:
    """Whether the tests notice it."""
    file = tree / mutant.file
    before = file.read_text("utf-8")
    file.write_text(mutant.text, "utf-8")
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-q",
                "-x",
                "-n",
                "0",
                "-p",
                "no:cacheprovider",
                *tests,
            ],
            cwd=tree,
            env=_env(tree),
            capture_output=True,
            timeout=most_s,
        )
    except subprocess.TimeoutExpired:
        return True
    finally:
        file.write_text(before, "utf-8")
    return done.returncode == 1


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--packages", nargs="+", default=list(PACKAGES))
    parser.add_argument("--least", type=float, default=0.8)
    parser.add_argument("--timeout", type=float, default=900.0)
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    mutants = drawn(given.packages, given.count, given.seed)
    survived: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        trees: Queue[Path] = Queue()
        for number in range(given.at_once):
            tree = Path(folder) / str(number) / "manyfew"
            shutil.copytree(
                ROOT, tree, ignore=shutil.ignore_patterns(".venv*", ".git", "__pycache__", "*.db*")
            )
            trees.put(tree)

        def looked_at(package: str) -> tuple[str, Any]:
            tree = trees.get()
            try:
                return package, lines_of(tree, package)
            finally:
                trees.put(tree)

        def tried(one: tuple[str, Mutant]) -> None:
            package, mutant = one
            tests = lines[package].get((str(mutant.file), mutant.line)) or [f"tests/{package}"]
            tree, began = trees.get(), time.monotonic()
            try:
                dead = killed(tree, tests, mutant, given.timeout)
            finally:
                trees.put(tree)
            place = f"{mutant.file}:{mutant.line}: {mutant.change[:160]}"
            if not dead:
                survived.append(place)
            print(
                f"{'killed  ' if dead else 'SURVIVED'} {time.monotonic() - began:5.0f} s  {place}", flush=True
            )

        with ThreadPoolExecutor(given.at_once) as pool:
            lines: dict[str, Lines] = dict(pool.map(looked_at, given.packages))
            list(pool.map(tried, mutants))
    share = 1 - len(survived) / len(mutants)
    print(f"\n{len(mutants) - len(survived)} of {len(mutants)} killed ({share:.1%}), seed {given.seed}")
    sys.exit(share < given.least)


if __name__ == "__main__":
    main()
