"""Source `math`: competition problems with a final answer (MATH, Hendrycks et al. 2021), from a folder or file in its
own formats or the hub.

The gold is the row's `answer`, else the last box of its `solution`. `few_shot = K` puts K worked examples before each
problem, the same for all, in Minerva's manner (Lewkowycz et al. 2022), each ending in "Final Answer: The final answer
is …". "Large Language Monkeys" does so with Minerva's four examples, without stop sequences; here they are drawn once
from the training set by few_shot_seed, or are those of `few_shot_path`, in its order, if it holds exactly K: a file
with Minerva's four gives the paper's prompt. The paper drew 128 problems of the 5,000 of the test set and published
them with its samples only; `split = "test-5000"`, `shuffle` and `limit = 128` give as many, but others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orchestrator.errors import InputError
from orchestrator.grammar import many
from orchestrator.problems.seeded_shuffle import sample_indices, seeded
from orchestrator.problems.sources.math_rows import rows
from orchestrator.problems.types import Api, Problem, ProblemsSpec
from verifiers.math.final_answer import boxed

CHAT = "{question}\n\nReason step by step, and put your final answer within \\boxed{{}}."
CHAT_FEW_SHOT = (
    "Solve the last problem in the manner of the examples: step by step, with the final answer within"
    " \\boxed{{}} and in a last sentence like theirs.\n\n{few_shot}Problem:\n{question}\n\nSolution:"
)
COMPLETION = "Problem:\n{question}\n\nSolution:"
COMPLETION_FEW_SHOT = "{few_shot}Problem:\n{question}\n\nSolution:"
_EXAMPLE = "Problem:\n{}\n\nSolution:\n{}\nFinal Answer: The final answer is ${}$. I hope it is correct.\n\n"


class Math:
    """Keys are unique_id if the row has one, else the file's path (`test/algebra/7.json`), else math/N, N the line
    from 0; of the hub's whole sets math/SPLIT/SUBJECT/N."""

    system: str | None = None
    few_shot = True

    @property
    def verifier(self) -> tuple[str, Mapping[str, Any]]:
        return "math", {}

    def template(self, spec: ProblemsSpec, api: Api, /) -> str:
        if api == "completions":
            return COMPLETION_FEW_SHOT if spec.few_shot else COMPLETION
        return CHAT_FEW_SHOT if spec.few_shot else CHAT

    def read(self, spec: ProblemsSpec, /) -> Iterator[Problem]:
        examples = _examples(spec) if spec.few_shot else []
        for key, data, where in rows(spec.path, spec.split):
            problem = _checked(data, where)
            if spec.few_shot:
                problem["few_shot"] = _few_shot(problem["question"], examples, spec.few_shot)
            yield Problem(key, problem)


def _checked(data: dict[str, Any], where: str) -> dict[str, Any]:
    """The row with `question` and `answer`, both text."""
    question = data.get("problem")
    if not isinstance(question, str) or not question.strip():
        raise InputError(
            where, "no problem as text", 'this is not MATH\'s own format; for other files source = "jsonl"'
        )
    answer = data.get("answer")
    if isinstance(answer, (int, float)) and not isinstance(answer, bool):
        answer = str(answer)
    if answer is None and isinstance(data.get("solution"), str):
        answer = boxed(data["solution"])
    if not isinstance(answer, str) or not answer.strip():
        raise InputError(where, "neither an answer nor a box in its solution", "give it one of them")
    return {**data, "question": question, "answer": answer}


def _examples(spec: ProblemsSpec) -> list[tuple[str, str, str]]:
    """(problem, solution, answer) of K examples and one more to stand in, in the order in which they are shown."""
    items = [
        (row["question"], row["solution"], row["answer"])
        for row in (_checked(data, where) for _, data, where in rows(spec.few_shot_path, "train"))
        if isinstance(row.get("solution"), str) and row["solution"].strip()
    ]
    if len(items) < spec.few_shot:
        raise InputError(
            "problems.few_shot",
            f"{many(spec.few_shot, 'example')} requested of {len(items):,} in the training set",
            "ask for fewer",
        )
    if len(items) == spec.few_shot:
        return items
    rng = seeded("math few-shot", spec.few_shot_seed)
    return [items[at] for at in sample_indices(len(items), spec.few_shot + 1, rng)]


def _few_shot(question: str, examples: Sequence[tuple[str, str, str]], count: int) -> str:
    """The worked examples, each ending in a blank line. A problem is never its own example."""
    others = [example for example in examples if example[0] != question][:count]
    return "".join(_EXAMPLE.format(*example) for example in others)
