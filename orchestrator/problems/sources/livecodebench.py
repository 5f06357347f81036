"""Source `livecodebench`: contest problems (Jain et al. 2024), from its files test.jsonl … or the hub.

Most programs read stdin. The others are methods of a class `Solution`; here they are asked for as plain functions of
the same name, which the verifier can call in its sandbox.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import pickle
import re
import zlib
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from orchestrator.errors import InputError
from orchestrator.problems.rows import hub_rows, read_rows
from orchestrator.problems.sources.codecontests import CHAT, COMPLETION
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "livecodebench/code_generation_lite"
MOST_BYTES = 256 << 20
_FORM = 'this is not LiveCodeBench\'s own format; for other files source = "jsonl"'
_STUB = re.compile(
    r"^[ \t]*def[ \t]+(?P<name>\w+)[ \t]*\([ \t]*self[ \t]*,?[ \t]*(?P<rest>.*)$", re.MULTILINE
)


class LiveCodeBench:
    """Keys are question_id. `question` is the whole statement, with the function that is asked for."""

    system: str | None = None
    few_shot = False

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "code", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        return (COMPLETION if api == "completions" else CHAT).replace(
            "Write a Python 3 program that solves", "Solve"
        )

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        dataset = spec.dataset or DATASET
        rows = hub_rows(dataset, spec.split, spec.subset) if spec.path is None else read_rows(spec.path)
        where = dataset if spec.path is None else str(spec.path)
        seen: set[str] = set()
        for number, row in rows:
            problem = _problem(row, f"{where}:{number}")
            if problem.key in seen:
                raise InputError(
                    f"{where}:{number}", f"question_id {problem.key!r} appears twice", "keep one of them"
                )
            seen.add(problem.key)
            yield problem


def _problem(row: Mapping[str, Any], where: str) -> Problem:
    key, content = row.get("question_id"), row.get("question_content")
    if not isinstance(key, str) or not key or not isinstance(content, str) or not content.strip():
        raise InputError(where, "no question_id and question_content as text", _FORM)
    public, private = (_tests(row.get(f"{kind}_test_cases"), where) for kind in ("public", "private"))
    data: dict[str, Any] = {
        "difficulty": row.get("difficulty"),
        "contest_date": str(row.get("contest_date") or ""),
        "question": content,
    }
    stub = _STUB.search(row.get("starter_code") or "")
    if stub is None:
        data |= {"public_tests": _pairs(public), "private_tests": _pairs(private)}
    else:
        head = f"def {stub['name']}({stub['rest']}"
        data |= {
            "question": f"{content}\n\nWrite it as a plain function, without a class:\n{head}",
            "entry_point": stub["name"],
            "test": _check([*public, *private], where),
        }
    return Problem(key, data)


def _tests(said: Any, where: str) -> list[dict[str, Any]]:
    """A list as JSON, or the same packed (base64, zlib, pickled text) as the private tests are."""
    if not isinstance(said, str) or not said:
        return []
    try:
        found: Any = json.loads(said) if said.lstrip().startswith("[") else json.loads(_unpacked(said))
    except (
        ValueError,
        RecursionError,
        binascii.Error,
        zlib.error,
        pickle.UnpicklingError,
        EOFError,
    ) as error:
        raise InputError(where, f"test cases can't be read: {str(error)[:120]}", _FORM) from None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):  # pyright: ignore[reportUnknownVariableType]
        raise InputError(where, "test cases are not a list of objects", _FORM)
    return found  # pyright: ignore[reportUnknownVariableType]


def _unpacked(said: str) -> str:
    unpack = zlib.decompressobj()
    raw = unpack.decompress(base64.b64decode(said, validate=True), MOST_BYTES)
    value = _Texts(io.BytesIO(raw)).load()
    if not isinstance(value, str):
        raise ValueError("no text is packed there")
    return value


class _Texts(pickle.Unpickler):
    """Reads text and other plain values; a pickle that names anything to call is refused."""

    def find_class(self, module_name: str, global_name: str, /) -> NoReturn:
        raise pickle.UnpicklingError(f"it would run {module_name}.{global_name}")


def _pairs(tests: list[dict[str, Any]]) -> dict[str, list[str]]:
    return {
        "input": [str(test.get("input", "")) for test in tests],
        "output": [str(test.get("output", "")) for test in tests],
    }


def _check(tests: list[dict[str, Any]], where: str) -> str:
    """A test as HumanEval's: an argument a line, each as JSON."""
    lines = ["import json", "def check(candidate):"]
    for test in tests:
        try:
            arguments = [json.loads(line) for line in str(test.get("input", "")).splitlines() if line.strip()]
            expected = json.loads(str(test.get("output", "")))
        except (ValueError, RecursionError):
            raise InputError(where, "a test's input or output isn't JSON", _FORM) from None
        lines.append(
            f"    assert candidate(*json.loads({json.dumps(arguments)!r})) == json.loads({json.dumps(expected)!r})"
        )
    return "\n".join([*lines, "    return"])
