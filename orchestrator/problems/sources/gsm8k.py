"""Source `gsm8k`: grade-school word problems (Cobbe et al. 2021), from a file in its own format or the hub.

`few_shot = K` puts K worked examples before each problem, as "Large Language Monkeys" does: every problem has
examples of its own, drawn from the training set, and their answers stay as they are, calculator annotations
(`<<9*2=18>>`) and `#### N` included, since that is what its repository sends. The draw depends on few_shot_seed,
the problem's line number and the training set alone; which examples the paper drew is not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.problems.hub import read_parquet
from orchestrator.problems.lines import read_objects
from orchestrator.problems.seeded_shuffle import sample_indices, seeded
from orchestrator.problems.types import Api, Problem, ProblemsSpec

DATASET = "openai/gsm8k"
SPLITS = ("train", "test")

CHAT = (
    "{question}\n\nThink step by step. Then give the result alone in a last line of the form\n#### <number>"
)
CHAT_FEW_SHOT = (
    "Answer the last question in the manner of the examples: step by step, with the result alone in a last"
    " line of the form\n#### <number>\n\n{few_shot}Question: {question}\nAnswer:"
)
COMPLETION = "Question: {question}\nAnswer:"
COMPLETION_FEW_SHOT = "{few_shot}Question: {question}\nAnswer:"


class Gsm8k:
    """Keys are gsm8k/N for a local file and gsm8k/SPLIT/N from the hub, N the line from 0."""

    system: str | None = None
    few_shot = True

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "numeric", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        if api == "completions":
            return COMPLETION_FEW_SHOT if spec.few_shot else COMPLETION
        return CHAT_FEW_SHOT if spec.few_shot else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        examples = _training_set(spec) if spec.few_shot else []
        for key, data in _rows(spec.path, spec.split):
            if spec.few_shot:
                data["few_shot"] = _few_shot(key, data, spec, examples)
            yield Problem(key, data)


def _rows(path: Path | None, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """(key, data) of each line of a local file, or of the hub's split."""
    if path is None:
        if split not in SPLITS:
            raise InputError("problems.split", f"gsm8k has no split {split!r}", f"one of {', '.join(SPLITS)}")
        rows = read_parquet(DATASET, f"main/{split}-00000-of-00001.parquet", ["question", "answer"])
        for number, row in enumerate(rows):
            yield f"gsm8k/{split}/{number}", _checked(row, f"{DATASET} {split} row {number}")
        return
    count = 0
    for line, data in read_objects(path):
        yield f"gsm8k/{line - 1}", _checked(data, f"{path}:{line}")
        count += 1
    if not count:
        raise InputError(
            str(path),
            "holds no problem",
            "gsm8k's own format: one JSON object a line with question and answer",
        )


def _checked(data: dict[str, Any], where: str) -> dict[str, Any]:
    for name in ("question", "answer"):
        value = data.get(name)
        if not isinstance(value, str) or not value.strip():
            raise InputError(
                where,
                f"no {name} as text",
                'this is not gsm8k\'s own format; for other files source = "jsonl"',
            )
    return data


def _training_set(spec: ProblemsSpec) -> list[tuple[str, str]]:
    items = [(data["question"], data["answer"]) for _, data in _rows(spec.few_shot_path, "train")]
    if len(items) <= spec.few_shot:  # one more than asked: the problem itself is never its own example
        raise InputError(
            "problems.few_shot",
            f"{many(spec.few_shot, 'example')} requested of {len(items):,} in the training set",
            "ask for fewer",
        )
    return items


def _few_shot(
    key: str, data: Mapping[str, Any], spec: ProblemsSpec, examples: Sequence[tuple[str, str]]
) -> str:
    """The worked examples of one problem, each ending in a blank line. The problem itself is left out."""
    number = key.rsplit("/", 1)[-1]  # the same examples for a file and the hub
    rng = seeded("gsm8k few-shot", spec.few_shot_seed, number)
    drawn = [examples[at] for at in sample_indices(len(examples), spec.few_shot + 1, rng)]
    others = [item for item in drawn if item[0] != data["question"]][: spec.few_shot]
    return "".join(f"Question: {question}\nAnswer: {answer}\n\n" for question, answer in others)
