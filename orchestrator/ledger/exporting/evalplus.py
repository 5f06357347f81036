"""The programs of one model as EvalPlus takes them: a line a sample with its task and the whole program."""

from __future__ import annotations

import ast
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.ledger.exporting.by_model import ByModel, SampledModel
from verifiers.code.extract import function, whole_program
from verifiers.code.problem import function_problem

if TYPE_CHECKING:
    from verifiers.code.problem import FunctionProblem


def write_evalplus(ledger: ByModel, model: SampledModel, target: Path) -> int:
    """Gives the number of samples."""
    count = 0
    with target.open("w", encoding="utf-8") as file:
        for problem in ledger.problems(model):
            asked = function_problem(problem.data)
            for row in problem.samples:
                line = {"task_id": problem.key, "solution": program(row["text"], asked)}
                file.write(json.dumps(line) + "\n")
                count += 1
    return count


def program(text: str, asked: FunctionProblem | None) -> str:
    """The program that the verifier `code` would run; the text itself if there is none in it."""
    readings = whole_program(text) if asked is None else function(text, asked)
    programs = ["\n".join(parts) for parts in readings]
    return next((one for one in programs if _is_python(one)), programs[0] if programs else text)


def _is_python(source: str) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True
