"""What the servers need that a sweep's run starts itself: their programs, GPUs, memory, and room for weights."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from orchestrator.doctor.finding import Finding
from orchestrator.doctor.place import MIB, nearest
from orchestrator.run.servers.gpus import listed, memory, unknown, usable
from orchestrator.run.servers.node import command_problem
from orchestrator.sweep.types import Model, Sweep

LEAST_FREE_MIB = 20 * 1024
"""Weights of a model of seven billion parameters take 14 GiB."""


def server_findings(sweep: Sweep) -> Iterator[Finding]:
    """Nothing where no model has a `serve` table. Starts nothing."""
    groups = sweep.served_together()
    if not groups:
        return
    if sys.platform != "linux":
        yield Finding("missing", "serve", "servers can be started on Linux alone", "use servers")
        return
    for aliases in groups:
        model = sweep.models[aliases[0]]
        problem = command_problem(model)
        names = ", ".join(aliases)
        if problem is None:
            assert model.serve is not None
            yield Finding("ok", "serve", f"{names}: {model.serve.command[0]} is here")
        else:
            yield Finding("missing", "serve", f"{names}: {problem[0]}", problem[1])
    gpus = usable(sweep.gpus, os.environ)
    yield from _gpus(gpus, [sweep.models[aliases[0]] for aliases in groups])
    yield _weights(sweep)


def _gpus(gpus: list[str], models: list[Model]) -> Iterator[Finding]:
    most = max((model for model in models if model.serve), key=lambda m: m.serve.gpus if m.serve else 0)
    assert most.serve is not None
    if most.serve.gpus > max(1, len(gpus)):
        text = f"{most.alias} takes {most.serve.gpus} GPUs, and {len(gpus)} can be used here"
        yield Finding("missing", "gpu", text, f"gpus = {max(1, len(gpus))} in [models.{most.alias}.serve]")
    if missing := unknown(gpus):
        yield Finding("missing", "gpu", f"this machine has no GPU {missing[0]}", "`nvidia-smi -L` lists them")
    if not gpus:
        yield Finding("note", "gpu", "no GPU to use: one server at a time, on the processor")
        return
    names = {gpu.index: gpu.name for gpu in listed()}
    held = memory(gpus)
    for gpu in gpus:
        if gpu not in held:
            yield Finding("ok", "gpu", f"{gpu}: nvidia-smi tells nothing of its memory")
            continue
        one = held[gpu]
        text = f"{gpu}{f' ({names[gpu]})' if gpu in names else ''}: {one.free_mib:,} MiB of memory are free"
        if one.by:
            yield Finding("note", "gpu", f"{text}; in use by {', '.join(one.by)}")
        else:
            yield Finding("ok", "gpu", text)


def _weights(sweep: Sweep) -> Finding:
    """Where the hub's downloads go, as the first server finds it."""
    own = next(model.serve.env for model in sweep.models.values() if model.serve is not None)
    environ = {**os.environ, **own}
    home = environ.get("HF_HOME") or str(Path(environ.get("XDG_CACHE_HOME", "~/.cache"), "huggingface"))
    folder = Path(environ.get("HF_HUB_CACHE") or Path(home, "hub")).expanduser()
    free = shutil.disk_usage(nearest(folder.absolute())).free // MIB
    text = f"{free:,} MiB free for weights at {folder}"
    if free >= LEAST_FREE_MIB:
        return Finding("ok", "weights", text)
    return Finding("note", "weights", text, "free some space, or set HF_HOME to a larger disk")
