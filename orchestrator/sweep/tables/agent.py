"""`[models.ALIAS.agent]`, from its table to the agent that the rest of the program reads, or one clear error."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.sweep.messages import names_a_secret, suggestion
from orchestrator.sweep.tables.known_agents import KNOWN, TRUSTED, KnownAgent
from orchestrator.sweep.types import Agent
from pricing.types import PICO_PER_USD

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from orchestrator.sweep.lines import Key
    from orchestrator.sweep.schema import AgentTable, ModelTable, SweepTable
    from orchestrator.sweep.source import SweepText

SANDBOXES = ("bubblewrap", TRUSTED)
IN_COMMAND = ("model", "prompt", "prompt_file", "out", "folder", "problem", "sample", "url")
IN_ENV = (*IN_COMMAND, "token")
IN_FOLDER = ("problem",)
IN_PREPARE = ("problem", "sample", "folder")
ADDRESSES = ("OPENAI_BASE_URL", "OPENAI_API_BASE", "LLM_BASE_URL", "ANTHROPIC_BASE_URL")
"""Variables that lead an agent to the gateway."""
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
"""A word in braces. Other braces are the command's own."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OUTPUTS = 'use "stdout", "git-diff", "file:PATH" or "json:PATH:KEY"'


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders replaced."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], text)


def agent(source: SweepText, sweep: SweepTable, alias: str, *, sends: bool) -> Agent | None:
    """Raises InputError. `sends` False: the program itself needn't be here."""
    model = sweep.models[alias]
    table = model.agent
    if table is None:
        return None
    at = ("models", alias, "agent")
    _check_model(source, sweep, alias, model)
    known = _known(source, at, table)
    command = _command(table, known, model)
    env = {**_env(known, model), **table.env}
    found = Agent(
        command=command,
        attempt_pico=None if table.attempt_usd is None else int(table.attempt_usd * PICO_PER_USD),
        attempt_calls=table.attempt_calls,
        attempt_s=table.attempt_s or 3600.0,
        attempt_wall_s=table.attempt_wall_s,
        concurrency=table.concurrency or os.cpu_count() or 1,
        folder=table.folder,
        prepare=tuple(table.prepare or ()),
        output=table.output or (known.output if known else "stdout"),
        sandbox=table.sandbox or (known.sandbox if known else "bubblewrap"),
        env=env,
        other_models=table.other_models,
        shrink=table.shrink,
    )
    _check_caps(source, at, table, by_server_time=model.gpu_usd_per_hour is not None)
    _check_texts(source, at, found)
    _check_output(source, (*at, "output"), found.output)
    _check_place(source, at, found)
    _check_others(source, at, sweep, alias, table)
    if sends:
        _check_machine(source, at, found)
    return found


def program(command: str, beside: Path) -> Path | None:
    """The program that a command's first word names: a path beside the sweep file, or a name on PATH."""
    import shutil

    if "/" in command:
        path = Path(os.path.abspath(beside / Path(command).expanduser()))  # noqa: PTH100 - links are kept
        return _behind_shim(path) if path.is_file() and os.access(path, os.X_OK) else None
    known = shutil.which(command)
    return None if known is None else _behind_shim(Path(os.path.abspath(known)))  # noqa: PTH100


def _behind_shim(path: Path) -> Path:
    """Version managers (pyenv, asdf, mise) put a script of their own on PATH, which needs all of them to run."""
    import shutil
    import subprocess

    manager = shutil.which(path.parent.parent.name.lstrip(".")) if path.parent.name == "shims" else None
    if manager is None:
        return path
    try:
        said = subprocess.run(  # noqa: S603 - what the user has on PATH
            [manager, "which", path.name], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return path
    return Path(said.stdout.strip() or path)


def unsampled(sweep: SweepTable) -> set[str]:
    """The aliases that some agent may ask for beside its own."""
    agents = (model.agent for model in sweep.models.values())
    return {alias for table in agents if table is not None for alias in table.other_models.values()}


def _check_model(source: SweepText, sweep: SweepTable, alias: str, model: ModelTable) -> None:
    at = ("models", alias)
    if model.provider == "replay":
        raise source.error(
            (*at, "agent"), "can't be combined with provider replay: a tape answers no calls", "delete it"
        )
    if model.batch:
        raise source.error(
            (*at, "batch"), "can't be combined with agent: each call waits for the last", "delete it"
        )
    if (model.max_n or 1) > 1:
        raise source.error(
            (*at, "max_n"), "can't be combined with agent: an attempt is one sample", "delete it"
        )
    if model.api == "completions":
        raise source.error(
            (*at, "api"), "can't be combined with agent: agents speak chat", 'use api = "chat"'
        )
    if sweep.problems.few_shot:
        raise source.error(
            ("problems", "few_shot"), f"can't be combined with models.{alias}.agent: an agent's task has no examples",
            "delete it",
        )  # fmt: skip


def _known(source: SweepText, at: Key, table: AgentTable) -> KnownAgent | None:
    if not isinstance(table.command, str):
        return None
    if table.command not in KNOWN:
        near = suggestion(table.command, KNOWN)
        raise source.error(
            (*at, "command"), "is not an agent that manyfew knows by name",
            near or f'write a list, such as ["./agent", "{{prompt}}"], or one of {", ".join(KNOWN)}',
        )  # fmt: skip
    return KNOWN[table.command]


def _command(table: AgentTable, known: KnownAgent | None, model: ModelTable) -> tuple[str, ...]:
    if known is None:
        return tuple(table.command)
    return known.messages if known.messages and model.provider == "anthropic" else known.command


def _env(known: KnownAgent | None, model: ModelTable) -> dict[str, str]:
    if known is None:
        return {}
    return {**known.env, **(known.messages_env if model.provider == "anthropic" else {})}


def _check_caps(source: SweepText, at: Key, table: AgentTable, *, by_server_time: bool) -> None:
    if table.attempt_usd is not None:
        if not table.attempt_usd:
            raise source.error((*at, "attempt_usd"), "must be above 0", "such as attempt_usd = 0.10")
    elif not by_server_time:
        raise source.error((*at, "attempt_usd"), "is missing: it bounds an attempt", "add attempt_usd = 0.10")
    elif table.attempt_calls is None and table.attempt_s is None:
        message = "has no bound: a model priced by server time needs attempt_usd, attempt_calls or attempt_s"
        raise source.error(at, message, "add attempt_s = 1800")
    if table.attempt_wall_s is not None and table.attempt_wall_s < (table.attempt_s or 3600.0):
        raise source.error(
            (*at, "attempt_wall_s"), "is below attempt_s, which it includes", "raise it, or lower attempt_s"
        )


def _check_texts(source: SweepText, at: Key, found: Agent) -> None:
    for index, text in enumerate(found.command):
        _check_placeholders(source, (*at, "command", index), [text], IN_COMMAND)
    _check_placeholders(source, (*at, "prepare"), found.prepare, IN_PREPARE)
    _check_placeholders(source, (*at, "folder"), [found.folder or ""], IN_FOLDER)
    for name, value in found.env.items():
        if not _VARIABLE.fullmatch(name):
            raise source.error(
                (*at, "env", name), "is not the name of an environment variable", 'such as "TZ"'
            )
        _check_placeholders(source, (*at, "env", name), [value], IN_ENV)
        if name in ADDRESSES and not value.startswith("{url}"):
            raise source.error((*at, "env", name), "would lead the agent past the gateway", "delete it")
        if names_a_secret(name) and value not in ("", "{token}"):
            raise source.error(
                (*at, "env", name), "looks like a secret, and no secret belongs in a sweep file",
                'delete it, or write "{token}", with which the agent reaches the gateway',
            )  # fmt: skip


def _check_placeholders(source: SweepText, at: Key, texts: Iterable[str], known: Collection[str]) -> None:
    for text in texts:
        for name in PLACEHOLDER.findall(text):
            if name in known:
                continue
            near = suggestion(name, known) or f"known: {', '.join(f'{{{each}}}' for each in known)}"
            raise source.error(at, f"{{{name}}} is not a known placeholder", near)
        if "\0" in text:
            raise source.error(at, "must not hold a NUL character", "delete it")


def _check_output(source: SweepText, at: Key, output: str) -> None:
    kind, _, path = output.partition(":")
    if output in ("stdout", "git-diff"):
        return
    if kind == "json":
        path, _, field = path.rpartition(":")
        if not path or not field:
            raise source.error(
                at, "names no key of the JSON", 'such as "json:{out}/traj.json:info.submission"'
            )
    if kind not in ("file", "json") or not path:
        raise source.error(at, "is not a known output", _OUTPUTS)
    for name in PLACEHOLDER.findall(path):
        if name != "out" or not path.startswith("{out}"):
            raise source.error(
                at, f"{{{name}}} is not known there", "start the path with {out}, or in the folder"
            )
    if not path.startswith("{out}") and Path(path).is_absolute():
        raise source.error(
            at, "must be a path in the attempt's folder, or start with {out}", 'such as "file:answer"'
        )


def _check_place(source: SweepText, at: Key, found: Agent) -> None:
    if found.sandbox not in SANDBOXES:
        remedy = f'"bubblewrap", or "{TRUSTED}" for an agent that needs docker or the network'
        raise source.error((*at, "sandbox"), "is not a known sandbox", f"use {remedy}")
    if found.folder is not None and found.prepare:
        raise source.error((*at, "prepare"), "can't be combined with folder", "keep one of them")


def _check_others(source: SweepText, at: Key, sweep: SweepTable, alias: str, table: AgentTable) -> None:
    for name, other in table.other_models.items():
        key = (*at, "other_models", name)
        if other not in sweep.models:
            near = suggestion(other, sweep.models) or "name an alias of this file"
            raise source.error(key, f"names no model: {other}", near)
        if other == alias:
            raise source.error(key, "names the agent's own model", "delete it")
        if sweep.models[other].agent is not None:
            raise source.error(key, f"names {other}, which is an agent itself", "name a plain model")
        if sweep.models[other].serve is not None:
            message = f"names {other}, whose server would not be started: nothing is sampled of it"
            raise source.error(key, message, "start its server yourself, and state it under servers")


def _check_machine(source: SweepText, at: Key, found: Agent) -> None:
    if sys.platform != "linux":
        raise source.error(
            at, "runs on Linux only: bubblewrap and the control of processes need it", "use Linux"
        )
    for key, words in (("command", found.command), ("prepare", found.prepare)):
        if words and program(words[0], source.path.parent) is None:
            raise source.error(
                (*at, key), f"no such program: {words[0]}",
                "install it, or write its path; paths start at the sweep file's folder",
            )  # fmt: skip
