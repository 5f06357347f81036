"""Whether this machine can start the servers that a sweep states."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection

from orchestrator.errors import InputError
from orchestrator.run.prepare import Prepared
from orchestrator.run.servers.environment import filled
from orchestrator.run.servers.gpus import unknown
from orchestrator.sending.signals import SIGTERM_ENDS_WITHIN_S
from orchestrator.sweep.source import where
from orchestrator.sweep.types import Model, Sweep

LEAST_GRACE_S = 4.0


def check_node(prepared: Prepared, only: Collection[str] | None = None) -> None:
    """Raises InputError for the first thing that is missing here."""
    sweep = prepared.sweep
    served = [m for m in sweep.models.values() if m.serve is not None and (only is None or m.alias in only)]
    if not served:
        return
    if sys.platform != "linux":
        at = where(sweep, "models", served[0].alias, "serve")
        raise InputError(
            at, "needs Linux: elsewhere nothing can adopt what a server leaves behind", "use servers"
        )
    if missing := unknown(prepared.gpus):
        message = f"this machine has no GPU {missing[0]}"
        at = "CUDA_VISIBLE_DEVICES" if sweep.gpus is None else where(sweep, "serve", "gpus")
        raise InputError(at, message, "`nvidia-smi -L` lists those there are")
    slots = max(1, len(prepared.gpus))
    for model in served:
        assert model.serve is not None
        if model.serve.gpus > slots:
            count = len(prepared.gpus)
            has = f"there {'is' if count == 1 else 'are'} {count}" if count else "there is no GPU"
            at = where(sweep, "models", model.alias, "serve", "gpus")
            raise InputError(at, f"asks for {model.serve.gpus}, and {has} to use here", f"at most {slots}")
        if (problem := command_problem(model)) is not None:
            raise InputError(where(sweep, "models", model.alias, "serve", "command"), *problem)


def command_problem(model: Model) -> tuple[str, str] | None:
    """What is wrong with the program that a server is started by, and the remedy."""
    assert model.serve is not None
    (program,) = filled(model.serve.command[:1], {"model": model.model})
    path = model.serve.env.get("PATH", os.environ.get("PATH"))
    if shutil.which(program, path=path) is not None:
        return None
    if program == "vllm":
        return "there is no command vllm here", 'pip install vllm, or state command = ["/path/to/vllm", …]'
    return f"there is no command {program} here", "state its whole path"


def sigterm_grace_s(sweep: Sweep) -> float | None:
    """How long requests in flight have to land after a SIGTERM, so that servers are stopped in time. None: it starts
    no servers."""
    graces = [model.serve.stop_grace_s for model in sweep.models.values() if model.serve is not None]
    return max(LEAST_GRACE_S, SIGTERM_ENDS_WITHIN_S - max(graces)) if graces else None
