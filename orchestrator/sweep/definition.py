"""What defines a model's samples, so that no ledger mixes two kinds under one alias.

In: all that bears on the distribution of a sample or on how it was drawn: provider, the vendor's model, wire, prompt
(template and system as they take effect, few-shot draw), parameters, extra, max_tokens, mode, and for vllm whether
the server's own defaults fill in; of a server that the run starts itself, the options that may bear on what a sample
is; for an agent its command, environment, caps, sandbox and the contents of its folders. For a replay the tape, which
alone decides.
Out: what bears on price, speed or place alone: budgets, prices, limits, max_n, time-outs, how many samples, the key's
variable, tier and geography, and servers and base URLs, since the same model is often served from another port the
next day (the ledger keeps each request's server and the model it says it was). Problems are compared by the ledger.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orchestrator.sweep.tables.judge import KIND, graded_by
from orchestrator.sweep.tables.serve import as_json, defining

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestrator.sweep.types import Agent, Model, Sweep

_SHOWN = 60
_DEFAULTS = {"api": '"chat"', "mode": '"uniform"', "server_defaults": "false"}
"""What a definition that lacks the key means, as JSON. A key that later versions add gets its former behaviour here;
where that is to send nothing (None, {}) it needs no line."""


def definition(model: Model, sweep: Sweep) -> dict[str, Any]:
    """JSON-ready and equal for equal kinds of samples. Raises InputError if the template is none."""
    from orchestrator.problems.registry import style_of

    if model.alias == sweep.judge:
        return {"scorer": {"kind": KIND, "asked": graded_by(model)}}
    template, system = style_of(sweep.problems, sweep.prompt, model.api)
    found: dict[str, Any] = {
        "provider": model.provider,
        "model": model.model,
        "api": model.api,
        "system": system,
        "template": template,
        "max_tokens": model.max_tokens,
        "params": dict(model.params),
        "extra": dict(model.extra),
        "mode": model.mode,
    }
    if sweep.problems.few_shot:
        found["few_shot"] = {"examples": sweep.problems.few_shot, "seed": sweep.problems.few_shot_seed}
    if model.provider == "vllm":
        found["server_defaults"] = model.server_defaults
    if options := defining(model):
        found["serve"] = as_json(options)
    if model.agent is not None:
        found["agent"] = _agent(model.agent)
    if model.tape is not None:
        found["tape"] = Path(model.tape).name
    return found


def _agent(agent: Agent) -> dict[str, Any]:
    """What `prepare` and the folder bring is added by who has the problems."""
    return {
        "command": list(agent.command),
        "attempt_pico": agent.attempt_pico,
        "attempt_calls": agent.attempt_calls,
        "attempt_s": agent.attempt_s,
        "prepare": list(agent.prepare),
        "output": agent.output,
        "sandbox": agent.sandbox,
        "env": dict(agent.env),
        "other_models": dict(agent.other_models),
        "shrink": agent.shrink,
    }


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """`params.temperature: 0.6 became 0.7`, a line for each difference; empty if both define the same."""
    before, after = _whole(old), _whole(new)
    return [
        f"{name}: {_shown(before, name)} became {_shown(after, name)}"
        for name in dict.fromkeys([*before, *after])
        if name not in before or name not in after or before[name] != after[name]
    ]


def _whole(table: Mapping[str, Any]) -> dict[str, str]:
    leaves = dict(_leaves(table))
    return leaves | {name: value for name, value in _DEFAULTS.items() if name not in leaves}


def _leaves(table: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Dotted names with their values as JSON, so that 1 and true differ and lists compare."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, f"{above}{name}.")  # pyright: ignore[reportUnknownArgumentType]
        elif value not in (None, {}):
            yield f"{above}{name}", json.dumps(value, sort_keys=True)


def _shown(leaves: Mapping[str, str], name: str) -> str:
    """Short and on one line: the text is the user's, but a ledger may be anybody's."""
    if name not in leaves:
        return "not stated"
    text = leaves[name]
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
