"""The problems that come with the package."""

from importlib.resources import files
from pathlib import Path

import pytest

from orchestrator.errors import InputError
from orchestrator.problems import registry
from orchestrator.problems.types import ProblemsSpec, PromptStyle
from verifiers.numeric import parse_gold

SPEC = ProblemsSpec(source="quickstart")

there = pytest.mark.skipif(
    not files("orchestrator.quickstart").joinpath("problems.jsonl").is_file(),
    reason="problems.jsonl is not there yet",
)


@there
def test_every_problem_can_be_asked_and_judged():
    problems = registry.load(SPEC)
    assert len({problem.key for problem in problems}) == len(problems) > 0
    for problem in problems:
        assert parse_gold(problem.data["answer"]), problem
        (message,) = registry.render(SPEC, PromptStyle(), "chat", problem).messages
        assert problem.data["question"] in message.content
    assert registry.default_verifier("quickstart") == ("numeric", {})


def test_it_has_no_path():
    with pytest.raises(InputError, match="has its own problems"):
        registry.load(ProblemsSpec(source="quickstart", path=Path("x.jsonl")))
