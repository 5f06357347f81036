"""What is known to be wrong with an agent's model before anything starts, once its problems and prices are there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from orchestrator.errors import InputError
from orchestrator.run.agents.command_files import missing_script
from orchestrator.run.agents.sources import digest, leads_out, source_of
from orchestrator.sweep.source import where
from orchestrator.sweep.tables.agent import PLACEHOLDER
from orchestrator.sweep.tables.known_agents import TRUSTED
from orchestrator.sweep.types import Agent, Sweep
from pricing.types import PICO_PER_USD

LONGEST_ARGUMENT = 128 * 1024 - 1
"""Linux takes no longer one."""
SMALLEST_OUTPUT = 512
"""The fewest tokens that the gateway lowers a call's max_tokens to."""


def check_smallest(sweep: Sweep, alias: str, agent: Agent, smallest_pico: int) -> None:
    """Raises InputError if attempt_usd pays for no call at all."""
    if agent.attempt_pico is not None and agent.attempt_pico < smallest_pico:
        raise InputError(
            where(sweep, "models", alias, "agent", "attempt_usd"),
            f"is below one smallest call, which can cost ${smallest_pico / PICO_PER_USD:.3g}",
            "raise it, or lower max_tokens",
        )


def check_prompt(sweep: Sweep, alias: str, agent: Agent, problem: str, task: str) -> None:
    """Raises InputError if a task can't be an argument."""
    if any("prompt" in PLACEHOLDER.findall(word) for word in agent.command):
        size = max(len(word.encode()) for word in agent.command) + len(task.encode())
        if size > LONGEST_ARGUMENT or "\0" in task:
            raise InputError(
                where(sweep, "models", alias, "agent", "command"),
                f"the task of problem {problem[:80]} is too long for an argument",
                "pass {prompt_file} instead of {prompt}, or read standard input",
            )


def folder_digest(sweep: Sweep, alias: str, agent: Agent, problems: list[str]) -> str | None:
    """Of all the folders that attempts start from; None if there are none. Raises InputError for a missing one, or for
    a script that the command is to run and that is nowhere."""
    beside = sweep.path.parent.resolve()
    sources: dict[Path, None] = {}
    for problem in problems if agent.folder is not None else ():
        source = source_of(agent, problem, beside)
        assert source is not None
        at = where(sweep, "models", alias, "agent", "folder")
        if leads_out(agent, source, beside):
            raise InputError(
                at, f"problem {problem[:80]!r} leads out of it", "name the folders as the problems"
            )
        if not source.is_dir():
            raise InputError(
                at,
                f"no such folder: {source}",
                "one folder a problem; paths start at the sweep file's folder",
            )
        if beside == source or source in beside.parents:
            raise InputError(at, f"holds the sweep file itself: {source}", "name a folder of its own")
        sources[source] = None
    _check_scripts(sweep, alias, agent, beside, list(sources))
    if not sources:
        return None
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(digest, sources))
    return found[0] if len(found) == 1 else _joined(found)


def _check_scripts(sweep: Sweep, alias: str, agent: Agent, beside: Path, sources: list[Path]) -> None:
    # What `prepare` makes can't be looked into, and it may bring the command's script itself.
    within = None if agent.prepare else sources
    for key, command, folders in (("command", agent.command, within), ("prepare", agent.prepare, [])):
        missing = missing_script(command, beside, folders) if command else None
        if missing is not None:
            raise InputError(
                where(sweep, "models", alias, "agent", key),
                f"no such file: {missing[:200]}",
                "write its path as it is seen from the sweep file's folder"
                + (", or from each attempt's own" if agent.folder is not None and key == "command" else ""),
            )


def require_sandbox(sweep: Sweep) -> None:
    """Raises InputError if an agent's sandbox doesn't work here."""
    for alias, model in sweep.models.items():
        if model.agent is not None and model.agent.sandbox != TRUSTED:
            from verifiers.sandbox.bubblewrap import Bubblewrap  # most sweeps have none

            lacking = Bubblewrap().lacks()
            if lacking is not None:
                raise InputError(
                    where(sweep, "models", alias, "agent", "sandbox"),
                    lacking[0].replace("programs of a model run nowhere else", "agents run nowhere else"),
                    f'apt-get install bubblewrap, or sandbox = "{TRUSTED}" for an agent that you trust',
                )
            return


def _joined(digests: list[str]) -> str:
    from hashlib import sha256

    return sha256(" ".join(digests).encode()).hexdigest()[:16]
