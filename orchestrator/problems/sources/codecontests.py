"""Source `codecontests`: contest problems whose programs read stdin and write stdout (Li et al. 2022), from the hub
or a local file with its columns, one JSON object a line or Parquet.

As in "Large Language Monkeys", a problem whose statement has a picture in it (`<image>`, `[Image]`) is left out, a
base model is shown solved problems (`few_shot = 2` there), every problem with examples of its own, and the answer is
a program between ```. The paper draws the examples from the training set, the first Python 3 solution of each, in
ASCII alone; state it as `few_shot_path`. Without that they come from the hub's validation set: the training set
there is 7 GB. Which examples the paper drew is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.problems.hub import read_parquet
from orchestrator.problems.lines import read_objects
from orchestrator.problems.parquet import read_local
from orchestrator.problems.seeded_shuffle import sample_indices, seeded
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "deepmind/code_contests"
SPLITS = {
    "valid": "data/valid-00000-of-00001-5e672c5751f060d3.parquet",
    "test": "data/test-00000-of-00001-9c49eeff30aacaa8.parquet",
}
TESTS = ("public_tests", "private_tests", "generated_tests")
COLUMNS = ("name", "description", *TESTS, "time_limit", "input_file", "output_file")
"""The solutions stay out, so that no template can send them."""
IMAGES = ("<image>", "[Image]")
PYTHON3 = 3

TASK = (
    "Write a Python 3 program that solves the following problem. It reads the input from standard input and writes"
    " the output to standard output, keeps to the constraints, and gives the right output for the examples."
)
CHAT = f"{TASK} Give the whole program in a single block fenced by ```python and ```.\n\n{{question}}"
COMPLETION = f"Q: {TASK} Put the program between ``` and ```.\n{{question}}\nA:"
STOP = ("Q:", "Question:")


class CodeContests:
    """Keys are name. `question` is the problem's description."""

    system: str | None = None
    few_shot = True

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "code", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        examples = "{few_shot}" if spec.few_shot else ""
        return examples + (COMPLETION if api == "completions" else CHAT)

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        examples = _examples(spec) if spec.few_shot else []
        seen: set[str] = set()
        for where, row in _rows(spec.path, spec.split, COLUMNS):
            data = _checked(row, where)
            name = data["name"]
            if name in seen:
                raise InputError(where, f"name {name!r} appears twice", "keep one of them")
            seen.add(name)
            if any(tag in data["question"] for tag in IMAGES):
                continue
            if spec.few_shot:
                data["few_shot"] = _few_shot(name, spec, examples)
            yield Problem(name, data)
        if not seen:
            raise InputError(
                str(spec.path or DATASET), "holds no problem", "one JSON object a line, or Parquet"
            )


def _rows(path: Path | None, split: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(where, row) of a local file, or of the hub's split."""
    if path is None:
        if split not in SPLITS:
            raise InputError(
                "problems.split", f"codecontests has no split {split!r}", f"one of {', '.join(SPLITS)}"
            )
        rows = read_parquet(DATASET, SPLITS[split], list(columns))
        yield from ((f"{DATASET} {split} row {number}", row) for number, row in enumerate(rows))
    elif path.suffix == ".parquet":
        yield from ((f"{path} row {number}", row) for number, row in enumerate(read_local(path, columns)))
    else:
        yield from ((f"{path}:{line}", row) for line, row in read_objects(path))


def _checked(row: Mapping[str, Any], where: str) -> dict[str, Any]:
    for name in ("name", "description"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise InputError(where, f"no {name} as text", "this is not CodeContests' own format")
    data = {name: row[name] for name in COLUMNS if row.get(name) is not None}
    data["question"] = data.pop("description")
    for kind in TESTS:
        data[kind] = _tests(data.get(kind), f"{where}: {kind}")
    if not any(data[kind]["input"] for kind in TESTS):
        raise InputError(where, f"{row['name']!r} has no test", "a problem without tests can't be judged")
    return data


def _tests(value: object, where: str) -> dict[str, list[str]]:
    """{"input": […], "output": […]}, from that or from the list of pairs that the original records have."""
    if isinstance(value, list):
        pairs = cast("list[Any]", value)
        try:
            table: Any = {name: [pair[name] for pair in pairs] for name in ("input", "output")}
        except (TypeError, KeyError) as error:
            raise InputError(where, "a test without input or output", _REMEDY) from error
    else:
        table = value or {"input": [], "output": []}
    try:
        inputs, outputs = list(table["input"] or []), list(table["output"] or [])
    except (TypeError, KeyError) as error:
        raise InputError(where, "no tests as CodeContests has them", _REMEDY) from error
    if len(inputs) != len(outputs) or not all(isinstance(text, str) for text in (*inputs, *outputs)):
        raise InputError(where, "not as many texts as outputs as there are as inputs", _REMEDY)
    return {"input": inputs, "output": outputs}


_REMEDY = '{"input": ["…", …], "output": ["…", …]}'


def _examples(spec: ProblemsSpec) -> list[tuple[str, str, str]]:
    """(name, description, solution) of every solved problem that can be shown."""
    columns = ("name", "description", "solutions")
    found: list[tuple[str, str, str]] = []
    for _, row in _rows(spec.few_shot_path, "valid", columns):
        solution = _solution(row.get("solutions"))
        description = row.get("description")
        if solution and isinstance(description, str) and not any(tag in description for tag in IMAGES):
            found.append((str(row.get("name")), description, solution))
    if len(found) <= spec.few_shot:  # one more than asked: the problem itself is never its own example
        raise InputError(
            "problems.few_shot",
            f"{many(spec.few_shot, 'example')} requested of {many(len(found), 'problem')} with a Python 3 solution",
            "ask for fewer",
        )
    return found


def _solution(solutions: Any) -> str | None:
    """The first in Python 3 that is plain ASCII."""
    try:
        pairs = zip(solutions["language"], solutions["solution"], strict=True)
        return next(
            (text.strip() for kind, text in pairs if kind in (PYTHON3, "PYTHON3") and text.isascii()), None
        )
    except (TypeError, KeyError, ValueError, AttributeError):
        return None


def _few_shot(name: str, spec: ProblemsSpec, examples: Sequence[tuple[str, str, str]]) -> str:
    """The solved problems shown before one; the problem itself is left out."""
    rng = seeded("codecontests few-shot", spec.few_shot_seed, name)
    drawn = [examples[at] for at in sample_indices(len(examples), spec.few_shot + 1, rng)]
    others = [item for item in drawn if item[0] != name][: spec.few_shot]
    ask = COMPLETION.removesuffix("{question}\nA:")
    return "".join(f"{ask}{text}\nA: ```\n{solution}\n```\n" for _, text, solution in others)
