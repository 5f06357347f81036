"""What the kind code accepts: by rule, problems with answers and their right verdict. None: not judged."""

from typing import Any

Case = tuple[dict[str, Any], str, bool | None]


def output(expected: str, given: str = "") -> dict[str, Any]:
    return {"public_tests": {"input": [given], "output": [expected]}}


def function(
    test: str, prompt: str = 'def f(n):\n    """What f gives."""\n', name: str = "f"
) -> dict[str, Any]:
    return {"prompt": prompt, "test": test, "entry_point": name}


def fenced(*programs: str) -> str:
    return "\nThen:\n".join(f"```python\n{program}\n```" for program in programs)


def checked(*lines: str) -> dict[str, Any]:
    return function("def check(candidate):\n" + "".join(f"    {line}\n" for line in lines))


DOUBLE = "print(int(input()) * 2)"
SAME = fenced("def f(n):\n    return n")
WRONG = fenced("def f(n):\n    return n + 1")
EXTENDED = "class MyError({}):\n    pass\ndef f(n):\n    raise MyError('no ' + str(n))"
STOPS = fenced("def f(n):\n    raise StopIteration")

RULES: dict[str, list[Case]] = {
    "integers of any length are read and written": [
        (output("1" + "0" * 5000), fenced("print(10**5000)"), True),
        (output("1" + "0" * 4999 + "1"), fenced("print(10**5000)"), False),
        (output("6000", "9" * 6000), fenced("print(len(str(int(input()))))"), True),
        (output("-" + "7" * 4400), fenced("print(-int('7' * 4400))"), True),
        (checked("assert str(candidate(5000)) == '1' + '0' * 5000"), fenced("def f(n): return 10**n"), True),
        (checked("assert candidate('8' * 9000) == int('8' * 9000)"), fenced("def f(n): return int(n)"), True),
    ],
    "a program may raise the limit of its stack": [
        (
            output("20000"),
            fenced(
                "import resource, sys\nresource.setrlimit(resource.RLIMIT_STACK, (resource.RLIM_INFINITY,) * 2)\n"
                "sys.setrecursionlimit(10**6)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nprint(f(20000))"
            ),
            True,
        ),
        (
            output("1"),
            fenced("import resource\nresource.setrlimit(resource.RLIMIT_STACK, (-1, -1))\nprint(1)"),
            True,
        ),
        (
            output("1"),
            fenced("from resource import *\nsetrlimit(RLIMIT_STACK, (2**29, RLIM_INFINITY))\nprint(1)"),
            True,
        ),
        (
            output("500"),
            fenced(
                "import sys, threading\nsys.setrecursionlimit(10**7)\nthreading.stack_size(2**27)\n"
                "def main():\n    print(500)\nt = threading.Thread(target=main)\nt.start()\nt.join()"
            ),
            True,
        ),
        (
            checked("assert candidate(1) == 1"),
            fenced(
                "import resource\nresource.setrlimit(resource.RLIMIT_STACK, (10**9, 10**9))\ndef f(n): return n"
            ),
            True,
        ),
    ],
    "numpy, scipy, sympy and sortedcontainers are there when they are installed": [
        (output("3"), fenced("import numpy as np\nprint(int(np.sum([1, 2])))"), True),
        (output("4"), fenced("import numpy as np\nprint(int(np.sum([1, 2])))"), False),
        (
            output("x**2 - 1"),
            fenced("from sympy import *\nx = Symbol('x')\nprint(expand((x - 1) * (x + 1)))"),
            True,
        ),
        (
            output("1 2 3"),
            fenced("from sortedcontainers import SortedList\nprint(*SortedList([3, 1, 2]))"),
            True,
        ),
        (
            checked("assert candidate(4) == 10"),
            fenced("import numpy\ndef f(n): return numpy.arange(n + 1).sum()"),
            True,
        ),
        (
            checked("assert candidate(3) == [0, 1, 2]"),
            fenced("from sortedcontainers import SortedList\ndef f(n): return SortedList(range(n))"),
            True,
        ),
        (
            checked("assert candidate(3) == 0.5"),
            fenced("import numpy\ndef f(n): return numpy.float32(0.5)"),
            True,
        ),
        (
            checked("assert candidate(6) is True or candidate(6) == True"),
            fenced("import numpy\ndef f(n): return numpy.int64(n) > 5"),
            True,
        ),
        (
            checked("assert (candidate(3) == __import__('numpy').eye(3)).all()"),
            fenced("import numpy\ndef f(n): return numpy.eye(n)"),
            True,
        ),
        (
            checked("assert candidate(1) == 1"),
            fenced("import sympy\ndef f(n): return sympy.Integer(2)"),
            False,
        ),
    ],
    "a program that asks for a known package which is not there was not judged": [
        (output("3"), fenced("import pandas as pd\nprint(3)"), None),
        (output("3"), fenced("from networkx import Graph\nprint(3)"), None),
        (output("3"), fenced("try:\n    import pandas\nexcept ImportError:\n    print(3)"), True),
        (output("3"), fenced("import my_own_helpers\nprint(3)"), False),
        (output("3"), fenced("import numpy.nonesuch\nprint(3)"), False),
        (checked("assert candidate(5) == 5"), fenced("import torch\ndef f(n): return n"), None),
        (checked("assert candidate(5) == 5"), fenced("def f(n):\n    import cv2\n    return n"), None),
        (checked("assert candidate(5) == 5"), fenced("import solution_utils\ndef f(n): return n"), False),
    ],
    "a program in tags that a prompt asked for is the program between them": [
        (output("6", "3\n"), f"<code>\n{DOUBLE}\n</code>", True),
        (output("6", "3\n"), f"Here it is: <code>{DOUBLE}</code> Done.", True),
        (output("6", "3\n"), f"[PYTHON]\n{DOUBLE}\n[/PYTHON]", True),
        (output("6", "3\n"), f"[PYTHON]\n{DOUBLE}", True),
        (output("6", "3\n"), f"[BEGIN]\n{DOUBLE}\n[DONE]", True),
        (output("6", "3\n"), f"<answer>\n{fenced(DOUBLE)}\n</answer>", True),
        (output("6", "3\n"), f"```\n<code>\n{DOUBLE}\n</code>\n```", True),
        (output("6", "3\n"), f"<code>\nprint(1)\n</code>\nNo:\n<code>\n{DOUBLE}\n</code>", True),
        (output("6", "3\n"), f"<code>\n{DOUBLE}\n</code>\nNo:\n<code>\nprint(1)\n</code>", False),
        (
            output("6", "3\n"),
            '<code lang="python">\nif 1 &lt; 2:\n    print(int(input()) * 2)\n</code>',
            True,
        ),
        (output("<code>x</code>"), fenced("print('<code>x</code>')"), True),
        (output("<code>x</code>"), "print('<code>x</code>')", True),
        (checked("assert candidate(5) == 5"), "[PYTHON]\ndef f(n):\n    return n\n[/PYTHON]", True),
        (checked("assert candidate(5) == 5"), "<code>\n    return n\n</code>", True),
    ],
    "a function may be a method of a class, as LeetCode asks for it": [
        (
            checked("assert candidate(5) == 5"),
            fenced("class Solution:\n    def f(self, n):\n        return n"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("class Solution:\n    def f(self, n):\n        return 0"),
            False,
        ),
        (
            checked("assert candidate(5) == 5"),
            "class Solution(object):\n    @staticmethod\n    def f(n):\n        return n",
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced(
                "class Node:\n    pass\n\nclass Solution:\n    def g(self): return 5\n"
                "    def f(self, n):\n        return self.g()"
            ),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("class Solution:\n    def f(self, n):\n        return n\n\nf = Solution().f"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced(
                "class Node:\n    def f(self, n):\n        return 0\n\nif True:\n    def f(n):\n        return n"
            ),
            True,
        ),
        (
            function("assert f(5) == 5\n", "Write f."),
            fenced(
                "class Solution:\n    def __init__(self, n):\n        pass\n    def f(self, n):\n        return n"
            ),
            False,
        ),
    ],
    "blocks before the program that define or import what it uses are part of it": [
        (
            checked("assert candidate(5) == 5"),
            fenced("def g(n):\n    return n", "def f(n):\n    return g(n)"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("import math", "def f(n):\n    return math.floor(n)"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("from math import (\n    ceil as up,\n    floor,\n)", "def f(n):\n    return up(n)"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("ONE = 1", "def g(n):\n    return n * ONE", "def f(n):\n    return g(n)"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("from solution import f\ndef test_f():\n    assert f(1)", "def f(n):\n    return n"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("def f(n):\n    return 1 / 0\nf(1)", "def f(n):\n    return n"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("def g(n):\n    return n\nprint(nonesuch)", "def f(n):\n    return g(n)"),
            False,
        ),
        (output("3"), fenced("def g():\n    return 3", "print(g())"), True),
        (output("3"), fenced("print(4)", "print(3)"), True),
        (output("3"), fenced("print(3)", "print(4)"), False),
        (output("3"), "```\nprint(3)\n```\n\nOutput:\n```\n3\n```", True),
        (output("3"), "Input:\n```\n1 2\n```\n```\nprint(3)\n```", True),
    ],
    "a program without a fence is read without what stands around it": [
        (checked("assert candidate(5) == 5"), "python\ndef f(n):\n    return n", True),
        (checked("assert candidate(5) == 5"), "Python\n\ndef f(n):\n    return n + 1", False),
        (checked("assert candidate(5) == 5"), "pythonCopy code\ndef f(n):\n    return n", True),
        (checked("assert candidate(5) == 5"), "```\npython\ndef f(n):\n    return n\n```", True),
        (checked("assert candidate(5) == 5"), " def f(n):\n    return n", True),
        (checked("assert candidate(5) == 5"), "def f(n):\n    return n\n<|im_end|>\nuser: def g(", True),
        (checked("assert candidate(5) == 5"), "It is `def f(n): return n`, which says it.", True),
        (checked("assert candidate(5) == 5"), "`def f(n):\n    return n + 1`", False),
        (checked("assert candidate(5) == 5"), "The body is `return n`.", True),
        (output("6", "3\n"), f"python\n{DOUBLE}", True),
        (output("6", "3\n"), f"`{DOUBLE}`", True),
        (output("6", "3\n"), f"Use `{DOUBLE}`, nothing more.", True),
        (output("6", "3\n"), f"The program:\n\n{DOUBLE}\n", True),
        (output("6", "3\n"), f"n = 1\n{DOUBLE}\n\nIt reads `n` and doubles it.\n\nThat's all.", True),
        (output("6", "3\n"), "print(7)\n\nThis prints 7, not 6.", False),
    ],
    "a float that cannot hold the expected integer is not that integer": [
        (output("1000000000000000001"), fenced("print(1e18)"), False),
        (output("1000000000000000001"), fenced("print(float(10**18 + 1))"), False),
        (output("-9007199254740993"), fenced("print(-9007199254740992.0)"), False),
        (output("1000000000000000001"), fenced("print(10**18 + 1)"), True),
        (output("1000000000000000000"), fenced("print(1e18)"), True),
        (output("2"), fenced("print(2.0)"), True),
        (
            output("123456789012345678901234567891"),
            fenced("print('%.1f' % 123456789012345678901234567891)"),
            False,
        ),
    ],
    "tests may import numpy, as HumanEval+ does throughout": [
        (function("import numpy as np\ndef check(candidate):\n    assert candidate(5) == 5\n"), SAME, True),
        (function("import numpy as np\ndef check(candidate):\n    assert candidate(5) == 5\n"), WRONG, False),
        (
            function(
                "import numpy as np\ndef check(candidate):\n    for x, y in [([1], 1.0), ([0.1 + 0.2], 0.3)]:\n"
                "        assert np.allclose(candidate(*x), y, rtol=1e-07, atol=1e-6)\n"
            ),
            SAME,
            True,
        ),
        (
            checked("import numpy", "assert candidate(numpy.array([1, 2])).tolist() == [2, 4]"),
            fenced("def f(n): return n * 2"),
            True,
        ),
        (
            function(
                "from numpy.testing import assert_allclose\ndef check(f):\n    assert_allclose(f(1), 2)\n"
            ),
            SAME,
            False,
        ),
    ],
    "tests may call check themselves, or assert at their top level (MBPP, HumanEvalPack)": [
        (function("def check(candidate):\n    assert candidate(5) == 5\n\ncheck(f)\n"), SAME, True),
        (function("def check(candidate):\n    assert candidate(5) == 5\n\ncheck(f)\n"), WRONG, False),
        (function("assert f(5) == 5\nassert f(6) == 6\n"), SAME, True),
        (function("assert f(5) == 5\nassert f(6) == 7\n"), SAME, False),
        (function("import math\nassert math.isclose(f(0.1), 0.1)\n"), SAME, True),
        (
            function("if __name__ == '__main__':\n    check(f)\ndef check(c):\n    assert c(5) == 5\n"),
            SAME,
            True,
        ),
        (function("for x in range(3):\n    assert candidate(x) == x, x\n"), SAME, True),
        (
            function("def test_f():\n    assert f(1) == 1\n\ndef test_g():\n    assert f(2) == 3\n"),
            SAME,
            False,
        ),
        (function("def test_f():\n    assert f(1) == 1\n"), SAME, True),
        (function("assert f(5) == 5\n", "Write a function that gives its argument back."), SAME, True),
        (
            {"text": "Double.", "code": "def f(n):\n    return n * 2", "test_list": ["assert f(2) == 4"]},
            SAME,
            False,
        ),
        ({"text": "Same.", "code": "def f(n):\n    return n", "test_list": ["assert f(2) == 2"]}, SAME, True),
        (function("assert nonesuch(5) == 5\n"), SAME, None),
        (function("x = 1\n"), SAME, None),
        (function("def check(candidate):\n    pass\n"), SAME, None),
    ],
    "tests may be classes of unittest (BigCodeBench)": [
        (
            function(
                "import unittest\nclass TestCases(unittest.TestCase):\n    def test_1(self):\n"
                "        self.assertEqual(f(5), 5)\n    def test_2(self):\n        self.assertTrue(f(1))\n"
            ),
            SAME,
            True,
        ),
        (
            function(
                "import unittest\nclass TestCases(unittest.TestCase):\n    def setUp(self):\n        self.n = 5\n"
                "    def test_1(self):\n        self.assertEqual(f(self.n), self.n)\n"
            ),
            WRONG,
            False,
        ),
        (
            function(
                "import unittest\nclass T(unittest.TestCase):\n    def test_1(self):\n"
                "        with self.assertRaises(ValueError):\n            f(-1)\n"
            ),
            fenced("def f(n):\n    raise ValueError('negative')"),
            True,
        ),
        (
            function(
                "from unittest import TestCase, main\nclass T(TestCase):\n    def test_1(self):\n"
                "        self.assertAlmostEqual(f(0.3), 0.1 + 0.2)\n\nmain()\n"
            ),
            SAME,
            True,
        ),
        (
            function(
                "import unittest\nclass T(unittest.TestCase):\n    def test_1(self):\n        self.fail(f(1))\n\n"
                "unittest.main(exit=False)\n"
            ),
            SAME,
            False,
        ),
    ],
    "an error of the program's own class is caught as what it extends": [
        *(
            (
                checked("try:", "    candidate(1)", f"except {caught}:", "    return", "assert False"),
                fenced(EXTENDED.format(base)),
                right,
            )
            for base, caught, right in (
                ("ValueError", "ValueError", True),
                ("KeyError", "LookupError", True),
                ("ZeroDivisionError", "(TypeError, ArithmeticError)", True),
                ("ValueError", "KeyError", False),
                ("Exception", "ValueError", False),
                ("OSError", "IOError", True),
            )
        ),
        (
            checked(
                "try:",
                "    candidate(7)",
                "except ValueError as e:",
                "    assert str(e) == 'no 7'",
                "    return",
                "assert False",
            ),
            fenced(EXTENDED.format("ValueError")),
            True,
        ),
        (
            checked(
                "try:",
                "    candidate({})",
                "except KeyError as e:",
                "    assert str(e) == \"'x'\"",
                "    return",
                "assert False",
            ),
            fenced("def f(n): return n['x']"),
            True,
        ),
        (
            checked(
                "import json",
                "try:",
                "    candidate('{')",
                "except json.JSONDecodeError:",
                "    return",
                "assert False",
            ),
            fenced("import json\ndef f(n): return json.loads(n)"),
            True,
        ),
    ],
    "StopIteration out of a program never ends a loop of the test": [
        (checked("assert all(x == 'secret' for x in map(candidate, [1, 2, 3]))"), STOPS, False),
        (checked("assert [x for x in map(candidate, [1])] == []"), STOPS, False),
        (
            checked("for x in iter(candidate, None):", "    assert x == 'secret'"),
            fenced("def f(*n):\n    raise StopIteration"),
            False,
        ),
        (checked("assert not any(x != 1 for x in filter(candidate, [1, 2]))"), STOPS, False),
        (
            checked("assert list(map(candidate, [1])) == []"),
            fenced("class Stop(StopIteration):\n    pass\ndef f(n):\n    raise Stop"),
            False,
        ),
        (checked("assert list(x for x in (candidate(i) for i in [1, 2])) == [9, 9]"), STOPS, False),
        (checked("assert next(candidate(3)) == 3"), fenced("def f(n): return iter([n])"), True),
    ],
    "a long output is compared in a time that grows with its length": [
        (output("1" * 6000 + "y"), fenced("print('1' * 6000 + 'x')"), False),
        (output("1" * 3_000_000 + "y"), fenced("print('1' * 3_000_000 + 'x')"), False),
        (output("1." * 500_000), fenced("print('1.' * 499_999 + '2.')"), False),
        (output("7 " * 1_000_000), fenced("print('7\\n' * 1_000_000)"), True),
    ],
    "a program that was copied with what stood around it is that program": [
        (checked("assert candidate(5) == 5"), "def f(n):\n    return n\n```", True),
        (checked("assert candidate(5) == 5"), "def f(n):\n    return n\n```\n\nIt works.", True),
        (output("6", "3\n"), f"n = 1\n{DOUBLE}\n```", True),
        (output("6", "3\n"), f"Here it is:\n```\n{DOUBLE}", True),
        (output("6", "3\n"), '{"why": "twice", "code": "print(int(input()) * 2)"}', True),
        (output("6", "3\n"), '```json\n{"code": "print(int(input()) * 3)"}\n```', False),
        (output("6", "3\n"), '```json\n{"code": "print(int(input()) * 2)"}\n```', True),
        (output("6", "3\n"), f"<code><![CDATA[\n{DOUBLE}\n]]></code>", True),
        (output("6", "3\n"), f"We read a number and double it.\n\n{DOUBLE}", True),
        (output("6", "3\n"), f"```python {DOUBLE}```", True),
        (checked("assert candidate(5) == 5"), fenced("def f(n):\n\u00a0\u00a0\u00a0\u00a0return n"), True),
        (checked("assert candidate(5) == 5"), "\u200b" + SAME, True),
        (checked("assert candidate(5) == 5"), "\u200b" + WRONG, False),
        (checked("assert candidate(5) == 5"), fenced("def f(n):\n    return n\n\n>>> f(1)\n1"), True),
        (
            checked("assert candidate(5) == 5"),
            fenced("%matplotlib inline\n!pip install x\ndef f(n):\n    return n"),
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            fenced("%matplotlib inline\ndef f(n):\n    return n + 1"),
            False,
        ),
        (
            checked("assert candidate(5) == 5"),
            "if n < 0:\n    return 0\nif n > 9:\n    return 9\nreturn n",
            True,
        ),
        (
            checked("assert candidate(5) == 5"),
            "if n < 0:\n    return 0\nif n > 3:\n    return 3\nreturn n",
            False,
        ),
    ],
    "what has long held": [
        (
            output("6\nhello", "3\nhello\n"),
            fenced("import sys\nn = int(input())\nprint(n * 2)\nprint(sys.stdin.read().strip())"),
            True,
        ),
        (output("6", "3\n"), f"```python\n{DOUBLE}", True),
        (output("2"), fenced("print(2.0)"), True),
        (output("0.3333333333"), fenced("print(0.333333)"), True),
        (output("6", "3\n"), fenced("print(7)"), False),
        (checked("assert candidate(5) == 5"), fenced("def f(n):\n    return n\nprint(f(5))"), True),
        (checked("assert candidate(5) == 6"), SAME, False),
        (
            checked("assert candidate(1) == 'x'"),
            fenced("class A:\n    def __eq__(self, o):\n        return True\ndef f(n):\n    return A()"),
            False,
        ),
        (
            output("50000"),
            fenced(
                "import sys\nsys.setrecursionlimit(10**6)\ndef f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\n"
                "print(f(50000))"
            ),
            True,
        ),
    ],
}
