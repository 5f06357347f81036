"""Agents that a sweep file may name instead of a command: how each is started, pointed at the gateway, and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TRUSTED = "none-i-trust-this-agent"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAgent:
    """What its name stands for. What the sweep file states goes before it."""

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    output: str = "git-diff"
    sandbox: str = "bubblewrap"
    seen: str | None = None
    """With which version it was seen to run an attempt; None: written from its documentation."""
    messages: tuple[str, ...] = ()
    """Its command for a model of Anthropic's wire, if that differs …"""
    messages_env: Mapping[str, str] = field(default_factory=dict[str, str])
    """… and what its environment has there besides."""


_MINI = ("mini", "-y", "--exit-immediately", "-t", "{prompt}", "-o", "{out}/traj.json", "-m")
_LITELLM = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
_AIDER = (
    "aider", "--yes-always", "--no-check-update", "--no-show-model-warnings", "--no-show-release-notes",
    "--no-gitignore", "--analytics-disable", "--no-auto-commits", "--chat-history-file", "{out}/chat.md",
    "--input-history-file", "{out}/input", "--message-file", "{prompt_file}", "--model",
)  # fmt: skip
_SWE = (
    "sweagent", "run", "--agent.model.api_base={url}/v1", "--agent.model.per_instance_cost_limit=0",
    "--agent.model.total_cost_limit=0", "--env.repo.path={folder}", "--problem_statement.path={prompt_file}",
    "--actions.apply_patch_locally=true", "--output_dir={out}", "--agent.model.name",
)  # fmt: skip
_CODEX = (
    "codex", "exec", "--dangerously-bypass-approvals-and-sandbox", "--skip-git-repo-check", "-c",
    'model_provider="manyfew"', "-c", 'model_providers.manyfew.name="manyfew"', "-c",
    'model_providers.manyfew.base_url="{url}/v1"', "-c", 'model_providers.manyfew.env_key="OPENAI_API_KEY"', "-c",
    'model_providers.manyfew.wire_api="responses"', "-c", 'web_search="disabled"', "-c",
    "features.multi_agent=false", "-m", "{model}", "-",
)  # fmt: skip

KNOWN: Mapping[str, KnownAgent] = {
    "mini-swe-agent": KnownAgent(
        command=(*_MINI, "openai/{model}"),
        messages=(*_MINI, "anthropic/{model}"),
        env={"MSWEA_COST_TRACKING": "ignore_errors"},
        seen="2.4.6",
    ),
    "swe-agent": KnownAgent(
        command=(*_SWE, "openai/{model}"),
        messages=(*_SWE, "anthropic/{model}"),
        env=_LITELLM,
        sandbox=TRUSTED,
        seen="1.1.0 in its local environment, not in docker",
    ),
    "openhands": KnownAgent(
        command=("openhands", "--headless", "--override-with-envs", "-t", "{prompt}"),
        env={"LLM_MODEL": "openai/{model}", **_LITELLM},
        messages_env={"LLM_MODEL": "anthropic/{model}", "LLM_BASE_URL": "{url}"},
        seen="1.16.0",
    ),
    "aider": KnownAgent(
        command=(*_AIDER, "openai/{model}"),
        messages=(*_AIDER, "anthropic/{model}"),
        env=_LITELLM,
        seen="0.86.2",
    ),
    "claude-code": KnownAgent(
        command=("claude", "-p", "--dangerously-skip-permissions", "--model", "{model}"),
        env={
            "ANTHROPIC_API_KEY": "",
            "ANTHROPIC_AUTH_TOKEN": "{token}",
            "ANTHROPIC_SMALL_FAST_MODEL": "{model}",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "{model}",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "IS_SANDBOX": "1",
            "MAX_THINKING_TOKENS": "0",  # its own choice is above most ceilings of a call; state another in env
        },
        seen="2.1.197",
    ),
    "codex": KnownAgent(command=_CODEX, seen="0.171.0"),
}
"""By the name that a sweep file writes."""


def seen_running(command: tuple[str, ...]) -> str | None:
    """A sentence on the known agent that this command starts: with which version it was seen; None for any other."""
    for name, known in KNOWN.items():
        if command in (known.command, known.messages):
            if known.seen is None:
                return f"the settings for {name} are written from its documentation and not yet seen running"
            return f"the settings for {name} were seen running with version {known.seen}"
    return None
