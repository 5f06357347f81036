"""What an endpoint reports about itself for free, for `doctor`."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec

from providers.reading.lenient_json import as_count, as_objects, as_text, decode_object


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What an endpoint says about itself."""

    models: tuple[str, ...]
    """As the endpoint names them; empty where it doesn't say."""
    version: str | None = None
    context_tokens: dict[str, int] = field(default_factory=dict[str, int])
    """By model, where told: the most tokens of prompt and reply together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load that a vLLM server reports, over all its engines."""

    waiting: int
    """Samples in its queue."""
    running: int
    cache_used: float | None = None
    """Share of its KV cache, of the fullest engine."""


def read_load(body: bytes) -> Load | None:
    """The body of vLLM's GET /metrics; None if it does not report its queue."""
    found: dict[bytes, list[float]] = {name: [] for name in _METRICS}
    for line in body.splitlines():
        name, _, rest = line.partition(b"{")
        if name in found:
            try:
                found[name].append(float(rest.rpartition(b" ")[2]))
            except ValueError:
                continue
    waiting, running, cache = (found[name] for name in _METRICS)
    if not waiting or not all(map(isfinite, (*waiting, *running, *cache))):
        return None
    return Load(waiting=int(sum(waiting)), running=int(sum(running)), cache_used=max(cache, default=None))


_METRICS = (b"vllm:num_requests_waiting", b"vllm:num_requests_running", b"vllm:kv_cache_usage_perc")


class _Body(msgspec.Struct):
    data: Any = None
    version: Any = None


def read_models(body: bytes) -> Probe:
    """The body of GET /v1/models."""
    read = decode_object(body, _Body)
    found = as_objects(read.data if read is not None else None)
    lengths = {as_text(one.get("id")): as_count(one.get("max_model_len")) for one in found}
    return Probe(
        models=tuple(name for name in lengths if name),
        context_tokens={name: length for name, length in lengths.items() if name and length},
    )


def read_version(body: bytes) -> str | None:
    """The body of vLLM's GET /version."""
    read = decode_object(body, _Body)
    return as_text(read.version) if read is not None else None
