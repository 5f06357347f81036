"""Every regular expression that meets a model's text takes a time that grows with the text's length and no faster: what
can go wrong is tried with texts made of the pattern's own signs, at doubled lengths."""

import ast
import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from types import ModuleType

import pytest

import orchestrator.text
import verifiers

try:
    from re import _parser  # pyright: ignore
except ImportError:  # pragma: no cover - Python 3.10's name
    import sre_parse as _parser

LENGTHS = (250, 500, 1000, 2000, 4000, 8000)
WORTH_A_LOOK_S = 0.001
"""What a linear pattern takes for thousands of characters: below it a ratio says nothing."""
MOST_RATIO = 3.0
"""Of the times for twice the length: 2 where it is linear, 4 where it is quadratic."""


def modules() -> Iterator[ModuleType]:
    for package in (verifiers, orchestrator.text):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".inside" not in found.name:  # those run in the sandbox alone
                yield importlib.import_module(found.name)


def patterns() -> dict[str, tuple[re.Pattern[str] | re.Pattern[bytes], frozenset[str]]]:
    """By module and name: the pattern, and the methods by which its module uses it."""
    found = {}
    for module in modules():
        source = inspect.getsource(module)
        for name, value in vars(module).items():
            for at, pattern in enumerate(compiled(value)):
                if not re.search(rf"^{name}\b.*=", source, re.MULTILINE):
                    continue  # imported from where it is made
                used = frozenset(re.findall(rf"\b{name}\.(match|fullmatch|\w+)\b", source)) - {"pattern"}
                found[f"{module.__name__}.{name}.{at}"] = (pattern, used)
    return found


def compiled(value: object) -> Iterator[re.Pattern[str] | re.Pattern[bytes]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, dict):
        for each in chain(value.keys(), value.values()):
            yield from compiled(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            yield from compiled(each)


def signs(tree: object) -> Iterator[str]:
    """The literals of a pattern in runs, and one sign of each of its classes."""
    run = ""
    for name, of in tree:  # pyright: ignore
        kind = str(name)
        if kind == "LITERAL":
            run += chr(of)
            continue
        if run:
            yield run
            run = ""
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield from signs(of[2])
        elif kind == "SUBPATTERN":
            yield from signs(of[3])
        elif kind in ("ASSERT", "ASSERT_NOT"):
            yield from signs(of[1])
        elif kind == "ATOMIC_GROUP":
            yield from signs(of)
        elif kind == "BRANCH":
            for tree in of[1]:
                yield from signs(tree)
        elif kind == "IN":
            for inner, what in of:
                if str(inner) in ("LITERAL", "RANGE"):
                    yield chr(what if str(inner) == "LITERAL" else what[0])
    if run:
        yield run


def units(pattern: re.Pattern[str] | re.Pattern[bytes]) -> list[str]:
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    found = list(dict.fromkeys(signs(_parser.parse(pattern.pattern, flags))))  # pyright: ignore
    short = list(dict.fromkeys([sign[0] for sign in found]))[:6]
    pairs = [one + other for one in short for other in short if one != other]
    return list(
        dict.fromkeys(
            [*found[:16], "1", " ", "a", "\n", "a ", "1.", *(f"{run} " for run in found[:8]), *pairs]
        )
    )


def seconds(use: Callable[[object], object], text: object, times: int) -> float:
    """The least of several, of processor time: on a busy machine the others say nothing."""
    least = float("inf")
    for _ in range(times):
        began = time.process_time()
        use(text)
        least = min(least, time.process_time() - began)
    return least


def growth(pattern: re.Pattern[str] | re.Pattern[bytes], used: frozenset[str], unit: str) -> float:
    """How much longer the longer of two texts takes, the second of which has twice the length."""
    uses: list[Callable[[object], object]] = [
        getattr(pattern, name) for name in used & {"match", "fullmatch"}
    ]
    if used - {"match", "fullmatch"} or not used:
        uses.append(lambda text: sum(1 for _ in pattern.finditer(text)))  # pyright: ignore

    def text(length: int) -> str | bytes:
        made = (unit * (length // len(unit) + 1))[:length] + "\0"
        return made.encode("utf-8", "replace") if isinstance(pattern.pattern, bytes) else made

    worst = 0.0
    for use in uses:
        for length, double in pairwise(LENGTHS):
            if seconds(use, text(length), 1) > WORTH_A_LOOK_S:
                worst = max(worst, seconds(use, text(double), 3) / seconds(use, text(length), 3))
                break
    return worst


PATTERNS = patterns()


def test_there_are_patterns():
    assert len(PATTERNS) > 200


@pytest.mark.parametrize("name", PATTERNS)
def test_a_pattern_takes_a_time_that_grows_with_the_length(name):
    pattern, used = PATTERNS[name]
    bad = {unit: ratio for unit in units(pattern) if (ratio := growth(pattern, used, unit)) > MOST_RATIO}
    slow = {unit: again for unit in bad if (again := growth(pattern, used, unit)) > MOST_RATIO}
    assert not slow, f"{pattern.pattern!r}"


NOT_OF_A_TEXT = {
    "verifiers.sandbox.bubblewrap": 1,  # the kernel's release
    "verifiers.sandbox.packages": 2,  # names of packages
    "verifiers.cluster.connection": 1,  # an address
    "verifiers.regex": 3,  # the sweep's own pattern, in a worker that is killed at its limit
    "verifiers.numbers.markers": 1,  # made of a number: four signs, blanks, and a place
    "verifiers.proofs.statement": 1,  # made of a name
    "verifiers.code.extract": 2,  # made of a name, and of a fence
}
"""Calls of re within functions, which the test above does not see, by module."""


def test_every_other_pattern_has_a_name_in_its_module():
    found = {}
    for module in modules():
        tree = ast.parse(inspect.getsource(module))
        inside = [
            node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        ]
        calls = {
            id(node)
            for function in inside
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func).startswith("re.")
            and node.func.attr != "escape"  # pyright: ignore
        }
        if calls and module.__name__ != "verifiers.math.normalize":  # it makes named ones
            found[module.__name__] = len(calls)
    assert found == NOT_OF_A_TEXT


def test_a_quadratic_pattern_is_found():
    assert growth(re.compile(r"a+b"), frozenset({"search"}), "a") > MOST_RATIO
    assert growth(re.compile(r"a+b"), frozenset({"match"}), "a") <= MOST_RATIO
