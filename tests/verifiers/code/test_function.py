"""HumanEval's form: own problems always, all 164 where the data is, by `check(entry_point)` outside the program."""

import gzip
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from verifiers.code.kind import Code
from verifiers.sandbox import choose
from verifiers.types import Bounds

LACKS = choose(None).lacks()
pytestmark = pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
OWN = [
    json.loads(line)
    for line in (Path(__file__).parent / "code_fixture/functions.jsonl").read_text("utf-8").splitlines()
]
DATA = Path(os.environ.get("MANYFEW_HUMANEVAL", Path(__file__).parents[4] / "shared/data/HumanEval.jsonl.gz"))
STEP = 1 if "MANYFEW_HUMANEVAL" in os.environ else 12
"""Every problem where the file is named, else one of twelve: all take half a minute a round."""

SMALL = {"prompt": "def f():\n    '''x'''\n", "entry_point": "f"}
PERTURBED = """
_right = {entry_point}
def {entry_point}(*arguments, **named):
    value = _right(*arguments, **named)
    if isinstance(value, bool): return not value
    if isinstance(value, (int, float)): return value + 1
    if isinstance(value, str): return value + "x"
    if isinstance(value, list): return value + [None]
    if isinstance(value, tuple): return (*value, None)
    if isinstance(value, dict): return {{**value, "x": None}}
    if isinstance(value, set): return value | {{"x"}}
    return 0 if value is None else None
"""


def fenced(program: str) -> str:
    return f"Here it is:\n```python\n{program}\n```\n"


def judged(problems: list[dict[str, Any]], answer) -> list[str]:
    """The ids whose answer passes; a verdict that is none fails."""
    code = Code(bounds=Bounds(timeout_s=20))
    with ThreadPoolExecutor(2) as threads:
        verdicts = list(threads.map(lambda problem: code.verify(answer(problem), problem), problems))
    for problem, verdict in zip(problems, verdicts, strict=True):
        assert verdict.passed is not None, (problem["task_id"], verdict)
    return [problem["task_id"] for problem, verdict in zip(problems, verdicts, strict=True) if verdict.passed]


def all_of(problems):
    return [problem["task_id"] for problem in problems]


@pytest.fixture(scope="module")
def humaneval():
    if not DATA.exists():
        pytest.skip(f"no {DATA}")
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        problems = [json.loads(line) for line in file]
    assert len(problems) == 164
    return problems[::STEP]


def continuation(problem):
    return problem["canonical_solution"]


def whole(problem):
    return fenced(problem["prompt"] + problem["canonical_solution"])


def perturbed(problem):
    return fenced(problem["prompt"] + problem["canonical_solution"] + PERTURBED.format(**problem))


def test_own_solutions_pass():
    assert judged(OWN, continuation) == all_of(OWN)
    assert judged(OWN, whole) == all_of(OWN)


def test_own_broken_ones_do_not():
    assert judged(OWN, perturbed) == []
    assert judged(OWN, lambda problem: "    return None\n") == []


def test_humaneval_solutions_pass(humaneval):
    assert judged(humaneval, continuation) == all_of(humaneval)


def test_broken_humaneval_solutions_do_not(humaneval):
    assert judged(humaneval, perturbed) == []


def test_humaneval_functions_that_do_nothing_do_not(humaneval):
    assert judged(humaneval, lambda problem: "    return None\n") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("", "no program in the answer"),
        ("```python\ndef halves(x): return 0\n```", "line 2 of the test: not so"),
        (
            "```python\ndef halves(x): return 1/0\n```",
            "line 2 of the test: ZeroDivisionError: division by zero",
        ),
        (
            "```python\nimport nonesuch\ndef halves(x): pass\n```",
            "needs a package that the sandbox does not have: nonesuch",
        ),
        ("```python\ndef halves(x:\n```", "the program does not load: SyntaxError"),
        ("```python\ndef halves(x):\n    while 1: pass\n```", "past its limit of 1 s"),
        ("```python\nimport os\ndef halves(x): os._exit(0)\n```", "before the test was through"),
        ("I can't.", "the program does not load: SyntaxError"),
    ],
)
def test_it_says_why_not(answer, reason):
    verdict = Code(bounds=Bounds(timeout_s=1 if "while" in answer else 20)).verify(answer, OWN[2])
    assert verdict.passed is False
    assert reason in str(verdict.reason)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ("def check(candidate:\n", "the problem's test does not load: SyntaxError"),
        (
            "import nonesuch\ndef check(candidate): pass",
            "the problem's test does not load: ModuleNotFoundError",
        ),
        ("x = 1", "the problem's test never calls the program"),
        ("import os\nos._exit(0)", "the checker ended before its verdict"),
    ],
)
def test_a_broken_test_is_no_verdict(test, reason):
    verdict = Code(bounds=Bounds(timeout_s=20)).verify("    return x", {**OWN[2], "test": test})
    assert verdict.passed is None
    assert reason in str(verdict.reason)


@pytest.mark.parametrize(
    ("program", "equal"),
    [
        ("from collections import OrderedDict\ndef f(): return OrderedDict(a=1)", "{'a': 1}"),
        ("from collections import namedtuple\ndef f(): return namedtuple('P', 'x y')(1, 2)", "(1, 2)"),
        ("from fractions import Fraction\ndef f(): return Fraction(1, 2)", "0.5"),
        (
            "from decimal import Decimal\ndef f(): return [Decimal('0.1')]",
            "[__import__('decimal').Decimal('0.1')]",
        ),
        ("import enum\nclass E(enum.IntEnum):\n    A = 3\ndef f(): return E.A", "3"),
        ("def f(): return range(3)", "range(3)"),
        (
            "def f(): return complex(1, -0.0), b'x', None, frozenset({1})",
            "(1+0j, b'x', None, frozenset({1}))",
        ),
        ("def f(): return {(1, 'a'): {2.5: [None]}}", "{(1, 'a'): {2.5: [None]}}"),
        ("def f(): return -(10**5000)", "-(10**5000)"),
        ("def f(): return float('-inf')", "float('-inf')"),
        ("def f(): return 'ü\\ud800\\0'", "'ü\\ud800\\0'"),
    ],
)
def test_values_that_cross_are_equal_to_what_they_were(program, equal):
    problem = {
        "prompt": "def f():\n    '''x'''\n",
        "entry_point": "f",
        "test": f"def check(c):\n    assert c() == {equal}",
    }
    verdict = Code(bounds=Bounds(timeout_s=20)).verify(fenced(program), problem)
    assert verdict.passed is True, verdict


def test_an_iterator_is_no_list_but_goes_through():
    test = "def check(c):\n    assert c() != [1, 2]\n    assert list(c()) == [1, 2]"
    answer = fenced("def f():\n    yield 1\n    yield 2")
    assert Code(bounds=Bounds(timeout_s=20)).verify(answer, {**SMALL, "test": test}).passed is True
