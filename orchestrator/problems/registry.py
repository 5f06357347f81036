"""The sources by name: their problems, their prompts, their defaults. Each is imported on first use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from itertools import islice
from typing import Any, cast

from orchestrator.errors import InputError
from orchestrator.problems import prompts
from orchestrator.problems.seeded_shuffle import seeded, shuffle
from orchestrator.problems.types import Api, Problem, ProblemSource, ProblemsSpec, PromptStyle
from providers.types import Prompt

_SOURCES: Mapping[str, str] = {
    "aime": "aime:Aime",
    "bigcodebench": "code_sets:CODE_SETS",
    "codecontests": "codecontests:CodeContests",
    "gsm8k": "gsm8k:Gsm8k",
    "hf": "hf:HuggingFace",
    "humaneval": "humaneval:HumanEval",
    "humaneval+": "code_sets:CODE_SETS",
    "jsonl": "jsonl:Jsonl",
    "livecodebench": "livecodebench:LiveCodeBench",
    "math": "math:Math",
    "mbpp": "code_sets:CODE_SETS",
    "mbpp+": "code_sets:CODE_SETS",
    "minif2f": "minif2f:MiniF2F",
    "mmlu-pro": "mmlu_pro:MmluPro",
    "quickstart": "quickstart:Quickstart",
    "swebench-lite": "swebench_lite:SwebenchLite",
}
"""A module of sources and what it makes the source with: a class, or the sources by name."""
SOURCES: tuple[str, ...] = tuple(sorted(_SOURCES))
"""The names that `problems.source` may have."""


def source(name: str) -> ProblemSource:
    """The source of that name; InputError for an unknown one."""
    if name not in _SOURCES:
        raise InputError("problems.source", f"unknown source {name!r}", f"one of {', '.join(SOURCES)}")
    return _made(name)


@cache
def _made(name: str) -> ProblemSource:
    module, _, made = _SOURCES[name].partition(":")
    found: Any = getattr(import_module(f"orchestrator.problems.sources.{module}"), made)
    return cast("ProblemSource", found[name] if isinstance(found, Mapping) else found())


def few_shot_sources() -> tuple[str, ...]:
    """The sources for which few_shot may be stated."""
    return tuple(name for name in SOURCES if source(name).few_shot)


def load(spec: ProblemsSpec) -> list[Problem]:
    """The problems in the order of the sweep: all, shuffled if a seed is stated, then the first `limit`. Keys
    depend on neither. Without a shuffle, what lies beyond the limit is not read; a limit beyond the data means
    all of it."""
    chosen = source(spec.source)
    if spec.few_shot and not chosen.few_shot:
        raise InputError(
            "problems.few_shot",
            f"source {spec.source} has no training set to draw examples from",
            "remove it",
        )
    if spec.shuffle is None:
        problems = list(islice(chosen.read(spec), spec.limit))
    else:
        problems = list(chosen.read(spec))
        shuffle(problems, seeded("problems", spec.shuffle))
        problems = problems[: spec.limit]
    if spec.group_by is not None:
        _check_clusters(problems, spec.group_by)
    return problems


def _check_clusters(problems: Iterable[Problem], name: str) -> None:
    for problem in problems:
        if isinstance(problem.data.get(name), (str, int, float)):
            continue
        fields = sorted(key for key, value in problem.data.items() if isinstance(value, (str, int, float)))
        message = (
            f"{name!r} of problem {problem.key} is neither a text nor a number"
            if name in problem.data
            else f"problem {problem.key} has no field {name!r}"
        )
        raise InputError("problems.group_by", message, f"its fields: {', '.join(fields)}")


def default_verifier(name: str) -> tuple[str, Mapping[str, Any]]:
    """Kind and options of the source's default verifier."""
    return source(name).verifier


def style_of(spec: ProblemsSpec, style: PromptStyle, api: Api) -> tuple[str, str | None]:
    """(template, system) as stated, else the source's defaults."""
    chosen = source(spec.source)
    template = style.template if style.template is not None else chosen.template(spec, api)
    if spec.few_shot and "few_shot" not in prompts.fields(template):
        raise InputError(
            "prompt.template", "few_shot is stated, but the template has no {few_shot}", "put it in"
        )
    return template, style.system if style.system is not None else chosen.system


def render(spec: ProblemsSpec, style: PromptStyle, api: Api, problem: Problem) -> Prompt:
    """What is sent for one problem: chat messages, or text for the completions wire."""
    template, system = style_of(spec, style, api)
    return prompts.build(template, system, api, problem)
