"""How many samples one request may carry, and how many requests that makes."""

from __future__ import annotations

from orchestrator.sweep.types import Model


def most_n(model: Model, learnt: int | None) -> int:
    """Samples a request may carry: as stated, as the wire allows, as the server takes at once, as was learnt."""
    if model.provider == "anthropic" or model.api == "responses" or model.agent is not None:
        return 1
    most = model.max_n if model.provider != "vllm" else min(model.max_n, model.sequences)
    return most if learnt is None else max(1, min(most, learnt))


def requests_for(done: int, lacking: int, max_n: int, *, rounds: bool) -> int:
    """Requests that take a problem from `done` to done + lacking samples. A round ends where the next power of two
    begins: 1, 1, 2, 4, 8 …"""
    if not rounds:
        return -(-lacking // max_n)
    count, asked, end = 0, done, done + lacking
    while asked < end:
        until = min(1 << asked.bit_length(), end)
        count += -(-(until - asked) // max_n)
        asked = until
    return count
