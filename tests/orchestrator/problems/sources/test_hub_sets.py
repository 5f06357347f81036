"""Sources of the hub's data sets, from local files in their own forms; and which of the hub's files are a split's."""

from __future__ import annotations

import base64
import json
import os
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.rows import split_files
from orchestrator.problems.types import Problem, ProblemsSpec, PromptStyle
from verifiers.registry import get


def rows(folder: Path, *found: dict[str, Any]) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in found))
    return path


def loaded(source: str, path: Path, **more: Any) -> list[Problem]:
    return registry.load(ProblemsSpec(source=source, path=path, **more))


def prompt(source: str, problem: Problem) -> str:
    return str(registry.render(ProblemsSpec(source=source), PromptStyle(), "chat", problem))


NAMES = [
    "README.md",
    "main/test-00000-of-00002.parquet",
    "main/test-00001-of-00002.parquet",
    "main/train-00000-of-00001.parquet",
    "socratic/test-00000-of-00001-abc.parquet",
    "extra/validation/0000.parquet",
    "dev.jsonl",
]


def test_a_split_s_files_are_found_by_their_names():
    assert split_files(NAMES, "d", "test", "main") == NAMES[1:3]
    assert split_files(NAMES, "d", "validation", None) == ["extra/validation/0000.parquet"]
    assert split_files(NAMES, "d", "dev", None) == ["dev.jsonl"]
    with pytest.raises(InputError, match="several subsets") as several:
        split_files(NAMES, "d", "test", None)
    assert "main, socratic" in several.value.remedy
    with pytest.raises(InputError, match="no split 'valid'") as none:
        split_files(NAMES, "d", "valid", None)
    assert "validation" in none.value.remedy


def test_any_data_set_by_the_fields_that_are_named(tmp_path):
    path = rows(tmp_path, {"Problem": "1 + 1?", "Solution": "2"}, {"Problem": "2 + 2?", "Solution": "4"})
    first, second = loaded("hf", path, dataset="owner/name", question="problem", answer="solution")
    assert (first.key, first.data["question"], first.data["answer"]) == ("owner/name/test/0", "1 + 1?", "2")
    assert second.key == "owner/name/test/1"
    with pytest.raises(InputError, match="needs a data set"):
        loaded("hf", path)


def test_aime_asks_for_a_whole_number(tmp_path):
    path = rows(
        tmp_path,
        {"ID": "2024-I-1", "Problem": "Find it.", "Answer": "025"},
        {"problem": "Again.", "answer": 7},
    )
    first, second = loaded("aime", path)
    assert (first.key, second.key) == ("2024-I-1", "aime/1")
    assert "0 to 999" in prompt("aime", first)
    assert get("numeric", {}).verify(r"So it is \boxed{25}.", first.data).passed


MMLU = {
    "question_id": 70,
    "question": "Which?",
    "options": ["one", "two", "three"],
    "answer": "C",
    "answer_index": 2,
    "category": "maths",
}


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        (MMLU, "C"),
        ({"question": "Which?", "choices": ["one", "two"], "answer": 1}, "B"),
        ({"question": "Which?", "choices": ["one", "two"], "answer": "(a)"}, "A"),
        ({"question": "Which?", "options": ["one", "two"], "answer": None, "answer_index": 0}, "A"),
    ],
)
def test_multiple_choice_is_shown_with_its_options(tmp_path, row, answer):
    (problem,) = loaded("mmlu-pro", rows(tmp_path, row))
    assert problem.key == str(row.get("question_id", "mmlu-pro/0"))
    assert problem.data["answer"] == answer
    assert "(A) one" in prompt("mmlu-pro", problem)
    assert get("choice", {}).verify(f"The answer is ({answer})", problem.data).passed


@pytest.mark.parametrize(
    "change", [{"options": "one"}, {"options": ["one"]}, {"answer": "D"}, {"answer": 3}, {"question": ""}]
)
def test_a_bad_multiple_choice_is_named(tmp_path, change):
    path = rows(tmp_path, MMLU, {**MMLU, "question_id": 71} | change)
    with pytest.raises(InputError) as caught:
        loaded("mmlu-pro", path)
    assert caught.value.where == f"{path}:2"


HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": 'def double(x):\n    """Twice x."""\n',
    "canonical_solution": "    return 2 * x\n",
    "entry_point": "double",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function to double.",
    "code": "def double(x):\n    return 2 * x",
    "test_list": ["assert double(2) == 4", "assert double(3) == 6"],
    "test_imports": [],
}
MBPP_PLUS = {
    **MBPP,
    "prompt": MBPP["text"],
    "test": "assert double(2) == 4\nassert double(10**9) == 2 * 10**9\n",
}
BIGCODE = {
    "task_id": "BigCodeBench/0",
    "complete_prompt": "import math\ndef task_func(x):\n    '''Doubles.'''\n",
    "instruct_prompt": "Double it. Start with:\ndef task_func(x):",
    "canonical_solution": "    return 2 * x",
    "test": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test_it(self):\n        self.assertEqual(task_func(2), 4)\n",
    "entry_point": "task_func",
    "libs": "['math']",
}
STDIN = {
    "question_id": "1873_A",
    "question_content": "Print twice the number.",
    "starter_code": "",
    "public_test_cases": json.dumps([{"input": "2\n", "output": "4\n", "testtype": "stdin"}]),
    "private_test_cases": base64.b64encode(
        zlib.compress(pickle.dumps(json.dumps([{"input": "3\n", "output": "6\n", "testtype": "stdin"}])))
    ).decode(),
}
METHOD = {
    "question_id": "2777",
    "question_content": "Double it.",
    "starter_code": "class Solution:\n    def double(self, x: int, names: List[str]) -> int:\n        ",
    "public_test_cases": json.dumps([{"input": '2\n["a"]', "output": "4", "testtype": "functional"}]),
    "private_test_cases": "[]",
}
PROGRAMS = {
    "humaneval+": (HUMANEVAL, "def double(x):\n    return 2 * x", "def double(x):\n    return x"),
    "mbpp": (MBPP, "def double(x):\n    return 2 * x", "def double(x):\n    return 4"),
    "mbpp+": (MBPP_PLUS, "def double(x):\n    return 2 * x", "def double(x):\n    return 4"),
    "bigcodebench": (BIGCODE, "def task_func(x):\n    return 2 * x", "def task_func(x):\n    return x"),
    "livecodebench": (STDIN, "print(2 * int(input()))", "print(4)"),
    "livecodebench method": (
        METHOD,
        "def double(x, names):\n    return 2 * x",
        "def double(x, names):\n    return x",
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_are_judged_by_the_set_s_own_tests(tmp_path, name):
    row, right, wrong = PROGRAMS[name]
    source = name.split(" ")[0]
    (problem,) = loaded(source, rows(tmp_path, row))
    asked = prompt(source, problem)
    assert "return 2" not in asked
    kind, options = registry.default_verifier(source)
    verifier = get(kind, dict(options))
    if (
        os.environ.get("MANYFEW_NO_SANDBOX")
        or verifier.verify(f"```python\n{right}\n```", problem.data).passed is None
    ):
        pytest.skip("needs bubblewrap")
    assert verifier.verify(f"```python\n{right}\n```", problem.data).passed
    assert verifier.verify(f"```python\n{wrong}\n```", problem.data).passed is False


def test_private_tests_that_would_run_something_are_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return eval, ("1",)

    packed = base64.b64encode(zlib.compress(pickle.dumps(Evil()))).decode()
    path = rows(tmp_path, STDIN, {**STDIN, "question_id": "2", "private_test_cases": packed})
    with pytest.raises(InputError, match="it would run") as caught:
        loaded("livecodebench", path)
    assert caught.value.where == f"{path}:2"


@pytest.mark.parametrize("source", ["humaneval+", "mbpp", "mbpp+", "bigcodebench"])
def test_rows_of_another_form_are_named(tmp_path, source):
    path = rows(tmp_path, {"task_id": 1})
    with pytest.raises(InputError, match="as text") as caught:
        loaded(source, path)
    assert caught.value.where == f"{path}:1"
