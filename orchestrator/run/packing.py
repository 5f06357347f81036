"""How many samples one request may carry."""

from __future__ import annotations

from orchestrator.sweep.types import Model


def most_n(model: Model, learnt: int | None) -> int:
    """Samples a request may carry: as stated, as the wire allows, as the server takes at once, as was learnt."""
    if model.provider == "anthropic" or model.api == "responses":
        return 1
    most = model.max_n if model.provider != "vllm" else min(model.max_n, model.sequences)
    return most if learnt is None else max(1, min(most, learnt))
