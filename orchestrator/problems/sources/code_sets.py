"""Sources of functions to write, judged by tests: `humaneval+` and `mbpp+` with EvalPlus' many tests, `mbpp`, and
`bigcodebench`. From the hub, or a local file with the same fields. Solutions stay out, so that no template can send
them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.problems.rows import hub_rows, read_rows
from orchestrator.problems.sources.humaneval import CHAT, COMPLETION
from orchestrator.problems.types import Api, Problem, ProblemsSpec

MBPP_CHAT = (
    "{question}\n\nYour function must satisfy these tests:\n{shown_tests}\n\nAnswer with the whole program in a single"
    " block fenced by ```python and ```."
)
BIGCODE_CHAT = (
    "{instruct_prompt}\n\nAnswer with the whole program in a single block fenced by ```python and ```."
)
SHOWN_TESTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSet:
    """One data set. `needed`: fields that must be text."""

    name: str
    dataset: str
    split: str = "test"
    subset: str | None = None
    needed: Sequence[str] = ("prompt", "test", "entry_point")
    kept: Sequence[str] = ("task_id", "prompt", "test", "entry_point")
    chat: str = CHAT
    completion: str = COMPLETION
    system: str | None = None
    few_shot: bool = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "code", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return self.completion if api == "completions" else self.chat

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        """Keys are task_id."""
        dataset = spec.dataset or self.dataset
        split = self.split if spec.split == "test" else spec.split
        rows = (
            hub_rows(dataset, split, spec.subset or self.subset)
            if spec.path is None
            else read_rows(spec.path)
        )
        where = f"{dataset} {split}" if spec.path is None else str(spec.path)
        seen: set[str] = set()
        for number, row in rows:
            problem = self._problem(row, f"{where}:{number}")
            if problem.key in seen:
                raise InputError(
                    f"{where}:{number}", f"task_id {problem.key!r} appears twice", "keep one of them"
                )
            seen.add(problem.key)
            yield problem
        if not seen:
            raise InputError(where, "holds no problem", f"{self.name}'s own format: one JSON object a line")

    def _problem(self, row: Mapping[str, Any], where: str) -> Problem:
        key = row.get("task_id")
        if isinstance(key, bool) or not isinstance(key, int | str) or key == "":
            raise InputError(where, "no task_id", self._remedy)
        data = {name: row[name] for name in self.kept if row.get(name) is not None}
        if self.name.startswith("mbpp"):
            data |= _mbpp(row)
        for name in self.needed:
            value = data.get(name)
            if not isinstance(value, str) or not value.strip():
                raise InputError(where, f"no {name} as text", self._remedy)
        return Problem(str(key), {**data, "task_id": str(key)})

    @property
    def _remedy(self) -> str:
        return f'this is not {self.name}\'s own format; for other files source = "jsonl"'


def _mbpp(row: Mapping[str, Any]) -> dict[str, Any]:
    """MBPP's sanitized rows call the question `prompt`, its full ones `text`. The first tests are shown, since they
    name the function; its name alone is kept of the solution."""
    tests = row.get("test_list")
    lines = (
        [one for one in cast("list[Any]", tests) if isinstance(one, str)] if isinstance(tests, list) else []
    )
    code = row.get("code")
    found: dict[str, Any] = {
        "question": row.get("prompt") or row.get("text"),
        "test_list": lines,
        "shown_tests": "\n".join(lines[:SHOWN_TESTS]) or None,
    }
    if isinstance(code, str):
        called = next((name for name in _defined(code) if any(f"{name}(" in line for line in lines)), None)
        found["entry_point"] = row.get("entry_point") or called
    if isinstance(test := row.get("test"), str) and found.get("entry_point"):
        found["test"] = test
    return {name: value for name, value in found.items() if value is not None}


def _defined(code: str) -> list[str]:
    lines = (line.removeprefix("def ") for line in code.splitlines() if line.startswith("def "))
    return [line.split("(", 1)[0].strip() for line in lines]


_MBPP_KEPT = ("task_id", "test_imports", "test_setup_code")
CODE_SETS = {
    "humaneval+": CodeSet(name="humaneval+", dataset="evalplus/humanevalplus"),
    "mbpp": CodeSet(
        name="mbpp",
        dataset="google-research-datasets/mbpp",
        subset="sanitized",
        needed=("question", "shown_tests"),
        kept=_MBPP_KEPT,
        chat=MBPP_CHAT,
        completion=MBPP_CHAT,
    ),
    "mbpp+": CodeSet(
        name="mbpp+",
        dataset="evalplus/mbppplus",
        needed=("question", "shown_tests"),
        kept=_MBPP_KEPT,
        chat=MBPP_CHAT,
        completion=MBPP_CHAT,
    ),
    "bigcodebench": CodeSet(
        name="bigcodebench",
        dataset="bigcode/bigcodebench",
        split="v0.1.4",
        needed=("complete_prompt", "instruct_prompt", "test", "entry_point"),
        kept=("task_id", "complete_prompt", "instruct_prompt", "test", "entry_point", "libs"),
        chat=BIGCODE_CHAT,
        completion="{complete_prompt}",
    ),
}
