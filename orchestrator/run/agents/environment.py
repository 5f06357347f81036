"""An attempt's command and environment. The environment is made, not inherited: no key of a vendor is in it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrator.run.agents.command_files import files_of
from orchestrator.run.agents.place import Place
from orchestrator.sweep.tables.agent import filled
from orchestrator.sweep.tables.known_agents import TRUSTED
from orchestrator.sweep.types import Agent

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
_NO_TIMEOUT_MS = "100000000"
"""An agent that gave up on a call would only ask for it again: how long a call may take is the gateway's business."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an attempt is told."""

    model: str
    prompt: str
    problem: str
    sample: int
    url: str
    """Of the gateway, without /v1."""
    token: str


def command_of(
    agent: Agent, place: Place, told: Told, *, program: Path, beside: Path
) -> tuple[list[str], list[Path]]:
    """The words as they are started, and the files among them that must be readable."""
    values = values_of(place, told)
    files = files_of(agent.command, beside)
    words = [
        str(files[place]) if place in files else filled(word, values)
        for place, word in enumerate(agent.command[1:], 1)
    ]
    return [str(program), *words], list(files.values())


def values_of(place: Place, told: Told) -> dict[str, str]:
    """By placeholder."""
    return {
        "model": told.model,
        "prompt": told.prompt,
        "prompt_file": place.seen(place.prompt),
        "out": place.seen(place.out),
        "folder": place.seen(place.folder),
        "problem": told.problem,
        "sample": str(told.sample),
        "url": told.url,
        "token": told.token,
    }


def environment_of(agent: Agent, place: Place, told: Told, *, program: Path) -> dict[str, str]:
    trusted = agent.sandbox == TRUSTED
    path = os.environ.get("PATH", os.defpath) if trusted else _SYSTEM_PATH
    values = values_of(place, told)
    made = {
        "PATH": f"{program.parent}:{path}",
        "HOME": place.seen(place.home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(place.scratch) if trusted else "/tmp",  # noqa: S108 - the sandbox's own
        "OPENAI_BASE_URL": f"{told.url}/v1",
        "OPENAI_API_BASE": f"{told.url}/v1",
        "LLM_BASE_URL": f"{told.url}/v1",
        "ANTHROPIC_BASE_URL": told.url,
        **dict.fromkeys(
            ("OPENAI_API_KEY", "LLM_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"), told.token
        ),
        "API_TIMEOUT_MS": _NO_TIMEOUT_MS,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "MSWEA_CONFIGURED": "true",
        "MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT": "1",
        "MANYFEW_PROMPT": place.seen(place.prompt),
        "MANYFEW_OUT": place.seen(place.out),
        "MANYFEW_PROBLEM": told.problem,
        "MANYFEW_SAMPLE": str(told.sample),
    }
    return made | {name: filled(value, values) for name, value in agent.env.items()}


def stated(values: Mapping[str, str]) -> dict[str, str]:
    """Those that a command of the user's own may know too."""
    return {name: value for name, value in values.items() if name.startswith("MANYFEW_")}
