"""Kind `python`: a function of the user's own."""

import math
import re

import pytest

from verifiers.python_call import PythonCall
from verifiers.types import Bounds


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes a verifier of this code."""
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    modules = iter(f"own_judge_{tmp_path.name.replace('-', '_')}_{n}" for n in range(9))

    def make(code: str, name: str = "judge", **options: object) -> PythonCall:
        module = next(modules)
        (tmp_path / f"{module}.py").write_text(code)
        return PythonCall(call=f"{module}:{name}", bounds=Bounds(folder=str(tmp_path)), **options)

    return make


REPLIES = [
    # what the function returns, passed, score, words of the reason
    ("True", True, None, ""),
    ("False", False, None, ""),
    ("None", None, None, "could not tell"),
    ("1.0", True, 1.0, ""),
    ("0.99", False, 0.99, ""),
    ("3", True, 3.0, ""),
    ("float('nan')", None, None, "score is nan"),
    ("{'passed': True, 'answer': 5, 'evidence': 'e'}", True, None, ""),
    ("{'score': 0.5}", False, 0.5, ""),
    ("{'score': 2, 'passed': False}", False, 2.0, ""),
    ("{'score': 2, 'passed': None}", None, 2.0, "could not tell"),
    ("{'passed': None, 'reason': 'no gold'}", None, None, "no gold"),
    ("{'pased': True}", None, None, "unknown key 'pased'"),
    ("{'passed': 1}", None, None, "neither true nor false"),
    ("{'passed': True, 'score': 'high'}", None, None, "score is not a number"),
    ("{'passed': True, 'score': float('inf')}", None, None, "score is inf"),
    ("'yes'", None, None, "answered str"),
    ("1 / 0", None, None, "judge raised ZeroDivisionError: division by zero"),
    ("exit(0)", None, None, "judge raised SystemExit: 0"),
]


@pytest.mark.parametrize(("reply", "passed", "score", "reason"), REPLIES)
def test_replies(made, reply, passed, score, reason):
    verdict = made(f"def judge(text, problem):\n    return {reply}").verify("t", {})
    assert (verdict.passed, verdict.score) == (passed, score)
    assert reason in (verdict.reason or "")
    assert bool(reason) == bool(verdict.reason)


def test_it_gets_the_text_and_the_problem(made):
    verifier = made(
        "def judge(text, problem):\n    return {'passed': True, 'answer': text + problem['gold']}"
    )
    assert verifier.verify("a", {"gold": "b"}).answer == "ab"


def test_the_threshold_is_an_option(made):
    verifier = made("def judge(text, problem):\n    return 0.6", threshold=0.5)
    assert verifier.verify("t", {}).passed is True
    assert ";threshold=0.5;" in verifier.version


def test_a_method_can_be_named(made):
    code = "class Judge:\n    @staticmethod\n    def judge(text, problem):\n        return True"
    verifier = made(code, "Judge.judge")
    assert verifier.lacks() is None
    assert verifier.verify("t", {}).passed is True


def test_another_file_is_another_version(tmp_path):
    file = tmp_path / "mine.py"
    versions = []
    for answer in ("True", "False"):
        file.write_text(f"def judge(text, problem): return {answer}")
        versions.append(PythonCall(call="mine:judge", bounds=Bounds(folder=str(tmp_path))).version)
    assert len(set(versions)) == 2
    assert all(re.fullmatch(r"1;call=mine:judge;file=[0-9a-f]{12}", version) for version in versions)


def test_a_package_is_found_without_being_imported(tmp_path):
    package = tmp_path / "bundle"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "inner.py").write_text("def judge(text, problem): return True")
    verifier = PythonCall(call="bundle.inner:judge", bounds=Bounds(folder=str(tmp_path)))
    assert not verifier.version.endswith("none")
    assert "RuntimeError: imported" in (verifier.lacks() or ("",))[0]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def judgement(text, problem): return True", "has no attribute 'judge'"),
        ("judge = 3", "it is not callable"),
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("def judge(:", "SyntaxError"),
        ("raise SystemExit", "can't be called"),
    ],
)
def test_what_it_lacks_is_said(made, code, words):
    lacking = made(code).lacks()
    assert lacking is not None
    assert words in lacking[0]
    assert lacking[1]


def test_a_missing_module_is_lacking():
    verifier = PythonCall(call="no.such.module:judge")
    assert verifier.lacks() is not None
    assert verifier.version.endswith("file=none")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"call": "judge"},
        {"call": "a b:judge"},
        {"call": "m:judge()"},
        {"call": "../m:judge"},
        {"call": 3},
        {"call": "m:j", "threshold": math.nan},
        {"call": "m:j", "threshold": True},
    ],
)
def test_options_out_of_range(options):
    with pytest.raises(ValueError, match=r"^verifier python: (call|threshold) is"):
        PythonCall(**options)
