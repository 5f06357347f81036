"""What of a run's progress its ledger's other tables don't tell, as JSON: the run leaves it there for whoever watches
from another process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from orchestrator.progress import AttemptProgress, ModelProgress, PolicyProgress, Progress, last_eta_s

EVERY_S = 2.0
MOST_ATTEMPTS = 100


def moment(progress: Progress) -> str:
    """The same text as long as nothing changes that a reader would see."""
    quiet_s = progress.since_reply_s
    return json.dumps(
        {
            "phase": progress.phase,
            "note": progress.note,
            "pico_per_s": float(f"{progress.pico_per_s:.3g}"),
            "replied_at": None if quiet_s is None or progress.at is None else round(progress.at - quiet_s),
            "solved_by_any": progress.solved_by_any,
            "planned": None
            if progress.policy is None
            else {model.alias: model.planned for model in progress.models},
            "models": {
                model.alias: {
                    "waiting": model.waiting,
                    "samples_per_s": float(f"{model.samples_per_s:.3g}"),
                    "eta_s": None if model.eta_s is None else float(f"{model.eta_s:.3g}"),
                }
                for model in progress.models
            },
            "policy": None if progress.policy is None else asdict(progress.policy),
            "attempts": [asdict(attempt) for attempt in progress.attempts[:MOST_ATTEMPTS]],
        }
    )


def planned_at(said: str, solved_by_any: int | None) -> Mapping[str, int]:
    """By alias, the samples that a policy plans, which the ledger's counts alone don't tell. Empty of a run without
    one. `solved_by_any`: unless it is what the run said too, verdicts are others now, and nobody knows; None: it may
    be behind, as of a run at work."""
    told: Mapping[str, Any] = json.loads(said)
    if solved_by_any is not None and told.get("solved_by_any") not in (None, solved_by_any):
        return {}
    return told.get("planned") or {}


def at_moment(read: Progress, said: str) -> Progress:
    """What was read from a running run's ledger, with what the run itself said of that time."""
    told: Mapping[str, Any] = json.loads(said)
    models = tuple(_model(model, told["models"].get(model.alias)) for model in read.models)
    policy = None if told.get("policy") is None else PolicyProgress(**told["policy"])
    replied_at, at = told["replied_at"], read.at
    return replace(
        read,
        phase=told["phase"],
        note=told["note"],
        pico_per_s=told["pico_per_s"],
        since_reply_s=None if replied_at is None or at is None else max(0.0, at - replied_at),
        eta_s=last_eta_s(models, policy),
        models=models,
        policy=policy,
        attempts=tuple(AttemptProgress(**attempt) for attempt in told["attempts"]),
    )


def _model(read: ModelProgress, told: Mapping[str, Any] | None) -> ModelProgress:
    """One that the run leaves out (`--only`) waits for nothing that it knows of."""
    return replace(read, samples_per_s=0.0, eta_s=None) if told is None else replace(read, **told)
