"""Problems whose answer is a function, in the forms that data sets have them, as one."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

_PYTHON = re.compile(r"^[ \t]*(?:def|async def|class|import|from)[ \t]+\w", re.MULTILINE)
_IMPORT = re.compile(
    r"^[ \t]*(?:import[ \t]+(?P<names>[\w., \t]+)|from[ \t]+(?P<of>[\w.]+)[ \t]+import\b)", re.MULTILINE
)
_NAMES = re.compile(r"(?:^|,)[ \t]*([\w.]+)")
_CALLED = re.compile(r"\b([A-Za-z_]\w*+)\(")


@dataclass(frozen=True, slots=True)
class FunctionProblem:
    """What an answer goes on from (maybe nothing), the test, and the function that it calls."""

    prompt: str
    test: str
    entry_point: str

    @property
    def stub(self) -> str:
        """The prompt as Python that runs: its last function, which has only a docstring, does nothing. A prompt in
        prose, which defines nothing, says nothing to Python."""
        if not _PYTHON.search(self.prompt):
            return ""
        last = [line for line in self.prompt.splitlines() if line.strip()][-1]
        indent = last[: len(last) - len(last.lstrip())]
        return f"{self.prompt.rstrip()}\n{indent or '    '}pass\n"


def function_problem(problem: Mapping[str, Any]) -> FunctionProblem | None:
    """HumanEval's form (`prompt`, `test`, `entry_point`; BigCodeBench calls the first `complete_prompt`), or MBPP's
    (`test_list` and the `code` that solves it); None for any other."""
    test, entry_point = problem.get("test"), problem.get("entry_point")
    prompt = problem.get("prompt") or problem.get("complete_prompt")
    if isinstance(test, str) and isinstance(entry_point, str):
        return FunctionProblem(prompt if isinstance(prompt, str) else "", test, entry_point)
    tests = problem.get("test_list")
    if not isinstance(tests, list) or not all(isinstance(one, str) for one in cast("list[object]", tests)):
        return None
    lines = cast("list[str]", tests)
    code = str(problem.get("code") or "")
    called = [name for line in lines for name in _CALLED.findall(line)]
    name = entry_point or next((name for name in called if f"def {name}(" in code), None)
    if not name:
        return None
    setup = problem.get("test_imports") or [problem.get("test_setup_code") or ""]
    return FunctionProblem("", "\n".join([*map(str, cast("Iterable[object]", setup)), *lines]), str(name))


def mentioned(problem: FunctionProblem) -> set[str]:
    """The modules, by their first names, that lines of the test and the prompt seem to import. Quick."""
    lines = (match for source in (problem.prompt, problem.test) for match in _IMPORT.finditer(source))
    return {name.split(".")[0] for found in lines for name in _NAMES.findall(found["names"] or found["of"])}


def imported(problem: FunctionProblem) -> set[str]:
    """Those that the test and the prompt can't do without. Takes a while, and is not for use in threads."""
    found: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in other people's strings
        for source in (problem.stub, problem.test):
            if (tree := _parsed(source)) is not None:
                found |= _imports(tree)
    return found


def _parsed(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _imports(node: ast.AST) -> set[str]:
    """Those within a `try` are left out: it says what to do without them."""
    if isinstance(node, ast.Import):
        return {alias.name.partition(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {node.module.partition(".")[0]} if node.module and not node.level else set()
    if isinstance(node, ast.Try):
        return set[str]().union(*(_imports(child) for child in (*node.orelse, *node.finalbody)))
    return set[str]().union(*(_imports(child) for child in ast.iter_child_nodes(node)))
