"""The sources by name: their problems, their prompts, their defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from orchestrator.errors import InputError
from orchestrator.problems import prompts
from orchestrator.problems.seeded_shuffle import seeded, shuffle
from orchestrator.problems.sources.aime import Aime
from orchestrator.problems.sources.code_sets import CODE_SETS
from orchestrator.problems.sources.codecontests import CodeContests
from orchestrator.problems.sources.gsm8k import Gsm8k
from orchestrator.problems.sources.hf import HuggingFace
from orchestrator.problems.sources.humaneval import HumanEval
from orchestrator.problems.sources.jsonl import Jsonl
from orchestrator.problems.sources.livecodebench import LiveCodeBench
from orchestrator.problems.sources.math import Math
from orchestrator.problems.sources.minif2f import MiniF2F
from orchestrator.problems.sources.mmlu_pro import MmluPro
from orchestrator.problems.sources.quickstart import Quickstart
from orchestrator.problems.sources.swebench_lite import SwebenchLite
from orchestrator.problems.types import Api, Problem, ProblemSource, ProblemsSpec, PromptStyle
from providers.types import Prompt

_SOURCES: Mapping[str, ProblemSource] = {
    "aime": Aime(),
    **CODE_SETS,
    "codecontests": CodeContests(),
    "gsm8k": Gsm8k(),
    "hf": HuggingFace(),
    "humaneval": HumanEval(),
    "jsonl": Jsonl(),
    "livecodebench": LiveCodeBench(),
    "math": Math(),
    "minif2f": MiniF2F(),
    "mmlu-pro": MmluPro(),
    "quickstart": Quickstart(),
    "swebench-lite": SwebenchLite(),
}
SOURCES: tuple[str, ...] = tuple(sorted(_SOURCES))
"""The names that `problems.source` may have."""


def source(name: str) -> ProblemSource:
    """The source of that name; InputError for an unknown one."""
    if name not in _SOURCES:
        raise InputError("problems.source", f"unknown source {name!r}", f"one of {', '.join(SOURCES)}")
    return _SOURCES[name]


def few_shot_sources() -> tuple[str, ...]:
    """The sources for which few_shot may be stated."""
    return tuple(name for name, chosen in _SOURCES.items() if chosen.few_shot)


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
