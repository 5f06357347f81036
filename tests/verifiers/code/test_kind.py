"""The kind code by its rules, and what a sweep's tests need before money is spent."""

import pytest

from tests.verifiers.code.code_cases import RULES
from verifiers.code.kind import PACKAGES, Code
from verifiers.code.missing import packages_missing
from verifiers.registry import get
from verifiers.sandbox import choose
from verifiers.sandbox.packages import installed
from verifiers.types import Bounds

LACKS = choose(None).lacks()
sandboxed = pytest.mark.skipif(LACKS is not None, reason=str(LACKS))
TESTS = {"prompt": "def f():\n    '''x'''\n", "entry_point": "f"}


@sandboxed
@pytest.mark.parametrize("rule", RULES)
def test_what_is_accepted(rule):
    code = Code(bounds=Bounds(timeout_s=20))
    for problem, answer, right in RULES[rule]:
        verdict = code.verify(answer, problem)
        assert verdict.passed is right, (problem.get("test", "")[:200], answer[:200], verdict)


def needing(*modules: str):
    return [
        {**TESTS, "task_id": f"t/{name}", "test": f"import {name}\ndef check(c): c()"} for name in modules
    ]


@sandboxed
def test_tests_that_need_what_is_not_there_are_found_before_money_is_spent():
    code = Code()
    assert code.lacks_for(needing("numpy", "json", "sympy", "sortedcontainers")) is None
    lack = code.lacks_for([*needing("numpy", "nonesuch_a"), *needing("nonesuch_b", "nonesuch_a")])
    assert lack is not None
    assert lack[0] == (
        "the sandbox does not have nonesuch_a, nonesuch_b, which the tests of 3 problems import"
        " (the first: t/nonesuch_a)"
    )
    assert 'packages = ["numpy", "scipy", "sympy", "sortedcontainers", "nonesuch_a", "nonesuch_b"]' in lack[1]
    assert Code(packages=[]).lacks_for(needing("numpy")) is not None
    assert code.lacks_for([{"public_tests": {"input": [""], "output": ["1"]}}]) is None
    spared = {**TESTS, "test": "try:\n    import nonesuch\nexcept ImportError:\n    nonesuch = None\n"}
    assert code.lacks_for([spared]) is None
    assert code.lacks_for([{**TESTS, "test": "def check(c:"}]) is None


@sandboxed
def test_a_package_that_is_missing_is_named():
    code = Code(bounds=Bounds(timeout_s=20))
    problem = {"public_tests": {"input": [""], "output": ["1"]}}
    verdicts = [
        code.verify(f"```python\nimport {name}\nprint(1)\n```", problem) for name in ("pandas", "my_mod")
    ]
    assert [verdict.passed for verdict in verdicts] == [None, False]
    reasons = {str(verdict.reason): 2 for verdict in verdicts}
    assert packages_missing(reasons) == {"pandas": 2, "my_mod": 2}
    assert packages_missing({"another output than expected": 5}) == {}


def test_packages_are_in_the_version():
    assert installed(PACKAGES)
    assert f"packages={', '.join(installed(PACKAGES))}" in get("code", {}).version
    assert "packages" not in get("code", {"packages": []}).version
    for wrong in ("numpy", [1], ["a b"]):
        with pytest.raises(ValueError, match="verifier code: packages is"):
            get("code", {"packages": wrong})
