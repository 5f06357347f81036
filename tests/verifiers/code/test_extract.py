"""Which program an answer holds."""

import time

import pytest

from verifiers.code.extract import function, whole_program
from verifiers.code.problem import FunctionProblem

PROMPT = 'from typing import List\n\ndef f(x: int) -> int:\n    """Doubles x."""\n'
PROBLEM = FunctionProblem(PROMPT, "", "f")


@pytest.mark.parametrize(
    ("answer", "program"),
    [
        ("```python\nprint(1)\n```", "print(1)"),
        ("Here:\n```py\nprint(1)\n```\nThe output is\n```\n1\n```", "print(1)"),
        ("```\nfirst\n```\nor\n```\nsecond\n```", "second"),
        ("```python\nprint(1)\n```\nbetter:\n```Python3\nprint(2)\n```", "print(2)"),
        ("```cpp\nint main;\n```\n```python\nprint(1)\n```", "print(1)"),
        ("~~~python\nprint(1)\n~~~", "print(1)"),
        ("```python\nprint(1)", "print(1)"),
        ("````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''"),
        (" ```n = int(input())\nprint(n)```\nQ: another\n```print(3)```", "n = int(input())\nprint(n)"),
        ("```print(1)```", "print(1)"),
        ("print(1)", "print(1)"),
        ("<think>```python\nprint(0)\n```</think>```python\nprint(1)\n```", "print(1)"),
        ("```python\r\nprint(1)\r\n```", "print(1)"),
        ("  ```python\n  print(1)\n  ```", "print(1)"),
        ("1. ```python\n   print(1)\n   ```\n2. Run it.", "   print(1)"),
    ],
)
def test_whole_programs(answer, program):
    assert program in [parts[0].strip("\n") for parts in whole_program(answer)]


def test_the_first_block_where_that_is_asked_for():
    answer = "```\nprint(1)\n```\n```\nprint(2)\n```"
    assert whole_program(answer, first_block=True)[0] == ["print(1)\n"]
    assert whole_program(answer)[0] == ["print(2)\n"]


@pytest.mark.parametrize("answer", ["", " \n\t", "```python\n```", "<think>only", "x" * 300_000])
def test_no_program(answer):
    assert whole_program(answer) in ([], [["<think>only"]])
    assert answer == "<think>only" or function(answer, PROBLEM) == []


def run(alternatives: list[list[str]]) -> object:
    """What f(4) is by the first alternative that is Python, as the sandbox chooses."""
    for parts in alternatives:
        try:
            code = [compile(part, "program.py", "exec") for part in parts]
        except SyntaxError:
            continue
        namespace: dict[str, object] = {}
        for part in code:
            exec(part, namespace)
        return namespace["f"](4)  # pyright: ignore
    return "no Python"


@pytest.mark.parametrize(
    "answer",
    [
        "    return 2 * x\n",
        "return 2 * x",
        "    y = x\n    return y + x\n\n\ndef g():\n    return 1 +",
        "    return 2 * x\nif __name__ == '__main__':\n    print(f(",
        "    return 2 * x\n# Test:\nassert f(",
        "    return 2 * x\n```\nThat's it.",
        "    return 2 * x<|endoftext|>def",
        "    return [\n2 * x\n][0]\n",
        "y = x\nreturn y + x",
        "```python\ndef f(x: int) -> List[int]:\n    return 2 * x\n```",
        "Sure!\n```python\n    return 2 * x\n```",
        "```python\nreturn 2 * x\n```",
        "```python\ndef f(x):\n    return 2 * x\n```\nUse it so:\n```python\nprint(f(3))\n```",
        "1. Write:\n   ```python\n   def f(x):\n       return 2 * x\n   ```",
        "def f(x):\n    return 2 * x",
        "Here it is:\n\ndef f(x):\n    return 2 * x\n\nIt doubles, doesn't it?",
        "from __future__ import annotations\ndef f(x):\n    return 2 * x",
        "<think>\ndef f(x): return 0\n</think>\n```python\ndef f(x): return 2 * x\n```",
        "class Solution:\n    pass\n\ndef f(x):\n    return 2 * x",
        "\ufeffdef f(x):\n    return 2 * x\n",
        "```python\ndef f(x):\n    return 2 * x\n```<|im_end|>",
        "```python\ndef f(x):\n    return 2 * x\n```</s>\n",
        "```{.python}\ndef f(x):\n    return 2 * x\n```",
        "> ```python\n> def f(x):\n>     return 2 * x\n> ```",
        "```python\n>>> def f(x):\n...     return 2 * x\n```",
    ],
)
def test_functions(answer):
    assert run(function(answer, PROBLEM)) == 8


@pytest.mark.parametrize("answer", ["I don't know.", "```python\nprint(1)\n```", "    pass\n"])
def test_no_function_gives_nothing_that_doubles(answer):
    assert run(function(answer, PROBLEM)) in (None, "no Python")


def test_the_stub_does_nothing():
    namespace: dict[str, object] = {}
    exec(PROBLEM.stub, namespace)
    assert namespace["f"](4) is None  # pyright: ignore
    assert FunctionProblem("Write a function that doubles.", "", "f").stub == ""


@pytest.mark.parametrize(
    "answer",
    [
        "```" * 60_000, "`" * 190_000, "def f(" * 30_000, "```python\n" * 19_000, "\n" * 190_000, "Q:\n" * 60_000,
        "</think>" * 20_000, " " * 190_000, "\t> " * 60_000, "```\n" + " " * 190_000,
        " " * 190_000 + "`", "``` " * 45_000, "```\n" + "`" * 190_000 + "x", "```\n" + ">" * 190_000,
        "<code>" * 30_000, "[PYTHON]" * 20_000, "<code>\n```\n</code>" * 9_000, "<code " * 30_000, "<answer>" * 20_000,
    ],
)  # fmt: skip
def test_long_answers_are_read_quickly(answer):
    started = time.process_time()
    whole_program(answer)
    function(answer, PROBLEM)
    assert time.process_time() - started < 3
